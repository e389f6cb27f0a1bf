"""Drives an Exchange over a channel: the one place where a conversation meets the network."""

import ssl
from collections.abc import Awaitable, Callable

from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net.channel import Channel
from eset_portcheck.net.failure import Broken
from eset_portcheck.wire.conversation import Conversation, Ended, Exchange, StartTls, UnexpectedBytes

Secure = Callable[[Channel], Awaitable[Channel]]


async def talk(channel: Channel, conversation: Conversation, secure: Secure | None = None, begun: Callable[[Exchange], None] | None = None) -> Exchange:
    """Run to the end. Raises Broken: EOF, UNEXPECTED_BYTES, a reset; ssl.SSLError goes up to who knows the handshake.

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
                if secure is None or exchange.surplus:
                    raise Broken(Failure.UNEXPECTED_BYTES, why="bytes before TLS")
                channel = await secure(channel)
                exchange.secured()
                continue
            chunk = await channel.receive()
            if chunk:
                exchange.receive(chunk)
                continue
            exchange.eof()
            if not exchange.finished and not exchange.out:
                raise Ended
    except UnexpectedBytes as error:
        raise Broken(Failure.UNEXPECTED_BYTES, why=error.why, **seen(exchange)) from error
    except Ended as error:
        raise Broken(Failure.EOF, **seen(exchange)) from error
    except ssl.SSLError:
        raise
    except OSError as error:
        raise Broken.of(error, **seen(exchange)) from error


def seen(exchange: Exchange | None) -> dict[str, object]:
    if exchange is None or not exchange.received_bytes:
        return {"received_bytes": 0}
    return {"received_bytes": exchange.received_bytes, "first_bytes": exchange.first_bytes[:64].hex()}
