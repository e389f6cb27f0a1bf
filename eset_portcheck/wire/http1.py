"""HTTP/1.1 conversations: one GET, and the CONNECT that opens a tunnel. h11 does the parsing.

Sources: RFC 9110 (semantics: 9.3.6 CONNECT, 15.5.8 407), RFC 9112 (messages), RFC 6585 section 6 (511).
"""

import hashlib
from typing import Any

import h11

from eset_portcheck import __version__
from eset_portcheck.model.addresses import bracketed, host_port
from eset_portcheck.wire import content
from eset_portcheck.wire.conversation import Conversation, Facts, ReadSome, Send

AGENT = f"eset-portcheck/{__version__}".encode()
BODY_LIMIT_BYTES = 8192
MAX_INFORMATIONAL = (
    16  # 1xx answers before the real one (RFC 9110 15.2): each costs the parser more than it costs the peer
)
TEXT_LIMIT = 200


def authority(host: str, port: int, default: int) -> str:
    """Host as it stands in a Host header or a URI: brackets round IPv6, no default port."""
    return bracketed(host) if port == default else host_port(host, port)


def get(host: str, port: int, target: str) -> Conversation:
    """GET and up to 8 KiB of the answer. Facts: status, server, content_type, location, via, date, age, body_bytes,
    content (wire/content.py) and body_sha256, which is of the body without the name that was asked for."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=BODY_LIMIT_BYTES * 2)
    headers = [
        (b"Host", authority(host, port, 80).encode("ascii")),
        (b"User-Agent", AGENT),
        (b"Accept", b"*/*"),
        (b"Connection", b"close"),
    ]
    request = connection.send(h11.Request(method=b"GET", target=target.encode("ascii"), headers=headers))
    yield Send((request or b"") + (connection.send(h11.EndOfMessage()) or b""))
    response = yield from _response(connection)
    body = b""
    while len(body) < BODY_LIMIT_BYTES:
        event = _next(connection)
        if event is h11.NEED_DATA:
            chunk = yield ReadSome()
            if not chunk:
                break  # the end of an old-style body, or a hang-up in the middle: what came is what is judged
            connection.receive_data(chunk)
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        else:
            break
    told = _header(response, b"content-type"), _header(response, b"content-encoding")
    bare = body.lower().replace(host.lower().encode("ascii"), b"")
    return _facts(response) | {
        "body_bytes": len(body),
        "content": content.kind(body, *told, whole=len(body) < BODY_LIMIT_BYTES),
        "body_sha256": hashlib.sha256(bare).hexdigest(),
    }


def connect(host: str, port: int) -> Conversation:
    """CONNECT; what the proxy sent behind its 2xx stays in the exchange's surplus or in facts["surplus"] (hex)."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=BODY_LIMIT_BYTES * 2)
    target = authority(host, port, -1).encode("ascii")
    request = connection.send(
        h11.Request(method=b"CONNECT", target=target, headers=[(b"Host", target), (b"User-Agent", AGENT)])
    )
    yield Send((request or b"") + (connection.send(h11.EndOfMessage()) or b""))
    response = yield from _response(connection)
    facts = _facts(response)
    if 200 <= response.status_code < 300:
        _next(connection)
        facts["surplus"] = connection.trailing_data[0].hex()
    return facts


def _response(connection: h11.Connection) -> "Any":
    informational = 0
    while informational <= MAX_INFORMATIONAL:
        event = _next(connection)
        if event is h11.NEED_DATA:
            chunk = yield ReadSome()
            if not chunk:
                raise EOFError("the peer closed before it answered")
            connection.receive_data(chunk)
        elif isinstance(event, h11.Response):
            return event
        elif not isinstance(event, h11.InformationalResponse):
            raise ValueError("no response")
        else:
            informational += 1
    raise ValueError("informational responses only")


def _next(connection: h11.Connection) -> Any:
    try:
        return connection.next_event()
    except h11.RemoteProtocolError as error:
        raise ValueError("not HTTP/1.1") from error


def _header(response: h11.Response, name: bytes) -> str:
    return next((value.decode("latin-1")[:TEXT_LIMIT] for key, value in response.headers if key == name), "")


def _facts(response: h11.Response) -> Facts:
    names = ("server", "content-type", "location", "via", "date", "age", "proxy-authenticate", "x-squid-error")
    found = {name.replace("-", "_"): _header(response, name.encode()) for name in names}
    return {"status": response.status_code} | {name: value for name, value in found.items() if value}
