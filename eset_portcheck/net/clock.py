"""One start for all times of a run, and deadlines that do not take our own stall for the network's silence."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")

BEAT_S = 0.05
STALL_S = 0.03


class Expired(Exception):
    """A deadline passed without an answer."""


class Clock:
    """`now()` is seconds since the start. While `watch` runs, `lag_s` is the worst delay of the loop seen and
    `stalled_s` their sum."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self.lag_s = 0.0
        self.stalled_s = 0.0

    def now(self) -> float:
        return time.perf_counter() - self._start

    async def watch(self) -> None:
        """A heartbeat; every beat that comes late counts as a stall."""
        while True:
            due = self.now() + BEAT_S
            await asyncio.sleep(BEAT_S)
            late = self.now() - due
            self.lag_s = max(self.lag_s, late)
            if late > STALL_S:
                self.stalled_s += late

    async def within(self, deadline_s: float, work: Awaitable[T]) -> T:
        """The result of `work`, or Expired after `deadline_s` seconds of which our loop was alive.

        asyncio.timeout cancels a task whose answer already lies in the socket when the loop was stalled: here the
        answer is looked for once more, and the time lost is given back (at most once the deadline).
        """
        task = asyncio.ensure_future(work)
        granted_s = 0.0
        stalled_s = self.stalled_s
        end = self.now() + deadline_s
        try:
            while True:
                await asyncio.wait({task}, timeout=max(0.0, end - self.now()))
                for _ in range(3):  # the heartbeat and the socket's own callback may be due in this very turn
                    if task.done():
                        return task.result()
                    await asyncio.sleep(0)
                grant = min(self.stalled_s - stalled_s, deadline_s - granted_s)
                if grant <= 0:
                    raise Expired
                granted_s += grant
                stalled_s = self.stalled_s
                end = self.now() + grant
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            if task.done() and not task.cancelled():
                task.exception()  # it may have failed in the very moment of its end: seen, and of no more interest


def shorten(value: float) -> float:
    """Microseconds are noise in a report."""
    return round(value, 4)


async def ended(task: "asyncio.Future[Any]") -> None:
    """Cancels it and waits until it is gone. A task that reads or writes a socket lets go of it only then: closed
    sooner, the socket's number stays with the event loop, and the next one that gets it cannot connect (ENOENT)."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
