"""Lines for a terminal or a text file, laid out by rich in memory with the settings given: no terminal, environment or
clock is asked."""

import io
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text


def console_for(width: int, *, colour: bool, record: bool = False) -> Console:
    """Sixteen colours, so that the terminal's own theme decides; every detection of rich is answered beforehand."""
    return Console(
        file=io.StringIO(),
        width=width,
        height=25,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        force_jupyter=False,
        force_interactive=False,
        markup=False,
        emoji=False,
        highlight=False,
        record=record,
        _environ={},
    )


def printed(lines: Iterable[Text], console: Console) -> str:
    """What `console_for`'s console makes of the lines. Ends in a line break."""
    for line in lines:
        console.print(line, soft_wrap=True)
    file = console.file
    assert isinstance(file, io.StringIO)  # noqa: S101  # made by console_for
    return file.getvalue()


def paragraph(text: Text, console: Console, hang: int = 0, indent: int = 0) -> Iterable[Text]:
    """Wrapped at words; the first line indented by `indent`, every later one by `hang`. Nothing for an empty text."""
    if not text.plain:
        return
    for number, line in enumerate(text.wrap(console, console.width - hang, overflow="fold")):
        line.rstrip()
        yield Text(" " * (hang if number else indent)).append_text(line)


def cut(text: Text, width: int, ellipsis: str) -> Text:
    """At most `width` cells; the cut is shown by `ellipsis`."""
    if text.cell_len <= width:
        return text
    end = ellipsis[:width]
    short = text.copy()
    short.truncate(max(0, width - len(end)))
    short.rstrip()
    return short.append(end)
