"""BER on a stream: how long is the message that begins here; and pyasn1's errors as parser errors. Parsing itself is pyasn1's.

Sources: X.690 8.1.3 (length octets); RFC 4511 5.1 (definite form only).
"""

from collections.abc import Generator
from typing import Any

from pyasn1.codec.ber import decoder as ber_decoder
from pyasn1.codec.der import encoder as der_encoder
from pyasn1.error import PyAsn1Error

from eset_portcheck.wire.conversation import Read, Step

MAX_MESSAGE_BYTES = 64 * 1024


def read_message(tag: int) -> Generator[Step, bytes, bytes]:
    """One whole message that begins with `tag`, in definite form. Raises ValueError."""
    head = yield Read(2)
    if head[0] != tag:
        raise ValueError("another tag")
    size, more = head[1], b""
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4:
            raise ValueError("length form")
        more = yield Read(count)
        size = int.from_bytes(more, "big")
    if size > MAX_MESSAGE_BYTES:
        raise ValueError("message too long")
    body = yield Read(size)
    return head + more + body


def encode(value: Any) -> bytes:
    return bytes(der_encoder.encode(value))


def decode(data: bytes, spec: Any) -> Any:
    """Raises ValueError for everything that is not of `spec`, also for nesting that exhausts the stack."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise ValueError("message too long")
    try:
        value, rest = ber_decoder.decode(data, asn1Spec=spec)
    except (PyAsn1Error, RecursionError, TypeError, AttributeError) as error:  # the last two: pyasn1 on malformed contents
        raise ValueError("not of this type") from error
    if rest:
        raise ValueError("bytes behind the message")
    return value
