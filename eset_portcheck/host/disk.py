"""Files of this machine (or of a recorded one), read with caps: never a device or a pipe, never more than a little, and
what is closed is remembered."""

import os
import stat
import time
from pathlib import Path

HEAD_BYTES = 256 * 1024
TAIL_BYTES = 64 * 1024
GLOB_LIMIT = 16


class Disk:
    """`root`: where a recorded machine's files lie, C:\\x as C/x; None or / is this machine. `closed`: paths that this
    user may not read."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self.closed: list[str] = []

    def at(self, path: str) -> Path:
        if self._root is None:
            return Path(path)
        parts = (
            path.replace(":\\", "\\").replace("\\", "/").strip("/").split("/")
            if "\\" in path
            else path.strip("/").split("/")
        )
        return self._root.joinpath(*(part for part in parts if part not in ("", ".", "..")))

    def exists(self, path: str) -> bool:
        try:
            return self.at(path).exists()
        except OSError:
            return False

    def glob(self, pattern: str) -> list[str]:
        """Paths that fit a pattern with forward slashes, as they are called on that machine."""
        root = self._root or Path("/")
        try:
            found = sorted(root.glob(pattern.lstrip("/")))[:GLOB_LIMIT]
        except (OSError, ValueError):
            return []
        return [f"/{path.relative_to(root).as_posix()}" for path in found]

    def text(self, path: str, *, tail: bool = False, limit_bytes: int = HEAD_BYTES) -> str:
        """The beginning of a file, or its end; nothing where it is missing, closed or no regular file. UTF-16 by its
        mark, else UTF-8."""
        try:
            data = _read(self.at(path), TAIL_BYTES if tail else limit_bytes, tail=tail)
        except PermissionError:
            self.closed.append(path)
            return ""
        except (OSError, ValueError):
            return ""
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16", "replace")
        return data.decode("utf-8-sig", "replace")

    def changed_utc(self, path: str) -> str | None:
        try:
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.at(path).stat().st_mtime))
        except (OSError, ValueError, OverflowError):
            return None


def _read(path: Path, limit_bytes: int, *, tail: bool) -> bytes:
    # a pipe in a file's place would hold an ordinary open up for ever
    number = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    with os.fdopen(number, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return b""
        if tail:
            file.seek(max(0, status.st_size - limit_bytes))
        return file.read(limit_bytes)
