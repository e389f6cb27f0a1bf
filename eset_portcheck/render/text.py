"""Hostile text made harmless: whatever a peer, a certificate or a report file says is capped, and what could move a
cursor or turn a line around is shown as an escape. For every format; markup of the format itself (HTML, CSV) is the
format's own business.

Source: Unicode 15.1 chapter 23 (controls, format characters); UAX 9 (bidirectional formatting); ECMA-48 (escape
sequences).
"""

import unicodedata

NAME = 120  # host names, ids, issuers
SENTENCE = 400
COMMAND = 2000

# Printable by Python's rule, yet nothing is seen: fillers, the blank braille cell, the grapheme joiner, variation
# selectors.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0") | {
    chr(code) for code in range(0xFE00, 0xFE10)
}
_SELECTORS = range(0xE0100, 0xE01F0)
_MARKS = 2  # combining marks on one letter; more is a tower that covers other lines


def safe(value: object, limit: int = NAME, *, ascii_only: bool = False) -> str:
    """At most `limit` characters on one line; a cut shows as an ellipsis. Controls, bidi and zero-width signs,
    separators become \\x1b, \\u202e.

    str.isprintable() is false for the categories Cc, Cf, Cs, Co, Cn, Zl, Zp and for spaces other than U+0020: all that
    is escaped here.
    """
    text = value if isinstance(value, str) else str(value)
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    end = ".." if ascii_only else "…"
    out: list[str] = []
    used = marks = 0
    for sign in text[: limit + 1]:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        shown = (
            sign if _is_plain(sign, ascii_only) and marks <= _MARKS else sign.encode("unicode_escape").decode("ascii")
        )
        out.append(shown)
        used += len(shown)
        if used > limit:
            break
    if used <= limit and len(text) <= limit:
        return "".join(out)
    while out and used > limit - len(end):
        used -= len(out.pop())
    return "".join(out) + end


def _is_plain(sign: str, ascii_only: bool) -> bool:
    if sign.isascii():
        return sign.isprintable()
    return not ascii_only and sign.isprintable() and sign not in _INVISIBLE and ord(sign) not in _SELECTORS
