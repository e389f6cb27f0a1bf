import pytest

from eset_portcheck.texts.language import LANGUAGES, translator


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_without_translation_stays_as_it_is(language):
    assert translator(language)("no such text {name}") == "no such text {name}"


def test_a_language_that_is_not_there_is_refused():
    with pytest.raises(LookupError):
        translator("tlh")
