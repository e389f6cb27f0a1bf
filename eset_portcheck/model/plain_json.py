"""JSON that can be looked at on a terminal: what would move a cursor, turn a line around or hide is an escape, as it is
in every other format.

The content is the same: a reader gets back the very characters. Source: RFC 8259 section 7; ECMA-48 (C1 controls); UAX
9; Unicode 15.1 chapter 23.
"""

import re
from typing import Any

import msgspec

# msgspec escapes the controls below U+0020 itself; these are left: DEL and C1, format and bidi signs, separators,
# fillers, selectors, tags.
_UNSEEN = re.compile(
    "[\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U000e0000-\U000e0fff]"
)


def written(content: Any) -> bytes:
    """UTF-8 JSON, two spaces of indent, a line break at the end."""
    data = msgspec.json.format(msgspec.json.encode(content), indent=2)
    if not data.isascii() or b"\x7f" in data:
        data = _UNSEEN.sub(_escape, data.decode()).encode()
    return data + b"\n"


def _escape(match: re.Match[str]) -> str:
    """\\uXXXX, beyond the basic plane as two halves."""
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
