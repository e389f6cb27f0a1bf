"""Silence is met with one more attempt; an answer, however bad, is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from eset_portcheck.model.evidence import Retried
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.standins import certificates, misbehaving, server, serving
from tests.net.conftest import Dial

CA = certificates.Authority("Test CA")


def retries(seen: Any) -> list[Retried]:
    return [one for one in seen.evidence if isinstance(one, Retried)]


@asynccontextmanager
async def silent_once(real: tuple[str, int]) -> AsyncIterator[tuple[str, int]]:
    """Before a server: the first connection gets no answer, the others reach it."""
    first = [True]

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if first and first.pop():
            await reader.read()
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection(*real)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    front = await asyncio.start_server(relay, "127.0.0.1", 0)
    try:
        yield front.sockets[0].getsockname()
    finally:
        front.close()


async def test_the_second_attempt_decides(dial: Dial) -> None:
    context = certificates.server_context(CA.issue(["protect.demo.example"]))
    async with serving.serve(server.replication, tls=context) as real, silent_once(real) as address:
        seen = await dial("tls", address, timeout_s=5.0, ca=CA.pem, evidence=False)
    (told,) = retries(seen)
    assert (told.stage, told.passed, seen.attempts[0].failed) == ("tls", True, None)


async def test_a_silent_service_is_tried_twice(dial: Dial) -> None:
    async with serving.serve(misbehaving.tarpit) as address:
        seen = await dial("tls", address, timeout_s=1.0)
    (told,) = retries(seen)
    assert (told.stage, told.passed) == ("tls", False)
    assert seen.attempts[0].failed is not None
    assert seen.attempts[0].failed.failure is Failure.TIMEOUT


@pytest.mark.parametrize("handler", [misbehaving.accept_reset, misbehaving.accept_close, misbehaving.garbage])
async def test_what_was_an_answer_is_not_asked_for_again(dial: Dial, handler: Any) -> None:
    async with serving.serve(handler) as address:
        seen = await dial("tls", address)
    assert retries(seen) == []


async def test_a_wrong_certificate_is_not_asked_for_again(dial: Dial) -> None:
    context = certificates.server_context(CA.issue(["other.example"], period=certificates.EXPIRED))
    async with serving.serve(server.replication, tls=context) as address:
        assert retries(await dial("tls", address)) == []


async def test_a_second_connection_that_would_do_harm_is_not_made(dial: Dial) -> None:
    """MySQL counts connections that were broken off, and blocks the host."""
    async with serving.serve(misbehaving.tarpit) as address:
        seen = await dial("mysql", address, timeout_s=1.0)
    assert retries(seen) == []


async def test_nothing_goes_beyond_the_time_of_the_run(dial: Dial) -> None:
    async with serving.serve(misbehaving.tarpit) as address:
        seen = await dial("tls", address, timeout_s=1.0, budget_s=2.2, evidence=False)
    assert (seen.failure, retries(seen)) == (None, [])
