"""Predictions against the kernel: each rule set is loaded into a network namespace, read, asked, and every answer tried
by a real connection.

As root: `pytest -m lab tests/unit/test_firewall_live.py`; with `-s` it prints the table of agreement. With RECORD=1 the
readings are written beside the rule sets, for the tests that need no root.
"""

import os
import queue
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from eset_portcheck.packet_filter.evaluation import predict
from eset_portcheck.packet_filter.flow import Prediction
from eset_portcheck.packet_filter.ruleset import Ruleset
from tests.unit.kernel import NotMeasured, Pair, agree, run, sweep
from tests.unit.test_firewall import MADE_TO_BE_UNDECIDED, RULESETS, Ask, asks

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root: network namespaces"),
]
PAIRS = 2  # rule sets at a time
NOT_KEPT = {"counter", "comment", "expires"}


class Tried(NamedTuple):
    ask: Ask
    told: Prediction
    seen: str

    @property
    def right(self) -> bool:
        return agree(self.told.verdict, self.seen)


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, list[Tried]]]:
    pairs: queue.SimpleQueue[Pair] = queue.SimpleQueue()
    made = [Pair(number) for number in range(PAIRS)]
    try:
        for pair in made:
            pair.up()
            pairs.put(pair)
        with ThreadPoolExecutor(PAIRS) as pool:
            found = dict(
                zip((path.name for path in RULESETS), pool.map(lambda path: _one(path, pairs), RULESETS), strict=True)
            )
        print(table(found))
        yield found
    finally:
        for pair in made:
            pair.down()


def _one(path: Path, pairs: "queue.SimpleQueue[Pair]") -> list[Tried]:
    pair = pairs.get()
    try:
        reading = pair.load(path)
        assert reading.state in ("readable", "absent"), f"{path.name}: {reading.why}"
        if os.environ.get("RECORD"):
            kept = {
                "state": reading.state,
                "source": reading.source,
                "objects": [without_noise(one) for one in reading.objects],
            }
            Path(f"{path}.json").write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
        ruleset, questions = Ruleset(reading.objects), asks(path)
        pair.forget()
        return [Tried(ask, predict(ruleset, ask.flow()), pair.try_out(ask)) for ask in questions]
    finally:
        pairs.put(pair)


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: path.name)
def test_prediction_and_connection_agree(results: dict[str, list[Tried]], path: Path) -> None:
    wrong = [
        f"{one.ask.text}: predicted {one.told}, tried {one.seen}"
        for one in results[path.name]
        if one.told.verdict != one.ask.expected or not one.right
    ]
    assert not wrong, "\n".join(wrong)


def test_none_is_wrong_and_nine_in_ten_are_decided(results: dict[str, list[Tried]]) -> None:
    every = [
        one for name, some in results.items() if name.partition(".")[0] not in MADE_TO_BE_UNDECIDED for one in some
    ]
    assert len(results) >= 20
    assert all(one.right for some in results.values() for one in some)
    assert sum(one.told.verdict != "cannot-tell" for one in every) >= 0.9 * len(every)


def test_a_cable_that_carries_nothing_is_no_answer() -> None:
    with Pair(50) as pair:
        ask = Ask("in ipv4 tcp 2222", "in", "ipv4", "tcp", 2222, True, "eth0", "", "?")
        assert pair.try_out(ask) == "allow"
        run("ip", "-n", pair.host, "link", "set", "eth0", "down")
        for end in pair.ends.values():
            end.settimeout(0.2)
        with pytest.raises(NotMeasured):
            pair.try_out(ask)


def test_what_a_killed_run_left_is_taken_away_and_what_a_running_one_uses_is_not() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait(60)
    left, used = f"epfw-{gone.pid}-0-host", f"epfw-{os.getpid()}-51-host"
    try:
        for name in (left, used):
            run("ip", "netns", "add", name)
        sweep()
        names = {path.name for path in Path("/run/netns").iterdir()}
        assert used in names
        assert left not in names
    finally:
        for name in (left, used):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def table(found: dict[str, list[Tried]]) -> str:
    """A line a rule set: questions, decided, right, wrong. Those marked * ask on purpose what no reader of rules can
    know."""
    lines = [f"{'rule set':34} {'asked':>5} {'decided':>7} {'right':>5} {'wrong':>5}"]
    sums: Counter[str] = Counter()
    for name, some in found.items():
        decided = [one for one in some if one.told.verdict != "cannot-tell"]
        right = sum(one.right for one in decided)
        mark = "*" if name.partition(".")[0] in MADE_TO_BE_UNDECIDED else ""
        sums += Counter(
            {"asked": len(some), "decided": len(decided), "right": right}
            | ({} if mark else {"of": len(some), "plain": len(decided)})
        )
        lines.append(f"{name + mark:34} {len(some):5} {len(decided):7} {right:5} {len(decided) - right:5}")
    lines.append(
        f"{len(found)} rule sets{'':20} {sums['asked']:9} {sums['decided']:7} {sums['right']:5} {sums['decided'] - sums['right']:5}"
    )
    return "\n" + "\n".join(
        [*lines, f"decided without those marked *: {sums['plain']} of {sums['of']} ({sums['plain'] / sums['of']:.0%})"]
    )


def without_noise(one: Any) -> Any:
    """Counters and versions differ from run to run."""
    if isinstance(one, dict):
        return {name: without_noise(value) for name, value in one.items() if name not in NOT_KEPT}
    return (
        [without_noise(value) for value in one if not (isinstance(value, dict) and "counter" in value)]
        if isinstance(one, list)
        else one
    )
