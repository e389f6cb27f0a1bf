"""Words on the command line, files and their names that hold anything: one clear line, nothing that a terminal would
obey."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command

REPORTS = Path(__file__).parents[1] / "unit" / "reports"
WORDS = {
    "ansi": "\x1b[2J\x1b[31mred\x9b31m",
    "osc": "\x1b]52;c;ZXZpbA==\x07\x1b]8;;http://evil.test\x1b\\x\x9d0;t\x9c",
    "bidi": "\u202egpj.exe\u2066",
    "zero-width": "a\u200bb\ufeff",
    "lines": "one\r\ntwo\u2028three\x85",
    "markup": "[red]<script>alert(1)</script>[/red] {0} %s {{7*7}}",
    "surrogate": "caf\udce9",
    "long": "x" * 100_000,
    "option": "--frobnicate=\x1b[31m\x9b",
    "shell": "$(id); `id` | nc 'x",
}
COMMANDS: dict[str, list[str]] = {
    "explain": ["explain", "WORD"],
    "explain-row": ["explain", "agent.server.WORD"],
    "explain-value": ["explain", "deploy-source.target@WORD.tcp-445"],
    "show": ["show", "WORD"],
    "role": ["check", "--role", "WORD"],
    "server": ["check", "--role", "agent", "--server", "WORD", "--dry-run"],
    "set": ["check", "--role", "agent", "--server", "x", "--set", "WORD"],
    "set-value": ["check", "--role", "agent", "--server", "x", "--set", "realm=WORD"],
    "only": ["check", "--role", "agent", "--server", "x", "--only", "WORD", "--dry-run"],
    "file": ["check", "--role", "agent", "--server", "x", "--site", "WORD"],
    "output": ["check", "--role", "agent", "--server", "x", "-o", "WORD"],
    "format": ["check", "--role", "agent", "--format", "WORD"],
    "seconds": ["check", "--role", "agent", "--timeout", "WORD"],
    "option": ["check", "WORD"],
    "command": ["WORD"],
    "report": ["report", "WORD"],
    "compare": ["compare", "WORD", "WORD"],
    "bundle": ["bundle", "WORD"],
    "map": ["report", str(REPORTS / "ready.json"), "--redact", "strict", "--map", "WORD/x"],
    "rules": ["rules", "--role", "WORD", "--for", "WORD"],
    "demo": ["demo", "--role", "WORD", "--break", "WORD"],
}
OBEYED = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_words_are_told_safely(tmp_path: Path, command: str, word: str) -> None:
    arguments = [one.replace("WORD", WORDS[word]) for one in COMMANDS[command]]
    script = "import sys; from eset_portcheck.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, cwd=tmp_path, timeout=60, check=False
    )
    told = done.stderr.decode() + done.stdout.decode()
    # Values are passed over; IDNA drops what has no width.
    is_taken = command == "explain-value" or (command, word) == (
        "server",
        "zero-width",
    )
    assert done.returncode in ((0, 2) if is_taken else (2,)), told[:500]
    assert not OBEYED.search(told), ascii(told[:500])
    assert "Traceback" not in told
    assert "internal error" not in told
    assert len(told) < 8000


@pytest.mark.parametrize("word", [name for name in WORDS if name != "long"])
def test_files_of_any_name_are_written_and_told_safely(portcheck: Command, tmp_path: Path, word: str) -> None:
    """What a file system takes as a name, a user may give."""
    name = WORDS[word].replace("/", "_") + "x"
    if name.startswith("-"):
        name = f"./{name}"
    ready = str(REPORTS / "ready.json")
    told = [
        portcheck("report", ready, "-o", f"{name}.json"),
        portcheck("report", ready, "--redact", "strict", "--map", f"{name}.map", "-q"),
        portcheck("compare", ready, f"{name}.json", "-o", f"{name}.md"),
        portcheck("bundle", f"{name}.json", "-o", f"{name}.zip"),
    ]
    assert [one.code for one in told] == [0, 0, 0, 0], [one.err for one in told]
    assert not [ascii(one.out + one.err) for one in told if OBEYED.search(one.out + one.err)]
    assert json.loads((tmp_path / f"{name}.json").read_bytes())["run"]["id"]


def test_a_report_file_of_anything(portcheck: Command, tmp_path: Path) -> None:
    """Errors name the place with the file's own words in it."""
    plain = json.loads((REPORTS / "ready.json").read_bytes())
    for number, word in enumerate(WORDS.values()):
        content = plain | {"checks": [plain["checks"][0] | {"verdict": word, word: 1}]}
        (tmp_path / "x.json").write_bytes(json.dumps(content).encode())
        for command in (["report", "x.json"], ["compare", "x.json", "x.json"], ["bundle", "x.json"]):
            ended = portcheck(*command)
            assert ended.code == 2, number
            assert not OBEYED.search(ended.err), ascii(ended.err)
            assert len(ended.err) < 1000
