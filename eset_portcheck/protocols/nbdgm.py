"""NetBIOS datagram service, UDP 138: one-way by design. Nothing is sent, because nothing would ever answer; only the
local side can be looked at.

Source: RFC 1002 4.4 (datagram service packets have no acknowledgement).
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Facts, Meaning
from eset_portcheck.wire.protocol import Protocol, nothing_said


def interpret(_facts: Facts) -> Meaning:
    return Meaning(Proof.NONE, "ONE_WAY_PROTOCOL")


PROTOCOL = Protocol(
    name="nbdgm",
    converse=nothing_said,
    interpret=interpret,
    one_way=True,
    possible_reasons=("ONE_WAY_PROTOCOL",),
    checked={
        "en": "Nothing is sent: this protocol has no replies.",
        "es": "No se envía nada: este protocolo no tiene respuestas.",
    },
)
