"""--lang on the command line: Spanish where people read, nothing else in JSON, never from the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests/unit/reports/dropped.json"


def program(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"} | changed
    command = [sys.executable, "-m", "eset_portcheck", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, env=env, timeout=60, check=False)


@pytest.mark.parametrize(
    ("arguments", "spanish", "english"),
    [
        (["explain", "TCP_NO_ANSWER"], "Cómo arreglarlo", "How to fix"),
        (["explain", "agent.server.tcp-2222"], "Demostración exigida: tls", "Required proof"),
        (["explain", "server"], "Más detalles", "More: eset-portcheck"),
        (["explain"], "Sin respuesta al intento de conexión", "No answer"),
        (["roles"], "ejecutar en:", "run on:"),
        (["show", "agent"], "solo si:", "only if:"),
        (["show", "agent", "--site-template"], "el puerto del Servidor para los agentes", "the Server's port"),
        (["check", "--role", "webconsole", "--server", "x", "--dry-run"], "sin tráfico", "no traffic"),
        (["demo", "--role", "webconsole"], "Era un sitio simulado", "simulated"),
        (["report", str(SAMPLE)], "QUÉ FALLA", "WHAT IS WRONG"),
        (["compare", str(SAMPLE), str(SAMPLE)], "NO HA EMPEORADO", "REGRESSION"),
    ],
)
def test_spanish_on_request_only(arguments, spanish, english):
    said = program(*arguments, "--lang", "es")
    assert spanish in said.stdout, said.stderr
    assert english not in said.stdout
    plain = program(*arguments, LANG="es_ES.UTF-8", LC_ALL="es_ES.UTF-8", LANGUAGE="es")
    assert english in plain.stdout
    assert spanish not in plain.stdout
    assert said.returncode == plain.returncode


def test_json_has_no_language():
    made = {lang: program("report", str(SAMPLE), "--format", "json", "--lang", lang).stdout for lang in ("en", "es")}
    assert made["en"] == made["es"]
    assert json.loads(made["es"])["checks"]


def test_a_file_is_written_in_the_language_asked_for(tmp_path):
    file = tmp_path / "informe.txt"
    assert (
        program("report", str(SAMPLE), "--lang", "es", "-o", str(file)).returncode
        == program("report", str(SAMPLE)).returncode
    )
    assert "QUÉ FALLA" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments", [["explain", "TCP_NO_ANSWER"], ["roles"], ["show", "agent"], ["report", str(SAMPLE)]]
)
def test_a_terminal_that_takes_ascii_only_gets_letters_without_accents(arguments):
    done = program(*arguments, "--lang", "es", PYTHONIOENCODING="ascii")
    assert done.returncode in (0, 1)
    assert done.stdout.isascii()
    assert "Traceback" not in done.stderr
    assert "\\x" not in done.stdout


def test_an_unknown_language_is_wrong_use():
    done = program("explain", "TCP_NO_ANSWER", "--lang", "fr")
    assert done.returncode == 2
    assert "--lang" in done.stderr
    assert "'en'" in done.stderr
