"""What this machine's own files say of a name before any server is asked: the hosts file, and which sources the
resolver uses at all.

Sources: hosts(5), nsswitch.conf(5); Microsoft, "TCP/IP and NetBT configuration parameters" (DataBasePath).
"""

import os
import sys
from pathlib import Path

LIMIT_BYTES = 4 * 1024 * 1024  # lists that block advertisements are long
_WORDS = 12


def hosts_file(name: str, root: Path = Path("/")) -> list[str]:
    """Addresses that the hosts file gives this name."""
    wanted = name.rstrip(".").lower()
    found: list[str] = []
    for line in _lines(_hosts_path(root)):
        words = line.partition("#")[0].lower().split()
        if wanted in words[1:]:
            found.append(words[0])
    return found


def sources(root: Path = Path("/")) -> list[str]:
    """The words of nsswitch.conf's line "hosts", as far as they are names of sources; empty where there is none."""
    for line in _lines(root / "etc/nsswitch.conf"):
        database, colon, words = line.partition("#")[0].partition(":")
        if colon and database.strip() == "hosts":
            return [word[:40] for word in words.split() if word.replace("_", "").isalnum()][:_WORDS]
    return []


def _hosts_path(root: Path) -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "drivers" / "etc" / "hosts"
    return root / "etc/hosts"


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            return file.read(LIMIT_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
