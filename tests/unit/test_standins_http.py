"""The web servers and the proxy: what they answer, what they forward, and that a tunnel is one."""

import asyncio
import base64
import shutil
import ssl

import pytest

from eset_portcheck.standins import Stream, closed_port, misbehaving, serve, web
from eset_portcheck.standins.certificates import Authority, server_context
from eset_portcheck.standins.proxy import Policy, proxy
from eset_portcheck.standins.server import replication

INDEX = b"type: repository stand-in\nversion: 1\n"
GET = b"GET %s HTTP/1.1\r\nHost: repository.eset.com\r\nConnection: close\r\n\r\n"


async def answer(address, sent: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
    """(status, fields in lower case, body) of the last response on the connection; the client's side stays open."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(sent)
    try:
        whole = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return (
        int(first.split()[1]),
        {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)},
        body,
    )


async def test_a_repository():
    async with serve(web.website(web.repository)) as address:
        status, fields, body = await answer(address, GET % b"/v1/info.meta")
        assert (status, body) == (200, INDEX)
        assert b"html" not in fields[b"content-type"]
        assert (await answer(address, GET % b"http://repository.eset.com/v1/info.meta?x=1"))[0] == 200
        assert (await answer(address, GET % b"/other"))[0] == 404
        assert (await answer(address, GET % b"http://["))[0] == 404
        status, fields, body = await answer(address, (GET % b"/v1/info.meta").replace(b"GET", b"HEAD"))
        assert (status, fields[b"content-length"], body) == (200, b"%d" % len(INDEX), b"")
        assert (await answer(address, (GET % b"/").replace(b"GET", b"PUT")))[0] == 405


async def test_what_stands_in_its_place():
    async with serve(web.website(web.portal("http://portal.example/"))) as address:
        status, fields, _ = await answer(address, GET % b"/v1/info.meta")
        assert (status, fields[b"location"]) == (302, b"http://portal.example/")
    async with serve(web.website(web.filter_page)) as address:
        status, fields, body = await answer(address, GET % b"/v1/info.meta")
        assert (status, fields[b"content-type"]) == (200, b"text/html")
        assert body.startswith(b"<!DOCTYPE html>")


async def test_connections_are_kept_and_requests_may_come_together():
    sent = (GET % b"/other").replace(b"Connection: close\r\n", b"") + GET % b"/v1/info.meta"
    async with serve(web.website(web.repository)) as address:
        _, _, rest = await answer(address, sent)
    assert rest.startswith(b"not found\nHTTP/1.1 200 OK\r\n")
    assert rest.endswith(INDEX)


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n"]
)
async def test_what_is_no_request_is_told_so(sent):
    async with serve(web.website(web.repository)) as address:
        assert (await answer(address, sent))[0] == 400


def through(target: bytes, extra: bytes = b"") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\nHost: stale.example\r\nConnection: close\r\n" + extra + b"\r\n"


def connect(authority: bytes, extra: bytes = b"") -> bytes:
    return b"CONNECT " + authority + b" HTTP/1.1\r\nHost: " + authority + b"\r\n" + extra + b"\r\n"


async def test_a_get_is_forwarded_in_origin_form_with_the_right_host():
    seen = []

    async def origin(stream: Stream) -> None:
        seen.append(await stream.receive())
        await stream.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kept: yes\r\nConnection: X-Dropped\r\nX-Dropped: no\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        )

    async with serve(origin) as upstream, serve(proxy({"repository.eset.com:80": upstream})) as address:
        sent = through(
            b"http://Repository.eset.com/v1/info.meta?a=b", b"Proxy-Authorization: Basic eA==\r\nX-Asked: yes\r\n"
        )
        status, fields, body = await answer(address, sent)
    assert (status, fields[b"x-kept"], fields[b"via"]) == (200, b"yes", b"1.1 bridge")
    assert b"x-dropped" not in fields
    assert body == b"3\r\nabc\r\n0\r\n\r\n"  # chunked for the client too
    assert seen[0].startswith(b"GET /v1/info.meta?a=b HTTP/1.1\r\n")
    assert b"repository.eset.com\r\n" in seen[0].lower()
    assert b"stale.example" not in seen[0]
    assert b"proxy-authorization" not in seen[0].lower()
    assert b"x-asked: yes" in seen[0].lower()


async def test_a_tunnel_carries_tls_to_the_destination_itself():
    authority = Authority()
    client = ssl.create_default_context(cadata=authority.pem.decode())

    async def handle(stream: Stream) -> None:
        await stream.send(b"behind: " + await stream.exactly(4))

    async with (
        serve(handle, tls=server_context(authority.issue(["protect.demo.example"]))) as upstream,
        serve(proxy({"protect.demo.example:2222": upstream})) as address,
    ):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(connect(b"Protect.demo.example:2222"))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        await writer.start_tls(client, server_hostname="protect.demo.example")
        writer.write(b"ping")
        assert await asyncio.wait_for(reader.readexactly(12), 5) == b"behind: ping"
        writer.close()


async def test_a_tunnel_takes_bytes_sent_with_the_request_and_passes_on_ends():
    async def handle(stream: Stream) -> None:
        whole = b""
        while chunk := await stream.receive():
            whole += chunk
        await stream.send(b"all of " + whole)

    async with serve(handle) as upstream, serve(proxy({"a.example:1": upstream})) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(connect(b"a.example:1") + b"early ")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.write(b"late")
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 5) == b"all of early late"
        writer.close()


@pytest.mark.parametrize(
    ("policy", "for_get", "for_connect"),
    [
        (Policy.OPEN, 200, 200),
        (Policy.AUTHENTICATE, 407, 407),
        (Policy.NO_CONNECT, 200, 403),
        (Policy.FORBID, 403, 403),
        (Policy.UNAVAILABLE, 503, 503),
    ],
)
async def test_policies(policy, for_get, for_connect):
    async with (
        serve(web.website(web.repository)) as origin,
        serve(misbehaving.accept_close) as server,
        serve(proxy({"repository.eset.com:80": origin, "protect.demo.example:2222": server}, policy)) as address,
    ):
        assert (await answer(address, through(b"http://repository.eset.com/v1/info.meta")))[0] == for_get
        assert (await answer(address, connect(b"protect.demo.example:2222", b"Connection: close\r\n")))[
            0
        ] == for_connect


async def test_credentials_open_the_proxy():
    right, wrong = (
        b"Proxy-Authorization: Basic " + base64.b64encode(pair) + b"\r\n" for pair in (b"agent:secret", b"agent:wrong")
    )
    async with (
        serve(web.website(web.repository)) as origin,
        serve(
            proxy({"repository.eset.com:80": origin}, Policy.AUTHENTICATE, credentials=("agent", "secret"))
        ) as address,
    ):
        assert (await answer(address, through(b"http://repository.eset.com/v1/info.meta", right)))[0] == 200
        status, fields, _ = await answer(address, through(b"http://repository.eset.com/v1/info.meta", wrong))
        assert (status, fields[b"proxy-authenticate"]) == (407, b'Basic realm="bridge"')


async def test_destinations_that_are_not_there():
    no_http = misbehaving.banner(b"HELLO stranger\r\n\r\n")
    async with (
        closed_port() as closed,
        serve(no_http) as stranger,
        serve(misbehaving.accept_close) as gone,
        serve(proxy({"a.example:80": closed, "b.example:80": stranger, "c.example:80": gone})) as address,
    ):
        assert (await answer(address, through(b"http://a.example/")))[0] == 503
        assert (await answer(address, through(b"http://unknown.example/")))[0] == 503
        assert (await answer(address, through(b"http://b.example/")))[0] == 502
        assert (await answer(address, through(b"http://c.example/")))[0] == 502
        assert (await answer(address, connect(b"a.example:80", b"Connection: close\r\n")))[0] == 503
        assert (await answer(address, through(b"/v1/info.meta")))[0] == 400
        assert (await answer(address, through(b"ftp://a.example/")))[0] == 400


async def test_closing_the_proxy_ends_its_tunnels():
    async with serve(replication) as upstream:
        async with serve(proxy({"a.example:1": upstream})) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(connect(b"a.example:1"))
            await reader.readuntil(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_a_foreign_client_gets_and_tunnels():
    async with (
        serve(web.website(web.repository)) as origin,
        serve(proxy({"repository.eset.com:80": origin})) as (host, port),
    ):
        for more in ([], ["-p"]):
            line = [
                "curl",
                "-q",
                "-sS",
                *more,
                "-x",
                f"http://{host}:{port}",
                "--noproxy",
                "",
                "http://repository.eset.com/v1/info.meta",
            ]
            client = await asyncio.create_subprocess_exec(
                *line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            output, _ = await asyncio.wait_for(client.communicate(), 10)
            assert (client.returncode, output) == (0, INDEX)
