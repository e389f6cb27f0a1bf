"""Apple's provider service on TCP 2197: HTTP/2 by ALPN; the SETTINGS frame that every server sends first. No
notification is sent.

Who it is shows in the certificate, which is judged outside this file.

Sources: RFC 9113 3.2 (ALPN h2), 3.4 (connection preface), 4.1 (frames), 6.5 (SETTINGS), 6.8 (GOAWAY).
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send
from eset_portcheck.wire.protocol import Protocol

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, GOAWAY, ACK = 4, 7, 1
MAX_FRAME_BYTES = 16384
NAMES = {
    1: "header_table_size",
    2: "enable_push",
    3: "max_concurrent_streams",
    4: "initial_window_size",
    5: "max_frame_size",
    6: "max_header_list_size",
}


def frame(kind: int, flags: int, payload: bytes = b"") -> bytes:
    """A frame on stream 0."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + bytes(4) + payload


def converse(peer: Peer) -> Conversation:
    if peer.alpn != "h2":
        raise ValueError("HTTP/2 was not agreed on")
    yield Send(PREFACE + frame(SETTINGS, 0))
    head = yield Read(9)
    size = int.from_bytes(head[:3], "big")
    stream = int.from_bytes(head[5:9], "big") & 0x7FFFFFFF  # the reserved bit is to be ignored (4.1)
    if head[3] != SETTINGS or head[4] & ACK or stream or size > MAX_FRAME_BYTES or size % 6:
        raise ValueError("the server's preface is no SETTINGS frame")
    body = yield Read(size)
    settings = {}
    for at in range(0, size, 6):
        name = NAMES.get(int.from_bytes(body[at : at + 2], "big"))
        if name:
            settings[name] = int.from_bytes(body[at + 2 : at + 6], "big")
    yield Send(frame(SETTINGS, ACK) + frame(GOAWAY, 0, bytes(8)))
    return {"settings": settings}


def interpret(_facts: Facts) -> Meaning:
    return Meaning(Proof.PROTOCOL)


PROTOCOL = Protocol(
    name="apns",
    converse=converse,
    interpret=interpret,
    encrypted=True,
    alpn=("h2",),
    own_signatures=("http2",),
    checked={
        "en": "A TLS handshake with HTTP/2, as Apple's push service expects. No notification is sent.",
        "es": (
            "Una negociación TLS con HTTP/2, como espera el servicio push de Apple. No se envía ninguna notificación."
        ),
    },
)
