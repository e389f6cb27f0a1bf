"""The SQL Server end of MS-TDS 7.4: PRELOGIN, TLS inside TDS, LOGIN7 and SELECT 1. There is no real SQL Server to be
had here.

Written from the specification; FreeTDS `tsql` and python-tds log in to it (tests/lab/test_healthy.py).
  tds_peer.py ADDRESS [--port 1433] --cert F --key F [--encrypt off|on|notsup|req] [--user sa --password ...] [--version
  15.0.2000]
A login with the right password gets LOGINACK; a wrong one ERROR 18456, severity 14.
Sources: [MS-TDS] 2.2.1.1 (PRELOGIN), 2.2.6.4 (LOGIN7), 2.2.6.5 (encryption table, TLS in PRELOGIN packets), 2.2.7
(tokens).
"""

import argparse
import asyncio
import contextlib
import ssl
import struct

PRELOGIN, LOGIN7, BATCH, REPLY = 0x12, 0x10, 0x01, 0x04
OFF, ON, NOT_SUPPORTED, REQUIRED = range(4)
ENCRYPTION = {"off": OFF, "on": ON, "notsup": NOT_SUPPORTED, "req": REQUIRED}
PACKET_BYTES, HEADER_BYTES = 4096, 8
FINAL_ERROR, FINAL_COUNT, SELECT = 0x02, 0x10, 0xC1


def packets(kind: int, payload: bytes) -> bytes:
    step = PACKET_BYTES - HEADER_BYTES
    chunks = [payload[at : at + step] for at in range(0, len(payload), step)] or [b""]
    out = b""
    for number, chunk in enumerate(chunks, 1):
        last = 1 if number == len(chunks) else 0
        out += struct.pack(">BBHHBB", kind, last, len(chunk) + HEADER_BYTES, 0, number & 255, 0) + chunk
    return out


def prelogin(version: tuple[int, int, int], encryption: int) -> bytes:
    options = [(0, struct.pack(">BBHH", *version, 0)), (1, bytes([encryption])), (2, b"\0"), (3, b""), (4, b"\0")]
    at, head, body = 5 * len(options) + 1, b"", b""
    for token, value in options:
        head += struct.pack(">BHH", token, at + len(body), len(value))
        body += value
    return head + b"\xff" + body


def prelogin_options(payload: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at < len(payload) and payload[at] != 0xFF:
        offset, length = struct.unpack(">HH", payload[at + 1 : at + 5])
        found[payload[at]] = payload[offset : offset + length]
        at += 5
    return found


def negotiated(ours: int, theirs: int) -> int:
    """The table of MS-TDS 2.2.6.5: what the server answers."""
    if ours == NOT_SUPPORTED:
        return NOT_SUPPORTED
    if theirs == NOT_SUPPORTED:
        return REQUIRED if ours in (ON, REQUIRED) else NOT_SUPPORTED
    return ON if ours in (ON, REQUIRED) or theirs in (ON, REQUIRED) else OFF


def short_text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16le")


def long_text(text: str) -> bytes:
    return struct.pack("<H", len(text)) + text.encode("utf-16le")


def token(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + struct.pack("<H", len(body)) + body


def error_token(number: int, severity: int, text: str) -> bytes:
    return token(
        0xAA,
        struct.pack("<IBB", number, 1, severity)
        + long_text(text)
        + short_text("LABSQL")
        + short_text("")
        + struct.pack("<I", 1),
    )


def done(status: int = 0, count: int = 0, command: int = 0) -> bytes:
    return b"\xfd" + struct.pack("<HHQ", status, command, count)


def envchange(kind: int, new: bytes, old: bytes) -> bytes:
    return token(0xE3, bytes([kind]) + new + old)


def login7(payload: bytes) -> tuple[str, str]:
    """(user, password); the password's nibbles are swapped and XORed with A5."""

    def field(at: int) -> bytes:
        offset, length = struct.unpack("<HH", payload[at : at + 4])
        return payload[offset : offset + 2 * length]

    plain = bytes((((byte ^ 0xA5) >> 4) | ((byte ^ 0xA5) << 4)) & 255 for byte in field(44))
    return field(40).decode("utf-16le"), plain.decode("utf-16le", "replace")


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: argparse.Namespace) -> None:
        self.reader, self.writer, self.asked = reader, writer, asked
        self.inside: ssl.SSLObject | None = None
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    async def exactly(self, count: int) -> bytes:
        """Below the TDS layer: plain, or through TLS."""
        if self.inside is None:
            return await self.reader.readexactly(count)
        got = b""
        while len(got) < count:
            try:
                got += self.inside.read(count - len(got))
            except ssl.SSLWantReadError:
                more = await self.reader.read(16384)
                if not more:
                    raise asyncio.IncompleteReadError(got, count) from None
                self.incoming.write(more)
        return got

    async def send(self, payload: bytes) -> None:
        if self.inside is not None:
            self.inside.write(payload)
            payload = self.outgoing.read()
        self.writer.write(payload)
        await self.writer.drain()

    async def message(self) -> tuple[int, bytes]:
        body = b""
        while True:
            kind, status, length = struct.unpack(">BBH4x", await self.exactly(HEADER_BYTES))
            if length < HEADER_BYTES:
                raise ValueError("length")
            body += await self.exactly(length - HEADER_BYTES)
            if status & 1:
                return kind, body

    async def handshake(self) -> ssl.SSLObject:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.asked.cert, self.asked.key)
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # TDS 7.x cannot carry the tickets of 1.3
        tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                finished = True
            except ssl.SSLWantReadError:
                finished = False
            if out := self.outgoing.read():
                await self.send(packets(PRELOGIN, out))
            if finished:
                return tls
            self.incoming.write((await self.message())[1])

    async def serve(self) -> None:
        kind, payload = await self.message()
        if kind != PRELOGIN:
            return
        theirs = prelogin_options(payload).get(1, bytes([NOT_SUPPORTED]))[0] & 0x0F
        answer = negotiated(ENCRYPTION[self.asked.encrypt], theirs)
        major, minor, build = map(int, self.asked.version.split("."))
        await self.send(packets(REPLY, prelogin((major, minor, build), answer)))
        if answer == REQUIRED:
            return
        if answer in (OFF, ON):
            self.inside = await self.handshake()
        kind, payload = await self.message()
        if answer == OFF:  # only the login was encrypted
            self.inside = None
        if kind == LOGIN7 and await self.login(payload, (major, minor, build)):
            await self.answer_batches()

    async def login(self, payload: bytes, version: tuple[int, int, int]) -> bool:
        user, password = login7(payload)
        if (user, password) != (self.asked.user, self.asked.password):
            await self.send(
                packets(REPLY, error_token(18456, 14, f"Login failed for user '{user}'.") + done(FINAL_ERROR))
            )
            return False
        program = short_text("Microsoft SQL Server")
        await self.send(packets(REPLY, b"".join([
            envchange(1, short_text("master"), short_text("")), envchange(7, b"\x05" + bytes.fromhex("0904d00034"), b"\0"),
            envchange(2, short_text("us_english"), short_text("")),
            token(0xAD, b"\x01" + struct.pack(">I", 0x74000004) + program + struct.pack(">BBH", *version)),
            envchange(4, short_text("4096"), short_text("4096")), done(),
        ])))  # fmt: skip
        return True

    async def answer_batches(self) -> None:
        while True:
            kind, payload = await self.message()
            if kind == BATCH and "SELECT".encode("utf-16le") in payload.upper():
                column = b"\x81" + struct.pack("<HIH", 1, 0, 0) + b"\x38" + short_text("")
                await self.send(packets(REPLY, column + b"\xd1" + struct.pack("<i", 1) + done(FINAL_COUNT, 1, SELECT)))
            else:
                await self.send(packets(REPLY, done()))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--port", type=int, default=1433)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--encrypt", choices=ENCRYPTION, default="off")
    parser.add_argument("--user", default="sa")
    parser.add_argument("--password", default="Lab-Passw0rd")
    parser.add_argument("--version", default="15.0.2000")
    return parser.parse_args()


async def main() -> None:
    asked = arguments()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ValueError, struct.error, ssl.SSLError):
            await Connection(reader, writer, asked).serve()
        writer.close()

    await asyncio.start_server(connected, asked.address, asked.port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
