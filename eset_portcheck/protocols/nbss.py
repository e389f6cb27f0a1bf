"""SMB over NetBIOS, TCP 139: session request, then the conversation of port 445 inside it.

The called name is *SMBSERVER, which samba and every Windows since 2000 answer whatever they are called. A server that
refuses it closes the connection, so the host's own name could only be tried on another one.

Sources: RFC 1002 4.3.2 (session request), 4.3.3 (positive), 4.3.4 (negative, with its codes), 4.3.5 (retarget
response); MS-SMB2 2.1 (transport).
"""

from collections.abc import Callable

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import smb
from eset_portcheck.wire import netbios
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send
from eset_portcheck.wire.protocol import AlternativeOpening, Protocol

CALLED, CALLING = "*SMBSERVER", "PORTCHECK"
REQUEST = 0x81


def session_request() -> bytes:
    """Called name with the file server's suffix, calling name with a workstation's."""
    names = netbios.encode_name(CALLED, 0x20) + netbios.encode_name(CALLING, 0x00)
    return bytes([REQUEST, 0]) + len(names).to_bytes(2, "big") + names


def converse(peer: Peer) -> Conversation:
    return (yield from _session(peer, smb.converse))


def converse_smb2(peer: Peer) -> Conversation:
    return (yield from _session(peer, smb.converse_smb2))


def _session(peer: Peer, inside: Callable[[Peer], Conversation]) -> Conversation:
    yield Send(session_request())
    kind, flags, *size = yield from netbios.read_head()
    match kind, flags, int.from_bytes(size, "big"):
        case (0x82, 0, 0):
            facts = yield from inside(peer)
            return {"netbios_session": "granted"} | facts
        case (0x83, 0, 1):
            return netbios.refusal((yield Read(1))[0])
        case (0x84, 0, 6):  # to an address that is the server's word: nothing is dialled for it
            yield Read(6)
            return {"netbios_session": "retargeted"}
    raise ValueError("no session response")


def interpret(facts: Facts) -> Meaning:
    """A refusal is NetBIOS' own word, but no SMB was heard behind it, and SMB is what the row asks for: the path is
    proven, the service is not.

    Nor is it disproven: the codes of 4.3.4 speak of the two names and of room, so a client that calls the host by its
    own name may be let in.
    """
    if facts.get("netbios_session") == "granted":
        return smb.interpret(facts)
    return Meaning(Proof.ACCEPTS, "NETBIOS_SESSION_REFUSED", params=smb.refused_session(facts))


PROTOCOL = Protocol(
    name="nbss",
    converse=converse,
    interpret=interpret,
    own_signatures=("smb", "netbios-session"),
    openings=(AlternativeOpening(reason="SMB1_NEGOTIATE_BLOCKED", converse=converse_smb2, after=b"\x82\0\0\0"),),
    possible_reasons=smb.PROTOCOL.possible_reasons,
    checked={
        "en": "A NetBIOS session is requested. Inside it, the SMB version is negotiated.",
        "es": "Se pide una sesión NetBIOS. Dentro de ella se negocia la versión de SMB.",
    },
)
