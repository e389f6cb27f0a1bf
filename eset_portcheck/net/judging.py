"""What was shown in a handshake, with what a judge of chains says of it."""

import asyncio

import msgspec

from eset_portcheck.model.observation import TlsFacts
from eset_portcheck.model.plan import Endpoint
from eset_portcheck.model.vocabulary import Trust
from eset_portcheck.net.interfaces import Judge
from eset_portcheck.net.tls import Handshake


async def judged(judge: Judge, handshake: Handshake, endpoint: Endpoint) -> TlsFacts:
    """In a thread as long as cryptography has to be imported first."""
    asked = (handshake.certificates, endpoint.server_name or endpoint.host, endpoint.trust is Trust.SITE)
    said = judge.judge(*asked) if judge.ready else await asyncio.to_thread(judge.judge, *asked)
    return msgspec.structs.replace(
        said,
        version=handshake.version,
        cipher=handshake.cipher,
        alpn=handshake.alpn,
        client_certificate=handshake.client_certificate,
    )
