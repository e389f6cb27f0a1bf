"""A peer that never stops sending cannot keep the deadlines from being looked at."""

import time
from typing import Any

import pytest

from eset_portcheck.standins import serving
from tests.net.conftest import Dial


async def endless(stream: Any) -> None:
    """Records of TLS alerts of warning level, for ever."""
    while True:
        await stream.send(b"\x15\x03\x03\x00\x02\x01\x00" * 4096)


@pytest.mark.parametrize("protocol", ["tls", "http", "mqtt"])
async def test_the_deadline_holds(dial: Dial, protocol: str) -> None:
    async with serving.serve(endless) as address:
        started = time.monotonic()
        seen = await dial(protocol, address, timeout_s=1.0)
    assert time.monotonic() - started < 8.0
    assert seen.attempts[0].failed is not None
