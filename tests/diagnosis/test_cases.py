"""Rows as they came out of the laboratory, judged anew without a network: today's rules must say the same.

A case holds the row's facts and what is true of the fault that was injected when it was recorded.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eset_portcheck.diagnose import conclude
from eset_portcheck.loading.migration import migrated_row
from eset_portcheck.model.finding import Where
from eset_portcheck.model.host import Host
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Phase, Verdict

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_same_facts_give_the_same_conclusion(case: Path) -> None:
    recorded: dict[str, Any] = json.loads(case.read_text())
    row = msgspec.convert(migrated_row(recorded["row"]), Row)
    told = conclude(row, Host(), Phase(recorded["phase"]))
    expected = recorded["expected"]
    failover = "FAILOVER_USED" in [finding["reason"] for finding in recorded["row"]["findings"]]
    verdict = Verdict.FAIL if failover else expected["verdict"]  # the group's mercy is not in the row's own facts
    assert (told.verdict, told.state, told.reached) == (verdict, expected["state"], expected["reached"])
    assert (told.reason, told.culprit) == (expected["reason"], expected["culprit"])
    assert told.where == msgspec.convert(expected["where"], Where)


def test_there_are_cases() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_without_its_evidence_a_conclusion_only_gets_weaker(case: Path) -> None:
    """Evidence may place a fault; it never makes a verdict better."""
    recorded = json.loads(case.read_text())
    row = msgspec.convert(migrated_row(recorded["row"]), Row)
    order = [Verdict.PASS, Verdict.WARN, Verdict.UNPROVEN, Verdict.FAIL]
    bare = conclude(msgspec.structs.replace(row, evidence=[]), Host(), Phase(recorded["phase"]))
    with_evidence = conclude(row, Host(), Phase(recorded["phase"]))
    # the one thing evidence may raise: that a reset came from the host itself, which is the proof of its path
    if with_evidence.reason != "REFUSED_BY_HOST":
        assert order.index(with_evidence.verdict) >= order.index(bare.verdict)
