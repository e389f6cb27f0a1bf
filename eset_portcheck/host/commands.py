"""One command of this machine that lists something: the system's own program, run without a shell, bounded in time and
in bytes.

Pipes are read in a thread, as Windows has no select() for them.
"""

import atexit
import subprocess
import threading
import time
from collections.abc import Sequence

from eset_portcheck import interrupts
from eset_portcheck.host import programs

_CHUNK_BYTES = 65536
_under_way: set["subprocess.Popen[bytes]"] = set()


class NotListed(Exception):
    """`args[0]`: why, in one word (timeout, too-large, nft-exit-1, FileNotFoundError ...)."""


def listed(argv: Sequence[str], end: float, limit_bytes: int) -> bytes:
    """Its standard output. `argv[0]`: a name that host.programs knows where to look for. `end`: by the monotonic clock.
    Raises NotListed; the command is gone then."""
    chunks: list[bytes] = []
    process: subprocess.Popen[bytes] | None = None
    try:
        program = programs.found(argv[0])
        if program is None:
            raise NotListed(FileNotFoundError.__name__)
        with interrupts.Held():  # a signal between its birth and our knowing of it would leave it behind
            process = subprocess.Popen(
                [program, *argv[1:]],
                executable=program,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=programs.environment(),
                cwd=programs.folder(),
            )
            _under_way.add(process)
        reader = threading.Thread(target=_read, args=(process, chunks, limit_bytes), daemon=True)
        reader.start()
        reader.join(max(end - time.monotonic(), 0.0))
        if reader.is_alive():
            raise NotListed("timeout")
        if sum(map(len, chunks)) > limit_bytes:
            raise NotListed("too-large")
        code = process.wait(max(end - time.monotonic(), 0.05))
    except OSError as error:
        raise NotListed(type(error).__name__) from error
    except subprocess.TimeoutExpired as error:
        raise NotListed("timeout") from error
    finally:
        if process is not None:
            _end(process)
            _under_way.discard(process)
    if code:
        raise NotListed(f"{argv[0]}-exit-{code}")
    return b"".join(chunks)


@atexit.register
def _end_all() -> None:
    for process in list(_under_way):
        _end(process)


def _read(process: "subprocess.Popen[bytes]", chunks: list[bytes], limit_bytes: int) -> None:
    """At most one chunk more than the limit; then the pipe is closed."""
    size = 0
    if process.stdout is None:
        return
    with process.stdout as pipe:
        while size <= limit_bytes and (chunk := pipe.read1(_CHUNK_BYTES)):  # type: ignore[attr-defined]
            chunks.append(chunk)
            size += len(chunk)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """A child of the command may hold the pipe still; nobody waits for it."""
    if process.poll() is None:
        process.kill()
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            return
