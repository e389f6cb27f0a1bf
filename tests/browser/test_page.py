"""The page as a reader has it before them: light, dark, narrow, on paper, without its style sheet, by keyboard, by a
link. No script takes part."""

import re
from pathlib import Path

import pytest

from eset_portcheck.model.report import Report, from_json
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render import html
from tests.browser.conftest import Show, printed
from tests.unit.test_html import MARKUP
from tests.unit.test_render_hostile import PAYLOADS, hostile

REPORTS = Path(__file__).parents[1] / "unit" / "reports"
NAMES = sorted(path.stem for path in REPORTS.glob("*.json"))
ROWS = ".matrix > tbody"


def report(name: str) -> Report:
    return from_json((REPORTS / f"{name}.json").read_bytes())


def source(name: str, language: str = "en") -> str:
    return html.render(report(name), language=language)


def colour(page, selector: str, what: str = "background-color") -> tuple[int, ...]:
    told = page.locator(selector).first.evaluate(f"one => getComputedStyle(one)['{what}']")
    return tuple(int(part) for part in re.findall(r"\d+", told)[:3])


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_nothing_and_the_policy_stops_nothing(show: Show, name: str) -> None:
    page = show(source(name))
    assert page.trouble == []
    assert colour(page, "body") == (246, 247, 248), "the style sheet was admitted"


def test_dark_follows_the_system(show: Show) -> None:
    light, dark = show(source("dropped")), show(source("dropped"), color_scheme="dark")
    assert sum(colour(light, "body")) > 600
    assert sum(colour(dark, "body")) < 100
    assert sum(colour(dark, "h1 span", "color")) > 600
    assert colour(light, ".w.fail", "stroke") != colour(dark, ".w.fail", "stroke")


@pytest.mark.parametrize(("name", "language"), [*((name, "es") for name in NAMES), ("proxy", "en")])
def test_on_a_phone_the_page_never_scrolls_sideways(show: Show, name: str, language: str) -> None:
    page = show(source(name, language), viewport={"width": 360, "height": 740})
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("payload", ["long", "wide", "ansi", "option"])
def test_text_of_strangers_breaks_no_layout(show: Show, payload: str) -> None:
    for width in (360, 1280):
        page = show(html.render(hostile("proxy", PAYLOADS[payload])), viewport={"width": width, "height": 740})
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("payload", MARKUP)
def test_text_of_strangers_does_nothing(show: Show, payload: str) -> None:
    page = show(html.render(hostile("inspected", MARKUP[payload])))
    assert page.trouble == []
    assert page.locator("script, img, iframe, object").count() == 0


def test_filters_work_by_keyboard_and_without_script(show: Show) -> None:
    page = show(source("proxy"), java_script_enabled=False)
    rows = report("proxy").checks
    assert page.locator(f"{ROWS}:visible").count() == len(rows)
    page.locator("#show-all").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#show-open").is_checked()
    assert page.locator(f"{ROWS}:visible").count() == sum(row.verdict is not Verdict.PASS for row in rows)
    page.get_by_text("Failed 2").click()
    assert page.locator(f"{ROWS}:visible").count() == 2
    page.get_by_text("Required 4").click()
    assert page.locator(f"{ROWS}:visible").count() == sum(row.required for row in rows)
    page.get_by_text(f"All {len(rows)}").click()
    assert page.locator(f"{ROWS}:visible").count() == len(rows)


def in_view(page, name: str) -> bool:
    box = page.locator(f'[id="{name}"]').bounding_box()
    return box is not None and box["height"] > 0 and box["y"] < 900 and box["y"] + box["height"] > 0


@pytest.mark.parametrize(
    "name",
    ["agent.repository.tcp-80", "agent.proxy.tcp-3128.get-repository", "code-TCP_NO_ANSWER", "cause-1", "checks"],
)
def test_a_link_opens_what_it_names(show: Show, name: str) -> None:
    """A passing row, a skipped one, a code, a cause: folded or not, they are there to read. The row's own line stands
    above its evidence."""
    page = show(source("dropped"), f"#{name}", java_script_enabled=False)
    assert in_view(page, name)
    if name == "agent.repository.tcp-80":
        box = page.locator(ROWS, has=page.locator(f'[id="{name}"]')).bounding_box()
        assert box is not None
        assert box["y"] >= 0


def test_a_link_within_the_page_opens_evidence_too(show: Show) -> None:
    page = show(source("dropped"), java_script_enabled=False)
    assert not page.locator('[id="agent.push.tcp-8883"]').is_visible()
    page.locator('.cause a[href="#agent.push.tcp-8883"]').click()
    assert in_view(page, "agent.push.tcp-8883")


def test_everything_that_reacts_is_reached_by_keyboard(show: Show) -> None:
    page = show(source("dropped"))
    wanted = page.locator("a, summary, input:checked, .fig").count()
    reached = []
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        place = page.evaluate(
            """() => { const one = document.activeElement, box = one.getBoundingClientRect();
                return one === document.body ? null : [[...document.querySelectorAll('*')].indexOf(one), getComputedStyle(one).outlineStyle, box.width * box.height] }"""
        )
        if place is None or place[0] in [one[0] for one in reached]:
            break
        reached.append(place)
    folded = page.locator("details:not([open]) :is(a, .fig)").count()
    assert len(reached) == wanted - folded
    assert [one[0] for one in reached] == sorted(one[0] for one in reached), "in the order of reading"
    assert all(size > 0 for _, _, size in reached)
    page.locator("summary").first.focus()
    summary = page.locator(".ev summary").nth(1)
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator('[id="agent.repository.tcp-80"]').is_visible()


def test_the_first_stop_leads_past_the_causes(show: Show) -> None:
    page = show(source("dropped"), java_script_enabled=False)
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    assert skip.evaluate("one => one === document.activeElement")
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    assert in_view(page, "checks")


@pytest.mark.parametrize(("name", "most"), [("ready", 4), ("dropped", 5), ("proxy", 6), ("no-names", 7)])
def test_on_paper(show: Show, tmp_path: Path, name: str, most: int) -> None:
    """Light whatever the system says; evidence of what did not pass is printed though it was folded, of what passed it
    is not."""
    page = show(source(name), color_scheme="dark")
    pages, text = printed(page, tmp_path)
    assert pages <= most
    assert sum(colour(page, "body")) > 700
    flat = " ".join(text.split())
    made = report(name)
    assert made.host.name in flat
    assert ("Request to paste" in flat) == bool(made.causes)
    assert "Connections" in flat
    folded = sum(row.verdict not in (Verdict.PASS, Verdict.SKIP) for row in made.checks)
    assert flat.count("To prove:") == folded
    assert "Skip to the checks" not in flat


def test_nothing_is_cut_off_at_the_edge_of_the_paper(show: Show) -> None:
    page = show(source("proxy"), viewport={"width": 703, "height": 1000})  # 210 mm less two margins of 12 mm, at 96 dpi
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 703


@pytest.mark.parametrize("name", NAMES)
def test_without_its_style_sheet(show: Show, name: str) -> None:
    """As a ticket system shows it that strips styles: all texts in their order, and no controls that would do
    nothing."""
    made = source(name)
    page = show(re.sub(r"<style>.*?</style>", "", made, flags=re.DOTALL))
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.locator("input:visible").count() == 0
    heads = [one.strip() for one in page.locator("h2, h4").all_inner_texts()]
    wanted = [
        "What to do",
        "One line for the ticket",
        "Connections",
        "Checks",
        "Time spent",
        "This machine",
        "Codes in this report",
        "About this report",
    ]
    assert [one for head in heads for one in wanted if head.startswith(one)] == wanted
    text = page.locator("body").inner_text()
    for row in report(name).checks:
        if row.verdict is not Verdict.SKIP:
            assert row.reason in text
            assert row.target == "this-host" or row.target in text
