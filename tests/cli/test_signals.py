"""SIGINT, SIGTERM and SIGHUP at every moment: exit 130, what is known written whole, nothing left behind, no traceback.

A signal that comes before Python runs our first line is not ours: the tests wait until the kernel says that we take it.
"""

import json
import os
import pty
import random
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REPORT = Path(__file__).parents[1] / "unit/reports/dropped.json"
DEADLINE_S = 30.0
SWEEPS = 3  # runs a signal and command; `make test-all` makes many more

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.001)


def taken(pid: int, number: int) -> bool:
    """Does the process have a handler for it? proc(5), SigCgt. SIGHUP is Python's default until we take it; so is
    SIGTERM."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


@contextmanager
def program(*arguments: str, cwd: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    process = subprocess.Popen([sys.executable, "-m", "eset_portcheck", *arguments], cwd=cwd, **pipes)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE_S)


def ready(process: subprocess.Popen[bytes]) -> None:
    until(lambda: taken(process.pid, signal.SIGTERM) and taken(process.pid, signal.SIGHUP))


@contextmanager
def silent_peer() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_S)
        yield server


def to(peer: socket.socket, *more: str) -> list[str]:
    return [
        "check",
        "--role",
        "agent",
        "--server",
        f"127.0.0.1:{peer.getsockname()[1]}",
        "--no-detect",
        "--only",
        "agent.server.tcp-2222",
        "--timeout",
        "25",
        *more,
    ]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda one: one.name)
def test_during_the_run_the_partial_report_is_written(number: signal.Signals, tmp_path: Path) -> None:
    with (
        silent_peer() as peer,
        program(*to(peer, "--format", "json", "-o", "out.json", "-o", "out.txt"), cwd=tmp_path) as process,
        peer.accept()[0],
    ):
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert err == b""
    report = json.loads(out)
    assert json.loads((tmp_path / "out.json").read_text())["run"]["id"] == report["run"]["id"]
    assert report["summary"]["exit_code"] == 130
    assert not report["run"]["complete"]
    assert "INTERRUPTED" in {check["reason"] for check in report["checks"]}
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").strip()


def test_what_was_ignored_stays_ignored(tmp_path: Path) -> None:
    """As under nohup, and in the background of sh: the run goes on and earns its own code."""

    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    with (
        silent_peer() as peer,
        program(*to(peer, "--format", "json"), cwd=tmp_path, preexec_fn=ignore) as process,
        peer.accept()[0] as there,
    ):
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGINT)
        there.close()
        out, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert json.loads(out)["summary"]["exit_code"] == 1


def whole(path: Path) -> bool:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if path.suffix == ".json":
        return not text or json.loads(text)["run"]["id"] != ""
    return not text or text.rstrip().endswith("</html>")


@pytest.mark.parametrize("sweeps", [SWEEPS, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("number", SIGNALS, ids=lambda one: one.name)
@pytest.mark.parametrize("what", ["check", "report", "demo"])
def test_at_any_moment(what: str, number: signal.Signals, sweeps: int, tmp_path: Path) -> None:
    """A sweep over start-up, planning, run, rendering and writing."""
    chance = random.Random(f"{what}{number}{sweeps}")
    with silent_peer() as peer:
        commands = {
            "check": to(peer, "-o", "out.json", "-o", "out.html"),
            "report": ["report", str(REPORT), "--rediagnose", "-o", "out.json", "-o", "out.html"],
            "demo": ["demo", "-o", "out.json", "-o", "out.html"],
        }
        codes = []
        for _ in range(sweeps):
            with program(*commands[what], cwd=tmp_path) as process:
                ready(process)
                time.sleep(chance.uniform(0, 1.2))
                process.send_signal(number)
                out, err = process.communicate(timeout=DEADLINE_S)
            codes.append(process.returncode)
            assert process.returncode in ((130,) if what == "check" else (130, 0)), (process.returncode, err)
            assert b"Traceback" not in err
            assert b"rror" not in err
            assert b"Exception ignored" not in err
            assert whole(tmp_path / "out.json")
            assert whole(tmp_path / "out.html")
            assert {one.name for one in tmp_path.iterdir()} <= {"out.json", "out.html"}, "what was begun is removed"
            if what != "demo" and process.returncode == 0:
                assert out
    assert 130 in codes


@pytest.mark.parametrize("number", SIGNALS, ids=lambda one: one.name)
def test_while_a_password_is_asked_for(number: signal.Signals, tmp_path: Path) -> None:
    """The terminal echoes again."""
    ours, theirs = pty.openpty()
    arguments = ["check", "--role", "deploy-source", "--target", "127.0.0.1", "--no-detect", "--ask-credentials"]

    def seen(word: bytes) -> bytes:
        text = b""
        while word not in text:
            assert select.select([ours], [], [], DEADLINE_S)[0], text
            text += os.read(ours, 4096)
        return text

    def session() -> None:
        os.setsid()
        import fcntl

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def echoes() -> bool:
        return bool(termios.tcgetattr(theirs)[3] & termios.ECHO)

    with program(*arguments, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=session) as process:
        seen(b"Account")
        os.write(ours, b"corp\\somebody\n")
        seen(b"Password")
        until(lambda: not echoes())
        process.send_signal(number)
        process.wait(timeout=DEADLINE_S)
        assert process.returncode == 130
        assert echoes()
        rest = os.read(ours, 4096) if select.select([ours], [], [], 0)[0] else b""
        assert b"Traceback" not in rest
    os.close(ours)
    os.close(theirs)


def test_the_line_of_progress_is_wiped(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with silent_peer() as peer, program(*to(peer), cwd=tmp_path, stderr=theirs) as process, peer.accept()[0]:
        shown = b""
        while b"waiting" not in shown:
            assert select.select([ours], [], [], DEADLINE_S)[0], shown
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=DEADLINE_S) == 130
        while select.select([ours], [], [], 0)[0]:
            shown += os.read(ours, 4096)
    assert shown.endswith(b"\r")
    assert not shown.rstrip(b"\r").rpartition(b"\r")[2].strip()
    assert b"\x1b" not in shown
    os.close(ours)
    os.close(theirs)


def test_a_terminal_that_nobody_reads_does_not_stop_the_run(tmp_path: Path) -> None:
    """Ctrl-S, or a stuck terminal behind standard error: progress is left out."""
    ours, theirs = pty.openpty()
    while select.select([], [theirs], [], 0)[1]:
        os.write(theirs, b"x" * 64)
    with (
        silent_peer() as peer,
        program(*to(peer, "--format", "table", "-o", "out.json"), cwd=tmp_path, stderr=theirs) as process,
    ):
        peer.accept()[0].close()
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert whole(tmp_path / "out.json")
    os.close(ours)
    os.close(theirs)


def blocked(tmp_path: Path) -> tuple[int, int]:
    """A pipe that is full: what is written to it waits for a reader."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    while select.select([], [writing], [], 0)[1]:
        os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    return reading, writing


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("signals", [1, 2])
def test_a_reader_that_does_not_read_cannot_keep_us(signals: int, unbuffered: str, tmp_path: Path) -> None:
    reading, writing = blocked(tmp_path)
    with program(
        "report",
        str(REPORT),
        "--format",
        "json",
        "-o",
        "out.json",
        cwd=tmp_path,
        stdout=writing,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    ) as process:
        # Standard output comes after the files.
        until(lambda: (tmp_path / "out.json").exists() and (tmp_path / "out.json").stat().st_size > 0)
        begun = time.monotonic()
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            if signals == 2:
                select.select([], [], [], 1.1)  # sooner it is the same wish
        _, err = process.communicate(timeout=DEADLINE_S)
        assert time.monotonic() - begun < 25.0
    assert process.returncode == 130
    assert b"Traceback" not in err
    os.close(reading)
    os.close(writing)


def test_a_terminal_that_closes_hangs_up_twice(tmp_path: Path) -> None:
    """Two signals at once are one wish: the partial report is written all the same."""
    with silent_peer() as peer, program(*to(peer, "--format", "json"), cwd=tmp_path) as process, peer.accept()[0]:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        out, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert json.loads(out)["summary"]["exit_code"] == 130


@pytest.mark.parametrize("wait_s", [0.0, 0.001, 0.003, 0.01, 0.1])
def test_a_command_under_way_ends_with_us(wait_s: float, tmp_path: Path) -> None:
    """While this machine is looked at, nft and its like run; also in the moment in which one begins."""
    words = (
        "import time; from eset_portcheck import interrupts; from eset_portcheck.host.commands import listed\n"
        "from eset_portcheck.host import programs; programs.found = lambda name: name\n"
        "interrupts.stand()\n"
        "listed(['/bin/sleep', '300'], time.monotonic() + 200, 1000)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", words], cwd=Path(__file__).parents[2])
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: bool(children.read_text().split()))
    child = children.read_text().split()[0]
    time.sleep(wait_s)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=DEADLINE_S) == 130
    until(lambda: not lives(child))


def lives(number: str) -> bool:
    """Not what only waits to be reaped."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_swallowed_interrupt_is_not_forgotten(tmp_path: Path) -> None:
    """KeyboardInterrupt in a destructor is lost to Python; the next step looks again."""
    words = (
        "import os, signal; from eset_portcheck import interrupts\n"
        "class Swallows:\n"
        "    def __del__(self): os.kill(os.getpid(), signal.SIGTERM); [None for _ in range(1000)]\n"
        "interrupts.stand()\n"
        "try:\n"
        "    with interrupts.Raising(): Swallows()\n"
        "except KeyboardInterrupt: interrupts.call(lambda: os.write(1, b'told to stop'))\n"
        "interrupts.leave(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, timeout=DEADLINE_S, cwd=Path(__file__).parents[2]
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"told to stop", b"")


def test_no_library_is_interrupted_half_way() -> None:
    """msgspec crashed (SIGSEGV) when a signal raised in it while it built a type: here it is sent there."""
    words = (
        "import os, signal, sys; from eset_portcheck import interrupts\n"
        "interrupts.stand()\n"
        "import msgspec; from eset_portcheck.cli import run\n"
        "def converted(entry, kind):\n"
        "    try: os.kill(os.getpid(), signal.SIGTERM); [None for _ in range(1000)]\n"
        "    except BaseException as error: os.write(1, repr(error).encode())\n"
        "    os.write(1, b'went on')\n"
        "msgspec.convert = converted\n"
        "run(['check', '--role', 'agent', '--server', '127.0.0.1', '--dry-run'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, timeout=DEADLINE_S, cwd=Path(__file__).parents[2]
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize("number", SIGNALS, ids=lambda one: one.name)
def test_files_that_were_begun_are_removed(number: signal.Signals, tmp_path: Path) -> None:
    words = (
        "import os; from pathlib import Path; from eset_portcheck import interrupts\n"
        "from eset_portcheck.files.replacement import Replacement\n"
        "interrupts.stand()\n"
        "file = Replacement(Path('out.json')); file.open()\n"
        f"os.kill(os.getpid(), {number.value}); [None for _ in range(1000)]\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, timeout=DEADLINE_S, cwd=tmp_path, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
    assert not list(tmp_path.iterdir())
