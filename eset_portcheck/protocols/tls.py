"""A TLS handshake and no word after it: ports 2222 and 2223, where a login must never be sent, and services known by
their certificate alone.

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
            "A TLS handshake from the first byte, with no login after it. If the server asks for a client"
            " certificate, the service was reached. The server's own certificate is checked separately."
        ),
        "es": (
            "Una negociación TLS desde el primer byte, sin iniciar sesión después. Si el servidor pide un"
            " certificado de cliente, se llegó al servicio. El certificado del propio servidor se "
            "verifica aparte."
        ),
    },
)
