"""Rules of iptables, from the text of iptables-save, in the shapes of nft's JSON. Pure.

nft shows iptables' own matches and targets by name only ("xt"), and rules of the older kernel tables not at all;
iptables-save tells both in full. An option that is not known becomes a statement that is not known, which a walk treats
as "may match": never as a miss. Sources: iptables(8), iptables-extensions(8); libnftables-json(5) for the shapes.
"""

import shlex
from collections.abc import Callable
from typing import Any

from eset_portcheck.packet_filter.statements import NEUTRAL_TARGETS

HOOKS = {
    "PREROUTING": "prerouting",
    "INPUT": "input",
    "FORWARD": "forward",
    "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}
_PRIORITIES = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
_NAT_PRIORITIES = {"PREROUTING": -100, "OUTPUT": -100, "INPUT": 100, "POSTROUTING": 100}
TABLES = frozenset({*_PRIORITIES, "nat"})
_FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg"]
_ICMPV6 = {"135": "nd-neighbor-solicit", "136": "nd-neighbor-advert"}
_VERDICTS = {"ACCEPT": "accept", "DROP": "drop", "RETURN": "return", "MASQUERADE": "masquerade", "NOTRACK": "notrack"}
_LEADS_AWAY = {name.upper(): name for name in ("dnat", "redirect", "queue", "tproxy", "synproxy")} | {
    "NETMAP": "dnat",
    "NFQUEUE": "queue",
}
Statement = dict[str, Any]


def converted(text: str, family: str, mark: str = "") -> list[dict[str, Any]]:
    """Objects as `nft -j list ruleset` gives them; `family` ip or ip6, `mark` goes behind the names of tables ("filter
    (legacy)")."""
    objects: list[dict[str, Any]] = []
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            objects.append({"chain": _chain(line[1:].split(), table, family, mark)})
        elif line.startswith("-A "):
            chain, statements = rule(line, family)
            objects.append({"rule": {"family": family, "table": table + mark, "chain": chain, "expr": statements}})
    return objects


def _chain(words: list[str], table: str, family: str, mark: str) -> dict[str, Any]:
    name, policy = words[0], words[1] if len(words) > 1 else "-"
    told: dict[str, Any] = {"family": family, "table": table + mark, "name": name}
    if name in HOOKS and policy != "-":
        nat = table == "nat"
        priority = _NAT_PRIORITIES.get(name, 0) if nat else _PRIORITIES.get(table, 0)
        told |= {"type": "nat" if nat else "filter", "hook": HOOKS[name], "prio": priority, "policy": policy.lower()}
    return told


def rule(line: str, family: str) -> tuple[str, list[Statement]]:
    """(chain, statements) of one "-A CHAIN ..." line."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    statements: list[Statement] = []
    position, inverted, module = 2, False, ""
    while position < len(words):
        word = words[position]
        position += 1
        if word == "!":
            inverted = True
            continue
        arguments: list[str] = []
        if word in _TEXT:  # whatever it looks like
            position += 1
            continue
        while position < len(words) and words[position] != "!" and not words[position].startswith("-"):
            arguments.append(words[position])
            position += 1
        if word in ("-j", "-g"):
            rest = words[position:]
            return words[1], [*statements, *_target(word, arguments[0] if arguments else "", rest)]
        if word == "-m":
            module = arguments[0] if arguments else ""
            statements += [_unknown("match", module)] if module not in _MODULES else _MODULES[module]()
        else:
            statements += _option(word, arguments, family, inverted=inverted, module=module)
        inverted = False
    return words[1] if len(words) > 1 else "", statements  # a rule that only counts


def _option(word: str, arguments: list[str], family: str, *, inverted: bool, module: str) -> list[Statement]:
    """What one option asks. A module that is not known has already said that the rule may miss."""
    if module and module not in _MODULES:
        return []
    read = _OPTIONS.get(word)
    if read is None or len(arguments) < (0 if word in _BARE else 1):
        return [_unknown("match", word)]
    return read(arguments, family, inverted)


def _match(left: Any, right: Any, inverted: bool, op: str = "==") -> list[Statement]:
    opposite = {"==": "!=", "in": "!"}
    return [{"match": {"op": opposite[op] if inverted else op, "left": left, "right": right}}]


def _unknown(kind: str, name: str) -> Statement:
    return {"xt": {"type": kind, "name": name}}


def _address(field: str) -> Callable[[list[str], str, bool], list[Statement]]:
    def read(arguments: list[str], family: str, inverted: bool) -> list[Statement]:
        address, _, mask = arguments[0].partition("/")
        right = (
            {"prefix": {"addr": address, "len": int(mask)}}
            if mask.isdigit()
            else address
            if not mask
            else {"mask": mask}
        )
        return _match({"payload": {"protocol": family, "field": field}}, right, inverted)

    return read


def _interface(key: str) -> Callable[[list[str], str, bool], list[Statement]]:
    def read(arguments: list[str], _: str, inverted: bool) -> list[Statement]:
        name = arguments[0]
        return _match({"meta": {"key": key}}, name[:-1] + "*" if name.endswith("+") else name, inverted)

    return read


def _ports(field: str) -> Callable[[list[str], str, bool], list[Statement]]:
    def read(arguments: list[str], _: str, inverted: bool) -> list[Statement]:
        elements = [_range(part) for part in arguments[0].split(",")]
        return _match({"payload": {"protocol": "th", "field": field}}, {"set": elements}, inverted)

    return read


def _range(text: str) -> Any:
    first, colon, last = text.partition(":")
    if colon:
        return {"range": [int(first) if first.isdigit() else 0, int(last) if last.isdigit() else 65535]}
    return int(first) if first.isdigit() else {"name": first}


def _protocol(arguments: list[str], _: str, inverted: bool) -> list[Statement]:
    if arguments[0] in ("all", "0"):
        return []
    return _match({"meta": {"key": "l4proto"}}, arguments[0], inverted)


def _user(key: str) -> Callable[[list[str], str, bool], list[Statement]]:
    def read(arguments: list[str], _: str, inverted: bool) -> list[Statement]:
        first, dash, last = arguments[0].partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            return [_unknown("match", "owner")]
        return _match({"meta": {"key": key}}, {"range": [int(first), int(last if dash else first)]}, inverted)

    return read


def _span(field: str) -> Callable[[list[str], str, bool], list[Statement]]:
    def read(arguments: list[str], family: str, inverted: bool) -> list[Statement]:
        first, dash, last = arguments[0].partition("-")
        return _match(
            {"payload": {"protocol": family, "field": field}}, {"range": [first, last if dash else first]}, inverted
        )

    return read


def _tcp_flags(arguments: list[str], _: str, inverted: bool) -> list[Statement]:
    if len(arguments) != 2:
        return [_unknown("match", "tcp-flags")]
    mask, wanted = (
        _FLAGS if text == "ALL" else [] if text == "NONE" else text.lower().split(",") for text in arguments
    )
    return _match({"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, mask]}, wanted or 0, inverted)


def _states(arguments: list[str], _: str, inverted: bool) -> list[Statement]:
    names = arguments[0].lower().split(",")
    if names == ["dnat"]:
        return _match({"ct": {"key": "status"}}, "dnat", inverted, "in")
    if "snat" in names:
        return [_unknown("match", "conntrack")]
    # A rewritten flow is not followed.
    return _match({"ct": {"key": "state"}}, [name for name in names if name != "dnat"], inverted, "in")


def _address_type(side: str) -> Callable[[list[str], str, bool], list[Statement]]:
    def read(arguments: list[str], family: str, inverted: bool) -> list[Statement]:
        types = arguments[0].lower().split(",")
        if family == "ip6" and types not in (["local"], ["multicast"]):
            # There a local address is a unicast one too, and of several types all are asked for.
            return [_unknown("match", "addrtype")]
        return _match({"fib": {"result": "type", "flags": [side]}}, {"set": types}, inverted)

    return read


def _icmpv6_type(arguments: list[str], _: str, inverted: bool) -> list[Statement]:
    return _match(
        {"payload": {"protocol": "icmpv6", "field": "type"}},
        _ICMPV6.get(arguments[0].split("/")[0], f"type {arguments[0]}"),
        inverted,
    )


def _hop_limit(arguments: list[str], _: str, inverted: bool) -> list[Statement]:
    return _match({"payload": {"protocol": "ip6", "field": "hoplimit"}}, _range(arguments[0]), inverted)


def _routing_header(arguments: list[str], _: str, inverted: bool) -> list[Statement]:
    return _match({"exthdr": {"name": "rt", "field": "type"}}, _range(arguments[0]), inverted)


def _reverse_path(_: list[str], __: str, ___: bool) -> list[Statement]:
    """rpfilter --invert: no way back to the source. Without --invert it holds for every flow that can work."""
    return _match({"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, right=False, inverted=False)


def _nothing(_: list[str], __: str, ___: bool) -> list[Statement]:
    return []


_OPTIONS: dict[str, Callable[[list[str], str, bool], list[Statement]]] = {
    "-s": _address("saddr"),
    "-d": _address("daddr"),
    "-i": _interface("iifname"),
    "-o": _interface("oifname"),
    "-p": _protocol,
    "--dport": _ports("dport"),
    "--sport": _ports("sport"),
    "--dports": _ports("dport"),
    "--sports": _ports("sport"),
    "--src-range": _span("saddr"),
    "--dst-range": _span("daddr"),
    "--uid-owner": _user("skuid"),
    "--gid-owner": _user("skgid"),
    "--tcp-flags": _tcp_flags,
    "--ctstate": _states,
    "--state": _states,
    "--dst-type": _address_type("daddr"),
    "--src-type": _address_type("saddr"),
    "--icmpv6-type": _icmpv6_type,
    "--hl-eq": _hop_limit,
    "--rt-type": _routing_header,
    "--invert": _reverse_path,
    "--loose": _nothing,
    "--validmark": _nothing,
    "--accept-local": _nothing,
}
_BARE = frozenset({"--invert", "--loose", "--validmark", "--accept-local"})
_TEXT = frozenset({"--comment"})
# Statements that a module alone brings; those with options of their own bring none.
_MODULES: dict[str, Callable[[], list[Statement]]] = dict.fromkeys(
    (
        "tcp",
        "udp",
        "multiport",
        "conntrack",
        "state",
        "comment",
        "addrtype",
        "icmp6",
        "hl",
        "rt",
        "rpfilter",
        "owner",
        "iprange",
    ),
    list,
)


def _target(word: str, name: str, rest: list[str]) -> list[Statement]:
    if word == "-g":
        return [{"goto": {"target": name}}]
    if name in _VERDICTS:
        return [{_VERDICTS[name]: None}]
    if name in _LEADS_AWAY:
        return [{_LEADS_AWAY[name]: {"text": " ".join([name, *rest])[:80]}}]
    if name == "REJECT":
        how = rest[rest.index("--reject-with") + 1] if "--reject-with" in rest[:-1] else ""
        return [{"reject": {"type": how}} if how else {"reject": None}]
    if name == "SNAT":
        return [{"snat": None}]
    if name == "CT":
        if any(one.startswith("--zone") for one in rest):
            return [{"mangle": {"key": {"ct": {"key": "zone"}}, "value": 0}}]
        return [{"notrack": None}] if "--notrack" in rest else [{"counter": None}]
    return [_unknown("target", name)] if name in NEUTRAL_TARGETS or rest else [{"jump": {"target": name}}]
