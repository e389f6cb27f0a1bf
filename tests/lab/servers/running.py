"""Server processes of one laboratory: start, wait until ready, stop, freeze."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.lab.net import NETNS, LabError, Net, listeners
from tests.lab.servers.service import Place, Service


class Servers:
    """`pids` survives in a file, so that a laboratory that was left up by hand can be worked on by the next command."""

    def __init__(self, net: Net, place: Place, catalogue: dict[str, Service]) -> None:
        self.net, self.place, self.catalogue = net, place, catalogue
        self._record = place.home / "pids.json"
        self.pids: dict[str, int] = json.loads(self._record.read_text()) if self._record.exists() else {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, names: Iterable[str], *, under: Sequence[str] = ()) -> None:
        """Starts them and returns when every promised socket is listening. `under`: a command line in front, such as
        faketime."""
        chosen = [self.catalogue[name] for name in names]
        for service in chosen:
            folder = self.place.of(service.name)
            service.write_files(folder)
            for name in service.system_folders:
                Path(name).mkdir(parents=True, exist_ok=True)
            with (folder / "out.log").open("ab") as log:
                child = subprocess.Popen(
                    self.net.argv(service.node, [*under, *service.argv]), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True, env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", **service.env}, cwd=folder,
                )  # fmt: skip
            self._children[service.name], self.pids[service.name] = child, child.pid
        self._record.write_text(json.dumps(self.pids))
        self._wait(chosen)

    def _wait(self, services: list[Service], timeout_s: float = 120) -> None:
        left = {service.name: service for service in services}
        end = time.monotonic() + timeout_s
        while left:
            for name, service in list(left.items()):
                if self._ready(service):
                    del left[name]
                elif self._children[name].poll() is not None:
                    raise LabError(f"{name} ended: {self.log(name)[-1500:]}")
            if left and time.monotonic() > end:
                raise LabError(
                    f"not ready after {timeout_s:g} s: "
                    + "".join(f"\n{name}: {self.log(name)[-800:]}" for name in left)
                )
            time.sleep(0.02)

    def _inside(self, name: str) -> bool:
        """Is that process (still) in its namespace? A pid from a file may be anybody's by now."""
        namespace = NETNS / self.net.namespace(self.catalogue[name].node)
        try:
            return Path(f"/proc/{self.pids[name]}/ns/net").stat().st_ino == namespace.stat().st_ino
        except OSError:
            return False

    def _ready(self, service: Service) -> bool:
        # before `ip netns exec` entered the namespace, /proc/PID/net shows the machine's own sockets
        if not self._inside(service.name):
            return False
        open_now = listeners(self.pids[service.name])
        return all(
            (transport, where, port) in open_now or (transport, "0.0.0.0", port) in open_now
            for transport, where, port in service.ready
        )

    def log(self, name: str) -> str:
        return (self.place.of(name) / "out.log").read_text(errors="replace")

    def stop(self, name: str) -> None:
        self.signal(name, signal.SIGTERM)
        pid = self.pids.pop(name)
        child = self._children.pop(name, None)
        end = time.monotonic() + 60
        while not (child.poll() is not None if child else not Path(f"/proc/{pid}").exists()):
            if time.monotonic() > end:
                raise LabError(f"{name} did not end")
            time.sleep(0.02)
        self._record.write_text(json.dumps(self.pids))

    def signal(self, name: str, sign: signal.Signals) -> None:
        """To the server and all that it started: SIGSTOP freezes, SIGCONT thaws."""
        if not self._inside(name):
            raise LabError(f"{name} is not running")
        os.killpg(self.pids[name], sign)

    def reap(self) -> None:
        """After the namespaces are down: no zombies of ours stay."""
        for child in self._children.values():
            child.wait(timeout=60)
