"""The table of formats, what each costs to load, progress, and the README's picture."""

import importlib.util
import io
import subprocess
import sys
from pathlib import Path

import pytest

from eset_portcheck import render
from eset_portcheck.model.report import from_json, to_json
from eset_portcheck.render.progress import Progress

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SAMPLE = HERE / "reports" / "dropped.json"
SETTINGS = {"width": 80, "colour": False, "verbose": False, "quiet": False}


def test_every_suffix_has_its_format() -> None:
    assert set(render.SUFFIXES.values()) <= set(render.FORMATS)


def test_json_is_the_report_itself() -> None:
    report = from_json(SAMPLE.read_bytes())
    assert render.FORMATS["json"](report, **SETTINGS) == to_json(report)
    assert from_json(render.FORMATS["json"](report)) == report


def test_the_table_is_bytes_of_the_character_set_asked_for() -> None:
    report = from_json(SAMPLE.read_bytes())
    assert "✗".encode() in render.FORMATS["table"](report, **SETTINGS)
    assert render.FORMATS["table"](report, ascii=True, **SETTINGS).isascii()


def loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_json_and_progress_never_load_rich_or_texts() -> None:
    code = "from eset_portcheck import render\nfrom eset_portcheck.render import progress\nfrom eset_portcheck.model.report import from_json\n"
    modules = loaded(code + f"render.FORMATS['json'](from_json(open({str(SAMPLE)!r}, 'rb').read()))")
    assert not {one for one in modules if one.split(".")[0] in ("rich", "tomllib") or one == "eset_portcheck.texts"}


def test_the_table_needs_no_network_and_no_process() -> None:
    modules = loaded("import eset_portcheck.render.table")
    assert not modules & {
        "asyncio",
        "socket",
        "ssl",
        "subprocess",
        "psutil",
        "rich.jupyter.display",
        "pygments",
        "markdown_it",
    }
    assert not {
        one
        for one in modules
        if one.startswith(
            ("eset_portcheck.net", "eset_portcheck.host", "eset_portcheck.diagnose", "eset_portcheck.protocols.")
        )
    }, "descriptors come with the rows"


def test_the_page_needs_templates_and_nothing_else_and_nobody_else_needs_them() -> None:
    code = "from eset_portcheck import render\nfrom eset_portcheck.model.report import from_json\n"
    for form in ("html", "table", "json", "md", "csv"):
        modules = {
            one.split(".")[0]
            for one in loaded(
                code + f"render.FORMATS[{form!r}](from_json(open({str(SAMPLE)!r}, 'rb').read()), width=80)"
            )
        }
        assert ("jinja2" in modules) == (form == "html"), form
        assert form != "html" or not modules & {"rich", "asyncio", "socket", "ssl", "subprocess", "psutil"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_silent_where_nobody_looks() -> None:
    stream = io.StringIO()
    with Progress(["a", "b"], stream) as progress:
        progress.finish("a")
    assert stream.getvalue() == ""


def test_progress_counts_names_what_is_awaited_and_wipes_its_line() -> None:
    stream = Terminal()
    with Progress(["agent.a", "agent.b", "agent.\x1b[31mc", "agent.d"], stream, width=60) as progress:
        assert stream.getvalue() == "\r0/4 checked, waiting for agent.a, agent.b and 2 more"
        for one in ("agent.a", "agent.b", "nobody"):
            progress.finish(one)
        progress._last_s = 0.0
        progress.finish("agent.d")
        assert "\r3/4 checked, waiting for agent.\\x1b[31mc" in stream.getvalue()
    last = stream.getvalue().rsplit("\r", 2)
    assert last[1].strip() == ""
    assert last[2] == ""
    assert "\x1b" not in stream.getvalue()
    assert all(len(line) < 60 for line in stream.getvalue().split("\r"))


def test_progress_writes_rarely() -> None:
    stream = Terminal()
    ids = [f"row.{number}" for number in range(2000)]
    with Progress(ids, stream) as progress:
        for one in ids:
            progress.finish(one)
    assert stream.getvalue().count("\r") < 100
    assert "2000/2000 checked" in stream.getvalue()


def test_progress_survives_a_stream_that_fails() -> None:
    class Broken(Terminal):
        def write(self, text: str) -> int:
            raise OSError

    with Progress(["a"], Broken()) as progress:
        progress.finish("a")


@pytest.fixture(scope="module")
def picture() -> str:
    spec = importlib.util.spec_from_file_location("make_picture", ROOT / "docs" / "make_picture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.picture(SAMPLE.read_bytes()))


def test_the_picture_needs_nothing_from_elsewhere(picture: str) -> None:
    assert picture.startswith("<svg ")
    assert "NOT&#160;READY" in picture
    assert "font-face" not in picture
    assert [part.split('"')[0] for part in picture.split("://")[1:]] == ["www.w3.org/2000/svg"]


def test_the_picture_in_the_docs_is_of_this_code(picture: str) -> None:
    assert (ROOT / "docs" / "matrix.svg").read_text(encoding="utf-8") == picture
