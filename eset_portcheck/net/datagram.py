"""A UDP conversation: well-formed questions, repeated inside the stage; only an answer with the right content counts.

Linux: one unconnected socket hears ICMP errors and an answer from any port of the same address. Elsewhere: a connected
socket, where an answer from another port is missed (never run on Windows; its Proactor loop may stay deaf after an ICMP
error, so each repetition takes a new socket there).

Sources: RFC 768; ip(7) IP_RECVERR.
"""

import asyncio
import functools
import socket
import sys
from typing import Any

from eset_portcheck.model.addresses import same_address
from eset_portcheck.model.observation import Icmp
from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net.clock import ended
from eset_portcheck.net.failure import StageFailed
from eset_portcheck.net.icmp import listen_for_errors, read_errors
from eset_portcheck.wire.conversation import Conversation, Exchange, ReadDatagram, UnexpectedBytes

SEND_AT_S = (0.0, 0.7, 1.8)
MAX_BYTES = 65535
MAX_ICMP = 64


class Dispatch:
    """State of one UDP conversation; `icmp` and `exchange` are there after a failure too."""

    def __init__(self, family: int, address: str, port: int) -> None:
        self._where: tuple[Any, ...] = (address, port)
        self._address = address
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.icmp: list[Icmp] = []
        self.exchange: Exchange | None = None
        self._strangers = 0

    def facts(self) -> StageDetail:
        """For the stage's record."""
        return StageDetail(strangers=self._strangers or None)

    async def converse(self, conversation: Conversation) -> Exchange:
        """Raises StageFailed at once on an ICMP error that concerns the destination; silence is the caller's
        deadline."""
        loop = asyncio.get_running_loop()
        listen_for_errors(self.sock)
        if sys.platform != "linux":
            self._guarded(lambda: self.sock.connect(self._where))
        try:
            exchange = self.exchange = Exchange(conversation)
            while not exchange.finished:
                questions, exchange.out = exchange.out, []
                if not isinstance(exchange.wants, ReadDatagram):
                    raise UnexpectedBytes("a step that datagrams do not know")
                await self._ask(loop, exchange, questions)
        except UnexpectedBytes as error:
            raise StageFailed(Failure.UNEXPECTED_BYTES, StageDetail(why=error.why)) from error
        return exchange

    async def _ask(self, loop: asyncio.AbstractEventLoop, exchange: Exchange, questions: list[bytes]) -> None:
        """Send, repeat, and take the first datagram that the conversation accepts."""
        started = loop.time()
        sender = asyncio.ensure_future(self._repeat(questions))
        try:
            while True:
                reading = asyncio.ensure_future(self._receive(loop, started))
                waiting: set[asyncio.Future[Any]] = {reading} if sender.done() else {reading, sender}
                try:
                    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    if sender.done() and not sender.cancelled() and (problem := sender.exception()) is not None:
                        raise problem
                    if not reading.done():
                        continue
                    data, sender_address = reading.result()
                finally:
                    await ended(reading)
                if not same_address(sender_address, self._address):
                    continue  # anybody may send to our port: that says nothing of the host we asked
                if exchange.datagram(data):
                    return
                self._strangers += 1
                if self._strangers > 64:
                    raise StageFailed(
                        Failure.UNEXPECTED_BYTES,
                        StageDetail(why="answers that belong to no question", first_bytes=data[:64].hex()),
                    )
        finally:
            await ended(sender)

    async def _repeat(self, questions: list[bytes]) -> None:
        last = 0.0
        for at in SEND_AT_S:
            await asyncio.sleep(at - last)
            last = at
            for question in questions:
                self._guarded(functools.partial(self._send, question))

    def _send(self, question: bytes) -> None:
        if sys.platform == "linux":
            self.sock.sendto(question, self._where)
        else:
            self.sock.send(question)

    async def _receive(self, loop: asyncio.AbstractEventLoop, started: float) -> tuple[bytes, str]:
        while True:
            try:
                data, address = await loop.sock_recvfrom(self.sock, MAX_BYTES)
            except OSError as error:
                self._raise_if_ours(error, loop.time() - started)
                await asyncio.sleep(0)  # who floods us with errors must not keep the deadline from being looked at
            else:
                return data, str(address[0])

    def _guarded(self, call: Any) -> None:
        try:
            call()
        except BlockingIOError:
            return  # the send buffer is full: the repetition comes
        except OSError as error:
            self._raise_if_ours(error, 0.0)

    def _raise_if_ours(self, error: OSError, after_s: float) -> None:
        """Path-MTU news (ICMP 3/4, v6 type 2) is no reject; everything else ends the stage."""
        records = read_errors(self.sock, after_s)
        self.icmp += records[: MAX_ICMP - len(self.icmp)]
        real = [one for one in records if not is_mtu_news(one)]
        if records and not real:
            return
        raise StageFailed.of(error) from error


def is_mtu_news(record: Icmp) -> bool:
    """Fragmentation needed (RFC 792) and packet too big (RFC 4443) tell of the path's MTU, not of a reject."""
    if record.version == 6:
        return record.type == 2
    return (record.type, record.code) == (3, 4)


def first_reject(records: list[Icmp]) -> Icmp | None:
    """The first that is no path-MTU news."""
    return next((record for record in records if not is_mtu_news(record)), None)
