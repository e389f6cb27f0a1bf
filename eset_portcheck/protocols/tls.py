"""A TLS handshake and no word after it: ports 2222 and 2223, where a login must never be sent, and services known by their certificate alone.

What the handshake proves is judged from the certificate, outside this file.

Sources: RFC 8446 section 4 (handshake protocol); RFC 5246 section 7.3.
"""

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Facts, Meaning
from eset_portcheck.wire.protocol import Protocol, nothing_said


def interpret(_facts: Facts) -> Meaning:
    return Meaning(Proof.TLS, "CONNECTED")


PROTOCOL = Protocol(
    name="tls",
    converse=nothing_said,
    interpret=interpret,
    encrypted=True,
    silent=True,
    possible_reasons=("CONNECTED",),
    checked={
        "en": (
            "A TLS handshake from the first byte, no login after it. A demanded client certificate means "
            "that the service was reached; its certificate is judged apart."
        ),
        "es": (
            "Una negociación TLS desde el primer byte, sin iniciar sesión después. Si se exige un "
            "certificado de cliente, se llegó al servicio; su certificado se juzga aparte."
        ),
    },
)
