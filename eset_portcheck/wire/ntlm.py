"""The NTLM messages that show who a host is without a password: NEGOTIATE asks, CHALLENGE tells names, domain, build and time.

Source: MS-NLMP 2.2.1.1 (NEGOTIATE), 2.2.1.2 (CHALLENGE), 2.2.2.1 (AV_PAIR), 2.2.2.10 (VERSION).
"""

import struct
from typing import Any

_SIGNATURE = b"NTLMSSP\0"
# UNICODE, REQUEST_TARGET, NTLM, ALWAYS_SIGN, EXTENDED_SESSIONSECURITY, TARGET_INFO, VERSION, 128, 56
_FLAGS = 0x00000001 | 0x00000004 | 0x00000200 | 0x00008000 | 0x00080000 | 0x00800000 | 0x02000000 | 0x20000000 | 0x80000000
_PAIRS = {1: "computer", 2: "domain", 3: "dns_computer", 4: "dns_domain"}
_TEXT_LIMIT = 128
_EPOCH_1601_S = 11_644_473_600


def negotiate() -> bytes:
    """NEGOTIATE with empty domain and workstation."""
    return _SIGNATURE + struct.pack("<II", 1, _FLAGS) + bytes(16) + b"\x0a\0\0\0\0\0\0\x0f"


def challenge(buffer: bytes) -> dict[str, Any] | None:
    """Facts of the CHALLENGE somewhere in a security buffer (bare or inside SPNEGO); None when there is none. Raises ValueError, struct.error."""
    start = buffer.find(_SIGNATURE + b"\x02\0\0\0")
    if start < 0:
        return None
    message = buffer[start:]
    size, _, offset = struct.unpack_from("<HHI", message, 40)
    facts: dict[str, Any] = {}
    (flags,) = struct.unpack_from("<I", message, 20)
    if flags & 0x02000000 and len(message) >= 56:
        major, minor, build = struct.unpack_from("<BBH", message, 48)
        if major:
            facts["os_build"] = f"{major}.{minor}.{build}"
    return facts | _pairs(message[offset : offset + size])


def _pairs(target: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    at = 0
    for _ in range(32):
        if at + 4 > len(target):
            break
        kind, size = struct.unpack_from("<HH", target, at)
        value = target[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == 0:
            break
        if kind in _PAIRS:
            facts[_PAIRS[kind]] = value.decode("utf-16-le", "replace")[:_TEXT_LIMIT]
    return facts


def filetime_s(value: int) -> float | None:
    """Seconds since 1970 of a FILETIME (100 ns since 1601); None for "not told" (MS-DTYP 2.3.3)."""
    return value / 1e7 - _EPOCH_1601_S if 0 < value < 2**62 else None
