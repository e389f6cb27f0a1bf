"""A ClientHello as large as wanted: the same words, and zeros that every server passes over.

Sources: RFC 8446 4.1.2 (ClientHello), 5.1 (records); RFC 7685 3 (the padding extension, type 21).
"""

import struct

PADDING = 21
_RECORD, _HANDSHAKE, _CLIENT_HELLO = 22, 4, 1
_FIXED = 5 + _HANDSHAKE + 2 + 32  # record, handshake, version, random


def padded(hello: bytes, size: int) -> bytes:
    """`hello`, one record with a ClientHello that offers no session, made `size` bytes long. Raises ValueError for
    anything else, and for one that is as large already."""
    if len(hello) < _FIXED or hello[0] != _RECORD or hello[5] != _CLIENT_HELLO:
        raise ValueError("no ClientHello")
    at = _FIXED
    for octets in (1, 2, 1):  # session id, cipher suites, compression methods
        at += octets + int.from_bytes(hello[at : at + octets], "big")
    if at + 2 + int.from_bytes(hello[at : at + 2], "big") != len(hello):
        raise ValueError("no extensions to the end of the record")
    kept = _without_padding(hello[at + 2 :])
    room = size - (at + 2 + len(kept) + 4)
    if room < 0:
        raise ValueError("no room for padding")
    extensions = kept + struct.pack(">HH", PADDING, room) + bytes(room)
    return b"".join(
        (
            hello[:3],
            struct.pack(">H", size - 5),
            bytes([_CLIENT_HELLO]),
            (size - 9).to_bytes(3, "big"),
            hello[9:at],
            struct.pack(">H", len(extensions)),
            extensions,
        )
    )


def _without_padding(extensions: bytes) -> bytes:
    """One may be there already (OpenSSL avoids lengths from 256 to 511), and twice is once too often. Raises
    ValueError."""
    kept, at = b"", 0
    while at < len(extensions):
        end = at + 4 + int.from_bytes(extensions[at + 2 : at + 4], "big")
        if end > len(extensions):
            raise ValueError("no end of an extension")
        if int.from_bytes(extensions[at : at + 2], "big") != PADDING:
            kept += extensions[at:end]
        at = end
    return kept
