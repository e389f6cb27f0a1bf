"""Where programs of this machine are, and what they are run with: nothing that the caller, the working directory or
another user has a say in.

Neither PATH (an empty entry in it is the working directory) nor the environment counts: a loader, a shell and
PowerShell obey dozens of variables. Sources: execvp(3) and environ(7); Microsoft, GetSystemDirectoryW, CreateProcessW
(search order), about_PSModulePath, "CLR environment variables".
"""

import ntpath
import os
import stat
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from eset_portcheck.files.folders import owners

# Distributions install into the first four. Into the last an administrator builds his own nft; where others may write
# to it, it is passed over.
FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin")
_OTHERS_WRITE = 0o022
_LINKS = 16
_BELOW_SYSTEM32 = {"netsh": "netsh.exe", "powershell": r"WindowsPowerShell\v1.0\powershell.exe"}
# What they need to run at all; none of these names a file that is loaded.
_KEPT = frozenset(
    {
        "APPDATA",
        "COMPUTERNAME",
        "LOCALAPPDATA",
        "NUMBER_OF_PROCESSORS",
        "PROCESSOR_ARCHITECTURE",
        "PROGRAMDATA",
        "TEMP",
        "TMP",
        "USERPROFILE",
    }
)


def found(name: str) -> str | None:
    """The full path of a program; None where it is not there, or where anybody but root could have put or changed
    it."""
    if os.name == "nt":
        below = _BELOW_SYSTEM32.get(name)
        path = ntpath.join(_system32(), below) if below else ""
        return path if path and Path(path).is_file() else None
    if "/" in name:
        return None
    return next((path for folder in FOLDERS if is_the_systems(path := f"{folder}/{name}")), None)


def environment() -> dict[str, str]:
    """All that the program gets to see of ours."""
    if os.name == "nt":
        return of_windows(_system32(), os.environ)
    return {"PATH": ":".join(FOLDERS), "LC_ALL": "C"}


def folder() -> str:
    """Where it runs: on Windows libraries are looked for there too."""
    return _system32() if os.name == "nt" else "/"


def is_the_systems(path: str) -> bool:
    """Is this a program that root alone can exchange: itself, every link to it, and every folder on the way?"""
    trusted = owners()
    at = Path(path)
    try:
        for _ in range(_LINKS):
            status = at.lstat()
            within = at.parent.resolve(strict=True)
            if not all(_is_shut(one.stat(), trusted) for one in (within, *within.parents)):
                return False
            if not stat.S_ISLNK(status.st_mode):
                return stat.S_ISREG(status.st_mode) and _is_shut(status, trusted) and bool(status.st_mode & 0o111)
            if status.st_uid not in trusted:
                return False
            at = within / at.readlink()
    except (OSError, RuntimeError):  # a loop of links is a RuntimeError before Python 3.13
        return False
    return False


def of_windows(system32: str, ours: Mapping[str, str]) -> dict[str, str]:
    """The environment there. `system32`: as the system itself names it."""
    windows = ntpath.dirname(system32)
    modules = ntpath.join(system32, r"WindowsPowerShell\v1.0\Modules")
    own = {
        "SystemRoot": windows,
        "windir": windows,
        "SystemDrive": ntpath.splitdrive(system32)[0],
        "ComSpec": ntpath.join(system32, "cmd.exe"),
    }
    search = {
        "PATH": ";".join((system32, windows, ntpath.join(system32, "Wbem"))),
        "PATHEXT": ".COM;.EXE",
        "PSModulePath": modules,
    }
    return {name: value for name, value in ours.items() if name.upper() in _KEPT} | own | search


def _is_shut(status: os.stat_result, trusted: frozenset[int]) -> bool:
    return status.st_uid in trusted and not status.st_mode & _OTHERS_WRITE


@cache
def _system32() -> str:
    """By the system's own word: SystemRoot in the environment is the caller's. Raises OSError."""
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    buffer = ctypes.create_unicode_buffer(32768)
    length = int(kernel.GetSystemDirectoryW(buffer, len(buffer)))
    if not 0 < length < len(buffer):
        raise OSError("GetSystemDirectoryW")
    return buffer.value
