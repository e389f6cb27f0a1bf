"""SMB2 messages up to the NTLM challenge, and the SMB1 negotiate that finds old servers.

Sources: MS-SMB2 2.2.1 (header), 2.2.3 (NEGOTIATE request, 2.2.3.1 contexts), 2.2.4 (response), 2.2.5, 2.2.6 (SESSION_SETUP); MS-CIFS 2.2.4.52.
"""

import struct
import time
from typing import Any

from eset_portcheck.wire import ntlm

NEGOTIATE, SESSION_SETUP = 0, 1
MORE_PROCESSING = 0xC0000016
DIALECTS = {0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}
WILDCARD = 0x02FF
_OLD = ("NT LM 0.12", "SMB 2.002", "SMB 2.???")
_LARGE_MTU, _ENCRYPTION = 0x04, 0x40


def _header(command: int, message_id: int) -> bytes:
    return b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ16x", 64, 0 if message_id == 0 else 1, 0, command, 31, 0, 0, message_id, 0, 0, 0)


def old_negotiate() -> bytes:
    """SMB_COM_NEGOTIATE that offers SMB1 and, by name, SMB2: every server answers in the best it knows (MS-SMB2 3.3.5.3)."""
    dialects = b"".join(b"\x02" + name.encode() + b"\0" for name in _OLD)
    head = b"\xffSMB" + struct.pack("<BIBHH8sHHHHH", 0x72, 0, 0x18, 0xC853, 0, bytes(8), 0, 0xFFFF, 0xFEFF, 0, 0)
    return head + struct.pack("<BH", 0, len(dialects)) + dialects


def negotiate(message_id: int, guid: bytes, salt: bytes) -> bytes:
    """NEGOTIATE offering 2.0.2 to 3.1.1, signing enabled, with contexts for integrity, encryption and signing."""
    dialects = struct.pack(f"<{len(DIALECTS)}H", *DIALECTS)
    offset = 64 + 36 + len(dialects)
    padding = bytes(-offset % 8)
    contexts = (
        _context(1, struct.pack("<HHH", 1, len(salt), 1) + salt),
        _context(2, struct.pack("<H4H", 4, 2, 1, 4, 3)),
        _context(8, struct.pack("<H3H", 3, 2, 1, 0), last=True),
    )
    body = struct.pack("<HHHHI16sIHH", 36, len(DIALECTS), 1, 0, _LARGE_MTU | _ENCRYPTION, guid, offset + len(padding), len(contexts), 0)
    return _header(NEGOTIATE, message_id) + body + dialects + padding + b"".join(contexts)


def _context(kind: int, value: bytes, *, last: bool = False) -> bytes:
    return struct.pack("<HHI", kind, len(value), 0) + value + (b"" if last else bytes(-len(value) % 8))


def session_setup(message_id: int) -> bytes:
    """SESSION_SETUP with a bare NTLM NEGOTIATE: asks for the challenge, logs nobody on."""
    token = ntlm.negotiate()
    return _header(SESSION_SETUP, message_id) + struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 64 + 24, len(token), 0) + token


def is_old(message: bytes) -> bool:
    return message[:4] == b"\xffSMB"


def parse_old(message: bytes) -> dict[str, Any]:
    """The SMB1 answer to NEGOTIATE. Raises ValueError, struct.error."""
    command, _, words = struct.unpack_from("<xxxxBI", message)[0], 0, message[32]
    if command != 0x72 or words < 1:
        raise ValueError("no NEGOTIATE answer")
    (index,) = struct.unpack_from("<H", message, 33)
    return {"dialect": "NT LM 0.12" if index == 0 else "SMB1", "accepted": index != 0xFFFF}


def parse_header(message: bytes, command: int) -> int:
    """The NTSTATUS of an answer to `command`. Raises ValueError."""
    if message[:4] != b"\xfeSMB" or len(message) < 66:
        raise ValueError("not SMB2")
    size, _, status, answered, _, flags = struct.unpack_from("<HHIHHI", message, 4)
    if size != 64 or answered != command or not flags & 1:
        raise ValueError("not the answer to this request")
    return int(status)


def parse_negotiate(message: bytes) -> tuple[int, dict[str, Any]]:
    """(dialect number, facts). Raises ValueError, struct.error."""
    status = parse_header(message, NEGOTIATE)
    if status:
        return 0, {"status": f"0x{status:08X}"}
    size, mode, dialect, _, _, capabilities = struct.unpack_from("<HHHH16sI", message, 64)
    (now,) = struct.unpack_from("<Q", message, 64 + 40)
    if size != 65 or (dialect not in DIALECTS and dialect != WILDCARD):
        raise ValueError("no dialect that was offered")
    facts: dict[str, Any] = {"signing": "required" if mode & 2 else "enabled" if mode & 1 else "off", "encryption": _encrypts(message, dialect, capabilities)}
    clock_s = ntlm.filetime_s(now)
    if clock_s is not None:
        facts["server_time_s"] = round(clock_s, 3)
        facts["server_time_utc"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock_s)) if clock_s < 4e9 else "(impossible)"
    return dialect, facts | ({"dialect": DIALECTS[dialect]} if dialect in DIALECTS else {})


def _encrypts(message: bytes, dialect: int, capabilities: int) -> bool:
    """By capability (3.0, 3.0.2), or by the cipher chosen in an encryption context (3.1.1)."""
    if dialect != 0x0311:
        return bool(dialect >= 0x0300 and dialect != WILDCARD and capabilities & _ENCRYPTION)
    (count,) = struct.unpack_from("<H", message, 64 + 6)
    (at,) = struct.unpack_from("<I", message, 64 + 60)
    for _ in range(min(count, 16)):
        kind, size = struct.unpack_from("<HH", message, at)
        if kind == 2 and size >= 4:
            return bool(struct.unpack_from("<H", message, at + 10)[0])
        at += 8 + size + (-size % 8)
    return False


def parse_session_setup(message: bytes) -> dict[str, Any]:
    """Facts of the challenge, or the status of a refusal. Raises ValueError, struct.error."""
    status = parse_header(message, SESSION_SETUP)
    if status != MORE_PROCESSING:
        return {"logon_status": f"0x{status:08X}"}
    offset, size = struct.unpack_from("<HH", message, 64 + 4)
    return ntlm.challenge(message[offset : offset + size]) or {}
