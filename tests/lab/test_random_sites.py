"""Random sites: no false pass, no false alarm, and whoever is accused was injected. `python -m tests.lab.random_sites`
runs others."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from tests.lab.laboratory import Lab
from tests.lab.random_faults import in_path
from tests.lab.random_sites import Site, run, site
from tests.lab.random_truth import Truth, disagreements, truth
from tests.lab.result import Result

SEED = 1
MANY = 500
FEW = (0, 1, 7, 8, 254, 256, 378, 382)
SERVER_ROW = "agent.server.tcp-2222"


@pytest.mark.parametrize("number", FEW)
def test_a_random_site(lab: Lab, number: int) -> None:
    assert run(lab, site(SEED, number)).disagreements == [], site(SEED, number)


@pytest.mark.slow
@pytest.mark.parametrize("number", [number for number in range(MANY) if number not in FEW])
def test_many_random_sites(lab: Lab, number: int) -> None:
    assert run(lab, site(SEED, number)).disagreements == [], site(SEED, number)


def test_a_seed_makes_the_same_sites() -> None:
    made: list[Site] = [site(7, number) for number in range(200)]
    assert [str(one) for one in made] == [str(site(7, number)) for number in range(200)]
    assert {len(one.faults) for one in made} == {0, 1, 2}
    assert len({fault.name.partition(":")[0] for one in made for fault in one.faults}) > 40


def test_what_a_fault_of_one_family_leaves_working_must_warn() -> None:
    fault = in_path(random.Random(0), "server", [6])
    both = truth("server.lab.test", frozenset({4, 6}), "", frozenset({4, 6}), "clean", [fault])
    alone = truth("server6.lab.test", frozenset({6}), "", frozenset({4, 6}), "clean", [fault])
    unused = truth("server.lab.test", frozenset({4, 6}), "", frozenset({4}), "clean", [fault])
    assert [known.rows[SERVER_ROW].outcome for known in (both, alone, unused)] == ["must-warn", "broken", "works"]


def _said(known: Truth, code: int, **server: Any) -> list[str]:
    """The kinds of disagreement of a report in which every other row passes."""
    sound: Mapping[str, Any] = {
        "verdict": "pass", "reason": "CONNECTED", "culprit": None, "confidence": None, "where": {}, "findings": [],
    }  # fmt: skip
    rows = [{"id": name, **sound, **(server if name == SERVER_ROW else {})} for name in known.rows]
    report = {"checks": rows, "causes": []}
    return [line.partition(":")[0] for line in disagreements(known, Result(code, report, "", 0))]


def test_the_judge_notices() -> None:
    fault = in_path(random.Random(0), "server", [4])
    broken = truth("server4.lab.test", frozenset({4}), "", frozenset({4}), "clean", [fault])
    healthy = truth("server4.lab.test", frozenset({4}), "", frozenset({4}), "clean", [])
    reason = {"verdict": "fail", "reason": "TCP_NO_ANSWER"}
    assert _said(broken, 0) == ["false pass", "false pass"]
    assert _said(broken, 1, **reason, culprit="unknown") == []
    assert _said(broken, 1, **reason, culprit="remote-host") == ["wrong culprit"]
    assert _said(broken, 1, **reason, where={"interval": ["10.77.2.1", "10.77.2.2"]}) == ["wrong interval"]
    assert _said(broken, 0, **reason) == ["false pass"]
    assert _said(healthy, 0) == []
    assert _said(healthy, 1, **reason) == ["false alarm", "false alarm"]
    assert _said(healthy, 0, verdict="warn") == ["false warning"]
    assert _said(healthy, 0, verdict="error") == ["not judged"]
