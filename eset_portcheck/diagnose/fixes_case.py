"""What the commands of a fix may be made of: flows of the broken rows, names, and the base chains of this host.
Everything is parsed anew. Pure.

A report may come from elsewhere, so even facts of our own kind are text until they were parsed here. What does not
parse is left out.
Source: libnftables-json(5) for the rules in Host.firewall.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from eset_portcheck.diagnose.fixes_commands import Chain, Command, Flow
from eset_portcheck.diagnose.reading import params_of
from eset_portcheck.model.addresses import is_beyond_link, is_ipv6, parse_address
from eset_portcheck.model.concerned import concerned, is_internet, is_windows
from eset_portcheck.model.evidence import FirewallPrediction
from eset_portcheck.model.host import Host
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Direction
from eset_portcheck.texts.values import Address, HostName, Port, address, host_name, identifier, port

_HOOK = re.compile(r"[a-z]{1,16}")
_LEGACY = " (legacy)"
_IPTABLES_TABLES = frozenset({"filter", "raw", "mangle", "security"})
_IPTABLES_CHAINS = frozenset({"INPUT", "OUTPUT", "FORWARD", "PREROUTING", "POSTROUTING"})
_REFUSES = frozenset({"drop", "reject", "queue", "vmap", "xt", "unread", "synproxy"})
_ROWS = 40

Advice = Iterator[tuple[str, Command]]  # audience and what it types
HERE, NETWORK, SERVER, DNS, PROXY = "this-host", "network-team", "server-admin", "dns-admin", "proxy-admin"
DATABASE = "database-admin"


class Case(msgspec.Struct, frozen=True):
    """One cause. `reason`: what broke, also where the row's own reason is that only some addresses did. `flows`: what
    must pass."""

    lead: Row
    group: list[Row]
    host: Host
    verify: str
    reason: str
    flows: list[Flow]

    @property
    def on_windows(self) -> bool:
        return self.host.os.get("name") == "Windows"

    @property
    def at_a_vendors(self) -> bool:
        """The other end is a vendor's service: nobody here can type anything there."""
        return self.lead.direction is Direction.OUTBOUND and is_internet(self.lead)

    @property
    def of_windows(self) -> bool:
        """The other end is a Windows machine: a domain controller, or a computer that agents are deployed to."""
        return all(is_windows(row) for row in self.group)

    @property
    def tools(self) -> frozenset[str]:
        """Of this host; empty where they were not looked for."""
        return frozenset(str(one) for one in self.host.capabilities.get("tools") or ())

    def may_have(self, tool: str) -> bool:
        return not self.tools or tool in self.tools

    @property
    def own_rules_allow(self) -> bool:
        """This host's rules were read, and stop none of the packets."""
        told = [piece.verdict for row in self.group for piece in row.evidence if isinstance(piece, FirewallPrediction)]
        return bool(told) and all(verdict == "allow" for verdict in told)

    @property
    def source(self) -> Address | None:
        return next((flow.source for flow in self.flows if flow.source), None)


def case(lead: Row, group: list[Row], host: Host, verify: str) -> Case:
    reason = params_of(lead.findings, lead.reason).reason or lead.reason
    return Case(lead, group, host, verify, reason, list(_flows(group[:_ROWS], host)))


def _flows(rows: list[Row], host: Host) -> Iterator[Flow]:
    """One for each family, transport, source and port; addresses that did not fail are left out."""
    found: dict[tuple[int, str, Address | None, Port, HostName | None], list[Address]] = {}
    for row in rows:
        number = port(row.port)
        if number is None:
            continue
        if row.direction is not Direction.OUTBOUND:
            found.setdefault((0, row.transport.value, None, number, None), [])
            continue
        behind = _behind(row)
        if behind is not None:
            known = found.setdefault(behind[:5], [])
            known += [one for one in behind[5] if one not in known]
            continue
        for attempt in row.attempts:
            target = address(attempt.address)
            if target is None or attempt.failed is None:
                continue
            version = 6 if is_ipv6(target) else 4
            source = address(attempt.source_address) or source_of(host, version)
            name = host_name(row.target) if is_internet(row) else None
            known = found.setdefault((version, row.transport.value, source, number, name), [])
            known += [target] if target not in known else []
    for (version, transport, source, number, name), addresses in found.items():
        yield Flow(version, transport, source, tuple(addresses), number, name)


def _behind(row: Row) -> tuple[int, str, Address | None, Port, HostName | None, list[Address]] | None:
    """What the proxy asks for in our place, where the fault lies behind it: from its address to the destination."""
    about = concerned(row, row.where)
    number = port(about.port)
    if not about.via or number is None:
        return None
    proxy = next((found for attempt in row.attempts if (found := address(attempt.address))), None)
    literal = address(about.host)
    version = 6 if is_ipv6(literal or proxy or "") else 4
    return version, row.transport.value, proxy, number, host_name(about.host), [literal] if literal else []


def source_of(host: Host, version: int) -> Address | None:
    """This host's only address of the family; None where there are several, as it is not known which is used."""
    own = {address(text) for interface in host.interfaces if interface.up for text in interface.addresses}
    usable = [
        one
        for one in own
        if one and (parsed := parse_address(one)) is not None and parsed.version == version and is_beyond_link(parsed)
    ]
    return usable[0] if len(usable) == 1 else None


def base_chains(host: Host) -> list[Chain] | None:
    """Filter chains of this host that may refuse something, from the rules in the report; None where the rules are not
    there."""
    if host.firewall.state == "absent":
        return []
    if host.firewall.ruleset is None:
        return None
    listed = [(kind, what) for one in host.firewall.ruleset for kind, what in one.items() if isinstance(what, dict)]
    refusing = _refusing(listed)
    return [
        made
        for kind, what in listed
        if kind == "chain"
        and what.get("type") in ("filter", "route")
        and _key(what, "name") in refusing
        and (made := _chain(what)) is not None
    ]


def _chain(what: dict[str, Any]) -> Chain | None:
    family, table, name, hook = (str(what.get(part, "")) for part in ("family", "table", "name", "hook"))
    tool = "nft"
    if table.endswith(_LEGACY):
        table, tool = table.removesuffix(_LEGACY), "iptables-legacy"
    elif family != "inet" and table in _IPTABLES_TABLES and name in _IPTABLES_CHAINS:
        tool = "iptables"
    fine = bool(family in ("inet", "ip", "ip6") and identifier(table) and identifier(name) and _HOOK.fullmatch(hook))
    return Chain(family, table, name, hook, tool) if fine else None


def _refusing(listed: Iterable[tuple[str, dict[str, Any]]]) -> set[tuple[str, str, str]]:
    """Chains by whose policy or rules, or by those of a chain that they lead to, a packet may not pass. Too many rather
    than too few."""
    found: set[tuple[str, str, str]] = set()
    called_by: dict[tuple[str, str, str], list[tuple[str, str, str]]] = {}
    for kind, what in listed:
        if kind == "chain" and what.get("policy") == "drop":
            found.add(_key(what, "name"))
        expressions = what.get("expr") if kind == "rule" else None
        for one in expressions if isinstance(expressions, list) else ():
            for word, inner in one.items() if isinstance(one, dict) else ():
                if word in _REFUSES:
                    found.add(_key(what, "chain"))
                elif word in ("jump", "goto") and isinstance(inner, dict):
                    target = (*_key(what, "chain")[:2], str(inner.get("target", "")))
                    called_by.setdefault(target, []).append(_key(what, "chain"))
    waiting = list(found)
    while waiting:
        for caller in called_by.get(waiting.pop(), ()):
            if caller not in found:
                found.add(caller)
                waiting.append(caller)
    return found


def _key(what: dict[str, Any], last: str) -> tuple[str, str, str]:
    return (str(what.get("family", "")), str(what.get("table", "")), str(what.get(last, "")))


def named(host: Host, kind: str, start: str) -> bool:
    """Is there a table or chain whose name starts so?"""
    found = [one.get(kind) for one in host.firewall.ruleset or []]
    return any(isinstance(what, dict) and str(what.get("name", "")).startswith(start) for what in found)
