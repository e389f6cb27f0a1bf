"""Hostile text: nothing that a peer says may move a cursor, turn a line around or flood the page."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.render.text import safe

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u3164\u115f\ufe0f"
CONTROLS = [*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0))]
SEPARATORS = "\u2028\u2029\x85\u00a0"


@pytest.mark.parametrize(
    "sign",
    [
        *BIDI,
        *ZERO_WIDTH,
        *SEPARATORS,
        *map(chr, range(32)),
        "\x7f",
        *map(chr, range(0x80, 0xA0)),
        "\ud800",
        "\U000e0041",
    ],
)
def test_signs_that_act_or_hide_become_visible_escapes(sign: str) -> None:
    shown = safe(f"a{sign}b")
    assert sign not in shown
    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert shown.endswith("b")


def test_escapes_are_the_ones_everybody_knows() -> None:
    assert safe("\x1b[31mred\u202e") == "\\x1b[31mred\\u202e"


def test_plain_text_stays_as_it_is() -> None:
    for text in (
        "protect.corp.example",
        "CN=Münchner Wölfe, O=株式会社",
        "[red]markup[/red] {x} %s",
        "café",
        "cafe\u0301",
    ):
        assert safe(text) == text


def test_ascii_escapes_letters_beyond_it() -> None:
    assert safe("Zürich → 東", ascii_only=True) == "Z\\xfcrich \\u2192 \\u6771"


def test_a_tower_of_combining_marks_is_taken_down() -> None:
    shown = safe("a" + "\u0301" * 50)
    assert sum(unicodedata.combining(sign) > 0 for sign in shown) <= 2


def test_what_is_cut_says_so_and_an_escape_is_never_cut_in_half() -> None:
    assert safe("x" * 200, 10) == "x" * 9 + "…"
    assert safe("x" * 200, 10, ascii_only=True) == "x" * 8 + ".."
    assert safe("\x1b" * 9, 10) == "\\x1b\\x1b…"
    assert len(safe("\u202e" * 1_000_000, 50)) <= 50


@given(st.text(), st.integers(4, 200), st.booleans())
def test_always_printable_and_within_the_limit(text: str, limit: int, ascii_only: bool) -> None:
    shown = safe(text, limit, ascii_only=ascii_only)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert not ascii_only or shown.isascii()
    assert not any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in shown)
