"""The table: fits its width, keeps its promises in ASCII and without colour, and looks as the kept pages in golden/ do.

UPDATE_GOLDEN=1 python -m pytest tests/unit/test_render_table.py     writes those pages anew; read the difference before
you commit it
"""

import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len

from eset_portcheck.model.report import Report, from_json
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render import table
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.lines import broken, flowed
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.view import outcome
from eset_portcheck.render.view.rows import arranged
from eset_portcheck.texts.language import LANGUAGES

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "reports").glob("*.json"))
WIDTHS = (60, 80, 100, 140)
GOLDEN: dict[str, dict[str, Any]] = {
    **{f"{name}-100": {"name": name, "width": 100} for name in ("ready", "no-names", "proxy", "pre", "families")},
    **{f"dropped-{width}": {"name": "dropped", "width": width} for width in WIDTHS},
    "roles-120": {"name": "roles", "width": 120},
    "proxy-140": {"name": "proxy", "width": 140},
    "deployment-80-ascii": {"name": "deployment", "width": 80, "ascii": True},
    "inspected-100-verbose": {"name": "inspected", "width": 100, "verbose": True},
    "no-names-100-quiet": {"name": "no-names", "width": 100, "quiet": True},
    "dropped-100-es": {"name": "dropped", "width": 100, "language": "es"},
    "proxy-140-es-verbose": {"name": "proxy", "width": 140, "language": "es", "verbose": True},
    "no-names-80-es-ascii": {"name": "no-names", "width": 80, "language": "es", "ascii": True},
    "redirected-100": {"name": "redirected", "width": 100, "written": ["ticket.json", "ticket.txt"]},
}


def report(name: str) -> Report:
    return from_json((HERE / "reports" / f"{name}.json").read_bytes())


def page(name: str, width: int = 100, **settings: Any) -> str:
    return table.render(report(name), width=width, **settings)


@pytest.mark.parametrize("case", GOLDEN)
def test_golden(case: str) -> None:
    kept = HERE / "golden" / f"{case}.txt"
    shown = page(**GOLDEN[case])
    if os.environ.get("UPDATE_GOLDEN"):
        kept.write_text(shown, encoding="utf-8")
    assert shown == kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_fit_and_have_no_ragged_ends(name: str, width: int, ascii_only: bool, language: str) -> None:
    first, *lines = page(name, width, ascii=ascii_only, colour=True, language=language).splitlines()
    for line in lines:
        plain = re.sub(r"\x1b\[[\d;]*m", "", line)
        # Commands and ids are never broken.
        is_copied = "\x1b[36m" in line or re.fullmatch(r" +((row|explains|fila|explica) +)?\S+", plain)
        assert cell_len(plain) <= width or is_copied, plain
        assert plain == plain.rstrip()
    assert "eset-portcheck check" in first


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_ascii_is_ascii_and_no_colour_has_no_escapes(name: str, verbose: bool, language: str) -> None:
    folded = page(name, ascii=True, verbose=verbose, language=language)
    assert folded.isascii()
    assert not re.search(r"\\x[c-f][0-9a-f]", folded), "a letter of ours shown as an escape"
    assert "\x1b" not in page(name, verbose=verbose)
    assert "\x1b[" in page(name, colour=True, verbose=verbose)


@pytest.mark.parametrize("name", NAMES)
def test_colour_changes_nothing_but_colour(name: str) -> None:
    assert re.sub(r"\x1b\[[\d;]*m", "", page(name, colour=True)) == page(name)


def test_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page("dropped", 100)
    for name, value in {
        "COLUMNS": "44",
        "FORCE_COLOR": "1",
        "TERM": "xterm",
        "NO_COLOR": "1",
        "JUPYTER_COLUMNS": "30",
    }.items():
        monkeypatch.setenv(name, value)
    assert page("dropped", 100) == before
    assert "\x1b[" in page("dropped", 100, colour=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_row_that_is_not_skipped_has_its_line(name: str, width: int) -> None:
    made = report(name)
    rows = [row for row in made.checks if row.verdict is not Verdict.SKIP]
    above = table.render(made, width=width).partition("\n\n")[2].partition("\n\n")[0]
    for verdict in Verdict:
        look = LOOKS[verdict]
        lines = re.findall(rf"^ *{re.escape(look.glyph)} \(?{look.word}\)? ", above, re.MULTILINE)
        assert len(lines) == sum(row.verdict is verdict for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_is_not_proven_is_told(name: str) -> None:
    made = report(name)
    shown = table.render(made, width=100, verbose=True)
    for row in made.checks:
        if row.verdict not in (Verdict.PASS, Verdict.SKIP):
            assert row.id in shown.partition("EVERY ATTEMPT")[0]
            assert row.reason in shown


def test_rows_of_a_target_stand_together_required_first() -> None:
    rows = arranged(report("proxy").checks)
    targets = [row.target for row in rows]
    assert [one for place, one in enumerate(targets) if place == 0 or targets[place - 1] != one] == list(
        dict.fromkeys(targets)
    )
    assert [row.required for row in rows] == sorted((row.required for row in rows), reverse=True)


def test_after_the_proxy_rows_the_direct_ones_are_told_apart() -> None:
    shown = page("proxy", 140)
    assert re.search(r"^via bridge-01.corp.example:3128$(.|\n)*^direct$", shown, re.MULTILINE)


def test_advisory_verdicts_stand_in_brackets() -> None:
    assert "✗ (FAIL)" in page("proxy")
    assert "(…) not required, never counted" in page("proxy")
    assert "(FAIL)" in page("proxy", ascii=True)


def test_families_have_columns_only_when_a_row_has_both() -> None:
    assert re.search(r"^ .*\bv4  v6\b", page("families"), re.MULTILINE)
    assert " v4 " not in page("dropped")


def test_the_role_has_a_column_only_when_there_are_several() -> None:
    assert re.search(r"✗ FAIL .* agent .*2222", page("roles", 140))
    assert re.search(r"✗ FAIL .* webconsole .*2223", page("roles", 140))
    assert " role " not in page("dropped", 140)


def test_a_redirect_is_shown() -> None:
    shown = page("redirected")
    assert "8883*" in shown
    assert "epns.eset.com:8883 → 127.0.0.1:18883" in " ".join(shown.split())
    assert "epns.eset.com:8883 -> 127.0.0.1:18883" in " ".join(page("redirected", ascii=True).split())


def test_quiet_leaves_the_matrix_out_and_keeps_what_is_wrong() -> None:
    shown = page("dropped", quiet=True)
    assert "what for" not in shown
    assert "WHAT IS WRONG" in shown
    assert "\nexit code 1: at least one required check failed\n\n" in shown


def test_verbose_shows_the_rows_that_do_not_apply() -> None:
    assert "rows not applicable" in page("ready")
    assert "SKIP" not in page("ready")
    assert page("ready", verbose=True).count("- SKIP") == 4


def test_where_the_report_went() -> None:
    assert "Report: ticket.json" in page("ready", written=["ticket.json"])


def test_a_certificate_of_an_unknown_authority_is_noted_though_the_row_passes() -> None:
    made = report("ready")
    finding = {"reason": "TLS_UNKNOWN_CA", "params": {"issuer": "CN=Site CA", "sha256": "ab" * 32}}
    rows = [
        msgspec.structs.replace(row, findings=[msgspec.convert(finding, type(row.findings[0]))])
        if row.findings
        else row
        for row in made.checks
    ]
    shown = " ".join(table.render(msgspec.structs.replace(made, checks=rows), width=100).split())
    assert "ALSO SEEN TLS_UNKNOWN_CA" in shown
    assert "issuer CN=Site CA; sha256 abab" in shown


def test_an_incomplete_run_says_so() -> None:
    made = report("ready")
    assert "Incomplete" in table.render(
        msgspec.structs.replace(made, run=msgspec.structs.replace(made.run, complete=False)), width=100
    )


def test_a_family_without_a_route_is_mentioned_without_a_warning() -> None:
    made = report("ready")
    attempt = msgspec.structs.replace(
        made.checks[0].attempts[0], address="2001:db8::1", family="ipv6", untested="no-default-route", stages=[]
    )
    rows = [msgspec.structs.replace(made.checks[0], attempts=[*made.checks[0].attempts, attempt]), *made.checks[1:]]
    shown = table.render(msgspec.structs.replace(made, checks=rows), width=100)
    assert "IPv6 not tested: this machine has no IPv6 default route (1 row)" in shown
    assert outcome.overall(msgspec.structs.replace(made, checks=rows))[0] == "ready"


def test_a_code_of_a_newer_version_is_shown_as_it_is() -> None:
    made = report("dropped")
    causes = [msgspec.structs.replace(made.causes[0], reason="QUANTUM_DECAY"), *made.causes[1:]]
    rows = [msgspec.structs.replace(made.checks[0], reason="QUANTUM_DECAY"), *made.checks[1:]]
    shown = table.render(msgspec.structs.replace(made, causes=causes, checks=rows), width=100)
    assert "1 QUANTUM_DECAY" in shown


def test_a_report_without_rows_still_has_its_first_and_last_line() -> None:
    shown = table.render(msgspec.structs.replace(report("ready"), checks=[], causes=[]), width=60).splitlines()
    assert shown[0].startswith("✓ agent on")
    assert any(line.startswith("exit code 0") for line in shown)


def test_commands_break_only_where_a_shell_goes_on() -> None:
    command = "eset-portcheck check --role agent --server protect.corp.example --only 'a b -c.d'"
    assert broken(command, 100, continued=True) == [command]
    lines = broken(command, 52, continued=True)
    assert lines == ["eset-portcheck check --role agent \\", "  --server protect.corp.example --only 'a b -c.d'"]
    assert broken(command, 50, continued=False) == [command]
    assert broken("a | b; c", 3, continued=True) == ["a |", "b;", "c"]
    assert broken("echo 'a; b' | c", 6, continued=True) == ["echo 'a; b' |", "c"]
    assert broken("eset-portcheck check --site 'unfinished", 10, continued=True) == [
        "eset-portcheck check --site 'unfinished"
    ]


def test_flowed_pieces_stay_whole() -> None:
    assert flowed(["abc", "de", "fghij"], 7, " ") == ["abc de", "fghij"]


def test_looks_are_complete_and_one_cell_wide() -> None:
    assert set(LOOKS) == set(Verdict)
    assert all(cell_len(look.glyph) == 1 and look.mark.isascii() and look.word.isascii() for look in LOOKS.values())
    assert RenderContext(ascii_only=True).glyph(Verdict.FAIL) == "x"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, ""), (0.0004, "0 ms"), (0.066, "66 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (5.0, "5.0 s")],
)
def test_times(seconds: float, shown: str) -> None:
    assert RenderContext().lasted(seconds) == shown
