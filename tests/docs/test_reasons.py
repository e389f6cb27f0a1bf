"""The pages of docs/reasons are exactly what their source gives, and every text keeps its promises of form."""

import importlib.util
import re
from pathlib import Path

import pytest

from eset_portcheck.cli import COMMANDS
from eset_portcheck.loading import ROLES, load_profile
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.vocabulary import Direction, Proof
from eset_portcheck.texts import PLACEHOLDERS, about_rows, load
from eset_portcheck.texts.possible import possible
from tests.each import each

DOCS = Path(__file__).parents[2] / "docs"
TEXTS = load()
PROSE = ("meaning", "checked", "still")
WHO = {
    "you", "this machine's administrator", "target's administrator", "server administrator", "network team", "DNS administrator",
    "proxy administrator", "database administrator", "directory administrator",
}  # fmt: skip


def generator():
    spec = importlib.util.spec_from_file_location("render_reasons", DOCS / "render_reasons.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_what_their_source_gives():
    wanted = generator().pages()
    have = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "reasons").glob("*.md")}
    assert wanted.keys() == have.keys(), "run docs/render_reasons.py"
    assert [name for name in wanted if wanted[name] != have[name]] == [], "run docs/render_reasons.py"


def test_every_code_has_a_page_and_a_place_in_the_index():
    index = (DOCS / "reasons" / "index.md").read_text(encoding="utf-8")
    for code in REASONS:
        assert f"[`{code}`]({code}.md)" in index
        assert (DOCS / "reasons" / f"{code}.md").is_file()


def test_drift_is_noticed(tmp_path, monkeypatch, capsys):
    module = generator()
    monkeypatch.setattr(module, "FOLDER", tmp_path / "reasons")
    assert module.main([]) == 0
    assert module.main(["--check"]) == 0
    (tmp_path / "reasons" / "TCP_NO_ANSWER.md").write_text("edited by hand")
    (tmp_path / "reasons" / "GONE.md").write_text("of a code that never was")
    assert module.main(["--check"]) == 1
    assert "GONE.md" in capsys.readouterr().out
    assert module.main([]) == 0
    assert module.main(["--check"]) == 0


def test_codes_and_texts_are_the_same_set():
    assert set(TEXTS) == set(REASONS)


@each("code", sorted(TEXTS))
def test_form(code):
    text = TEXTS[code]
    assert 5 <= len(text.title) <= 60
    assert len(f"  {code:<28} {text.title}") <= 80, "the listing has 80 columns"
    assert 5 <= len(text.headline) <= 70
    assert not text.title.endswith(".")
    assert not text.headline.endswith(".")
    for field in PROSE:
        assert len(getattr(text, field).split()) >= 12, f"{field}: too short to help"
        assert len(getattr(text, field)) <= 700, f"{field}: nobody reads that at night"
        assert getattr(text, field).endswith((".", '"""')), field
    assert text.ask.endswith((".", "?"))
    assert len(text.ask) <= 200
    assert 1 <= len(text.fix) <= 5
    for step in text.fix:
        assert step.who in WHO
        assert step.do[0].isupper()
        assert step.do.endswith((".", "?"))


@each("code", sorted(TEXTS))
def test_only_known_placeholders_and_closed_brackets(code):
    text = TEXTS[code]
    for template in (text.headline, text.ask):
        assert set(re.findall(r"\{(\w+)\}", template)) <= set(PLACEHOLDERS)
        assert re.sub(r"\[[^\[\]]*\]", "", template).count("[") == 0
        assert all("{" in part for part in re.findall(r"\[([^\[\]]*)\]", template)), (
            "an optional part without a value is never left out"
        )
    assert "{interval}" not in text.ask
    for prose in (text.title, text.meaning, text.checked, text.still, *(step.do for step in text.fix)):
        assert "{" not in prose, "prose is shown as it is"


def test_no_text_is_shared_by_two_codes():
    seen: dict[str, str] = {}
    for code, text in TEXTS.items():
        whole = [
            text.title,
            text.headline,
            text.meaning,
            text.checked,
            text.still,
            text.ask,
            " ".join(step.do for step in text.fix),
        ]
        for one in [*whole, *(step.do for step in text.fix)]:
            key = re.sub(r"\W+", " ", one).lower().strip()
            assert seen.setdefault(key, code) == code, f"{code} and {seen[key]} share: {one}"


def test_silence_never_names_a_single_culprit():
    """TCP_NO_ANSWER: outward drop, reply drop, the host's firewall and a full backlog look alike, and the text must say
    so."""
    meaning = TEXTS["TCP_NO_ANSWER"].meaning
    for word in ("way out", "reply", "target's own firewall", "queue", "alike"):
        assert word in meaning
    for word in ("dropped request", "dropped answer", "firewall", "nothing is proven"):
        assert word in TEXTS["UDP_NO_ANSWER"].meaning


def test_only_commands_of_ours_that_exist():
    for code, text in TEXTS.items():
        for step in text.fix:
            for line in (step.run, step.linux):
                for word in re.findall(r"eset-portcheck (\w[\w-]*)", line):
                    assert word in COMMANDS, f"{code}: {line}"


def test_words_about_rows_are_complete():
    words = about_rows()
    assert set(words["proof"]) == {proof.value for proof in Proof}
    ways = {way.value for way in Direction}
    assert set(words["direction"]) == set(words["still"]) == ways
    assert ways <= set(words["next"])


@pytest.mark.parametrize("role", ROLES)
def test_possible_reasons_exist_and_are_named_once(role):
    for one in load_profile(role)[0].requirement:
        named = [code for codes in possible(one).values() for code in codes]
        assert set(named) <= set(REASONS)
        assert len(named) == len(set(named))


def test_every_code_is_possible_somewhere():
    named = {
        code
        for role in ROLES
        for one in load_profile(role)[0].requirement
        for codes in possible(one).values()
        for code in codes
    }
    assert set(REASONS) - named == set()
