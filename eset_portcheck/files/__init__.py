"""Files that a user names: read without ever waiting, within a limit, and written whole or not at all.

A path may lie in a folder where others can write, and this program often runs as root: what a name stands for is
decided on the open descriptor. Sources: open(2), openat(2), rename(2); proc_sys_fs(5), protected_symlinks.
"""

import errno
import os
import stat
from pathlib import Path

from eset_portcheck.files import folders

_SHUT = 0o077
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISLNK, "is a link; name the file that it leads to"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)


class Unusable(Exception):
    """`args[0]`: why, in words that hold nothing of the file and not its name."""


class Missing(Unusable):
    """Nothing stands under that name."""


def read(path: Path, limit_bytes: int, *, private: bool = False) -> bytes:
    """All of a regular file. `private`: it must belong to the user who runs, be closed to all others, and be reached
    through no other user's link (on Windows only that it is a regular file is looked at). Raises Unusable."""
    try:
        number = _opened_privately(path) if private and folders.SUPPORTED else _opened(path)
        with os.fdopen(number, "rb") as file:
            status = os.fstat(number)
            _must_be_regular(status)
            if private and folders.SUPPORTED:
                _must_be_private(status)
            data = file.read(limit_bytes + 1)
    except FileNotFoundError as error:
        raise Missing(told(error)) from None
    except (OSError, ValueError) as error:
        raise Unusable(told(error)) from None
    if len(data) > limit_bytes:
        raise Unusable(
            f"larger than {limit_bytes // 2**20} MiB" if limit_bytes >= 2**20 else f"larger than {limit_bytes} bytes"
        )
    return data


def told(error: OSError | ValueError) -> str:
    """What the system says, without the path."""
    return f"cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}"


def kind(mode: int) -> str | None:
    """What it is, when it is no regular file."""
    return None if stat.S_ISREG(mode) else next((words for fits, words in _KINDS if fits(mode)), "is no regular file")


def _must_be_regular(status: os.stat_result) -> None:
    if what := kind(status.st_mode):
        raise Unusable(f"cannot be read: it {what}; give a regular file")


def _must_be_private(status: os.stat_result) -> None:
    owner = os.geteuid()  # type: ignore[attr-defined,unused-ignore]  # POSIX alone
    if status.st_uid != owner:
        raise Unusable(
            f"belongs to another user (uid {status.st_uid}); it must belong to the one who runs this (uid {owner})"
        )
    if status.st_mode & _SHUT:
        raise Unusable("others can read it; chmod 600 it first")


def _opened(path: Path) -> int:
    _must_be_regular(path.stat())  # opening alone can rewind a tape or hang up a line; what is open is looked at again
    return os.open(path, _READ)


def _opened_privately(path: Path) -> int:
    folder, name = folders.reached(path, through_link=True)
    try:
        _must_be_regular(os.stat(name, dir_fd=folder, follow_symlinks=False))
        return os.open(name, _READ | os.O_NOFOLLOW, dir_fd=folder)  # type: ignore[attr-defined,unused-ignore]
    except OSError as error:
        if error.errno == errno.ELOOP:  # it became a link meanwhile
            raise Unusable("cannot be read: it is a link that has just been put there") from None
        raise
    finally:
        os.close(folder)
