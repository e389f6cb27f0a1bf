"""Bytes in and out: a TCP socket of our own making, and TLS on top of anything that has these two methods.

Own sockets, not asyncio streams: after an error the socket is still open, so that its error queue can be read.
TLS goes through memory buffers: a plain-text answer is then seen as it came, and a hang-up shows how many bytes had
come.
"""

import asyncio
import socket
import ssl
from typing import Protocol

from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net.failure import StageFailed
from eset_portcheck.wire.conversation import Framing

CHUNK_BYTES = 16384
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux
MAX_TLS_BYTES = 1024 * 1024  # a long chain and the longest answer inside; records that carry nothing count too
# A handshake has up to nine messages; a second one for a client's certificate and tickets come on top. HelloRequests
# cost a peer four bytes each.
MAX_MESSAGES = 64
SLICE_BYTES = 2048  # what OpenSSL or a parser gets at a time: between two of them deadlines are looked at
_MAX_ALERTS = 16


class Channel(Protocol):
    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes:
        """b"" once the peer has closed."""
        ...


class SocketChannel:
    """`pushed_back` bytes are handed out first (what a proxy sent behind its answer)."""

    def __init__(self, sock: socket.socket, pushed_back: bytes = b"") -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._pushed_back = pushed_back

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)
        if _QUICKACK is not None:
            # A server without TCP_NODELAY holds its answer back until its last words are acknowledged (RFC 9293 3.7.4),
            # 40 ms by default: after a TLS 1.3 handshake those are its session tickets. The option lasts until the
            # kernel takes it back (tcp(7)).
            try:
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            except OSError:  # it only saves time; what is wrong with the socket shows at the next reading
                return

    async def receive(self) -> bytes:
        if self._pushed_back:
            data, self._pushed_back = self._pushed_back, b""
            return data
        data = await self._loop.sock_recv(self._sock, CHUNK_BYTES)
        await asyncio.sleep(0)  # a peer that always has bytes ready must not keep deadlines from being looked at
        return data


class FramedChannel:
    """Another channel, with the packets of a protocol around what is said."""

    def __init__(self, inner: Channel, framing: Framing) -> None:
        self._inner = inner
        self._framing = framing

    async def send(self, data: bytes) -> None:
        await self._inner.send(self._framing.wrap(data))

    async def receive(self) -> bytes:
        """Raises StageFailed for what is no such packet."""
        while chunk := await self._inner.receive():
            try:
                records = self._framing.unwrap(chunk)
            except ValueError as error:
                raise StageFailed(Failure.UNEXPECTED_BYTES) from error
            if records:
                return records
        return b""


class RecordingTls(ssl.SSLObject):
    """An SSLObject that remembers alerts and whether a client certificate was asked for."""

    alerts: tuple[int, ...] = ()
    certificate_requested = False
    messages = 0  # of handshakes, as many as came
    version_seen = 0  # of the peer's last handshake message


def watch_messages(context: ssl.SSLContext) -> bool:
    """Let `context` tell of handshake messages. The hook is private to CPython: False where it is gone, then less is
    known."""
    context.sslobject_class = RecordingTls

    def message(tls: object, direction: str, version: int, content: int, kind: int | None, payload: bytes) -> None:
        if not isinstance(tls, RecordingTls) or direction != "read" or tls.messages > MAX_MESSAGES:
            return  # a record holds up to 4,096 messages, and OpenSSL takes it at once
        if content == 22:
            tls.version_seen = int(version)
            tls.messages += 1
        if content == 22 and kind == 13:  # RFC 8446 section 4: handshake, certificate_request
            tls.certificate_requested = True
        elif content == 21 and len(payload) >= 2:  # alert: level, description
            tls.alerts = (*tls.alerts[: _MAX_ALERTS - 1], payload[1])

    try:
        import _ssl

        # the C level's own hook: the one of ssl.SSLContext turns every number into an enum first
        _ssl._SSLContext._msg_callback.__set__(context, message)  # type: ignore[attr-defined]  # noqa: SLF001
    except (ImportError, AttributeError, TypeError):
        try:
            context._msg_callback = message  # type: ignore[attr-defined]  # noqa: SLF001
        except (AttributeError, TypeError):
            return False
    return True


class TlsChannel:
    """TLS over another channel. `first_bytes` and `received_bytes` tell what came before it failed."""

    def __init__(self, inner: Channel, context: ssl.SSLContext, server_name: str) -> None:
        self._inner = inner
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=False, server_hostname=server_name)
        self.first_bytes = b""
        self.received_bytes = 0
        self._waiting = b""  # came, and was not given to OpenSSL yet

    @property
    def alerts(self) -> list[int]:
        return list(getattr(self.tls, "alerts", []))

    @property
    def certificate_requested(self) -> bool:
        return bool(getattr(self.tls, "certificate_requested", False))

    @property
    def version_seen(self) -> str | None:
        """For a handshake that did not come to its end, where OpenSSL names no version."""
        return {0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}.get(
            getattr(self.tls, "version_seen", 0)
        )

    async def handshake(self) -> None:
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    raise StageFailed(Failure.EOF, StageDetail(received_bytes=self.received_bytes)) from None
            except ssl.SSLError:
                await self._farewell()
                raise
            else:
                await self._flush()
                return

    async def send(self, data: bytes) -> None:
        self.tls.write(data)
        await self._flush()

    async def receive(self) -> bytes:
        while True:
            try:
                return self.tls.read(CHUNK_BYTES)
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    async def _fill(self) -> bool:
        """A slice more for OpenSSL; False when the peer has closed. Raises StageFailed for a peer that sends and does
        not get on."""
        if self.received_bytes > MAX_TLS_BYTES or getattr(self.tls, "messages", 0) > MAX_MESSAGES:
            raise StageFailed(
                Failure.TOO_LARGE,
                StageDetail(received_bytes=self.received_bytes, first_bytes=self.first_bytes[:64].hex()),
            )
        if self._waiting:
            await asyncio.sleep(0)
        else:
            self._waiting = await self._inner.receive()
            self.received_bytes += len(self._waiting)
            if len(self.first_bytes) < 256:
                self.first_bytes += self._waiting[: 256 - len(self.first_bytes)]
        self._incoming.write(self._waiting[:SLICE_BYTES])
        more, self._waiting = bool(self._waiting), self._waiting[SLICE_BYTES:]
        return more

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._inner.send(self._outgoing.read())

    async def _farewell(self) -> None:
        """Send our alert; a peer that is gone already does not matter."""
        try:
            await self._flush()
        except OSError:
            return
