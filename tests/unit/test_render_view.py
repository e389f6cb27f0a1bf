"""The view model: made once for a reader, and every format says the same of it."""

import re

import msgspec
import pytest

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
