"""What this host's rules say of all ways to a port together: which of them count for its sockets, and what they agree
on. Pure.

A report may come from elsewhere, so a prediction is text until it was looked at here; what has no known shape says
nothing.
Source: docs/contract.md#inbound-rows.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from eset_portcheck.diagnose.binds import Bind, together
from eset_portcheck.model.addresses import canonical
from eset_portcheck.model.host import Host, Listening
from eset_portcheck.model.report import Row
from eset_portcheck.packet_filter.flow import ALLOW, CANNOT_TELL, DROP, REJECT

DENIED = (DROP, REJECT)
_RULE = ("rule", "table", "chain")


class Admission(NamedTuple):
    """`verdict` as in Prediction. `family`: the only one that is let in, if the other is not; then `rule` is what keeps
    the other out."""

    verdict: str
    rule: dict[str, str]
    family: str = ""


def predicted(row: Row, host: Host) -> dict[str, Any]:
    told = host.firewall.get("predictions")
    found = told.get(f"in/{row.transport.value}/{row.port}") if isinstance(told, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def admits(row: Row, host: Host, holders: list[Listening]) -> Admission:
    """For clients of the port that `holders` have, or that anybody may take."""
    told = predicted(row, host)
    listed = told.get("ways")
    bound = _named(holders)
    by_family: dict[str, list[Admission]] = {}
    for way in listed if isinstance(listed, list) else ():
        if not isinstance(way, dict) or (bound is not None and not bound & set(_addresses(way))):
            continue
        if (family := str(way.get("family"))) in _families(holders):
            by_family.setdefault(family, []).append(_of(way))
    if bound is not None and listed and not by_family:
        return Admission(CANNOT_TELL, {})  # an address inside this machine, or that nobody else is known to reach
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


def _addresses(way: dict[str, Any]) -> list[str]:
    found = way.get("addresses")
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


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


def _of(told: dict[str, Any]) -> Admission:
    verdict = str(told.get("verdict"))
    return Admission(
        verdict if verdict in (ALLOW, *DENIED) else CANNOT_TELL,
        {name: str(told[name]) for name in _RULE if told.get(name)},
    )
