"""How faults are put into the laboratory and taken out: each step is a context manager, a fault is a list of steps.

A fault carries its own measurement: `seen` is what the observer must report while it is there, and its observation's
`healthy` what it must report before and after. A fault that cannot be seen was not injected.
"""

import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.lab.net import ETC_NETNS, LabError, Net, run
from tests.lab.observation import Observation, Wanted
from tests.lab.servers.running import Servers

HERE = Path(__file__).parent


class Stage(Protocol):
    """What a step needs of a laboratory."""

    net: Net
    servers: Servers


class Step(Protocol):
    def applied(self, lab: Stage, name: str) -> AbstractContextManager[None]: ...


@dataclass(frozen=True)
class Rules:
    """nftables rules in a table of the fault's own."""

    node: str
    rules: Sequence[str]
    hook: str = "forward"
    kind: str = "filter"
    priority: int = 0

    @contextmanager
    def applied(self, lab: Stage, name: str) -> Iterator[None]:
        table = f"inet fault_{name.replace('-', '_')}_{self.hook}"
        body = "\n".join(self.rules)
        text = f"table {table} {{\nchain c {{\ntype {self.kind} hook {self.hook} priority {self.priority};\n{body}\n}}\n}}\n"
        run(lab.net.argv(self.node, ["nft", "-f", "-"]), text_in=text)
        try:
            yield
        finally:
            run(lab.net.argv(self.node, ["nft", f"delete table {table}"]))


@dataclass(frozen=True)
class Etc:
    """Another content of a file of /etc that this node has for itself."""

    node: str
    file: str
    text: str

    @contextmanager
    def applied(self, lab: Stage, name: str) -> Iterator[None]:
        path = ETC_NETNS / lab.net.namespace(self.node) / self.file
        before = path.read_text()
        path.write_text(self.text)
        try:
            yield
        finally:
            path.write_text(before)


@dataclass(frozen=True)
class Shell:
    """A command line in, a command line out."""

    node: str
    on: str
    off: str

    @contextmanager
    def applied(self, lab: Stage, name: str) -> Iterator[None]:
        lab.net.shell(self.node, self.on)
        try:
            yield
        finally:
            lab.net.shell(self.node, self.off)


@dataclass(frozen=True)
class Program:
    """One of our scripts that must stay while the fault is there; it prints READY."""

    node: str
    script: str
    arguments: str

    @contextmanager
    def applied(self, lab: Stage, name: str) -> Iterator[None]:
        argv = [sys.executable, "-P", str(HERE / self.script), *shlex.split(self.arguments)]
        child = subprocess.Popen(
            lab.net.argv(self.node, argv), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        try:
            if child.stdout is None or "READY" not in child.stdout.readline():
                raise LabError(f"{self.script} did not start")
            yield
        finally:
            child.terminate()
            child.wait(timeout=60)
            if child.stdout:
                child.stdout.close()


@dataclass(frozen=True)
class Frozen:
    """The server's processes are stopped by SIGSTOP: the kernel still accepts for them."""

    service: str

    @contextmanager
    def applied(self, lab: Stage, name: str) -> Iterator[None]:
        lab.servers.signal(self.service, signal.SIGSTOP)
        try:
            yield
        finally:
            lab.servers.signal(self.service, signal.SIGCONT)


@dataclass(frozen=True)
class Stopped:
    """The server is not running."""

    service: str

    @contextmanager
    def applied(self, lab: Stage, name: str) -> Iterator[None]:
        lab.servers.stop(self.service)
        try:
            yield
        finally:
            lab.servers.start([self.service])


@dataclass(frozen=True)
class Under:
    """The server runs under another program, such as faketime."""

    service: str
    command: Sequence[str]

    @contextmanager
    def applied(self, lab: Stage, name: str) -> Iterator[None]:
        lab.servers.stop(self.service)
        lab.servers.start([self.service], under=self.command)
        try:
            yield
        finally:
            lab.servers.stop(self.service)
            lab.servers.start([self.service])


@dataclass(frozen=True)
class Fault:
    """No steps: a condition that is always there, on an address of its own."""

    name: str
    meaning: str
    observe: Observation
    seen: Wanted
    steps: Sequence[Step] = ()


def redirected(match: str, address: str, port: int) -> Rules:
    """The router sends matching connections of the agent to someone else, as a portal or an inspecting box does."""
    return Rules("fw", [f"ip saddr 10.77.1.2 {match} dnat ip to {address}:{port}"], "prerouting", "nat", -100)


def shaped(options: str) -> tuple[Step, ...]:
    """Everything between agent and server goes through the shaper's TUN device."""
    into = (
        "ip link set shp0 up && ip route add default dev shp0 table 77 && ip rule add iif to-agent to 10.77.2.0/24 lookup 77 priority 77 && "
        "ip rule add iif to-server to 10.77.1.0/24 lookup 77 priority 78"
    )
    return (
        Program("fw", "shaper.py", f"shp0 {options}"),
        Shell("fw", into, "ip rule del priority 77; ip rule del priority 78; ip route flush table 77"),
    )
