"""A test that hangs fails at its deadline, says where it was, and does not keep the run from ending."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TOGETHER

ROOT = Path(__file__).resolve().parents[2]
HANGING = """
import asyncio
import threading

import pytest

hangs = pytest.mark.timeout(1.5)


def wait_for_a_word_that_nobody_says():
    threading.Event().wait()

async def wait_for_another_task():
    await asyncio.Event().wait()

def take_it_twice(lock):
    lock.acquire()
    lock.acquire()


@hangs
def test_main_thread():
    wait_for_a_word_that_nobody_says()

@hangs
def test_lock():
    take_it_twice(threading.Lock())

@hangs
async def test_tasks():
    task = asyncio.create_task(wait_for_another_task(), name="the other task")
    await asyncio.wait({task})

@hangs
def test_thread_that_is_joined():
    thread = threading.Thread(target=wait_for_a_word_that_nobody_says, name="the joined one", daemon=True)
    thread.start()
    thread.join()

def test_thread_that_is_left():
    threading.Thread(target=wait_for_a_word_that_nobody_says, name="the left one").start()

def test_thread_that_dies():
    thread = threading.Thread(target=int, args=("no number",), name="the dead one")
    thread.start()
    thread.join()

async def test_coroutine_that_nobody_awaits():
    wait_for_another_task()

def test_socket_that_nobody_closes():
    import socket
    socket.socket()

def test_none_of_these():
    pass
"""
# (test, what its failure tells)
TOLD = {
    "test_main_thread": "in wait_for_a_word_that_nobody_says",
    "test_lock": "in take_it_twice",
    "test_tasks": "in wait_for_another_task",
    "test_thread_that_is_joined": "in wait_for_a_word_that_nobody_says",
    "test_thread_that_is_left": "the left one outlives its test",
    "test_thread_that_dies": "the dead one",
    "test_coroutine_that_nobody_awaits": "was never awaited",
    "test_socket_that_nobody_closes": "unclosed <socket",
}


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["one process", "workers"])
def test_a_hanging_test_fails_and_says_where_and_the_others_go_on(workers: list[str], tmp_path: Path) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING)
    options = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(tmp_path),
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "--tb=native",
        *workers,
    ]
    argv = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    done = subprocess.run(
        argv,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        env={**os.environ, "GRACE_S": "0.5"},
        check=False,
    )
    assert done.returncode == 1, done.stdout
    for name, words in TOLD.items():
        _, _, failure = done.stdout.partition(f" {name} _")
        assert words in failure.partition("\n____")[0], f"{name}\n{done.stdout}"
    assert "2 passed" in done.stdout  # test_none_of_these, and the one whose thread is left, but for its end
    assert f"{len(TOLD) - 1} failed" in done.stdout
    assert "1 error" in done.stdout


def test_what_no_signal_reaches_ends_the_process_with_its_stack(tmp_path: Path) -> None:
    file = tmp_path / "test_deaf.py"
    file.write_text("""
import signal, threading

def deaf():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    threading.Event().wait()

def test_deaf():
    deaf()
""")
    options = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(tmp_path),
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "-o",
        "timeout=1",
        "-o",
        "faulthandler_timeout=2",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 1
    assert "in deaf" in done.stderr


@pytest.mark.parametrize(("place", "workers"), [("tests/browser/test_some.py", 1), ("tests/unit/test_some.py", 2)])
def test_tests_that_share_something_costly_stay_on_one_worker(place: str, workers: int, tmp_path: Path) -> None:
    """pytest 9.2 and pytest-xdist 3.8 together split them silently."""
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text("import pytest\n@pytest.mark.parametrize('number', range(8))\ndef test_it(number): pass\n")
    options = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(tmp_path),
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "-v",
        "-n",
        "2",
        "--dist",
        "loadgroup",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "8 passed" in done.stdout, done.stdout
    assert len(set(re.findall(r"^\[(gw\d)\]", done.stdout, re.MULTILINE))) == workers, done.stdout


def test_what_shares_something_costly_is_there() -> None:
    assert [place for place in TOGETHER if not (ROOT / place.partition("::")[0]).exists()] == []


@pytest.mark.parametrize(("where", "code"), [("1", 1), ("", 0)], ids=["in-ci", "elsewhere"])
def test_what_is_skipped_in_ci_is_a_failure(where: str, code: int, tmp_path: Path) -> None:
    file = tmp_path / "test_some.py"
    file.write_text(
        "import pytest\n"
        "@pytest.mark.skipif(True, reason='no such tool')\ndef test_marked(): pass\n"
        "def test_called(): pytest.skip('no such server')\n"
    )
    options = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-p", "tests.conftest", "-rs"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "CI": where},
    )
    assert done.returncode == code, done.stdout
    assert "no such tool" in done.stdout
    assert "no such server" in done.stdout
    assert ("1 failed, 1 error" if where else "2 skipped") in done.stdout
