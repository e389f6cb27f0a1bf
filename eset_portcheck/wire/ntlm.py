"""The NTLM messages that show who a host is without a password: NEGOTIATE asks, CHALLENGE tells names, domain, build
and time.

Sources: MS-NLMP 2.2.1.1 (NEGOTIATE), 2.2.1.2 (CHALLENGE), 2.2.2.1 (AV_PAIR), 2.2.2.10 (VERSION); RFC 4178 4.2.1
(NegTokenInit), MS-SPNG 2.2.1 (the server's NegTokenInit2, whose list of mechanisms has the same place); MS-DTYP 2.3.3
(FILETIME).
"""

import datetime as dt
import struct
from typing import Any

_SIGNATURE = b"NTLMSSP\0"
# UNICODE, REQUEST_TARGET, NTLM, ALWAYS_SIGN, EXTENDED_SESSIONSECURITY, TARGET_INFO, VERSION, 128, 56
_FLAGS = (
    0x00000001 | 0x00000004 | 0x00000200 | 0x00008000 | 0x00080000 | 0x00800000 | 0x02000000 | 0x20000000 | 0x80000000
)
_VERSION_FLAG = 0x02000000
_PAIRS = {1: "computer", 2: "domain", 3: "dns_computer", 4: "dns_domain"}
_TIMESTAMP = 7
_TEXT_LIMIT = 128
_EPOCH_1601_S = 11_644_473_600
_END_OF_9999 = (
    2_650_467_743_990_000_000  # its last whole second: a fraction more would round up to a year that no calendar holds
)
_SPNEGO = bytes.fromhex("06062b0601050502")
_NTLM = bytes.fromhex("060a2b06010401823702020a")
_MECHANISMS = {
    _NTLM: "ntlm",
    bytes.fromhex("06092a864886f712010202"): "kerberos",
    bytes.fromhex(
        "06092a864882f712010202"
    ): "kerberos",  # the number that Windows 2000 shortened, still offered for its sake
    bytes.fromhex("060a2b06010401823702021e"): "negoex",
}


def negotiate() -> bytes:
    """NEGOTIATE with empty domain and workstation."""
    return _SIGNATURE + struct.pack("<II", 1, _FLAGS) + bytes(16) + b"\x0a\0\0\0\0\0\0\x0f"


def in_spnego(token: bytes) -> bytes:
    """A NegTokenInit that offers NTLM alone, with its first token (shorter than 64 bytes, so that every length is one
    byte)."""
    mechanisms = _tlv(0xA0, _tlv(0x30, _NTLM))
    return _tlv(0x60, _SPNEGO + _tlv(0xA0, _tlv(0x30, mechanisms + _tlv(0xA2, _tlv(0x04, token)))))


def _tlv(tag: int, value: bytes) -> bytes:
    if len(value) > 127:
        raise OverflowError("a length of one byte")
    return bytes([tag, len(value)]) + value


def mechanisms(hint: bytes) -> list[str] | None:
    """What a server's SPNEGO token offers, sorted; None when it sent none (then the client may choose: MS-SMB2
    3.2.5.2)."""
    if hint[:1] != b"\x60" or _SPNEGO not in hint[:16]:
        return None
    return sorted({name for number, name in _MECHANISMS.items() if number in hint})


def challenge(buffer: bytes) -> dict[str, Any] | None:
    """Facts of the CHALLENGE somewhere in a security buffer (bare or inside SPNEGO); None when there is none. Raises
    ValueError, struct.error.

    `server_time_s` are seconds since 1970. A build of 0 is no build (samba says 6.1.0 whatever it runs on), an empty
    name is no name.
    """
    start = buffer.find(_SIGNATURE + b"\x02\0\0\0")
    if start < 0:
        return None
    message = buffer[start:]
    size, _, offset = struct.unpack_from("<HHI", message, 40)
    facts: dict[str, Any] = {}
    (flags,) = struct.unpack_from("<I", message, 20)
    if flags & _VERSION_FLAG and len(message) >= 56:
        major, minor, build = struct.unpack_from("<BBH", message, 48)
        if major and build:
            facts["os_build"] = f"{major}.{minor}.{build}"
    return facts | _pairs(message[offset : offset + size])


def _pairs(target: bytes) -> dict[str, Any]:
    """The AV_PAIRs up to MsvAvEOL; what is cut short ends them."""
    facts: dict[str, Any] = {}
    at = 0
    for _ in range(32):
        if at + 4 > len(target):
            break
        kind, size = struct.unpack_from("<HH", target, at)
        value = target[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == 0 or len(value) != size:
            break
        if kind == _TIMESTAMP and size == 8:
            told = filetime_s(int.from_bytes(value, "little"))
            facts |= {} if told is None else {"server_time_s": told}
        text = value.decode("utf-16-le", "replace")[:_TEXT_LIMIT]
        if kind in _PAIRS and text:
            facts[_PAIRS[kind]] = text
    return facts


def filetime_s(value: int) -> float | None:
    """Seconds since 1970 of a FILETIME (100 ns since 1601); None for "not told" and for what no calendar holds."""
    return value / 1e7 - _EPOCH_1601_S if 0 < value <= _END_OF_9999 else None


def utc(seconds: float) -> str:
    """ISO 8601 of a time between 1601 and 9999. No call of the C library: Windows refuses what is before 1970."""
    stamp = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=int(seconds // 1))  # noqa: DTZ001
    return stamp.isoformat() + "Z"
