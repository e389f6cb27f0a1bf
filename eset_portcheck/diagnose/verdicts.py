"""From readings of addresses to the verdict of a row: phase, required proof, families. Pure.

Source: docs/contract.md#three-separate-things (the one rule), #required-proof, #phase, #addresses.
"""

from typing import NamedTuple

import msgspec

from eset_portcheck.diagnose.reading import Reading, rank, warns
from eset_portcheck.model.deciding import PROVEN
from eset_portcheck.model.finding import Conclusion, Finding, Where
from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import Rank, ReasonCode
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Direction, Listener, Phase, Proof, Verdict, gravity

# Found at the listening end before the component is installed, these still tell of the path, not of what is not there
# yet.
_PATH_FAULTS = frozenset(
    {
        "TLS_INTERCEPTED",
        "TLS_RESET_ON_HELLO",
        "PMTU_BLACKHOLE",
        "CAPTIVE_PORTAL",
        "PROXY_AUTH_REQUIRED",
        "PROXY_REFUSED_CONNECT",
        "PROXY_UNREACHABLE",
        "REJECTED_IN_PATH",
        "REJECTED_LOCALLY",
    }
)
WITHHELD = "SMB_NEEDS_CREDENTIALS"
_NEVER_PROVEN = frozenset({"WRONG_CONTENT"})  # whatever was reached: these were not the service's own words
_NOTHING_THERE_YET = frozenset({"REFUSED_ORIGIN_UNKNOWN", "PROXY_UPSTREAM_FAILED"})


class Judged(NamedTuple):
    verdict: Verdict
    reading: Reading


def lowered(row: Row, phase: Phase) -> bool:
    """Only an explicit pre, and only where an ESET component is to listen, asks for less."""
    return phase is Phase.PRE and row.listener is not Listener.FOREIGN


def full_proof(row: Row) -> Proof:
    return row.full_proof or row.proof.required


def required_proof(row: Row, phase: Phase) -> Proof:
    """What this run's phase asks of the row."""
    full = full_proof(row)
    return (
        Proof.PATH if row.direction is Direction.OUTBOUND and lowered(row, phase) and full.reaches(Proof.PATH) else full
    )


def verdict_of(row: Row, reading: Reading, phase: Phase) -> Verdict:
    """Reached >= required is pass (warn with a finding of warn rank); a reason of fail rank is fail; else unproven."""
    required = required_proof(row, phase)
    if rank(reading.reason) is Rank.ERROR:
        return Verdict.ERROR
    if reading.reason == "REFUSED_BY_HOST":
        return Verdict.PASS if reading.reached.reaches(required) else Verdict.FAIL
    path_only = required is Proof.PATH
    if path_only and (
        reading.reason in _NOTHING_THERE_YET or (full_proof(row) is Proof.PATH and reading.reason == "TCP_NO_ANSWER")
    ):
        return Verdict.UNPROVEN
    if reading.fails:
        if lowered(row, phase) and reading.reached.reaches(Proof.ACCEPTS) and reading.reason not in _PATH_FAULTS:
            # The path is proven, but somebody else is at home; or a device accepts for a host that may be dead.
            return Verdict.WARN if reading.by_host else Verdict.UNPROVEN
        return Verdict.FAIL
    if reading.verdict is not None:
        return reading.verdict
    if not reading.reached.reaches(required) or reading.reason in _NEVER_PROVEN:
        return Verdict.UNPROVEN
    return Verdict.WARN if any(warns(finding) for finding in reading.findings) else Verdict.PASS


def combine(row: Row, readings: list[tuple[Attempt, Reading]], phase: Phase) -> Conclusion:
    """One conclusion for all addresses that were tried. One that got no log-on because another got it counts neither
    way; it is a finding beside them."""
    withheld = [reading for _, reading in readings if reading.reason == WITHHELD]
    if withheld and len(withheld) < len(readings):
        rest = combine(row, [one for one in readings if one[1].reason != WITHHELD], phase)
        return msgspec.structs.replace(rest, findings=[*rest.findings, *withheld[0].findings])
    judged = [(attempt, Judged(verdict_of(row, reading, phase), reading)) for attempt, reading in readings]
    good = [one for one in judged if one[1].verdict in PROVEN]
    bad = [one for one in judged if one[1].verdict not in PROVEN]
    if not good:
        return _conclude(_gravest([one for _, one in judged]))
    best = _gravest([one for _, one in good])
    if not bad:
        return _conclude(best)
    broken_families = {attempt.family for attempt, _ in bad} - {attempt.family for attempt, _ in good}
    code: ReasonCode = "ONE_FAMILY_FAILS" if broken_families else "SOME_ADDRESSES_FAIL"
    attempt, worst = bad[0]
    params = Params(
        family=attempt.family,
        address=attempt.address,
        reason=worst.reading.reason,
        failed=len(bad),
        tried=len(judged),
    )
    conclusion = _conclude(Judged(Verdict.WARN, best.reading))
    open_question = worst.verdict is Verdict.UNPROVEN  # accuses nobody, here neither
    return Conclusion(
        verdict=Verdict.WARN,
        state=conclusion.state,
        reached=conclusion.reached,
        reason=code,
        culprit=Culprit.UNKNOWN if open_question else worst.reading.culprit,
        confidence=Confidence.POSSIBLE if open_question else worst.reading.confidence,
        where=worst.reading.where,
        findings=[Finding(code, params=params), *conclusion.findings],
    )


def _gravest(judged: list[Judged]) -> Judged:
    """The worst verdict; among equals the one that got farthest says most."""
    return min(judged, key=lambda one: (gravity(one.verdict), -one.reading.reached.rung))


def _conclude(judged: Judged) -> Conclusion:
    """The reason of a warning is its gravest finding; what was reached stands in the proof."""
    verdict, reading = judged
    reason = reading.reason
    if verdict is Verdict.WARN and rank(reason) is Rank.PASS:
        reason = next((finding.reason for finding in reading.findings if warns(finding)), reason)
    plain = verdict is Verdict.PASS and rank(reason) is Rank.PASS  # nobody to blame
    return Conclusion(
        verdict=verdict,
        state=reading.state,
        reached=reading.reached,
        reason=reason,
        culprit=None if plain else reading.culprit,
        confidence=reading.confidence,
        where=Where() if plain and reading.where.via else reading.where,
        findings=list(reading.findings),
    )
