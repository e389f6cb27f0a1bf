"""A wheel in an empty virtual environment, away from the repository: profiles and texts travel in it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(command: list[str], cwd: Path, **changed: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SSL_CERT_FILE")} | changed
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)


def test_the_wheel_stands_alone(tmp_path: Path) -> None:
    built = run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)],
        tmp_path,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("eset_portcheck-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "eset_portcheck/profiles/agent.toml" in names
    assert {"eset_portcheck/py.typed", "eset_portcheck/__init__.pyi"} <= set(names), "types for the programs of users"
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("eset_portcheck/report.schema.json") == (ROOT / "docs" / "report.schema.json").read_bytes()
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]
    made = run([sys.executable, "-m", "venv", str(tmp_path / "empty")], tmp_path)
    assert made.returncode == 0, made.stderr
    python = tmp_path / "empty/bin/python"
    installed = run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)], tmp_path
    )
    assert installed.returncode == 0, installed.stderr
    program = str(tmp_path / "empty/bin/eset-portcheck")
    roles = run([program, "roles"], tmp_path)
    assert (roles.returncode, "mobile-device" in roles.stdout) == (0, True)
    demo = run([program, "demo", "--format", "json"], tmp_path)
    assert demo.returncode == 0, demo.stderr
    (tmp_path / "demo.json").write_text(demo.stdout, encoding="utf-8")
    packed = run([program, "bundle", "demo.json", "-o", "demo.zip"], tmp_path)
    assert packed.returncode == 0, packed.stderr
    with zipfile.ZipFile(tmp_path / "demo.zip") as archive:
        assert {"report.html", "report.md", "report.json"} < set(archive.namelist()), (
            "templates and style sheet travel too"
        )
    explained = run([program, "explain", "TCP_NO_ANSWER"], tmp_path)
    assert (explained.returncode, len(explained.stdout) > 400) == (0, True)
    spoken = run([program, "explain", "TCP_NO_ANSWER", "--lang", "es"], tmp_path, PYTHONIOENCODING="utf-8")
    assert (spoken.returncode, "Qué se comprueba" in spoken.stdout, "administrador del servidor" in spoken.stdout) == (
        0,
        True,
        True,
    ), "reasons.es.toml, es.mo"
    missing = run([program, "check", "--role", "deploy-source", "--target", "127.0.0.1", "--dry-run"], tmp_path)
    assert missing.returncode == 0, missing.stderr
