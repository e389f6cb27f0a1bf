"""How far the run is, on one line of a terminal's standard error; elsewhere nothing. No thread, no escape sequence, no
import of weight."""

import atexit
import sys
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TextIO

from eset_portcheck.render.text import safe

_EVERY_S = 0.1  # more often nobody reads
_WAITING = 2  # ids shown


class Progress:
    """`with Progress(ids) as progress: ... progress.finish(id)`. Shows how many are done and which are still awaited;
    wipes its line at the end."""

    def __init__(
        self,
        ids: Iterable[str],
        stream: TextIO | None = None,
        *,
        width: int = 80,
        shown: bool = True,
        say: Callable[[str], str] = str,
    ) -> None:
        """`say`: translates; English needs none, and loads none."""
        self._stream = sys.stderr if stream is None else stream
        self._waiting = dict.fromkeys(ids)
        self._total = len(self._waiting)
        self._width = width
        self._say = say
        self._shown = shown and self._stream.isatty()
        self._last_s = 0.0
        self._written = 0

    def __enter__(self) -> "Progress":
        self._write(self._line())
        atexit.register(self._wipe)  # a second signal ends the process at once
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        atexit.unregister(self._wipe)
        self._wipe()

    def finish(self, check_id: str) -> None:
        """One row is done. Unknown ids are ignored."""
        self._waiting.pop(check_id, None)
        now = time.monotonic()
        if now - self._last_s >= _EVERY_S or not self._waiting:
            self._last_s = now
            self._write(self._line())

    def _wipe(self) -> None:
        self._write("")

    def _line(self) -> str:
        say = self._say
        names = [safe(one, 60, ascii_only=True) for one in list(self._waiting)[:_WAITING]]
        more = len(self._waiting) - len(names)
        if not names:
            text = say("{done}/{total} checked")
        elif more:
            text = say("{done}/{total} checked, waiting for {ids} and {count} more")
        else:
            text = say("{done}/{total} checked, waiting for {ids}")
        return text.format(done=self._total - len(self._waiting), total=self._total, ids=", ".join(names), count=more)

    def _write(self, line: str) -> None:
        """Blanks over what is left of the line before: consoles without escape sequences understand that too."""
        if not self._shown:
            return
        if not _takes_more(self._stream):
            return
        line = line[: self._width - 1]
        blanks = " " * max(0, self._written - len(line))
        try:
            self._stream.write(f"\r{line}{blanks}" + ("" if line else "\r"))
            self._stream.flush()
        except (OSError, ValueError, RuntimeError):  # closed, full, or interrupted in a write: not worth a failure
            self._shown = False
        self._written = len(line)


def _takes_more(stream: TextIO) -> bool:
    """Not a terminal that was stopped (Ctrl-S, or nobody reads its other end): the run would stop with it. Windows
    cannot tell."""
    if sys.platform == "win32":
        return True
    import select

    try:
        return bool(select.select([], [stream], [], 0)[1])
    except (OSError, ValueError):
        return True  # writing says what is wrong with it
