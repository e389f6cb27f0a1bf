"""How much a piece of work makes this process grow at its peak, by the kernel's count (Linux)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def peak_growth() -> Iterator[Callable[[], int]]:
    """Bytes since the beginning. The peak is reset there, so that earlier work of the same process does not hide it
    (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak_bytes()
    yield lambda: _peak_bytes() - before


def _peak_bytes() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
