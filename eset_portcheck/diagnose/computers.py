"""Equal causes on several computers are one cause: what one policy, image or rule did is not read 25 times. Pure.

Computers are the targets of which a role takes many (`--target`). Servers, databases and hosts of the internet are few
and each its own: their causes stay apart. Source: docs/contract.md#rules.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from eset_portcheck.model.finding import Cause
from eset_portcheck.model.params import Params
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Direction, Verdict

_MANY_KEY = "target"
_SUREST_FIRST = (Confidence.PROVEN, Confidence.LIKELY, Confidence.POSSIBLE)


def merged(groups: Iterable[list[Row]]) -> list[list[Row]]:
    """Groups of rows that share a cause each; those of one kind on one computer together, whatever their ports, then
    those of the same kind and ports on different computers. In the place of the first."""
    by_computer: dict[tuple[Any, ...], list[Row]] = {}
    for number, group in enumerate(groups):
        kind = _kind(group)
        by_computer.setdefault((group[0].target, *kind) if kind else (number,), []).extend(group)
    found: dict[tuple[Any, ...], list[Row]] = {}
    for number, group in enumerate(by_computer.values()):
        kind = _kind(group)
        found.setdefault((*kind, _ports(group)) if kind else (number,), []).extend(group)
    return list(found.values())


def _ports(group: list[Row]) -> frozenset[tuple[Any, ...]]:
    """Where one computer answers on a port that another refuses, they differ in something."""
    return frozenset((row.role, row.transport, row.port, row.protocol, row.verdict) for row in group)


def _kind(group: list[Row]) -> tuple[Any, ...]:
    """What makes causes on two computers equal, but for the ports; () where the group is not one of computers."""
    if any(row.target_key != _MANY_KEY or row.direction is not Direction.OUTBOUND for row in group):
        return ()
    lead = group[0]
    where = lead.where
    return (
        lead.reason,
        lead.culprit,
        lead.role,
        lead.transport,
        frozenset(attempt.family for row in group for attempt in row.attempts if attempt.failed),
        where.interval[0] if where.interval else None,
        where.address if where.address not in _own(lead) else None,
        where.ca,
    )


def _own(row: Row) -> set[str | None]:
    return {row.target, *(attempt.address for attempt in row.attempts)}


def of_many(cause: Cause, group: Sequence[Row], rows: Iterable[Row]) -> Cause:
    """The cause of rows on several computers: no address of one of them stands for all, and it is as sure as the least
    sure. Params: `targets` those that are concerned, `tested` of how many, `ports` as "tcp-445"."""
    targets = list(dict.fromkeys(row.target for row in group))
    if len(targets) < 2 or not _kind(list(group)[:1]):
        return cause
    roles = {row.role for row in group}
    tested = {
        row.target
        for row in rows
        if row.role in roles and row.target_key == _MANY_KEY and row.verdict is not Verdict.SKIP
    }
    ports = list(dict.fromkeys(f"{row.transport.value}-{row.port}" for row in group))
    sure = [row.confidence for row in group if row.confidence]
    is_own = cause.where.address in {address for row in group for address in _own(row)}
    return msgspec.structs.replace(
        cause,
        confidence=max(sure, key=_SUREST_FIRST.index) if sure else cause.confidence,
        where=msgspec.structs.replace(cause.where, address=None, hop=None) if is_own else cause.where,
        params=Params(targets=targets, tested=len(tested), ports=ports).onto(cause.params),
    )
