"""The house rules that no linter holds."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.each import each

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "eset_portcheck").rglob("*.py"))
LIMIT_LINES = 300


@each("module", MODULES)
def test_modules(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LIMIT_LINES
    assert text.lstrip().startswith('"""'), "a module says what it is for"
    assert "TYPE_CHECKING" not in text, "a need for it is a wrong layer"
    assert not re.search(r"\b(TO" + r"DO|FIX" + r"ME)\b", text)
    assert not re.search(r"(manager|helper|utils?|info)", module.stem), "a name of the field, please"


@pytest.mark.parametrize(
    "module", [one for one in MODULES if one.stem != "streams"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_what_is_printed_goes_through_streams(module: Path) -> None:
    """Nothing else bears a closed or full standard stream. The prompt for a password is the terminal's."""
    found = re.search(
        r"(?<![\w.\"_])print\(|sys\.std(out|err)\.(write|flush|buffer)", module.read_text(encoding="utf-8")
    )
    assert found is None or module.stem == "secrets", f"{found and found[0]}: streams.put, streams.tell"


def tracked() -> list[Path]:
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if told.returncode:
        return [
            path
            for path in ROOT.rglob("*")
            if path.is_file() and ".git" not in path.parts and ".venv" not in path.parts
        ]
    return [ROOT / name for name in told.stdout.decode().split("\0") if name]


def test_no_registry_host_and_no_path_of_a_machine() -> None:
    forbidden = re.compile(
        r"pythonhost" + r"ed\.|pypi" + r"\.org|npmj" + r"s\.|deb\.debi" + r"an|/wor" + r"k/|/ro" + r"ot/"
    )
    for path in tracked():
        if path.suffix in (".png", ".pcapng") or not path.is_file():
            continue
        found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
        assert found is None, f"{path.relative_to(ROOT)}: {found and found[0]}"


def test_the_top_level_is_as_agreed() -> None:
    for name in (
        "pyproject.toml",
        "eset_portcheck",
        "profiles",
        "tests",
        "docs",
        "Makefile",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        ".ci/run",
    ):
        assert (ROOT / name).exists(), name


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reasons = "".join(path.read_text().lower() for path in (ROOT / "docs/decisions").glob("*.md"))
    wanted = [*project["dependencies"], *project["optional-dependencies"]["deep"]]
    for requirement in wanted:
        name = re.split(r"[<>=!~ \[]", requirement)[0]
        assert name.lower() in reasons, f"{name}: no decision record names it"


def test_commands_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    from eset_portcheck.cli import COMMANDS

    for command in re.findall(r"^\s*eset-portcheck ([a-z]+)", readme, re.MULTILINE):
        assert command in COMMANDS, command
    assert "make run" in readme
    assert "make test" in readme


def test_a_loop_over_texts_names_all_that_are_wrong() -> None:
    tried = []

    @each("word", ["good", "bad", "worse"])
    def looked_at(word: str, limit: int) -> None:
        tried.append(word)
        assert len(word) > limit, "too short"

    with pytest.raises(AssertionError, match=r"(?s)1 of 3.*bad.*too short"):
        looked_at(limit=3)
    assert tried == ["good", "bad", "worse"]


def said_elsewhere(module: Path) -> list[str]:
    """Places that say again what stands in model/deciding.py or model/vocabulary.py: what is proven, the order of
    verdicts, what one group is."""
    found = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            words = [ast.unparse(one) for one in node.elts]
            verdicts = {word for word in words if re.fullmatch(r"Verdict\.[A-Z]+", word)}
            again = verdicts == {"Verdict.PASS", "Verdict.WARN"} or len(verdicts) >= 4
            if again or (len(words) == 2 and words[0].endswith(".role") and words[1].endswith(".group.id")):
                found.append(f"{module.name}:{node.lineno} {ast.unparse(node)}")
    return found


def test_what_decides_stands_in_one_place() -> None:
    homes = {ROOT / "eset_portcheck/model" / name for name in ("deciding.py", "vocabulary.py")}
    assert [len(said_elsewhere(home)) for home in sorted(homes)] == [2, 1]
    assert [place for module in MODULES if module not in homes for place in said_elsewhere(module)] == []


_BY_HAND = re.compile(
    r"""(?:partition|split)\(["']%|rpartition\(["']:["']\)|startswith\(["']\[["']\)|(?<!r)f["']\[\{"""
    r"""|ip_address\(|ipv4_mapped|::ffff:|\bf["'][^"']*\{(?:\w+\.)?(?:host|name|address|target)\}:\{(?:\w+\.)?port\}"""
)
_MAY_PARSE = {
    "model/addresses.py": "the one place",
    "redaction/addresses.py": "constants, and an address made of bits",
    "redaction/pseudonyms.py": "replaces inside of text that is no host and port as a whole",
    "standins/site.py": "names of its own table",
}


def parsed_by_hand(module: Path) -> list[str]:
    """Lines that take addresses or host:port apart without model/addresses.py."""
    lines = module.read_text(encoding="utf-8").splitlines()
    return [f"{module.name}:{number} {line.strip()}" for number, line in enumerate(lines, 1) if _BY_HAND.search(line)]


def test_addresses_are_read_and_written_in_one_place() -> None:
    house = ROOT / "eset_portcheck"
    homes = {house / name for name in _MAY_PARSE}
    assert [home.name for home in sorted(homes) if not parsed_by_hand(home)] == []
    rooms = [module for module in MODULES if house in module.parents]
    assert [line for module in rooms if module not in homes for line in parsed_by_hand(module)] == []
