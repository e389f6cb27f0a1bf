"""Our own question to one name server: over UDP, repeated; over TCP where the answer was cut off.

Sources: RFC 1035 4.1 (messages), 4.2.2 (TCP), RFC 7766 section 5 (TCP after truncation).
"""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from typing import Any

import msgspec

from eset_portcheck.model.addresses import is_ipv6
from eset_portcheck.model.stage_detail import NO_WAY, DnsAnswer
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net.clock import Clock, Expired, ended, shorten
from eset_portcheck.net.failure import classify
from eset_portcheck.net.icmp import listen_for_errors

SEND_AT_S = (0.0, 1.0, 2.2, 4.0, 6.0, 8.0)  # one question and its repetitions
TCP_S = 3.0
DNS_PORT = 53
CUT_OFF = "cut off, and no answer by TCP"

Pick = Callable[[Any], list[str]]  # what is taken of an answer


async def ask_server(
    clock: Clock, server: str, name: str, kind: str, deadline_s: float, pick: Pick
) -> tuple[DnsAnswer, list[str] | None]:
    """What the server said, and what `pick` takes of it; None: it gave no answer. Never raises for what the network or
    the server does."""
    started = clock.now()
    found: list[str] | None = None
    answer = DnsAnswer(server=server, name=name, type=kind)
    try:
        rcode, found = await clock.within(deadline_s, _converse(server, name, kind, pick))
        answer = msgspec.structs.replace(answer, rcode=rcode)
    except Expired:
        answer = msgspec.structs.replace(answer, failure=Failure.DNS_TIMEOUT)
    except _NoAnswer as error:
        answer = msgspec.structs.replace(
            answer, failure=error.failure, why=error.why, received_bytes=error.received_bytes, cause=error.cause
        )
    return msgspec.structs.replace(answer, duration_s=shorten(clock.now() - started)), found


class _NoAnswer(Exception):
    """See DnsAnswer."""

    def __init__(
        self, failure: Failure, why: str | None = None, received_bytes: int | None = None, cause: Failure | None = None
    ) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.why = why
        self.received_bytes = received_bytes
        self.cause = cause.value if cause else None


async def _converse(server: str, name: str, kind: str, pick: Pick) -> tuple[str, list[str]]:
    import dns.exception
    import dns.message

    loop = asyncio.get_running_loop()
    try:
        query = dns.message.make_query(name, kind, id=random.getrandbits(16))
        wire = query.to_wire()
    except (dns.exception.DNSException, ValueError) as error:
        raise _NoAnswer(Failure.DNS_BAD_ANSWER, why="the name cannot be asked for") from error
    family = socket.AF_INET6 if is_ipv6(server) else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        listen_for_errors(sock)
        try:
            sock.connect((server, DNS_PORT))
        except OSError as error:
            raise _NoAnswer(Failure.DNS_UNREACHABLE, why=NO_WAY, cause=classify(error)) from error
        sender = asyncio.ensure_future(_repeat(loop, sock, wire))
        try:
            return await _receive(loop, sock, server, query, sender, pick)
        finally:
            await ended(sender)


async def _repeat(loop: asyncio.AbstractEventLoop, sock: socket.socket, wire: bytes) -> None:
    last = 0.0
    for at in SEND_AT_S:
        await asyncio.sleep(at - last)
        last = at
        await loop.sock_sendall(sock, wire)


async def _receive(
    loop: asyncio.AbstractEventLoop,
    sock: socket.socket,
    server: str,
    query: Any,
    sender: "asyncio.Task[None]",
    pick: Pick,
) -> tuple[str, list[str]]:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.rcode

    junk = 0
    while True:
        reading = asyncio.ensure_future(loop.sock_recv(sock, 4096))
        try:
            await asyncio.wait({reading, *([sender] if not sender.done() else [])}, return_when=asyncio.FIRST_COMPLETED)
            if sender.done() and not sender.cancelled() and (problem := sender.exception()) is not None:
                raise problem
            data = await reading
        except OSError as error:
            raise _unreachable(error) from error
        finally:
            await ended(reading)
        try:
            reply = dns.message.from_wire(data, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError, IndexError) as error:
            junk += 1
            if junk < 3 and data[:2] != query.to_wire()[:2]:
                continue
            raise _NoAnswer(Failure.DNS_BAD_ANSWER, received_bytes=len(data)) from error
        if not query.is_response(reply):
            continue  # a late or forged answer: not ours
        if reply.flags & dns.flags.TC:
            reply = await _over_tcp(loop, server, query)
        return dns.rcode.to_text(reply.rcode()), pick(reply)


async def _over_tcp(loop: asyncio.AbstractEventLoop, server: str, query: Any) -> Any:
    """The whole answer, where UDP brought a part of it. Without it the name cannot be told: resolvers do not use
    parts."""
    import dns.exception
    import dns.message

    wire = query.to_wire()
    family = socket.AF_INET6 if is_ipv6(server) else socket.AF_INET
    try:
        async with asyncio.timeout(TCP_S):
            with socket.socket(family, socket.SOCK_STREAM) as sock:
                sock.setblocking(False)
                await loop.sock_connect(sock, (server, DNS_PORT))
                await loop.sock_sendall(sock, struct.pack("!H", len(wire)) + wire)
                (length,) = struct.unpack("!H", await _exactly(loop, sock, 2))
                data = await _exactly(loop, sock, length)
        reply = dns.message.from_wire(data, ignore_trailing=True)
    except OSError as error:  # also TimeoutError
        raise _NoAnswer(Failure.DNS_BAD_ANSWER, why=CUT_OFF, cause=classify(error)) from error
    except (dns.exception.DNSException, ValueError, IndexError) as error:
        raise _NoAnswer(Failure.DNS_BAD_ANSWER, why=CUT_OFF, cause=Failure.UNEXPECTED_BYTES) from error
    if not query.is_response(reply):
        raise _NoAnswer(Failure.DNS_BAD_ANSWER, why=CUT_OFF, cause=Failure.UNEXPECTED_BYTES)
    return reply


async def _exactly(loop: asyncio.AbstractEventLoop, sock: socket.socket, wanted: int) -> bytes:
    data = b""
    while len(data) < wanted:
        some = await loop.sock_recv(sock, wanted - len(data))
        if not some:
            raise ConnectionResetError
        data += some
        await asyncio.sleep(0)
    return data


def addresses(reply: Any) -> list[str]:
    """A and AAAA."""
    return sorted({item.address for item in of_internet(reply, 1, 28)})[:24]


def of_internet(reply: Any, *kinds: int) -> list[Any]:
    """The records of these types. Of class IN only: the same numbers of other classes hold other things (RFC 1035 3.3,
    3.4)."""
    return [item for rrset in reply.answer if rrset.rdclass == 1 and rrset.rdtype in kinds for item in rrset]


def _unreachable(error: OSError) -> _NoAnswer:
    return _NoAnswer(Failure.DNS_UNREACHABLE, cause=classify(error))
