"""Deadlines: an answer that is there counts, and nothing is left behind."""

import asyncio
import gc

import pytest

from eset_portcheck.net.clock import Clock, Expired


async def test_a_task_that_fails_while_it_is_ended_leaves_no_complaint() -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def stubborn() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            raise OSError(113, "no route")

    with pytest.raises(Expired):
        await Clock().within(0.02, stubborn())
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


async def test_a_deadline_is_a_deadline() -> None:
    clock = Clock()
    started = clock.now()
    with pytest.raises(Expired):
        await clock.within(0.1, asyncio.Event().wait())  # which ends by nothing else
    assert clock.now() - started >= 0.1


async def test_an_error_before_the_deadline_is_raised() -> None:
    async def refused() -> None:
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        await Clock().within(1.0, refused())
