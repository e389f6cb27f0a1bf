"""How a verdict looks: one row a verdict, for every format; and the few signs beyond ASCII, each with what stands for
it without.

Source: the table of verdicts in docs/contract.md#three-separate-things.
"""

from typing import NamedTuple

from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.texts.language import message


class Look(NamedTuple):
    """`glyph` for UTF-8, `mark` for ASCII (one sign each), `word` for both (in English: `RenderContext.word`
    translates), `style` for terminals and pages alike."""

    glyph: str
    mark: str
    word: str
    style: str


LOOKS: dict[Verdict, Look] = {
    Verdict.PASS: Look("✓", "+", message("PASS"), "green"),
    Verdict.WARN: Look("!", "!", message("WARN"), "yellow"),
    Verdict.UNPROVEN: Look("?", "?", message("UNPR"), "magenta"),
    Verdict.FAIL: Look("✗", "x", message("FAIL"), "bold red"),
    Verdict.ERROR: Look("☠", "#", message("ERR"), "bold red"),
    Verdict.SKIP: Look("-", "-", message("SKIP"), "dim"),
}


class Signs(NamedTuple):
    """`joint` between stages that were passed, `unreached` once for each letter of a stage that was not."""

    joint: str
    unreached: str
    arrow: str
    ellipsis: str
    dot: str


UNICODE = Signs("─", "·", "→", "…", "·")
ASCII = Signs("-", ".", "->", "..", "|")


def glyph(verdict: Verdict, *, ascii_only: bool) -> str:
    look = LOOKS[verdict]
    return look.mark if ascii_only else look.glyph
