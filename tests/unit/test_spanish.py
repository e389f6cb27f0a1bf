"""The pages of the codes in Spanish: all there, the same promises of form as in English, and no English left in them."""

import re
import tomllib
from importlib.resources import files

import pytest

from eset_portcheck import texts
from eset_portcheck.cli import explain
from eset_portcheck.loading import ROLES
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.texts import about_rows, load, phrase
from eset_portcheck.texts.language import translator

FILE = "eset_portcheck/texts/reasons.es.toml"
OWN = tomllib.loads(files(texts).joinpath("reasons.es.toml").read_text(encoding="utf-8"))
ENGLISH, SPANISH = load("en"), load("es")
WORDS = ("title", "headline", "meaning", "checked", "still", "ask")
BOTH = sorted(OWN.keys() & ENGLISH.keys())
# English words that no Spanish sentence of this subject has.
FOREIGN = re.compile(r"\b(the|and|is|are|not|with|this|that|from|which|does|please|port|answer|firewall's|then|check|row|look)\b", re.IGNORECASE)
# Quoted words of programs and systems, options, file and command words keep their language.
KEPT = re.compile(r'"[^"]*"|ICMP [a-z-]+|acl SSL_ports port [\d ]+|--[a-z-]+|\b[A-Z_]+\b')


def test_every_code_is_there_in_spanish():
    lacking = sorted(ENGLISH.keys() - OWN.keys())
    keys = "title, headline, meaning, checked, fix, still, ask"
    assert lacking == [], f"no Spanish for {', '.join(lacking)}: add a table [{lacking[0] if lacking else ''}] with {keys} to {FILE} (docs/translating.md)"
    assert sorted(OWN.keys() - ENGLISH.keys()) == [], f"{FILE} has codes that no longer exist"


@pytest.mark.parametrize("code", BOTH)
def test_steps_are_as_many_and_keep_who_and_command(code):
    english, spanish = ENGLISH[code], SPANISH[code]
    assert len(OWN[code]["fix"]) == len(english.fix), f"{FILE} [{code}] fix: one sentence for each step of reasons.toml"
    say = translator("es")
    for one, other in zip(english.fix, spanish.fix, strict=True):
        assert (other.linux, other.windows, other.run) == (one.linux, one.windows, one.run)
        assert other.who == say(one.who) != one.who
        assert other.do != one.do


@pytest.mark.parametrize("code", BOTH)
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


@pytest.mark.parametrize("code", BOTH)
def test_placeholders_are_those_of_the_english(code):
    for field in ("headline", "ask"):
        assert parts(getattr(SPANISH[code], field)) == parts(getattr(ENGLISH[code], field)), field
    for prose in (SPANISH[code].title, SPANISH[code].meaning, SPANISH[code].checked, SPANISH[code].still, *(step.do for step in SPANISH[code].fix)):
        assert "{" not in prose


@pytest.mark.parametrize("code", BOTH)
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
    for word in ("pregunta descartada", "respuesta descartada", "firewall", "ni demostrado ni refutado"):
        assert word in SPANISH["UDP_NO_ANSWER"].meaning


def test_words_about_rows_are_the_same_set():
    english, spanish = about_rows("en"), about_rows("es")
    assert {name: set(part) for name, part in english.items()} == {name: set(part) for name, part in spanish.items()}
    assert [word for name, part in english.items() for word, said in part.items() if spanish[name][word] == said] == []


VALUES = {"target": "pc7.corp.local", "port": 2222, "transport": "tcp", "address": "10.1.2.3", "interval": ["this host", "10.1.2.3"], "source": "pc1"}


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
    assert texts.headline("TCP_NO_ANSWER", VALUES, "es") == "Sin respuesta en TCP 2222 de pc7.corp.local"


@pytest.mark.parametrize("code", BOTH)
@pytest.mark.parametrize("params", [{}, VALUES])
def test_sentences_are_whole_with_and_without_values(code, params):
    for template in (SPANISH[code].headline, SPANISH[code].ask):
        for ascii_only in (False, True):
            said = phrase(template, params, "es", ascii_only=ascii_only)
            assert not re.search(r"[\[\]{}]| [,.;:]|\b(de|a) el\b|  ", said), said
            assert said[0].isupper() or said[0] in "¿[<" or said.startswith((VALUES["target"], VALUES["source"])), said
            assert said.isascii() or not ascii_only


@pytest.mark.parametrize("code", sorted(REASONS))
def test_explain_speaks_spanish(code):
    lines = explain.of_code(code, "es")
    assert lines[0] == code
    assert "Qué se comprueba" in lines
    assert not {"What is checked", "How to fix", "What it is for", "Still not working"} & set(lines)
    assert all(len(line) <= 80 for line in lines if not line.startswith("       "))


@pytest.mark.parametrize("role", ROLES)
def test_explain_a_row_speaks_spanish(role):
    for name, (profile, one) in explain.rows(role).items():
        page = "\n".join(explain.of_row(name, profile, one, "es"))
        for english in ("What is", "required", "this machine", "stateful", "advisory", "not given", "Reasons"):
            assert english not in page
