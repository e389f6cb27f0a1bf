"""Openings as a change request in Markdown: a table for a ticket. Names of columns are the same in every language.

Whatever a report or a site holds is text here, so every cell is a code span. Sources: CommonMark 0.31 6.1 (code spans),
GitHub Flavored Markdown 4.10 (tables: a pipe is escaped in them too).
"""

from collections.abc import Sequence

from eset_portcheck.rules import Needs
from eset_portcheck.rules.change_request import COLUMNS, cells
from eset_portcheck.rules.remarks import Say, note

_SHOWN = (
    "action", "source", "source_addresses", "destination", "destination_addresses", "transport", "port", "stateful",
    "inspection", "purpose", "remark", "rows",
)  # fmt: skip
_CELL = 600


def table(needed: Needs, here: str, own: Sequence[str], head: Sequence[str], say: Say, *, undo: bool = False) -> str:
    """`here`, `own`: this machine's name and addresses. `head`: lines above it. Lines end in LF."""
    title = say("Change request for firewalls: remove") if undo else say("Change request for firewalls")
    lines = [f"# {note(title)}", "", *(f"- {_text(line)}" for line in head)]
    lines += ["", f"| {' | '.join(name.replace('_', ' ') for name in _SHOWN)} |", "|---" * len(_SHOWN) + "|"]
    for one in needed.openings:
        told = dict(zip(COLUMNS, cells(one, (here, " ".join(own)), say, undo=undo), strict=True))
        lines.append(f"| {' | '.join(_text(str(told[name])) for name in _SHOWN)} |")
    return "\n".join([*lines, ""])


def _text(words: str) -> str:
    """Backslashes stand for themselves in a code span; only a table reads the one before a pipe."""
    shown = note(words, _CELL).replace("`", "'").replace("|", r"\|").strip()
    return f"`{shown}`" if shown else ""
