"""Which proxy counts for which destination, and why the others do not. Pure.

One rule: the proxy that was given for this run, or none. ESET's components take theirs from their policy alone, which
no file of theirs shows; so the environment, the system's settings and scripts never win. They are named, because a
destination that cannot be reached directly may lie behind one. Sources: docs/contract.md#proxy;
docs/sources.md#replication-port-2222 (proxies come from the policy); curl's manual for no_proxy; Microsoft for
ProxyOverride.
"""

import fnmatch
from typing import Final

import msgspec

from eset_portcheck.model.addresses import host_port, parse_address, parse_host_port, parse_network
from eset_portcheck.model.concerned import is_internet
from eset_portcheck.model.finding import Finding
from eset_portcheck.model.host import Host, ProxySource
from eset_portcheck.model.params import Params
from eset_portcheck.model.report import ProxyChoice, ProxyIgnored, Row
from eset_portcheck.model.vocabulary import Direction, Transport, Verdict

NOT_USED: Final = "PROXY_SET_NOT_USED"
BRIDGE_PORT = 3128
_SOURCES = 8
_PLAIN = ("http", "http_proxy")


def choices(rows: list[Row], host: Host) -> list[ProxyChoice]:
    """One a destination over TCP that is checked, in the order of the rows; none where no proxy is set or given."""
    checked = [
        row
        for row in rows
        if row.direction is Direction.OUTBOUND and row.transport is Transport.TCP and row.verdict is not Verdict.SKIP
    ]
    via = {row.via_destination: host_port(row.target, row.port) for row in checked if row.via_destination}
    found: dict[str, ProxyChoice] = {}
    told: dict[bool, list[ProxySource]] = {}
    for row in checked if via or host.proxy_sources or host.connections else ():
        target = row.via_destination or host_port(row.target, row.port)
        if "<" in target or target in found:
            continue
        given = via.get(target, "")
        plain = row.protocol in _PLAIN
        if plain not in told:
            told[plain] = sources(host, row)
        ignored = [ignoring(one, row, given) for one in told[plain]]
        found[target] = ProxyChoice(target, given, "option" if given else "none-given", ignored)
    return list(found.values())


def sources(host: Host, row: Row) -> list[ProxySource]:
    """Those that speak of this kind of destination, and proxies that a component is connected to right now."""
    wanted = {"http_proxy" if row.protocol in _PLAIN else "https_proxy", "all_proxy", "AutoConfigURL"}
    told = [one for one in host.proxy_sources if one.name in wanted]
    held = {host_port(one.address, one.port): one.component for one in host.connections if one.port == BRIDGE_PORT}
    return [*told, *(ProxySource("connection", name, proxy, scope="component") for proxy, name in held.items())][
        :_SOURCES
    ]


def ignoring(one: ProxySource, row: Row, given: str) -> ProxyIgnored:
    host, _ = parse_host_port(row.via_destination or "") or (row.target, row.port)
    if one.pac:
        why = "script-not-run"
    elif any(bypasses(host, entry) for entry in one.bypass):
        why = "bypassed"
    else:
        why = "same" if given and one.proxy == given else "other-given" if given else "not-followed"
    return ProxyIgnored(one.source, one.name, one.pac or one.proxy, why)


def bypasses(host: str, entry: str) -> bool:
    """curl's no_proxy (a name and all below it, *, a network) and WinINET's overrides (wildcards, <local>)."""
    entry, host = entry.lower().strip(), host.lower().rstrip(".")
    if entry in ("*", host):
        return True
    if entry == "<local>":
        return "." not in host and ":" not in host
    bare, _ = parse_host_port(entry) or (entry, 0)
    address = parse_address(host)
    if address is None:
        return (
            fnmatch.fnmatchcase(host, bare)
            if "*" in bare
            else host == bare.lstrip(".") or host.endswith("." + bare.lstrip("."))
        )
    network = parse_network(bare)
    return address in network if network is not None else "*" in bare and fnmatch.fnmatchcase(host, bare)


def noted(rows: list[Row], host: Host) -> list[Row]:
    """Internet destinations that failed directly, where this machine knows a proxy for them and none was given."""
    by_target = {one.target: one for one in choices(rows, host)}
    return [_noted(row, by_target.get(host_port(row.target, row.port))) for row in rows]


def _noted(row: Row, choice: ProxyChoice | None) -> Row:
    if (
        choice is None
        or choice.via
        or row.via_destination
        or row.verdict not in (Verdict.FAIL, Verdict.UNPROVEN)
        or not is_internet(row)
    ):
        return row
    known = list(dict.fromkeys(one.proxy for one in choice.ignored if one.why in ("not-followed", "script-not-run")))
    if not known or not row.attempts:
        return row
    return msgspec.structs.replace(row, findings=[*row.findings, Finding(NOT_USED, params=Params(proxies=known))])
