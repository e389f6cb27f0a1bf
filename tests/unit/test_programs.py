"""Which program runs, and with what: the caller's PATH, folder and environment have no say."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eset_portcheck.host import commands, linux, programs

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes files of root")
NAMES = (
    "nft",
    "iptables",
    "iptables-save",
    "iptables-nft-save",
    "iptables-legacy-save",
    "ip6tables-nft-save",
    "ss",
    "ufw",
    "netsh",
    "netsh.exe",
    "powershell",
    "powershell.exe",
    "uname",
    "ip",
)


def planted(folder: Path) -> Path:
    """Programs by every name that is run, each of which leaves a mark."""
    for name in NAMES:
        (folder / name).write_text(f"#!/bin/sh\necho {name} >>{folder}/RAN\necho '{{}}'\n")
        (folder / name).chmod(0o755)
    return folder / "RAN"


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A folder that only root could write to, were it below / alone."""
    made = tmp_path / "sbin"
    made.mkdir(mode=0o755)
    (made / "lister").write_text("#!/bin/sh\nenv; pwd\n")
    (made / "lister").chmod(0o755)
    return made


@posix
@pytest.mark.parametrize("path", ["", ":/usr/bin", ".", "/usr/bin:", "{here}:/usr/bin", None])
def test_nothing_from_the_working_directory_or_path_is_run(tmp_path: Path, path: str | None) -> None:
    """An empty entry of PATH is the working directory: `./nft` ran as root."""
    ran = planted(tmp_path)
    env = {"LANG": "C.UTF-8"} | ({} if path is None else {"PATH": path.format(here=tmp_path)})
    code = (
        "import time; from eset_portcheck.host import commands, linux, nftables, windows_firewall, windows\n"
        "nftables._OLD_NAMES = {}\n"
        "for name in " + repr(NAMES) + ":\n"
        "    try: commands.listed([name, '--version'], time.monotonic() + 5, 1 << 20)\n"
        "    except commands.NotListed: pass\n"
        "linux.tools(); nftables.read(); windows_firewall.read()\n"
        "try: nftables._new([('inet', 'x')], time.monotonic() + 5)\n"
        "except commands.NotListed: pass\n"
        "try: windows._netsh('int')\n"
        "except OSError: pass\n"
        "nftables._legacy('ip', time.monotonic() + 5)\n"
        "print('to the end')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "to the end\n", done.stderr
    assert not ran.exists(), ran.read_text()


@posix
@pytest.mark.parametrize(
    "command",
    [
        ["ports", "--role", "server", "--no-detect"],
        ["demo"],
        ["rules", "--role", "agent", "--server", "127.0.0.1", "--for", "nft", "--no-detect"],
    ],
)
def test_the_commands_run_nothing_of_the_working_directory(tmp_path: Path, command: list[str]) -> None:
    ran = planted(tmp_path)
    program = Path(sys.executable).with_name("eset-portcheck")
    done = subprocess.run(
        [program, *command],
        cwd=tmp_path,
        env={"PATH": ":.", "LANG": "C.UTF-8"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 1, 3), done.stderr
    assert not ran.exists(), ran.read_text()


def test_only_names_are_looked_for() -> None:
    for name in ("./nft", "../usr/sbin/nft", "no-such-program", ""):
        assert programs.found(name) is None


@posix
@as_root
def test_what_another_could_exchange_is_no_program_of_the_system(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Group or others may write, another user owns it, the folder, or a link on the way."""
    lister = system / "lister"
    outside = list(system.parents)
    monkeypatch.setattr(
        programs,
        "_is_shut",
        lambda status, trusted, real=programs._is_shut: (
            real(status, trusted) or any(os.path.samestat(status, one.stat()) for one in outside)
        ),
    )
    assert programs.is_the_systems(str(lister))
    for mode in (0o775, 0o757, 0o777, 0o644):
        lister.chmod(mode)
        assert not programs.is_the_systems(str(lister)), oct(mode)
    lister.chmod(0o755)
    os.chown(lister, 65533, 0)
    assert not programs.is_the_systems(str(lister))
    os.chown(lister, 0, 0)
    system.chmod(0o777)
    assert not programs.is_the_systems(str(lister))
    system.chmod(0o1777)
    assert not programs.is_the_systems(str(lister))
    system.chmod(0o755)
    link = system / "link"
    link.symlink_to("lister")
    assert programs.is_the_systems(str(link))
    os.lchown(link, 65533, 0)
    assert not programs.is_the_systems(str(link))
    elsewhere = system / "open"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    (elsewhere / "hop").symlink_to(lister)
    (system / "through").symlink_to("open/hop")
    assert not programs.is_the_systems(str(system / "through")), "a link in a folder that all may write to"
    (system / "loop").symlink_to("loop")
    assert not programs.is_the_systems(str(system / "loop"))
    assert not programs.is_the_systems(str(system))


@posix
def test_a_command_sees_nothing_of_our_environment_or_folder(
    system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "FOLDERS", (str(system), "/usr/bin", "/bin"))
    monkeypatch.setattr(programs, "is_the_systems", lambda path: Path(path).is_file())
    for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "XTABLES_LIBDIR", "BASH_ENV", "IFS", "SECRET"):
        monkeypatch.setenv(name, "")
    monkeypatch.chdir(tmp_path)
    told = commands.listed(["lister"], time.monotonic() + 20, 1 << 16).decode().split()
    assert {line.partition("=")[0] for line in told if "=" in line} <= {"PATH", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"}
    assert told[-1] == "/"


@posix
def test_what_is_installed_is_found() -> None:
    there = [name for name in linux.FILTER_TOOLS if any(Path(folder, name).exists() for folder in programs.FOLDERS[:4])]
    if Path("/usr/sbin").stat().st_uid == 0 and not Path("/usr/sbin").stat().st_mode & 0o022:
        assert [name for name in linux.tools() if name in there] == there
    assert programs.found("sh") in {f"{folder}/sh" for folder in programs.FOLDERS}


def test_windows_gets_full_paths_and_no_word_of_the_callers() -> None:
    """Profilers of .NET, module folders and SystemRoot are all taken from the environment by default."""
    hostile = dict.fromkeys(
        (
            "SystemRoot",
            "windir",
            "Path",
            "PSModulePath",
            "COR_PROFILER",
            "COR_ENABLE_PROFILING",
            "COMPLUS_Version",
            "DOTNET_STARTUP_HOOKS",
            "ComSpec",
            "PSExecutionPolicyPreference",
        ),
        r"C:\evil",
    )
    made = programs.of_windows(r"D:\Windows\System32", hostile | {"Temp": r"C:\t"})
    assert not any("evil" in value for value in made.values())
    assert made["Temp"] == r"C:\t"
    assert made["PATH"].startswith(r"D:\Windows\System32;D:\Windows;")
    assert made["PSModulePath"] == r"D:\Windows\System32\WindowsPowerShell\v1.0\Modules"
    assert (made["SystemRoot"], made["SystemDrive"]) == (r"D:\Windows", "D:")


def test_windows_programs_are_below_the_systems_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("eset_portcheck.host.programs.os", type("nt", (), {"name": "nt"}))
    monkeypatch.setattr(programs, "_system32", lambda: str(tmp_path))
    monkeypatch.setattr("eset_portcheck.host.programs.ntpath.join", lambda *parts: "/".join(parts))
    (tmp_path / "netsh.exe").touch()
    assert programs.found("netsh") == f"{tmp_path}/netsh.exe"
    assert programs.found("powershell") is None
    assert programs.found("nft") is None
    assert programs.folder() == str(tmp_path)


def test_every_process_is_started_in_one_place() -> None:
    """Whatever else starts one would look along PATH."""
    package = Path(programs.__file__).parents[1]
    for module in package.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        starts = any(
            word in text
            for word in (
                "subprocess",
                "os.system",
                "os.popen",
                "posix_spawn",
                "os.exec",
                "create_subprocess",
                "shutil.which",
            )
        )
        assert starts == (module.name == "commands.py" and module.parent.name == "host"), module
