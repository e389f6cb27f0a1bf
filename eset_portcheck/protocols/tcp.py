"""A bare TCP connect, for rows where an accepted connection is all that may be asked.

Sources: RFC 9293 section 3.5 (a connection is established by the three-way handshake).
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Facts, Meaning
from eset_portcheck.wire.protocol import Protocol, nothing_said


def interpret(_facts: Facts) -> Meaning:
    return Meaning(Proof.ACCEPTS, "CONNECTED")


PROTOCOL = Protocol(
    name="tcp",
    converse=nothing_said,
    interpret=interpret,
    silent=True,
    possible_reasons=("CONNECTED",),
    checked={
        "en": "A TCP connection is opened. No data is sent.",
        "es": "Se abre una conexión TCP. No se envían datos.",
    },
)
