"""`bundle`: one zip, the same bytes for the same report, checked by programs that are not ours."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from eset_portcheck import render
from eset_portcheck.loading.reports import load_report
from eset_portcheck.rejudging import rejudged

REPORT = Path(__file__).parents[1] / "fixtures" / "reports" / "1.0.0" / "families.json"
ID = rejudged(load_report(REPORT).report).run.id


def portcheck(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "eset_portcheck", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return tmp_path


def test_what_it_holds_and_that_others_can_check_it(here: Path) -> None:
    done = portcheck("bundle", str(REPORT), cwd=here)
    assert (done.returncode, done.stdout) == (0, f"eset-portcheck-{ID}.zip\n")
    unpacked, archive = here / "unpacked", str(here / f"eset-portcheck-{ID}.zip")
    if shutil.which("unzip"):
        told = subprocess.run(["unzip", "-t", archive], check=True, capture_output=True, text=True)
        assert "No errors detected" in told.stdout
        subprocess.run(["unzip", "-q", archive, "-d", str(unpacked)], check=True)
    else:
        shutil.unpack_archive(archive, unpacked)
    names = {path.name for path in unpacked.iterdir()}
    assert names == {"report.json", "report.md", "manifest.json", "SHA256SUMS"} | (
        {"report.html"} if "html" in render.FORMATS else set()
    )
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=unpacked, check=True)
    manifest = json.loads((unpacked / "manifest.json").read_text())
    assert manifest["report_id"] == json.loads((unpacked / "report.json").read_text())["run"]["id"]
    assert {one["name"] for one in manifest["files"]} == names - {"manifest.json", "SHA256SUMS"}


def test_it_holds_what_report_renders(here: Path) -> None:
    portcheck("bundle", str(REPORT), "-o", "a.zip", "--lang", "es", cwd=here)
    with zipfile.ZipFile(here / "a.zip") as archive:
        for name in ("report.html", "report.json", "report.md"):
            assert portcheck("report", str(REPORT), "-o", name, "--lang", "es", cwd=here).returncode == 0
            assert archive.read(name) == (here / name).read_bytes()


def test_the_same_report_makes_the_same_bytes(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another time zone, language, random order of tables and hour; whatever zlib is there."""
    for name, zone, language, seed in (("a.zip", "UTC", "C.UTF-8", "1"), ("b.zip", "Asia/Tokyo", "de_DE.UTF-8", "2")):
        for variable, value in (("TZ", zone), ("LANG", language), ("PYTHONHASHSEED", seed)):
            monkeypatch.setenv(variable, value)
        (here / name).unlink(missing_ok=True)
        assert portcheck("bundle", str(REPORT), "-o", name, cwd=here).returncode == 0
    assert (here / "a.zip").read_bytes() == (here / "b.zip").read_bytes()
    with zipfile.ZipFile(here / "a.zip") as archive:
        entries = archive.infolist()
    assert {(one.date_time, one.compress_type, one.create_system, one.external_attr >> 16) for one in entries} == {
        ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, 3, 0o100644)
    }


def test_a_file_that_is_there_stays_unless_forced(here: Path) -> None:
    (here / "a.zip").write_text("precious")
    done = portcheck("bundle", str(REPORT), "-o", "a.zip", cwd=here)
    assert (done.returncode, (here / "a.zip").read_text()) == (2, "precious")
    assert "already exists" in done.stderr
    assert portcheck("bundle", str(REPORT), "-o", "a.zip", "--force", cwd=here).returncode == 0
    assert (here / "a.zip").read_bytes().startswith(b"PK")
    assert [path.name for path in here.iterdir()] == ["a.zip"]


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of POSIX")
def test_a_full_disk_leaves_nothing(here: Path) -> None:
    """What cannot be written whole is not there; what was there stays."""
    (here / "a.zip").write_text("precious")
    limited = f"export PYTHONDONTWRITEBYTECODE=1; ulimit -f 8; trap '' XFSZ; exec {sys.executable} -m eset_portcheck bundle {REPORT} -o"
    for name, force in (("b.zip", ""), ("a.zip", "--force")):
        done = subprocess.run(
            ["bash", "-c", f"{limited} {name} {force}"],
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, "cannot be written: File too large" in done.stderr) == (2, True), done.stderr
    assert [(path.name, path.read_text()) for path in here.iterdir()] == [("a.zip", "precious")]


@pytest.mark.parametrize("arguments", [("-o", "a.tar"), ("-o", "none/a.zip"), ("--lang", "tlh")])
def test_wrong_use(here: Path, arguments: tuple[str, ...]) -> None:
    done = portcheck("bundle", str(REPORT), *arguments, cwd=here)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert list(here.iterdir()) == []


def test_an_id_from_elsewhere_makes_no_path(here: Path) -> None:
    # Judged already, and without a word of what that changed, so that it goes out as it came in.
    content = msgspec.to_builtins(rejudged(rejudged(load_report(REPORT).report)))
    content["run"]["id"] = "../../\x1b[31mevil/" + "x" * 500
    (here / "in.json").write_text(json.dumps(content))
    done = portcheck("bundle", "in.json", cwd=here)
    assert (done.returncode, done.stdout) == (0, "eset-portcheck-31mevilxxxxxxxxxxxxxxxxxxxxxxxx.zip\n")
