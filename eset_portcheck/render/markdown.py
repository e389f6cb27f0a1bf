"""A report as Markdown: whole, or (quiet) a summary of at most SUMMARY_LINES lines to paste into a ticket.

The text is an element tree, so that it cannot break out of its place; `elements` makes Markdown of it.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.elements import put, put_table, to_markdown
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.view import View
from eset_portcheck.render.view.issues import Issue
from eset_portcheck.render.view.rows import ShownRow
from eset_portcheck.render.wording.track import Reach

SUMMARY_LINES = 20
_CAUSES = 4  # of a summary


def render(
    report: Report, *, language: str = "en", verbose: bool = False, quiet: bool = False, live: bool = False
) -> str:
    """Ends in a line break; no line has trailing blanks."""
    page = _Page(View(report, RenderContext(verbose=verbose or not quiet, language=language, live=live)))
    root = page.summary() if quiet else page.whole()
    return to_markdown(root)


class _Page:
    def __init__(self, view: View) -> None:
        self._view = view
        self._context = view.context

    def summary(self) -> Element:
        root = Element("div")
        self._first(root)
        issues = self._view.urgent
        if issues:
            items = SubElement(root, "ul")
            for issue in issues[:_CAUSES]:
                item = SubElement(items, "li")
                self._headline(item, issue)
                put(item, f": {issue.who}" if issue.who else "")
            if len(issues) > _CAUSES:
                put(SubElement(items, "li"), self._context.say("and {count} more", count=len(issues) - _CAUSES))
        if issues and issues[0].ask:
            put(SubElement(SubElement(root, "blockquote"), "p"), issues[0].ask)
        self._last(root)
        return root

    def whole(self) -> Element:
        root = Element("div")
        self._first(root)
        self._matrix(root)
        self._port_owners(root)
        self._changed(root)
        for title, issues in self._view.issue_sections:
            self._issues(root, title, issues)
        self._notes(root)
        self._last(root)
        return root

    def _first(self, root: Element) -> None:
        line = self._view.first_line
        put(SubElement(root, "h2"), line.who + line.word)
        top = SubElement(root, "p")
        put(top, f"{line.reason} " if line.code else f"{line.reason}{line.more}.")
        if line.code:
            self._code(top, line.code)
            put(top, line.more)
        run = self._view.report.run
        about = [
            *(count.text for count in self._view.counts),
            self._context.say("phase {phase}", phase=run.phase.value),
            self._context.safe(run.started_utc),
        ]
        put(SubElement(root, "p"), ", ".join(about))
        if self._view.remarks:
            put(SubElement(root, "p"), "; ".join(self._view.remarks))

    def _matrix(self, root: Element) -> None:
        say = self._context.say
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
        put_table(root, head, [self._cells(shown) for shown in self._view.rows])

    def _cells(self, shown: ShownRow) -> list[str]:
        row, say = shown.row, self._context.say
        signs = {Reach.MARKED: LOOKS[row.verdict].glyph, Reach.NOT_REACHED: "…"}
        return [
            self._word(row.verdict),
            shown.name,
            shown.target,
            f"{shown.port}/{row.transport.value}",
            " ".join(f"{step.word}{signs.get(step.reach, '')}" for step in shown.steps),
            shown.code,
            say("yes") if row.required else say("no"),
            self._context.safe(row.id),
        ]

    def _word(self, verdict: Verdict) -> str:
        return f"{LOOKS[verdict].glyph} {self._context.word(verdict)}"

    def _issues(self, root: Element, title: str, issues: Sequence[Issue]) -> None:
        say = self._context.say
        put(SubElement(root, "h3"), title.capitalize())
        for issue in issues:
            self._headline(SubElement(root, "h4"), issue)
            items = SubElement(root, "ul")
            for label, text in (
                (say("seen"), "; ".join(issue.seen)),
                (say("means"), issue.means),
                (say("who"), issue.who),
                (say("where"), issue.where),
            ):
                self._labelled(items, label, text)
            label = say("to prove") if issue.verdict is Verdict.UNPROVEN else say("do")
            for step in issue.do:
                item = self._labelled(items, label, f"{step.who}: {step.do}" if step.who else step.do)
                for command in step.commands:
                    self._code(item, command)
                if step.undo:
                    put(item, " " + say("undo:"))
                    self._code(item, step.undo)
            self._labelled(items, say("ask for"), issue.ask)
            if issue.again:
                self._code(self._labelled(items, say("retry"), " "), issue.again)
            item = self._labelled(items, say("explains"), " ")
            for number, row in enumerate(issue.rows):
                put(item, ", " if number else " ")
                SubElement(item, "code").text = self._context.safe(row)

    def _headline(self, parent: Element, issue: Issue) -> None:
        # As the JSON calls it; "1." would begin a list.
        put(parent, f"C{issue.number} {issue.headline} " if issue.number else f"{issue.headline} ")
        SubElement(parent, "code").text = issue.code

    def _labelled(self, items: Element, label: str, text: str) -> Element:
        if not text:
            return items
        item = SubElement(items, "li")
        SubElement(item, "strong").text = label
        put(item, f": {text}" if text.strip() else ":")
        return item

    def _code(self, parent: Element, command: str) -> None:
        put(parent, " ")
        SubElement(parent, "code").text = command

    def _port_owners(self, root: Element) -> None:
        if not self._view.port_owners:
            return
        say = self._context.say
        put(SubElement(root, "h3"), say("PORTS OF THIS MACHINE").capitalize())
        rows = [[owner.port, self._word(owner.row.verdict), owner.text] for owner in self._view.port_owners]
        put_table(root, [say("port"), say("verdict"), say("seen")], rows)

    def _changed(self, root: Element) -> None:
        anew, changed = self._view.report.rediagnosis, self._view.changed
        if anew is None or not changed:
            return
        say = self._context.say
        put(SubElement(root, "h3"), say("Evaluated again by the rules of {version}", version=anew.version))
        put_table(
            root,
            [say("check"), say("before"), say("after")],
            [[row.name, row.before, row.after] for row in changed],
        )

    def _notes(self, root: Element) -> None:
        if not self._view.notes:
            return
        put(SubElement(root, "h3"), self._context.say("ALSO SEEN").capitalize())
        items = SubElement(root, "ul")
        for note in self._view.notes:
            item = SubElement(items, "li")
            SubElement(item, "code").text = note.code
            put(item, f" {note.facts} " if note.facts else " ")
            put(item, "(" + ", ".join(self._context.safe(row) for row in note.rows) + ")")

    def _last(self, root: Element) -> None:
        context, report = self._context, self._view.report
        last = SubElement(root, "p")
        put(last, context.say("test again: {command}", command="").strip() + " ")
        SubElement(last, "code").text = self._view.again
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
