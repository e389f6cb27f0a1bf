"""One laboratory: real servers in namespaces, an observer, faults, and the program run as a black box."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.lab.capture import Capture, capturing
from tests.lab.fault_list import FAULTS
from tests.lab.faults import HERE, Fault
from tests.lab.net import ETC_NETNS, LabError, Net
from tests.lab.observation import Observation, matches
from tests.lab.result import Result
from tests.lab.servers import catalogue
from tests.lab.servers.running import Servers
from tests.lab.storage import CHECKOUT, Home, provide

_FOREIGN = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
)
PATIENCE_S = (1.5, 1.5, 3, 6, 12)
WITHOUT_RIGHTS = ("setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--")
"""In front of a command line: root in name, but with no capability at all."""


class Lab:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.net = Net(prefix)
        self.home = Home(prefix)
        self.place = self.home.place
        self.catalogue = catalogue(self.place)
        self.servers = Servers(self.net, self.place, self.catalogue)

    @property
    def ca(self) -> Path:
        return self.place.ca

    def up(self, *, keep: bool = False) -> None:
        """Builds it and starts every default server; ready when this returns. `keep`: it outlives this process."""
        self.home.take(keep=keep)
        try:
            default = [service for service in self.catalogue.values() if service.default]
            provide(self.place, default)
            self.net.up()
            self.servers.start(service.name for service in default)
            (ETC_NETNS / self.net.namespace("agent") / "krb5.conf").write_bytes(
                (self.place.of("krb5kdc") / "krb5.conf").read_bytes()
            )
        except BaseException:
            self.down()
            raise

    def start(self, names: Iterable[str]) -> None:
        """Servers that are not started by default, such as samba-ad."""
        names = list(names)
        provide(self.place, [self.catalogue[name] for name in names])
        self.servers.start(names)

    def down(self) -> None:
        self.home.drop()
        self.servers.reap()

    def exec(self, node: str, argv: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        """A command inside a node; output captured as text unless the options say otherwise."""
        options = {
            "capture_output": True,
            "text": True,
            "errors": "replace",
            "timeout": 200,
            "env": self.environment(),
            **options,
        }
        return subprocess.run(self.net.argv(node, argv), **options)

    def environment(self, more: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """Of everything that runs inside: it knows where the laboratory's authority is, and nothing of this machine's
        proxies. None: unset."""
        mine: dict[str, str | None] = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        mine |= {"LAB_CA": str(self.ca), **(more or {})}
        return {name: value for name, value in mine.items() if value is not None}

    def check(
        self, *arguments: str, node: str = "agent", phase: str = "post", env: Mapping[str, str | None] | None = None,
        credentials: tuple[str, str] | None = None, under: Sequence[str] = (), timeout_s: float = 250,
        trust: Sequence[str] | None = None,
    ) -> Result:  # fmt: skip
        """`eset-portcheck check ... --format json` inside a node.

        credentials: (user, password), handed over as a file. under: a command line in front. trust: options of
        authorities, in place of those that make the laboratory's one public and the site's. AssertionError when it
        left no report, a traceback, or an exit code that is not the report's.
        """
        argv = [
            *under,
            sys.executable,
            "-m",
            "eset_portcheck",
            "check",
            *arguments,
            *(("--public-ca-file", str(self.ca), "--ca-file", str(self.ca)) if trust is None else trust),
            "--phase",
            phase,
            "--format",
            "json",
        ]
        secret = self.place.home / f"credentials-{os.getpid()}.toml"
        if credentials:
            secret.touch(mode=0o600)
            secret.write_text('user = "{}"\npassword = "{}"\ndomain = ""\n'.format(*credentials))
            argv += ["--credentials-file", str(secret)]
        start = time.monotonic()
        try:
            done = self.exec(node, argv, env=self.environment(env), cwd=CHECKOUT, timeout=timeout_s)
        finally:
            secret.unlink(missing_ok=True)
        seconds = time.monotonic() - start
        assert "Traceback" not in done.stderr, done.stderr[-3000:]
        try:
            report = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"no report, exit {done.returncode}: {(done.stderr or done.stdout)[-2000:]}") from None
        assert done.returncode == report["summary"]["exit_code"], (done.returncode, report["summary"])
        return Result(done.returncode, report, done.stderr, seconds)

    def observe(self, observation: Observation, node: str = "agent") -> dict[str, Any]:
        done = self.exec(node, [sys.executable, "-P", str(HERE / "observer.py"), *observation.asks])
        try:
            facts: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise LabError(f"observer: {(done.stdout + done.stderr)[-400:]}") from None
        return facts

    def expect(self, observation: Observation, wanted: object, when: str) -> dict[str, Any]:
        """What the observer saw. It looks again, and waits longer, while that is not what is wanted: a busy machine is
        late. LabError in the end."""
        for patience_s in PATIENCE_S:
            facts = self.observe(
                observation if "--timeout" in observation.asks else observation.more("--timeout", f"{patience_s:g}")
            )
            if matches(wanted, facts):
                return facts
        raise LabError(f"{when}: the observer sees {facts}, wanted {wanted}")

    def fault(self, name: str) -> AbstractContextManager[Fault]:
        """Injects a fault, makes sure that it is there, takes it out, makes sure that it is gone."""
        return self._faulty(FAULTS[name])

    @contextmanager
    def _faulty(self, fault: Fault) -> Iterator[Fault]:
        with ExitStack() as steps:
            for step in fault.steps:
                steps.enter_context(step.applied(self, fault.name))
            self.expect(fault.observe, fault.seen, f"{fault.name} was injected")
            self.net.shell("fw", "ip neigh flush all")  # what the observer asked for must not answer the program sooner
            yield fault
        if fault.steps and fault.observe.healthy is not None:
            self.expect(fault.observe, fault.observe.healthy, f"{fault.name} was removed")

    def capture(self, name: str) -> AbstractContextManager[Capture]:
        """What passes between the agent and the router meanwhile, in a file NAME.pcapng of this laboratory."""
        return capturing(self.net, self.place.home / f"{name}.pcapng")
