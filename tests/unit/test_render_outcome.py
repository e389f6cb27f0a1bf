"""The overall word and the exit sentence say what the rows say, whatever --strict and --exit-zero made of the code."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from eset_portcheck.diagnose import summary
from eset_portcheck.model.profile import Group
from eset_portcheck.model.report import Report, from_json
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.view import outcome

REPORTS = Path(__file__).parent / "reports"
PEN = RenderContext()


def report(name: str, exit_code: int | None = None, **rows: dict[str, Any]) -> Report:
    """`rows`: the last part of an id with _ for - and ., and what to change in it."""
    made = from_json((REPORTS / f"{name}.json").read_bytes())
    checks = [
        msgspec.structs.replace(row, **rows.get(row.id.partition(".")[2].replace("-", "_").replace(".", "_"), {}))
        for row in made.checks
    ]
    total = summary(checks, interrupted=exit_code == 130)
    code = total.exit_code if exit_code is None else exit_code
    return msgspec.structs.replace(made, checks=checks, summary=msgspec.structs.replace(total, exit_code=code))


LATE = {"verdict": Verdict.UNPROVEN, "reason": "BUDGET_SPENT"}
OURS = {"verdict": Verdict.ERROR, "reason": "INTERNAL_ERROR"}
ADVISORY = {"verdict": Verdict.FAIL, "reason": "TCP_NO_ANSWER", "required": False}


@pytest.mark.parametrize(
    ("made", "word", "verdict", "sentence"),
    [
        (report("ready"), "ready", Verdict.PASS, "exit code 0: all required checks passed"),
        (report("families"), "warned", Verdict.WARN, "exit code 0: all required checks passed"),
        (report("dropped"), "not-ready", Verdict.FAIL, "exit code 1: at least one required check failed"),
        (report("dropped", 0), "not-ready", Verdict.FAIL, "exit code 0: --exit-zero was given; otherwise 1"),
        (report("families", 1), "warned", Verdict.WARN, "exit code 1: nothing required failed, but --strict counts"),
        (report("redirected"), "partial", Verdict.UNPROVEN, "exit code 0: all selected checks passed; not selected: 1"),
        (report("ready", 130), "interrupted", Verdict.UNPROVEN, "exit code 130: interrupted"),
        (report("ready", 3, server_tcp_2222=LATE), "unproven", Verdict.UNPROVEN, "exit code 3: "),
        (
            report("ready", 4, server_tcp_2222=OURS),
            "checker-failed",
            Verdict.ERROR,
            "exit code 4: ",
        ),
        # not required: it does not count, but a fault of ours always does
        (
            report("ready", 0, server_tcp_2222=ADVISORY),
            "ready",
            Verdict.PASS,
            "exit code 0: ",
        ),
        # the other member of the group is proven
        (report("ready", 0, push_tcp_8883=LATE), "ready", Verdict.PASS, "exit code 0: "),
    ],
)
def test_overall(made: Report, word: str, verdict: Verdict, sentence: str) -> None:
    assert outcome.overall(made) == (word, verdict)
    assert outcome.exit_sentence(made, PEN).startswith(sentence)


def test_a_group_of_another_role_proves_nothing() -> None:
    changed = {"role": "bridge", "verdict": Verdict.UNPROVEN, "reason": "BUDGET_SPENT", "group": Group("push", "chain")}
    assert outcome.overall(report("ready", 3, push_tcp_8883=changed))[0] == "unproven"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_verdict_is_the_reports_own_whatever_its_rows_say(verdict: Verdict) -> None:
    made = report("ready")
    told = msgspec.structs.replace(made, summary=msgspec.structs.replace(made.summary, verdict=verdict))
    assert outcome.overall(told)[1] is (Verdict.UNPROVEN if verdict is Verdict.SKIP else verdict)


def test_a_report_that_holds_no_verdict_is_never_called_ready() -> None:
    made = report("ready")
    bare = msgspec.structs.replace(made.summary, verdict=None, strict=None, exit_zero=None)
    assert outcome.overall(msgspec.structs.replace(made, summary=bare)) == ("unproven", Verdict.UNPROVEN)


def first(made: Report) -> str:
    return outcome.first_line(made, PEN).text


def test_the_first_line_holds_role_host_verdict_cause_and_command() -> None:
    assert first(report("dropped")) == (
        "agent on pc-0427.corp.example: NOT READY: No answer from protect.corp.example on TCP 2222 [TCP_NO_ANSWER]; test again: "
        "eset-portcheck check --role agent --server protect.corp.example --only agent.server.tcp-2222"
    )
    assert first(report("ready")).endswith(
        "READY: all required checks passed; test again: eset-portcheck check --role agent --server protect.corp.example"
    )


def test_the_first_line_says_under_which_limits() -> None:
    assert ": READY (before installation): " in first(report("pre"))
    assert ": PARTIAL RUN: PASSED (test override): " in first(report("redirected"))


def test_many_explained_rows_do_not_make_a_long_command() -> None:
    assert "--only" not in first(report("no-names"))
    assert "[DNS_TIMEOUT]" in first(report("no-names"))


def test_an_unproven_run_names_its_first_unproven_row() -> None:
    line = first(report("ready", 3, server_tcp_2222=LATE))
    assert "UNPROVEN: " in line
    assert "[BUDGET_SPENT]" in line
    assert line.endswith("--only agent.server.tcp-2222")
