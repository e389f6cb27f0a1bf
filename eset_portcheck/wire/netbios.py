"""NetBIOS names and the session service's framing.

Sources: RFC 1001 14.1 (first-level encoding), RFC 1002 4.2 (name service packets), 4.3 (session service packets).
"""

from typing import Any

MAX_FRAME_BYTES = 64 * 1024


def encode_name(name: str | bytes, suffix: int) -> bytes:
    """The 34 bytes of a name on the wire: length 32, two letters a byte, no scope. `*` is padded with zeros (RFC 1002 4.2.18)."""
    raw = name.encode("ascii", "replace") if isinstance(name, str) else name
    padded = raw.ljust(16, b"\0") if raw == b"*" else raw[:15].upper().ljust(15) + bytes([suffix])
    return b"\x20" + bytes(0x41 + half for byte in padded for half in (byte >> 4, byte & 0x0F)) + b"\0"


def frame(payload: bytes) -> bytes:
    """A session message (type 0), or direct TCP's length of 24 bits: the same four bytes."""
    return len(payload).to_bytes(4, "big") + payload


def frame_length(head: bytes) -> int:
    """Length of a session message. Raises ValueError for another packet type or an absurd length."""
    size = int.from_bytes(head[1:4], "big")
    if head[0] != 0 or not 4 <= size <= MAX_FRAME_BYTES:
        raise ValueError("not a session message")
    return size


def node_status(transaction_id: bytes) -> bytes:
    """NODE STATUS REQUEST for `*` (RFC 1002 4.2.17)."""
    return transaction_id + b"\0\0\0\x01\0\0\0\0\0\0" + encode_name("*", 0) + b"\0\x21\0\x01"


def name_query(transaction_id: bytes, name: str) -> bytes:
    """NAME QUERY REQUEST for the file server name (suffix 0x20), unicast (RFC 1002 4.2.12)."""
    return transaction_id + b"\0\0\0\x01\0\0\0\0\0\0" + encode_name(name, 0x20) + b"\0\x20\0\x01"


def parse_reply(data: bytes) -> dict[str, Any]:
    """A positive or negative reply of the name service. Node status: names without the unit id (a hardware address). Raises ValueError."""
    if len(data) < 12 or not data[2] & 0x80:
        raise ValueError("no reply")
    code = data[3] & 0x0F
    if int.from_bytes(data[6:8], "big") == 0:
        return {"answer": "negative", "code": code}
    at = 12 + (2 if data[12] & 0xC0 == 0xC0 else 34)
    kind = int.from_bytes(data[at : at + 2], "big")
    size = int.from_bytes(data[at + 8 : at + 10], "big")
    body = data[at + 10 : at + 10 + size]
    if kind == 0x21:
        return {"answer": "node-status", "names": _names(body)}
    if kind in (0x20, 0x0A):
        return {"answer": "negative" if code else "name", "code": code}
    raise ValueError("another record type")


def _names(body: bytes) -> list[dict[str, Any]]:
    count = body[0]
    if len(body) < 1 + 18 * count:
        raise ValueError("names cut short")
    entries = [body[1 + 18 * n : 19 + 18 * n] for n in range(count)]
    return [{"name": one[:15].rstrip(b" \0").decode("latin-1"), "suffix": one[15], "group": bool(one[16] & 0x80)} for one in entries[:32]]
