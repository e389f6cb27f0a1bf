"""A comparison as Markdown; quiet: without what is new, gone or the same."""

from xml.etree.ElementTree import Element, SubElement

from eset_portcheck.model.comparison import Change, Comparison
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.comparison import entries
from eset_portcheck.render.elements import put, put_table, to_markdown
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.pen import Pen

_FOLDED = (Change.SAME, Change.NOT_RUN)  # counted, and listed only when verbose
_URGENT = (Change.BROKEN, Change.CAUSE_CHANGED, Change.FIXED)


def render(comparison: Comparison, *, language: str = "en", verbose: bool = False, quiet: bool = False) -> str:
    """Ends in a line break."""
    pen = Pen(verbose=verbose, language=language)
    root = Element("div")
    who, word, why = entries.first_line(comparison, pen)
    put(SubElement(root, "h2"), who + word)
    put(SubElement(root, "p"), why.removeprefix(": ") + ".")
    listed = SubElement(root, "ul")
    for label, text in entries.runs(comparison, pen):
        entry = SubElement(listed, "li")
        SubElement(entry, "strong").text = label
        put(entry, f": {text}")
    for text in entries.differences(comparison, pen):
        put(SubElement(listed, "li"), text)
    for section in entries.sections(comparison, pen):
        if not quiet or section.change in _URGENT:
            _section(root, section, pen)
    put(SubElement(root, "p"), entries.exit_sentence(comparison, pen))
    return to_markdown(root)


def _section(root: Element, section: entries.Section, pen: Pen) -> None:
    if section.change in _FOLDED and not pen.verbose:
        put(SubElement(root, "p"), pen.say("{title}: {rows} (-v shows them)", title=section.title.capitalize(), rows=pen.rows(len(section.entries))))
        return
    put(SubElement(root, "h3"), section.title.capitalize())
    head = [pen.say("check"), pen.say("target"), pen.say("before"), pen.say("after"), pen.say("reason"), pen.say("means"), pen.say("required")]
    put_table(root, head, [_cells(one, pen) for one in section.entries])


def _cells(one: entries.Entry, pen: Pen) -> list[str]:
    needed = pen.say("yes") if one.required else pen.say("no")
    return [one.id, one.what, _word(one.before, pen), _word(one.after, pen), one.steps, one.meaning, needed]


def _word(verdict: Verdict | None, pen: Pen) -> str:
    return "" if verdict is None else f"{LOOKS[verdict].glyph} {pen.word(verdict)}"
