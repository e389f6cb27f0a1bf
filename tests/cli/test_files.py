"""Files as a stranger may have laid them out: links, pipes, devices, full disks. Nothing is waited for, followed, or
left half written."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Ended

REPORTS = Path(__file__).parents[1] / "unit" / "reports"
REPORT = str(REPORTS / "dropped.json")
CHECK = ["check", "--role", "agent", "--server", "127.0.0.1", "--no-detect", "--dry-run"]
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
STRANGER = 65533


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def laid_out(folder: Path, what: str, name: str) -> Path:
    path = folder / name
    match what:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "device":
            path.symlink_to("/dev/zero")
        case "terminal":
            path.symlink_to("/dev/tty")
        case "link":
            (folder / "victim").write_text("precious")
            path.symlink_to("victim")
        case "dangling":
            path.symlink_to("nowhere")
        case "loop":
            path.symlink_to(name)
        case "socket":
            import socket

            with socket.socket(socket.AF_UNIX) as one:
                one.bind(str(path))
    return path


@posix
@pytest.mark.parametrize("what", ["pipe", "folder", "device", "link", "dangling", "loop", "socket"])
@pytest.mark.parametrize("command", ["report", "compare", "map", "bundle"])
def test_what_is_no_file_is_no_place_for_a_result(portcheck: Command, tmp_path: Path, what: str, command: str) -> None:
    suffix = {"bundle": "zip"}.get(command, "json")
    laid_out(tmp_path, what, f"out.{suffix}")
    before = left(tmp_path)
    arguments = {
        "report": ["report", REPORT, "-o", "fine.txt", "-o", "out.json"],
        "compare": ["compare", REPORT, REPORT, "-o", "fine.txt", "-o", "out.json"],
        "map": ["report", REPORT, "--redact", "strict", "--map", "out.json", "-o", "fine.txt"],
        "bundle": ["bundle", REPORT, "-o", "out.zip", "--force"],
    }[command]
    ended = portcheck(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "out." in ended.err
    assert left(tmp_path) == before, "all are refused before any is made"
    if what == "link":
        assert (tmp_path / "victim").read_text() == "precious"


@posix
@pytest.mark.parametrize("what", ["pipe", "folder", "device", "dangling", "loop", "socket"])
@pytest.mark.parametrize(
    "option", ["--site", "--profile", "--ca-file", "--credentials-file", "report", "compare", "bundle", "rules"]
)
def test_what_is_no_file_is_not_waited_for(portcheck: Command, tmp_path: Path, what: str, option: str) -> None:
    name = str(laid_out(tmp_path, what, "in.json"))
    line = {
        "report": ["report", name],
        "compare": ["compare", name, REPORT],
        "bundle": ["bundle", name],
        "rules": ["rules", "--for", "nft", "--site", name, "--role", "agent"],
    }
    ended = portcheck(*line.get(option, [*CHECK, option, name]))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    if what in ("pipe", "folder", "device", "socket"):
        assert f"is a {what}" in ended.err
    if what == "pipe" and option in ("report", "compare", "bundle"):
        assert "- reads standard input" in ended.err


@posix
@pytest.mark.parametrize("option", ["--site", "--profile", "--ca-file", "--credentials-file"])
def test_every_file_has_a_limit(portcheck: Command, tmp_path: Path, option: str) -> None:
    file = tmp_path / "endless.toml"
    with file.open("wb") as out:
        out.truncate(1 << 40)  # a hole: takes no room on the disk
    file.chmod(0o600)
    ended = portcheck(*CHECK, option, str(file))
    assert (ended.code, "larger than" in ended.err) == (2, True)


def test_process_substitution_is_refused_with_a_word(tmp_path: Path) -> None:
    if not shutil.which("bash"):
        pytest.fail("bash is needed")
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m eset_portcheck report <(cat {REPORT})"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "is a pipe" in done.stderr, "- reads standard input" in done.stderr) == (2, True, True)


@posix
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.json", "a.json"),
        ("a.json", "./a.json"),
        ("a.json", "sub/../a.json"),
        ("a.json", "A.json"),
        ("a.json", "linked/a.json"),
        ("kept.json", "hard.json"),
        ("a.txt", "{here}/a.txt"),
        ("é.json", "é.json"),
    ],
)
def test_two_outputs_are_two_files(portcheck: Command, tmp_path: Path, one: str, other: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "linked").symlink_to(".")
    (tmp_path / "kept.json").write_text("precious")
    (tmp_path / "hard.json").hardlink_to(tmp_path / "kept.json")
    before = left(tmp_path)
    ended = portcheck("report", REPORT, "-o", one, "-o", other.format(here=tmp_path))
    assert (ended.code, "the same file as" in ended.err) == (2, True)
    assert left(tmp_path) == before
    mapped = portcheck("report", REPORT, "--redact", "strict", "--map", one, "-o", other.format(here=tmp_path))
    assert (mapped.code, "the same file as" in mapped.err) == (2, True)
    assert left(tmp_path) == before
    assert (tmp_path / "kept.json").read_text() == "precious"


@posix
def test_a_bad_output_leaves_no_map(portcheck: Command, tmp_path: Path) -> None:
    ended = portcheck("report", REPORT, "--redact", "strict", "--map", "m.json", "-o", "no/such/x.json")
    assert (ended.code, left(tmp_path)) == (2, [])
    assert portcheck("bundle", REPORT, "--redact", "strict", "--map", "m.json", "-o", "no/x.zip").code == 2
    assert left(tmp_path) == []


@posix
def test_results_are_closed_to_others(portcheck: Command, tmp_path: Path) -> None:
    """Whatever the umask, and whatever the file that was there."""
    (tmp_path / "r.json").write_text("earlier")
    (tmp_path / "r.json").chmod(0o666)
    outputs = [part for form in ("json", "txt", "md", "csv", "html") for part in ("-o", f"r.{form}")]
    assert portcheck("report", REPORT, *outputs, "--redact", "strict", "--map", "m.json").code == 0
    assert portcheck("bundle", REPORT, "-o", "b.zip").code == 0
    assert portcheck("compare", REPORT, REPORT, "-o", "c.json").code == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["r.json", "r.txt", "r.md", "r.csv", "r.html", "m.json", "b.zip", "c.json"], 0o600)


@posix
@as_root
def test_planted_links_give_nothing_away(portcheck: Command, tmp_path: Path) -> None:
    """A folder in which others write, as /tmp: a hard link stays what it was, whoever owned the file does not own the
    report."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (shared / "r.json").hardlink_to(victim)
    (shared / "old.json").write_text("the stranger's")
    os.chown(shared / "old.json", STRANGER, STRANGER)
    assert portcheck("report", REPORT, "-o", str(shared / "r.json"), "-o", str(shared / "old.json")).code == 0
    assert victim.read_text() == "precious"
    for name in ("r.json", "old.json"):
        status = (shared / name).stat()
        assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (0, 0o600)
        json.loads((shared / name).read_text())
    (shared / "away").symlink_to(tmp_path)
    os.lchown(shared / "away", STRANGER, STRANGER)
    ended = portcheck("report", REPORT, "-o", str(shared / "away" / "x.json"))
    assert (ended.code, "belongs to another user (uid 65533)" in ended.err) == (2, True)
    os.lchown(shared / "away", 0, 0)
    assert portcheck("report", REPORT, "-o", str(shared / "away" / "x.json")).code == 0


@posix
@as_root
def test_credentials_belong_to_whoever_runs(portcheck: Command, tmp_path: Path) -> None:
    file = tmp_path / "secret.toml"
    file.write_text('user = "root"\npassword = "C4nary-Secret"\n')
    file.chmod(0o600)

    def run(path: Path) -> Ended:
        return portcheck(
            "check",
            "--role",
            "deploy-source",
            "--target",
            "127.0.0.1",
            "--no-detect",
            "--dry-run",
            "--credentials-file",
            str(path),
        )

    assert run(file).code == 0
    mine, theirs = tmp_path / "mine.toml", tmp_path / "theirs.toml"
    mine.symlink_to("secret.toml")
    theirs.symlink_to("secret.toml")
    os.lchown(theirs, STRANGER, STRANGER)
    assert run(mine).code == 0
    for path, said in (
        (theirs, "link that belongs to another user"),
        (file, "it must belong to the one who runs this (uid 0)"),
    ):
        if path == file:
            os.chown(file, STRANGER, STRANGER)
        ended = run(path)
        assert (ended.code, said in ended.err, "anary" in ended.err) == (2, True, False), ended.err
    os.chown(file, 0, 0)
    for mode in (0o640, 0o620, 0o604, 0o602, 0o610):
        file.chmod(mode)
        assert run(file).code == 2


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that other users can reach; those of pytest are shut."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@posix
@as_root
def test_a_user_without_rights_learns_before_the_run_what_he_cannot_replace(passable: Path) -> None:
    """A rename asks the folder alone, so the file's own rights, and those of a sticky folder, are looked at."""
    shared, closed = passable / "shared", passable / "closed"
    shared.mkdir()
    shared.chmod(0o1777)
    closed.mkdir(mode=0o755)
    for name, mode, owner in (("roots.json", 0o666, 0), ("shut.json", 0o444, STRANGER), ("mine.json", 0o644, STRANGER)):
        (shared / name).write_text("precious")
        (shared / name).chmod(mode)
        os.chown(shared / name, owner, owner)
    code = f"""
import os, sys
from pathlib import Path
from eset_portcheck.files import Unusable, read
from eset_portcheck.files.replacement import Replacement
os.setgroups([]); os.setresgid(*[{STRANGER}] * 3); os.setresuid(*[{STRANGER}] * 3)
for name in sys.argv[1:]:
    try:
        file = Replacement(Path(name))
        file.open()
        file.write(b"new")
        print("written")
    except Unusable as error:
        print(error)
print(read(Path("{shared}/mine.json"), 9, private=True).decode())
"""
    names = [
        str(shared / "roots.json"),
        str(shared / "shut.json"),
        str(shared / "mine.json"),
        str(shared / "new.json"),
        str(closed / "x.json"),
        str(passable / "nowhere" / "x.json"),
    ]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == [
        "cannot be written: it belongs to another user, in a folder where only its owner can replace it",
        "cannot be written: Permission denied",
        "written",
        "written",
        "cannot be written: Permission denied",
        "cannot be written: No such file or directory",
        "new",
    ], done.stderr
    assert [(shared / name).read_text() for name in ("roots.json", "shut.json")] == ["precious"] * 2
    assert left(shared) == ["mine.json", "new.json", "roots.json", "shut.json"]


@posix
@as_root
def test_a_map_of_another_user_is_not_taken(portcheck: Command, tmp_path: Path) -> None:
    assert portcheck("report", REPORT, "--redact", "strict", "--map", "m.json").code == 0
    os.chown(tmp_path / "m.json", STRANGER, STRANGER)
    ended = portcheck("report", REPORT, "--redact", "strict", "--map", "m.json")
    assert (ended.code, "belongs to another user" in ended.err) == (2, True)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB, nearly full: an earlier report of four bytes, and room for as much as is freed by hand."""
    disk = tmp_path / "tiny"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


@posix
@as_root
def test_a_full_disk_takes_no_earlier_report(portcheck: Command, tmp_path: Path, tiny: Path) -> None:
    """It turned an earlier report into half a JSON."""
    assert portcheck("report", REPORT, "-o", "before.json").code == 0
    for name in ("r.json", "m.json"):
        (tiny / name).write_text("whole")
        (tiny / name).chmod(0o600)
    (tiny / "m.json").write_text('{"kind": "eset-portcheck pseudonyms", "tables": {}}')
    (tiny / "filler").write_bytes(b"x" * 52 * 1024)
    ended = portcheck("report", REPORT, "-o", str(tiny / "r.json"), "-o", "after.json")
    assert (ended.code, "r.json': not written" in ended.err, "No space left" in ended.err) == (2, True, True), ended.err
    assert (tiny / "r.json").read_text() == "whole"
    assert json.loads((tmp_path / "after.json").read_text()), "the other one is written all the same"
    assert left(tiny) == ["filler", "m.json", "r.json"]
    ended = portcheck("ports", "--role", "server", "--no-detect", "-o", str(tiny / "r.json"), "-o", "now.json")
    earned = json.loads((tmp_path / "now.json").read_text())["summary"]["exit_code"]
    assert ended.code == (1 if earned == 1 else 4)
    assert "r.json': not written" in ended.err
    assert "r.json" not in ended.out, "no file is named that is not there"
    (tiny / "filler").write_bytes(b"x" * 56 * 1024)
    ended = portcheck("bundle", REPORT, "-o", str(tiny / "b.zip"))
    assert (ended.code, left(tiny)) == (2, ["filler", "m.json", "r.json"])


@posix
@as_root
def test_a_map_that_does_not_fit_costs_no_report(portcheck: Command, tmp_path: Path, tiny: Path) -> None:
    (tiny / "m.json").write_text('{"kind": "eset-portcheck pseudonyms", "tables": {}}')
    (tiny / "m.json").chmod(0o600)
    before = (tiny / "m.json").read_bytes()
    (tiny / "filler").write_bytes(b"x" * 60 * 1024)
    ended = portcheck(
        "ports", "--role", "server", "--no-detect", "--redact", "strict", "--map", str(tiny / "m.json"), "-o", "r.json"
    )
    assert ended.code in (1, 4)
    assert "m.json': not written" in ended.err
    assert (tiny / "m.json").read_bytes() == before
    assert json.loads((tmp_path / "r.json").read_text())["summary"]


@posix
def test_a_folder_that_vanishes_is_said(tmp_path: Path) -> None:
    """Between the beginning and the end of a run: the program waits for its report on standard input meanwhile."""
    gone = tmp_path / "gone"
    gone.mkdir()
    silent = subprocess.Popen([sys.executable, "-c", SILENT], stdout=subprocess.PIPE, text=True)
    try:
        assert silent.stdout is not None
        port = silent.stdout.readline().strip()
        command = [
            sys.executable,
            "-m",
            "eset_portcheck",
            "check",
            "--role",
            "agent",
            "--server",
            f"127.0.0.1:{port}",
            "--only",
            "agent.server.tcp-2222",
            "--no-detect",
            "--timeout",
            "20",
            "-o",
            str(gone / "r.json"),
            "-o",
            "kept.json",
        ]
        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        ) as process:
            assert silent.stdout.readline() == "connected\n"
            begun = left(gone)
            assert [stat.S_IMODE((gone / name).stat().st_mode) for name in begun] == [0o600]
            shutil.rmtree(gone)
            process.send_signal(signal.SIGINT)
            _out, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "r.json': not written" in err
        assert json.loads((tmp_path / "kept.json").read_text())["run"]["complete"] is False, (
            "the partial report is whole"
        )
        assert left(tmp_path) == ["kept.json"]
    finally:
        silent.kill()
        silent.communicate()


SILENT = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    kept = []
    while True:
        kept.append(server.accept())
        print("connected", flush=True)
"""


@posix
def test_the_name_may_be_as_long_as_the_disk_allows(portcheck: Command, tmp_path: Path) -> None:
    name = "r" * 250 + ".json"
    assert portcheck("report", REPORT, "-o", name).code == 0
    assert left(tmp_path) == [name]
    ended = portcheck("report", REPORT, "-o", "r" * 251 + ".json")
    assert (ended.code, left(tmp_path)) == (2, [name])


@posix
def test_a_link_put_there_meanwhile_is_replaced_and_not_followed(tmp_path: Path) -> None:
    from eset_portcheck.files.replacement import Replacement

    (tmp_path / "victim").write_text("precious")
    file = Replacement(tmp_path / "r.json")
    file.open()
    (tmp_path / "r.json").symlink_to("victim")
    file.write(b"new")
    assert (tmp_path / "victim").read_text() == "precious"
    assert (tmp_path / "r.json").read_text() == "new"
    assert not (tmp_path / "r.json").is_symlink()
    late = Replacement(tmp_path / "b.zip")
    late.open()
    (tmp_path / "b.zip").write_text("another's")
    with pytest.raises(FileExistsError):
        late.write(b"new", over=False)
    assert left(tmp_path) == ["b.zip", "r.json", "victim"]
    assert (tmp_path / "b.zip").read_text() == "another's"


@posix
def test_a_folder_exchanged_for_a_link_meanwhile_stays_the_folder(tmp_path: Path) -> None:
    from eset_portcheck.files.replacement import Replacement

    (tmp_path / "mine").mkdir()
    (tmp_path / "etc").mkdir()
    file = Replacement(tmp_path / "mine" / "r.json")
    file.open()
    (tmp_path / "mine").rename(tmp_path / "moved")
    (tmp_path / "mine").symlink_to("etc")
    file.write(b"new")
    assert left(tmp_path / "etc") == []
    assert left(tmp_path / "moved") == ["r.json"]


@posix
def test_nothing_begun_stays_behind_an_end_of_any_kind(tmp_path: Path) -> None:
    """An error, an exit, Ctrl-C: what was begun is removed without anybody's help."""
    for end in ("raise ValueError", "sys.exit(3)", "raise KeyboardInterrupt", "pass"):
        code = f"import sys; from pathlib import Path; from eset_portcheck.files.replacement import Replacement\nfile = Replacement(Path('r.json')); file.open(); {end}"
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False, timeout=60)
        assert left(tmp_path) == []


@posix
def test_many_files_of_one_name_at_once(tmp_path: Path) -> None:
    """Whoever comes last has the name, and the file is one of them, whole."""
    from eset_portcheck.files.replacement import Replacement

    def write(mark: bytes) -> None:
        file = Replacement(tmp_path / "r.json")
        file.open()
        file.write(mark * 100_000)

    threads = [threading.Thread(target=write, args=(bytes([65 + number]),)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    content = (tmp_path / "r.json").read_bytes()
    assert (len(content), len(set(content)), left(tmp_path)) == (100_000, 1, ["r.json"])


def test_names_of_devices_on_windows() -> None:
    from eset_portcheck.files.replacement import is_device

    assert all(map(is_device, ("NUL.json", "con.txt", "Com1.html", "LPT¹.md", "aux .csv", "r:x.json", "CONIN$", "nul")))
    assert not any(map(is_device, ("null.json", "report.json", "com10.html", "a.nul.json", "console.txt")))
