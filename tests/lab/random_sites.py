"""Random sites with random faults, and a judge that knows only what was injected.

    python -m tests.lab.random_sites --seed 1 --count 20 [--first 0] [--only-failed] [--reports FOLDER]

Each site is made from (seed, number) alone. What every row must say follows from the injected cuts: a row whose every
way is cut must not pass, a row with no cut must pass, and whoever is accused must have been injected. The observer
confirms each fault before the program runs: a fault that cannot be seen was not injected.
"""

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import topology as at
from tests.lab.faults import Rules, Shell, Step, shaped
from tests.lab.laboratory import Lab
from tests.lab.net import LabError
from tests.lab.random_faults import NARROW, Injected, relevant
from tests.lab.random_truth import Truth, disagreements, truth
from tests.lab.random_wide import WIDE
from tests.lab.result import Result

SERVERS: dict[str, tuple[str, frozenset[int]]] = {  # what --server is given: address families of it
    "server.lab.test": ("both", frozenset({4, 6})),
    "server4.lab.test": ("IPv4", frozenset({4})),
    "server6.lab.test": ("IPv6", frozenset({6})),
    at.SERVER: ("literal IPv4", frozenset({4})),
    f"[{at.v6('server', 2)}]": ("literal IPv6", frozenset({6})),
    "published.lab.test": ("published IPv4", frozenset({4})),
}
QUALITIES: dict[str, tuple[Step, ...]] = {
    "clean": (),
    # every twelfth packet, so never two of one handshake's retries by bad luck: what a site with some loss is
    "loss": (Rules("fw", ['iifname "to-agent" numgen inc mod 12 == 0 drop']),),
    "delay": shaped("--delay 150"),
}
NAT = Rules("fw", [f'ip saddr {at.AGENT} oifname != "to-agent" masquerade'], "postrouting", "nat", 100)
PUBLISHED = Rules("fw", [f"ip daddr {at.PUBLISHED} dnat ip to {at.SERVER}"], "prerouting", "nat", -90)
NO_IPV6 = Shell("agent", "ip -6 route del default", "ip -6 route add default via fd77:1::1")


@dataclass(frozen=True)
class Site:
    """proxy: "" is none. families: those that the agent has a route for and may use."""

    number: int
    server: str
    proxy: str
    families: frozenset[int]
    only_4: bool
    nat: bool
    quality: str
    faults: tuple[Injected, ...]

    @property
    def arguments(self) -> list[str]:
        return [
            "--role", "agent", "--server", self.server,
            *(["--proxy", self.proxy] if self.proxy else []), *(["-4"] if self.only_4 else []),
        ]  # fmt: skip

    @property
    def conditions(self) -> list[tuple[str, Step]]:
        """What this site is like, beside its faults."""
        found = [(f"quality{n}", step) for n, step in enumerate(QUALITIES[self.quality])]
        if self.nat:
            found.append(("nat", NAT))
        if self.server == "published.lab.test":
            found.append(("published", PUBLISHED))
        if 6 not in self.families and not self.only_4:
            found.append(("noipv6", NO_IPV6))
        return found

    def __str__(self) -> str:
        words = [
            SERVERS[self.server][0],
            *([f"via {self.proxy}"] if self.proxy else []),
            f"agent {'+'.join(map(str, sorted(self.families)))}",
        ]
        words += [self.quality] * (self.quality != "clean") + ["NAT"] * self.nat
        return f"{', '.join(words)}: {' & '.join(fault.name for fault in self.faults) or 'healthy'}"


def site(seed: int, number: int) -> Site:
    """The site of a seed and a number; the same on every machine."""
    chance = random.Random(f"{seed}/{number}")
    server = chance.choice(sorted(SERVERS))
    theirs = SERVERS[server][1]
    only_4 = 4 in theirs and chance.random() < 0.2
    routed = frozenset({4}) if 6 not in theirs - {4} and chance.random() < 0.25 else frozenset({4, 6})
    if theirs == {6}:
        routed = frozenset({4, 6})
    families = frozenset({4}) if only_4 else routed
    proxy = (
        chance.choice(["", "", "bridge.lab.test:3128", f"{at.PROXY_OPEN}:3128"])
        if server != "published.lab.test"
        else ""
    )
    nat = chance.random() < 0.3
    # the shaper takes a packet out and in again, so a router would translate it twice
    delay = not nat and server != "published.lab.test"
    quality = chance.choices(["clean", "loss", "delay"], [6, 1, 1 if delay else 0])[0]
    wanted = chance.choices([0, 1, 2], [1, 4, 3])[0]
    faults: list[Injected] = []
    while len(faults) < wanted:
        fault = _any_fault(chance, families, theirs, bool(proxy))
        legs = {leg for leg, _ in fault.cuts | fault.may}
        taken = {leg for one in faults for leg, _ in one.cuts | one.may}
        reaches_out = fault.wide and any(one.wide for one in faults)
        hidden = {leg for one in (*faults, fault) if one.may for leg, _ in one.cuts} & legs & taken
        apart = fault.wide or any(one.wide for one in faults) or not legs & taken
        if fault.seen and not reaches_out and apart and not hidden:
            faults.append(fault)
    # first what the observer must see through the proxy, last what hides the others
    faults.sort(key=lambda one: (one.wide, ("proxy", 4) in one.cuts))
    return Site(number, server, proxy, families, only_4, nat, quality, tuple(faults))


def _any_fault(chance: random.Random, families: frozenset[int], theirs: frozenset[int], proxy: bool) -> Injected:
    if chance.random() < 0.25:
        return relevant(chance.choice(WIDE)(chance), families)
    maker = chance.choices(list(NARROW), [often for often, _ in NARROW.values()])[0]
    leg = chance.choice(NARROW[maker][1])
    has = theirs if leg == "server" else frozenset({4}) if leg in ("repository", "proxy") else frozenset({4, 6})
    usable = sorted(has & families)
    one_only = len(usable) > 1 and chance.random() < 0.25
    chosen = [chance.choice(usable)] if one_only else usable
    fault = relevant(maker(chance, leg, chosen), families)
    if leg == "proxy" and not proxy:  # nobody would notice
        return _any_fault(chance, families, theirs, proxy)
    return fault


@dataclass
class Outcome:
    site: Site
    truth: Truth
    result: Result
    disagreements: list[str] = field(default_factory=list)


@contextmanager
def built(lab: Lab, one: Site) -> Iterator[None]:
    """The site with its faults, each seen by the observer. LabError when one is not there."""
    with ExitStack() as steps:
        for name, step in (found for found in one.conditions if not found[0].startswith("quality")):
            steps.enter_context(step.applied(lab, f"site_{name}"))
        for number, fault in enumerate(one.faults):
            for part, step in enumerate(fault.steps):
                steps.enter_context(step.applied(lab, f"random_{number}_{part}"))
            for asked, seen in fault.seen:
                lab.expect(asked, seen, f"{one.number}: {fault.name} was injected")
        # the last of all: the observer would be hit by loss as well
        for name, step in (found for found in one.conditions if found[0].startswith("quality")):
            steps.enter_context(step.applied(lab, f"site_{name}"))
        lab.net.shell("fw", "ip neigh flush all")
        yield


def run(lab: Lab, one: Site) -> Outcome:
    with built(lab, one):
        result = lab.check(*one.arguments)
    known = truth(one.server, SERVERS[one.server][1], one.proxy, one.families, one.quality, one.faults)
    return Outcome(one, known, result, disagreements(known, result))


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.lab.random_sites")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--numbers", type=lambda text: [int(word) for word in text.split(",")], help="these only")
    parser.add_argument("--list", action="store_true", help="the sites, without running them")
    parser.add_argument("--reports", type=Path, help="a folder for the reports of disagreements")
    asked = parser.parse_args()
    numbers = asked.numbers or range(asked.first, asked.first + asked.count)
    if asked.list:
        print("\n".join(f"{number:4} {site(asked.seed, number)}" for number in numbers))
        return 0
    lab = Lab(f"random{os.getpid()}")
    lab.up()
    tally: Counter[str] = Counter()
    try:
        for number in numbers:
            one = site(asked.seed, number)
            start = time.monotonic()
            try:
                outcome = run(lab, one)
            except (LabError, AssertionError) as error:
                tally["not built"] += 1
                print(f"{number:4} NOT BUILT {one}\n       {str(error)[:600]}", flush=True)
                continue
            tally["wrong" if outcome.disagreements else "right"] += 1
            tally.update(line.split(":")[0] for line in outcome.disagreements)
            tally.update(outcome.truth.counted)
            print(
                f"{number:4} {'WRONG' if outcome.disagreements else 'ok':5} {time.monotonic() - start:5.1f} s  {one}",
                flush=True,
            )
            for line in outcome.disagreements:
                print(f"       {line}", flush=True)
            if outcome.disagreements and asked.reports:
                asked.reports.mkdir(parents=True, exist_ok=True)
                (asked.reports / f"{asked.seed}-{number}.json").write_text(json.dumps(outcome.result.report, indent=1))
    finally:
        lab.down()
    print("\n" + "\n".join(f"{name:45} {number:5}" for name, number in sorted(tally.items())))
    return 1 if tally["wrong"] or tally["not built"] else 0


if __name__ == "__main__":
    sys.exit(main())
