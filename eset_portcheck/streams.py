"""Standard output and error. What happens to them never changes what was found: closed, full or blocked, nothing here
raises.

Nothing is left in a buffer, so that nothing is flushed when the interpreter ends. Record 0022 says which exit code
follows from output that was lost.

Sources: POSIX.1-2017 write() (EPIPE, ENOSPC, EIO of a terminal that hung up; PIPE_BUF bytes to a pipe that takes them
never block), select().
"""

import errno
import os
import stat
import sys
from io import IOBase

from eset_portcheck import interrupts

_CHUNK_BYTES = 4096  # PIPE_BUF of Linux
_LOOK_S = 0.2
PATIENCE_S = 5.0  # after a signal, for a reader that does not read
_NOBODY_READS = (errno.EPIPE, errno.EBADF, errno.ECONNRESET, errno.ENXIO)
_lost: list[str] = []


def prepare() -> None:
    """In the place of closed ones the null device. Else the next file or socket that is opened would be standard output
    or error of all libraries, and print(file=None) would put messages into the result."""
    if sys.stdin is not None and sys.stdout is not None and sys.stderr is not None:
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123  # as long as the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115, PTH123


def put(text: str) -> None:
    """Text and a line break to standard output."""
    put_bytes(_encoded(text + "\n", sys.stdout.encoding))


def put_bytes(data: bytes) -> None:
    """To standard output. That it could not take them is told on standard error, once."""
    if _lost:
        return
    problem = _write(data)
    if problem is None or _nobody_reads(problem):
        return
    _lost.append(problem.strerror or type(problem).__name__)
    tell(f"eset-portcheck: standard output: {_lost[0]}: the result is not there, or not whole")


def tell(line: str) -> None:
    """A line to standard error; who closed it does not want to know."""
    _write(_encoded(line + "\n", sys.stderr.encoding), is_error=True)


def settled(code: int, otherwise: int) -> int:
    """The exit code; `otherwise` where it would be 0 although the result was lost."""
    return otherwise if _lost and not code else code


def _encoded(text: str, encoding: str | None) -> bytes:
    return text.replace("\n", os.linesep).encode(encoding or "utf-8", "backslashreplace")


def _write(data: bytes, *, is_error: bool = False) -> OSError | None:
    stream = sys.stderr if is_error else sys.stdout
    buffer = getattr(stream, "buffer", None)
    try:
        stream.flush()
        if buffer is None:  # a stream of text alone, put there by a caller
            stream.write(data.decode(stream.encoding or "utf-8"))
            return None
        raw = getattr(buffer, "raw", buffer)  # with PYTHONUNBUFFERED it is the raw one already
        number = _number(raw)
        rest = memoryview(data)
        while rest and (number is None or _takes_more(number)):
            rest = rest[raw.write(rest[:_CHUNK_BYTES]) or 0 :]
    except OSError as error:
        return error
    except ValueError:  # closed by a caller
        return OSError(errno.EBADF, "closed")
    return None


def _number(raw: IOBase) -> int | None:
    try:
        return raw.fileno()
    except OSError:  # a buffer in memory has none
        return None


def _takes_more(number: int) -> bool:
    """Waits until it does, also where somebody made it non-blocking. After a signal not for ever."""
    if sys.platform == "win32":
        return True
    import select

    while not select.select([], [number], [], _LOOK_S)[1]:
        if interrupts.since_s() > PATIENCE_S:
            return False
    return True


def _nobody_reads(error: OSError) -> bool:
    """The reader has gone, as `head` does; Windows says EINVAL then, a terminal that hung up says EIO."""
    if error.errno in _NOBODY_READS or (sys.platform == "win32" and error.errno == errno.EINVAL):
        return True
    return error.errno == errno.EIO and not _is_file()


def _is_file() -> bool:
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):
        return False
