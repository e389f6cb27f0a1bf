"""A misspelt reason code is found before it runs: by the type checker where a code stands alone, here where it stands
in a collection or a pattern.

mypy (1.x) compares `row.reason == "..."`, arguments and fields with the closed vocabulary, but not the members of
`in (...)`, of sets and of `case "..."`.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from eset_portcheck.model.reasons import REASONS, ReasonCode, code_of

ROOT = Path(__file__).resolve().parents[2] / "eset_portcheck"
ROOMS = ("diagnose", "protocols", "render", "comparing", "rules", "loading", "redaction", "model", "texts")
_LOOKS_LIKE_ONE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\Z")
# NTSTATUS, Kerberos, OpenSSL, squid, and remarks of `rules`.
_OTHERS = re.compile(r"STATUS_|KRB_|KDC_ERR_|SSL_CERT_|ERR_DNS_|(BEYOND_PAGE|NO_RULE)\Z")


def words(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {one for one in constants if _LOOKS_LIKE_ONE.match(one)}


FILES = [*(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))), *sorted(ROOT.glob("*.py"))]


def test_every_code_is_one() -> None:
    strange = {
        str(path.relative_to(ROOT)): found
        for path in FILES
        if (found := {one for one in words(path) if code_of(one) is None and not _OTHERS.match(one)})
    }
    assert strange == {}


def test_there_are_many_to_look_at() -> None:
    assert len(set().union(*map(words, FILES)) & set(REASONS)) > 80


def test_the_vocabulary_is_the_table() -> None:
    assert get_args(ReasonCode) == tuple(REASONS)
    assert len(REASONS) == len(set(REASONS))
    assert all(one.code == code for code, one in REASONS.items())
    assert (code_of("CONNECTED"), code_of("CONECTED"), code_of("")) == ("CONNECTED", None, None)


_MISSPELT = """
from eset_portcheck.diagnose.reading import broken
from eset_portcheck.model.finding import Finding
from eset_portcheck.model.params import Params
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Proof, State
from eset_portcheck.wire.conversation import Meaning

def reader(row: Row) -> bool:
    return row.reason == "TCP_NO_ANSWR"  # 1

Finding("TCP_NO_ANSWR")  # 2
Meaning(Proof.PROTOCOL, "TCP_NO_ANSWR")  # 3
Meaning(Proof.PROTOCOL, findings=[("TCP_NO_ANSWR", Params(strangers=2))])  # 4
broken("TCP_NO_ANSWR", Proof.NONE, State.OPEN)  # 5
Finding("NO_REPLY", params=Params(recieved_bytes=0))  # 6
Finding("NO_REPLY").params.recieved_bytes  # 7
"""


@pytest.mark.slow
def test_the_type_checker_finds_a_misspelt_one(tmp_path: Path) -> None:
    for text, wrong in ((_MISSPELT, 7), (_MISSPELT.replace("ANSWR", "ANSWER").replace("recie", "recei"), 0)):
        (tmp_path / "misspelt.py").write_text(text)
        command = [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            str(tmp_path / "cache"),
            str(tmp_path / "misspelt.py"),
        ]
        told = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, check=False, timeout=300)
        assert told.stdout.count(": error:") == wrong, told.stdout
