"""`python -m tests.bench [ROUNDS]`: prints each figure beside its target and its peer.

Bare Python is `python -c pass` of the real binary. Needs root for the dropped port (a network namespace of its own);
says so otherwise.
"""

import itertools
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.listeners import many_listeners
from tests.bench.names import redacting_s
from tests.bench.pages import render_s
from tests.bench.silent import silent_host

# An installed program has its bytecode; measuring the compiler would tell nothing.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
PYTHON = os.path.realpath(sys.executable)
PROGRAM = [sys.executable, "-m", "eset_portcheck"]


def wall_s(command: list[str], **options: object) -> float:
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, **options)  # type: ignore[call-overload]
    return time.perf_counter() - started


def interleaved(commands: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Median of each, in random order a round."""
    seen: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name in random.sample(list(commands), len(commands)):
            seen[name].append(commands[name]())
    return {name: statistics.median(values) for name, values in seen.items()}


def line(what: str, figure: str, target: str) -> None:
    print(f"{what:52} {figure:>22}   target {target}", flush=True)


def starts(rounds: int) -> float:
    """--version and --help against bare Python; returns bare Python's seconds."""
    installed = shutil.which("eset-portcheck", path=Path(sys.executable).parent) or ""
    bare = [sys.executable, "-c", "pass"]
    commands = {
        "bare": lambda: wall_s(bare),
        "version": lambda: wall_s([*PROGRAM, "--version"] if not installed else [installed, "--version"]),
        "help": lambda: wall_s([*PROGRAM, "--help"] if not installed else [installed, "--help"]),
    }
    told = interleaved(commands, rounds)
    line("--version / bare python", f"{told['version'] / told['bare']:.2f}", "<= 1.25")
    line("--help / bare python", f"{told['help'] / told['bare']:.2f}", "<= 2.0")
    return told["bare"]


def role_run(bare_s: float, rounds: int) -> None:
    """One agent run with a dropped port, the table printed: what is left when the slowest check is taken away, and peak
    memory."""
    with silent_host() as (address, inside):
        over, peaks, walls, slowest = [], [], [], []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder, "r.json")
                command = [
                    *inside,
                    *PROGRAM,
                    "check",
                    "--role",
                    "agent",
                    "--server",
                    address,
                    "-4",
                    "--only",
                    "agent.server.*",
                    "-o",
                    str(out),
                ]
                started = time.perf_counter()
                with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
                    assert process.stdout is not None
                    process.stdout.read()
                    _, _, usage = os.wait4(process.pid, 0)
                    process.returncode = 0
                wall = time.perf_counter() - started
                report = json.loads(out.read_text())
                longest = max(row["duration_s"] for row in report["checks"])
                over.append(wall - longest)
                walls.append(wall)
                slowest.append(longest)
                peaks.append(usage.ru_maxrss / 1024)
    rest = statistics.median(over)
    line(
        "agent with a dropped port: wall",
        f"{statistics.median(walls):.2f} s",
        f"slowest check {statistics.median(slowest):.2f} s",
    )
    line("  (wall - slowest check) / bare python", f"{rest / bare_s:.1f} ({rest * 1000:.0f} ms)", "<= 14")
    line("  peak memory", f"{max(peaks):.1f} MiB", "<= 40 MiB")


LISTENERS = 500


def ports_run(bare_s: float, rounds: int) -> None:
    """`ports` on a machine with many listeners, the table printed; its peer lists them and names their owners."""
    with many_listeners(LISTENERS) as port:
        commands = {"ports": lambda: wall_s([*PROGRAM, "ports", "--role", "server", "--set", f"server_port={port}"])}
        if shutil.which("ss"):
            commands["ss"] = lambda: wall_s(["ss", "-Hltunp"])
        told = interleaved(commands, rounds)
    line(
        f"ports with {LISTENERS} listeners / bare python",
        f"{told['ports'] / bare_s:.1f} ({told['ports'] * 1000:.0f} ms)",
        "<= 25",
    )
    if "ss" in told:
        line("  its peer: ss -Hltunp / bare python", f"{told['ss'] / bare_s:.1f} ({told['ss'] * 1000:.0f} ms)", "")


def pages(bare_s: float) -> None:
    """A page of an agent's size, and how its time grows with ten times the rows."""
    small_s, size = render_s(16, rounds=9)
    line(
        "html of 16 rows / bare python",
        f"{small_s / bare_s:.2f} ({small_s * 1000:.1f} ms, {size / 1000:.0f} kB)",
        "<= 1",
    )
    some_s, many_s = render_s(500)[0], render_s(5000)[0]
    line("html of 5000 rows / of 500 rows", f"{many_s / some_s:.1f} ({many_s:.2f} s)", "<= 13")


NAMES = (1_000, 5_000, 20_000, 40_000)


def names() -> None:
    """Strict redaction by the number of different names of each kind: twice the names, twice the time."""
    took = {count: redacting_s(count) for count in NAMES}
    for before, count in itertools.pairwise(NAMES):
        line(
            f"--redact strict, {count} names / {before} names",
            f"{took[count] / took[before]:.1f} ({took[count]:.1f} s)",
            f"<= {count / before * 1.3:.1f}",
        )


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    bare_s = starts(rounds * 2)
    ports_run(bare_s, rounds)
    role_run(bare_s, max(3, rounds // 3))
    pages(bare_s)
    names()
    return 0


if __name__ == "__main__":
    sys.exit(main())
