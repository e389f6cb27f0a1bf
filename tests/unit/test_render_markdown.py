"""Markdown, read back by markdown-it (CommonMark and GitHub's additions): the same rows, and nothing that a peer could
have written into it."""

import re
from pathlib import Path

import msgspec
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from eset_portcheck.loading.reports import load_report
from eset_portcheck.model.report import Redaction, Report
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.rejudging import rejudged
from eset_portcheck.render import FORMATS, markdown
from tests.unit.sample_reports import REPORTS, load
from tests.unit.test_render_hostile import hostile

SAMPLES = sorted(path.stem for path in Path(REPORTS).glob("*.json"))
PLAIN = {"text", "code_inline", "strong_open", "strong_close", "text_special", "softbreak"}
HOSTILE = [
    "<script>alert(1)</script>",
    "[here](http://evil.example)",
    "![x](//evil.example/x.png)",
    "a|b|c",
    "```",
    "`x`",
    "*x* _y_ ~~z~~",
    "# head",
    "- item",
    "1. item",
    "> quote",
    "&lt;b&gt;",
    "<!-- x",
    "www.evil.example",
    "me@evil.example",
    "[ref]: http://evil.example",
    "\x1b[31m\u202e",
    "x\ny",
    "=x\n===",
    "</td></tr></table>",
]


def read(text: str) -> list[Token]:
    reader = MarkdownIt("gfm-like")
    assert reader.linkify is not None
    reader.linkify.set({"fuzzy_link": False})  # GitHub's rules know http://, www. and mail addresses, no bare names
    return reader.parse(text)


def rows(tokens: list[Token]) -> list[list[str]]:
    """The cells of the first table, as text."""
    found: list[list[str]] = []
    for number, token in enumerate(tokens):
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            found.append([])
        elif token.type == "inline" and tokens[number - 1].type in ("th_open", "td_open"):
            found[-1].append("".join(child.content for child in token.children or []))
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_a_foreign_reader_finds_every_row(name: str) -> None:
    report = load(name)
    read_back = rows(read(markdown.render(report, verbose=True)))[1:]
    assert {cells[-1]: (cells[0].split()[-1], cells[5]) for cells in read_back} == {
        row.id: (WORDS[row.verdict], row.reason) for row in report.checks
    }


WORDS = {
    Verdict.PASS: "PASS",
    Verdict.WARN: "WARN",
    Verdict.FAIL: "FAIL",
    Verdict.UNPROVEN: "UNPR",
    Verdict.SKIP: "SKIP",
    Verdict.ERROR: "ERR",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_summary_is_short_and_names_the_causes(name: str) -> None:
    report = load(name)
    summary = markdown.render(report, quiet=True)
    assert len(summary.splitlines()) <= markdown.SUMMARY_LINES
    assert report.run.id in summary
    assert all(cause.reason in summary for cause in report.causes[:1])


def spoilt(text: str) -> Report:
    """A report in which whatever a peer or a file can say is `text`."""
    report = load("dropped")
    plain = msgspec.to_builtins(report)
    plain["host"]["name"] = text
    for row in plain["checks"]:
        row |= {
            "target": text,
            "purpose": text,
            "id": f"{text} {row['id']}",
            "where": {"address": text, "ca": text, "interval": [text, text]},
        }
        row["findings"] = [{"reason": row["reason"], "params": {"server": text, "x_squid_error": text}}]
    for cause in plain["causes"]:
        cause |= {
            "where": {"address": text, "ca": text},
            "params": {"target": text},
            "explains": [plain["checks"][0]["id"]],
        }
        cause["fixes"] = [{"audience": text, "tool": text, "command": text, "undo": text, "verify": text}]
    return msgspec.convert(plain, Report)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("quiet", [False, True], ids=["whole", "summary"])
def test_what_a_peer_says_stays_text(text: str, *, quiet: bool) -> None:
    plain, said = (read(FORMATS["md"](spoilt(one), quiet=quiet).decode()) for one in ("harmless", text))
    inner = {child.type for token in said for child in token.children or []}
    assert inner <= PLAIN
    assert not {token.type for token in said} & {"html_block", "code_block", "fence", "hr"}
    assert [token.type for token in said if token.type != "inline"] == [
        token.type for token in plain if token.type != "inline"
    ]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["inspected", "proxy"])
def test_what_a_file_says_stays_text_wherever_it_stands(name: str, text: str) -> None:
    """Facts, parameters, redirects, processes, commands: every free text at once."""
    report = hostile(name, text)
    for quiet in (False, True):
        said = FORMATS["md"](report, quiet=quiet, verbose=True).decode()
        assert {child.type for token in read(said) for child in token.children or []} <= PLAIN
        assert not {token.type for token in read(said)} & {"html_block", "code_block", "fence", "hr"}
        assert all(sign.isprintable() or sign == "\n" for sign in said)
        assert not quiet or len(said.splitlines()) <= markdown.SUMMARY_LINES


@pytest.mark.parametrize("name", ["ready", "dropped", "no-names"])
def test_the_longest_summary_fits(name: str) -> None:
    report = rejudged(load(name))
    run = msgspec.structs.replace(
        report.run, complete=False, connect_to={f"h{number}.example:1": "127.0.0.1:1" for number in range(99)}
    )
    longest = msgspec.structs.replace(
        report, run=run, redaction=Redaction("strict", {"name": 5}), causes=[*report.causes] * 9
    )
    for language in ("en", "es"):
        assert len(markdown.render(longest, quiet=True, language=language).splitlines()) <= markdown.SUMMARY_LINES


def test_codes_bear_no_backslashes() -> None:
    for quiet in (False, True):
        said = markdown.render(load("dropped"), quiet=quiet)
        assert "`TCP_NO_ANSWER`" in said
        assert "\\_" not in said.replace("\\_controller", "")


def test_a_file_judged_anew_says_so() -> None:
    report = load("dropped")
    other = [msgspec.structs.replace(row, verdict=Verdict.PASS, reason="CONNECTED") for row in report.checks]
    anew = rejudged(msgspec.structs.replace(report, checks=other))
    assert "8 rows have another result by the rules of" in markdown.render(anew, quiet=True)
    assert re.search(
        r"\| `?agent\.server\.tcp-2222`? \| pass CONNECTED \| fail `TCP_NO_ANSWER` \|", markdown.render(anew)
    )


def test_who_holds_the_ports_of_this_machine() -> None:
    report = load_report(Path(__file__).parents[1] / "fixtures" / "reports" / "1.0.0" / "server.json").report
    assert re.search(r"^\| 2222/tcp \| .* \| ERAServer, process 811;", markdown.render(report), re.MULTILINE)


def test_ten_mebibytes_of_a_name_are_capped() -> None:
    assert len(markdown.render(spoilt("x" * (1 << 20)))) < 200_000


def test_another_language() -> None:
    assert re.search(r"^## .*NO LISTO", markdown.render(load("dropped"), language="es"), re.MULTILINE)
