"""Evidence in, verdicts and causes out. A pure function of the report's facts: live run and old report are judged by
the same code."""

import msgspec

from eset_portcheck.diagnose import (
    behind_proxy,
    clock_skew,
    clocks,
    denied_hosts,
    installed,
    names,
    overall,
    proxies,
)
from eset_portcheck.diagnose.inbound import judge_inbound, not_installed
from eset_portcheck.diagnose.sessions import second_opinions
from eset_portcheck.diagnose.stages import read
from eset_portcheck.diagnose.verdicts import combine, required_proof
from eset_portcheck.model.deciding import deciding, unidentified
from eset_portcheck.model.evidence import OneWay
from eset_portcheck.model.finding import Cause, Conclusion, Finding
from eset_portcheck.model.host import Host
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import REASONS, Rank
from eset_portcheck.model.report import ProofReached, Row, Summary
from eset_portcheck.model.vocabulary import Confidence, Culprit, Direction, Phase, Proof, State, Verdict

NOT_RUN = frozenset(
    {
        "CONDITION_FALSE",
        "NOT_SELECTED",
        "RETIRED",
        "VALUE_MISSING",
        "NOT_BUILT",
        "EXTRA_MISSING",
        "BUDGET_SPENT",
        "INTERRUPTED",
        "INTERNAL_ERROR",
        "SMB_NEEDS_CREDENTIALS",
    }
)


def diagnose(
    rows: list[Row], host: Host, phase: Phase, command: str = "check"
) -> tuple[list[Row], list[Cause], Summary]:
    """`rows` carry facts, and a reason only where nothing was run. `command`: that made them; only `check` can be told
    which rows to test again."""
    judged = [_conclude(row, _concluded(row, host, phase), required_proof(row, phase)) for row in rows]
    judged = clocks.doubted(behind_proxy.weighed(overall.interception(denied_hosts.as_one(judged))))
    judged = overall.groups(clock_skew.compared(judged))
    judged = [_accusing_nobody(row) for row in proxies.noted(judged, host)]
    judged, causes = overall.causes(judged, host, takes_only=command == "check")
    return judged, causes, summary(judged, not_installed=not_installed(judged, host, phase))


def _concluded(row: Row, host: Host, phase: Phase) -> Conclusion:
    """A row that the rules choke on (a fault of ours, or facts in a file that no run wrote) hides no other: it says so
    itself."""
    try:
        said = conclude(row, host, phase)
        # Places and parameters come out of replies, which have no types.
        msgspec.convert(msgspec.to_builtins(said), Conclusion)
    except Exception as error:  # noqa: BLE001
        from eset_portcheck.model.bug import location

        params = Params(error=location(error))
        return Conclusion(
            Verdict.ERROR,
            State.NOT_TESTED,
            Proof.NONE,
            "INTERNAL_ERROR",
            Culprit.CHECKER,
            findings=[Finding("INTERNAL_ERROR", params=params)],
        )
    return said


def conclude(row: Row, host: Host, phase: Phase) -> Conclusion:
    if row.reason in NOT_RUN and not row.attempts:
        return _not_run(row)
    if row.direction is not Direction.OUTBOUND:
        return judge_inbound(row, host, phase)
    if any(isinstance(one, OneWay) for one in row.evidence):
        return Conclusion(
            Verdict.UNPROVEN, State.NOT_TESTED, Proof.NONE, "ONE_WAY_PROTOCOL", Culprit.UNKNOWN, Confidence.POSSIBLE
        )
    tested = [attempt for attempt in row.attempts if attempt.untested is None]
    if not tested:
        return Conclusion(Verdict.ERROR, State.NOT_TESTED, Proof.NONE, "INTERNAL_ERROR", Culprit.CHECKER)
    readings = [
        (attempt, names.sinkholed(row, attempt, read(row, attempt, row.evidence), host, row.evidence))
        for attempt in tested
    ]
    extra = (*second_opinions(row.evidence), *installed.findings(row, host, phase))
    if extra:
        readings = [
            (attempt, msgspec.structs.replace(reading, findings=(*reading.findings, *extra)))
            for attempt, reading in readings
        ]
    return installed.blamed(combine(row, readings, phase))


def _not_run(row: Row) -> Conclusion:
    by_rank = {Rank.SKIP: Verdict.SKIP, Rank.UNPROVEN: Verdict.UNPROVEN, Rank.ERROR: Verdict.ERROR}
    culprit = Culprit.CHECKER if row.reason == "INTERNAL_ERROR" else None
    reason = REASONS[row.reason]
    return Conclusion(by_rank[reason.rank], State.NOT_TESTED, Proof.NONE, reason.code, culprit, findings=row.findings)


def _accusing_nobody(row: Row) -> Row:
    """What is not proven either way is nobody's fault, and nothing is sure about it. The one place for all reasons."""
    if row.verdict is not Verdict.UNPROVEN:
        return row
    # silence over UDP has always said in words that nobody knows
    culprit = Culprit.UNKNOWN if row.reason == "UDP_NO_ANSWER" else None
    return msgspec.structs.replace(row, culprit=culprit, confidence=None)


def _conclude(row: Row, said: Conclusion, required: Proof) -> Row:
    return msgspec.structs.replace(
        row,
        verdict=said.verdict,
        state=said.state,
        proof=ProofReached(said.reached, required),
        reason=said.reason,
        culprit=said.culprit,
        confidence=said.confidence,
        where=said.where,
        findings=said.findings,
        explained_by=None,
    )


def summary(rows: list[Row], *, interrupted: bool = False, not_installed: list[str] | None = None) -> Summary:
    """Counts a verdict; the exit code of the contract (130 before 1 before 4 before 3 before 0), a group counting as
    one requirement."""
    counts = {verdict.value: sum(row.verdict is verdict for row in rows) for verdict in Verdict}
    needed = deciding(rows)
    if interrupted or any(row.reason == "INTERRUPTED" for row in rows):
        code = 130
    elif any(row.verdict is Verdict.FAIL for row in needed):
        code = 1
    elif any(row.verdict is Verdict.ERROR for row in rows):
        code = 4
    else:
        code = 3 if any(row.verdict is Verdict.UNPROVEN for row in needed) else 0
    deselected = any(row.reason == "NOT_SELECTED" for row in rows)
    proven = Verdict.UNPROVEN if deselected else Verdict.WARN if counts["warn"] else Verdict.PASS
    verdict = {1: Verdict.FAIL, 4: Verdict.ERROR, 0: proven}.get(code, Verdict.UNPROVEN)
    return Summary(
        counts=counts,
        ready=code == 0 and not deselected,
        exit_code=code,
        verdict=verdict,
        strict=False,
        exit_zero=False,
        identity_not_checked=len(unidentified(rows)),
        not_installed=not_installed or [],
    )


def with_exit_code(bare: Summary, *, strict: bool, exit_zero: bool) -> Summary:
    """--strict makes warnings, unproven rows and servers of unchecked identity 1, --exit-zero makes 1 and 3 nought.
    Verdicts stay what they are. `bare`: of `summary`."""
    code = bare.exit_code
    open_questions = any(bare.counts.get(word, 0) for word in ("warn", "unproven")) or bare.identity_not_checked
    if strict and code in (0, 3) and open_questions:
        code = 1
    if exit_zero and code in (1, 3):
        code = 0
    return msgspec.structs.replace(
        bare, exit_code=code, ready=bare.ready and code == 0, strict=strict, exit_zero=exit_zero
    )
