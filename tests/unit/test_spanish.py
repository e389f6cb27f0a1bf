"""The pages of the codes in Spanish: all there, the same promises of form as in English, and no English left in
them."""

import hashlib
import inspect
import io
import re
import tomllib
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from eset_portcheck import texts
from eset_portcheck.cli import explain
from eset_portcheck.comparing import compare
from eset_portcheck.diagnose import fixes, fixes_commands
from eset_portcheck.loading import ROLES
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.report import Tool, from_json
from eset_portcheck.render import FORMATS, comparison, table
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.progress import Progress
from eset_portcheck.render.wording import parameters
from eset_portcheck.texts import about_rows, load, phrase
from eset_portcheck.texts.language import translator
from tests.each import each

FILE = "eset_portcheck/texts/reasons.es.toml"
OWN = tomllib.loads(files(texts).joinpath("reasons.es.toml").read_text(encoding="utf-8"))
ENGLISH, SPANISH = load("en"), load("es")
WORDS = ("title", "headline", "meaning", "checked", "still", "ask")
BOTH = sorted(OWN.keys() & ENGLISH.keys())
# English words that no Spanish sentence of this subject has.
FOREIGN = re.compile(
    r"\b(the|and|is|are|not|with|this|that|from|which|does|please|port|answer|firewall's|then|check|row|look)\b",
    re.IGNORECASE,
)
# Quoted words of programs and systems, options, file and command words keep their language.
KEPT = re.compile(r'"[^"]*"|ICMP [a-z-]+|acl SSL_ports port [\d ]+|--[a-z-]+|\b[A-Z_]+\b')


def test_every_code_is_there_in_spanish():
    lacking = sorted(ENGLISH.keys() - OWN.keys())
    keys = "title, headline, meaning, checked, fix, still, ask"
    assert lacking == [], (
        f"no Spanish for {', '.join(lacking)}: add a table [{lacking[0] if lacking else ''}] with {keys} to {FILE} (docs/translating.md)"
    )
    assert sorted(OWN.keys() - ENGLISH.keys()) == [], f"{FILE} has codes that no longer exist"


def digest(code):
    text = ENGLISH[code]
    words = "\n".join([*(getattr(text, field) for field in WORDS), *(step.do for step in text.fix)])
    return hashlib.sha256(words.encode()).hexdigest()[:8]


@each("code", BOTH)
def test_the_english_is_still_what_was_translated(code):
    now = digest(code)
    assert OWN[code].get("english") == now, (
        f'the English of {code} changed: read its Spanish again, then set english = "{now}" in {FILE} [{code}]'
    )


@each("code", BOTH)
def test_steps_are_as_many_and_keep_who_and_command(code):
    english, spanish = ENGLISH[code], SPANISH[code]
    assert len(OWN[code]["fix"]) == len(english.fix), f"{FILE} [{code}] fix: one sentence for each step of reasons.toml"
    say = translator("es")
    for one, other in zip(english.fix, spanish.fix, strict=True):
        assert (other.linux, other.windows, other.run) == (one.linux, one.windows, one.run)
        assert other.who == say(one.who) != one.who
        assert other.do != one.do


@each("code", BOTH)
def test_form(code):
    text = SPANISH[code]
    assert len(f"  {code:<28} {text.title}") <= 80, "the listing has 80 columns"
    assert len(text.headline) <= 70
    assert len(text.ask) <= 200
    assert not text.title.endswith(".")
    assert not text.headline.endswith(".")
    for field in ("meaning", "checked", "still"):
        assert len(getattr(text, field)) <= 700
        assert getattr(text, field).endswith(".")
    assert text.ask.endswith((".", "?"))
    assert text.ask.count("¿") == text.ask.count("?")
    for step in text.fix:
        assert step.do[0].isupper()
        assert step.do.endswith(".")


def parts(template):
    """Placeholders of each optional part and of the rest: the same sets in both languages, in any order."""
    optional = re.findall(r"\[([^\[\]]*)\]", template)
    rest = re.sub(r"\[[^\[\]]*\]", "", template)
    return sorted(sorted(re.findall(r"\{(\w+)\}", part)) for part in optional), sorted(re.findall(r"\{(\w+)\}", rest))


@each("code", BOTH)
def test_placeholders_are_those_of_the_english(code):
    for field in ("headline", "ask"):
        assert parts(getattr(SPANISH[code], field)) == parts(getattr(ENGLISH[code], field)), field
    for prose in (
        SPANISH[code].title,
        SPANISH[code].meaning,
        SPANISH[code].checked,
        SPANISH[code].still,
        *(step.do for step in SPANISH[code].fix),
    ):
        assert "{" not in prose


@each("code", BOTH)
def test_no_english_is_left(code):
    text = SPANISH[code]
    for sentence in (*(getattr(text, field) for field in WORDS), *(step.do for step in text.fix)):
        plain = KEPT.sub("", re.sub(r"\{\w+\}", "", sentence))
        assert FOREIGN.findall(plain) == [], sentence
        assert not re.search(r"\b(de|a) el\b", plain), f"two words that melt into one: {sentence}"


def test_no_two_codes_share_a_headline_or_title():
    for field in ("title", "headline", "ask", "meaning"):
        said = [getattr(text, field) for text in SPANISH.values()]
        assert len(said) == len(set(said))


def test_silence_never_names_a_single_culprit_in_spanish_either():
    for word in ("a la ida", "a la vuelta", "propio firewall del destino", "cola", "igual"):
        assert word in SPANISH["TCP_NO_ANSWER"].meaning
    for word in ("petición descartada", "respuesta descartada", "firewall", "no se demuestra nada"):
        assert word in SPANISH["UDP_NO_ANSWER"].meaning


def test_words_about_rows_are_the_same_set():
    english, spanish = about_rows("en"), about_rows("es")
    assert {name: set(part) for name, part in english.items()} == {name: set(part) for name, part in spanish.items()}
    assert [word for name, part in english.items() for word, said in part.items() if spanish[name][word] == said] == []


VALUES = {
    "target": "pc7.corp.local",
    "port": 2222,
    "transport": "tcp",
    "address": "10.1.2.3",
    "interval": ["this host", "10.1.2.3"],
    "source": "pc1",
}


def test_stand_in_words_melt_with_their_preposition():
    def said(template, params=()):
        return phrase(template, dict(params), "es")

    assert said("La respuesta de {target} a {source}") == "La respuesta del destino a este equipo"
    assert said("hacia {target}, en {transport} {port}") == "hacia el destino, en el puerto"
    assert said("dentro de {transport} {port}") == "dentro del puerto"
    assert said("entre {interval}", VALUES) == "entre este equipo y 10.1.2.3"
    assert said("de {target}", VALUES) == "de pc7.corp.local"
    assert said("de {target}", {"target": "el host"}) == "de el host", "values are never changed"
    assert texts.headline("PORT_FREE", {}, "es") == "El puerto está libre en este equipo"
    assert texts.headline("TCP_NO_ANSWER", VALUES, "es") == "Sin respuesta de pc7.corp.local en TCP 2222"


@each("code", BOTH)
@pytest.mark.parametrize("params", [{}, VALUES])
def test_sentences_are_whole_with_and_without_values(code, params):
    for template in (SPANISH[code].headline, SPANISH[code].ask):
        for ascii_only in (False, True):
            said = phrase(template, params, "es", ascii_only=ascii_only)
            assert not re.search(r"[\[\]{}]| [,.;:]|\b(de|a) el\b|  ", said), said
            assert said[0].isupper() or said[0] in "¿[<" or said.startswith((VALUES["target"], VALUES["source"])), said
            assert said.isascii() or not ascii_only


@each("code", sorted(REASONS))
def test_explain_speaks_spanish(code):
    lines = explain.of_code(code, "es")
    assert lines[0] == code
    assert "Qué se comprueba" in lines
    assert not {"What is checked", "How to fix", "What it means", "Still not working"} & set(lines)
    assert all(len(line) <= 80 for line in lines if not line.startswith("       "))


@pytest.mark.parametrize("role", ROLES)
def test_explain_a_row_speaks_spanish(role):
    for name, (profile, one) in explain.rows(role).items():
        page = "\n".join(explain.of_row(name, profile, one, "es"))
        for english in ("What is", "required", "this machine", "stateful", "advisory", "not given", "Reasons"):
            assert english not in page


REPORTS = Path(__file__).parent / "reports"
# What a table holds that has no language: codes, ids, commands, addresses, names of products and of hosts.
UNSPOKEN = re.compile(r"not-tested|\b[A-Z][A-Z0-9_]{2,}\b|\S+\.(tcp|udp)-\S+|\S*[./@:=|<>]\S*|-{1,2}[a-z-]+|'[^']*'")
ENGLISH_WORDS = re.compile(
    r"\b(the|and|not|with|from|is|seen|means|ask|again|answer|answers|silence|proven|refused|required|row|rows|until|reason)\b"
)


TYPED = {
    command.split()[0]
    for text in ENGLISH.values()
    for step in text.fix
    for command in (step.linux, step.windows, step.run)
    if command
}


def said(name, **settings):
    return table.render(from_json((REPORTS / f"{name}.json").read_bytes()), language="es", width=140, **settings)


def prose(form, page):
    """The lines that people read: without typed commands, and of a page only its text."""
    if form == "html":
        reader = Reader()
        reader.feed(page)
        page = "\n".join(reader.texts)
    if form == "md":
        page = re.sub(r"`[^`]*`", "", page).replace("\\", "")
    for line in page.splitlines():
        if line.split()[:1] and line.split()[0] not in TYPED and "eset-portcheck" not in line:
            yield UNSPOKEN.sub("", line)


class Reader(HTMLParser):
    """Text outside of code, styles and titles of the document."""

    SILENT = ("code", "pre", "style", "kbd", "samp")

    def __init__(self):
        super().__init__()
        self.texts = []
        self._silent = 0

    def handle_starttag(self, tag, attrs):
        self._silent += tag in self.SILENT

    def handle_endtag(self, tag):
        self._silent -= tag in self.SILENT

    def handle_data(self, data):
        if not self._silent:
            self.texts.append(data)


@pytest.mark.parametrize("form", sorted(FORMATS.keys() - {"json", "csv"}))
@pytest.mark.parametrize("name", sorted(path.stem for path in REPORTS.glob("*.json")))
@pytest.mark.parametrize("verbose", [False, True])
def test_a_report_made_in_one_language_reads_in_the_other(form, name, verbose):
    """The same report: nothing English is left but commands and codes, and no fact is lost."""
    report = from_json((REPORTS / f"{name}.json").read_bytes())
    page = FORMATS[form](
        report, width=140, ascii=False, colour=False, verbose=verbose, quiet=False, language="es", written=[]
    ).decode()
    for line in prose(form, page):
        assert ENGLISH_WORDS.findall(line) == [], line
    whole = page.replace("\\", "")
    for cause in report.causes:
        assert cause.reason in whole
    for row in report.checks:
        if row.verdict.value != "skip":
            assert f"{row.port}" in page


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_programs_read_has_no_language(form):
    report = from_json((REPORTS / "dropped.json").read_bytes())
    settings = {"width": 100, "ascii": False, "colour": False, "verbose": True, "quiet": False, "written": []}
    assert FORMATS[form](report, language="es", **settings) == FORMATS[form](report, language="en", **settings)


def test_numbers_are_as_the_reader_expects_and_moments_as_the_clock_does():
    page = said("dropped")
    assert "4,1 s" in page
    assert "4.1 s" not in page
    assert "2026-11-24 09:14:52 UTC" in page


def test_a_profile_of_ones_own_keeps_its_words():
    report = from_json((REPORTS / "ready.json").read_bytes())
    row = msgspec.structs.replace(report.checks[0], purpose="Our own purpose, naïve", note="\x1b[31mred")
    report = msgspec.structs.replace(report, checks=[row, *report.checks[1:]])
    page = table.render(report, language="es", width=140, verbose=True)
    assert "Our own purpose, naïve" in page
    assert "\x1b" not in page
    assert r"na\xefve" in table.render(report, language="es", width=140, ascii=True)


def test_rules_in_words_are_translated_when_known_and_kept_when_not():
    context = RenderContext(language="es")
    rule = "allow TCP from 10.0.0.1 to 10.0.0.2, 10.0.0.3 (a.example) port 2222, stateful, without inspection"
    assert parameters.request(rule, context).startswith(
        "permitir TCP desde 10.0.0.1 hacia 10.0.0.2, 10.0.0.3 (a.example) puerto 2222, con seguimiento"
    )
    assert parameters.request("allow \x1b[31m", context) == r"allow \x1b[31m"
    assert parameters.request(rule, RenderContext()) == rule


@pytest.mark.parametrize("make", [fixes_commands.request])
def test_every_rule_in_words_has_a_form(make):
    """A new wording in diagnose would stay English: here it fails."""
    flow = fixes_commands.Flow(
        version=4, transport="tcp", source="10.0.0.1", addresses=("10.0.0.2",), port=2222, name="a.example"
    )
    wishes = re.findall(r'_asked\(one\.flows, "([^"]+)"\)', inspect.getsource(fixes))
    for text in [make([flow]).command, *(make([flow], wish).command for wish in wishes)]:
        assert parameters.request(text, RenderContext(language="es")) != text


def test_progress_speaks_spanish():
    stream = io.StringIO()
    stream.isatty = lambda: True
    with Progress(["a.b.tcp-1", "a.c.tcp-2", "a.d.tcp-3"], stream, say=translator("es")):
        pass
    assert "0/3 comprobadas, esperando a.b.tcp-1, a.c.tcp-2 y 1 más" in stream.getvalue()


@pytest.mark.parametrize("form", sorted(comparison.FORMATS.keys() - {"json", "csv"}))
def test_a_comparison_speaks_spanish(form):
    before, after = (from_json((REPORTS / f"{name}.json").read_bytes()) for name in ("ready", "dropped"))
    compared = compare(before, after, Tool("eset-portcheck", "0"))
    settings = {"width": 120, "ascii": False, "colour": False, "verbose": True, "quiet": False, "written": []}
    page = comparison.FORMATS[form](compared, language="es", **settings).decode()
    assert "AVERIADO" in page.upper()
    for line in prose(form, page):
        assert ENGLISH_WORDS.findall(line) == [], line
