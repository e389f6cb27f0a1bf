"""Kerberos on TCP 88: the conversation of UDP 88 behind four bytes of length. Needed where a reply is too big for a
datagram (KRB-ERROR 52).

Sources: RFC 4120 7.2.2 (TCP), 7.2.1 (when UDP is given up).
"""

from msgspec.structs import replace

from eset_portcheck.protocols import kerberos

PROTOCOL = replace(
    kerberos.PROTOCOL,
    name="kerberos_tcp",
    converse=kerberos.converse_tcp,
    checked={
        "en": "The same request over TCP. A KDC asks for TCP when its reply is too big for a datagram.",
        "es": ("La misma petición por TCP. Un KDC pide TCP cuando su respuesta es demasiado grande para un datagrama."),
    },
)
