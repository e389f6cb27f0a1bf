"""What a server of the laboratory is: a command that stays in the foreground, its files, and the sockets that mean
ready."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.net import LabError

Socket = tuple[str, str, int]
"""(transport, address, port)"""


@dataclass(frozen=True)
class Place:
    """The folders of one laboratory: `home` holds a folder per server, `certificates` the authority and the server
    certificates."""

    home: Path
    certificates: Path

    def of(self, name: str) -> Path:
        return self.home / name

    @property
    def ca(self) -> Path:
        return self.certificates / "ca.pem"

    def pair(self, name: str) -> tuple[str, str]:
        """(certificate file, key file)"""
        return str(self.certificates / f"{name}.pem"), str(self.certificates / f"{name}.key")


@dataclass(frozen=True)
class Service:
    """One server process.

    files: written at every start (they name folders of this laboratory); prepare: makes what is costly once, in the
    service's own folder, with the files already there; the result is copied to every laboratory. relocate: prepared
    files that name their own folder. system_folders: outside, that an init script would make. needs: executables that
    must be installed. default: started without being asked for.
    """

    name: str
    node: str
    argv: Sequence[str]
    ready: Sequence[Socket]
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], None] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    needs: Sequence[str] = ()
    relocate: Sequence[str] = ()
    system_folders: Sequence[str] = ()
    default: bool = True

    def write_files(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    @property
    def executables(self) -> Sequence[str]:
        return self.needs or self.argv[:1]


def which(program: str) -> str | None:
    """Daemons live in /usr/sbin, which is not in everyone's PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")


def command(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, text_in: str | None = None, check: bool = True
) -> str:
    """A preparing command; stdout. Raises LabError with its output."""
    done = subprocess.run(argv, capture_output=True, text=True, input=text_in, env={**os.environ, **(env or {})})
    if check and done.returncode:
        raise LabError(f"{' '.join(argv)}: exit {done.returncode}: {(done.stderr + done.stdout).strip()[-1500:]}")
    return done.stdout
