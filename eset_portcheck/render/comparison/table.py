"""A comparison for a terminal or a text file: first line for the ticket, what limits it, then change by change."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from eset_portcheck.model.comparison import Change, Comparison
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.comparison.view import Entry, Section, view
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.terminal import console_for, paragraph, printed
from eset_portcheck.render.text import SENTENCE

_LABEL = 9
_INDENT = 2


def render(
    comparison: Comparison,
    *,
    width: int = 100,
    ascii: bool = False,  # noqa: A002  # the option's name
    colour: bool = False,
    verbose: bool = False,
    quiet: bool = False,
    language: str = "en",
    written: Sequence[str] = (),
) -> str:
    """`quiet`: only what is broken. `written`: the files that hold this comparison too. Ends in a line break."""
    console = console_for(width, colour=colour)
    context = RenderContext(ascii, verbose, language)
    return printed(compose(comparison, context, console, quiet=quiet, written=written), console)


def compose(
    comparison: Comparison,
    context: RenderContext,
    console: Console,
    *,
    quiet: bool = False,
    written: Sequence[str] = (),
) -> Iterable[Text]:
    """The lines, one Text each; only the first may be longer than the console is wide."""
    made = view(comparison, context)
    yield (
        Text().append(made.who, "bold").append(made.word, f"bold {LOOKS[made.verdict].style}").append(made.why, "bold")
    )
    if not quiet:
        for label, text in made.runs:
            yield from paragraph(Text(label.ljust(_LABEL) + text, "dim"), console, _LABEL)
    for text in made.differences:
        yield from paragraph(Text("! ", LOOKS[Verdict.WARN].style).append(text), console, _INDENT)
    for section in made.sections:
        if quiet and section.change is not Change.BROKEN:
            continue
        yield Text("")
        yield from _section(section, context, console)
    yield Text("")
    if written:
        names = ", ".join(context.safe(name, SENTENCE) for name in written)
        yield from paragraph(Text(context.say("Comparison: {names}").format(names=names)), console)
    yield from paragraph(Text(made.exit_sentence), console)


def _section(section: Section, context: RenderContext, console: Console) -> Iterable[Text]:
    if section.is_usual and not context.verbose:
        yield Text(
            context.say(
                "{title}: {rows} (-v shows them)", title=section.title, rows=context.rows(len(section.entries))
            ),
            "dim",
        )
        return
    yield Text(section.title, f"bold {LOOKS[section.verdict].style}")
    for entry in section.entries:
        yield from paragraph(_line(entry, context), console, 2 * _INDENT, _INDENT)
        if entry.meaning:
            yield from paragraph(Text(entry.meaning), console, 3 * _INDENT, 3 * _INDENT)


def _line(entry: Entry, context: RenderContext) -> Text:
    out = Text()
    out.append_text(_sign(entry.before, context)).append(context.signs.arrow, "dim").append_text(
        _sign(entry.after, context)
    )
    out.append(f" {entry.id}", "bold" if entry.regressed else "").append(f"  {entry.what}", "dim").append(
        f"  {entry.steps}"
    )
    if not entry.required:
        out.append("  ", "dim").append(context.say("(not required)"), "dim")
    return out


def _sign(verdict: Verdict | None, context: RenderContext) -> Text:
    if verdict is None:
        return Text(" ")
    return Text(context.glyph(verdict), LOOKS[verdict].style)
