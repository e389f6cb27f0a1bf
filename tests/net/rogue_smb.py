"""A host that speaks SMB2 as far as any password is asked for, and knows none: it says yes to whatever comes, signed by
nobody."""

import socket
import struct
from collections.abc import Sequence

NEGOTIATE, SESSION_SETUP, TREE_CONNECT, CREATE, CLOSE, QUERY_DIRECTORY = 0, 1, 3, 5, 6, 14
MORE_PROCESSING, ENCRYPT_DATA, GUEST = 0xC0000016, 4, 1
PROOF = b"NTLMSSP\0\x03\0\0\0"
SESSION_ID = 0x77
_FLAGS = (
    0x00000001
    | 0x00000004
    | 0x00000010
    | 0x00000020
    | 0x00000200
    | 0x00008000
    | 0x00080000
    | 0x00800000
    | 0x02000000
    | 0x20000000
    | 0x40000000
    | 0x80000000
)
_NTLM = bytes.fromhex("060a2b06010401823702020a")


def challenge(computer: str = "ROGUE") -> bytes:
    """CHALLENGE with the names of MS-NLMP 2.2.2.1."""
    pairs = b"".join(
        struct.pack("<HH", kind, len(text.encode("utf-16-le"))) + text.encode("utf-16-le")
        for kind, text in ((2, "LAB"), (1, computer))
    ) + bytes(4)
    return (
        b"NTLMSSP\0"
        + struct.pack(
            "<IHHII8s8xHHI8s", 2, 0, 0, 56, _FLAGS, b"12345678", len(pairs), len(pairs), 56, b"\x0a\0\0\0\0\0\0\x0f"
        )
        + pairs
    )


def in_spnego(token: bytes) -> bytes:
    """NegTokenResp: accept-incomplete, NTLM, the token (RFC 4178 4.2.2)."""
    return _tlv(0xA1, _tlv(0x30, _tlv(0xA0, b"\x0a\x01\x01") + _tlv(0xA1, _NTLM) + _tlv(0xA2, _tlv(0x04, token))))


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + value


def message(command: int, message_id: int, body: bytes, status: int = 0) -> bytes:
    head = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ16x", 64, 1, status, command, 64, 1, 0, message_id, 0, 1, SESSION_ID)
    return struct.pack(">I", len(head) + len(body)) + head + body


def negotiated(message_id: int, dialect: int, mode: int = 1) -> bytes:
    """With contexts for integrity, encryption (AES-128-GCM) and signing (HMAC-SHA256) for 3.1.1. `mode`:
    SecurityMode."""
    contexts = (
        []
        if dialect != 0x0311
        else [
            (1, struct.pack("<HHH", 1, 32, 1) + bytes(32)),
            (2, struct.pack("<HH", 1, 2)),
            (8, struct.pack("<HH", 1, 0)),
        ]
    )
    body = struct.pack(
        "<HHHH16sIIIIQQHHI",
        65,
        mode,
        dialect,
        len(contexts),
        b"0123456789abcdef",
        0x44,
        65536,
        65536,
        65536,
        0,
        0,
        128,
        0,
        128 if contexts else 0,
    )
    for kind, value in contexts:
        body += bytes(-len(body) % 8) + struct.pack("<HHI", kind, len(value), 0) + value
    return message(NEGOTIATE, message_id, body)


def set_up(message_id: int, token: bytes, flags: int = 0, status: int = 0) -> bytes:
    return message(SESSION_SETUP, message_id, struct.pack("<HHHH", 9, flags, 72, len(token)) + token, status)


def share(calling_itself: int | None = None) -> Sequence[bytes]:
    """Yes to TREE_CONNECT, CREATE, QUERY_DIRECTORY and CLOSE, which follow each other. calling_itself: the command that
    each answer claims to answer."""
    name = "secret.txt".encode("utf-16-le")
    entry = struct.pack("<III", 0, 0, len(name)) + name
    bodies = {
        TREE_CONNECT: struct.pack("<HBBIII", 16, 1, 0, 0, 0, 0x1F01FF),
        CREATE: struct.pack("<HBBI32sQQII16sII", 89, 0, 0, 1, bytes(32), 0, 0, 0x10, 0, b"f" * 16, 0, 0),
        QUERY_DIRECTORY: struct.pack("<HHI", 9, 72, len(entry)) + entry,
        CLOSE: struct.pack("<HHI52x", 60, 0, 0),
    }
    return [
        message(command if calling_itself is None else calling_itself, number, body)
        for number, (command, body) in enumerate(bodies.items(), 3)
    ]


def heard(connection: socket.socket) -> bytes:
    """One message of the client; b"" when it hung up."""
    head = exactly(connection, 4)
    return exactly(connection, int.from_bytes(head, "big")) if head else b""


def exactly(connection: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        piece = connection.recv(count - len(got))
        if not piece:
            return b""
        got += piece
    return got
