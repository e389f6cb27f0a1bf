"""SMB over NetBIOS, TCP 139: session request, then the conversation of port 445 inside it.

Sources: RFC 1002 4.3.2 (session request), 4.3.3 and 4.3.4 (positive, negative response); MS-SMB2 2.1 (transport).
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import smb
from eset_portcheck.wire import netbios
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send

ENCRYPTED = False
ALPN: tuple[str, ...] = ()

CALLED, CALLING = "*SMBSERVER", "PORTCHECK"
REFUSALS = {
    0x80: "not listening on called name",
    0x81: "not listening for calling name",
    0x82: "called name not present",
    0x83: "insufficient resources",
    0x8F: "unspecified error",
}


def converse(peer: Peer) -> Conversation:
    names = netbios.encode_name(CALLED, 0x20) + netbios.encode_name(CALLING, 0x00)
    yield Send(b"\x81\0" + len(names).to_bytes(2, "big") + names)
    head = yield Read(4)
    size = int.from_bytes(head[2:4], "big")
    if head[0] == 0x83 and size == 1:
        code = (yield Read(1))[0]
        return {"session": "refused", "code": code, "meaning": REFUSALS.get(code, "unknown code")}
    if head[0] == 0x84 and size == 6:
        yield Read(6)
        return {"session": "retargeted"}
    if head != b"\x82\0\0\0":
        raise ValueError("no session response")
    facts = yield from smb.converse(peer)
    return {"session": "granted"} | facts


def meaning(facts: Facts) -> Meaning:
    """A refusal by name is NetBIOS' own word, but no SMB was heard behind it: the path is proven, the service is not."""
    if facts.get("session") == "granted":
        return smb.meaning(facts)
    return Meaning(Proof.ACCEPTS, "CLOSED_BEFORE_REPLY", disproves=False, params={"session": facts.get("session"), "meaning": facts.get("meaning", "")})
