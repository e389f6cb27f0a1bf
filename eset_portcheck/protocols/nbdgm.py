"""NetBIOS datagram service, UDP 138: one-way by design. Nothing is sent, because nothing would ever answer; only the local side can be looked at.

Source: RFC 1002 4.4 (datagram service packets have no acknowledgement).
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer

ENCRYPTED = False
ALPN: tuple[str, ...] = ()
ONE_WAY = True


def converse(_peer: Peer) -> Conversation:
    yield from ()
    return {}


def meaning(_facts: Facts) -> Meaning:
    return Meaning(Proof.NONE, "ONE_WAY_PROTOCOL")
