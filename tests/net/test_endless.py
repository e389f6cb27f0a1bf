"""A peer that never stops sending: the deadlines are looked at all the same, and what it sends is given up before it
costs memory or time.

The answers without an end are those of the laboratory's relays, well-formed in each protocol; here 64 MiB of each at
most, on loopback.
"""

from typing import Any

import pytest

from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.standins import serving
from eset_portcheck.standins.certificates import Authority, server_context
from tests.lab.relays import REAL
from tests.net.conftest import Dial
from tests.net.memory import peak_growth

MIB = 1 << 20
STREAMS = {protocol: real for protocol, real in REAL.items() if not real.udp}
SPEAK_FIRST = ("mysql", "ssh")
A_BODY_IS_ENOUGH = ("http", "http_proxy")  # of a long one the beginning is read
GIVEN_UP = (Failure.UNEXPECTED_BYTES, Failure.TOO_LARGE, Failure.TLS_FAILED, Failure.TLS_ALERT, Failure.NOT_TLS)


async def endless(stream: Any) -> None:
    """Records of TLS alerts of warning level, for ever."""
    while True:
        await stream.send(b"\x15\x03\x03\x00\x02\x01\x00" * 4096)


@pytest.mark.parametrize("protocol", ["tls", "http", "mqtt"])
async def test_the_deadline_holds(dial: Dial, protocol: str) -> None:
    async with serving.serve(endless) as address:
        seen = await dial(protocol, address, timeout_s=1.0)  # the peer goes on until we end
    assert seen.attempts[0].failed is not None


@pytest.mark.parametrize("announced", [False, True], ids=["endless", "oversized"])
@pytest.mark.parametrize("protocol", STREAMS)
async def test_an_answer_without_an_end_is_given_up(dial: Dial, protocol: str, announced: bool) -> None:
    real = REAL[protocol]
    head, block = (real.oversized, bytes(256)) if announced else real.endless
    block *= 65536 // len(block)

    async def answer(stream: Any) -> None:
        if protocol not in SPEAK_FIRST:
            await stream.receive()
        await stream.send(head)
        for _ in range(64 * MIB // len(block)):
            await stream.send(block)

    secured = (
        None
        if real.alpn is None
        else server_context(Authority().issue(["protect.demo.example"]), alpn=[real.alpn] if real.alpn else [])
    )
    async with serving.serve(answer, tls=secured) as address:
        await dial(protocol, address)  # what is imported for it is no growth
        with peak_growth() as grown_bytes:
            seen = await dial(protocol, address)
            assert grown_bytes() < 8 * MIB
    assert seen.error is None
    broken = seen.attempts[0].failed
    if not (announced and protocol in A_BODY_IS_ENOUGH):
        assert broken is not None
        assert broken.failure in GIVEN_UP, "given up, not waited for"
