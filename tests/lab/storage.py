"""Where a laboratory keeps its files, what is prepared once a checkout, and what an earlier crashed run left behind.

    TEMP/eset-portcheck-lab-UID/lock                    held while a home is made or cleared away
                               /prepared-CHECKOUT/KEY/  certificates, databases, accounts: made once, copied to every
                               laboratory /run/PREFIX/             one laboratory; `owner` is locked by its process for
                               as long as that lives
A home whose `owner` nobody holds and that has no `kept` file belongs to a run that crashed: the next start takes it
down. The kernel gives the lock back whatever becomes of the process, so no pid is ever trusted.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.lab import certificates
from tests.lab.net import LabError, Net
from tests.lab.servers import catalogue
from tests.lab.servers.service import Place, Service

CHECKOUT = Path(__file__).resolve().parents[2]
MONTH_S = 30 * 86400


def base() -> Path:
    """0711: squid and others look at their own files in it after they gave up root."""
    path = Path(tempfile.gettempdir()).resolve() / f"eset-portcheck-lab-{os.geteuid()}"
    path.mkdir(mode=0o711, exist_ok=True)
    seen = path.lstat()
    if path.is_symlink() or seen.st_uid != os.geteuid() or seen.st_mode & 0o022:
        raise LabError(f"{path} is not ours alone: remove it")
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Home:
    """The folder of one laboratory, and the lock that says it is in use."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.path = base() / "run" / prefix
        self.kept = self.path / "kept"
        self._owner: int | None = None

    @property
    def place(self) -> Place:
        return Place(self.path, self.path / "certificates")

    def _hold(self) -> bool:
        owner = os.open(self.path / "owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(owner)
            return False
        self._owner = owner
        return True

    def take(self, *, keep: bool) -> None:
        """A fresh folder of this prefix. Takes down what crashed runs left, of this prefix and of others. LabError: it
        is in use."""
        with locked(base() / "lock"):
            clear_crashed()
            if self.path.exists():
                raise LabError(f"a laboratory {self.prefix!r} is up (`make lab-down` takes the one of `make lab` down)")
            if Net(self.prefix).exists():
                raise LabError(
                    f"network namespaces named {self.prefix}-* exist, and no laboratory of ours made them: use another prefix"
                )
            self.path.mkdir(parents=True, mode=0o711)
            self._hold()
            if keep:
                self.kept.touch()

    def drop(self) -> None:
        """The namespaces first, then the files: a crash in between is cleared by the next start. Without files it is
        nobody's of ours."""
        if not self.path.exists():
            return
        Net(self.prefix).down()
        shutil.rmtree(self.path, ignore_errors=True)
        if self._owner is not None:
            os.close(self._owner)
            self._owner = None


def clear_crashed() -> None:
    run = base() / "run"
    for path in sorted(run.iterdir()) if run.is_dir() else ():
        home = Home(path.name)
        if not home.kept.exists() and home._hold():
            home.drop()


def _key() -> str:
    """Changes with every file that decides what is prepared."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted([*(here / "servers").glob("*.py"), here / "certificates.py", here / "topology.py"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _store() -> Path:
    return base() / f"prepared-{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]}"


def provide(place: Place, services: list[Service]) -> None:
    """Copies what the services need into a laboratory; makes it first where this checkout has not yet."""
    store = _store()
    store.mkdir(mode=0o711, exist_ok=True)
    with locked(store / "lock"):
        prepared = store / _key()
        for old in store.iterdir():  # of an earlier state of the sources, or so old that certificates run out
            if old.is_dir() and (old != prepared or time.time() - old.stat().st_ctime > MONTH_S):
                shutil.rmtree(old)
        original = Place(prepared, prepared / "certificates")
        _once(original.certificates, certificates.issue)
        _copy(original.certificates, place.certificates)
        templates = catalogue(original)
        for service in services:
            if service.prepare:
                _once(original.of(service.name), partial(_prepare, templates[service.name]))
                _copy(original.of(service.name), place.of(service.name))
                for name in service.relocate:
                    file = place.of(service.name) / name
                    file.write_text(file.read_text().replace(str(original.home), str(place.home)))


def _prepare(service: Service, folder: Path) -> None:
    service.write_files(folder)
    if service.prepare is not None:
        service.prepare(folder)


def _once(folder: Path, make: Callable[[Path], None]) -> None:
    ready = folder / ".ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        ready.touch()


def _copy(source: Path, goal: Path) -> None:
    shutil.copytree(source, goal, dirs_exist_ok=True, symlinks=True)
