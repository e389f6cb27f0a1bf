"""ESET PROTECT's own ports (2222, 2223): TLS, and then a protocol in which nobody speaks to strangers.

What is known of them is the handshake: certificates of the site's own authority, and a client certificate that is asked
for. Behind it this stand-in listens and says nothing.

Sources: RFC 8446 4.3.2 (certificate request); docs/sources.md#replication-port-2222.
"""

from eset_portcheck.standins.stream import Stream


async def replication(stream: Stream) -> None:
    """A handler for `serve(replication, tls=server_context(...))`: takes what comes until the peer leaves."""
    while await stream.receive():
        pass
