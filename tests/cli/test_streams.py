"""Closed, full and non-blocking standard streams: the exit code is the one that was earned, and nobody hears of a flush
that failed."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

REPORT = str(Path(__file__).parents[1] / "unit/reports/dropped.json")
DEADLINE_S = 60.0
HERE = ["--role", "deploy-target", "--no-detect"]
# command -> (exit code, and with a full standard output)
COMMANDS: dict[str, tuple[list[str], int, int]] = {
    "version": (["--version"], 0, 2),
    "version-of-argparse": (["-V", "-V"], 0, 2),
    "help": (["--help"], 0, 2),
    "help-of-check": (["check", "--help"], 0, 2),
    "help-of-demo": (["demo", "--help"], 0, 2),
    "nothing": ([], 2, 2),
    "no-such-command": (["chekc"], 2, 2),
    "no-such-role": (["check", "--role", "nobody"], 2, 2),
    "no-such-option": (["roles", "--nothing"], 2, 2),
    "roles": (["roles"], 0, 2),
    "show": (["show", "agent"], 0, 2),
    "explain": (["explain", "TCP_NO_ANSWER"], 0, 2),
    "explain-nothing": (["explain", "NOTHING_AT_ALL"], 2, 2),
    "report": (["report", REPORT], 0, 2),
    "report-from-stdin": (["report", "-"], 2, 2),
    "compare": (["compare", REPORT, REPORT], 0, 2),
    "bundle": (["bundle", REPORT, "-o", "x.zip", "--force"], 0, 2),
    "rules": (["rules", *HERE, "--for", "csv"], 0, 2),
    "dry-run": (["check", "--role", "agent", "--server", "127.0.0.1", "--dry-run"], 0, 2),
    "demo": (["demo"], 0, 4),
    "demo-broken": (["demo", "--break", "tls"], 1, 1),
    "check": (
        ["check", "--role", "agent", "--server", "127.0.0.1:9", "--no-detect", "--only", "agent.server.tcp-2222"],
        1,
        1,
    ),
}
EVERY = ("all-closed", "err-full-out-closed")  # for every command; the others for some
SOME = ("roles", "report", "no-such-role", "check")
CASES = {
    "out-closed": ">&-",
    "err-closed": "2>&-",
    "both-closed": ">&- 2>&-",
    "all-closed": "<&- >&- 2>&-",
    "err-full": "2>/dev/full",
    "out-only-readable": "1</dev/null",
    "err-full-out-closed": "2>/dev/full >&-",
    "in-closed": "<&-",
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")


def shell(arguments: list[str], rest: str, cwd: Path) -> tuple[int, str, str]:
    """`rest`: redirections or a pipe; the code is that of the program."""
    line = f'"$@" {rest}; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, "-m", "eset_portcheck", *arguments],
        cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def silent_about_us(err: str) -> None:
    for word in ("Traceback", "Exception ignored", "internal error", "BrokenPipe", "Errno"):
        assert word not in err


@pytest.mark.parametrize(
    ("command", "case"), [(command, case) for command in COMMANDS for case in CASES if case in EVERY or command in SOME]
)
def test_the_code_is_the_one_that_was_earned(command: str, case: str, tmp_path: Path) -> None:
    arguments, code, _ = COMMANDS[command]
    ended, out, err = shell(arguments, CASES[case], tmp_path)
    assert ended == code, (out, err)
    silent_about_us(err)
    if "err" in case and code == 2 and command != "nothing":
        assert not out, "a message for standard error has nothing to do in the result"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_left_changes_nothing(command: str, tmp_path: Path) -> None:
    arguments, code, _ = COMMANDS[command]
    ended, _, err = shell(arguments, "| true", tmp_path)
    assert ended == code, err
    silent_about_us(err)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_under_standard_output_is_no_success(command: str, tmp_path: Path) -> None:
    arguments, code, full = COMMANDS[command]
    ended, _, err = shell(arguments, ">/dev/full", tmp_path)
    assert ended == full
    silent_about_us(err)
    if code != full or command.startswith("check"):
        assert err.count("standard output: No space left on device") == 1


@pytest.mark.parametrize("case", [">&-", ">/dev/full", "| true", "2>&- >&-", "2>/dev/full >/dev/full"])
def test_files_are_written_all_the_same(case: str, tmp_path: Path) -> None:
    ended, _, _ = shell(["demo", "--break", "tls", "-o", "out.json", "-o", "out.txt"], case, tmp_path)
    assert ended == 1
    assert json.loads((tmp_path / "out.json").read_text())["summary"]["exit_code"] == 1
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_pipe_that_somebody_made_non_blocking_loses_nothing(unbuffered: str, tmp_path: Path) -> None:
    """O_NONBLOCK belongs to the pipe, not to one process: node and ssh set it for all who share it."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    process = subprocess.Popen(
        [sys.executable, "-m", "eset_portcheck", "report", REPORT, "--format", "json"],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    os.close(writing)
    assert process.stderr is not None
    told = b""
    while select.select([reading], [], [], DEADLINE_S)[0] and (chunk := os.read(reading, 777)):
        told += chunk
    os.close(reading)
    assert process.wait(DEADLINE_S) == 0
    assert remarks(process.stderr.read())
    process.stderr.close()
    assert json.loads(told)["summary"]


def remarks(told: bytes) -> bool:
    """Nothing but lines of ours: the sample is older than today's profile, and its reader says so."""
    return all(line.startswith(b"eset-portcheck: ") for line in told.splitlines())


def test_letters_that_the_stream_has_not(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for arguments in (
        ["explain", "TCP_NO_ANSWER", "--lang", "es"],
        ["show", "agent", "--lang", "es"],
        ["report", REPORT, "--lang", "es"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "eset_portcheck", *arguments],
            capture_output=True,
            env=environment,
            timeout=DEADLINE_S,
            cwd=tmp_path,
            check=False,
        )
        assert (done.returncode, remarks(done.stderr)) == (0, True)
        done.stdout.decode("ascii")
