"""Predictions for random rule sets against the kernel; a rule set that goes wrong is printed whole. SEED=n makes
others."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from eset_portcheck.host import nftables
from eset_portcheck.packet_filter.evaluation import predict
from eset_portcheck.packet_filter.ruleset import Ruleset
from tests.unit.kernel import Pair, agree, inside
from tests.unit.random_rules import PORTS, ruleset, without
from tests.unit.test_firewall import Ask

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root: network namespaces"),
]
RULE_SETS, PAIRS = 96, 2
ASKS = [
    Ask(
        f"{direction} {family} {transport} {port}",
        direction,
        family,
        transport,
        port,
        True,
        "eth0",
        "",
        "?",
        (0, 0) if direction == "out" else None,
    )
    for direction in ("in", "out")
    for family in ("ipv4", "ipv6")
    for transport in ("tcp", "udp")
    for port in PORTS
]


def load(pair: Pair, lines: list[str]) -> list[str] | None:
    pair.clean()
    while lines:
        done = subprocess.run(
            ["ip", "netns", "exec", pair.host, "nft", "-f", "-"], input="\n".join(lines), text=True, capture_output=True
        )
        if done.returncode == 0:
            return lines
        lines = without(lines, done.stderr) or []
    return None


def wrong(number: int) -> tuple[int, list[str]]:
    """(questions decided, what was wrong) of every PAIRSth rule set."""
    decided, found = 0, []
    with Pair(100 + number) as pair:
        for one in range(number, RULE_SETS, PAIRS):
            lines = load(pair, ruleset(f"{os.environ.get('SEED', '0')}-{one}"))
            if lines is None:
                continue
            rules = Ruleset(inside(pair.host, lambda: nftables.read(Path("/proc/thread-self"))).objects)
            told = {
                ask.text: predict(
                    rules,
                    msgspec.structs.replace(ask.flow(), ports=(32768, 60999)) if ask.direction == "out" else ask.flow(),
                )
                for ask in ASKS
            }
            pair.forget()
            tried = {ask.text: pair.try_out(ask) for ask in ASKS}
            decided += sum(one.verdict != "cannot-tell" for one in told.values())
            stopped = ("drop", "reject")  # which of the two is seen depends on whether the refusal itself comes through
            bad = [
                f"{text}: {told[text]}, tried {tried[text]}"
                for text in told
                if not agree(told[text].verdict, tried[text]) and not {told[text].verdict, tried[text]} <= {*stopped}
            ]
            found += ["\n".join([*bad, *lines])] if bad else []
    return decided, found


def test_no_prediction_is_wrong() -> None:
    with ThreadPoolExecutor(PAIRS) as pool:
        results = list(pool.map(wrong, range(PAIRS)))
    assert [text for _, found in results for text in found] == []
    assert sum(decided for decided, _ in results) > RULE_SETS * len(ASKS) / 2
