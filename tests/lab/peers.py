"""Misbehaving peers, each on its own port of one address (runs inside a namespace).

TCP  9001 accepts, reads, never answers    9002 accepts, then RST          9003 accepts, then FIN
     9004 bytes of no known protocol       9005 one byte a second          9006 half a TLS record header, then FIN
     9007 an SSH banner                    9008 HTTP 400 to anything       9009 a full backlog: every later SYN is
     dropped 9010 a TLS alert to anything          9011 a MySQL error packet (1129: this host is blocked)
UDP  9101 SERVFAIL   9102 NXDOMAIN   9103 A 10.77.6.9   9104 REFUSED   9105 bytes of no DNS message
     9106 the wrong transaction id   9107 NOERROR without an answer
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable, Callable

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
HELD: list[socket.socket] = []


async def tarpit(reader: Reader, writer: Writer) -> None:
    try:
        while await reader.read(4096):
            pass
    except ConnectionError:
        pass
    finally:
        writer.close()


async def accept_reset(reader: Reader, writer: Writer) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def accept_close(reader: Reader, writer: Writer) -> None:
    writer.write_eof()  # a close with unread bytes would send a reset
    await tarpit(reader, writer)


async def drip(reader: Reader, writer: Writer) -> None:
    await reader.read(4096)
    for byte in b"\x16\x03\x03\x40\x00" + bytes(4096):
        writer.write(bytes([byte]))
        try:
            await writer.drain()
        except ConnectionError:
            return
        await asyncio.sleep(1)


def says(words: bytes, *, first_reads: bool, then_closes: bool) -> Callable[[Reader, Writer], Awaitable[None]]:
    async def peer(reader: Reader, writer: Writer) -> None:
        try:
            if first_reads:
                await reader.read(4096)
            writer.write(words)
            await writer.drain()
        except ConnectionError:
            return
        if then_closes:
            writer.close()
        else:
            await tarpit(reader, writer)

    return peer


BLOCKED = b"Host '10.77.1.2' is blocked because of many connection errors; unblock with 'mariadb-admin flush-hosts'"
MYSQL_BLOCKED = struct.pack("<I", len(BLOCKED) + 3)[:3] + b"\x00\xff" + struct.pack("<H", 1129) + BLOCKED
HTTP_400 = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"
TCP: dict[int, Callable[[Reader, Writer], Awaitable[None]]] = {
    9001: tarpit,
    9002: accept_reset,
    9003: accept_close,
    9004: says(bytes((i * 73 + 41) & 0xFF for i in range(256)), first_reads=False, then_closes=False),
    9005: drip,
    9006: says(b"\x16\x03\x03", first_reads=True, then_closes=True),
    9007: says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", first_reads=False, then_closes=False),
    9008: says(HTTP_400, first_reads=True, then_closes=True),
    9010: says(b"\x15\x03\x03\x00\x02\x02\x28", first_reads=True, then_closes=True),  # fatal, handshake_failure
    9011: says(MYSQL_BLOCKED, first_reads=False, then_closes=True),
}


def dns_reply(query: bytes, code: int, address: str | None = None, other_id: int = 0) -> bytes:
    """The question again, the response code, and one A record when asked for one."""
    if len(query) < 17:
        return query
    end = 12
    while query[end]:
        end += query[end] + 1
    kind = struct.unpack(">H", query[end + 1 : end + 3])[0]
    answer = b""
    if address and kind == 1:
        answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
    number = struct.unpack(">H", query[:2])[0] ^ other_id
    return struct.pack(">HHHHHH", number, 0x8180 | code, 1, 1 if answer else 0, 0, 0) + query[12 : end + 5] + answer


UDP: dict[int, Callable[[bytes], bytes]] = {
    9101: lambda query: dns_reply(query, 2),
    9102: lambda query: dns_reply(query, 3),
    9103: lambda query: dns_reply(query, 0, "10.77.6.9"),
    9104: lambda query: dns_reply(query, 5),
    9105: lambda query: bytes(7),
    9106: lambda query: dns_reply(query, 0, "10.77.6.2", 0x5555),
    9107: lambda query: dns_reply(query, 0),
}


class Answering(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(self.answer(data), addr)


def full_backlog(address: str, port: int) -> None:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((address, port))
    listening.listen(0)
    HELD.append(listening)
    for _ in range(3):  # fills the accept queue by itself
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex((address, port))
        HELD.append(connection)


async def main(address: str) -> None:
    full_backlog(address, 9009)
    loop = asyncio.get_running_loop()
    for port, answer in UDP.items():
        await loop.create_datagram_endpoint(lambda answer=answer: Answering(answer), local_addr=(address, port))  # type: ignore[misc]
    for port, peer in TCP.items():
        await asyncio.start_server(peer, address, port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
