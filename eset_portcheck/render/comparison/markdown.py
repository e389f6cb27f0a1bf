"""A comparison as Markdown; quiet: without what is new, gone or the same."""

from xml.etree.ElementTree import Element, SubElement

from eset_portcheck.model.comparison import Change, Comparison
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.comparison import entries
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.elements import put, put_table, to_markdown
from eset_portcheck.render.look import LOOKS

_FOLDED = (Change.SAME, Change.NOT_RUN)  # counted, and listed only when verbose
_URGENT = (Change.BROKEN, Change.CAUSE_CHANGED, Change.FIXED)


def render(comparison: Comparison, *, language: str = "en", verbose: bool = False, quiet: bool = False) -> str:
    """Ends in a line break."""
    context = RenderContext(verbose=verbose, language=language)
    root = Element("div")
    who, word, why = entries.first_line(comparison, context)
    put(SubElement(root, "h2"), who + word)
    put(SubElement(root, "p"), why.removeprefix(": ") + ".")
    listed = SubElement(root, "ul")
    for label, text in entries.runs(comparison, context):
        entry = SubElement(listed, "li")
        SubElement(entry, "strong").text = label
        put(entry, f": {text}")
    for text in entries.differences(comparison, context):
        put(SubElement(listed, "li"), text)
    for section in entries.sections(comparison, context):
        if not quiet or section.change in _URGENT:
            _section(root, section, context)
    put(SubElement(root, "p"), entries.exit_sentence(comparison, context))
    return to_markdown(root)


def _section(root: Element, section: entries.Section, context: RenderContext) -> None:
    if section.change in _FOLDED and not context.verbose:
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
    put_table(root, head, [_cells(one, context) for one in section.entries])


def _cells(one: entries.Entry, context: RenderContext) -> list[str]:
    needed = context.say("yes") if one.required else context.say("no")
    return [one.id, one.what, _word(one.before, context), _word(one.after, context), one.steps, one.meaning, needed]


def _word(verdict: Verdict | None, context: RenderContext) -> str:
    return "" if verdict is None else f"{LOOKS[verdict].glyph} {context.word(verdict)}"
