"""Listening on loopback: a handler for each connection, and nothing left behind.

The peer's doings (a reset, a hang-up, a handshake that comes to nothing) end a connection quietly; a bug in a handler
is raised when serving ends.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from eset_portcheck.model.addresses import is_ipv6
from eset_portcheck.standins.stream import Stream

LOOPBACK = "127.0.0.1"

Handler = Callable[[Stream], Awaitable[None]]
Address = tuple[str, int]


@asynccontextmanager
async def serve(
    handler: Handler, *, tls: ssl.SSLContext | None = None, host: str = LOOPBACK, port: int = 0
) -> AsyncIterator[Address]:
    """Yields (host, port). With `tls` the handler begins after the handshake. Port 0: a free one."""
    family = socket.AF_INET6 if is_ipv6(host) else socket.AF_INET
    connections: set[asyncio.Task[None]] = set()
    bugs: list[BaseException] = []
    with socket.create_server((host, port), family=family, backlog=128) as listener:
        listener.setblocking(False)
        accepting = asyncio.create_task(_accept(listener, handler, tls, connections, bugs))
        try:
            yield host, listener.getsockname()[1]
        finally:
            accepting.cancel()
            for connection in connections:
                connection.cancel()
            await asyncio.gather(accepting, *connections, return_exceptions=True)
    if bugs:
        raise bugs[0]


async def _accept(
    listener: socket.socket,
    handler: Handler,
    tls: ssl.SSLContext | None,
    connections: set[asyncio.Task[None]],
    bugs: list[BaseException],
) -> None:
    loop = asyncio.get_running_loop()

    def ended(connection: asyncio.Task[None]) -> None:
        connections.discard(connection)
        problem = None if connection.cancelled() else connection.exception()
        if problem is not None:
            bugs.append(problem)

    while True:
        sock, _ = await loop.sock_accept(listener)
        connection = asyncio.create_task(_attend(Stream(sock), handler, tls))
        connections.add(connection)
        connection.add_done_callback(ended)


async def _attend(stream: Stream, handler: Handler, tls: ssl.SSLContext | None) -> None:
    try:
        if tls is not None:
            await stream.secure(tls)
        await handler(stream)
        await stream.finish()
    except (OSError, EOFError):  # ssl.SSLError is an OSError
        pass
    finally:
        stream.close()


@asynccontextmanager
async def closed_port(host: str = LOOPBACK) -> AsyncIterator[Address]:
    """A port that refuses for as long as this lasts: bound, so that nobody else gets it, and never listening."""
    with socket.socket(socket.AF_INET6 if is_ipv6(host) else socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        yield host, sock.getsockname()[1]


@asynccontextmanager
async def silent_port(host: str = LOOPBACK) -> AsyncIterator[Address]:
    """A port that answers no SYN, without a firewall: its queue of accepted connections is full and nobody empties it
    (Linux, listen(2)).

    Other systems refuse instead; there it is no better than `closed_port`.
    """
    family = socket.AF_INET6 if is_ipv6(host) else socket.AF_INET
    waiting = [socket.socket(family, socket.SOCK_STREAM) for _ in range(3)]
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        try:
            listener.bind((host, 0))
            listener.listen(0)
            address = listener.getsockname()[:2]
            for sock in waiting:
                sock.setblocking(False)
                sock.connect_ex(address)
            yield host, address[1]
        finally:
            for sock in waiting:
                sock.close()
