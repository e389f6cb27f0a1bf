"""The view model: made once for a reader, and every format says the same of it."""

import re

import msgspec
import pytest
from rich.cells import cell_len

from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render import FORMATS, html, markdown, view
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.view import View
from eset_portcheck.render.wording.track import furthest
from tests.unit.sample_reports import REPORTS, load
from tests.unit.test_render_markdown import read, rows

SAMPLES = sorted(path.stem for path in REPORTS.glob("*.json"))


@pytest.mark.parametrize("form", ["table", "md", "html", "csv"])
def test_each_part_is_made_once(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(name: str, made):
        return lambda *arguments: (calls.append(name), made(*arguments))[1]

    for module, name in (
        (view.issues, "causes"),
        (view.issues, "ungrouped"),
        (view.outcome, "first_line"),
        (view.notes, "notes"),
        (view, "lanes"),
    ):
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    FORMATS[form](load("proxy"), width=100, verbose=True)
    assert sorted(calls) == sorted(set(calls))
    assert calls or form == "csv"


@pytest.mark.parametrize("name", SAMPLES)
def test_markdown_and_page_name_the_same_target_and_port(name: str) -> None:
    """Behind a proxy, the destination's port and not the proxy's."""
    report = load(name)
    shown = {
        one.row.id: (one.target, f"{one.port}/{one.row.transport.value}")
        for one in View(report, RenderContext()).tested
    }
    cells = {line[-1]: (line[2], line[3]) for line in rows(read(markdown.render(report)))[1:]}
    assert {key: cells[key] for key in shown} == shown
    page = html.render(report)
    for _, port in shown.values():
        assert re.search(rf'<td role="cell" class="m">{port}\*?</td>', page)


def test_a_destination_behind_a_proxy_has_its_own_port_in_markdown() -> None:
    ports = {line[-1]: line[3] for line in rows(read(markdown.render(load("proxy"))))[1:]}
    assert ports["agent.proxy.tcp-3128.connect-server"] == "2222/tcp"
    assert ports["agent.proxy.tcp-3128.get-repository"] == "80/tcp"


def test_stages_are_in_the_readers_language_in_every_format() -> None:
    said = markdown.render(load("no-names"), language="es")
    assert "FIREWALL" in said
    assert not re.search(r"\| PORT[ ✗?!…]", said)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("form", ["md", "table"])
def test_an_issue_stands_where_its_verdict_belongs(name: str, form: str) -> None:
    """A warning is nothing unproven, and a failure without a cause is wrong all the same."""
    report = load(name)
    said = FORMATS[form](report, width=200, verbose=True).decode()
    if form == "md":
        said = said.replace("\\", "")
    titles = {
        "What is wrong": (Verdict.FAIL, Verdict.ERROR),
        "Not proven from here": (Verdict.UNPROVEN,),
        "Warnings": (Verdict.WARN,),
    }
    parts = re.split(
        r"^(?:### )?(What is wrong|Not proven from here|Warnings|Also seen)$", said, flags=re.MULTILINE | re.IGNORECASE
    )
    by_title = dict(zip([one.capitalize() for one in parts[1::2]], parts[2::2], strict=True))
    for issue in View(report, RenderContext(verbose=True)).issues:
        title = next(title for title, verdicts in titles.items() if issue.verdict in verdicts)
        assert issue.headline.replace("`", "") in by_title[title].replace("`", ""), (issue.headline, title)


def unproven_families() -> Report:
    report = load("families")
    checks = [
        msgspec.structs.replace(row, verdict=Verdict.UNPROVEN, reason="REFUSED_ORIGIN_UNKNOWN")
        if len({attempt.failed is None for attempt in row.attempts}) > 1
        else row
        for row in report.checks
    ]
    assert checks != report.checks
    return msgspec.structs.replace(report, checks=checks)


def test_an_address_of_an_unproven_row_is_no_failure() -> None:
    report = unproven_families()
    found = [one for one in View(report, RenderContext()).tested if one.row.reason == "REFUSED_ORIGIN_UNKNOWN"]
    assert found
    assert {address.verdict for one in found for address in one.addresses} == {Verdict.UNPROVEN}
    page = html.render(report)
    for one in found:
        assert furthest(one.row) is not None
        assert not any(f"✗ {address.address}" in page for address in one.addresses)


def test_a_report_with_an_id_twice_shows_both_rows() -> None:
    report = load("ready")
    twice = msgspec.structs.replace(report, checks=[*report.checks, *report.checks])
    assert len(View(twice, RenderContext(verbose=True)).rows) == 2 * len(report.checks)


@pytest.mark.parametrize("form", ["table", "md", "html"])
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    ("reason", "is_known"),
    [
        ("INTERRUPTED", False),
        ("BUDGET_SPENT", False),
        ("INTERNAL_ERROR", False),
        ("VALUE_MISSING", True),
        ("NOT_BUILT", True),
    ],
)
def test_nothing_was_sent_is_true_of_the_wire(form: str, language: str, reason: str, is_known: bool) -> None:
    """A row that was stopped midway has sent its SYNs, or its bug came after them."""
    report = load("ready")
    verdict = Verdict.ERROR if reason == "INTERNAL_ERROR" else Verdict.UNPROVEN
    stopped = msgspec.structs.replace(
        report.checks[0], verdict=verdict, reason=reason, attempts=[], evidence=[], findings=[]
    )
    said = FORMATS[form](
        msgspec.structs.replace(report, checks=[stopped], causes=[]), width=300, language=language
    ).decode()
    words = {
        "en": ("nothing was sent", "packets may have been sent"),
        "es": ("no se envió nada", "que se hayan enviado paquetes"),
    }
    nothing, perhaps = (phrase in said for phrase in words[language])
    assert (nothing, perhaps) == ((True, False) if is_known else (False, True))


def last_lines(name_or_report: str | Report, **settings: object) -> list[str]:
    """The block after the last empty line."""
    report = load(name_or_report) if isinstance(name_or_report, str) else name_or_report
    return (
        FORMATS["table"](report, **({"width": 100} | settings)).decode().rstrip("\n").rpartition("\n\n")[2].splitlines()
    )


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_end_says_it_all_in_three_lines(name: str, width: int, quiet: bool, language: str) -> None:
    report = load(name)
    shown = View(report, RenderContext(language=language))
    lines = last_lines(name, width=width, quiet=quiet, language=language)
    assert 2 <= len(lines) <= 3
    assert all(cell_len(line) <= width for line in lines)
    assert shown.first_line.word[:20] in lines[0]
    assert lines[-1].startswith("next: " if language == "en" else "siguiente: ")
    assert (len(lines) == 3) == (shown.verdict is not Verdict.PASS)


def test_the_end_names_causes_with_their_numbers_and_how_many_more() -> None:
    wide = last_lines("roles", width=400)
    causes = [issue for issue in View(load("roles"), RenderContext()).causes if issue.is_broken]
    assert [part[0] for part in wide[1].split("; ")] == [issue.number for issue in causes]
    report = load("dropped")
    many = msgspec.structs.replace(report, causes=[report.causes[0]] * 3)
    assert last_lines(many, width=60)[1] == "1 No answer from protect.corp.example on TCP 2222 and 2 more"


def test_the_next_step_is_about_what_decides() -> None:
    """A warning comes first among the causes, but the run is unproven for another reason."""
    lines = last_lines("deployment")
    assert "ADMIN$" in lines[1]
    assert "rejects" not in lines[1]


def test_an_interrupted_run_is_to_be_run_again() -> None:
    report = load("ready")
    stopped = msgspec.structs.replace(report, summary=msgspec.structs.replace(report.summary, exit_code=130))
    assert last_lines(stopped)[-1].startswith("next: eset-portcheck check --role agent")


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("language", ["en", "es"])
def test_quiet_has_five_lines_a_cause(name: str, width: int, language: str) -> None:
    report = load(name)
    text = FORMATS["table"](report, width=width, quiet=True, language=language).decode()
    body = text.split("\n\n", 1)[1].rpartition("\n\n")[0]
    entries = re.findall(r"^(?:\d+|[^\w\s]) .*\n(?:  .*\n)*", body + "\n", re.MULTILINE)
    issues = View(report, RenderContext(language=language)).issues
    assert len(entries) == len(issues)
    assert all(len(entry.splitlines()) <= 5 for entry in entries)
    for issue in issues:
        assert issue.code in body
        assert issue.again in body, "one line, whole"
    assert all(cell_len(line) <= width or "eset-portcheck" in line for line in body.splitlines())


@pytest.mark.parametrize(("language", "said"), [("en", ", and 2 more causes; "), ("es", ", y 2 causas más; ")])
def test_the_first_line_says_how_many_more_causes_there_are(language: str, said: str) -> None:
    report = load("dropped")
    broken = next(cause for cause in report.causes)
    many = msgspec.structs.replace(report, causes=[broken] * 3)
    first = FORMATS["table"](many, width=100, language=language).decode().splitlines()[0]
    assert f"[TCP_NO_ANSWER]{said}" in first
    assert said.removesuffix("; ") in FORMATS["md"](many, language=language).decode().replace("\\", "")
    assert (
        FORMATS["html"](many, language=language).decode().count(said.removesuffix("; ")) == 2
    )  # headline, ticket line


def test_a_warning_is_no_second_reason_for_a_failure() -> None:
    report = load("dropped")
    assert len(report.causes) > 1
    failed = {row.id for row in report.checks if row.verdict is Verdict.FAIL}
    assert not failed & {row for cause in report.causes[1:] for row in cause.explains}
    assert "more cause" not in View(report, RenderContext()).first_line.text


def test_the_first_line_counts_unproven_rows() -> None:
    report = load("ready")
    checks = [msgspec.structs.replace(row, verdict=Verdict.UNPROVEN, reason="BUDGET_SPENT") for row in report.checks]
    some = [row for row in checks if row.required][:3]
    summary = msgspec.structs.replace(report.summary, verdict=Verdict.UNPROVEN, exit_code=3)
    line = View(msgspec.structs.replace(report, checks=some, summary=summary), RenderContext()).first_line.text
    assert "[BUDGET_SPENT], and 2 more rows; test again: " in line
