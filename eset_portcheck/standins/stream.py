"""One TCP connection seen from the listening end: the same calls in plain text and, after `secure`, inside TLS.

TLS goes through memory buffers because asyncio's own server drops the alert of a failed handshake, and an alert is what
real servers answer.

Sources: RFC 8446 6 (alerts), RFC 9112 9.6 (why a close lingers: unread input would turn it into a reset), RFC 9293 3.6
(half-closed connections).
"""

import asyncio
import socket
import ssl
import struct
import sys

from eset_portcheck.model.addresses import is_ipv6, is_loopback

CHUNK_BYTES = 65536
LINGER_S = 1.0
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # struct linger: on, seconds


class Stream:
    """A connected socket. `receive` gives b"" once the peer has closed its side; errors are OSError and EOFError."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._unread = b""
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    @classmethod
    async def connect(cls, host: str, port: int) -> "Stream":
        """To a loopback address, and to nothing else. Raises ValueError for others, OSError when refused."""
        if not is_loopback(host):
            raise ValueError("a stand-in connects to loopback only")
        sock = socket.socket(socket.AF_INET6 if is_ipv6(host) else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, (host, port))
            return cls(sock)
        except BaseException:
            sock.close()
            raise

    @property
    def closed(self) -> bool:
        return self._sock.fileno() < 0

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS session, for its version, ALPN and client certificate; None in plain text."""
        return self._tls

    async def secure(self, context: ssl.SSLContext) -> None:
        """The server's half of a TLS handshake. Raises ssl.SSLError after the alert has gone out, EOFError when the
        peer hangs up."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(self._unread)
        self._unread = b""
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                chunk = await self._loop.sock_recv(self._sock, CHUNK_BYTES)
                if not chunk:
                    raise EOFError("closed in the TLS handshake") from None
                self._incoming.write(chunk)
            except ssl.SSLError:
                await self._flush()
                await self._linger()
                raise
            else:
                await self._flush()
                self._tls = tls
                return

    async def receive(self, limit: int = CHUNK_BYTES) -> bytes:
        """At least one byte, at most `limit`; b"" at the end."""
        if not self._unread:
            self._unread = await self._more()
        chunk, self._unread = self._unread[:limit], self._unread[limit:]
        return chunk

    async def exactly(self, count: int) -> bytes:
        """`count` bytes; raises EOFError when the peer closes before. What came beyond them stays for the next call."""
        while len(self._unread) < count:
            chunk = await self._more()
            if not chunk:
                raise EOFError("closed in mid-message")
            self._unread += chunk
        chunk, self._unread = self._unread[:count], self._unread[count:]
        return chunk

    async def send(self, chunk: bytes) -> None:
        if self._tls is None:
            await self._loop.sock_sendall(self._sock, chunk)
            return
        self._tls.write(chunk)
        await self._flush()

    async def end(self) -> None:
        """Nothing more will be sent (close_notify, FIN); the peer may still send."""
        if self._tls is not None:
            try:
                self._tls.unwrap()
            except ssl.SSLError:  # it wants the peer's close_notify, which nobody needs to wait for
                pass
            await self._flush()
        self._sock.shutdown(socket.SHUT_WR)

    async def finish(self) -> None:
        """An orderly close: end, and pass over what still comes for a moment."""
        if not self.closed:
            await self.end()
            await self._linger()

    def close(self) -> None:
        """At once: a FIN, or a reset where input was not read."""
        self._sock.close()

    def reset(self) -> None:
        """A RST (linger of zero seconds, socket(7))."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._sock.close()

    async def _more(self) -> bytes:
        """The next plain bytes, whatever is waiting already."""
        if self._tls is None:
            return await self._loop.sock_recv(self._sock, CHUNK_BYTES)
        while True:
            try:
                return self._tls.read(CHUNK_BYTES)
            except ssl.SSLWantReadError:
                await self._flush()
                chunk = await self._loop.sock_recv(self._sock, CHUNK_BYTES)
                if not chunk:
                    return b""
                self._incoming.write(chunk)
            except ssl.SSLZeroReturnError:
                return b""

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._loop.sock_sendall(self._sock, self._outgoing.read())

    async def _linger(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(LINGER_S):
                while await self._loop.sock_recv(self._sock, CHUNK_BYTES):
                    pass
        except OSError:  # TimeoutError is one
            pass
