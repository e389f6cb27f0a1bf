"""CSV, read back by a parser that is not Python's own; cells that a spreadsheet would run are text."""

import io

import clevercsv
import msgspec
import pytest

from eset_portcheck.model.report import Report
from eset_portcheck.render import FORMATS
from eset_portcheck.render.comma_separated import COLUMNS
from tests.unit.sample_reports import load
from tests.unit.test_render_hostile import PAYLOADS, hostile


def read(report: Report) -> list[dict[str, str]]:
    lines = list(
        clevercsv.reader(
            io.StringIO(FORMATS["csv"](report).decode(), newline=""), delimiter=",", quotechar='"', escapechar=""
        )
    )
    assert all(len(line) == len(COLUMNS) for line in lines)
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def test_a_foreign_reader_finds_every_row() -> None:
    report = load("dropped")
    assert [(line["id"], line["verdict"], line["reason"], line["port"], line["required"]) for line in read(report)] == [
        (row.id, row.verdict, row.reason, str(row.port), "yes" if row.required else "no") for row in report.checks
    ]


def test_lines_end_as_the_standard_says() -> None:
    assert FORMATS["csv"](load("dropped")).count(b"\r\n") == len(load("dropped").checks) + 1


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-x",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        '"=1',
        "=cmd|' /C calc'!A0",
        "%0A=1",
        "a\n=1",
        'a","=1',
        "x" * (1 << 20),
    ],
)
def test_no_cell_is_a_formula_or_breaks_out(text: str) -> None:
    plain = msgspec.to_builtins(load("dropped"))
    plain["host"]["name"] = text
    for row in plain["checks"]:
        row |= {"target": text, "source": text, "where": {"address": text}, "via_destination": text}
    lines = read(msgspec.convert(plain, Report))
    assert len(lines) == len(plain["checks"])
    for line in lines:
        for cell in line.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert len(cell) <= 200
            assert cell.isprintable()


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_what_a_file_says_stays_in_its_cell(payload: str) -> None:
    report = hostile("proxy", payload)
    lines = read(report)
    assert [line["verdict"] for line in lines] == [row.verdict for row in report.checks]
    assert all(cell.isprintable() and len(cell) <= 200 for line in lines for cell in line.values())
