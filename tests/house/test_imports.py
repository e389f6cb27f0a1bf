"""What is loaded for what: an allow-list, no clock."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STDLIB = set(sys.stdlib_module_names) | {"__main__"}


def loaded(code: str) -> set[str]:
    """Top-level modules beyond the standard library after running `code`, with `arguments` on the command line."""
    script = f"import sys\n{code}\nimport json; print('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    """It ends by os._exit; here something is asked afterwards."""
    leave = "import os\nos._exit = sys.exit"
    return f"{leave}\nsys.argv = ['x', *{list(arguments)!r}]\nfrom eset_portcheck.__main__ import main\ntry:\n    main()\nexcept SystemExit:\n    pass"


def foreign(modules: set[str]) -> set[str]:
    # The last: msgspec looks for it.
    return {name.partition(".")[0] for name in modules} - STDLIB - {"eset_portcheck", "typing_extensions"}


def site_modules() -> set[str]:
    """What this Python's site packages load by themselves (editable installs)."""
    return loaded("")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["check", "--help"]])
def test_a_look_at_the_program_loads_nothing_of_weight(arguments: list[str]) -> None:
    modules = loaded(command(*arguments)) - site_modules()
    assert foreign(modules) == set()
    assert not {"asyncio", "ssl", "socket", "subprocess", "typing_extensions"} & {
        name for name in modules if "." not in name
    }


def test_the_version_loads_no_parser() -> None:
    assert not {"argparse", "typing"} & (loaded(command("--version")) - site_modules()), (
        "until the handlers stand, a signal is the system's"
    )


def test_a_role_run_as_json_loads_only_what_it_needs(tmp_path: Path) -> None:
    """One closed port on loopback: no table, no certificates, no names, no protocols but its own."""
    (tmp_path / "site.toml").write_text('server = "127.0.0.1"\nserver_port = 9\n')
    arguments = [
        "check",
        "--role",
        "agent",
        "--site",
        str(tmp_path / "site.toml"),
        "--only",
        "agent.server.*",
        "--format",
        "json",
        "--timeout",
        "2",
    ]
    modules = loaded(command(*arguments)) - site_modules()
    assert foreign(modules) <= {"msgspec", "psutil"}
    assert "eset_portcheck.certificates.judge" not in modules
    assert {name for name in modules if name.startswith("eset_portcheck.protocols.")} == {
        "eset_portcheck.protocols.tls"
    }
    assert not {name for name in modules if name.startswith("eset_portcheck.standins")}


def test_a_dry_run_loads_no_network(tmp_path: Path) -> None:
    modules = loaded(command("check", "--role", "agent", "--server", "x", "--dry-run")) - site_modules()
    assert foreign(modules) <= {"msgspec"}


LAYOUTS = [
    *(ROOT / "eset_portcheck/render").glob("*.py"),
    *(ROOT / "eset_portcheck/render/html").glob("*.py"),
    *(ROOT / "eset_portcheck/render/comparison").glob("[!v]*.py"),
]
# what orders, counts or judges rows; and functions of the view room that the view model calls for all
_CONCLUDES = {
    "WORST_FIRST",
    "worst",
    "gravity",
    "Counter",
    "group_of",
    "deciding",
    "causes",
    "ungrouped",
    "numbers",
    "arranged",
    "shown",
}


def test_layouts_take_what_the_view_model_has() -> None:
    """Otherwise two formats could say two things. Imports are what the contracts do not see: single names."""
    taken = {}
    for path in LAYOUTS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (found := {one.name for one in node.names} & _CONCLUDES):
                taken[path.name] = found
    assert len(LAYOUTS) > 20
    assert taken == {}
