"""Started in a folder that somebody else has filled: no module, program or setting comes from there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.test_programs import planted

PROGRAM = Path(sys.executable).with_name("eset-portcheck")
BEFORE_US = {
    "importlib",
    "runpy",
    "pkgutil",
    "eset_portcheck",
    "encodings",
    "codecs",
    "io",
    "abc",
    "os",
    "stat",
    "site",
    "posixpath",
    "ntpath",
    "genericpath",
    "types",
    "warnings",
    "re",
    "enum",
    "functools",
}
OURS = (
    "msgspec",
    "jinja2",
    "rich",
    "dns",
    "h11",
    "psutil",
    "certifi",
    "markupsafe",
    "cryptography",
    "OpenSSL",
    "pyasn1",
    "markdownify",
    "defusedcsv",
    "sitecustomize",
    "usercustomize",
)
COMMANDS = [
    ["roles"],
    ["explain", "TCP_NO_ANSWER", "--lang", "es"],
    ["demo", "--format", "html"],
    ["ports", "--role", "webconsole", "--no-detect", "--format", "csv"],
]


def shadows(folder: Path, names: set[str]) -> Path:
    for name in names:
        (folder / f"{name}.py").write_text(
            f"open({str(folder / 'IMPORTED')!r}, 'a').write({name!r} + '\\n')\nraise ImportError({name!r})\n"
        )
    return folder / "IMPORTED"


def run(command: list[str], folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | environment
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_console_script_imports_nothing_from_the_working_directory(tmp_path: Path, command: list[str]) -> None:
    imported = shadows(tmp_path, {*sys.stdlib_module_names, *OURS} - {"this", "antigravity"})
    done = run([str(PROGRAM), *command], tmp_path)
    assert not imported.exists(), imported.read_text()
    assert done.returncode in (0, 1, 3), done.stderr


@pytest.mark.parametrize("how", ["module", "PYTHONPATH=:", "PYTHONPATH=.", "PYTHONPATH=sub/.."])
def test_once_it_runs_the_working_directory_is_no_place_for_modules(tmp_path: Path, how: str) -> None:
    """What Python imports before our first line is beyond us (docs/files-and-programs.md); of all else nothing comes
    from here."""
    (tmp_path / "sub").mkdir()
    ahead = run([sys.executable, "-c", "import sys, re, runpy, pkgutil; print(*sys.modules)"], tmp_path).stdout.split()
    imported = shadows(
        tmp_path,
        {*sys.stdlib_module_names, *OURS}
        - {"this", "antigravity", "sitecustomize", "usercustomize"}
        - BEFORE_US
        - {name.partition(".")[0] for name in ahead},
    )
    environment = {"PYTHONPATH": how.partition("=")[2]} if "=" in how else {}
    line = [str(PROGRAM)] if environment else [sys.executable, "-m", "eset_portcheck"]
    for command in COMMANDS:
        done = run([*line, *command], tmp_path, **environment)
        assert not imported.exists(), imported.read_text()
        assert done.returncode in (0, 1, 3), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX paths")
def test_nothing_is_read_from_the_working_directory(tmp_path: Path) -> None:
    """No setting, template or catalogue: the program opens no file there that was not named to it."""
    code = (
        "import os, sys\n"
        f"here, opened = {str(tmp_path)!r}, []\n"
        "def note(event, details):\n"
        "    if event in ('open', 'os.listdir', 'os.scandir') and isinstance(details[0], (str, bytes, os.PathLike)):\n"
        "        path = os.path.abspath(os.fsdecode(details[0]))\n"
        "        if path.startswith(here): opened.append(path)\n"
        "sys.addaudithook(note)\n"
        "from eset_portcheck.__main__ import main\n"
        "sys.argv = ['eset-portcheck', *sys.argv[1:]]\n"
        "os._exit = sys.exit\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "assert not opened, opened\n"
        "print('nothing opened')\n"
    )
    for command in COMMANDS:
        done = run([sys.executable, "-P", "-c", code, *command], tmp_path)
        assert done.stdout.rstrip().endswith("nothing opened"), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces")
def test_root_in_a_strange_folder_runs_the_systems_nft(tmp_path: Path) -> None:
    """With rules in the kernel `nft` is really asked; an empty entry of PATH ran ./nft."""
    if (
        os.geteuid() != 0
        or not shutil.which("unshare")
        or subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs root and network namespaces")
    nft = shutil.which("nft", path="/usr/sbin:/sbin")
    if nft is None:
        pytest.skip("no nft here")
    ran = planted(tmp_path)
    rules = "add table inet x; add chain inet x in { type filter hook input priority 0; policy drop; }"
    line = f"{nft} '{rules}' && exec {PROGRAM} ports --role server --no-detect --format json"
    done = run([shutil.which("unshare"), "--net", "/bin/sh", "-c", line], tmp_path, PATH=f":{tmp_path}:.")
    assert '"state": "readable"' in done.stdout, done.stderr
    assert not ran.exists(), ran.read_text()
