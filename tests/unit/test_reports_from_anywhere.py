"""Reports spoilt anywhere: each is refused in one line, or read, judged anew, redacted and rendered without a fault."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eset_portcheck import render
from eset_portcheck.loading import reports
from eset_portcheck.model.report import Report
from eset_portcheck.redaction import redacted
from eset_portcheck.rejudging import rejudged

GOLDEN = Path(__file__).parents[1] / "fixtures" / "reports" / "1.0.0"
ROWS = 12  # of the laboratory's at a time


def sources() -> list[dict[str, Any]]:
    whole = [json.loads(file.read_bytes()) for file in sorted(GOLDEN.glob("*.json"))]
    made = []
    for one in whole:
        rows = one["checks"]
        made += [one | {"checks": rows[start : start + ROWS]} for start in range(0, len(rows), ROWS)]
    return made


SOURCES = sources()
# Tables whose values have no type of their own: here a spoilt file is still a report.
LOOSE = (
    "reply",
    "process",
    "os",
    "firewall",
    "routes",
    "capabilities",
    "eset_products",
)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        (
            "timeout",
            "refused",
            "tls",
            "this host",
            "10.0.0.1",
            "::1%eth0",
            "pass",
            "FAIL",
            "2026-13-99T00:00:00Z",
            "\x1b[2J",
            "\u202e",
            "=1+1",
        )
    ),
    st.sampled_from(([], {}, [None], [[]], {"": None}, {"a": {"b": [1]}}, [1, 2, 3, 4], [{"ttl": "x"}])),
)


def places(value: Any, loose: bool, inside: bool = False) -> list[tuple[Any, Any]]:
    """(container, key) of everything; `loose`: only within tables without types."""
    found: list[tuple[Any, Any]] = []
    pairs = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, one in pairs:
        if inside or not loose:
            found.append((value, key))
        found += places(one, loose, inside or key in LOOSE)
    return found


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    made = copy.deepcopy(draw(st.sampled_from(SOURCES)))
    all_places = places(made, loose=draw(st.integers(0, 9)) < 8)
    for _ in range(draw(st.sampled_from((1, 1, 2, 6, 25)))):
        container, key = all_places[draw(st.integers(0, len(all_places) - 1))]
        if isinstance(container, dict) and key in container and draw(st.integers(0, 3)) == 0:
            del container[key]
        elif isinstance(container, list) or key in container:
            container[key] = draw(JUNK)
    return json.dumps(made).encode()


def read(content: bytes) -> Report | str:
    """The report, or what is said of it."""
    try:
        return reports.parsed(content, "file").report
    except reports.ReportFileError as error:
        return str(error)


@given(content=spoilt(), language=st.sampled_from(("en", "es")), verbose=st.booleans())
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_it_is_refused_in_a_line_or_goes_all_the_way(content: bytes, language: str, verbose: bool) -> None:
    report = read(content)
    if isinstance(report, str):
        assert report.isascii()
        assert report.isprintable()
        return
    anew = rejudged(report)
    assert [row.id for row in anew.checks] == [row.id for row in report.checks]
    written = reports.parsed(render.FORMATS["json"](anew), "anew")
    assert (written.report, written.intact) == (anew, True)
    assert rejudged(anew).checks == anew.checks
    hidden = redacted(report, strict=True).report
    assert reports.parsed(render.FORMATS["json"](hidden), "hidden").report == hidden
    for show in render.FORMATS.values():
        assert show(anew, language=language, verbose=verbose)


def _swollen(change: str) -> bytes:
    plain = json.loads((GOLDEN / "server.json").read_bytes())
    row = next(one for one in plain["checks"] if one["attempts"])
    if change == "attempts":
        row["attempts"] *= 1_001
    elif change == "servers":
        plain["host"]["eset_products"] = [{"component": "agent", "servers": ["a.example"] * 101}]
    else:
        many = 2_000_000 // len(plain["checks"]) + 1
        plain["host"]["proxy_sources"] = [
            {"source": "e", "name": "https_proxy", "proxy": "p:1", "bypass": ["x"] * many}
        ]
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("attempts", r"checks\[\d+\]: more than 1000 attempts"),
        ("servers", r"servers: more than 100"),
        ("bypass", r"host: too much beside \d+ checks"),
    ],
)
def test_facts_that_would_take_long_to_judge_are_refused(change: str, told: str) -> None:
    with pytest.raises(reports.ReportFileError, match=told):
        reports.parsed(_swollen(change), "file")


@pytest.mark.parametrize("cut", [2, 100, 5_000, 20_000])
def test_a_cut_file_is_refused(cut: int) -> None:
    with pytest.raises(reports.ReportFileError, match="not valid JSON, or incomplete"):
        reports.parsed((GOLDEN / "server.json").read_bytes()[:-cut], "file")
