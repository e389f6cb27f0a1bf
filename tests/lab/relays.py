"""Relays before real servers that pass everything on or spoil what the server says, and banners of other services
(inside a namespace).

    relays.py ADDRESS CERTIFICATE KEY KEY_LOG        prints READY

One port for every protocol and every way; UDP on the same numbers. Protocols inside TLS end TLS here and speak it again
to the real server: KEY_LOG gets the secrets of the client's side, so that a dissector can look inside.
    whole      nothing is spoilt                         truncated  half of the first answer, then a FIN
    reset      half of it, then an RST                   drip       one byte a second
    oversized  a head that announces far too much        endless    an answer without an end
"""

import asyncio
import contextlib
import itertools
import socket
import ssl
import struct
import sys
from collections.abc import Coroutine
from typing import Any, NamedTuple

BASE = 9200
WAYS = ("whole", "truncated", "reset", "drip", "oversized", "endless")


class Real(NamedTuple):
    """Where the real answer comes from; a head that announces too much; what an endless answer begins with and what it
    repeats."""

    host: str
    port: int
    oversized: bytes = b""
    endless: tuple[bytes, bytes] = (b"", b"")
    alpn: str | None = None  # inside TLS: what is agreed on ("": nothing)
    udp: bool = False


_NOT_YET = b"\xfeSMB" + struct.pack("<HHIHHII", 64, 0, 0x103, 0, 1, 3, 0) + bytes(40)  # STATUS_PENDING
_REFERENCE = bytes.fromhex("300c020101730704056c6461703a")  # SearchResultReference "ldap:"
_LONG_BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"
# Never the last packet.
# PINGs.
REAL: dict[str, Real] = {
    "smb": Real("10.77.5.2", 445, b"\0\xff\xff\xff\xfeSMB", (b"", struct.pack(">I", 64) + _NOT_YET)),
    "nbss": Real("10.77.5.2", 139, b"\x82\xff\xff\xff", (b"", b"\x85\0\0\0")),  # keep-alives
    "ldap": Real("10.77.4.2", 389, b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01\x64", (b"", _REFERENCE)),
    "tds": Real("10.77.3.2", 1433, b"\x04\x01\xff\xff\0\0\1\0", (b"", b"\x04\0\x10\0\0\0\1\0" + bytes(4088))),
    "mysql": Real("10.77.3.2", 3306, b"\xff\xff\xff\0\x0a10.11.6-MariaDB", (b"\0\x40\0\0\x0a", b"9")),
    "ssh": Real("10.77.5.2", 22, b"SSH-2.0-OpenSSH_9.2p1\r\n\x7f\xff\xff\xff", (b"", b"please wait\r\n")),
    "tls": Real("10.77.2.2", 2222, b"\x16\x03\x03\xff\xff", (b"", b"\x16\x03\x03\0\4\0\0\0\0")),  # HelloRequests
    "http": Real("10.77.6.2", 80, _LONG_BODY, (b"HTTP/1.1 200 OK\r\n", b"X-More: to come\r\n")),
    "http_proxy": Real("10.77.2.2", 3128, _LONG_BODY, (b"", b"HTTP/1.1 102 Processing\r\n\r\n")),
    "mqtt": Real("10.77.6.2", 8883, b"\x20\xff\xff\xff\x7f", (b"", b"\x20\xff\xff\xff\xff"), alpn=""),
    "apns": Real(
        "10.77.6.2", 2197, b"\xff\xff\xff\x04\0\0\0\0\0", (b"", b"\0\0\x08\x06\0\0\0\0\0" + bytes(8)), alpn="h2"
    ),
    "nbns": Real("10.77.5.2", 137, udp=True),
    "kerberos": Real("10.77.4.2", 88, udp=True),
}
BANNERS = {
    "smtp": b"220 mail.lab.test ESMTP Postfix\r\n",
    "ftp": b"220 (vsFTPd 3.0.3)\r\n",
    "pop3": b"+OK Dovecot ready.\r\n",
    "imap": b"* OK [CAPABILITY IMAP4rev1] ready\r\n",
    "vnc": b"RFB 003.008\n",
    "http": b"HTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "netbios-refusal": b"\x83\0\0\1\x82",  # called name not present
}
_BEHIND = BASE + 10 * len(REAL)


def port(protocol: str, way: str) -> int:
    return BASE + 10 * list(REAL).index(protocol) + WAYS.index(way)


def banner_port(service: str) -> int:
    return _BEHIND + list(BANNERS).index(service)


def session_port(way: str) -> int:
    """SMB, spoilt only for who begins with SMB2 as full clients do; who offers SMB1 by name, as our own conversation,
    is served."""
    return _BEHIND + 10 + WAYS.index(way)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(4096):
        writer.write(chunk)
        await writer.drain()


async def spoil(way: str, real: Real, answer: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What the client gets."""
    if way == "whole":
        await pass_on(answer, writer)
    elif way == "oversized":
        writer.write(real.oversized)
    elif way == "endless":
        head, block = real.endless
        writer.write(head)
        while True:
            writer.write(block * (16384 // len(block)))
            await writer.drain()
    elif way == "drip":
        for byte in await answer.read(4096):
            writer.write(bytes([byte]))
            await asyncio.sleep(1)
    else:
        first = await answer.read(4096)
        writer.write(first[: len(first) // 2])
        await writer.drain()
        await asyncio.sleep(0.05)  # the bytes are to arrive before what follows
        if way == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()  # inside TLS: close_notify, then a FIN


async def relay(
    way: str, real: Real, full_clients_only: bool, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    inner = None
    if real.alpn is not None:
        inner = ssl.create_default_context()
        inner.check_hostname, inner.verify_mode = False, ssl.CERT_NONE
        inner.set_alpn_protocols([real.alpn] if real.alpn else [])
    answer, question = await asyncio.open_connection(real.host, real.port, ssl=inner)
    if full_clients_only:
        question.write(first := await reader.read(4096))
        way = way if first[4:8] == b"\xfeSMB" else "whole"
    tasks = [asyncio.ensure_future(one) for one in (pass_on(reader, question), spoil(way, real, answer, writer))]
    if way == "whole":
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    else:
        await asyncio.wait(tasks[:1])  # until the client goes
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for one in (question, writer):
        one.close()


async def banner(words: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        writer.write(words)
        while await reader.read(4096):
            pass
    writer.close()


class Datagrams(asyncio.DatagramProtocol):
    """A reset has no meaning here: the answer gets another transaction id, or loses its first bytes."""

    def __init__(self, way: str, real: Real) -> None:
        self.way, self.real = way, real

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(1)
            asking.sendto(data, (self.real.host, self.real.port))
            answer = asking.recv(65535)
        half = answer[: len(answer) // 2]
        spoilt = {
            "whole": [answer],
            "truncated": [half],
            "reset": [bytes(2) + answer[2:]],
            "drip": [bytes([byte]) for byte in answer[:4]],
            "oversized": [answer[:2] + b"\xff" * 8000],
            "endless": [half] * 500,
        }
        for one in spoilt[self.way]:
            self.transport.sendto(one, addr)


async def main(address: str, certificate: str, key: str, key_log: str) -> None:
    loop = asyncio.get_running_loop()

    async def serve(number: int, talk: Any, *first: Any, tls: ssl.SSLContext | None = None) -> None:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Coroutine[Any, Any, None]:
            conversation: Coroutine[Any, Any, None] = talk(*first, reader, writer)
            return conversation

        await asyncio.start_server(connected, address, number, ssl=tls)

    for (name, real), way in itertools.product(REAL.items(), WAYS):
        if real.udp:
            made = Datagrams(way, real)
            await loop.create_datagram_endpoint(lambda made=made: made, local_addr=(address, port(name, way)))  # type: ignore[misc]
            continue
        outer = None
        if real.alpn is not None:
            outer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            outer.load_cert_chain(certificate, key)
            outer.keylog_filename = key_log
            outer.set_alpn_protocols([real.alpn] if real.alpn else [])
        await serve(port(name, way), relay, way, real, False, tls=outer)
    for way in WAYS:
        await serve(session_port(way), relay, way, REAL["smb"], True)
    for service, words in BANNERS.items():
        await serve(banner_port(service), banner, words)
    print("READY", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
