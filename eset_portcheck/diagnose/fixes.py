"""Who does what about a cause: for each reason the least-privilege commands of the tools that fit, with undo and the
line that tests again. Pure.

What a person should think about stands in the texts of the reasons (the fix of tool "text" names the code); here are
commands only. Nothing that a peer said gets into one: addresses are parsed, ports are integers, names are host names of
the profile or of the command line.
Source: docs/fixes.md.
"""

from collections.abc import Callable, Iterable, Iterator

from eset_portcheck.diagnose import fixes_accounts as accounts
from eset_portcheck.diagnose import fixes_commands as commands
from eset_portcheck.diagnose import fixes_names as names
from eset_portcheck.diagnose import fixes_services as services
from eset_portcheck.diagnose.fixes_case import (
    HERE,
    NETWORK,
    SERVER,
    Advice,
    Case,
    base_chains,
    case,
    named,
)
from eset_portcheck.diagnose.fixes_commands import LIMIT_CHARACTERS, Command, Flow, Hook
from eset_portcheck.diagnose.gateway import THIS_HOST
from eset_portcheck.model.concerned import is_internet
from eset_portcheck.model.finding import Fix
from eset_portcheck.model.host import Host
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Culprit

_AUDIENCE = {
    Culprit.LOCAL_HOST: HERE,
    Culprit.LOCAL_FIREWALL: HERE,
    Culprit.LOCAL_ROUTE: HERE,
    Culprit.DNS: "dns-admin",
    Culprit.PROXY: "proxy-admin",
    Culprit.REMOTE_SERVICE: SERVER,
    Culprit.REMOTE_CONFIG: SERVER,
    Culprit.REMOTE_HOST: SERVER,
    Culprit.REMOTE_FIREWALL: SERVER,
    Culprit.CHECKER: "support",
}
_OUT, _IN, _ACROSS = [Hook("output"), Hook("postrouting")], [Hook("prerouting"), Hook("input")], [Hook("forward")]
_OUT_REPLY, _IN_REPLY, _ACROSS_REPLY = (
    [Hook("output", reply=True)],
    [Hook("input", reply=True)],
    [Hook("forward", reply=True)],
)


def fixes(lead: Row, group: list[Row], host: Host, verify: str) -> list[Fix]:
    """Commands for this host first, then the texts of the reason, then what goes to others. Never empty."""
    one = case(lead, group, host, verify)
    advice = list(_BY_REASON.get(one.reason, _nothing)(one))
    text = Fix(
        audience=_AUDIENCE.get(lead.culprit or Culprit.UNKNOWN, NETWORK),
        tool="text",
        command=lead.reason,
        verify=verify,
    )
    made = [
        Fix(audience=who, tool=what.tool, command=what.command, undo=what.undo, verify=verify) for who, what in advice
    ]
    others = sorted(
        (fix for fix in made if fix.audience != HERE), key=lambda fix: fix.audience != text.audience
    )  # first who can mend it
    return list(dict.fromkeys([*(fix for fix in made if fix.audience == HERE), text, *others]))


def _nothing(_: Case) -> Advice:
    yield from ()


def _in_pieces(make: Callable[[list[Flow]], Command | None], flows: list[Flow]) -> Iterator[Command]:
    """A command that would be too long to be shown whole becomes several, each with its own undo."""
    made = make(flows) if flows else None
    if made is None:
        return
    if max(len(made.command), len(made.undo)) <= LIMIT_CHARACTERS:
        yield made
        return
    if len(flows) > 1:
        halves = [flows[: len(flows) // 2], flows[len(flows) // 2 :]]
    else:
        (flow,) = flows
        middle = len(flow.addresses) // 2
        halves = [
            [flow._replace(addresses=some)] for some in (flow.addresses[:middle], flow.addresses[middle:]) if some
        ]
    if len(halves) > 1:
        for half in halves:
            yield from _in_pieces(make, half)


def _here(one: Case, hooks: list[Hook], direction: str) -> Advice:
    """This host's own rules. `direction` in or out, for the tools that know no hooks."""
    flows = [flow._replace(source=None) for flow in one.flows if flow.addresses or flow.version == 0]
    if one.on_windows:
        yield from (
            (HERE, made)
            for made in _in_pieces(
                lambda some: commands.powershell(some, "Inbound" if direction == "in" else "Outbound"), flows
            )
        )
        return
    chains = base_chains(one.host)
    usual = [hook for hook in hooks if hook.name in ("input", "output")]
    if chains is not None and not any(chain.hook == hook.name for chain in chains for hook in hooks):
        return  # no rule of this host refuses anything there
    by_ufw = "ufw" in one.tools and (chains is None or named(one.host, "chain", "ufw-"))
    by_firewalld = (
        "firewall-cmd" in one.tools and (chains is None or named(one.host, "table", "firewalld")) and direction == "in"
    )
    if by_ufw:
        yield from ((HERE, made) for made in _in_pieces(lambda some: commands.ufw(some, direction), flows))
    if by_firewalld:
        yield from ((HERE, made) for made in _in_pieces(commands.firewalld, flows))
    if one.may_have("nft"):
        yield from (
            (HERE, made)
            for made in _in_pieces(lambda some: commands.nft(some, usual if chains is None else hooks, chains), flows)
        )
    if one.may_have("iptables"):
        yield from (
            (HERE, made)
            for made in _in_pieces(
                lambda some: commands.iptables(some, usual if chains is None else hooks, chains, one.tools), flows
            )
        )


def _there(one: Case, who: str, hooks: list[Hook]) -> Advice:
    """Rules of a machine that is not seen from here. A rule without a source would let everybody in, and one without an
    address everybody out, so such flows are left to the request."""
    flows = [flow for flow in one.flows if flow.source and flow.addresses]
    if who == SERVER and (one.at_a_vendors or one.of_windows):
        return
    yield from ((who, made) for made in _in_pieces(lambda some: commands.nft(some, hooks, None), flows))
    yield from (
        (who, made) for made in _in_pieces(lambda some: commands.iptables(some, hooks, None, frozenset()), flows)
    )


def _asked(flows: list[Flow], wish: str = "stateful, without inspection") -> Advice:
    yield from ((NETWORK, made) for made in _in_pieces(lambda some: commands.request(some, wish), flows))


def _own_rules(one: Case) -> Advice:
    yield from _here(one, _OUT, "out")


def _own_inbound(one: Case) -> Advice:
    yield from _here(one, _IN, "in")


def _on_the_way(one: Case) -> Advice:
    yield from _asked(one.flows)
    yield from _there(one, NETWORK, _ACROSS)


def _at_the_target(one: Case) -> Advice:
    yield from _there(one, SERVER, [Hook("input")])
    yield from _windows_inbound(one)
    yield from _asked(one.flows)


def _windows_inbound(one: Case) -> Advice:
    flows = [flow for flow in one.flows if flow.source and not one.at_a_vendors]
    yield from ((SERVER, made) for made in _in_pieces(lambda some: commands.powershell(some, "Inbound"), flows))


def _silence(one: Case) -> Advice:
    """Dropped on the way out or back, here, between or there: all look alike. The interval and the culprit leave out
    what they exclude."""
    culprit = one.lead.culprit
    interval = one.lead.where.interval or [THIS_HOST]
    may_be_here = (
        culprit in (Culprit.UNKNOWN, Culprit.PROXY, None) and interval[0] == THIS_HOST and not one.own_rules_allow
    )
    if culprit is Culprit.LOCAL_FIREWALL or may_be_here:
        yield from _here(one, [*_OUT, *_IN_REPLY], "out")
    if culprit is Culprit.LOCAL_FIREWALL:
        return
    yield from _asked(one.flows)
    if culprit is not Culprit.REMOTE_FIREWALL:
        yield from _there(one, NETWORK, [*_ACROSS, *_ACROSS_REPLY])
    if culprit not in (Culprit.MIDDLEBOX, Culprit.FORWARD_PATH, Culprit.RETURN_PATH) and not is_internet(one.lead):
        yield from _there(one, SERVER, [Hook("input"), *_OUT_REPLY])
        yield from _windows_inbound(one)


def _refused(one: Case) -> Advice:
    """Who reset it is not known: the service first, then a rule."""
    yield from services.listening(one)
    yield from _asked(one.flows)


def _answered_by_another(one: Case) -> Advice:
    """Something accepted and went wrong: the service, or a device that answers in its place."""
    if not is_internet(one.lead):
        yield from services.listening(one)
    if one.lead.culprit is Culprit.MIDDLEBOX or is_internet(one.lead):
        yield from _asked(one.flows)


def _another_page(one: Case) -> Advice:
    if one.lead.culprit is not Culprit.REMOTE_SERVICE:  # a server that is busy: no rule of the network helps
        yield from _asked(one.flows, "without inspection, login or block page")


def _inspected(one: Case) -> Advice:
    yield from services.chain(one)
    if one.lead.culprit is not Culprit.LOCAL_HOST:  # software of this machine: nobody in the network can help
        yield from _asked(one.flows)


def _small_links(one: Case) -> Advice:
    if all(flow.source and flow.addresses for flow in one.flows) and one.flows:
        yield from ((NETWORK, made) for made in commands.clamp(one.flows))
    yield from _asked(one.flows, "stateful, with ICMP type 3 code 4 and ICMPv6 type 2 both ways")


def _resolver_silent(one: Case) -> Advice:
    """Nothing comes back from the resolver: ask it and the others, then let the questions pass."""
    asking = names.questions(one)
    yield from names.asked_names(one)
    if asking.flows:
        yield from _silence(asking)


def _proxy_silent(one: Case) -> Advice:
    yield from services.listening(one, "proxy-admin")
    yield from _silence(one)


_BY_REASON: dict[str, Callable[[Case], Advice]] = {
    "REJECTED_LOCALLY": _own_rules,
    "INBOUND_FILTERED": _own_inbound,
    "REJECTED_IN_PATH": _on_the_way,
    "REFUSED_NEARER_THAN_HOST": _on_the_way,
    "REJECTED_BY_TARGET_FIREWALL": _at_the_target,
    "TCP_NO_ANSWER": _silence,
    "REFUSED_ORIGIN_UNKNOWN": _refused,
    "PROXY_UNREACHABLE": _proxy_silent,
    "PMTU_BLACKHOLE": _small_links,
    **dict.fromkeys(("CAPTIVE_PORTAL", "WRONG_CONTENT"), _another_page),
    "DNS_TIMEOUT": _resolver_silent,
    "DNS_UNREACHABLE": _resolver_silent,
    **dict.fromkeys(
        ("CLOSED_BEFORE_REPLY", "RESET_AFTER_ACCEPT", "NO_REPLY", "WRONG_PROTOCOL", "TLS_NOT_SPOKEN"),
        _answered_by_another,
    ),
    **dict.fromkeys(
        ("TLS_REFUSED", "TLS_TIMEOUT", "TLS_RESET_ON_HELLO", "TLS_INTERCEPTED", "ANSWERED_NEARER"), _inspected
    ),
    **names.BY_REASON,
    **services.BY_REASON,
    **accounts.BY_REASON,
}


def reasons() -> Iterable[str]:
    """Codes that have commands of their own."""
    return _BY_REASON.keys()
