"""Signals that end a run: SIGINT, SIGTERM, SIGHUP, and SIGBREAK on Windows. Taken from the first line on; what a signal
does depends on how far we are. Imports nothing that takes time: until the handlers stand, a signal is the system's.

    nothing to lose          the process ends at once: files begun are removed, commands killed
    something to put back    KeyboardInterrupt, in a few lines of our own (the terminal's echo)
    packets are out          the run is told to stop; its partial report is written
    results are written      it waits until they are written

Signals that were ignored when we started stay ignored (nohup, background jobs of sh). Record 0022 says what a second
signal does.

Sources: signal(7); POSIX.1-2017 nohup, and 2.11 of the shell (background jobs ignore SIGINT); systemd.kill(5),
SendSIGHUP.
"""

import atexit
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType, TracebackType

CODE = 130
SAME_S = 1.0  # a closing terminal hangs up twice (kernel and shell), a supervisor sends SIGTERM and SIGHUP: one wish
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class _AtOnce:
    """The process ends in the handler: no import, destructor or except clause can swallow that, and no library is
    interrupted half-way (msgspec crashes when the building of a type is: record 0022)."""


class _Raise:
    """KeyboardInterrupt in the main thread, once."""


class _Hold:
    """Noted, and nothing else."""


_first_s: float | None = None
_act: type[_AtOnce | _Raise | _Hold] | Callable[[], object] = _AtOnce
_taken: list[int] = []


def stand() -> None:
    """Take the signals. In the main thread, before anything that takes time."""
    sys.unraisablehook = _unraisable
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)
            _taken.append(number)


def came() -> bool:
    return _first_s is not None


def since_s() -> float:
    """Seconds since the first signal; 0 without one."""
    return 0.0 if _first_s is None else time.monotonic() - _first_s


class Raising:
    """`with Raising():` a signal that would end the process raises KeyboardInterrupt, for what has to be put back
    first. Only around lines that call nothing but the standard library."""

    def __enter__(self) -> None:
        self._act = _act
        if _act is _AtOnce:
            _set(_Raise)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set(self._act)
        if self._act is _AtOnce and came() and kind is None:  # swallowed by a destructor
            raise KeyboardInterrupt


def hold() -> None:
    """From here on a first signal is only noted. A later one ends the process."""
    _set(_Hold)


def at_once() -> None:
    """From here on a signal ends the process; at once when one came meanwhile."""
    _set(_AtOnce)
    if came():
        leave(CODE)


class Held:
    """`with Held():` a signal waits for the end of the block, and does then what it would have done before it."""

    def __enter__(self) -> None:
        self._act = _act
        hold()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set(self._act)
        if came():
            _do(self._act)


def call(stop: Callable[[], object]) -> None:
    """From here on a first signal calls `stop`; at once when one came meanwhile."""
    _set(stop)
    if came():
        stop()


def leave(code: int) -> None:
    """End the process with `code`, or 130 when a signal came.

    No finalisation: it would flush what cannot be flushed (exit code 120), wait for threads, and let libraries fall
    over threads left behind.
    """
    for number in _taken:
        signal.signal(number, signal.SIG_IGN)
    atexit._run_exitfuncs()  # noqa: SLF001  # files begun and not written are removed there, commands killed
    os._exit(CODE if came() else code)


def _set(act: type[_AtOnce | _Raise | _Hold] | Callable[[], object]) -> None:
    global _act  # a process has one set of signal handlers
    _act = act


def _handle(_number: int, _frame: FrameType | None) -> None:
    global _first_s
    if _first_s is None:
        _first_s = time.monotonic()
        _do(_act)
    elif time.monotonic() - _first_s >= SAME_S:
        leave(CODE)


def _do(act: type[_AtOnce | _Raise | _Hold] | Callable[[], object]) -> None:
    if act is _AtOnce:
        leave(CODE)
    if act is _Raise:
        raise KeyboardInterrupt
    if act is not _Hold:
        act()


def _unraisable(what: "sys.UnraisableHookArgs") -> None:
    """A destructor swallowed our KeyboardInterrupt: it is noted already, and the next step looks."""
    if not (came() and isinstance(what.exc_value, KeyboardInterrupt)):
        sys.__unraisablehook__(what)
