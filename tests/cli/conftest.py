"""The command line in a process of its own, against a stand-in site that lives in a thread."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from eset_portcheck.standins.site import stand_in_site


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.out)
        return told


Command = Callable[..., Ended]


@pytest.fixture
def portcheck(tmp_path: Path) -> Command:
    """portcheck(*arguments, stdin=None, **environment)."""

    def run(*arguments: str, stdin: str | None = None, **environment: str) -> Ended:
        env = {
            name: value
            for name, value in os.environ.items()
            if name not in ("SSL_CERT_FILE", "SSL_CERT_DIR", "COLUMNS")
        } | environment
        done = subprocess.run(
            [sys.executable, "-m", "eset_portcheck", *arguments],
            capture_output=True,
            text=True,
            timeout=200,
            env=env,
            cwd=tmp_path,
            input=stdin or "",
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(params=[None])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """Arguments that lead `check` to a stand-in site of the agent; parametrise indirectly with the fault."""
    ready, stop = threading.Event(), threading.Event()
    arguments: list[str] = []

    async def serve() -> None:
        async with stand_in_site("agent", request.param) as there:
            pairs = "\n".join(f'"{source}" = "{target}"' for source, target in there.connect_to.items())
            (tmp_path / "site.toml").write_text(
                "".join(f'{name} = "{value}"\n' for name, value in there.values.items()) + f"[connect_to]\n{pairs}\n"
            )
            arguments.extend(["--role", "agent", "--site", str(tmp_path / "site.toml"), "--ca-file", there.ca_file])
            arguments.append(there.ca_file)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(120)
    ca_file = arguments.pop()
    os.environ["PORTCHECK_TEST_CA"] = ca_file
    yield arguments
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
