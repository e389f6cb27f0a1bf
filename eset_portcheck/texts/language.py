"""The short words of renderers in the language of the reader: gettext, with the English text as its own key.

Texts of codes are whole pages and live in files of their own (`texts.load`). Source: GNU gettext manual, "The Format of GNU MO Files".
"""

import gettext
from collections.abc import Callable
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "es")


@cache
def translator(language: str) -> Callable[[str], str]:
    """English -> the same in `language`; a text that has no translation stays English. Raises LookupError for a language that is not there."""
    if language not in LANGUAGES:
        raise LookupError(language)
    catalogue = files(__package__) / f"{language}.mo"
    if language == "en" or not catalogue.is_file():
        return gettext.NullTranslations().gettext
    with catalogue.open("rb") as file:
        return gettext.GNUTranslations(file).gettext
