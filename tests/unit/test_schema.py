"""The published schema: of this model, and true of real reports by a validator that is not ours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from eset_portcheck.model.report import SCHEMA_VERSION
from tests.unit.sample_reports import REPORTS

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())


def test_it_is_of_this_model() -> None:
    subprocess.run(
        [sys.executable, "docs/render_schema.py", "--check"], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=True
    )
    assert SCHEMA["$id"].endswith(SCHEMA_VERSION)
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("sample", sorted(Path(REPORTS).glob("*.json")), ids=lambda path: path.stem)
def test_samples_are_valid(sample: Path) -> None:
    Draft202012Validator(SCHEMA).validate(json.loads(sample.read_text()))


def test_a_live_report_is_valid() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "eset_portcheck", "demo", "--break", "close", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    Draft202012Validator(SCHEMA).validate(json.loads(made.stdout))


def test_what_is_wrong_is_found() -> None:
    content = json.loads((Path(REPORTS) / "ready.json").read_text())
    content["checks"][0]["port"] = 70_000
    del content["summary"]["exit_code"]
    places = {".".join(map(str, error.absolute_path)) for error in Draft202012Validator(SCHEMA).iter_errors(content)}
    assert places == {"checks.0.port", "summary"}
