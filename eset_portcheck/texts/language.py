"""The short words of renderers in the language of the reader: gettext, with the English text as its own key.

Texts of codes are whole pages and live in files of their own (`texts.load`). tools/catalogue.py collects the literals
and compiles `es.po`.
Source: GNU gettext manual, "The Format of GNU MO Files", "Special cases of translatable strings"; Unicode 15.1 chapter
3.11 (decomposition).
"""

import gettext
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "es")
DECIMAL_SIGN = {"en": ".", "es": ","}
_SIGNS = str.maketrans({"«": '"', "»": '"', "¿": None, "¡": None})


def message(text: str) -> str:
    """Marks a text that is translated where it is used: in a table, a dictionary ..."""
    return text


def forms(one: str, many: str) -> tuple[str, str]:
    """Marks the two forms of a text with {count} in it, for `counter`."""
    return one, many


@cache
def translator(language: str) -> Callable[[str], str]:
    """English -> the same in `language`; a text that has no translation stays English. Raises LookupError for a
    language that is not there."""
    said = _catalogue(language).gettext
    return lambda text: said(text) if text else ""  # the catalogue's own header stands under the empty text


@cache
def counter(language: str) -> Callable[[str, str, int], str]:
    """(text for one, text for many, count) -> the form that this count takes in `language`. Raises LookupError
    likewise."""
    return _catalogue(language).ngettext


def plain(text: str) -> str:
    """A text of ours without signs beyond ASCII: letters lose their accents. What cannot be told in ASCII stays as it
    is."""
    if text.isascii():
        return text
    return "".join(
        sign for sign in unicodedata.normalize("NFD", text.translate(_SIGNS)) if not unicodedata.combining(sign)
    )


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language not in LANGUAGES:
        raise LookupError(language)
    compiled = files(__package__) / f"{language}.mo"
    if language == "en" or not compiled.is_file():
        return gettext.NullTranslations()
    with compiled.open("rb") as file:
        return gettext.GNUTranslations(file)
