"""Serving, streams and misbehaving peers: what a client sees, and that nothing is left behind."""

import asyncio
import socket
import ssl
import sys

import pytest

from eset_portcheck.standins import Stream, closed_port, misbehaving, serve, silent_port
from eset_portcheck.standins.certificates import Authority, server_context
from eset_portcheck.standins.server import replication


async def echo(stream: Stream) -> None:
    while chunk := await stream.receive():
        await stream.send(chunk)


async def talk(address, sent: bytes = b"", **tls) -> bytes:
    """All that comes until the end."""
    reader, writer = await asyncio.open_connection(*address, **tls)
    try:
        writer.write(sent)
        if not tls:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


def receive(address, sent: bytes = b"") -> bytes:
    """One read on a bare socket: a reset shows as itself. Blocking."""
    with socket.create_connection(address, 5) as sock:
        sock.sendall(sent)
        return sock.recv(16)


def trusting(authority: Authority, *, version: ssl.TLSVersion | None = None, alpn=()) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.pem.decode())
    if version:
        context.minimum_version = context.maximum_version = version
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


async def test_plain_text_both_ways():
    async with serve(echo) as address:
        assert await talk(address, b"hello") == b"hello"


async def test_many_connections_at_once():
    async with serve(echo) as address:
        assert await asyncio.gather(*(talk(address, b"%d" % number) for number in range(50))) == [
            b"%d" % number for number in range(50)
        ]


async def test_the_port_is_closed_afterwards_and_no_task_is_left():
    async with serve(misbehaving.tarpit) as address:
        waiting = [await asyncio.open_connection(*address) for _ in range(3)]
        await asyncio.sleep(0.01)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    for _, writer in waiting:
        writer.close()


async def test_a_bug_in_a_handler_is_raised_when_serving_ends():
    async def buggy(_stream: Stream) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with serve(buggy) as address:
            assert await talk(address) == b""


async def test_a_bug_does_not_hide_the_failure_of_the_test_itself():
    async def buggy(_stream: Stream) -> None:
        raise ZeroDivisionError

    async def fails() -> None:
        async with serve(buggy) as address:
            await talk(address)
            raise KeyError

    with pytest.raises(KeyError):
        await fails()


async def test_hang_ups_of_the_peer_are_no_bugs():
    async def wants_more(stream: Stream) -> None:
        await stream.exactly(100)

    async with (
        serve(wants_more) as address,
        serve(echo, tls=server_context(Authority().issue(["a.example"]))) as secured,
    ):
        await talk(address, b"short")
        await talk(secured, b"GET / HTTP/1.0\r\n\r\n")
        await talk(secured)


async def test_exactly_keeps_what_came_beyond():
    async def handle(stream: Stream) -> None:
        first, second = await stream.exactly(3), await stream.exactly(2)
        await stream.send(second + first + await stream.receive(1) + await stream.receive())

    async with serve(handle) as address:
        assert await talk(address, b"abcdefgh") == b"deabcfgh"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_with_names_versions_and_alpn(version):
    authority = Authority()
    seen = {}

    async def handle(stream: Stream) -> None:
        seen.update(version=stream.tls.version(), alpn=stream.tls.selected_alpn_protocol())
        await stream.send(await stream.exactly(300_000))

    context = server_context(authority.issue(["a.example", "127.0.0.1"]), alpn=["h2", "http/1.1"])
    async with serve(handle, tls=context) as address:
        client = trusting(authority, version=version, alpn=["http/1.1"])
        assert await talk(address, b"x" * 300_000, ssl=client, server_hostname="a.example") == b"x" * 300_000
        with pytest.raises(ssl.SSLCertVerificationError):
            await talk(address, ssl=client, server_hostname="b.example")
    assert seen == {"version": version.name.replace("v1_", "v1."), "alpn": "http/1.1"}


async def test_the_end_comes_with_close_notify():
    """Without it a strict client reports an unexpected end."""
    authority = Authority()

    async def handle(stream: Stream) -> None:
        await stream.send(b"all")

    def strict(address) -> bytes:
        with (
            socket.create_connection(address) as sock,
            trusting(authority).wrap_socket(sock, server_hostname="a.example", suppress_ragged_eofs=False) as tls,
        ):
            return tls.recv(16) + tls.recv(16)

    async with serve(handle, tls=server_context(authority.issue(["a.example"]))) as address:
        assert await asyncio.to_thread(strict, address) == b"all"


async def test_a_demanded_client_certificate_is_an_alert_in_the_handshake_of_tls_1_2():
    authority = Authority()
    context = server_context(
        authority.issue(["a.example"]), client_certificate="required", authority=authority, version="1.2"
    )
    async with serve(replication, tls=context) as address:
        with pytest.raises(ssl.SSLError) as caught:
            await talk(address, ssl=trusting(authority), server_hostname="a.example")
    assert caught.value.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE"


async def test_a_demanded_client_certificate_is_an_alert_after_the_handshake_of_tls_1_3():
    authority = Authority()
    context = server_context(
        authority.issue(["a.example"]), client_certificate="required", authority=authority, version="1.3"
    )
    async with serve(replication, tls=context) as address:
        with pytest.raises(ssl.SSLError) as caught:
            await talk(address, ssl=trusting(authority), server_hostname="a.example")
    assert caught.value.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED"


@pytest.mark.parametrize("demand", ["optional", "required"])
async def test_a_client_certificate_is_seen(demand, tmp_path):
    authority = Authority()
    seen = []

    async def handle(stream: Stream) -> None:
        seen.append(stream.tls.getpeercert())

    mine = authority.issue(["agent.example"])
    file = tmp_path / "client.pem"
    file.write_bytes(mine.key_pem + mine.certificate_pem)
    client = trusting(authority)
    client.load_cert_chain(file)
    context = server_context(authority.issue(["a.example"]), client_certificate=demand, authority=authority)
    async with serve(handle, tls=context) as address:
        await talk(address, ssl=client, server_hostname="a.example")
    assert seen[0]["subjectAltName"] == (("DNS", "agent.example"),)


async def test_refused_silent_reset_and_closed():
    async with closed_port() as address:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
    async with serve(misbehaving.accept_reset) as address:
        with pytest.raises(ConnectionResetError):
            await asyncio.to_thread(receive, address)
    async with serve(misbehaving.accept_close) as address:
        assert await asyncio.to_thread(receive, address) == b""
    async with serve(misbehaving.reset_on_first_bytes) as address:
        with pytest.raises(ConnectionResetError):
            await asyncio.to_thread(receive, address, b"\x16\x03\x01")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse where a queue is full")
async def test_a_silent_port_answers_no_syn():
    async with silent_port() as address:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.open_connection(*address), 0.5)


async def test_what_misbehaving_peers_say():
    async with serve(misbehaving.garbage) as address:
        assert len(await talk(address)) == 256
    async with serve(misbehaving.half_record) as address:
        assert await talk(address, b"hello") == b"\x16\x03\x03"
    async with serve(misbehaving.junk(2)) as address:
        assert len(await talk(address)) == 2 * misbehaving.MIB
    async with serve(misbehaving.banner(misbehaving.SSH_BANNER)) as address:
        assert (await talk(address)).startswith(b"SSH-2.0-")
    async with serve(misbehaving.slow_drip(b"abc", every_s=0.05)) as address:
        started = asyncio.get_running_loop().time()
        assert await talk(address) == b"abc"
        assert asyncio.get_running_loop().time() - started >= 0.14
    async with serve(misbehaving.banner(misbehaving.mysql_greeting(b"8.0.1"))) as address:
        packet = await talk(address)
        assert int.from_bytes(packet[:3], "little") == len(packet) - 4
        assert packet[4:11] == b"\x0a8.0.1\0"


async def test_a_stand_in_connects_to_loopback_only():
    with pytest.raises(ValueError, match="loopback"):
        await Stream.connect("192.0.2.1", 80)
