"""Reports of many names: the work grows as they do. Counted in function calls, which no busy machine changes; the bench
has the seconds."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from eset_portcheck import comparing
from eset_portcheck.model.report import Report, Tool
from eset_portcheck.redaction import redacted
from eset_portcheck.redaction.pseudonyms import NUMBERED, Pseudonyms
from eset_portcheck.rejudging import rejudged
from eset_portcheck.render import FORMATS
from tests.bench.names import report_of

FEW, MANY = 60, 240
MORE_THAN_LINEAR = 1.25  # times MANY / FEW; n log n stays below, n * n is at 4


def calls(work: Callable[[], object]) -> int:
    """Calls of functions, resumptions of generators and calls into C."""
    seen = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return seen


def with_its_map(report: Report) -> Callable[[], object]:
    made = redacted(report, strict=True).map
    return lambda: redacted(report, strict=True, known={kind: dict(table) for kind, table in made.items()})


WORK: dict[str, Callable[[Report], Callable[[], object]]] = {
    "redacted": lambda report: lambda: redacted(report),
    "strict": lambda report: lambda: redacted(report, strict=True),
    "strict with a map": with_its_map,
    "compared": lambda report: lambda: comparing.compare(report, report, Tool("x", "0")),
    "judged anew": lambda report: lambda: rejudged(report),
    **{form: lambda report, render=render: lambda: render(report, width=100) for form, render in FORMATS.items()},  # type: ignore[misc]
}


@pytest.mark.parametrize("name", WORK)
def test_four_times_the_names_are_four_times_the_work(name: str) -> None:
    WORK[name](report_of(3))()  # whatever is loaded and compiled once
    few, many = (calls(WORK[name](report_of(count))) for count in (FEW, MANY))
    assert many / few < MANY / FEW * MORE_THAN_LINEAR, (few, many)


@pytest.mark.parametrize("kind", NUMBERED)
def test_numbers_of_twenty_thousand_names(kind: str) -> None:
    """Each number is tried once, however many were given before and whatever stands in the report already."""
    known = Pseudonyms(report_of(1), {kind: {"old": f"{kind}-3"}})

    class Counted(frozenset[str]):
        asked = 0

        def __contains__(self, one: object) -> bool:
            Counted.asked += 1
            return super().__contains__(one)

    known._given = Counted(known._given)
    names = [known.number(kind, f"x{one}") for one in range(20_000)]
    assert len(set(names)) == len(names)
    assert names[:4] == [f"{kind}-{one}" for one in (1, 2, 4, 5)]
    assert Counted.asked <= 20_001
