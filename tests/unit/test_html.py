"""The report as a page: its structure is kept in golden/html.txt, nothing in it runs or loads, and every value of a
report is inert.

UPDATE_GOLDEN=1 python -m pytest tests/unit/test_html.py     writes that file anew; read the difference before you
commit it
"""

import base64
import hashlib
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from eset_portcheck import render
from eset_portcheck.model.report import Changed, Redaction, Rediagnosis, Report, from_json
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render import html
from eset_portcheck.render.html import anchors
from tests.unit import sample_reports
from tests.unit.test_render_hostile import PAYLOADS, hostile

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "reports").glob("*.json"))
VOID = {"meta", "br", "input", "rect", "path"}
_KNOWN = (
    "html head meta title style body a header main footer p div section span b i em h1 h2 h3 h4 small ul ol li dl dt dd br code table caption thead tbody tr th td"
    " details summary fieldset legend input label svg g rect path text desc"
)
KNOWN = set(_KNOWN.split())
LIMIT_BYTES = 80_000


def report(name: str) -> Report:
    return from_json((HERE / "reports" / f"{name}.json").read_bytes())


class Page(HTMLParser):
    """Tags with attributes, ids, links, text; raises where tags do not nest."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self._outline: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), "an attribute twice"
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.text.append(data)
            if (
                self._open
                and self._open[-1] in ("h1", "h2", "h3", "em", "span")
                and data.strip()
                and {"h1", "h2", "h3"} & set(self._open)
            ):
                self._outline.append(data.strip())

    @property
    def said(self) -> str:
        return " ".join("".join(self.text).split())

    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.tags if "id" in attributes]

    def outline(self) -> list[str]:
        return self._outline


def page(name: str, language: str = "en") -> Page:
    return Page(html.render(report(name), language=language))


def test_the_structure_is_as_kept() -> None:
    kept = HERE / "golden" / "html.txt"
    shown = "".join(f"== {name}\n" + "".join(f"{line}\n" for line in page(name).outline()) for name in NAMES)
    if os.environ.get("UPDATE_GOLDEN"):
        kept.write_text(shown, encoding="utf-8")
    assert shown == kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_runs_and_nothing_is_loaded(name: str, language: str) -> None:
    source = html.render(report(name), language=language)
    found = Page(source)
    assert source.startswith("<!doctype html>\n")
    assert found.tags[0] == ("html", {"lang": language})
    assert {tag for tag, _ in found.tags} <= KNOWN
    for _, attributes in found.tags:
        assert not [
            one
            for one in attributes
            if one.startswith("on") or one in ("style", "src", "srcset", "action", "formaction", "xlink:href")
        ]
        assert str(attributes.get("href", "#")).startswith("#")
    style = source.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"url\(|@import|expression|<", style)


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_admits_this_style_sheet_and_nothing_else(name: str) -> None:
    source = html.render(report(name))
    (policy,) = [
        attributes["content"]
        for tag, attributes in Page(source).tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    style = source.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert source.count("<style>") == 1
    assert "\n" not in style


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere_and_every_name_is_one(name: str) -> None:
    found = page(name)
    ids = found.ids()
    assert len(ids) == len(set(ids))
    assert {str(attributes["href"])[1:] for tag, attributes in found.tags if tag == "a"} <= set(ids)
    assert {str(attributes["for"]) for tag, attributes in found.tags if tag == "label"} <= set(ids)
    assert set(anchors.of_rows(report(name))) <= set(ids)


@pytest.mark.parametrize("name", NAMES)
def test_an_agents_page_is_small(name: str) -> None:
    assert len(render.FORMATS["html"](report(name), width=100, ascii=False, colour=False)) <= LIMIT_BYTES


@pytest.mark.parametrize("language", ["en", "es"])
def test_so_is_that_of_an_agent_in_the_worst_of_networks(language: str) -> None:
    site = {"server": "protect.corp.example", "proxy": "bridge-01.corp.example"}
    assert (
        len(html.render(sample_reports.report_of(["agent"], site, sample_reports.silent), language=language).encode())
        <= LIMIT_BYTES
    )


def test_it_says_who_how_sure_what_to_ask_and_how_to_test_again() -> None:
    said = page("dropped").said
    for wanted in (
        "NOT READY agent on pc-0427.corp.example",
        "Who can fix it network team",
        "Certainty the failure is certain; its cause cannot be found from here",
        "Where it is between 10.30.0.9 and 10.20.0.15",
        "Request to paste Please allow TCP 2222 from 10.31.4.27 to protect.corp.example (10.20.0.15)",
        "Test after the change: eset-portcheck check --role agent --server protect.corp.example --only agent.server.tcp-2222",
        "This proves The service is the expected one, by its content or by its certificate.",
        "This does not prove Whether it would accept this client's account or licence: there was no login.",
        "report 00000000",
    ):
        assert wanted in said, wanted


def test_what_was_not_reached_is_said_in_words() -> None:
    said = page("dropped").said
    assert "DNS done, TCP ✗ FAIL, TLS not reached" in said
    assert "DNS done, TCP done, TLS ! WARN, MQTT not reached" in said


def test_the_stage_that_the_verdict_is_about_is_marked_also_where_it_went_through() -> None:
    broke = re.findall(r'<tr class="broke"><td>([^<]*)', html.render(report("inspected")))
    assert set(broke) == {"TLS handshake"}
    assert re.findall(r'<tr class="broke"><td>([^<]*)', html.render(report("ready"))) == []


def test_a_whole_report_in_spanish() -> None:
    found = page("dropped", "es")
    assert "NO LISTO" in found.said
    assert "Solicitud para pegar" in found.said
    assert "Request to paste" not in found.said


def test_evidence_of_what_failed_is_open_the_rest_is_folded() -> None:
    made = report("dropped")
    source = html.render(made)
    assert source.count("<details open>") == sum(row.verdict in (Verdict.FAIL, Verdict.ERROR) for row in made.checks)


def test_a_report_without_rows_is_a_page_too() -> None:
    empty = msgspec.structs.replace(report("ready"), checks=[], causes=[], profiles=[])
    assert "No check was run." in Page(html.render(empty)).said


def test_what_was_redacted_and_what_was_judged_anew_is_said() -> None:
    made = report("dropped")
    changed = [Changed("agent.server.tcp-2222", ["pass", "CONNECTED"], ["fail", "TCP_NO_ANSWER"])]
    made = msgspec.structs.replace(
        made, redaction=Redaction("strict", {"name": 3, "mac": 1}), rediagnosis=Rediagnosis("9.9.9", changed)
    )
    said = Page(html.render(made)).said
    assert "1 row has another result by the rules of 9.9.9" in said
    assert "agent.server.tcp-2222: pass CONNECTED → fail TCP_NO_ANSWER" in said
    assert "Values replaced here name 3, mac 1" in said
    assert "Also replaced by pseudonyms" in said
    assert "--redact strict" not in said


def test_ids_that_are_no_names_or_come_twice_get_one() -> None:
    made = report("ready")
    rows = [
        msgspec.structs.replace(made.checks[0], id=one)
        for one in ("agent.a.tcp-1", "agent.a.tcp-1", 'x" onclick="y', "checks", "agent.b.tcp-1 ")
    ]
    assert anchors.of_rows(msgspec.structs.replace(made, checks=rows)) == [
        "agent.a.tcp-1",
        "row-2",
        "row-3",
        "row-4",
        "row-5",
    ]


def test_a_code_of_a_newer_version_is_shown_as_it_is() -> None:
    made = report("ready")
    rows = [
        msgspec.structs.replace(made.checks[0], reason="BRAND_NEW", verdict=Verdict.FAIL),
        msgspec.structs.replace(made.checks[1], reason="<b>", verdict=Verdict.FAIL),
    ]
    found = Page(html.render(msgspec.structs.replace(made, checks=rows)))
    assert "code-BRAND_NEW" in found.ids()
    assert "<b>" in found.said


MARKUP = {
    "script": "</style></title></script><script>alert(1)</script>",
    "attribute": "\"'><img src=x onerror=alert(1)>",
    "template": "{{ 7919 * 6577 }}{% raw %}${1}",
    "entity": "&lt;b&gt;&#x3c;",
    "comment": "<!--",
    "link": "javascript:alert(1)",
}


@pytest.mark.parametrize("payload", (PAYLOADS | MARKUP).values(), ids=PAYLOADS | MARKUP)
@pytest.mark.parametrize("name", ["inspected", "no-names", "deployment", "redirected"])
def test_whatever_a_report_holds_is_text(name: str, payload: str) -> None:
    source = html.render(hostile(name, payload))
    found = Page(source)
    assert {tag for tag, _ in found.tags} <= KNOWN
    assert all(sign.isprintable() or sign == "\n" for sign in source)
    assert not [
        one for _, attributes in found.tags for one in attributes if one.startswith("on") or one in ("src", "style")
    ]
    assert all(str(attributes.get("href", "#")).startswith("#") for _, attributes in found.tags)
    assert "52083263" not in found.said or payload != MARKUP["template"]
    assert len(source) < 400_000


def test_numbers_that_nobody_measured_draw_nothing_strange() -> None:
    made = report("dropped")
    rows = []
    for number, row in enumerate(made.checks):
        odd = [1e308, -1.0, 1e-300, 0.0][number % 4]
        attempts = [
            msgspec.structs.replace(
                one, stages=[msgspec.structs.replace(stage, started_s=odd, duration_s=odd) for stage in one.stages]
            )
            for one in row.attempts
        ]
        rows.append(msgspec.structs.replace(row, duration_s=odd, attempts=attempts))
    source = html.render(msgspec.structs.replace(made, checks=rows))
    assert not re.search(r'="(-?inf|nan|[\d.]+e[+-]?\d+)"', source)
    assert all(
        float(attributes["width"]) >= 0
        for tag, attributes in Page(source).tags
        if tag == "rect" and "width" in attributes
    )
