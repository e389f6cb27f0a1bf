"""A machine with many listeners: a process of its own that holds them while the figure is taken."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_HOLD = """
import resource, socket, sys
count = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 50, max(count + 50, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
print(held[0].getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def many_listeners(count: int) -> Iterator[int]:
    """A port among `count` that one process listens on."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(10)
