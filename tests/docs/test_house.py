"""docs/house.md: the picture is drawn from the import contracts, and the way of a port is the one that the program
takes."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")
WAY = re.findall(r"^\| (\d+) \| `([^`]+)` \| (?:`([^`]+)`)? ?\|", PAGE, re.MULTILINE)

# Runs the demo and prints, in order, each function's first call as [file, qualified name].
TRACE = """
import json, os, sys, threading
os._exit = sys.exit
first, root = {}, sys.argv.pop(1)
def called(frame, event, _):
    if event == "call" and frame.f_code.co_filename.startswith(root):
        first.setdefault((frame.f_code.co_filename[len(root):], frame.f_code.co_qualname), None)
from eset_portcheck.__main__ import main
threading.setprofile(called)
sys.setprofile(called)
try:
    main()
except SystemExit:
    pass
sys.setprofile(None)
print("\\n" + json.dumps(list(first)))
"""


def tool():
    spec = importlib.util.spec_from_file_location("house_picture", ROOT / "tools" / "house_picture.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def picture():
    module = tool()
    yield module
    sys.modules.pop("house_picture", None)


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_picture_is_as_the_contracts_are(picture):
    assert picture.main(["--check"]) == 0, "make docs"


def test_it_shows_every_package_in_the_order_of_its_layer(picture):
    wanted = [
        re.sub(r"^eset_portcheck\.", "", name)
        for layer in picture.contract(project(), "layers")["layers"]
        for name in layer.split(" | ")
    ]
    root = ET.fromstring((ROOT / "docs" / "house.svg").read_text(encoding="utf-8"))
    texts = root.findall("{http://www.w3.org/2000/svg}text")
    names = [one.text for one in texts if one.get("font-size") == str(picture.NAME)]
    assert names == wanted
    packages = {
        path.stem
        for path in (ROOT / "eset_portcheck").glob("*")
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert packages - set(wanted) == {"__init__", "usage"}, "a package without a layer"


def test_nothing_stands_outside(picture):
    """By the mean width of letters, with the same measure that wraps."""
    root = ET.fromstring((ROOT / "docs" / "house.svg").read_text(encoding="utf-8"))
    height = float(root.get("viewBox").split()[3])
    for one in root.iter("{http://www.w3.org/2000/svg}text"):
        assert float(one.get("x")) + len(one.text) * float(one.get("font-size")) * picture.LETTER <= picture.WIDTH, (
            one.text
        )
        assert 0 < float(one.get("y")) < height
    assert not re.search(r"href|url\(|<script|<style", ET.tostring(root, encoding="unicode")), "nothing of elsewhere"


def test_drift_is_noticed(picture, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(picture, "FILE", tmp_path / "house.svg")
    assert picture.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert picture.main([]) == 0
    assert picture.main(["--check"]) == 0
    changed = project()
    picture.contract(changed, "layers")["layers"].reverse()
    assert picture.picture(picture.layers(changed)) != picture.FILE.read_text(encoding="utf-8")


def test_a_package_without_words_or_a_project_without_contract_is_named(picture, tmp_path):
    (tmp_path / "silent.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match="silent: no docstring"):
        picture.purpose(tmp_path, "silent")
    with pytest.raises(LookupError, match="layers"):
        picture.contract({"tool": {"importlinter": {"contracts": []}}}, "layers")


def test_the_way_of_a_port_is_the_one_the_program_takes():
    assert [int(number) for number, _, _ in WAY] == list(range(1, len(WAY) + 1))
    assert len(WAY) > 15
    assert [file for _, file, _ in WAY if not (ROOT / file).is_file()] == []
    command = [sys.executable, "-c", TRACE, f"{ROOT}/", "demo", "--role", "agent"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True, stdin=subprocess.DEVNULL
    )
    first = {(file, name): at for at, (file, name) in enumerate(json.loads(done.stdout.splitlines()[-1]))}
    stations = [(file, name) for _, file, name in WAY if name]
    assert [one for one in stations if one not in first] == [], "never passed"
    assert sorted(stations, key=first.__getitem__) == stations


def test_other_files_on_the_page_exist():
    named = set(re.findall(r"`((?:eset_portcheck|tools|profiles)/[\w/.-]+)`", PAGE))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
