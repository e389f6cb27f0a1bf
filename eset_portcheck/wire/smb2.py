"""SMB2 messages up to the NTLM challenge.

Sources: MS-SMB2 2.2.1 (header), 2.2.3 (NEGOTIATE request, 2.2.3.1 contexts), 2.2.4 (response), 2.2.5 and 2.2.6
(SESSION_SETUP), 3.2.5.2 (a wildcard answer is followed by message 1); MS-ERREF 2.3.1 (status codes).
"""

import struct
from typing import Any

from eset_portcheck.wire import ntlm

NEGOTIATE, SESSION_SETUP = 0, 1
MORE_PROCESSING = 0xC0000016
DIALECTS = {0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}
WILDCARD = 0x02FF
STATUS = {
    0x00000000: "STATUS_SUCCESS",
    0xC000000D: "STATUS_INVALID_PARAMETER",
    0xC0000022: "STATUS_ACCESS_DENIED",
    0xC000005E: "STATUS_NO_LOGON_SERVERS",
    0xC000006D: "STATUS_LOGON_FAILURE",
    0xC00000BB: "STATUS_NOT_SUPPORTED",
    0xC00000D0: "STATUS_REQUEST_NOT_ACCEPTED",
    0xC0000205: "STATUS_INSUFF_SERVER_RESOURCES",
    0xC0000418: "STATUS_NTLM_BLOCKED",
}
_LARGE_MTU, _ENCRYPTION = 0x04, 0x40
_SIGNING_ENABLED = 1
_INTEGRITY_CONTEXT, _ENCRYPTION_CONTEXT, _SIGNING_CONTEXT = 1, 2, 8


def _header(command: int, message_id: int) -> bytes:
    return b"\xfeSMB" + struct.pack(
        "<HHIHHIIQIIQ16x", 64, 0 if message_id == 0 else 1, 0, command, 31, 0, 0, message_id, 0, 0, 0
    )


def negotiate(message_id: int, guid: bytes, salt: bytes) -> bytes:
    """NEGOTIATE offering 2.0.2 to 3.1.1, signing enabled, with contexts for integrity, encryption and signing."""
    dialects = struct.pack(f"<{len(DIALECTS)}H", *DIALECTS)
    offset = 64 + 36 + len(dialects)
    padding = bytes(-offset % 8)
    contexts = (
        _context(_INTEGRITY_CONTEXT, struct.pack("<HHH", 1, len(salt), 1) + salt),  # SHA-512
        _context(_ENCRYPTION_CONTEXT, struct.pack("<H4H", 4, 2, 1, 4, 3)),  # AES-128-GCM, -CCM, AES-256-GCM, -CCM
        _context(_SIGNING_CONTEXT, struct.pack("<H3H", 3, 2, 1, 0), last=True),  # AES-GMAC, AES-CMAC, HMAC-SHA256
    )
    capabilities = _LARGE_MTU | _ENCRYPTION
    body = struct.pack(
        "<HHHHI16sIHH",
        36,
        len(DIALECTS),
        _SIGNING_ENABLED,
        0,
        capabilities,
        guid,
        offset + len(padding),
        len(contexts),
        0,
    )
    return _header(NEGOTIATE, message_id) + body + dialects + padding + b"".join(contexts)


def _context(kind: int, value: bytes, *, last: bool = False) -> bytes:
    return struct.pack("<HHI", kind, len(value), 0) + value + (b"" if last else bytes(-len(value) % 8))


def session_setup(message_id: int, token: bytes) -> bytes:
    """SESSION_SETUP with the first token of an authentication: asks for the challenge, logs nobody on."""
    return (
        _header(SESSION_SETUP, message_id)
        + struct.pack("<HBBIIHHQ", 25, 0, _SIGNING_ENABLED, 0, 0, 64 + 24, len(token), 0)
        + token
    )


def parse_header(message: bytes, command: int) -> int:
    """The NTSTATUS of an answer to `command`. Raises ValueError."""
    if message[:4] != b"\xfeSMB" or len(message) < 66:
        raise ValueError("not SMB2")
    size, _, status, answered, _, flags = struct.unpack_from("<HHIHHI", message, 4)
    if size != 64 or answered != command or not flags & 1:
        raise ValueError("not the answer to this request")
    return int(status)


def parse_negotiate(message: bytes) -> tuple[int, dict[str, Any]]:
    """(dialect number, facts); number 0 and a status when every dialect is refused. Raises ValueError, struct.error.

    `server_time_s` are seconds since 1970; `mechanisms` what the SPNEGO hint offers. The server's GUID and sizes are
    passed over.
    """
    status = parse_header(message, NEGOTIATE)
    if status:
        return 0, _refusal("status", status)
    size, mode, dialect, _, _, capabilities = struct.unpack_from("<HHHH16sI", message, 64)
    (now,) = struct.unpack_from("<Q", message, 64 + 40)
    if size != 65 or (dialect not in DIALECTS and dialect != WILDCARD):
        raise ValueError("no dialect that was offered")
    facts: dict[str, Any] = {
        "signing": "required" if mode & 2 else "enabled" if mode & 1 else "off",
        "encryption": _encrypts(message, dialect, capabilities),
    }
    told = ntlm.filetime_s(now)
    if told is not None:
        facts["server_time_s"] = told
    offered = ntlm.mechanisms(_buffer(message, 64 + 56))
    if offered is not None:
        facts["mechanisms"] = offered
    return dialect, facts | ({"dialect": DIALECTS[dialect]} if dialect in DIALECTS else {})


def _refusal(key: str, status: int) -> dict[str, Any]:
    return {key: f"0x{status:08X}"} | ({f"{key}_name": STATUS[status]} if status in STATUS else {})


def _buffer(message: bytes, at: int) -> bytes:
    """The security buffer whose offset (from the header) and length stand at `at`. Raises ValueError when it reaches
    beyond the message."""
    offset, size = struct.unpack_from("<HH", message, at)
    if size and offset + size > len(message):
        raise ValueError("buffer beyond the message")
    return message[offset : offset + size]


def _encrypts(message: bytes, dialect: int, capabilities: int) -> bool:
    """By capability (3.0, 3.0.2), or by the cipher chosen in an encryption context (3.1.1)."""
    if dialect != 0x0311:
        return bool(dialect >= 0x0300 and capabilities & _ENCRYPTION)
    (count,) = struct.unpack_from("<H", message, 64 + 6)
    (at,) = struct.unpack_from("<I", message, 64 + 60)
    for _ in range(min(count, 16)):
        kind, size = struct.unpack_from("<HH", message, at)
        if kind == _ENCRYPTION_CONTEXT and size >= 4:
            return bool(struct.unpack_from("<H", message, at + 10)[0])
        at += 8 + size + (-size % 8)
    return False


def parse_session_setup(message: bytes) -> dict[str, Any]:
    """Facts of the challenge, or the status of a refusal. Raises ValueError, struct.error."""
    status = parse_header(message, SESSION_SETUP)
    if status != MORE_PROCESSING:
        return _refusal("logon_status", status)
    return ntlm.challenge(_buffer(message, 64 + 4)) or {}
