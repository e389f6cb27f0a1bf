"""Peers that accept and then do something else. Each is a handler for `serve`, or makes one.

Sources: RFC 8446 5.1 (TLS records), RFC 4253 4.2 (SSH identification), RFC 5321 4.2 (SMTP greeting), MySQL protocol
HandshakeV10.
"""

import asyncio

from eset_portcheck.standins.serving import Handler
from eset_portcheck.standins.stream import Stream

SSH_BANNER = b"SSH-2.0-OpenSSH_9.2p1\r\n"
SMTP_BANNER = b"220 mail.demo.example ESMTP\r\n"
MIB = 1024 * 1024


async def tarpit(stream: Stream) -> None:
    """Reads all and answers nothing."""
    while await stream.receive():
        pass


async def accept_reset(stream: Stream) -> None:
    stream.reset()


async def accept_close(stream: Stream) -> None:
    stream.close()


async def reset_on_first_bytes(stream: Stream) -> None:
    """As a filter that does not like a ClientHello: a silent connection lives."""
    await stream.receive()
    stream.reset()


async def garbage(stream: Stream) -> None:
    """256 bytes of no protocol, always the same, then silence."""
    await stream.send(bytes((value * 73 + 41) & 0xFF for value in range(256)))
    await tarpit(stream)


async def half_record(stream: Stream) -> None:
    """The first three of a TLS record's five header bytes, then the end."""
    await stream.receive()
    await stream.send(b"\x16\x03\x03")


def slow_drip(chunk: bytes, every_s: float = 1.0) -> Handler:
    """One byte at a time: a deadline per read would never end."""

    async def handle(stream: Stream) -> None:
        for value in chunk:
            await stream.send(bytes([value]))
            await asyncio.sleep(every_s)

    return handle


def junk(mebibytes: int) -> Handler:
    """Much more than anyone should keep."""
    block = bytes(range(256)) * (MIB // 256)

    async def handle(stream: Stream) -> None:
        for _ in range(mebibytes):
            await stream.send(block)

    return handle


def banner(text: bytes) -> Handler:
    """A service that speaks first and then listens: SSH_BANNER, SMTP_BANNER, mysql_greeting()."""

    async def handle(stream: Stream) -> None:
        await stream.send(text)
        await tarpit(stream)

    return handle


def mysql_greeting(version: bytes = b"8.0.36") -> bytes:
    """The server's first packet: protocol 10, version, thread id, salt in two parts, capabilities, character set,
    status, plug-in."""
    capabilities = 0x000AA20D | 0x00080000  # protocol 4.1, secure connection, plug-in authentication
    body = b"\x0a" + version + b"\0" + (7).to_bytes(4, "little") + b"saltsalt" + b"\0"
    body += (
        (capabilities & 0xFFFF).to_bytes(2, "little")
        + b"\xff"
        + (2).to_bytes(2, "little")
        + (capabilities >> 16).to_bytes(2, "little")
    )
    body += bytes([21]) + bytes(10) + b"saltsaltsalt" + b"\0" + b"mysql_native_password\0"
    return len(body).to_bytes(3, "little") + b"\0" + body
