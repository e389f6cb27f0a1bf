"""Drives an Exchange over a channel: the one place where a conversation meets the network."""

import asyncio
import os
import ssl
import time
from collections.abc import Awaitable, Callable

import msgspec

from eset_portcheck.model.plan import Endpoint
from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net.channel import SLICE_BYTES, Channel
from eset_portcheck.net.failure import StageFailed
from eset_portcheck.wire.conversation import Conversation, Ended, Exchange, Framing, Peer, StartTls, UnexpectedBytes

Secure = Callable[[Channel, Framing | None], Awaitable[Channel | None]]


async def talk(
    channel: Channel,
    conversation: Conversation,
    secure: Secure | None = None,
    begun: Callable[[Exchange], None] | None = None,
) -> Exchange:
    """Run to the end. Raises StageFailed: EOF, UNEXPECTED_BYTES, a reset; ssl.SSLError goes up to who knows the
    handshake.
    `secure`: for StartTls.

    `begun` is given the exchange at once: whoever cancels this at a deadline can see what had come by then.
    """
    exchange: Exchange | None = None
    try:
        exchange = Exchange(conversation)
        if begun is not None:
            begun(exchange)
        while True:
            out, exchange.out = b"".join(exchange.out), []
            if out:
                await channel.send(out)
            if exchange.finished:
                return exchange
            if isinstance(exchange.wants, StartTls):
                if exchange.surplus:
                    raise StageFailed(Failure.UNEXPECTED_BYTES, StageDetail(why="bytes before TLS"))
                secured = await secure(channel, exchange.wants.framing) if secure is not None else None
                channel = secured or channel
                exchange.secured(secured is not None)
                continue
            chunk = await channel.receive()
            if chunk:
                await _feed(exchange, chunk)
                continue
            exchange.eof()
            if not exchange.finished and not exchange.out:
                raise Ended
    except UnexpectedBytes as error:
        raise StageFailed(Failure.UNEXPECTED_BYTES, StageDetail(why=error.why).onto(seen(exchange))) from error
    except Ended as error:
        raise StageFailed(Failure.EOF, seen(exchange)) from error
    except ssl.SSLError:
        raise
    except OSError as error:
        raise StageFailed.of(error, seen(exchange)) from error


async def _feed(exchange: Exchange, chunk: bytes) -> None:
    """In slices: many small messages in one chunk must not keep deadlines from being looked at."""
    for at in range(0, len(chunk), SLICE_BYTES):
        if at:
            await asyncio.sleep(0)
        exchange.receive(chunk[at : at + SLICE_BYTES])


def introduction(endpoint: Endpoint, alpn: str | None) -> Peer:
    """What a conversation is told of the other end."""
    return Peer(
        host=endpoint.server_name or endpoint.host,
        port=endpoint.port,
        path=endpoint.path or "/",
        redirects=endpoint.redirects,
        realm=endpoint.realm,
        alpn=alpn,
        random=os.urandom,
        now_s=time.time(),
    )


def seen(exchange: Exchange | None) -> StageDetail:
    if exchange is None or not exchange.received_bytes:
        return StageDetail(received_bytes=0)
    return StageDetail(received_bytes=exchange.received_bytes, first_bytes=exchange.first_bytes[:64].hex())


async def ask_proxy(channel: Channel, conversation: Conversation, begun: Callable[[Exchange], None]) -> Exchange:
    """CONNECT, and the answer that a tunnel needs (RFC 9110 9.3.6). Raises StageFailed PROXY_REFUSED for any other."""
    exchange = await talk(channel, conversation, begun=begun)
    facts = exchange.facts or {}
    if not 200 <= int(facts["status"]) < 300:
        raise StageFailed(Failure.PROXY_REFUSED, msgspec.convert(facts, StageDetail))
    return exchange
