"""`report`: files from elsewhere, rendered and judged anew; whatever is wrong with one is named by its place."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eset_portcheck.model.report import from_json, identity

SAMPLES = Path(__file__).parents[1] / "unit" / "reports"
DROPPED = SAMPLES / "dropped.json"


def portcheck(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "eset_portcheck", *arguments], input=given, capture_output=True, check=False, timeout=60
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A report of this version, with the id of its content."""
    made = portcheck("demo", "--break", "close", "--format", "json")
    (tmp_path / "fresh.json").write_bytes(made.stdout)
    return tmp_path / "fresh.json"


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_golden_reports_stay_readable(sample: Path) -> None:
    done = portcheck("report", str(sample))
    assert done.returncode == 0
    assert all(
        b"evaluated again" in line
        or b"computed again" in line
        or b"checks of its roles are missing" in line
        or b"only from the file" in line
        or line.startswith(b"  ")
        for line in done.stderr.splitlines()
    ), "made by older rules"
    assert json.loads(sample.read_text())["run"]["roles"][0].encode() in done.stdout.splitlines()[0]


def test_json_comes_out_as_it_went_in(fresh: Path) -> None:
    assert portcheck("report", str(fresh), "--format", "json").stdout == fresh.read_bytes()


def test_standard_input_and_files(fresh: Path, tmp_path: Path) -> None:
    done = portcheck(
        "report", "-", "-o", str(tmp_path / "again.json"), "-o", str(tmp_path / "again.txt"), given=fresh.read_bytes()
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert from_json((tmp_path / "again.json").read_bytes()) == from_json(fresh.read_bytes())
    assert b"CLOSED_BEFORE_REPLY" in (tmp_path / "again.txt").read_bytes()


def test_the_id_is_that_of_the_content_and_a_changed_report_is_told(fresh: Path) -> None:
    content = json.loads(fresh.read_text())
    assert content["run"]["id"] in portcheck("report", str(fresh)).stdout.decode()
    content["checks"][0]["verdict"] = "pass"
    done = portcheck("report", "-", given=json.dumps(content).encode())
    assert done.returncode == 0
    assert b"the file was changed" in done.stderr


def test_fields_of_a_later_version_are_tolerated_and_go_no_further(fresh: Path) -> None:
    """They may be private in a way that nobody here can know."""
    content: dict[str, Any] = json.loads(fresh.read_text())
    content |= {"schema_version": "1.9.0", "later": {"field": 1}}
    content["checks"][0]["later"] = [1, "\x1b[2J"]
    content["checks"][1]["attempts"][0]["stages"][0]["\x1b[2J\u202e"] = None
    content["host"]["os"]["kernel"] = "a fact, which every version takes as it is"
    content["run"]["id"] = identity(content)
    done = portcheck("report", "-", "--format", "json", given=json.dumps(content).encode())
    assert done.returncode == 0
    told = done.stderr.decode()
    assert "left out (checks[0].later, checks[1].attempts[0].stages[0].\\x1b[2J\\u202e, later)" in told
    assert (told.count("\n"), told.isascii(), "changed since" in told) == (1, True, False)
    again = portcheck("report", "-", "--format", "json", given=done.stdout)
    assert (again.stdout, again.stderr) == (done.stdout, b""), "what is written has the id of its content"
    left = json.loads(done.stdout)
    assert (left["run"].pop("id") != content["run"].pop("id"), left["host"], "later" in left) == (
        True,
        content["host"],
        False,
    )


def test_a_changed_report_is_never_given_a_new_id(fresh: Path) -> None:
    content = json.loads(fresh.read_text()) | {"later": 1}
    done = portcheck("report", "-", "--format", "json", given=json.dumps(content).encode())
    assert b"the file was changed" in done.stderr
    assert json.loads(done.stdout)["run"]["id"] == content["run"]["id"]


def changed(**values: Any) -> bytes:
    return json.dumps(json.loads(DROPPED.read_text()) | values).encode()


def with_row(**values: Any) -> bytes:
    content = json.loads(DROPPED.read_text())
    content["checks"][2] |= values
    return json.dumps(content).encode()


BROKEN = {
    "empty": (b"", "not valid JSON, or incomplete"),
    "cut": (DROPPED.read_bytes()[:1500], "not valid JSON, or incomplete"),
    "no-json": (b"<html>", "not valid JSON, or incomplete"),
    "binary": (bytes(range(256)), "not valid JSON, or incomplete"),
    "not-utf-8": (b'{"schema_version": "\xff\xfe"}', "not valid JSON, or incomplete"),
    "nan": (b'{"schema_version": NaN}', "not valid JSON, or incomplete"),
    "list": (b"[]", "not a report: it must be a JSON object"),
    "foreign": (b'{"a": 1}', "schema_version: not a report of this program"),
    "major": (changed(schema_version="2.0.0"), "schema_version: 2.0.0 is not supported"),
    "version": (changed(schema_version="\x1b[31m"), "schema_version: not a report of this program"),
    "port": (with_row(port="x"), "checks[2].port: Expected `int`, got `str`"),
    "verdict": (with_row(verdict="great"), "checks[2].verdict: Invalid enum value 'great'"),
    "hostile": (with_row(verdict="\x1b[2J\u202e"), "checks[2].verdict"),
    "missing": (changed(host=None), "host: Expected `object`, got `null`"),
    "deep": (b'{"schema_version":"1.0.0","later":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    "deep-enough": (
        with_row(attempts=[{"reply": {"a": json.loads("[" * 70 + "]" * 70)}}]),
        "checks: nested too deeply",
    ),
    "many": (b'{"schema_version":"1.0.0","later":[' + b"[]," * 2_000_001 + b"[]]}", "more than 2000000 values"),
    "surrogate": (
        with_row(target="x").replace(b'"target": "x"', b'"target": "\\ud800"'),
        "not valid JSON, or incomplete",
    ),
    "twice": (with_row(id=json.loads(DROPPED.read_text())["checks"][0]["id"]), "checks[2].id: appears twice"),
    "huge-number": (with_row(port=10**400), "checks[2].port"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_report_is_refused_with_its_place(what: str) -> None:
    given, fault = BROKEN[what]
    done = portcheck("report", "-", given=given)
    told = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert fault in told
    assert told.count("\n") == 1
    assert told.strip().isprintable()
    assert told.isascii()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = portcheck("report", str(tmp_path / "none.json"))
    assert (done.returncode, b"cannot be read: No such file" in done.stderr) == (2, True)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /dev/zero")
def test_what_has_no_end_is_refused() -> None:
    """No more is read than one byte above the limit, and of a device nothing."""
    for name, said in (("/dev/zero", b"is a device"), ("-", b"larger than 64 MiB")):
        command = f"exec {sys.executable} -m eset_portcheck report {name} </dev/zero"
        done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=60)
        assert (done.returncode, said in done.stderr) == (2, True)


def test_nothing_is_lost_when_the_report_is_broken(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("precious")
    assert portcheck("report", "-", "-o", str(kept), given=b"{}").returncode == 2
    assert kept.read_text() == "precious"


def test_todays_rules_say_the_same_of_todays_facts(fresh: Path) -> None:
    done = portcheck("report", str(fresh), "--rediagnose", "--format", "json")
    anew, before = json.loads(done.stdout), json.loads(fresh.read_text())
    assert anew["rediagnosis"]["changed"] == []
    assert (anew["checks"], anew["causes"], anew["summary"]) == (before["checks"], before["causes"], before["summary"])


def test_rows_of_this_machine_are_judged_anew_alike(tmp_path: Path) -> None:
    made = portcheck("ports", "--role", "server", "--no-detect", "--format", "json")
    done = portcheck("report", "-", "--rediagnose", "--format", "json", given=made.stdout)
    before, anew = json.loads(made.stdout), json.loads(done.stdout)
    assert (anew["checks"], anew["causes"], anew["summary"]) == (before["checks"], before["causes"], before["summary"])


def test_a_file_may_be_written_in_its_own_place(fresh: Path) -> None:
    assert portcheck("report", str(fresh), "--rediagnose", "-o", str(fresh)).returncode == 0
    assert json.loads(fresh.read_text())["rediagnosis"]["changed"] == []
    again = portcheck("report", str(fresh))
    assert (again.returncode, again.stderr) == (0, b"")


def test_many_changed_rows_do_not_flood_the_terminal(fresh: Path) -> None:
    content = json.loads(fresh.read_text())
    row = content["checks"][0] | {"verdict": "warn", "reason": "CONNECTED"}
    content["checks"] = [row | {"id": f"{row['id']}.{number}"} for number in range(100)]
    done = portcheck("report", "-", "--rediagnose", "-q", given=json.dumps(content).encode())
    assert (done.returncode, done.stderr.count(b"\n"), b"and 60 more" in done.stderr) == (0, 45, True)


def test_other_rules_are_shown_row_by_row(fresh: Path) -> None:
    content = json.loads(fresh.read_text())
    row = next(one for one in content["checks"] if one["reason"] == "CLOSED_BEFORE_REPLY")
    row |= {"verdict": "pass", "reason": "CONNECTED"}
    done = portcheck("report", "-", "--rediagnose", given=json.dumps(content).encode())
    line = f"{row['id']}: pass CONNECTED -> fail CLOSED_BEFORE_REPLY"
    assert line in done.stderr.decode()
    assert line in done.stdout.decode()


def test_the_other_language() -> None:
    assert "NO LISTO" in portcheck("report", str(DROPPED), "--lang", "es").stdout.decode()
