"""Do large packets get to the server? After a handshake that went well: a ClientHello of one and a half packets.

What a client says before it is answered is small, so a hole for large packets on the way there shows only in the first
upload. A first message that is padded takes that way before anything is logged in. Its answer (any byte) is all that is
waited for. Bounded: one connection where it is answered, three where it is not.
"""

import asyncio
import socket
import ssl

from eset_portcheck.model.evidence import HelloEnd, LargeHello
from eset_portcheck.net.channel import Channel, SocketChannel
from eset_portcheck.net.clock import Expired, shorten
from eset_portcheck.net.failure import StageFailed
from eset_portcheck.net.interfaces import FAMILIES, Attempting
from eset_portcheck.net.talk import ask_proxy
from eset_portcheck.wire.client_hello import padded

HELLO_BYTES = 2048  # a full packet of every usual link (1,500 bytes), and the rest in another
PIECE_BYTES = 500  # with its headers no larger than the plain ClientHello that passed
PAUSE_S = 0.15  # so that a proxy on the way hands on each piece by itself
SILENCE_S = 2.0  # four retransmissions of a lost packet (RFC 6298: 0.2 s doubled, on Linux)


async def large_hello(dial: Attempting, plain_s: float) -> list[LargeHello]:
    """Evidence where a large first message gets no answer; `plain_s`: how long the plain one took. Another try and one
    in small pieces tell a hole from loss, and from a server that cannot read it."""
    try:
        hello = padded(_plain(dial), HELLO_BYTES)
    except ValueError:  # as large by itself: then the handshake was the proof
        return []
    wait_s = min(max(SILENCE_S, 3 * plain_s), max(SILENCE_S, dial.context.timeout_s))
    started = dial.context.clock.now()
    if await _asked(dial, [hello], wait_s) != "silent":
        return []
    pieces = [hello[at : at + PIECE_BYTES] for at in range(0, len(hello), PIECE_BYTES)]
    again, in_pieces = await asyncio.gather(_asked(dial, [hello], wait_s), _asked(dial, pieces, wait_s))
    return [
        LargeHello(
            address=dial.address,
            hello_bytes=len(hello),
            again=again,
            in_pieces=in_pieces,
            duration_s=shorten(dial.context.clock.now() - started),
        )
    ]


def _plain(dial: Attempting) -> bytes:
    """The words of a new handshake, not sent."""
    outgoing = ssl.MemoryBIO()
    name = dial.endpoint.server_name or dial.endpoint.host
    context = dial.context.contexts.get(dial.endpoint.alpn or dial.protocol.alpn)
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_side=False, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    return b""


async def _asked(dial: Attempting, pieces: list[bytes], wait_s: float) -> HelloEnd:
    """A connection of its own, through the proxy where there is one. "ended": it came to nothing in another way than
    by silence after the words."""
    clock = dial.context.clock
    with socket.socket(FAMILIES[dial.family], socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            channel = await clock.within(wait_s, _connected(dial, sock))
        except (Expired, OSError, StageFailed):
            return "ended"
        try:
            return await clock.within(wait_s + PAUSE_S * len(pieces), _answer(channel, pieces))
        except Expired:
            return "silent"
        except OSError:
            return "ended"


async def _connected(dial: Attempting, sock: socket.socket) -> Channel:
    """Raises StageFailed, OSError."""
    from eset_portcheck.wire import http1  # its parser is needed by few runs

    await asyncio.get_running_loop().sock_connect(sock, dial.sockaddr)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    channel: Channel = SocketChannel(sock)
    if dial.endpoint.proxy:
        await ask_proxy(channel, http1.connect(dial.endpoint.host, dial.endpoint.port), lambda _: None)
    return channel


async def _answer(channel: Channel, pieces: list[bytes]) -> HelloEnd:
    for number, piece in enumerate(pieces):
        if number:
            await asyncio.sleep(PAUSE_S)
        await channel.send(piece)
    return "answered" if await channel.receive() else "ended"
