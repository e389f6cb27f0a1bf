"""A file that appears whole under its name, or not at all: written beside it, on the disk before it is renamed,
readable by its owner only.

A link, pipe or device in its place is refused; a link that is put there later is replaced, not followed. What the name
led to before (another hard link of it too) keeps its content. Sources: rename(2), fsync(2); Microsoft, "Naming Files,
Paths, and Namespaces".
"""

import errno
import os
import stat
import unicodedata
import weakref
from contextlib import suppress
from pathlib import Path

from eset_portcheck.files import Unusable, folders, kind

_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_OWNER_ONLY = 0o600
_NO_FSYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_DEVICES = frozenset(
    {
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "CONIN$",
        "CONOUT$",
        *(f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"),
    }
)


class _Beside:
    """The file that is being written, and the folder in which it lies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder: int | None = None
        self.name = path.name
        if folders.SUPPORTED:
            self.folder, self.name = folders.reached(path)
        self.beside: str | None = None
        self.file: int | None = None

    def at(self, name: str) -> str:
        return name if self.folder is not None else str(self.path.with_name(name))

    def remove(self) -> None:
        """Nothing of it is left; what stands under the name itself stays."""
        if self.file is not None:
            with suppress(OSError):
                os.close(self.file)
        if self.beside is not None:
            with suppress(OSError):
                os.unlink(self.at(self.beside), dir_fd=self.folder)
        if self.folder is not None:
            os.close(self.folder)
        self.file = self.beside = self.folder = None


class Replacement:
    """Made: the name is usable, nothing has changed. `open`: an empty file lies beside. `write`: done. However the
    program ends short of SIGKILL, what lies beside is removed."""

    def __init__(self, path: Path) -> None:
        """`present`: what stands under the name now. Raises Unusable."""
        self.path = path
        try:
            if os.name == "nt" and is_device(path.name):
                raise Unusable("cannot be written: it is the name of a device")
            if path.name in ("", ".."):
                raise Unusable("cannot be written: it is a folder")
            self._parts = _Beside(path)
            self._end = weakref.finalize(self, self._parts.remove)
            self.present = self._found()
        except (OSError, ValueError) as error:
            raise Unusable(_told(error)) from None

    def is_same(self, other: "Replacement") -> bool:
        """The same name in the same folder, through whatever spelling, or two names of one file. Names that differ by
        case only count as the same: on many disks they are."""
        if self.present and other.present and os.path.samestat(self.present, other.present):
            return True
        return _folded(self.path.name) == _folded(other.path.name) and os.path.samestat(self.folder(), other.folder())

    def open(self) -> None:
        """Raises Unusable where the folder takes no file."""
        name = f".eset-portcheck-{os.urandom(8).hex()}.part"
        try:
            self._parts.file = os.open(self._parts.at(name), _NEW, _OWNER_ONLY, dir_fd=self._parts.folder)
        except OSError as error:
            raise Unusable(_told(error)) from None
        self._parts.beside = name

    def write(self, data: bytes, *, over: bool = True) -> None:
        """`over` False: what is there stays, FileExistsError. Raises OSError; then nothing has changed, and nothing is
        left beside."""
        parts = self._parts
        try:
            if parts.file is None or parts.beside is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            with os.fdopen(parts.file, "wb") as file:
                parts.file = None
                file.write(data)
                file.flush()
                _to_disk(file.fileno())
            if not over:  # takes the name from everybody else before anything is put in its place
                os.close(os.open(parts.at(parts.name), _NEW, _OWNER_ONLY, dir_fd=parts.folder))
            try:
                os.replace(
                    parts.at(parts.beside), parts.at(parts.name), src_dir_fd=parts.folder, dst_dir_fd=parts.folder
                )
            except OSError:
                if not over:
                    os.unlink(parts.at(parts.name), dir_fd=parts.folder)
                raise
            parts.beside = None
        finally:
            self.discard()

    def discard(self) -> None:
        self._end()

    def folder(self) -> os.stat_result:
        return os.fstat(self._parts.folder) if self._parts.folder is not None else self.path.absolute().parent.stat()

    def _found(self) -> os.stat_result | None:
        """What stands under the name and may be replaced. Raises Unusable, OSError."""
        parts = self._parts
        folder = self.folder()
        try:
            status = os.stat(parts.at(parts.name), dir_fd=parts.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if what := kind(status.st_mode):
            raise Unusable(f"cannot be written: it {what}")
        effective = os.access in os.supports_effective_ids
        if not os.access(parts.at(parts.name), os.W_OK, dir_fd=parts.folder, effective_ids=effective):
            # A rename would not ask; whoever shut the file meant it.
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        owners = (0, status.st_uid, folder.st_uid)
        sticky = folders.SUPPORTED and folder.st_mode & stat.S_ISVTX
        if sticky and os.geteuid() not in owners:  # type: ignore[attr-defined,unused-ignore]
            raise Unusable(
                "cannot be written: it belongs to another user, in a folder where only its owner can replace it"
            )
        return status


def is_device(name: str) -> bool:
    """Windows opens a device for these, whatever their suffix and folder; a colon leads into a stream beside a file."""
    return ":" in name or name.partition(".")[0].rstrip(" ").upper() in _DEVICES


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _to_disk(number: int) -> None:
    """A disk that was full only now says so here. Some file systems know no such call."""
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise


def _told(error: OSError | ValueError) -> str:
    return f"cannot be written: {getattr(error, 'strerror', None) or type(error).__name__}"
