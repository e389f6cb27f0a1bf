"""The broker: packets as the standard has them, our own probe, and a foreign client."""

import asyncio
import shutil
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.protocols import mqtt
from eset_portcheck.standins import broker, serve
from eset_portcheck.standins.certificates import Authority, server_context

HELLO = mqtt.connect("probe")


def connect(
    flags: int = 0x02, *, level: int = 4, name: bytes = b"MQTT", keep_alive_s: int = 60, payload: bytes = b"\0\5probe"
) -> bytes:
    body = len(name).to_bytes(2, "big") + name + bytes([level, flags]) + keep_alive_s.to_bytes(2, "big") + payload
    return b"\x10" + mqtt.remaining_length(len(body)) + body


async def answers(sent: bytes, handler=None) -> bytes:
    async with serve(handler or broker.broker()) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(sent)
        writer.write_eof()
        try:
            return await asyncio.wait_for(reader.read(), 5)
        finally:
            writer.close()


def test_connect_is_read_field_by_field():
    payload = b"\0\2id\0\4will\0\3bye\0\4user\0\6secret"
    assert broker.parse_connect(connect(0xC6, payload=payload)[2:]) == broker.Connect(
        level=4,
        clean_session=True,
        keep_alive_s=60,
        client_id="id",
        will_topic="will",
        will_message=b"bye",
        user="user",
        password=b"secret",
    )


@pytest.mark.parametrize(
    "body",
    [
        connect(0x03),  # reserved flag
        connect(0x1A),  # quality of service without a will
        connect(0x1E, payload=b"\0\2id\0\1t\0\1m"),  # quality of service 3
        connect(0x42, payload=b"\0\2id\0\1p"),  # password without user
        connect(name=b"MQIsdp"),
        connect(payload=b"\0\2id\0"),  # something behind the payload
        connect(payload=b"\0\x09id"),  # a string longer than the packet
        connect(payload=b"\0\2\xff\xfe"),  # no UTF-8
        connect(payload=b"\0\2a\0"),  # U+0000
    ],
)
async def test_what_the_standard_forbids_closes_the_connection(body):
    with pytest.raises(ValueError):
        broker.parse_connect(body[2:])
    assert await answers(body) == b""


@given(st.binary(max_size=80))
def test_junk_is_a_value_error_and_nothing_else(body):
    try:
        broker.parse_connect(body)
    except ValueError:
        pass


async def test_answers_of_the_greeting():
    assert await answers(HELLO) == b"\x20\x02\0\0"
    assert await answers(HELLO, broker.broker(broker.SERVER_UNAVAILABLE)) == b"\x20\x02\0\3"
    assert await answers(connect(level=5)) == b"\x20\x02\0\1"
    assert await answers(connect(0x00, payload=b"\0\0")) == b"\x20\x02\0\2"
    assert await answers(connect(0x02, payload=b"\0\0")) == b"\x20\x02\0\0"


async def test_credentials():
    handler = broker.broker(credentials=("agent", b"secret"))
    assert await answers(HELLO, handler) == b"\x20\x02\0\5"
    assert await answers(connect(0xC2, payload=b"\0\1i\0\5agent\0\5wrong"), handler) == b"\x20\x02\0\4"
    assert await answers(connect(0xC2, payload=b"\0\1i\0\5agent\0\6secret"), handler) == b"\x20\x02\0\0"


async def test_a_session():
    ping, publish_1, publish_2 = b"\xc0\0", b"\x32\x06\0\1t\0\x07x", b"\x34\x06\0\1t\0\x08x"
    release, subscribe, unsubscribe = b"\x62\2\0\x08", b"\x82\x0a\0\x09\0\1a\0\0\1b\1", b"\xa2\5\0\x0a\0\1a"
    sent = HELLO + ping + b"\x30\4\0\1tx" + publish_1 + publish_2 + release + subscribe + unsubscribe + b"\xe0\0" + ping
    expected = b"\x20\2\0\0\xd0\0\x40\2\0\x07\x50\2\0\x08\x70\2\0\x08\x90\4\0\x09\x80\x80\xb0\2\0\x0a"
    assert await answers(sent) == expected


@pytest.mark.parametrize(
    "packet",
    [HELLO, b"\x36\x06\0\1t\0\x07x", b"\x80\x06\0\1\0\1a\0", b"\xf0\0", b"\x20\2\0\0", b"\x30\xff\xff\xff\xff\x01"],
)
async def test_violations_end_a_session(packet):
    assert await answers(HELLO + packet + b"\xc0\0") == b"\x20\2\0\0"


async def test_a_client_that_falls_silent_is_let_go():
    async with serve(broker.broker()) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(connect(keep_alive_s=1))
        assert await asyncio.wait_for(reader.read(), 3) == b"\x20\2\0\0"
        writer.close()


async def test_http_on_the_broker_is_closed_without_a_word():
    assert await answers(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") == b""


@pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto's clients are not installed")
async def test_a_foreign_client_publishes_over_tls(tmp_path):
    authority = Authority()
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.pem)
    async with serve(broker.broker(), tls=server_context(authority.issue(["127.0.0.1"]))) as (host, port):
        line = [
            "mosquitto_pub",
            "-h",
            host,
            "-p",
            str(port),
            "--cafile",
            str(file),
            "-t",
            "topic",
            "-m",
            "text",
            "-q",
            "2",
            "-d",
        ]
        client = await asyncio.create_subprocess_exec(
            *line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await asyncio.wait_for(client.communicate(), 10)
    assert client.returncode == 0, output
    assert b"CONNACK (0)" in output
    assert b"PUBCOMP" in output


async def test_our_probe_over_tls():
    authority = Authority()
    client = ssl.create_default_context(cadata=authority.pem.decode())
    async with serve(broker.broker(), tls=server_context(authority.issue(["a.example"]))) as address:
        reader, writer = await asyncio.open_connection(*address, ssl=client, server_hostname="a.example")
        writer.write(HELLO)
        assert await reader.readexactly(4) == b"\x20\2\0\0"
        writer.write(b"\xe0\0")
        assert await reader.read() == b""
        writer.close()
