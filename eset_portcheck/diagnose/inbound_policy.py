"""What this host's rules say of all ways to a port together: which of them count for its sockets, and what they agree
on. Pure.

A report may come from elsewhere: a verdict that is no word of ours says nothing.
Source: docs/contract.md#inbound-rows.
"""

from collections.abc import Iterable
from typing import NamedTuple

from eset_portcheck.diagnose.binds import Bind, together
from eset_portcheck.model.addresses import canonical
from eset_portcheck.model.host import Host, InboundPrediction, Listening, Prediction
from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.report import Row
from eset_portcheck.packet_filter.flow import ALLOW, CANNOT_TELL, DROP, REJECT

DENIED = (DROP, REJECT)


class Admission(NamedTuple):
    """`verdict` as in Prediction. `family`: the only one that is let in, if the other is not; then `rule` is what keeps
    the other out."""

    verdict: str
    rule: Params
    family: str = ""


def predicted(row: Row, host: Host) -> InboundPrediction:
    return (host.firewall.predictions or {}).get(f"in/{row.transport.value}/{row.port}", InboundPrediction())


def admits(row: Row, host: Host, holders: list[Listening]) -> Admission:
    """For clients of the port that `holders` have, or that anybody may take."""
    told = predicted(row, host)
    bound = _named(holders)
    by_family: dict[str, list[Admission]] = {}
    for way in told.ways or ():
        if bound is not None and not bound & set(way.addresses):
            continue
        if way.family in _families(holders):
            by_family.setdefault(way.family, []).append(_of(way))
    if bound is not None and told.ways and not by_family:
        return Admission(CANNOT_TELL, NOTHING)  # an address inside this machine, or that nobody else is known to reach
    return _split({family: _together(some) for family, some in by_family.items()}) if by_family else _of(told)


def _split(by_family: dict[str, Admission]) -> Admission:
    admitted = [family for family, one in by_family.items() if one.verdict == ALLOW]
    against = [one for one in by_family.values() if one.verdict != ALLOW]
    if admitted and against:
        if admitted == ["ipv6"] and against[0].verdict == CANNOT_TELL:
            return against[0]  # most clients come by IPv4, of which nothing is known
        return Admission(ALLOW, against[0].rule, admitted[0])
    return _together(by_family.values())


def _named(holders: list[Listening]) -> frozenset[str] | None:
    """The addresses that all sockets are bound to; None where one takes every address of a family, or nobody is
    there."""
    if not holders or together(holders) is not Bind.ADDRESS:
        return None
    return frozenset(canonical(one.address) for one in holders)


def _families(holders: list[Listening]) -> frozenset[str]:
    bind = together(holders) if holders else Bind.ALL
    return {Bind.IPV4: frozenset({"ipv4"}), Bind.IPV6: frozenset({"ipv6"})}.get(bind, frozenset({"ipv4", "ipv6"}))


def _together(answers: Iterable[Admission]) -> Admission:
    """Those who agree; else what stands against it."""
    every = list(answers)
    against = next((one for one in every if one.verdict not in (ALLOW, *DENIED)), None) or next(
        (one for one in every if one.verdict != ALLOW), None
    )
    if against is None:
        return every[0]
    return against if all(one.verdict in DENIED for one in every) else Admission(CANNOT_TELL, against.rule)


def _of(told: Prediction) -> Admission:
    return Admission(
        told.verdict if told.verdict in (ALLOW, *DENIED) else CANNOT_TELL,
        Params(rule=told.rule or None, table=told.table or None, chain=told.chain or None),
    )
