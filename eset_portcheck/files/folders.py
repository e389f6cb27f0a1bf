"""Folders opened one part of a path at a time, so that no part can be exchanged later, and no other user's link is
followed.

Linux refuses links of others in sticky folders by itself (protected_symlinks), where that is switched on; here it holds
in every folder.
"""

import errno
import os
import stat
from pathlib import Path

SUPPORTED = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
MAX_LINKS = 40  # as Linux
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class ForeignLink(OSError):
    """A part of the path is a link that another user has made."""


def reached(path: Path, *, through_link: bool = False) -> tuple[int, str]:
    """(descriptor of the folder, last part of the name). `through_link`: the last part may be a link too. Raises
    OSError, ForeignLink among them. The caller closes the descriptor."""
    parts = list(reversed(path.absolute().parts))
    current = os.open("/", _FOLDER)
    links = 0
    try:
        while True:
            name = parts.pop()
            target = _target(name, current) if parts or through_link else None
            if target is not None:
                links += 1
                if links > MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                parts += reversed(Path(target).parts)
            elif not parts:
                return current, name
            else:
                followed = _FOLDER | os.O_NOFOLLOW  # type: ignore[attr-defined,unused-ignore]
                inner = os.open(name, followed, dir_fd=current) if name.strip("/") else os.open("/", _FOLDER)
                os.close(current)
                current = inner
    except BaseException:
        os.close(current)
        raise


def owners() -> frozenset[int]:
    """Users whose links and programs are trusted: root, and whoever owns / (inside a user namespace root's own number
    is not to be seen)."""
    return frozenset({0, Path("/").stat().st_uid})


def _target(name: str, folder: int) -> str | None:
    """Where the link leads; None where it is no link, or is not there."""
    if not name.strip("/"):
        return None
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode):
        return None
    if status.st_uid not in owners() | {os.geteuid()}:  # type: ignore[attr-defined,unused-ignore]
        raise ForeignLink(errno.ELOOP, f"leads through a link that belongs to another user (uid {status.st_uid})")
    return os.readlink(name, dir_fd=folder)
