"""What this host's own rules say of attempts that nobody answered, or that were refused: evidence of kind "firewall". Sends nothing.

The verdict of a row comes from what was seen on the wire; a rule only explains it, and a rule that lets the flow pass takes this host off the list.
"""

import ipaddress
import os
import sys
from collections.abc import Iterable

import msgspec

from eset_portcheck.host.rules import CANNOT_TELL, Flow, Prediction, Rules
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Attempt, Evidence, Observation
from eset_portcheck.model.vocabulary import Stage

MAX_ADDRESSES = 256  # that are asked one by one, where a rule names addresses
_TCP_LOST, _UDP_LOST = (Stage.ROUTE, Stage.CONNECT), (Stage.ROUTE, Stage.CONNECT, Stage.HANDSHAKE)


class Explainer:
    """One run's questions. Attempts that differ only in their target share an answer, unless a rule names addresses."""

    def __init__(self, rules: Rules, host: Host) -> None:
        self._rules = rules
        self._device = {text.split("%")[0]: one for one in host.interfaces for text in one.addresses}
        self._coarse: dict[Flow, Prediction | None] = {}
        self._asked = 0

    def explained(self, seen: Observation, transport: str, port: int) -> Observation:
        """`port`: the one that was dialled."""
        told = []
        for attempt in lost(seen.attempts, transport):
            try:
                told += self._evidence(attempt, transport, port)
            except Exception as error:  # noqa: BLE001  # a bug in reading rules must not hide what was seen on the wire
                told.append(Evidence("firewall", attempt.address, {"verdict": CANNOT_TELL, "why": type(error).__name__}))
        return msgspec.structs.replace(seen, evidence=[*seen.evidence, *told]) if told else seen

    def _evidence(self, attempt: Attempt, transport: str, port: int) -> list[Evidence]:
        if attempt.address is None:
            return []
        target = ipaddress.ip_address(attempt.address.split("%")[0])
        if target.is_loopback or str(target) in self._device:
            return []  # packets to this host itself meet other rules, of loopback
        source = (attempt.source_address or "").split("%")[0]
        known = (source,) if source else ()
        device = self._device.get(source)
        on_link = device is None or not device.point_to_point
        name = device.name if device else None
        flow = Flow("out", f"ipv{target.version}", transport, port, known, interface=name, user=_user(), neighbours=on_link, program=sys.executable)
        told = self._coarsely(flow) if not target.is_link_local else None
        if told is None or told.verdict == CANNOT_TELL:
            told = self._exactly(msgspec.structs.replace(flow, destination=(str(target),)))
        return [] if told is None else [Evidence("firewall", attempt.address, msgspec.to_builtins(told))]

    def _coarsely(self, flow: Flow) -> Prediction | None:
        if flow not in self._coarse:
            self._coarse[flow] = self._rules.predict(flow)
        return self._coarse[flow]

    def _exactly(self, flow: Flow) -> Prediction | None:
        self._asked += 1
        return self._rules.predict(flow) if self._asked <= MAX_ADDRESSES else None


def lost(attempts: Iterable[Attempt], transport: str) -> list[Attempt]:
    """Attempts that ended before the other side said anything that only it can say."""
    stages = _UDP_LOST if transport == "udp" else _TCP_LOST
    return [one for one in attempts if one.untested is None and one.failed is not None and one.failed.stage in stages]


def _user() -> tuple[int, int] | None:
    """Of the sockets of this process, for rules that ask who sends."""
    if sys.platform == "win32":
        return None
    return os.geteuid(), os.getegid()
