"""A comparison as Markdown; quiet: without what is new, gone or the same."""

from xml.etree.ElementTree import Element, SubElement

from eset_portcheck.model.comparison import Change, Comparison
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.comparison.view import Entry, Section, view
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.elements import put, put_table, to_markdown
from eset_portcheck.render.look import LOOKS

_URGENT = (Change.BROKEN, Change.CAUSE_CHANGED, Change.FIXED)


def render(comparison: Comparison, *, language: str = "en", verbose: bool = False, quiet: bool = False) -> str:
    """Ends in a line break."""
    context = RenderContext(verbose=verbose, language=language)
    made = view(comparison, context)
    root = Element("div")
    put(SubElement(root, "h2"), made.who + made.word)
    put(SubElement(root, "p"), made.why.removeprefix(": ") + ".")
    items = SubElement(root, "ul")
    for label, text in made.runs:
        item = SubElement(items, "li")
        SubElement(item, "strong").text = label
        put(item, f": {text}")
    for text in made.differences:
        put(SubElement(items, "li"), text)
    for section in made.sections:
        if not quiet or section.change in _URGENT:
            _section(root, section, context)
    put(SubElement(root, "p"), made.exit_sentence)
    return to_markdown(root)


def _section(root: Element, section: Section, context: RenderContext) -> None:
    if section.is_usual and not context.verbose:
        put(
            SubElement(root, "p"),
            context.say(
                "{title}: {rows} (-v shows them)",
                title=section.title.capitalize(),
                rows=context.rows(len(section.entries)),
            ),
        )
        return
    put(SubElement(root, "h3"), section.title.capitalize())
    head = [
        context.say("check"),
        context.say("target"),
        context.say("before"),
        context.say("after"),
        context.say("reason"),
        context.say("means"),
        context.say("required"),
    ]
    put_table(root, head, [_cells(entry, context) for entry in section.entries])


def _cells(entry: Entry, context: RenderContext) -> list[str]:
    needed = context.say("yes") if entry.required else context.say("no")
    return [
        entry.id,
        entry.what,
        _word(entry.before, context),
        _word(entry.after, context),
        entry.steps,
        entry.meaning,
        needed,
    ]


def _word(verdict: Verdict | None, context: RenderContext) -> str:
    return "" if verdict is None else f"{LOOKS[verdict].glyph} {context.word(verdict)}"
