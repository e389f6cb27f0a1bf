"""A TLS handshake and no word after it: ports 2222 and 2223, where a login must never be sent, and services known by their certificate alone.

What the handshake proves is judged from the certificate, outside this file.

Sources: RFC 8446 section 4 (handshake protocol); RFC 5246 section 7.3.
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer

ENCRYPTED = True
ALPN: tuple[str, ...] = ()


def converse(_peer: Peer) -> Conversation:
    yield from ()
    return {}


def meaning(_facts: Facts) -> Meaning:
    return Meaning(Proof.TLS, "CONNECTED")
