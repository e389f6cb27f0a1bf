"""SMB over TCP 445: NEGOTIATE, then as much of SESSION_SETUP as shows who the host is. No password, no log-on, no
share.

How it begins. One connection decides a row, so one beginning must suit every server:

    it begins with           SMB2 servers                             SMB1 alone
    SMB2 NEGOTIATE           answered                                 hung up on: looks like a fault of the network
    multi-protocol NEGOTIATE answered in SMB2 (0x02FF, then SMB2      answered in SMB1
    (SMB1, names SMB2)       NEGOTIATE; 0x0202 when that is all)

The second is taken. MS-SMB2 3.3.5.3 obliges every SMB2 server to answer it, SMB1 switched off or not even implemented.
Tried: samba with a minimum of NT1, SMB2_02, SMB3_00 and SMB3_11, with a maximum of LANMAN2, NT1, SMB2_02, SMB2_10 and
SMB3_11, signing mandatory, NTLM disabled; impacket's server. Its price: an intrusion prevention on the way that resets
at the sight of SMB1 makes the row fail although SMB2 would pass. So when it is cut, the first beginning is tried as
evidence (`openings`): it names that case, and improves nothing.

What stays behind: nothing. After the challenge the connection is closed; a session that was never finished dies with
it, no log-on was tried and no bad password counted. NTLM is asked for inside SPNEGO; bare when the server sent no
SPNEGO token; not at all when that token does not offer NTLM. A server that hangs up at SESSION_SETUP or refuses it has
spoken SMB all the same.

Samba's `hosts deny` answers whoever it names with a refused NetBIOS session, on this port too, where nobody asked for
one (source3/smbd/smb2_process.c, smbd_add_connection; measured): that is the list's word and no other service's.

Sources: MS-SMB2 3.2.4.2.2 and 3.2.5.2 (client), 3.3.5.3 and 3.3.5.4 (server), 3.2.4.2.3 (authentication); MS-NLMP
2.2.1.2; MS-CIFS 2.2.4.52.
"""

from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire import netbios, ntlm, smb1, smb2
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send
from eset_portcheck.wire.protocol import SPOKEN, AlternativeOpening, Protocol


def converse(peer: Peer) -> Conversation:
    yield Send(netbios.frame(smb1.negotiate()))
    head = yield from netbios.read_head()
    if head == netbios.REFUSED:
        return netbios.refusal((yield Read(1))[0])
    message = yield Read(netbios.frame_length(head))
    if smb1.speaks(message):
        return _clock({"smb1_only": True} | smb1.parse_negotiate(message), peer)
    dialect, facts = smb2.parse_negotiate(message)
    message_id = 1
    if dialect == smb2.WILDCARD:
        yield Send(netbios.frame(smb2.negotiate(message_id, peer.random(16), peer.random(32))))
        dialect, facts = smb2.parse_negotiate((yield from netbios.read_message()))
        message_id += 1
        if dialect == smb2.WILDCARD:
            raise ValueError("a wildcard is no dialect")
    return (yield from _introduced(peer, message_id, dialect, facts))


def converse_smb2(peer: Peer) -> Conversation:
    """The same without a word of SMB1, as Windows begins once SMB1 is removed from it."""
    yield Send(netbios.frame(smb2.negotiate(0, peer.random(16), peer.random(32))))
    dialect, facts = smb2.parse_negotiate((yield from netbios.read_message()))
    if dialect == smb2.WILDCARD:
        raise ValueError("a wildcard is no dialect")
    return (yield from _introduced(peer, 1, dialect, facts))


def _introduced(peer: Peer, message_id: int, dialect: int, facts: Facts) -> Conversation:
    """SESSION_SETUP as far as the challenge."""
    offered = facts.get("mechanisms")
    if dialect and (offered is None or "ntlm" in offered):
        token = ntlm.negotiate()
        yield Send(netbios.frame(smb2.session_setup(message_id, token if offered is None else ntlm.in_spnego(token))))
        message = yield from netbios.read_message_or_end()
        told = smb2.parse_session_setup(message) if message else {"logon_status": "closed"}
        # The clock of NEGOTIATE goes before the challenge's.
        facts |= {name: value for name, value in told.items() if name not in facts}
    return _clock(facts, peer)


def _clock(facts: Facts, peer: Peer) -> Facts:
    """The server's time in words, and how far it is ahead of ours; the way of the answer is in it, so whole seconds."""
    if "server_time_s" in facts:
        told_s = facts.pop("server_time_s")
        facts |= {"server_time_utc": ntlm.utc(told_s), "skew_s": round(told_s - peer.now_s)}
    return facts


def refused_session(facts: Facts) -> Params:
    """What a negative session response said."""
    return Params(netbios_session=facts["netbios_session"], code=facts.get("code"), meaning=facts.get("meaning"))


def interpret(facts: Facts) -> Meaning:
    """A dialect is the protocol. SMB1 alone will not do for current Windows; a refusal of every dialect still is SMB's
    own word. A refused session is no SMB: the list of hosts behind it turns this machine away."""
    if facts.get("netbios_session") == "refused":
        denied = facts.get("code") == netbios.NOT_FOR_THIS_CLIENT
        reason: ReasonCode = "SMB_HOST_NOT_ALLOWED" if denied else "NETBIOS_SESSION_REFUSED"
        return Meaning(Proof.ACCEPTS, reason, params=refused_session(facts))
    if facts.get("smb1_only"):
        return Meaning(
            Proof.PROTOCOL, findings=[("SMB1_ONLY", Params(dialect=facts.get("dialect") or "older than NT LM 0.12"))]
        )
    if "status" in facts:  # to NEGOTIATE itself
        params = Params(status=facts.get("status_name", facts["status"]))
        return Meaning(Proof.PROTOCOL, findings=[("SERVICE_REFUSES", params)])
    if facts.get("signing") == "required":
        return Meaning(Proof.PROTOCOL, findings=[("SMB_SIGNING_REQUIRED", Params(dialect=facts.get("dialect")))])
    return Meaning(Proof.PROTOCOL)


PROTOCOL = Protocol(
    name="smb",
    converse=converse,
    interpret=interpret,
    own_signatures=("smb",),
    openings=(AlternativeOpening(reason="SMB1_NEGOTIATE_BLOCKED", converse=converse_smb2),),
    possible_reasons=(
        *SPOKEN,
        "SMB1_ONLY",
        "SMB1_NEGOTIATE_BLOCKED",
        "SMB_SIGNING_REQUIRED",
        "SMB_HOST_NOT_ALLOWED",
        "NETBIOS_SESSION_REFUSED",
        "SERVICE_REFUSES",
    ),
    checked={
        "en": "The SMB version is negotiated over TCP, without a login. Current systems use versions 2 and 3.",
        "es": (
            "Se negocia la versión de SMB por TCP, sin iniciar sesión. Los sistemas actuales usan las versiones 2 y 3."
        ),
    },
)
