"""`compare` as a user meets it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

REPORTS = Path(__file__).parents[1] / "unit" / "reports"
READY, DROPPED = str(REPORTS / "ready.json"), str(REPORTS / "dropped.json")


def test_exit_codes_and_outputs(portcheck: Command, tmp_path: Path) -> None:
    worse = portcheck("compare", READY, DROPPED, "-o", "c.json", "-o", "c.txt")
    assert worse.code == 1
    assert worse.out.startswith("agent on pc-0427.corp.example: REGRESSED: 2 broken")
    assert json.loads((tmp_path / "c.json").read_text())["summary"]["regressed"] == ["agent.server.tcp-2222"]
    assert "REGRESSED" in (tmp_path / "c.txt").read_text()
    assert portcheck("compare", DROPPED, READY).code == 0
    same = portcheck("compare", READY, READY, "--format", "json")
    assert (same.code, same.report["kind"], same.report["differences"]) == (0, "comparison", [])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "truncated"),
        (b'{"schema_version": "1.0.0"', "truncated"),
        (b"\xff\xfe{}", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "schema_version"),
        pytest.param(b'{"a":' + b"[" * 200_000, "nested too deeply", id="deep"),
        (
            Path(READY).read_bytes().replace(b'"verdict": "pass"', b'"verdict": "passed"', 1),
            "checks[0].verdict: Invalid",
        ),
        (Path(READY).read_bytes().replace(b"agent.push.tcp-443", b"agent.push.tcp-8883"), "appears twice"),
        (Path(REPORTS / "deployment.json").read_bytes(), "no check in common (roles: agent and deploy-source)"),
    ],
)
def test_unreadable_files_are_one_line_and_exit_2(
    portcheck: Command, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    ended = portcheck("compare", READY, "bad.json")
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert (
        len(
            [
                line
                for line in ended.err.splitlines()
                if "computed again" not in line and "only from the file" not in line
            ]
        )
        == 1
    )


@pytest.mark.parametrize(
    "arguments",
    [["nowhere.json", READY], [READY, "."], [READY], [READY, DROPPED, "-o", "x.docx"], [READY, "a\x1b[31m.json"]],
)
def test_wrong_use(portcheck: Command, arguments: list[str]) -> None:
    ended = portcheck("compare", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "\x1b" not in ended.err
    assert "Traceback" not in ended.err
