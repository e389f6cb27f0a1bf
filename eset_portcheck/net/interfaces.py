"""What dialling and those that it serves know of each other: an address, a judge of chains, who gathers evidence, who
goes on after the handshake, and what of an attempt these may look at."""

import socket
from contextlib import AbstractAsyncContextManager
from typing import Any
from typing import Protocol as Interface

import msgspec

from eset_portcheck.model.evidence import Evidence
from eset_portcheck.model.observation import Icmp, StageRecord, TlsFacts
from eset_portcheck.model.plan import Endpoint
from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Stage
from eset_portcheck.net.clock import Clock
from eset_portcheck.net.tls import Contexts
from eset_portcheck.wire.protocol import Protocol

FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}


class Judge(Interface):
    @property
    def ready(self) -> bool:
        """Its slow imports are done: a judgement now takes a millisecond."""
        ...

    def judge(self, der: list[bytes], name: str, star_accepted: bool) -> TlsFacts: ...


class Target(msgspec.Struct, frozen=True):
    """The very address that is dialled: the endpoint's, its proxy's, or where `[connect_to]` leads."""

    family: str
    address: str
    port: int


class Attempting(Interface):
    """An attempt that is under way, as those see it who gather evidence for it or go on with it: net.dial.Dial."""

    context: "DialContext"
    endpoint: Endpoint
    protocol: Protocol
    target: Target
    family: str
    address: str
    port: int
    records: list[StageRecord]
    icmp: Icmp | None
    reply: dict[str, Any] | None

    @property
    def sockaddr(self) -> tuple[Any, ...]: ...


class Collector(Interface):
    """Gathers evidence for a stage; each call may send packets of its own."""

    async def of_silence(self, dial: Attempting, stage: Stage) -> list[Evidence]: ...

    async def of_failure(self, dial: Attempting, record: StageRecord) -> list[Evidence]: ...

    async def of_success(self, dial: Attempting) -> tuple[list[Evidence], TlsFacts | None]: ...


class Sessions(Interface):
    """Full clients behind the handshake (credentials). `turn` is held while one runs; `hold` says how far it
    got, or raises StageFailed."""

    def turn(self) -> AbstractAsyncContextManager[Any]: ...

    async def hold(self, dial: Attempting) -> StageDetail: ...


class DialContext(msgspec.Struct, frozen=True):
    """What all dials of a run share."""

    clock: Clock
    contexts: Contexts
    judge: Judge
    timeout_s: float
    collector: Collector | None = None
    sessions: Sessions | None = None
