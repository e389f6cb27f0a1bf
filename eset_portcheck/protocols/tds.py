"""Microsoft SQL Server on TCP 1433: PRELOGIN and its answer. No log-on.

The request offers encryption OFF (the log-on alone is encrypted). Of the four it is the one that ends nothing: to
NOT_SUP a server that insists on encryption answers REQ and hangs up, as on a client that cannot be served; ON would
ask for TLS on everything; REQ is no client's word. To OFF each server answers its own wish and waits for the TLS
hello, which does not come. On a connection of its own, which decides nothing, it does come: in PRELOGIN packets, as
before every log-on, and the server's certificate is judged. So the answer also shows whether encryption is forced
("on") or cannot be had. A server set to "strict" encryption (TDS 8.0) expects TLS before PRELOGIN and hangs up on it.
That is looked for as evidence when PRELOGIN is cut: TLS with the ALPN name tds/8.0, and PRELOGIN inside (`openings`).
It is named and not passed: only clients of that version can use such a server.

Sources: MS-TDS 1.3 and 3.2.5.1 (TDS 8.0), 2.2.3.1 (packet header), 2.2.6.5 (PRELOGIN, its options and the table of
encryption), 2.2.2.1 (the answer comes as a tabular result, type 4).
"""

import struct

from eset_portcheck.model.params import Params
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send, StartTls
from eset_portcheck.wire.protocol import SPOKEN, AlternativeOpening, Continuation, Protocol

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


class PreloginPackets:
    """TLS records in packets of type PRELOGIN, as long as the handshake lasts (2.2.6.5, 3.2.5.2)."""

    def __init__(self) -> None:
        self._kept = b""

    def wrap(self, records: bytes) -> bytes:
        step = MAX_PACKET_BYTES - 8
        pieces = [records[at : at + step] for at in range(0, len(records), step)]
        return b"".join(
            struct.pack(">BBHHBB", PRELOGIN, number == len(pieces), 8 + len(piece), 0, number % 256, 0) + piece
            for number, piece in enumerate(pieces, 1)
        )

    def unwrap(self, received: bytes) -> bytes:
        """Raises ValueError for packets of another type, or of an impossible length."""
        self._kept += received
        records = b""
        while len(self._kept) >= 8:
            kind, _, size = struct.unpack_from(">BBH", self._kept)
            if kind not in (PRELOGIN, RESPONSE) or not 8 < size <= 32767:
                raise ValueError("no packet of PRELOGIN")
            if len(self._kept) < size:
                break
            records, self._kept = records + self._kept[8:size], self._kept[size:]
        return records


def converse_tls(peer: Peer) -> Conversation:
    """The same, and the handshake that precedes a log-on. `tls_tried`: works, failed, not offered. Nobody is logged
    on."""
    facts = yield from converse(peer)
    if not encrypts(facts):
        return facts | {"tls_tried": "not offered"}
    return facts | {"tls_tried": "works" if (yield StartTls(PreloginPackets())) else "failed"}


def encrypts(facts: Facts) -> bool:
    return facts.get("encryption") in ("off", "on", "required")


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


def interpret(facts: Facts) -> Meaning:
    wish = facts.get("encryption")
    if wish == "not supported":
        return Meaning(Proof.PROTOCOL, findings=[("TDS_ENCRYPTION_NOT_SUPPORTED", Params(encryption=wish))])
    if wish in ("on", "required"):
        return Meaning(Proof.PROTOCOL, findings=[("TDS_ENCRYPTION_REQUIRED", Params(encryption=wish))])
    return Meaning(Proof.PROTOCOL)


PROTOCOL = Protocol(
    name="tds",
    converse=converse,
    interpret=interpret,
    own_signatures=("tds",),
    openings=(
        AlternativeOpening(reason="TDS_STRICT_ENCRYPTION", converse=converse_strict, encrypted=True, alpn=(STRICT,)),
    ),
    continuation=Continuation(converse=converse_tls, wanted=encrypts),
    possible_reasons=(
        *SPOKEN,
        "TDS_STRICT_ENCRYPTION",
        "TDS_ENCRYPTION_REQUIRED",
        "TDS_ENCRYPTION_NOT_SUPPORTED",
        "TDS_TLS_FAILED",
        "TDS_CERTIFICATE_UNTRUSTED",
        "TLS_EXPIRES_SOON",
    ),
    checked={
        "en": (
            "SQL Server's PRELOGIN exchange, which happens before any login. Then, on a second connection, the TLS "
            "handshake that precedes a login, for the certificate."
        ),
        "es": (
            "El intercambio PRELOGIN de SQL Server, que se hace antes de cualquier inicio de sesión. Después, en otra "
            "conexión, la negociación TLS que precede al inicio de sesión, por el certificado."
        ),
    },
)
