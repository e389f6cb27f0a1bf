"""What this host's own rules say of attempts that nobody answered, or that were refused: evidence of kind "firewall".
Sends nothing.

The verdict of a row comes from what was seen on the wire; a rule only explains it, and a rule that lets the flow pass
takes this host off the list.
"""

import os
import sys
from typing import NamedTuple

import msgspec

from eset_portcheck.model.addresses import family_of, require_address, without_zone
from eset_portcheck.model.evidence import FirewallPrediction, prediction
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Observation
from eset_portcheck.model.vocabulary import Failure, Stage
from eset_portcheck.packet_filter.flow import CANNOT_TELL, Flow, PacketFilter, Prediction

MAX_ADDRESSES = 256  # that are asked one by one, where a rule names addresses
DNS_PORT = 53
_NO_ANSWER = (Failure.DNS_TIMEOUT, Failure.DNS_UNREACHABLE)
_TCP_LOST, _UDP_LOST = (Stage.ROUTE, Stage.CONNECT), (Stage.ROUTE, Stage.CONNECT, Stage.HANDSHAKE)


class Lost(NamedTuple):
    """Packets that went out, as far as this program knows, and were not answered or were refused. `source` "": the
    system's choice."""

    address: str
    source: str
    transport: str
    port: int


class Explainer:
    """One run's questions. Attempts that differ only in their target share an answer, unless a rule names addresses."""

    def __init__(self, rules: PacketFilter, host: Host) -> None:
        self._rules = rules
        self._device = {without_zone(text): one for one in host.interfaces for text in one.addresses}
        self._coarse: dict[Flow, Prediction | None] = {}
        self._asked = 0

    def explained(self, seen: Observation, transport: str, port: int) -> Observation:
        """`port`: the one that was dialled."""
        told = []
        for one in lost(seen, transport, port):
            try:
                told += self._evidence(one)
            except Exception as error:  # noqa: BLE001  # a bug in reading rules must not hide what was seen on the wire
                told.append(FirewallPrediction(address=one.address, verdict="cannot-tell", why=type(error).__name__))
        return msgspec.structs.replace(seen, evidence=[*seen.evidence, *told]) if told else seen

    def _evidence(self, one: Lost) -> list[FirewallPrediction]:
        target = require_address(one.address)
        if target.is_loopback or str(target) in self._device:
            return []  # packets to this host itself meet other rules, of loopback
        device = self._device.get(one.source)
        flow = Flow(
            "out",
            family_of(target),
            one.transport,
            one.port,
            (one.source,) if one.source else (),
            interface=device.name if device else None,
            user=_user(),
            neighbours=device is None or not device.point_to_point,
            program=sys.executable,
        )
        told = self._coarsely(flow) if not target.is_link_local else None
        if told is None or told.verdict == CANNOT_TELL:
            told = self._exactly(msgspec.structs.replace(flow, destination=(str(target),)))
        return [] if told is None else [prediction(told, one.address)]

    def _coarsely(self, flow: Flow) -> Prediction | None:
        if flow not in self._coarse:
            self._coarse[flow] = self._rules.predict(flow)
        return self._coarse[flow]

    def _exactly(self, flow: Flow) -> Prediction | None:
        self._asked += 1
        return self._rules.predict(flow) if self._asked <= MAX_ADDRESSES else None


def lost(seen: Observation, transport: str, port: int) -> list[Lost]:
    """What ended before the other side said anything that only it can say; of a name that nobody told, the questions to
    the resolvers."""
    stages = _UDP_LOST if transport == "udp" else _TCP_LOST
    found = []
    for one in seen.attempts:
        record = one.failed
        if record is not None and record.stage is Stage.RESOLVE:
            asked = record.detail.servers or []
            found += [Lost(answer.server, "", "udp", DNS_PORT) for answer in asked if answer.failure in _NO_ANSWER]
        elif record is not None and record.stage in stages and one.address and one.untested is None:
            found.append(Lost(one.address, without_zone(one.source_address or ""), transport, port))
    return list(dict.fromkeys(found))


def _user() -> tuple[int, int] | None:
    """Of the sockets of this process, for rules that ask who sends."""
    if sys.platform == "win32":
        return None
    return os.geteuid(), os.getegid()
