"""Microsoft SQL Server on TCP 1433: PRELOGIN and its answer. No log-on.

The request offers encryption "off", which no server minds before a log-on: one that insists on encryption answers so, and that is all that is asked.

Sources: MS-TDS 2.2.3.1 (packet header), 2.2.6.5 (PRELOGIN), 2.2.2.1 (the answer comes as a tabular result, type 4).
"""

import struct

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send

ENCRYPTED = False
ALPN: tuple[str, ...] = ()

PRELOGIN, RESPONSE, LAST = 0x12, 0x04, 0x01
ENCRYPTION = {0: "off", 1: "on", 2: "not supported", 3: "required"}
MAX_PACKET_BYTES = 4096


def prelogin() -> bytes:
    """VERSION, ENCRYPTION off, INSTOPT empty, THREADID."""
    values = [(0, bytes(6)), (1, b"\0"), (2, b"\0"), (3, bytes(4))]
    offset = 5 * len(values) + 1
    tokens = data = b""
    for token, value in values:
        tokens += struct.pack(">BHH", token, offset + len(data), len(value))
        data += value
    body = tokens + b"\xff" + data
    return struct.pack(">BBHHBB", PRELOGIN, LAST, 8 + len(body), 0, 1, 0) + body


def converse(_peer: Peer) -> Conversation:
    yield Send(prelogin())
    kind, status, size, _, _, _ = struct.unpack(">BBHHBB", (yield Read(8)))
    if kind != RESPONSE or status != LAST or not 8 < size <= MAX_PACKET_BYTES:
        raise ValueError("no tabular result")
    options = _options((yield Read(size - 8)))
    version = options[0]
    if len(version) != 6 or len(options.get(1, b"")) != 1:
        raise ValueError("VERSION and ENCRYPTION are mandatory")
    major, minor, build = struct.unpack(">BBH", version[:4])
    return {"version": f"{major}.{minor}.{build}", "encryption": ENCRYPTION.get(options[1][0], f"0x{options[1][0]:02X}")}


def _options(body: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for at in range(0, 5 * 16, 5):
        if body[at] == 0xFF:
            break
        token, offset, size = struct.unpack_from(">BHH", body, at)
        if offset + size > len(body):
            raise ValueError("option beyond the packet")
        found[token] = body[offset : offset + size]
    return found


def meaning(_facts: Facts) -> Meaning:
    return Meaning(Proof.PROTOCOL)
