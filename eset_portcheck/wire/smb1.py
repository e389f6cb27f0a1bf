"""The one SMB1 message that is ever sent, and its answers: NEGOTIATE, which offers SMB1 and, by name, SMB2.

Sources: MS-CIFS 2.2.3.1 (header), 2.2.4.52 (NEGOTIATE); MS-SMB 2.2.4.5.2 (its answer); MS-SMB2 3.2.4.2.2.1 and 3.3.5.3
(the names of SMB2 in it).
"""

import struct
from typing import Any

from eset_portcheck.wire import ntlm

NEGOTIATE = 0x72
OFFERED = ("NT LM 0.12", "SMB 2.002", "SMB 2.???")
NONE_OF_THEM = 0xFFFF
# canonical, case-insensitive paths; Unicode, NT status, extended security, long names, as a Windows client asks
_FLAGS, _FLAGS2 = 0x18, 0xC853


def negotiate() -> bytes:
    """SMB_COM_NEGOTIATE: every server answers in the best it knows (MS-SMB2 3.3.5.3)."""
    dialects = b"".join(b"\x02" + name.encode("ascii") + b"\0" for name in OFFERED)
    head = b"\xffSMB" + struct.pack(
        "<BIBHH8sHHHHH", NEGOTIATE, 0, _FLAGS, _FLAGS2, 0, bytes(8), 0, 0xFFFF, 0xFEFF, 0, 0
    )
    return head + struct.pack("<BH", 0, len(dialects)) + dialects


def speaks(message: bytes) -> bool:
    return message[:4] == b"\xffSMB"


def parse_negotiate(message: bytes) -> dict[str, Any]:
    """`dialect` (None: none of those offered), `accepted`, and what NT LM 0.12 tells. Raises ValueError, IndexError,
    struct.error.

    A request has no parameter words, so our own, come back from an echo service, is no answer. `server_time_s` are
    seconds since 1970.
    """
    words = message[32]
    if message[4] != NEGOTIATE or not words:
        raise ValueError("no answer to NEGOTIATE")
    (index,) = struct.unpack_from("<H", message, 33)
    if index == NONE_OF_THEM:
        return {"dialect": None, "accepted": False}
    if index != 0 or words != 17:
        raise ValueError("no dialect of SMB1 that was offered")
    mode, now = message[35], struct.unpack_from("<Q", message, 33 + 23)[0]
    facts: dict[str, Any] = {
        "dialect": OFFERED[0],
        "accepted": True,
        "signing": "required" if mode & 8 else "enabled" if mode & 4 else "off",
    }
    told = ntlm.filetime_s(now)
    return facts | ({} if told is None else {"server_time_s": told})
