"""NetBIOS names, the name service's packets and the session service's framing.

Sources: RFC 1001 14.1 (first-level encoding); RFC 1002 4.1 (scope, second-level encoding), 4.2.1 (header), 4.2.12 to
4.2.14 (name query and its answers), 4.2.17 and 4.2.18 (node status), 4.3.1, 4.3.4 and 4.3.7 (session message,
negative response, keep-alive);
MS-SMB2 2.1 (the same four bytes without NetBIOS, length of 24 bits).
"""

from collections.abc import Generator
from typing import Any

from eset_portcheck.wire.conversation import Read, ReadSome, Step

MAX_FRAME_BYTES = 64 * 1024
MAX_KEEP_ALIVES = 8
MAX_NAMES = 32
KEEP_ALIVE = b"\x85\0\0\0"
REFUSED = b"\x83\0\0\x01"  # the head of a negative session response; a code of one byte follows
NOT_FOR_THIS_CLIENT = 0x81
_REFUSALS = {
    0x80: "not listening on called name",
    NOT_FOR_THIS_CLIENT: "not listening for calling name",
    0x82: "called name not present",
    0x83: "insufficient resources",
    0x8F: "unspecified error",
}
_NBSTAT, _NB = 0x21, 0x20
_NEGATIVE = {
    1: "format error",
    2: "server failure",
    3: "name not known",
    4: "request not supported",
    5: "refused",
    6: "name active",
    7: "name in conflict",
}


def encode_name(name: str | bytes, suffix: int) -> bytes:
    """The 34 bytes of a name on the wire: length 32, two letters a byte, no scope. `*` is padded with zeros (RFC 1002
    4.2.17)."""
    raw = name.encode("ascii", "replace") if isinstance(name, str) else name
    padded = raw.ljust(16, b"\0") if raw == b"*" else raw[:15].upper().ljust(15) + bytes([suffix])
    return b"\x20" + bytes(0x41 + half for byte in padded for half in (byte >> 4, byte & 0x0F)) + b"\0"


def frame(payload: bytes) -> bytes:
    """A session message (type 0), or direct TCP's length of 24 bits: the same four bytes."""
    return len(payload).to_bytes(4, "big") + payload


def frame_length(head: bytes) -> int:
    """Length of a session message. Raises ValueError for another packet type or an absurd length."""
    size = int.from_bytes(head[1:4], "big")
    if len(head) != 4 or head[0] != 0 or not 4 <= size <= MAX_FRAME_BYTES:
        raise ValueError("not a session message")
    return size


def read_head() -> Generator[Step, bytes, bytes]:
    """Four bytes of a session packet; keep-alives before it are passed over, a few of them."""
    for _ in range(MAX_KEEP_ALIVES + 1):
        head = yield Read(4)
        if head != KEEP_ALIVE:
            return head
    raise ValueError("keep-alives only")


def read_message() -> Generator[Step, bytes, bytes]:
    """The payload of the next session message. Raises ValueError."""
    head = yield from read_head()
    return (yield Read(frame_length(head)))


def read_message_or_end() -> Generator[Step, bytes, bytes]:
    """The same, or b"" when the peer closes its side instead of it. Raises ValueError."""
    first = yield ReadSome(1)
    if not first:
        return b""
    head = first + (yield Read(3))
    if head == KEEP_ALIVE:
        head = yield from read_head()
    return (yield Read(frame_length(head)))


def refusal(code: int) -> dict[str, Any]:
    """Facts of a negative session response (RFC 1002 4.3.4)."""
    return {"netbios_session": "refused", "code": code, "meaning": _REFUSALS.get(code, "unknown code")}


def node_status(transaction_id: bytes) -> bytes:
    """NODE STATUS REQUEST for `*` (RFC 1002 4.2.17)."""
    return _question(transaction_id, encode_name("*", 0), _NBSTAT)


def name_query(transaction_id: bytes, name: str) -> bytes:
    """NAME QUERY REQUEST for the file server name (suffix 0x20), unicast (RFC 1002 4.2.12)."""
    return _question(transaction_id, encode_name(name, 0x20), _NB)


def _question(transaction_id: bytes, name: bytes, kind: int) -> bytes:
    """One question of class IN, no flags: neither broadcast nor recursion (RFC 1002 4.2.1)."""
    return transaction_id + b"\0\0\0\x01\0\0\0\0\0\0" + name + kind.to_bytes(2, "big") + b"\0\x01"


def parse_reply(data: bytes) -> dict[str, Any]:
    """A positive or negative reply of the name service. Node status: names without the unit id (a hardware address).
    Raises ValueError, IndexError."""
    if len(data) < 12 or data[2] & 0xF8 != 0x80:  # an answer, of a query
        raise ValueError("no reply to a query")
    code = data[3] & 0x0F
    if int.from_bytes(data[4:6], "big"):
        raise ValueError("an answer of the name service repeats no question")  # DNS does (RFC 1002 4.2.13, 4.2.14)
    if code:
        if not data[2] & 0x04 or _after_name(data, 12) + 10 > len(data):
            raise ValueError("no record beside the refusal")
        return {"answer": "negative", "code": code, "meaning": _NEGATIVE.get(code, "unknown code")}
    if int.from_bytes(data[6:8], "big") == 0:
        raise ValueError("no record")
    at = _after_name(data, 12)
    kind, size = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 8 : at + 10], "big")
    body = data[at + 10 : at + 10 + size]
    if len(body) != size:
        raise ValueError("record cut short")
    if kind == _NBSTAT:
        return {"answer": "node-status", "names": _names(body)}
    if kind == _NB and size >= 6 and size % 6 == 0:
        return {"answer": "name", "group": bool(body[0] & 0x80)}
    raise ValueError("another record")


def _after_name(data: bytes, at: int) -> int:
    """Where the name at `at` ends: its zero, or a pointer (RFC 1002 4.1; 255 bytes at most). Raises ValueError,
    IndexError."""
    end = at + 255
    while at < end:
        size = data[at]
        if size & 0xC0 == 0xC0:
            return at + 2
        if size & 0xC0:
            raise ValueError("label type")
        at += 1 + size
        if size == 0:
            return at
    raise ValueError("a name without end")


def _names(body: bytes) -> list[dict[str, Any]]:
    """Count, then 15 bytes of name, suffix, flags each (RFC 1002 4.2.18); at most MAX_NAMES of them are kept."""
    count = body[0]
    if len(body) < 1 + 18 * count:
        raise ValueError("names cut short")
    entries = [body[1 + 18 * n : 19 + 18 * n] for n in range(min(count, MAX_NAMES))]
    return [
        {"name": one[:15].rstrip(b" \0").decode("latin-1"), "suffix": one[15], "group": bool(one[16] & 0x80)}
        for one in entries
    ]
