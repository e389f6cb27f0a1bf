"""HTTP/1.1 servers: a repository, and what stands in its place when the path is not free. h11 does the parsing.

Sources: RFC 9110 (9.3.2 HEAD, 15.4.3 302, 15.5.6 405), RFC 9112 (3.2 request targets, 9.3 persistence).
"""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

import h11
import msgspec

from eset_portcheck.standins.serving import Handler
from eset_portcheck.standins.stream import Stream

INDEX_PATH = "/v1/info.meta"


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()


Answerer = Callable[[str], Answer]  # from the path that was asked for


def repository(path: str) -> Answer:
    """ESET's repository: an index as wire/content.py takes it for one."""
    if path == INDEX_PATH:
        return Answer(200, b"type: repository stand-in\nversion: 1\n", "application/octet-stream")
    return missing(path)


def updates(_path: str) -> Answer:
    """An update server: sections as in update.ver, whatever was asked for."""
    return Answer(200, b"[HOSTS]\nstand-in=1\n")


def missing(_path: str) -> Answer:
    return Answer(404, b"not found\n")


def filter_page(_path: str) -> Answer:
    """A web filter that says no with a 200."""
    return Answer(
        200,
        b"<!DOCTYPE html>\n<html><head><title>Blocked</title></head><body>This page is blocked.</body></html>\n",
        "text/html",
    )


def portal(location: str = "http://portal.demo.example/login") -> Answerer:
    """A captive portal: everything leads to its login page."""

    def answer(_path: str) -> Answer:
        return Answer(302, b"", "text/html", (("Location", location),))

    return answer


def website(answer: Answerer) -> Handler:
    """A handler that answers GET and HEAD, keeps the connection while HTTP/1.1 allows, and says 400 to what is no
    HTTP."""

    async def handle(stream: Stream) -> None:
        connection = h11.Connection(h11.SERVER)
        while (request := await read_request(stream, connection)) is not None:
            allowed = request.method in (b"GET", b"HEAD")
            reply = (
                answer(_path(request.target))
                if allowed
                else Answer(405, b"GET only\n", headers=(("Allow", "GET, HEAD"),))
            )
            await respond(stream, connection, reply, head=request.method == b"HEAD")
            if connection.our_state is h11.MUST_CLOSE:
                return
            connection.start_next_cycle()

    return handle


def _path(target: bytes) -> str:
    """The path of a request target in origin form or absolute form; "" for what is neither."""
    text = target.decode("latin-1")
    if text.startswith("/"):
        return text.partition("?")[0]
    try:
        return urlsplit(text).path or "/"
    except ValueError:
        return ""


async def read_request(stream: Stream, connection: h11.Connection) -> h11.Request | None:
    """The next request; its body is passed over. None when there is none: the peer closed, or was told 400 for its
    malformed one."""
    request: h11.Request | None = None
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive())
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.EndOfMessage):
                return request
            elif not isinstance(event, h11.Data):
                return None
    except h11.RemoteProtocolError as error:
        if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            await respond(
                stream,
                connection,
                Answer(error.error_status_hint, b"no HTTP request\n", headers=(("Connection", "close"),)),
            )
        return None


async def respond(stream: Stream, connection: h11.Connection, answer: Answer, *, head: bool = False) -> None:
    """Send a complete response; `head`: it answers a HEAD, so without the body."""
    headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body))), *answer.headers]
    out = (
        connection.send(
            h11.Response(
                status_code=answer.status, headers=headers, reason=HTTPStatus(answer.status).phrase.encode("ascii")
            )
        )
        or b""
    )
    if not head:
        out += connection.send(h11.Data(data=answer.body)) or b""
    await stream.send(out + (connection.send(h11.EndOfMessage()) or b""))
