"""A report as Markdown: whole, or (quiet) a summary of at most SUMMARY_LINES lines to paste into a ticket.

The text is an element tree, so that it cannot break out of its place; `elements` makes Markdown of it.
"""

from xml.etree.ElementTree import Element, SubElement

from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import WORST_FIRST, Verdict
from eset_portcheck.render import issues, outcome
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.elements import put, put_table, to_markdown
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.port_owners import port_owners
from eset_portcheck.render.remarks import remarks
from eset_portcheck.render.rows import arranged, shown_target
from eset_portcheck.render.text import COMMAND
from eset_portcheck.render.track import Reach, track
from eset_portcheck.render.words import COUNT

SUMMARY_LINES = 20
_CAUSES = 4  # of a summary


def render(
    report: Report, *, language: str = "en", verbose: bool = False, quiet: bool = False, live: bool = False
) -> str:
    """Ends in a line break; no line has trailing blanks."""
    page = _Page(report, RenderContext(verbose=verbose or not quiet, language=language, live=live))
    root = page.summary() if quiet else page.whole()
    return to_markdown(root)


class _Page:
    def __init__(self, report: Report, context: RenderContext) -> None:
        self._report = report
        self._context = context

    def summary(self) -> Element:
        root = Element("div")
        self._first(root)
        told = [*issues.causes(self._report, self._context), *issues.ungrouped(self._report, self._context)]
        wanted = [one for one in told if one.required] or told
        if wanted:
            listed = SubElement(root, "ul")
            for one in wanted[:_CAUSES]:
                entry = SubElement(listed, "li")
                self._headline(entry, one)
                put(entry, f": {one.who}" if one.who else "")
            if len(wanted) > _CAUSES:
                put(SubElement(listed, "li"), self._context.say("and {count} more", count=len(wanted) - _CAUSES))
        if wanted and wanted[0].ask:
            put(SubElement(SubElement(root, "blockquote"), "p"), wanted[0].ask)
        self._last(root)
        return root

    def whole(self) -> Element:
        root = Element("div")
        self._first(root)
        self._matrix(root)
        self._port_owners(root)
        self._rejudged(root)
        told = issues.causes(self._report, self._context)
        self._issues(root, self._context.say("WHAT IS WRONG"), [one for one in told if issues.is_broken(one)])
        self._issues(root, self._context.say("WARNINGS"), [one for one in told if not issues.is_broken(one)])
        self._issues(root, self._context.say("NOT PROVEN FROM HERE"), issues.ungrouped(self._report, self._context))
        self._notes(root)
        self._last(root)
        return root

    def _first(self, root: Element) -> None:
        who, word, why, _ = outcome.first_line(self._report, self._context)
        title = SubElement(root, "h2")
        put(title, who + word)
        reason, bracket, code = why.removeprefix(": ").rstrip("; ").rpartition(" [")
        top = SubElement(root, "p")
        put(top, reason + " " if bracket else code + ".")
        if bracket:
            self._code(top, code.removesuffix("]"))
        seen = {verdict: sum(row.verdict is verdict for row in self._report.checks) for verdict in Verdict}
        counts = [self._context.count(*COUNT[verdict.value], seen[verdict]) for verdict in WORST_FIRST if seen[verdict]]
        run = self._report.run
        about = [
            *counts,
            self._context.say("phase {phase}", phase=run.phase.value),
            self._context.safe(run.started_utc),
        ]
        put(SubElement(root, "p"), ", ".join(about))
        if said := remarks(self._report, self._context):
            put(SubElement(root, "p"), "; ".join(said))

    def _matrix(self, root: Element) -> None:
        say = self._context.say
        rows = arranged(
            [row for row in self._report.checks if self._context.verbose or row.verdict is not Verdict.SKIP]
        )
        head = [
            say("verdict"),
            say("purpose"),
            say("target"),
            say("port"),
            say("proof"),
            say("reason"),
            say("required"),
            say("check"),
        ]
        put_table(root, head, [self._cells(row) for row in rows])

    def _cells(self, row: Row) -> list[str]:
        context = self._context
        glyph = LOOKS[row.verdict].glyph
        signs = {Reach.MARKED: glyph, Reach.NOT_REACHED: "…"}
        steps = " ".join(f"{step.word}{signs.get(step.reach, '')}" for step in track(row))
        needed = context.say("yes") if row.required else context.say("no")
        word = f"{glyph} {context.word(row.verdict)}"
        port = f"{row.port}/{row.transport.value}"
        return [
            word,
            context.own(row.purpose),
            shown_target(row, context),
            port,
            steps,
            context.safe(row.reason),
            needed,
            context.safe(row.id),
        ]

    def _issues(self, root: Element, title: str, told: list[issues.Issue]) -> None:
        if not told:
            return
        put(SubElement(root, "h3"), title.capitalize())
        for one in told:
            heading = SubElement(root, "h4")
            self._headline(heading, one)
            listed = SubElement(root, "ul")
            say = self._context.say
            for label, text in (
                (say("seen"), "; ".join(one.seen)),
                (say("means"), one.means),
                (say("who"), one.who),
                (say("where"), one.where),
            ):
                self._labelled(listed, label, text)
            label = say("to prove") if one.verdict is Verdict.UNPROVEN else say("do")
            for step in one.do:
                entry = self._labelled(listed, label, f"{step.who}: {step.do}" if step.who else step.do)
                for command in step.commands:
                    self._code(entry, command)
                if step.undo:
                    put(entry, " " + say("undo:"))
                    self._code(entry, step.undo)
            self._labelled(listed, say("ask for"), one.ask)
            if one.again:
                self._code(self._labelled(listed, say("retry"), " "), one.again)
            entry = self._labelled(listed, say("explains"), " ")
            for number, row in enumerate(one.rows):
                put(entry, ", " if number else " ")
                SubElement(entry, "code").text = self._context.safe(row)

    def _headline(self, place: Element, one: issues.Issue) -> None:
        # As the JSON calls it; "1." would begin a list.
        put(place, f"C{one.number} {one.headline} " if one.number else f"{one.headline} ")
        SubElement(place, "code").text = one.code

    def _labelled(self, listed: Element, label: str, text: str) -> Element:
        if not text:
            return listed
        entry = SubElement(listed, "li")
        SubElement(entry, "strong").text = label
        put(entry, f": {text}" if text.strip() else ":")
        return entry

    def _code(self, place: Element, command: str) -> None:
        put(place, " ")
        SubElement(place, "code").text = command

    def _port_owners(self, root: Element) -> None:
        told = list(port_owners(self._report, self._context))
        if told:
            say = self._context.say
            put(SubElement(root, "h3"), say("PORTS OF THIS MACHINE").capitalize())
            rows = [
                [port, f"{LOOKS[row.verdict].glyph} {self._context.word(row.verdict)}", who] for row, port, who in told
            ]
            put_table(root, [say("port"), say("verdict"), say("seen")], rows)

    def _rejudged(self, root: Element) -> None:
        anew = self._report.rediagnosis
        if anew is None or not anew.changed:
            return
        say = self._context.say
        put(SubElement(root, "h3"), say("Evaluated again by the rules of {version}", version=anew.version))
        rows = [
            [
                self._context.safe(one.id),
                self._context.safe(" ".join(one.before)),
                self._context.safe(" ".join(one.after)),
            ]
            for one in anew.changed
        ]
        put_table(root, [say("check"), say("before"), say("after")], rows)

    def _notes(self, root: Element) -> None:
        found = issues.notes(self._report, self._context)
        if not found:
            return
        put(SubElement(root, "h3"), self._context.say("ALSO SEEN").capitalize())
        listed = SubElement(root, "ul")
        for code, facts, ids in found:
            entry = SubElement(listed, "li")
            SubElement(entry, "code").text = code
            put(entry, f" {facts} " if facts else " ")
            put(entry, "(" + ", ".join(self._context.safe(one) for one in ids) + ")")

    def _last(self, root: Element) -> None:
        context, report = self._context, self._report
        last = SubElement(root, "p")
        put(last, context.say("test again: {command}", command="").strip() + " ")
        SubElement(last, "code").text = context.safe(outcome.again(report, context), COMMAND)
        profiles = ", ".join(f"{used.role} {used.version}" for used in report.profiles)
        parts = [
            context.safe(f"{report.tool.name} {report.tool.version}"),
            context.safe(profiles),
            context.say("report id {id}", id=report.run.id),
        ]
        if report.redaction is not None and report.redaction.level == "strict":
            what = context.say("names and addresses of the site, names in certificates, banners")
            parts.append(context.say("Also replaced by pseudonyms") + ": " + what)
        put(SubElement(root, "p"), "; ".join(part for part in parts if part))
