"""One address of one endpoint through all stages: route, connect, tunnel, tls, handshake. One connection; every stage
timed and classified.

While a stage is silent, and after certain failures, the evidence that its reading needs is gathered (net/evidence.py);
it never changes the attempt.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from eset_portcheck.model.evidence import Evidence
from eset_portcheck.model.observation import Attempt, Icmp, StageRecord, TlsFacts, Transcript
from eset_portcheck.model.plan import Endpoint
from eset_portcheck.model.stage_detail import NOTHING, StageDetail
from eset_portcheck.model.vocabulary import Failure, Proof, Stage, Transport
from eset_portcheck.net.channel import Channel, FramedChannel, SocketChannel, TlsChannel
from eset_portcheck.net.clock import Expired, shorten
from eset_portcheck.net.datagram import Dispatch, first_reject
from eset_portcheck.net.failure import StageFailed
from eset_portcheck.net.icmp import listen_for_errors, read_errors
from eset_portcheck.net.interfaces import FAMILIES, DialContext, Target
from eset_portcheck.net.judging import judged
from eset_portcheck.net.lost_syns import retransmitted
from eset_portcheck.net.talk import ask_proxy, introduction, seen, talk
from eset_portcheck.net.tls import Handshake
from eset_portcheck.wire.conversation import Exchange, Framing, Peer
from eset_portcheck.wire.protocol import Opening, Protocol

T = TypeVar("T")
Said = Callable[[], StageDetail]

SILENCE_S = 1.5  # evidence of a silent stage starts here, so that it ends with the stage


class Dial:
    """State of one attempt. `run` never raises for what the network or the peer does."""

    def __init__(
        self,
        context: DialContext,
        endpoint: Endpoint,
        protocol: Protocol,
        target: Target,
        *,
        opening: Opening | None = None,
        maximum_segment: int | None = None,
    ) -> None:
        """`opening`: begin as this says, not as the protocol does."""
        self.context = context
        self.endpoint = endpoint
        self.protocol = protocol
        self.opening: Opening = protocol if opening is None else opening
        self.target = target
        self.family, self.address, self.port = target.family, target.address, target.port
        self.evidence: list[Evidence] = []
        self._maximum_segment = maximum_segment
        self.records: list[StageRecord] = []
        self.icmp: Icmp | None = None
        self._tls: TlsFacts | None = None
        self.reply: dict[str, Any] | None = None
        self._transcript: Transcript | None = None
        self._source: str | None = None
        self._sock: socket.socket | None = None
        self._connect_started_s = 0.0
        self._handshake_tls: Handshake | None = None
        self._inside: Handshake | None = None  # that a conversation began by itself
        self._exchange: Exchange | None = None

    @property
    def sockaddr(self) -> tuple[Any, ...]:
        return (self.address, self.port)

    async def run(self, before: list[StageRecord] | None = None) -> Attempt:
        self.records = list(before or [])
        try:
            await self._stages()
        except StageFailed:
            pass
        else:
            if self.context.collector is not None:
                found, shown = await self.context.collector.of_success(self)
                self.evidence += found
                self._tls = self._tls or shown
        finally:
            if self._sock is not None:
                self._sock.close()
        return Attempt(
            address=self.address,
            family=self.family,
            source_address=self._source,
            stages=self.records,
            tls=self._tls,
            icmp=self.icmp,
            reply=self.reply,
            transcript=self._transcript,
        )

    async def _stages(self) -> None:
        await self._stage(Stage.ROUTE, self._route())
        if self.endpoint.transport is Transport.UDP:
            await self._datagrams()
            return
        await self._stage(Stage.CONNECT, self._connect())
        assert self._sock is not None  # noqa: S101  # the stage above made it
        channel: Channel = SocketChannel(self._sock)
        if self.endpoint.proxy and not self.protocol.speaks_to_proxy:
            channel = await self._tunnel(channel)
        if self.endpoint.encrypted or self.opening.encrypted:
            secured = await self._secure(channel)
            if secured is None:
                return
            channel = secured
        await self._handshake(channel)
        if self.endpoint.session and self.context.sessions is not None and self._spoke:
            async with self.context.sessions.turn():
                held = await self._stage(
                    Stage.SESSION, self.context.sessions.hold(self), deadline_s=2 * self.context.timeout_s
                )
            self.reply = {**(self.reply or {}), "session": held.as_table()}

    @property
    def _spoke(self) -> bool:  # a log-on has somebody to go to
        return self.protocol.interpret(self.reply or {}).proof.reaches(Proof.PROTOCOL)

    async def _stage(
        self, stage: Stage, work: Coroutine[Any, Any, T], facts: Said | None = None, deadline_s: float | None = None
    ) -> T:
        """One stage under its deadline, and its record; evidence where it is silent, or breaks so that it is needed."""
        clock = self.context.clock
        started = clock.now()
        late: list[asyncio.Task[list[Evidence]]] = []
        collector = self.context.collector
        timer = asyncio.get_running_loop().call_later(
            SILENCE_S,
            lambda: late.append(asyncio.ensure_future(collector.of_silence(self, stage))) if collector else None,
        )
        result: T | None = None
        problem: StageFailed | None = None
        try:
            result = await clock.within(deadline_s or self.context.timeout_s, work)
        except Expired:
            problem = StageFailed(Failure.TIMEOUT)
        except StageFailed as error:
            problem = error
        except OSError as error:
            problem = StageFailed.of(error)
        finally:
            timer.cancel()
            if problem is None or problem.failure is not Failure.TIMEOUT:
                for task in late:
                    task.cancel()
        self._read_errors(started)
        detail = problem.detail if problem is not None else NOTHING
        record = StageRecord(
            stage=stage,
            started_s=shorten(started),
            duration_s=shorten(clock.now() - started),
            failure=problem.failure if problem is not None else None,
            detail=detail.onto(facts()) if facts is not None else detail,
        )
        self.records.append(record)
        if problem is not None:
            await self._witness(record, late[0] if late else None)
            raise problem
        return result  # type: ignore[return-value]

    async def _witness(self, record: StageRecord, late: "asyncio.Task[list[Evidence]] | None") -> None:
        collector, clock, timeout_s = self.context.collector, self.context.clock, self.context.timeout_s
        if collector is None:
            return
        try:
            if record.failure is Failure.TIMEOUT:
                self.evidence += await clock.within(
                    1.0 + max(0.5, timeout_s - SILENCE_S), late or collector.of_silence(self, record.stage)
                )
            else:
                self.evidence += await clock.within(timeout_s, collector.of_failure(self, record))
        except Expired:
            return

    def _read_errors(self, started: float) -> None:
        if self._sock is None:
            return
        records = read_errors(self._sock, self.context.clock.now() - (self._connect_started_s or started))
        self.icmp = self.icmp or first_reject(records)

    async def _route(self) -> None:
        """The source address, without a packet: connect() on a datagram socket only looks the route up (ip(7))."""
        with socket.socket(FAMILIES[self.family], socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(self.sockaddr)
            self._source = sock.getsockname()[0]

    async def _connect(self) -> None:
        sock = self._sock = socket.socket(FAMILIES[self.family], socket.SOCK_STREAM)
        sock.setblocking(False)
        listen_for_errors(sock)
        if self._maximum_segment:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, self._maximum_segment)
        self._connect_started_s = self.context.clock.now()
        await asyncio.get_running_loop().sock_connect(sock, self.sockaddr)
        lost = retransmitted(sock, self.address, self.context.clock.now() - self._connect_started_s)
        self.evidence += [lost] if lost else []
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def _tunnel(self, channel: Channel) -> Channel:
        from eset_portcheck.wire import http1

        exchange = await self._stage(
            Stage.TUNNEL,
            ask_proxy(channel, http1.connect(self.endpoint.host, self.endpoint.port), self._begin),
            self._so_far,
        )
        assert self._sock is not None  # noqa: S101
        return SocketChannel(self._sock, bytes.fromhex((exchange.facts or {}).get("surplus", "")) + exchange.surplus)

    async def _secure(self, channel: Channel) -> Channel | None:
        """The TLS stage. None when the peer demands a client certificate: reachable, but nobody talks to us."""
        endpoint = self.endpoint
        context = self.context.contexts.get(endpoint.alpn or self.opening.alpn)
        secured = TlsChannel(channel, context, endpoint.server_name or endpoint.host)
        handshake = Handshake(secured, self.context.contexts.sees_messages)
        try:
            await self._stage(Stage.TLS, handshake.shake(), lambda: StageDetail(received_bytes=secured.received_bytes))
            if self.protocol.silent:
                await handshake.listen(
                    self.context.clock, max(1.0, min(2.5 * self.records[-1].duration_s, self.context.timeout_s))
                )
        finally:
            if handshake.certificates or handshake.version:
                await self._judge(handshake)
        if handshake.client_certificate == "required":
            return None
        self._handshake_tls = handshake
        return secured

    async def _judge(self, handshake: Handshake) -> None:
        """Outside every stage's clock."""
        self._tls = await judged(self.context.judge, handshake, self.endpoint)

    async def _handshake(self, channel: Channel) -> None:
        if self.protocol.silent:
            self.reply = {}
            return
        exchange = await self._stage(Stage.HANDSHAKE, self._talk(channel), self._so_far)
        if self._inside is not None and self._inside.version:
            await self._judge(self._inside)
        self._finish(exchange)

    async def _talk(self, channel: Channel) -> Exchange:
        try:
            return await talk(channel, self.opening.converse(self._introduction()), self._start_tls, self._begin)
        except ssl.SSLError as error:
            handshake = self._handshake_tls
            if handshake is not None and handshake.note(error) and self._tls is not None:
                self._tls = msgspec.structs.replace(self._tls, client_certificate="required")
            raise StageFailed(Failure.TLS_ALERT, StageDetail(openssl=error.reason)) from error

    def _introduction(self) -> Peer:
        return introduction(self.endpoint, self._tls.alpn if self._tls else None)

    async def _start_tls(self, channel: Channel, framing: Framing | None) -> Channel | None:
        """TLS that a conversation asked for; its failure is a fact for the conversation."""
        below = channel if framing is None else FramedChannel(channel, framing)
        self._inside = inside = Handshake(
            TlsChannel(below, self.context.contexts.get(()), self.endpoint.server_name or self.endpoint.host), False
        )
        return await inside.attempted()

    def _begin(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def _so_far(self) -> StageDetail:
        """What had come when a stage ended; only worth a record when it ended badly."""
        return NOTHING if self._exchange is None or self._exchange.finished else seen(self._exchange)

    def _finish(self, exchange: Exchange) -> None:
        self.reply = exchange.facts
        first = exchange.first_bytes[:64].hex()
        self._transcript = Transcript(received_bytes=exchange.received_bytes, first_bytes=first)

    async def _datagrams(self) -> None:
        """UDP: the answer (or the ICMP error) to our question is connect and handshake in one."""
        dispatch = Dispatch(FAMILIES[self.family], self.address, self.port)
        self._sock = dispatch.sock
        self._connect_started_s = self.context.clock.now()

        def facts() -> StageDetail:
            self.icmp = self.icmp or first_reject(dispatch.icmp)
            return dispatch.facts()

        asking = dispatch.converse(self.opening.converse(self._introduction()))
        self._finish(await self._stage(Stage.HANDSHAKE, asking, facts))
