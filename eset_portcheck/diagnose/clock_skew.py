"""All clocks that were seen, against this machine's: one finding with each source. Pure.

Kerberos, LDAP, SMB and HTTP tell a time; a cached answer's Date is none (wire/clocks.py). What certificates make of it
stands in diagnose/clocks.py, whose rows get the sources too.

Sources: docs/decisions/0050-one-finding-of-all-clocks.md; RFC 4120 1.6 (five minutes).
"""

import re
from calendar import timegm
from typing import NamedTuple

import msgspec

from eset_portcheck.model.addresses import parse_host_port
from eset_portcheck.model.deciding import PROVEN
from eset_portcheck.model.finding import Finding
from eset_portcheck.model.observation import Certificate
from eset_portcheck.model.params import ClockSource, Params
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Verdict

LIMIT_S = 300
SHOWN = 8
_HTTP = frozenset({"http", "http_proxy"})
_ROUNDED_S = 0.05 * 86400
_STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)")


class Clocks(NamedTuple):
    """`blamed`: whose clock it is, as far as the sources tell. `skewed`: targets whose clock differs from ours."""

    sources: list[ClockSource]
    skewed: frozenset[str]
    blamed: Culprit
    disagree: bool


def compared(rows: list[Row]) -> list[Row]:
    """Rows with the finding where their source differs, and on what a wrong clock breaks."""
    clocks = _clocks(rows)
    return [_noted(row, clocks) for row in rows] if clocks else rows


def _clocks(rows: list[Row]) -> Clocks | None:
    """None: all that was seen agrees."""
    points = list(dict.fromkeys(one for row in rows for one in _told(row)))
    off = [one for one in points if abs(one.skew_s) > LIMIT_S]
    spread = [one.skew_s for one in points]
    apart = bool(spread) and max(spread) - min(spread) > LIMIT_S
    if not off and not apart:
        return None
    wrong = {one.target for one in off}
    agreed = {one.target for one in points} - wrong
    same = bool(off) and not apart
    if agreed:
        blamed = Culprit.REMOTE_HOST
    elif same and len(wrong) > 1:
        blamed = Culprit.LOCAL_HOST
    else:
        blamed = Culprit.UNKNOWN
    skewed = frozenset(wrong) if wrong else frozenset(one.target for one in points) if apart else frozenset()
    return Clocks(sorted(points, key=lambda one: -abs(one.skew_s)), skewed, blamed, apart)


def _told(row: Row) -> list[ClockSource]:
    """Of HTTP only what the right server said: a portal's clock is nobody's."""
    if row.protocol in _HTTP and row.verdict not in PROVEN:
        return []
    told = [(attempt.reply or {}).get("skew_s") for attempt in row.attempts]
    return [ClockSource(row.protocol, _whose(row), one) for one in told if type(one) is int]


def _seconds(stamp: str) -> int | None:
    match = _STAMP.match(stamp)
    return timegm(tuple(int(one) for one in match.groups())) if match else None


def _noted(row: Row, clocks: Clocks) -> Row:
    if row.reason == "CLOCK_SKEW":  # dates that are in doubt already: only who else said what is missing
        return msgspec.structs.replace(row, findings=[_with_sources(one, clocks) for one in row.findings])
    mine = [one for one in clocks.sources if one.target == _whose(row)]
    directory = row.role == "server" and row.target_key == "dc"
    if directory and _whose(row) in clocks.skewed:
        return _failed(row, clocks, mine)
    if _dates_in_doubt(row, clocks):
        return msgspec.structs.replace(
            row,
            verdict=Verdict.UNPROVEN,
            reason="CLOCK_SKEW",
            culprit=None,
            confidence=None,
            findings=[_finding(clocks, mine), *row.findings],
        )
    concerned = _whose(row) in clocks.skewed and bool(_told(row))
    if concerned or (directory and clocks.blamed is Culprit.LOCAL_HOST):
        return _warned(row, clocks, mine)
    return row


def _whose(row: Row) -> str:
    """Of a row through a proxy: the destination behind it."""
    destination = parse_host_port(row.via_destination) if row.via_destination else None
    return destination[0] if destination else row.target


def _failed(row: Row, clocks: Clocks, mine: list[ClockSource]) -> Row:
    """Kerberos takes no log-on from a clock so far away, so the synchronisation fails though the port answers."""
    noted = _with_finding(row, clocks, mine)
    if row.verdict not in PROVEN:
        return noted
    return msgspec.structs.replace(
        noted,
        verdict=Verdict.FAIL,
        reason="CLOCK_SKEW",
        culprit=clocks.blamed,
        confidence=_sure(clocks),
    )


def _warned(row: Row, clocks: Clocks, mine: list[ClockSource]) -> Row:
    noted = _with_finding(row, clocks, mine)
    if row.verdict is not Verdict.PASS and not (row.verdict is Verdict.WARN and row.reason == "KDC_CLOCK_SKEW"):
        return noted
    return msgspec.structs.replace(
        noted, verdict=Verdict.WARN, reason="CLOCK_SKEW", culprit=clocks.blamed, confidence=_sure(clocks)
    )


def _sure(clocks: Clocks) -> Confidence:
    return Confidence.POSSIBLE if clocks.blamed is Culprit.UNKNOWN else Confidence.LIKELY


def _with_finding(row: Row, clocks: Clocks, mine: list[ClockSource]) -> Row:
    return msgspec.structs.replace(row, findings=[_finding(clocks, mine), *row.findings])


def _with_sources(one: Finding, clocks: Clocks) -> Finding:
    if one.reason != "CLOCK_SKEW":
        return one
    return Finding("CLOCK_SKEW", one.evidence, one.params.onto(_finding(clocks, []).params))


def _finding(clocks: Clocks, mine: list[ClockSource]) -> Finding:
    worst = max((*mine, *clocks.sources), key=lambda one: (one in mine, abs(one.skew_s)))
    params = Params(
        skew_s=worst.skew_s,
        limit_s=LIMIT_S,
        clocks=clocks.sources[:SHOWN],
        disagree=clocks.disagree or None,
    )
    return Finding("CLOCK_SKEW", params=params)


def _dates_in_doubt(row: Row, clocks: Clocks) -> bool:
    """A certificate that would be out of date by the other clocks, where this machine's is the wrong one: any mirror
    may have a bad clock."""
    if row.trust is None:  # its certificate decides nothing
        return False
    ahead = [one.skew_s for one in clocks.sources]
    leaves = [
        (tls.chain[0], tls.expires_in_days, tls)
        for attempt in row.attempts
        if (tls := attempt.tls) is not None and tls.chain and tls.expires_in_days is not None
    ]
    if row.verdict in PROVEN and clocks.blamed is Culprit.LOCAL_HOST:
        return any(
            not tls.expired and not tls.not_yet_valid and not all(_may_be_valid(leaf, days, one) for one in ahead)
            for leaf, days, tls in leaves
        )
    return False


def _may_be_valid(leaf: Certificate, expires_in_days: float, ahead_s: int) -> bool:
    """At the time of a clock that is so far ahead. The days are rounded to a tenth: near an end it counts as valid."""
    end_s, begin_s = _seconds(leaf.not_after_utc), _seconds(leaf.not_before_utc)
    if end_s is None or begin_s is None:
        return True
    now_s = end_s - expires_in_days * 86400 + ahead_s
    return begin_s - _ROUNDED_S <= now_s <= end_s + _ROUNDED_S
