"""NetBIOS name service, UDP 137: node status of the host, and a query for its name; either answer proves it.

Hosts with NetBIOS switched off never answer. The unit id (a hardware address) in the answer is not kept.

Sources: RFC 1002 4.2.12 (name query), 4.2.17 (node status request), 4.2.18 (node status response).
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire import netbios
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, ReadDatagram, Send

ENCRYPTED = False
ALPN: tuple[str, ...] = ()


def converse(peer: Peer) -> Conversation:
    status_id, query_id = peer.random(2), peer.random(2)
    label = peer.host.partition(".")[0]

    def mine(data: bytes) -> bool:
        return data[:2] in (status_id, query_id) and bool(netbios.parse_reply(data))

    yield Send(netbios.node_status(status_id))
    if ":" not in peer.host and not label.isdigit():
        yield Send(netbios.name_query(query_id, label))
    return netbios.parse_reply((yield ReadDatagram(mine)))


def meaning(_facts: Facts) -> Meaning:
    return Meaning(Proof.PROTOCOL)
