"""BER on a stream: how long is the message that begins here, and may a parser be let loose on it. Parsing itself is
pyasn1's.

Sources: X.690 8.1.2 (identifier octets), 8.1.3 (length octets); RFC 4511 5.1 (definite form only); RFC 4120 5.1 (DER).
"""

from collections.abc import Generator
from typing import Any

from pyasn1.codec.ber import decoder as ber_decoder
from pyasn1.codec.der import encoder as der_encoder
from pyasn1.error import PyAsn1Error

from eset_portcheck.wire.conversation import Read, Step

MAX_MESSAGE_BYTES = 64 * 1024
MAX_DEPTH = 24  # the deepest message we read, an AS-REP with its ticket, has 11
MAX_ELEMENTS = (
    768  # a rootDSE has some hundred; pyasn1 takes 50 us for each, and while it does nobody looks at a deadline
)


def read_message(tag: int, begun: bytes = b"") -> Generator[Step, bytes, bytes]:
    """One whole message that begins with `tag`, in definite form; `begun`: its first byte, when that was read already.
    Raises ValueError."""
    head = begun + (yield Read(2 - len(begun)))
    if head[0] != tag:
        raise ValueError("another tag")
    more = b""
    if head[1] & 0x80:
        more = yield Read(_length_octets(head[1]))
    size, _ = _length(head + more, 1)
    if size > MAX_MESSAGE_BYTES:
        raise ValueError("message too long")
    body = yield Read(size)
    return head + more + body


def encode(value: Any) -> bytes:
    """DER, which is BER too."""
    return bytes(der_encoder.encode(value))


def decode(data: bytes, spec: Any) -> Any:
    """One value of `spec` and nothing behind it. Raises ValueError for everything else, before any recursion that the
    peer could drive."""
    _check_shape(data)
    try:
        value, rest = ber_decoder.decode(data, asn1Spec=spec)
    except PyAsn1Error as error:
        raise ValueError("not of this type") from error
    if rest:
        raise ValueError("bytes behind the message")
    return value


def _check_shape(data: bytes) -> None:
    """Bound what pyasn1 will do: size, nesting and number of elements, and every length inside its parent. One pass, no
    recursion. Raises ValueError."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise ValueError("message too long")
    ends = [len(data)]
    at = elements = 0
    while at < len(data):
        while ends[-1] == at:
            ends.pop()
        elements += 1
        constructed = data[at] & 0x20
        if data[at] & 0x1F == 0x1F:
            raise ValueError("a tag number above 30")
        size, start = _length(data, at + 1)
        if start + size > ends[-1]:
            raise ValueError("longer than its parent")
        if elements > MAX_ELEMENTS or len(ends) > MAX_DEPTH:
            raise ValueError("too many elements, or too deep")
        at = start if constructed else start + size
        if constructed:
            ends.append(start + size)


def _length_octets(first: int) -> int:
    """How many octets of length follow a first octet of the long form. Raises ValueError for the indefinite form."""
    count = first & 0x7F
    if not 1 <= count <= 4:
        raise ValueError("length form")
    return count


def _length(data: bytes, at: int) -> tuple[int, int]:
    """(length, where the contents begin). Raises ValueError, IndexError."""
    if not data[at] & 0x80:
        return data[at], at + 1
    start = at + 1 + _length_octets(data[at])
    if start > len(data):
        raise ValueError("length cut short")
    return int.from_bytes(data[at + 1 : start], "big"), start
