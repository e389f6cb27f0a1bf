"""Old facts judged anew: today's facts change nothing, facts that no run wrote break nothing, and what changed is
told."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eset_portcheck import rejudging, render
from eset_portcheck.diagnose import diagnose, with_exit_code
from eset_portcheck.diagnose.proxies import choices
from eset_portcheck.loading import reports
from eset_portcheck.loading.migration import migrated_row
from eset_portcheck.model.report import SCHEMA_VERSION, Report, Row, identified, to_json
from eset_portcheck.model.vocabulary import Phase, Verdict
from tests.unit.sample_reports import HOST, REPORTS, load

CASES = sorted((Path(__file__).parents[1] / "diagnosis" / "cases").glob("*.json"))
BY_HAND = ("no-names",)  # its inbound rows were concluded by the sample, from no facts


def report_of(case: Path) -> Report:
    """A report of one row of the laboratory, as a run of today would have ended."""
    recorded = json.loads(case.read_text())
    sample, phase = load("ready"), Phase(recorded["phase"])
    arguments = ["--role", "agent", "--server", "protect.corp.example"]
    rows, causes, summary = diagnose([msgspec.convert(migrated_row(recorded["row"]), Row)], HOST, phase)
    run = msgspec.structs.replace(sample.run, phase=phase, arguments=arguments, roles=[rows[0].role])
    profiles = [msgspec.structs.replace(sample.profiles[0], role=rows[0].role)]
    made = msgspec.structs.replace(
        sample,
        run=run,
        profiles=profiles,
        host=HOST,
        checks=rows,
        causes=causes,
        summary=summary,
        proxy_choices=choices(rows, HOST),
    )
    return identified(msgspec.structs.replace(made, schema_version=SCHEMA_VERSION))


def read(report: Report) -> Report:
    found = reports.parsed(to_json(report), "report")
    assert (found.intact, found.unknown, found.report) == (True, [], report)
    return found.report


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_everything_that_diagnosis_needs_is_in_the_file(case: Path) -> None:
    report = read(report_of(case))
    anew = rejudging.rejudged(report)
    assert anew.rediagnosis is not None
    assert (anew.rediagnosis.changed, anew.rediagnosis.unchecked) == ([], [])
    assert anew.rediagnosis.also in ([], ["summary"]), "one row is no whole role, so that no summary is better for it"
    assert anew.rediagnosis.missing, "the rest of the role"
    settled = rejudging.rejudged(anew)
    assert rejudging.rejudged(settled) is settled
    assert (anew.checks, anew.causes) == (report.checks, report.causes)
    assert anew.summary.exit_code == (report.summary.exit_code or 3)


def wiped(row: Row) -> Row:
    """Without its conclusion. A reason stays where nothing was run: there it is a fact."""
    bare = {
        "verdict": "unproven",
        "state": "not-tested",
        "culprit": None,
        "confidence": None,
        "where": {},
        "explained_by": None,
    }
    plain = msgspec.to_builtins(row) | bare
    plain["proof"]["reached"] = "none"
    if row.attempts or row.evidence:
        plain |= {"reason": "", "findings": []}
    return msgspec.convert(plain, Row)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_no_conclusion_is_taken_for_a_fact(case: Path) -> None:
    report = report_of(case)
    anew = rejudging.rejudged(msgspec.structs.replace(report, checks=[wiped(row) for row in report.checks]))
    assert (anew.checks, anew.causes) == (report.checks, report.causes)


@pytest.mark.parametrize(
    "name", [path.stem for path in sorted(Path(REPORTS).glob("*.json")) if path.stem not in BY_HAND]
)
def test_whole_reports_stay_what_they_are(name: str) -> None:
    report = rejudging.rejudged(load(name))
    assert report.rediagnosis is None or report.rediagnosis.changed == []
    again = rejudging.rejudged(read(report))
    assert again.rediagnosis is None or (again.rediagnosis.changed, again.rediagnosis.also) == ([], []), (
        "what was judged anew differs in nothing"
    )
    assert (again.checks, again.causes, again.summary) == (report.checks, report.causes, report.summary)
    assert rejudging.rejudged(read(again)) == again


def test_a_row_that_today_is_judged_otherwise_is_listed() -> None:
    report = load("dropped")
    row = next(one for one in report.checks if one.verdict is Verdict.FAIL)
    other = msgspec.structs.replace(row, verdict=Verdict.PASS, reason="CONNECTED")
    anew = rejudging.rejudged(
        msgspec.structs.replace(report, checks=[other if one.id == row.id else one for one in report.checks])
    )
    assert anew.rediagnosis is not None
    assert [(one.id, one.before, one.after) for one in anew.rediagnosis.changed] == [
        (row.id, ["pass", "CONNECTED"], ["fail", row.reason])
    ]
    assert read(anew).rediagnosis == anew.rediagnosis


@pytest.mark.parametrize(("strict", "exit_zero"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("name", ["ready", "dropped", "deployment", "pre"])
def test_the_exit_code_is_judged_as_the_run_asked_for(name: str, strict: bool, exit_zero: bool) -> None:
    report = rejudging.rejudged(load(name))
    summary = with_exit_code(report.summary, strict=strict, exit_zero=exit_zero)
    assert rejudging.rejudged(msgspec.structs.replace(report, summary=summary)).summary == summary
    without = msgspec.structs.replace(summary, verdict=None, strict=None, exit_zero=None)
    of_1_0 = rejudging.rejudged(msgspec.structs.replace(report, summary=without)).summary
    assert (of_1_0.exit_code, of_1_0.ready, of_1_0.verdict) == (summary.exit_code, summary.ready, summary.verdict), (
        "a guess, by how it ended"
    )


def test_an_interrupted_run_stays_interrupted() -> None:
    report = rejudging.rejudged(load("ready"))
    summary = msgspec.structs.replace(report.summary, exit_code=130, ready=False, verdict=Verdict.UNPROVEN)
    assert rejudging.rejudged(msgspec.structs.replace(report, summary=summary)).summary == summary


@pytest.mark.parametrize("junk", [None, 7, "x", [], [[]], {"a": 1}, {"ttl": "x", "from": 5, "port": {}}, 1e308])
def test_facts_that_no_run_wrote_hide_no_other_row(junk: Any) -> None:
    plain = msgspec.to_builtins(load("dropped"))
    spoilt = next(row for row in plain["checks"] if row["verdict"] == "fail")
    for one in spoilt["attempts"]:
        one["reply"] = {"status": junk}
    report = msgspec.convert(plain, Report)
    anew = read(rejudging.rejudged(report))
    assert {row.id: row.reason for row in anew.checks if row.id != spoilt["id"]} == {
        row.id: row.reason for row in report.checks if row.id != spoilt["id"]
    }
    row = next(one for one in anew.checks if one.id == spoilt["id"])
    assert row.verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.UNPROVEN)


def test_a_row_that_the_rules_choke_on_says_where() -> None:
    plain = msgspec.to_builtins(load("dropped"))
    row = next(one for one in plain["checks"] if one["protocol"] == "http" and one["attempts"])
    row["attempts"][0]["reply"]["status"] = "x"
    anew = rejudging.rejudged(msgspec.convert(plain, Report))
    told = next(one for one in anew.checks if one.id == row["id"])
    assert (told.verdict, told.reason, told.culprit) == (Verdict.ERROR, "INTERNAL_ERROR", "checker")
    assert told.findings[0].params.error.split(" at ")[0].endswith("Error")
    assert anew.summary.exit_code in (1, 4)


@pytest.mark.parametrize("roles", [["agent"], ["agent", "of-the-site"], []])
def test_a_report_without_a_row_is_not_ready_whatever_profile_it_leaves_out(roles: list[str]) -> None:
    ready = load("ready")
    bare = msgspec.structs.replace(
        ready, run=msgspec.structs.replace(ready.run, roles=roles), profiles=[], checks=[], causes=[], proxy_choices=[]
    )
    anew = rejudging.rejudged(read(identified(bare)))
    assert (anew.summary.ready, anew.summary.exit_code, anew.summary.verdict) == (False, 3, Verdict.UNPROVEN)
    assert anew.rediagnosis is not None
    assert anew.rediagnosis.unchecked == [role for role in roles if role == "of-the-site"]
    assert ("agent.server.tcp-2222" in anew.rediagnosis.missing) is ("agent" in roles)
    assert ("of-the-site" in anew.rediagnosis.missing, "?" in anew.rediagnosis.missing) == (
        "of-the-site" in roles,
        not roles,
    )
    assert "UNPROVEN" in outcome_line(anew)


def of_another_version(name: str, **changes: Any) -> Report:
    """A report whose profile has another digest, with every row changed."""
    report = load(name)
    return identified(
        msgspec.structs.replace(
            report,
            profiles=[msgspec.structs.replace(one, sha256="0" * 64) for one in report.profiles],
            checks=[msgspec.structs.replace(row, **changes) for row in report.checks],
        )
    )


def test_what_another_version_of_the_profile_did_not_require_is_required_all_the_same() -> None:
    anew = rejudging.rejudged(read(of_another_version("dropped", required=False)))
    assert (anew.summary.verdict, anew.summary.exit_code, anew.summary.ready) == (Verdict.FAIL, 1, False)
    honest = rejudging.rejudged(load("dropped"))
    assert [row.required for row in anew.checks] == [row.required for row in honest.checks]


def test_another_version_of_the_profile_keeps_its_texts_and_may_be_ready() -> None:
    anew = rejudging.rejudged(read(of_another_version("ready", purpose="As it was said then")))
    assert (anew.summary.verdict, anew.summary.ready) == (Verdict.PASS, True)
    assert {row.purpose for row in anew.checks} == {"As it was said then"}


def test_a_role_whose_profile_nobody_here_knows_is_never_ready() -> None:
    ready = load("ready")
    rows = [
        msgspec.structs.replace(row, role="site-own", id=row.id.replace("agent.", "site-own."), required=False)
        for row in ready.checks
    ]
    profiles = [msgspec.structs.replace(one, role="site-own") for one in ready.profiles]
    run = msgspec.structs.replace(ready.run, roles=["site-own"])
    anew = rejudging.rejudged(
        read(identified(msgspec.structs.replace(ready, run=run, profiles=profiles, checks=rows, causes=[])))
    )
    assert (anew.summary.verdict, anew.summary.exit_code, anew.summary.ready) == (Verdict.UNPROVEN, 3, False)
    assert anew.rediagnosis is not None
    assert (anew.rediagnosis.unchecked, anew.rediagnosis.missing) == (["site-own"], [])
    assert "UNPROVEN: The requirements of these roles come only from the file" in outcome_line(anew)


def test_a_role_of_the_run_without_a_row_is_missing_beside_one_that_is_ready() -> None:
    ready = load("ready")
    more = msgspec.structs.replace(
        ready, run=msgspec.structs.replace(ready.run, roles=[*ready.run.roles, "webconsole"])
    )
    anew = rejudging.rejudged(read(identified(more)))
    assert anew.rediagnosis is not None
    assert [one for one in anew.rediagnosis.missing if one.startswith("webconsole.")]
    assert (anew.summary.ready, anew.summary.exit_code) == (False, 3)


def outcome_line(report: Report) -> str:
    return render.FORMATS["table"](report, width=200).decode().splitlines()[0]
