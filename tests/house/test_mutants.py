"""tools/mutants.py: which mutants are run, how they are counted, and that the list of equivalent ones is about code
that is there."""

import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
KNOWN = {
    "eset_portcheck/wire/ber.py": {f"eset_portcheck.wire.ber.x_a__mutmut_{n}": None for n in range(30)},
    "eset_portcheck/wire/bert.py": {"eset_portcheck.wire.bert.x_b__mutmut_1": 0},
}


@pytest.fixture(scope="module")
def mutants() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutants_tool", ROOT / "tools" / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_sample_is_the_same_for_the_same_seed_and_of_the_files_that_were_named(mutants: ModuleType) -> None:
    draw = [mutants.chosen(KNOWN, [], 10, seed) for seed in (1, 1, 2)]
    assert draw[0] == draw[1] != draw[2]
    assert [len(set(one)) for one in draw] == [10, 10, 10]
    assert mutants.chosen(KNOWN, ["eset_portcheck/wire/bert.py"], 0, 1) == ["eset_portcheck.wire.bert.x_b__mutmut_1"]
    assert len(mutants.chosen(KNOWN, ["eset_portcheck/wire/"], 0, 1)) == 31
    with pytest.raises(LookupError):
        mutants.chosen(KNOWN, ["eset_portcheck/net"], 0, 1)


def test_what_did_not_run_is_not_killed(mutants: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "eset_portcheck").mkdir()
    (tmp_path / "eset_portcheck/a.py.meta").write_text(json.dumps({"exit_code_by_key": {"x": 0, "y": None, "z": 1}}))
    assert mutants.verdicts(tmp_path) == {"eset_portcheck/a.py": {"x": 0, "y": None, "z": 1}}
    assert [code in mutants._KILLED for code in (1, 3, 0, None, 2, 5, 33, 35, -9, -11)] == [True, True] + [False] * 8


def test_a_sample_says_how_sure_it_is(mutants: ModuleType) -> None:
    assert mutants.Score(85, 100).percent == 85
    low, high = mutants.Score(85, 100).between()
    assert (round(low, 1), round(high, 1)) == (76.7, 90.7)


def test_equivalent_mutants_are_of_functions_that_are_there_and_say_why(mutants: ModuleType) -> None:
    listed = tomllib.loads(mutants.EQUIVALENT.read_text(encoding="utf-8")).get("equivalent", [])
    assert len(mutants.equivalents()) == len(listed)
    for one in listed:
        module, _, name = one["function"].rpartition(".")
        path = ROOT / module.replace(".", "/")
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        source = file.read_text(encoding="utf-8")
        assert f"def {name.removeprefix('x_').rpartition('ǁ')[2]}(" in source, one["function"]
        assert one["before"] in " ".join(source.split()), one
        assert len(one["why"]) > 20
