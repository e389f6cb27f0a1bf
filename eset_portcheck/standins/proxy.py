"""An HTTP forward proxy as ESET Bridge is one: GET by absolute URI, and CONNECT with a real tunnel. It reaches only the
destinations it is given.

Sources: RFC 9110 (7.6.1 hop-by-hop fields, 7.6.3 Via, 9.3.6 CONNECT, 11.7.1 Proxy-Authenticate, 15.5.8 407, 15.6.3
502), RFC 9112 3.2.2, 3.2.3.
"""

import asyncio
import base64
import secrets
from collections.abc import Coroutine, Iterable, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

import h11

from eset_portcheck.model.addresses import host_port
from eset_portcheck.standins.serving import Address, Handler
from eset_portcheck.standins.stream import Stream
from eset_portcheck.standins.web import Answer, read_request, respond

NAME = "bridge"
CONNECT_DEADLINE_S = 30.0
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection proxy-authorization proxy-authenticate te trailer transfer-encoding "
    b"upgrade".split()
)


class Policy(StrEnum):
    """What a proxy lets through."""

    OPEN = "open"
    AUTHENTICATE = "authenticate"  # 407 without the right credentials
    NO_CONNECT = "no-connect"  # 403 to CONNECT; GET passes
    FORBID = "forbid"  # 403 to all
    UNAVAILABLE = "unavailable"  # 503 to all


def proxy(
    destinations: Mapping[str, Address], policy: Policy = Policy.OPEN, *, credentials: tuple[str, str] | None = None
) -> Handler:
    """A handler. `destinations`: "host:port" in lower case -> loopback address. One that is not there, or refuses, is
    answered 503.

    `credentials` (user, password) open a proxy of policy AUTHENTICATE; without them nothing does.
    """

    async def handle(stream: Stream) -> None:
        connection = h11.Connection(h11.SERVER)
        while (request := await read_request(stream, connection)) is not None:
            refusal = _refusal(request, policy, credentials)
            if refusal is not None:
                await respond(stream, connection, refusal, head=request.method == b"HEAD")
            elif request.method == b"CONNECT":
                if await _tunnel(stream, connection, destinations.get(request.target.decode("latin-1").lower())):
                    return
            else:
                await _forward(stream, connection, request, destinations)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    return handle


def _refusal(request: h11.Request, policy: Policy, credentials: tuple[str, str] | None) -> Answer | None:
    if policy is Policy.AUTHENTICATE and not _authorised(request, credentials):
        return Answer(407, b"who are you?\n", headers=(("Proxy-Authenticate", f'Basic realm="{NAME}"'),))
    if policy is Policy.FORBID or (policy is Policy.NO_CONNECT and request.method == b"CONNECT"):
        return Answer(403, b"forbidden by the proxy\n")
    return _UPSTREAM_FAILED if policy is Policy.UNAVAILABLE else None


_UPSTREAM_FAILED = Answer(503, b"the proxy cannot reach the destination\n")


def _authorised(request: h11.Request, credentials: tuple[str, str] | None) -> bool:
    if credentials is None:
        return False
    expected = b"Basic " + base64.b64encode(":".join(credentials).encode("utf-8"))
    return any(
        name == b"proxy-authorization" and secrets.compare_digest(value, expected) for name, value in request.headers
    )


async def _tunnel(stream: Stream, connection: h11.Connection, destination: Address | None) -> bool:
    """True when there was a tunnel (and the connection is used up); else the refusal has been sent."""
    upstream = await _reach(destination)
    if upstream is None:
        await respond(stream, connection, _UPSTREAM_FAILED)
        return False
    try:
        await stream.send(
            connection.send(h11.Response(status_code=200, headers=[], reason=b"Connection established")) or b""
        )
        early, _ = connection.trailing_data
        if early:
            await upstream.send(early)
        await _both(_copy(stream, upstream), _copy(upstream, stream))
    finally:
        upstream.close()
    return True


async def _both(*directions: Coroutine[None, None, None]) -> None:
    """Both to their end; an error in one ends the other."""
    tasks = [asyncio.ensure_future(direction) for direction in directions]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _reach(destination: Address | None) -> Stream | None:
    if destination is None:
        return None
    try:
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            return await Stream.connect(*destination)
    except OSError:  # TimeoutError is one
        return None


async def _copy(source: Stream, sink: Stream) -> None:
    """Until the source ends; the end is passed on, the other direction lives. A reset is passed on as an end, as squid
    does it."""
    try:
        while chunk := await source.receive():
            await sink.send(chunk)
    except ConnectionResetError:
        pass
    await sink.end()


async def _forward(
    stream: Stream, connection: h11.Connection, request: h11.Request, destinations: Mapping[str, Address]
) -> None:
    """One request to the origin in origin form, its response back."""
    try:
        target = urlsplit(request.target.decode("latin-1"))
        authority = host_port(target.hostname or "", target.port or 80)
    except ValueError:
        target, authority = urlsplit(""), ""
    head = request.method == b"HEAD"
    if target.scheme != "http" or not target.hostname or request.method not in (b"GET", b"HEAD"):
        await respond(stream, connection, Answer(400, b"GET http://host/path, or CONNECT host:port\n"), head=head)
        return
    upstream = await _reach(destinations.get(authority))
    if upstream is None:
        await respond(stream, connection, _UPSTREAM_FAILED, head=head)
        return
    try:
        origin = h11.Connection(h11.CLIENT)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        host = (b"Host", target.netloc.rpartition("@")[2].encode("latin-1"))
        headers = [host, *_end_to_end(request.headers, leave_out=b"host"), (b"Connection", b"close")]
        out = origin.send(h11.Request(method=request.method, target=path.encode("latin-1"), headers=headers)) or b""
        await upstream.send(out + (origin.send(h11.EndOfMessage()) or b""))
        await _relay(upstream, origin, stream, connection)
    except (h11.RemoteProtocolError, OSError):
        if connection.our_state is h11.SEND_RESPONSE:
            await respond(stream, connection, Answer(502, b"the origin's answer was no HTTP\n"), head=head)
    finally:
        upstream.close()


async def _relay(upstream: Stream, origin: h11.Connection, stream: Stream, connection: h11.Connection) -> None:
    while True:
        event = origin.next_event()
        if event is h11.NEED_DATA:
            origin.receive_data(await upstream.receive())
        elif isinstance(event, h11.Response):
            headers = _end_to_end(event.headers)
            await stream.send(
                connection.send(h11.Response(status_code=event.status_code, headers=headers, reason=event.reason))
                or b""
            )
        elif isinstance(event, h11.Data):
            await stream.send(connection.send(h11.Data(data=event.data)) or b"")
        elif isinstance(event, h11.EndOfMessage):
            await stream.send(connection.send(h11.EndOfMessage()) or b"")
            return
        elif not isinstance(event, h11.InformationalResponse):
            raise h11.RemoteProtocolError("closed before the response")


def _end_to_end(headers: Iterable[tuple[bytes, bytes]], leave_out: bytes = b"") -> list[tuple[bytes, bytes]]:
    """The fields that travel on, plus Via."""
    named = {token.strip().lower() for name, value in headers if name == b"connection" for token in value.split(b",")}
    kept = [
        (name, value) for name, value in headers if name not in _HOP_BY_HOP and name not in named and name != leave_out
    ]
    return [*kept, (b"Via", f"1.1 {NAME}".encode("ascii"))]
