"""`bundle`: one zip, the same bytes for the same report, checked by programs that are not ours."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eset_portcheck import render

REPORT = Path(__file__).parents[1] / "unit" / "reports" / "dropped.json"


def portcheck(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "eset_portcheck", *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return tmp_path


def test_what_it_holds_and_that_others_can_check_it(here: Path) -> None:
    done = portcheck("bundle", str(REPORT), cwd=here)
    assert (done.returncode, done.stdout) == (0, "eset-portcheck-00000000.zip\n")
    unpacked = here / "unpacked"
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-q", str(here / "eset-portcheck-00000000.zip"), "-d", str(unpacked)], check=True)
    else:
        shutil.unpack_archive(here / "eset-portcheck-00000000.zip", unpacked)
    names = {path.name for path in unpacked.iterdir()}
    assert names == {"report.json", "report.md", "manifest.json", "SHA256SUMS"} | ({"report.html"} if "html" in render.FORMATS else set())
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=unpacked, check=True)
    manifest = json.loads((unpacked / "manifest.json").read_text())
    assert manifest["report_id"] == json.loads((unpacked / "report.json").read_text())["run"]["id"]
    assert {one["name"] for one in manifest["files"]} == names - {"manifest.json", "SHA256SUMS"}


def test_the_same_report_makes_the_same_bytes(here: Path) -> None:
    for name in ("a.zip", "b.zip"):
        assert portcheck("bundle", str(REPORT), "-o", name, cwd=here).returncode == 0
    assert (here / "a.zip").read_bytes() == (here / "b.zip").read_bytes()


def test_a_file_that_is_there_stays_unless_forced(here: Path) -> None:
    (here / "a.zip").write_text("precious")
    done = portcheck("bundle", str(REPORT), "-o", "a.zip", cwd=here)
    assert (done.returncode, (here / "a.zip").read_text()) == (2, "precious")
    assert "is there already" in done.stderr
    assert portcheck("bundle", str(REPORT), "-o", "a.zip", "--force", cwd=here).returncode == 0
    assert (here / "a.zip").read_bytes().startswith(b"PK")


@pytest.mark.parametrize("arguments", [("-o", "a.tar"), ("-o", "none/a.zip"), ("--lang", "tlh")])
def test_wrong_use(here: Path, arguments: tuple[str, ...]) -> None:
    done = portcheck("bundle", str(REPORT), *arguments, cwd=here)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert list(here.iterdir()) == []


def test_an_id_from_elsewhere_makes_no_path(here: Path) -> None:
    content = json.loads(REPORT.read_text())
    content["run"]["id"] = "../../\x1b[31mevil/" + "x" * 500
    (here / "in.json").write_text(json.dumps(content))
    done = portcheck("bundle", "in.json", cwd=here)
    assert (done.returncode, done.stdout) == (0, "eset-portcheck-31mevilxxxxxxxxxxxxxxxxxxxxxxxx.zip\n")
