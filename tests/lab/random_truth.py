"""What every row of a random site must say, from the injected faults alone, and where a report disagrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.lab import topology as at
from tests.lab.random_faults import Injected
from tests.lab.result import Report, Result

OPEN = (None, "unknown")
VIA = "agent.proxy.tcp-3128."
DIRECT = {
    "agent.server.tcp-2222": "server",
    "agent.repository.tcp-80": "repository",
    "agent.push.tcp-8883": "push-8883",
    "agent.push.tcp-443": "push-443",
}
THROUGH = {
    f"{VIA}connect-server": "far-server",
    f"{VIA}get-repository": "far-repository",
    f"{VIA}connect-push-8883": "far-push-8883",
    f"{VIA}connect-push-443": "far-push-443",
}
_PAIRS = (("agent.push.tcp-8883", "agent.push.tcp-443"), (f"{VIA}connect-push-8883", f"{VIA}connect-push-443"))
PARTNER = {**dict(_PAIRS), **{second: first for first, second in _PAIRS}}


@dataclass(frozen=True)
class Expectation:
    """outcome: works, may-warn (works, and a warning is true), must-warn (works in part or at risk), broken, open (what
    came back may honestly be unproven), any."""

    outcome: str
    culprits: frozenset[str] = frozenset()
    hops: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Truth:
    rows: Mapping[str, Expectation]
    required: frozenset[str]
    counted: Sequence[str] = field(default_factory=list)


def truth(
    server: str, theirs: frozenset[int], proxy: str, families: frozenset[int], quality: str, faults: Sequence[Injected]
) -> Truth:
    """families: those of the agent. theirs: those of the server's name."""
    rows = {}
    for name, leg in DIRECT.items():
        has = theirs if leg == "server" else frozenset({4}) if leg == "repository" else frozenset({4, 6})
        named = leg != "server" or server.endswith(".test")
        gates = [("dns", 4)] if named else []
        rows[name] = _row(faults, gates, [(leg, family) for family in sorted(has & families)], quality)
    if proxy:
        gates = [("dns", 4)] if ".test" in proxy else []
        for name, leg in THROUGH.items():
            has = theirs if leg == "far-server" else frozenset({4}) if leg == "far-repository" else frozenset({4, 6})
            rows[name] = _row(faults, [*gates, ("proxy", 4)], [(leg, family) for family in sorted(has)], quality)
    required = frozenset(name for name in rows if (VIA in name) == bool(proxy))
    return Truth(rows, required, [f"rows: {row.outcome}" for row in rows.values()])


def _row(
    faults: Sequence[Injected], gates: Sequence[tuple[str, int]], ways: Sequence[tuple[str, int]], quality: str
) -> Expectation:
    touching = [fault for fault in faults if (fault.cuts | fault.may) & {*gates, *ways}]
    cutting = [fault for fault in touching if fault.kind in ("cut", "notice")]
    cut = {way for fault in cutting for way in fault.cuts}
    near = not any(leg.startswith("far-") for leg, _ in ways)
    if near and any(fault.kind == "slow" for fault in touching):
        ways = [way for way in ways if way[1] == 4]  # nobody tells the AAAA record
    culprits = frozenset(name for fault in touching for name in fault.culprits)
    hops = frozenset(fault.hop for fault in touching)

    def said(outcome: str) -> Expectation:
        return Expectation(outcome, culprits, hops)

    if any(gate in cut for gate in gates) or set(ways) <= cut:
        only_notices = all(fault.kind == "notice" for fault in cutting if fault.cuts & {*gates, *ways})
        return said("open" if only_notices else "broken")
    if any(fault.may & {*gates, *ways} for fault in touching):
        return said("any")
    if cut & set(ways):
        # a proxy takes the other family by itself, and nobody is told
        return said("must-warn" if near else "may-warn")
    if any(fault.kind == "risk" for fault in touching):
        return said("must-warn")
    if any(fault.kind == "slow" for fault in touching) or quality == "loss":
        return said("may-warn")
    return said("works")


def disagreements(known: Truth, result: Result) -> list[str]:
    """Each begins with its kind. Empty: the report is right or honestly open."""
    rows: dict[str, Report] = {row["id"]: row for row in result.report["checks"]}
    found = []
    for name, wanted in known.rows.items():
        row = rows.get(name)
        if row is None:
            found.append(f"missing row: {name}")
            continue
        told = (
            f"{name} is {row['verdict']} {row['reason']} by {row['culprit']} ({row['confidence']}), "
            f"where {row['where']}, found {[one['reason'] for one in row['findings']]}; "
            f"truth {wanted.outcome} {sorted(wanted.culprits)}"
        )
        found += [f"{kind}: {told}" for kind in _of_row(name, row, wanted, known, rows)]
    found += _of_causes(known, result)
    return found + _of_exit(known, result)


def _of_row(name: str, row: Report, wanted: Expectation, known: Truth, rows: Mapping[str, Report]) -> list[str]:
    verdict = row["verdict"]
    kinds = []
    if verdict in ("error", "skip"):
        return ["not judged"]
    if wanted.outcome in ("broken", "open") and verdict in ("pass", "warn") and not _covered(name, row, known, rows):
        kinds.append("false pass")
    if wanted.outcome == "works" and verdict != "pass":
        kinds.append("false alarm" if verdict in ("fail", "unproven") else "false warning")
    if wanted.outcome == "may-warn" and verdict not in ("pass", "warn"):
        kinds.append("false alarm")
    if wanted.outcome == "must-warn":
        if verdict == "pass":
            kinds.append("soft pass")
        elif verdict != "warn":
            kinds.append("false alarm (works in part)")
    if verdict != "pass" and row["culprit"] not in OPEN and row["culprit"] not in wanted.culprits:
        kinds.append("wrong culprit")
    if verdict == "fail" and (ends := row["where"] and row["where"].get("interval")):
        low, high = (_hop(one) for one in ends)
        if wanted.hops and not any(low <= hop <= high for hop in wanted.hops):
            kinds.append("wrong interval")
    return kinds


def _covered(name: str, row: Report, known: Truth, rows: Mapping[str, Report]) -> bool:
    """The other port of the push service was proven, and truly works: then the broken one warns."""
    partner = PARTNER.get(name)
    if partner is None or row["verdict"] != "warn":
        return False
    return known.rows[partner].outcome not in ("broken", "open") and "FAILOVER_USED" in [
        one["reason"] for one in row["findings"]
    ]


def _hop(place: Any) -> int:
    text = place if isinstance(place, str) else str(place)
    if text in ("this host", at.AGENT, at.v6("agent", 2)):
        return 0
    return 1 if text in (at.GATEWAY, at.v6("agent", 1)) else 2


def _of_causes(known: Truth, result: Result) -> list[str]:
    found = []
    for cause in result.report["causes"]:
        told = f"cause {cause['reason']} by {cause['culprit']} ({cause['confidence']}) explains {cause['explains']}"
        wanted = [known.rows[name] for name in cause["explains"] if name in known.rows]
        if any(one.outcome == "works" for one in wanted):
            found.append(f"false alarm: {told}, one of which works")
        if cause["culprit"] not in OPEN and not any(cause["culprit"] in one.culprits for one in wanted):
            found.append(f"wrong culprit: {told}")
    return found


def _of_exit(known: Truth, result: Result) -> list[str]:
    """Of the push service one port is enough; other rows are each required."""
    needs = [{name, PARTNER.get(name, name)} for name in known.required]
    outcomes = [{known.rows[name].outcome for name in need} for need in needs]
    dead = any(all(outcome in ("broken", "open") for outcome in need) for need in outcomes)
    fine = all(need & {"works", "may-warn", "must-warn"} for need in outcomes)
    if dead and result.code == 0:
        return ["false pass: exit code 0, and something required cannot work"]
    if fine and result.code != 0:
        return [f"false alarm: exit code {result.code}, and everything required works"]
    return []
