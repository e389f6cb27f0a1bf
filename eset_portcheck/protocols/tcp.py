"""A bare TCP connect, for rows where an accepted connection is all that may be asked.

Sources: RFC 9293 section 3.5 (a connection is established by the three-way handshake).
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer

ENCRYPTED = False
ALPN: tuple[str, ...] = ()


def converse(_peer: Peer) -> Conversation:
    yield from ()
    return {}


def meaning(_facts: Facts) -> Meaning:
    return Meaning(Proof.ACCEPTS, "CONNECTED")
