"""A host that never answers, in a network namespace of its own (root, Linux)."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silent_host() -> Iterator[tuple[str, list[str]]]:
    """(address, command prefix to be inside): loopback of a fresh namespace, TCP to the address dropped on its way out
    and in."""
    name = f"portcheck-bench-{os.getpid()}"
    address = "10.99.9.9"

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True)

    ip("netns", "add", name)
    try:
        inside = ["ip", "netns", "exec", name]
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "address", "add", f"{address}/32", "dev", "lo")
        rules = "table inet bench {\n chain c {\n type filter hook input priority 0;\n tcp dport 2222 drop\n }\n}\n"
        subprocess.run([*inside, "nft", "-f", "-"], input=rules, text=True, check=True)
        yield address, inside
    finally:
        ip("netns", "del", name)
