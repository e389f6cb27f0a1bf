"""Predictions from recorded rule sets; the same questions are put to a real kernel in test_firewall_live.py."""

import re
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from eset_portcheck.host.firewall import predict
from eset_portcheck.host.packet import Flow
from eset_portcheck.host.ruleset import Ruleset

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures/host/rulesets"
RULESETS = sorted(path for path in FIXTURES.iterdir() if path.suffix != ".json")
HOST = {"ipv4": "10.9.8.1", "ipv6": "fd99::1"}
PEER = {"ipv4": "10.9.8.2", "ipv6": "fd99::2"}


class Ask(NamedTuple):
    """One `# ask:` line of a rule set."""

    text: str
    direction: str
    family: str
    transport: str
    port: int
    known: bool
    interface: str | None
    to: str
    expected: str

    def flow(self) -> Flow:
        peer, host = PEER[self.family], HOST[self.family]
        if self.direction == "in":
            return Flow("in", self.family, self.transport, self.port, (peer,) if self.known else (), (host,), self.interface)
        return Flow("out", self.family, self.transport, self.port, (host,), (self.to or peer,), self.interface)


def asks(path: Path) -> list[Ask]:
    found = []
    for line in path.read_text().splitlines():
        asked = re.match(r"# ask: (in|out) (ipv[46]) (tcp|udp) (\d+)(?: (from peer|by any|to other))? -> ([a-z-]+)$", line)
        assert asked or not line.startswith("# ask"), line
        if asked:
            direction, family, transport, port, special, expected = asked.groups()
            interface = None if special == "by any" else "eth0"
            other = "10.9.8.3" if special == "to other" else ""
            found.append(Ask(line[7:], direction, family, transport, int(port), special == "from peer", interface, other, expected))
    return found


def recorded(path: Path) -> Ruleset:
    return Ruleset(msgspec.json.decode(Path(f"{path}.json").read_bytes())["objects"])
