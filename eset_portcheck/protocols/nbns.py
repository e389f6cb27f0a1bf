"""NetBIOS name service, UDP 137: node status of the host, and a query for its name; the first answer to either proves
it.

Both are asked at once, because hosts differ in which one they answer. Hosts with NetBIOS switched off answer neither.
The unit id (a hardware address) in a node status is not kept.

Sources: RFC 1002 4.2.12 to 4.2.14 (name query and its answers), 4.2.17 (node status request), 4.2.18 (node status
response).
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire import netbios
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, ReadDatagram, Send
from eset_portcheck.wire.protocol import Protocol


def converse(peer: Peer) -> Conversation:
    status_id, query_id = peer.random(2), peer.random(2)
    label = peer.host.partition(".")[0]

    def mine(data: bytes) -> bool:
        return data[:2] in (status_id, query_id) and bool(netbios.parse_reply(data))

    yield Send(netbios.node_status(status_id))
    # An address has no name to ask for, a name of other letters no NetBIOS form.
    if ":" not in peer.host and label.isascii() and not label.isdigit():
        yield Send(netbios.name_query(query_id, label))
    return netbios.parse_reply((yield ReadDatagram(mine)))


def interpret(_facts: Facts) -> Meaning:
    return Meaning(Proof.PROTOCOL)


PROTOCOL = Protocol(
    name="nbns",
    converse=converse,
    interpret=interpret,
    possible_reasons=("PROTOCOL_REPLY", "WRONG_PROTOCOL"),
    checked={
        "en": "A NetBIOS node status request by UDP. Hosts with NetBIOS disabled never answer.",
        "es": ("Una petición de estado de nodo NetBIOS por UDP. Los equipos con NetBIOS desactivado nunca responden."),
    },
)
