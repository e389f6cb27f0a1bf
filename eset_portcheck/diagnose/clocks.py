"""Is a certificate out of date, or this machine's clock wrong? What the peers of the run say of the time decides
whether dates may count. Pure.

The clock of the run is that by which the certificates were judged: begin of validity plus age. Sources: RFC 9110
section 6.6.1 (Date); docs/contract.md#certificates.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from eset_portcheck.model.finding import Finding
from eset_portcheck.model.observation import TlsFacts
from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.report import ProofReached, Row
from eset_portcheck.model.vocabulary import Proof, Verdict

SKEW_LIMIT_S = 300
_DATES = ("TLS_EXPIRED", "TLS_NOT_YET_VALID")
_TOLD = ("CLOCK_SKEW", "KDC_CLOCK_SKEW")
_MANY = 2  # certificates of different owners that are wrong the same way


def doubted(rows: list[Row]) -> list[Row]:
    """Rows whose certificate would be in date by somebody else's clock prove nothing either way."""
    wrong = [row for row in rows if row.reason in _DATES and row.verdict in (Verdict.FAIL, Verdict.WARN)]
    if not wrong:
        return rows
    sources = list(_sources(rows))
    if any(abs(one.skew_s or 0) <= SKEW_LIMIT_S for one in sources):  # somebody has the same time as this machine
        return rows
    everywhere = _everywhere(rows)
    return [_judged(row, sources, everywhere) if row in wrong else row for row in rows]


def _judged(row: Row, sources: list[Params], everywhere: bool) -> Row:
    told = next((one for one in sources if _would_be_valid(row, one.skew_s or 0)), None)
    if told is None and not everywhere:
        return row
    is_told = any(one.reason == "CLOCK_SKEW" for one in row.findings)
    skew = [] if is_told else [Finding("CLOCK_SKEW", params=told or NOTHING)]
    return msgspec.structs.replace(
        row,
        verdict=Verdict.UNPROVEN,
        reason="CLOCK_SKEW",
        proof=ProofReached(Proof.TLS, row.proof.required),
        findings=[*skew, *row.findings],
    )


def _sources(rows: Iterable[Row]) -> Iterator[Params]:
    """How far other clocks are ahead of this machine's: seconds, and who says so."""
    now = next((time for row in rows for time in _local_times(row)), None)
    for row in rows:
        for finding in row.findings:
            if finding.reason in _TOLD and (skew_s := finding.params.skew_s) is not None:
                yield Params(skew_s=skew_s, told_by=row.target)
        for reply in (attempt.reply for attempt in row.attempts if attempt.reply):
            date = _http_date(reply.get("date")) if "age" not in reply else None  # an answer out of a cache
            if _is_number(skew_s := reply.get("skew_s")):
                yield Params(skew_s=skew_s, told_by=row.target)
            elif now is not None and date is not None:
                skew_s = round((date - now).total_seconds())
                yield Params(skew_s=skew_s, told_by=row.target, date=str(reply.get("date")))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _http_date(text: object) -> datetime | None:
    try:
        told = parsedate_to_datetime(text) if isinstance(text, str) else None
    except (ValueError, TypeError, OverflowError):
        return None
    return told.replace(tzinfo=UTC) if told is not None and told.tzinfo is None else told


def _local_times(row: Row) -> Iterator[datetime]:
    for tls in _seen(row):
        begun = _utc(tls.chain[0].not_before_utc)
        if tls.age_days is not None and begun is not None:
            try:
                yield begun + timedelta(days=tls.age_days)
            except OverflowError:
                continue


def _would_be_valid(row: Row, skew_s: float) -> bool:
    """By a clock that is so much ahead. All certificates that are out of date must be in it."""
    out_of_date = [tls for tls in _seen(row) if tls.expired or tls.not_yet_valid]
    return abs(skew_s) > SKEW_LIMIT_S and bool(out_of_date) and all(_is_in(tls, skew_s) for tls in out_of_date)


def _is_in(tls: TlsFacts, skew_s: float) -> bool:
    begins, ends = (_utc(text) for text in (tls.chain[0].not_before_utc, tls.chain[0].not_after_utc))
    if begins is None or ends is None or tls.age_days is None:
        return False
    try:
        true_time = begins + timedelta(days=tls.age_days, seconds=skew_s)
    except OverflowError:
        return False
    return begins <= true_time <= ends


def _everywhere(rows: Iterable[Row]) -> bool:
    """All certificates of the run, of several owners, are out of date the same way."""
    seen = {(tls.chain[0].issuer, tls.expired, tls.not_yet_valid) for row in rows for tls in _seen(row)}
    issuers = {issuer for issuer, _, _ in seen}
    return len(issuers) >= _MANY and len({(expired, early) for _, expired, early in seen}) == 1


def _seen(row: Row) -> list[TlsFacts]:
    return [attempt.tls for attempt in row.attempts if attempt.tls is not None and attempt.tls.chain]


def _utc(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
