"""Text in drawings, which cannot wrap: how wide it is, and cut to what fits."""

import unicodedata

_CELL_PX = 7.2  # of the monospaced font of labels, 12 px high
_PAD_PX = 18


def cells(text: str) -> int:
    """Wide East Asian signs count twice."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def fitted(text: str, limit: int) -> str:
    """At most `limit` cells; a cut shows."""
    if cells(text) <= limit:
        return text
    kept = text[: limit - 1]
    while cells(kept) > limit - 1:
        kept = kept[:-1]
    return kept + "…"


def width_px(label: str) -> int:
    return round(cells(label) * _CELL_PX + _PAD_PX)
