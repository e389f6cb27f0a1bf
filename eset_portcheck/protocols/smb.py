"""SMB over TCP 445: NEGOTIATE, then as much of SESSION_SETUP as shows who the host is. No password, no log-on, no share.

It begins with the old multi-protocol NEGOTIATE, which offers SMB1 and SMB2 by name, because only that finds a server that knows SMB1 alone on the same
connection (such a server hangs up on an SMB2 header). Servers without SMB1 must answer it in SMB2 (MS-SMB2 3.3.5.3); samba with a minimum of SMB3_11 does.

Sources: MS-SMB2 3.2.4.2.2 (client), 3.3.5.3 and 3.3.5.4 (server); MS-NLMP 2.2.1.2.
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire import netbios, smb2
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send

ENCRYPTED = False
ALPN: tuple[str, ...] = ()


def converse(peer: Peer) -> Conversation:
    yield Send(netbios.frame(smb2.old_negotiate()))
    message = yield Read(netbios.frame_length((yield Read(4))))
    if smb2.is_old(message):
        return smb2.parse_old(message) | {"smb1_only": True}
    dialect, facts = smb2.parse_negotiate(message)
    message_id = 1
    if dialect == smb2.WILDCARD:
        yield Send(netbios.frame(smb2.negotiate(message_id, peer.random(16), peer.random(32))))
        dialect, facts = smb2.parse_negotiate((yield Read(netbios.frame_length((yield Read(4))))))
        message_id += 1
    if "dialect" not in facts:
        return facts
    if "server_time_s" in facts:
        facts["skew_s"] = round(facts.pop("server_time_s") - peer.now_s, 1)
    yield Send(netbios.frame(smb2.session_setup(message_id)))
    return facts | smb2.parse_session_setup((yield Read(netbios.frame_length((yield Read(4))))))


def meaning(facts: Facts) -> Meaning:
    """A dialect is the protocol. SMB1 alone will not do for current Windows; a refusal of every dialect still is SMB's own word."""
    if facts.get("smb1_only"):
        return Meaning(Proof.PROTOCOL, findings=[("SMB1_ONLY", {"dialect": facts.get("dialect", "")})])
    return Meaning(Proof.PROTOCOL)
