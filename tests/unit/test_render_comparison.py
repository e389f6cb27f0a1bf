"""A comparison in each format, read back by a foreign parser where there is one."""

import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from markdown_it import MarkdownIt

from eset_portcheck.comparing import compare
from eset_portcheck.model.comparison import Comparison
from eset_portcheck.model.report import Tool, from_json
from eset_portcheck.render.comparison import FORMATS
from eset_portcheck.texts.language import LANGUAGES

REPORTS = Path(__file__).parent / "reports"
PAIRS = list(itertools.permutations(["ready", "dropped", "proxy", "inspected", "redirected"], 2))


def compared(before: str, after: str) -> Comparison:
    one, other = (from_json((REPORTS / f"{name}.json").read_bytes()) for name in (before, after))
    return compare(one, other, Tool("eset-portcheck", "0"))


class Page(HTMLParser):
    """Tags as they nest, and the text."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_html_is_whole_and_loads_nothing(before: str, after: str) -> None:
    found = compared(before, after)
    for language in LANGUAGES:
        text = FORMATS["html"](found, language=language).decode()
        page = Page(text)
        assert page.open == []
        names = {name for name, _ in page.tags}
        assert not names & {"script", "img", "link", "iframe", "object", "form", "base"}
        assert not [
            attrs for _, attrs in page.tags for key in attrs if key.startswith("on") or key in ("src", "href", "style")
        ]
        assert next(attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv")).startswith(
            "default-src 'none'; style-src 'sha256-"
        )
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids)) == len(found.rows)
        assert all(row.id in page.text for row in found.rows)
        assert len(text) < 80_000


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_markdown_reads_back(before: str, after: str) -> None:
    found = compared(before, after)
    text = FORMATS["md"](found, verbose=True).decode()
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows = sum(token.type == "tr_open" for token in tokens)
    heads = sum(token.type == "thead_open" for token in tokens)
    assert rows - heads == len(found.rows)
    shown = "".join(token.content for token in tokens if token.type == "inline")
    assert all(row.id in shown.replace("\\", "") for row in found.rows)
    short = FORMATS["md"](found, quiet=True).decode()
    assert len(short) < len(text)


def test_same_rows_are_folded() -> None:
    found = compared("ready", "dropped")
    assert "-v" in FORMATS["table"](found, width=100).decode()
    assert "<details><summary>" in FORMATS["html"](found).decode()


def test_nothing_english_is_left_in_spanish() -> None:
    for name in ("table", "md", "html"):
        told = FORMATS[name](compared("ready", "dropped"), language="es", width=100).decode()
        told = Page(told).text if name == "html" else told
        assert not re.search(r"\b(silent now|two runs|broken|no longer checked|exit code)\b", told, re.IGNORECASE), name


def test_json_is_the_comparison() -> None:
    found = compared("ready", "dropped")
    told = json.loads(FORMATS["json"](found))
    assert (told["kind"], told["summary"]["exit_code"], len(told["rows"])) == ("comparison", 1, len(found.rows))


@pytest.mark.parametrize("form", ["table", "md", "html"])
@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "between this host and protect.corp.example"), ("es", "entre este equipo y protect.corp.example")],
)
def test_an_interval_is_named_by_both_its_ends(form: str, language: str, said: str) -> None:
    """This host alone is not where a packet was lost, and neither is the last router that answered."""
    found = compared("ready", "dropped")
    row = next(row for row in found.rows if row.id == "agent.server.tcp-2222")
    assert row.after is not None
    for first in ("this host", "10.0.0.1"):
        after = msgspec.structs.replace(row.after, place=first, interval=[first, "protect.corp.example"])
        made = msgspec.structs.replace(found, rows=[msgspec.structs.replace(row, after=after)])
        text = FORMATS[form](made, language=language, width=300).decode().replace("\\", "")
        text = " ".join((Page(text).text if form == "html" else text).split())
        assert (
            said.replace("this host", first).replace("este equipo", "este equipo" if first == "this host" else first)
            in text
        )
        assert f"({first})" not in text
        assert "(este equipo)" not in text


def test_the_comparison_holds_both_ends_of_an_interval() -> None:
    row = next(row for row in compared("ready", "dropped").rows if row.id == "agent.server.tcp-2222")
    assert row.after is not None
    assert (row.after.place, row.after.interval[0]) == (row.after.interval[0], row.after.place)
    assert row.after.interval[-1] == "10.20.0.15"
    assert row.before is not None
    assert row.before.interval == []
