"""Two reports: what a change means, and what counts as a regression."""

import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eset_portcheck.comparing import Incomparable, compare
from eset_portcheck.comparing.meaning import _ENDINGS, Ending, meaning
from eset_portcheck.model.comparison import Change, Comparison, RowChange
from eset_portcheck.model.finding import Finding, PortHolder, Where
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.report import ProofReached, Report, Row, Tool, from_json
from eset_portcheck.model.vocabulary import Culprit, Phase, Proof, Verdict
from eset_portcheck.render.comparison import FORMATS
from eset_portcheck.render.comparison.code_names import CHANGE, COUNT, DIFFERENCE, EXIT, MEANING
from tests.unit.rows import Group, row

REPORTS = Path(__file__).parent / "reports"
TOOL = Tool("eset-portcheck", "0")


def sample(name: str) -> Report:
    return from_json((REPORTS / f"{name}.json").read_bytes())


def of(*rows: Row, **run: Any) -> Report:
    plain = sample("ready")
    return msgspec.structs.replace(plain, checks=list(rows), run=msgspec.structs.replace(plain.run, **run))


def one(
    verdict: Verdict = Verdict.PASS, reason: str = "CONNECTED", reached: Proof = Proof.PROTOCOL, **more: Any
) -> Row:
    culprit = REASONS[reason].culprit if reason in REASONS else None
    return row(
        **{"verdict": verdict, "reason": reason, "culprit": culprit, "proof": ProofReached(reached, Proof.PROTOCOL)}
        | more
    )


def failed(reason: str, reached: Proof = Proof.ROUTE, **more: Any) -> Row:
    return one(Verdict.FAIL, reason, reached, **more)


def changed(before: Row, after: Row) -> RowChange:
    (found,) = compare(of(before), of(after), TOOL).rows
    return found


PASS, WARN = one(), one(Verdict.WARN, "TLS_EXPIRES_SOON")
UNPROVEN = one(Verdict.UNPROVEN, "UDP_NO_ANSWER", Proof.ROUTE)
SILENT, REFUSED = failed("TCP_NO_ANSWER"), failed("REFUSED_BY_HOST", Proof.PATH)
MEMBER = Group("push", "chain")
FAILOVER = one(Verdict.WARN, "TCP_NO_ANSWER", Proof.ROUTE, group=MEMBER, findings=[Finding("FAILOVER_USED")])


@pytest.mark.parametrize(
    ("before", "after", "change", "means", "regressed"),
    [
        (PASS, PASS, Change.SAME, "", False),
        (PASS, one(reason="PROTOCOL_REPLY"), Change.SAME, "", False),
        (PASS, WARN, Change.CAUSE_CHANGED, "still-proven-warned", False),
        (WARN, PASS, Change.FIXED, "warning-gone", False),
        (WARN, one(Verdict.WARN, "SMB1_ONLY"), Change.CAUSE_CHANGED, "still-proven-other-warning", False),
        (PASS, SILENT, Change.BROKEN, "proven-to-silence", True),
        (PASS, REFUSED, Change.BROKEN, "proven-to-refusal", True),
        (WARN, failed("TLS_EXPIRED", Proof.TLS), Change.BROKEN, "proven-to-certificate", True),
        (PASS, UNPROVEN, Change.BROKEN, "proven-to-silence", True),
        (PASS, one(Verdict.UNPROVEN, "BUDGET_SPENT", Proof.NONE), Change.BROKEN, "no-longer-proven", True),
        (PASS, one(Verdict.ERROR, "INTERNAL_ERROR", Proof.NONE), Change.BROKEN, "checker-failed", True),
        (UNPROVEN, one(Verdict.ERROR, "INTERNAL_ERROR", Proof.NONE), Change.CAUSE_CHANGED, "checker-failed", False),
        (SILENT, PASS, Change.FIXED, "proven-now", False),
        (UNPROVEN, WARN, Change.FIXED, "proven-now", False),
        (SILENT, REFUSED, Change.CAUSE_CHANGED, "silence-to-refusal", False),
        (REFUSED, SILENT, Change.CAUSE_CHANGED, "refusal-to-silence", False),
        (SILENT, failed("REJECTED_IN_PATH", Proof.ROUTE), Change.CAUSE_CHANGED, "silence-to-rejection", False),
        (SILENT, failed("DNS_NXDOMAIN", Proof.NONE), Change.CAUSE_CHANGED, "less-far", False),
        (failed("DNS_NXDOMAIN", Proof.NONE), SILENT, Change.CAUSE_CHANGED, "farther", False),
        (
            failed("TLS_EXPIRED", Proof.TLS),
            failed("TLS_WRONG_NAME", Proof.TLS),
            Change.CAUSE_CHANGED,
            "other-reason",
            False,
        ),
        (SILENT, UNPROVEN, Change.CAUSE_CHANGED, "no-longer-disproven", False),
        (UNPROVEN, failed("REJECTED_IN_PATH"), Change.BROKEN, "silence-to-rejection", True),
        (
            one(Verdict.UNPROVEN, "REACH_NOT_TESTED"),
            failed("INBOUND_FILTERED", Proof.PROTOCOL),
            Change.BROKEN,
            "disproven-now",
            True,
        ),
        (PASS, one(Verdict.SKIP, "NOT_SELECTED", Proof.NONE), Change.GONE, "not-run", False),
        (one(Verdict.SKIP, "CONDITION_FALSE", Proof.NONE), SILENT, Change.NEW, "now-run", False),
        (one(Verdict.SKIP, "CONDITION_FALSE"), one(Verdict.SKIP, "NOT_SELECTED"), Change.NOT_RUN, "", False),
        (PASS, msgspec.structs.replace(SILENT, required=False), Change.BROKEN, "proven-to-silence", False),
        (msgspec.structs.replace(PASS, required=False), SILENT, Change.BROKEN, "proven-to-silence", True),
        (FAILOVER, msgspec.structs.replace(PASS, group=MEMBER), Change.FIXED, "proven-now", False),
        (
            FAILOVER,
            msgspec.structs.replace(FAILOVER, reason="REFUSED_BY_HOST"),
            Change.CAUSE_CHANGED,
            "silence-to-refusal",
            False,
        ),
        (PASS, failed("A_CODE_OF_A_LATER_VERSION"), Change.BROKEN, "no-longer-proven", True),
    ],
)
def test_a_row(before: Row, after: Row, change: Change, means: str, regressed: bool) -> None:
    found = changed(before, after)
    assert (found.change, found.meaning, found.regressed) == (change, means, regressed)


def test_the_same_fault_elsewhere_is_another_cause_and_another_process_id_or_own_address_is_not() -> None:
    near, far = Where(interval=["10.0.1.1", "10.0.2.2"]), Where(interval=["10.9.9.9", "10.0.2.2"])
    assert changed(failed("TCP_NO_ANSWER", where=near), failed("TCP_NO_ANSWER", where=far)).meaning == "other-place"
    again = [failed("PORT_IN_USE_BY_OTHER", where=Where(process=PortHolder(pid=pid, name="nginx"))) for pid in (7, 8)]
    assert changed(*again).change is Change.SAME
    target = failed("REFUSED_BY_HOST", where=Where(address="protect.corp.local"))
    assert changed(failed("REFUSED_BY_HOST"), target).change is Change.SAME
    assert changed(REFUSED, msgspec.structs.replace(REFUSED, culprit=Culprit.MIDDLEBOX)).meaning == "other-culprit"


def test_more_asked_is_no_worse_wire() -> None:
    """Before installation a path was enough; after it the service is missing."""
    pre = row(verdict=Verdict.PASS, reason="REFUSED_BY_HOST", proof=ProofReached(Proof.PATH, Proof.PATH))
    found = changed(pre, failed("REFUSED_BY_HOST", Proof.PATH))
    assert (found.change, found.meaning, found.regressed) == (Change.BROKEN, "more-asked", True)


def test_a_group_is_one_requirement() -> None:
    def push(port: int, plain: Row) -> Row:
        return msgspec.structs.replace(plain, id=f"agent.push.tcp-{port}", group=MEMBER)

    both = of(push(8883, PASS), push(443, PASS))
    assert compare(both, of(push(8883, FAILOVER), push(443, PASS)), TOOL).summary.exit_code == 0
    assert (
        compare(both, of(push(8883, one(Verdict.UNPROVEN, "BUDGET_SPENT")), push(443, PASS)), TOOL).summary.exit_code
        == 0
    )
    lost = compare(both, of(push(8883, SILENT), push(443, SILENT)), TOOL).summary
    assert (lost.exit_code, len(lost.regressed)) == (1, 2)


def test_what_limits_a_comparison_is_said() -> None:
    before, after = sample("proxy"), sample("redirected")
    later = msgspec.structs.replace(after.run, started_utc="2020-01-01T00:00:00Z", phase=Phase.PRE, complete=False)
    after = msgspec.structs.replace(after, run=later, host=msgspec.structs.replace(after.host, name="other"))
    first = msgspec.structs.replace(after.checks[0], target="elsewhere")
    told = compare(before, msgspec.structs.replace(after, checks=[first, *after.checks[1:]]), TOOL).differences
    assert {"order", "host", "phase", "complete", "target", "redirected"} <= {one.what for one in told}
    assert compare(before, before, TOOL).differences == []


def test_new_and_gone_rows_are_listed_and_are_no_regression() -> None:
    other = failed("TCP_NO_ANSWER", id="agent.x.tcp-1")
    found = compare(of(PASS, msgspec.structs.replace(PASS, id="agent.y.tcp-1")), of(PASS, other), TOOL)
    assert {one.id: (one.change, one.meaning) for one in found.rows if one.change is not Change.SAME} == {
        "agent.x.tcp-1": (Change.NEW, "now-run"),
        "agent.y.tcp-1": (Change.GONE, "not-listed"),
    }
    assert found.summary.exit_code == 0
    with pytest.raises(Incomparable):
        compare(of(PASS), of(other), TOOL)


def test_every_pair_of_endings_has_a_meaning_with_words() -> None:
    samples: list[Row] = [PASS, WARN, FAILOVER, failed("UNHEARD_OF")]
    for codes in _ENDINGS.values():
        code = codes.split()[0]
        samples += [failed(code), one(Verdict.UNPROVEN, code, Proof.NONE), one(Verdict.ERROR, code)]
    seen = {
        meaning(before, after) for before, after in itertools.product([*samples, None], repeat=2) if before or after
    }
    assert seen <= set(MEANING)
    named = {code for codes in _ENDINGS.values() for code in codes.split()}
    assert named <= set(REASONS)
    assert {code for code, one in REASONS.items() if one.rank == "fail"} <= named, "every failure says how it ended"
    assert {one.value for one in Change} == set(CHANGE) == set(COUNT)
    assert set(EXIT) == {0, 1}
    assert len(Ending) == len({ending.value for ending in Ending})


@pytest.mark.parametrize(
    ("before", "after"),
    list(itertools.permutations(["ready", "dropped", "proxy", "inspected", "redirected", "pre"], 2)),
)
def test_kept_reports_compare_and_render(before: str, after: str) -> None:
    found = compare(sample(before), sample(after), TOOL)
    assert {one.what for one in found.differences} <= set(DIFFERENCE)
    assert msgspec.json.decode(FORMATS["json"](found), type=Comparison) == found
    for width, ascii_only in itertools.product((60, 100), (False, True)):
        first, *lines = FORMATS["table"](found, width=width, ascii=ascii_only, verbose=True).decode().splitlines()
        assert ("NO REGRESSION" in first) == (found.summary.exit_code == 0)
        assert all(len(line) <= width and line == line.rstrip() for line in lines)
        for changed_row in found.rows:
            assert changed_row.id[:40] in "".join(line.strip() for line in lines) or changed_row.id[:40] in " ".join(
                lines
            )
