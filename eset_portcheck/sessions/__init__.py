"""Deep checks by full clients, each in a thread of its own with a hard deadline: ADMIN$ with credentials, and second
opinions.

Their libraries come with the extra `deep`; `Missing` says what to install. None of them raises for what the peer does:
facts come back.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")

INSTALL = "pip install 'eset-portcheck[deep]'"


class Missing(Exception):
    """An extra package is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(package)
        self.package = package


class Credentials(msgspec.Struct, frozen=True):
    """For ADMIN$. Never shown: the representation hides all of it."""

    user: str
    password: str
    domain: str = ""

    def __repr__(self) -> str:
        return "Credentials(hidden)"


async def in_thread(work: Callable[[], T], deadline_s: float) -> T:
    """The result of a blocking call, or TimeoutError; then the thread is left behind (a daemon: it cannot keep the
    program from ending)."""
    import asyncio  # who only needs the credentials pays for no loop
    import threading

    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def body() -> None:
        result, problem = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # handed to the waiting task
            problem = error
        try:
            loop.call_soon_threadsafe(settle, result, problem)
        except RuntimeError:  # the loop has closed meanwhile
            return

    threading.Thread(target=body, name="session", daemon=True).start()
    return await asyncio.wait_for(done, deadline_s)
