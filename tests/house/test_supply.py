"""What is installed: every dependency has a lower bound that is a release, and a tested version that fits."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
WANTED = [(extra, text) for extra, texts in EXTRAS.items() for text in texts]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lines(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = re.fullmatch(r"([a-z0-9-]+)==([0-9][0-9a-z.]*)", line)
            assert match, f"NAME==VERSION and nothing else, no address above all: {line}"
            assert match[1] not in found, f"{match[1]} stands there twice"
            found[match[1]] = match[2]
    return found


TESTED = lines((ROOT / "constraints.txt").read_text())


def requirements(command: str) -> str:
    told = subprocess.run(
        [sys.executable, "tools/requirements.py", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


@pytest.mark.parametrize(("extra", "text"), WANTED)
def test_a_dependency_has_one_lower_bound_and_a_tested_version_above_it(extra: str, text: str) -> None:
    wanted = Requirement(text)
    assert [one.operator for one in wanted.specifier] == [">="], text
    assert Version(TESTED[canonical(wanted.name)]) in wanted.specifier, text


@pytest.mark.parametrize("extra", EXTRAS)
def test_no_dependency_stands_twice(extra: str) -> None:
    names = [canonical(Requirement(text).name) for text in EXTRAS[extra]]
    assert len(set(names)) == len(names)


def test_the_oldest_versions_are_the_lower_bounds() -> None:
    assert lines(requirements("oldest")) == {
        canonical(Requirement(text).name): str(next(iter(Requirement(text).specifier)).version) for _, text in WANTED
    }


def test_the_runtime_that_is_installed_here_is_the_tested_one() -> None:
    """The tests run with the constraints: whoever changes an environment by hand is told. Of the tools for lists of
    components nothing is installed here."""
    from importlib import metadata

    for extra in ("", "deep"):
        for text in EXTRAS[extra]:
            name = canonical(Requirement(text).name)
            assert metadata.version(name) == TESTED[name], f"{name}: run make test"


def test_every_environment_of_the_makefile_has_constraints() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for line in re.findall(r"^\t@?tools/venv\.sh .*$", makefile, re.MULTILINE):
        assert re.search(r" (?:constraints\.txt|build/oldest\.txt|tools/held\.txt)$", line), line
    assert ".[deep,dev]' constraints.txt" in makefile
    assert "tools/venv.sh $(VENV) . constraints.txt" in makefile
