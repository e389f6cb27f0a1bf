"""Kerberos on TCP 88: the conversation of UDP 88 behind four bytes of length. Needed where a reply is too big for a datagram (KRB-ERROR 52).

Sources: RFC 4120 7.2.2 (TCP), 7.2.1 (when UDP is given up).
"""

from eset_portcheck.protocols import kerberos

ENCRYPTED = False
ALPN: tuple[str, ...] = ()

converse = kerberos.converse_tcp
meaning = kerberos.meaning
