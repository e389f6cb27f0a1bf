"""Every short text is extracted, has its Spanish with the same values in it, and is said somewhere."""

import ast
import importlib.util
import io
import string
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from eset_portcheck.render.wording import value_names
from eset_portcheck.texts.language import counter, forms, message, plain, translator
from tests.each import each

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "eset_portcheck").rglob("*.py"))
KEPT = (ROOT / "eset_portcheck/texts/es.po").read_bytes()
LABEL_CELLS = 9


def tool():
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "tools/catalogue.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["catalogue"] = module
    spec.loader.exec_module(module)
    return module


TOOL = tool()
ENTRIES = [one for one in read_po(io.BytesIO(KEPT), locale="es") if one.id]


def test_the_catalogue_is_as_its_sources_say(capsys):
    assert TOOL.main(["--check"]) == 0, capsys.readouterr().err


def test_a_text_without_spanish_says_what_to_do():
    lines = TOOL.untranslated(TOOL.renewed(KEPT.replace('msgstr "no se envió nada"'.encode(), b'msgstr ""')))
    assert len(lines) == 1
    assert (
        "no Spanish for 'nothing was sent': write its msgstr in eset_portcheck/texts/es.po, then run tools/catalogue.py"
        in lines[0]
    )


def test_what_nobody_says_any_more_goes():
    stale = KEPT + b'\nmsgid "said by nobody"\nmsgstr "nadie lo dice"\n'
    assert TOOL.written(TOOL.renewed(stale))[0] == KEPT


def texts(value) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@each("entry", ENTRIES)
def test_the_same_values_and_the_same_ends(entry):
    def names(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    for english in texts(entry.id):
        for spanish in texts(entry.string):
            assert names(english) == names(spanish)
            for end in (".", ":", ": ", "?"):
                assert english.endswith(end) == spanish.endswith(end), f"{english!r} -> {spanish!r}"


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else node.func.id
                if isinstance(node.func, ast.Name)
                else ""
            )
            if name in TOOL.KEYWORDS and node.args and not (name == "count" and len(node.args) < 2):
                yield node


@each("module", MODULES)
def test_extraction_sees_every_literal(module):
    """A literal inside an f-string, glued or chosen in place is not seen by the extraction: write it as the argument
    itself."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    hidden = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node)}
    for call in calls(tree):
        text = call.args[0]
        where = f"{module.name}:{call.lineno}"
        assert not isinstance(text, ast.JoinedStr | ast.BinOp | ast.IfExp | ast.BoolOp), where
        assert not (isinstance(text, ast.Constant) and id(call) in hidden), f"{where}: inside an f-string"
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and getattr(node.value.func, "id", "") == "translator"
        ):
            assert [target.id for target in node.targets if target.id not in TOOL.KEYWORDS] == [], (
                f"{module.name}:{node.lineno}: a name that is extracted"
            )


def test_labels_fit_their_column():
    for language in ("en", "es"):
        say = translator(language)
        assert [say(one) for one in value_names.LABEL.values() if len(say(one)) > LABEL_CELLS] == []


def test_a_translator_never_shows_the_header_and_keeps_what_it_does_not_know():
    say = translator("es")
    assert say("") == ""
    assert say("of a profile of one's own") == "of a profile of one's own"
    assert say(message("this machine")) == "este equipo"
    with pytest.raises(LookupError):
        counter("xx")


def test_counts_have_two_forms():
    rows = forms("{count} row", "{count} rows")
    assert [counter("es")(*rows, count).format(count=count) for count in (0, 1, 2)] == ["0 filas", "1 fila", "2 filas"]
    assert [counter("en")(*rows, count).format(count=count) for count in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


def test_plain_letters():
    assert plain("«¿Según quién?» ¡Mañana!") == '"Segun quien?" Manana!'
    assert plain("as it is: {name}") == "as it is: {name}"
    assert all(plain(one).isascii() for entry in ENTRIES for one in texts(entry.string))
