"""Every test has a deadline, and one that hangs says where: the stacks of all threads, and of the tasks of its event
loop.

The first line is pytest-timeout's signal: it interrupts the main thread, the test fails, the run goes on. The second
line, for code that no signal reaches, is faulthandler's: it writes all stacks and ends the process. Both times are in
pyproject.toml. A thread that outlives its test would keep the process from ending long after the last test, so it is
that test's failure.
"""

import asyncio
import concurrent.futures.thread
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from hypothesis import settings

# An example's time says how busy the machine is; every test has a deadline of its own. In CI Hypothesis has none either.
if not os.environ.get("CI"):
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")

GRACE_S = float(os.environ.get("GRACE_S", "30"))  # of a thread that is about to end, on a busy machine


def _tasks() -> str:
    """The stacks of the tasks of the loop that runs in this thread."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return ""
    text = io.StringIO()
    for task in sorted(asyncio.all_tasks(loop), key=lambda one: one.get_name()):
        task.print_stack(file=text)
    return text.getvalue()


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Iterator[None]:
    result = yield
    inner = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None
    if callable(inner):

        def handler(number: int, frame: FrameType | None) -> None:
            __tracebackhide__ = True
            print(f"{item.nodeid} is over its deadline", file=sys.stderr)
            print(_tasks(), file=sys.stderr)
            inner(number, frame)

        signal.signal(signal.SIGALRM, handler)
    return result


def _idle(thread: threading.Thread) -> bool:
    """One of a pool, without work: the interpreter ends those by itself (the browser's driver keeps some)."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and (frame.f_code.co_name, frame.f_code.co_filename) == (
        "_worker",
        concurrent.futures.thread.__file__,
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[_BEFORE] = set(threading.enumerate())
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    result = yield
    for thread in threading.enumerate():
        if thread not in item.stash[_BEFORE] and not thread.daemon and not _idle(thread):
            thread.join(GRACE_S)
            if thread.is_alive():
                where = "".join(traceback.format_stack(sys._current_frames().get(thread.ident or 0)))
                _OUTLIVED.append(thread)
                pytest.fail(f"{thread.name} outlives its test; it is at\n{where}", pytrace=False)
    return result


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if alive := [thread.name for thread in _OUTLIVED if thread.is_alive()]:
        print(f"not waiting for {', '.join(alive)}", file=sys.stderr, flush=True)
        os._exit(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """What CI could not test is a failure there; on a developer's machine pytest says what was skipped."""
    report: Any = yield
    if os.environ.get("CI") and sys.platform == "linux" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"SKIPPED IN CI: {item.nodeid}: {report.longrepr[-1]}"
    return report


# tests that share what is costly to make; by place, since pytest 9.2 no longer takes the marks that pytest-xdist 3.8
# writes into a test's name
TOGETHER = (
    "tests/browser/", "tests/house/test_wheel.py", "tests/unit/test_firewall_live.py", "tests/lab/test_databases.py::TestOwnLimits", "tests/lab/test_hostile_replies.py",
    "tests/lab/test_old_computers.py", "tests/lab/test_wrong_services.py",
)  # fmt: skip


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With --dist loadgroup: each test on its own, those of one place of TOGETHER on one worker."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class Together(LoadGroupScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return next((place for place in TOGETHER if nodeid.startswith(place)), str(super()._split_scope(nodeid)))

    return Together(config, log)


_BEFORE: "pytest.StashKey[set[threading.Thread]]" = pytest.StashKey()
_OUTLIVED: list[threading.Thread] = []
