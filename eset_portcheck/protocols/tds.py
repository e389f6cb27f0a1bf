"""Microsoft SQL Server on TCP 1433: PRELOGIN and its answer. No log-on.

The request offers encryption OFF (the log-on alone is encrypted). Of the four it is the one that ends nothing: to
NOT_SUP a server that insists on encryption answers REQ and hangs up, as on a client that cannot be served; ON would ask
for TLS on everything; REQ is no client's word. To OFF each server answers its own wish and waits for the TLS hello,
which does not come. So the answer also shows whether encryption is forced ("on") or cannot be had. A server set to
"strict" encryption (TDS 8.0) expects TLS before PRELOGIN and hangs up on it. That is looked for as evidence when
PRELOGIN is cut: TLS with the ALPN name tds/8.0, and PRELOGIN inside (`openings`). It is named and not passed: only
clients of that version can use such a server.

Sources: MS-TDS 1.3 and 3.2.5.1 (TDS 8.0), 2.2.3.1 (packet header), 2.2.6.5 (PRELOGIN, its options and the table of
encryption), 2.2.2.1 (the answer comes as a tabular result, type 4).
"""

import struct

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send
from eset_portcheck.wire.protocol import SPOKEN, AlternativeOpening, Protocol

PRELOGIN, RESPONSE, LAST = 0x12, 0x04, 0x01
ENCRYPTION = {0: "off", 1: "on", 2: "not supported", 3: "required"}
VERSION, ENCRYPTION_OPTION, TERMINATOR = 0x00, 0x01, 0xFF
MAX_PACKET_BYTES = 4096
MAX_OPTIONS = 16
STRICT = "tds/8.0"


def prelogin() -> bytes:
    """VERSION, ENCRYPTION off, INSTOPT empty, THREADID."""
    values = [(VERSION, bytes(6)), (ENCRYPTION_OPTION, b"\0"), (2, b"\0"), (3, bytes(4))]
    offset = 5 * len(values) + 1
    tokens = data = b""
    for token, value in values:
        tokens += struct.pack(">BHH", token, offset + len(data), len(value))
        data += value
    body = tokens + bytes([TERMINATOR]) + data
    return struct.pack(">BBHHBB", PRELOGIN, LAST, 8 + len(body), 0, 1, 0) + body


def converse(_peer: Peer) -> Conversation:
    yield Send(prelogin())
    kind, status, size, _, _, _ = struct.unpack(">BBHHBB", (yield Read(8)))
    if kind != RESPONSE or not status & LAST or not 8 < size <= MAX_PACKET_BYTES:
        raise ValueError("no tabular result")
    body = yield Read(size - 8)
    options = _options(body)
    version, encryption = options[VERSION], options[ENCRYPTION_OPTION]
    if body[0] != VERSION or len(version) != 6 or len(encryption) != 1:
        raise ValueError("VERSION comes first, ENCRYPTION is mandatory")
    major, minor, build = struct.unpack(">BBH", version[:4])
    return {
        "version": f"{major}.{minor}.{build}",
        "encryption": ENCRYPTION.get(encryption[0], f"0x{encryption[0]:02X}"),
    }


def converse_strict(peer: Peer) -> Conversation:
    """Inside TLS that was agreed on for this very protocol."""
    if peer.alpn != STRICT:
        raise ValueError("TDS 8.0 was not agreed on")
    return (yield from converse(peer))


def _options(body: bytes) -> dict[int, bytes]:
    """The option table (token, offset, length) up to its terminator, with the values. Raises ValueError, IndexError,
    struct.error."""
    found: dict[int, bytes] = {}
    for at in range(0, 5 * MAX_OPTIONS, 5):
        if body[at] == TERMINATOR:
            return found
        token, offset, size = struct.unpack_from(">BHH", body, at)
        if offset + size > len(body):
            raise ValueError("option beyond the packet")
        found[token] = body[offset : offset + size]
    raise ValueError("no end of the option table")


def interpret(_facts: Facts) -> Meaning:
    return Meaning(Proof.PROTOCOL)


PROTOCOL = Protocol(
    name="tds",
    converse=converse,
    interpret=interpret,
    own_signatures=("tds",),
    openings=(
        AlternativeOpening(reason="TDS_STRICT_ENCRYPTION", converse=converse_strict, encrypted=True, alpn=(STRICT,)),
    ),
    possible_reasons=(*SPOKEN, "TDS_STRICT_ENCRYPTION"),
    checked={
        "en": "SQL Server's PRELOGIN exchange, which happens before any login.",
        "es": "El intercambio PRELOGIN de SQL Server, que se hace antes de cualquier inicio de sesión.",
    },
)
