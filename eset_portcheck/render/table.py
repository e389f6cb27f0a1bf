"""The report for a terminal or a text file: first line for the ticket, matrix, what is wrong, what is not proven, exit
code."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.issue_lines import IssueLayout
from eset_portcheck.render.lines import flowed
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.matrix import matrix
from eset_portcheck.render.terminal import console_for, cut, paragraph, printed
from eset_portcheck.render.text import SENTENCE
from eset_portcheck.render.view import View
from eset_portcheck.render.wording.evidence_phrases import attempts
from eset_portcheck.render.wording.issue_phrases import listed
from eset_portcheck.render.wording.value_names import LEGEND

_HANG = 10  # of long entries about this machine
_INDENT = 2
_LINK = "cyan"


def render(
    report: Report,
    *,
    width: int = 100,
    ascii: bool = False,  # noqa: A002  # the option's name
    colour: bool = False,
    verbose: bool = False,
    quiet: bool = False,
    language: str = "en",
    written: Sequence[str] = (),
    live: bool = False,
) -> str:
    """`written`: the files that hold this report too. Ends in a line break."""
    console = console_for(width, colour=colour)
    context = RenderContext(ascii, verbose, language, live)
    return printed(compose(report, context, console, quiet=quiet, written=written), console)


def compose(
    report: Report, context: RenderContext, console: Console, *, quiet: bool = False, written: Sequence[str] = ()
) -> Iterable[Text]:
    """The lines, one Text each. Only commands and the first line may be longer than the console is wide: a break would
    spoil the copy."""
    view = View(report, context)
    page = _Page(view, console)
    yield page.first()
    if not quiet:
        yield from page.counts()
        yield Text("")
        yield from matrix(view, console.width)
        yield from page.limits()
        yield from page.host_sections()
    yield from page.rediagnosed()
    yield from page.issues(brief=quiet)
    if not quiet:
        yield from page.notes()
        if context.verbose:
            yield from page.attempts()
    yield Text("")
    if not quiet:
        yield from page.legend()
    yield from page.end(written)


class _Page:
    """The parts around the matrix."""

    def __init__(self, view: View, console: Console) -> None:
        self._view = view
        self._context = view.context
        self._console = console

    def first(self) -> Text:
        style = LOOKS[self._view.verdict].style
        line = self._view.first_line
        start = "" if self._context.ascii_only else f"{self._context.glyph(self._view.verdict)} "
        return (
            Text()
            .append(start, style)
            .append(line.who, "bold")
            .append(line.word, f"bold {style}")
            .append(f": {line.why}; ", "bold")
            .append(line.again, _LINK)
        )

    def counts(self) -> Iterable[Text]:
        """How many of each, how long, which phase, profile and moment."""
        report, context = self._view.report, self._context
        dot = f" {context.signs.dot} "
        out = Text()
        for number, count in enumerate(self._view.counts):
            text = f"{count.text} {count.advisory}".rstrip()
            out.append(dot if number else "", "dim").append(text, LOOKS[count.verdict].style)
        about = [context.lasted(report.run.duration_s), context.say("phase {phase}", phase=report.run.phase.value)]
        about += [context.safe(f"{used.role} {used.version}") for used in report.profiles]
        about += [
            context.safe(report.run.started_utc.replace("T", " ").replace("Z", " UTC")),
            context.safe(f"{report.tool.name} {report.tool.version}"),
        ]
        for text in about:
            if out.cell_len + len(dot) + len(text) <= self._console.width and text:
                out.append(dot + text, "dim")
        return self._paragraph(out)

    def rediagnosed(self) -> Iterable[Text]:
        if not self._view.rediagnosis:
            return
        yield Text("")
        for number, sentence in enumerate(self._view.rediagnosis):
            yield from self._paragraph(Text(sentence, "" if number else "bold"), _INDENT)
        for row in self._view.changed:
            line = self._context.safe(f"{row.name}: {row.before} -> {row.after}", SENTENCE)
            yield from self._paragraph(Text(line), _INDENT * 2, _INDENT)

    def limits(self) -> Iterable[Text]:
        for sentence in self._view.limits:
            yield from self._paragraph(Text(sentence, "dim"))

    def host_sections(self) -> Iterable[Text]:
        for section in self._view.host_sections:
            yield from (Text(""), Text(section.title, "dim"))
            for entry in section.entries:
                style = LOOKS[entry.verdict].style if entry.verdict else "bold"
                yield from self._paragraph(Text().append(f"{entry.label} ", style).append(entry.text), _HANG)

    def issues(self, *, brief: bool) -> Iterable[Text]:
        layout = IssueLayout(self._view, self._console)
        for title, issues in self._view.issue_sections:
            yield from (Text(""), Text(title, "dim"))
            for number, issue in enumerate(issues):
                yield from (Text(""),) if number and not brief else ()
                yield from layout.brief(issue) if brief else layout.lines(issue)

    def notes(self) -> Iterable[Text]:
        if self._view.notes:
            yield from (Text(""), Text(self._context.say("ALSO SEEN"), "dim"))
        for note in self._view.notes:
            facts = f": {note.facts}" if note.facts else ""
            line = Text(note.code).append(f"  {' '.join(listed(note.rows, self._context))}{facts}", "dim")
            yield from self._paragraph(line, _INDENT)

    def attempts(self) -> Iterable[Text]:
        context = self._context
        yield from (Text(""), Text(context.say("EVERY ATTEMPT"), "dim"))
        for row in self._view.report.checks:
            if row.verdict is Verdict.SKIP:
                continue
            proof = f"{row.proof.reached.value}/{row.proof.required.value}"
            line = Text().append(f"{context.glyph(row.verdict)} ", LOOKS[row.verdict].style)
            line.append(context.safe(row.id)).append(f"  {row.state.value}, {proof}, {context.safe(row.reason)}", "dim")
            yield from self._paragraph(line, _INDENT)
            for text in (*attempts(row, context), context.own(row.note)):
                yield from self._paragraph(Text(text, "dim"), 2 * _INDENT, _INDENT)

    def legend(self) -> Iterable[Text]:
        """Only of the signs that are there."""
        context, rows = self._context, self._view.rows
        verdicts = {shown.row.verdict for shown in rows}
        parts = [
            f"{context.word(verdict) if context.ascii_only else context.glyph(verdict)} "
            f"{context.say(LEGEND[verdict.value])}"
            for verdict in Verdict
            if verdict in verdicts
        ]
        if any(not shown.row.required and shown.row.verdict is not Verdict.SKIP for shown in rows):
            parts.append(context.say("({word}) not required, never counted", word=".." if context.ascii_only else "…"))
        if verdicts - {Verdict.PASS}:
            parts.append(context.say("{sign} not reached", sign=context.signs.unreached * 3))
        if self._view.causes:
            parts.append(context.say("# see below"))
        if any(shown.is_redirected for shown in rows):
            is_demo = self._view.report.run.command == "demo"
            parts.append(context.say("* simulated") if is_demo else context.say("* test override"))
        if verdicts - {Verdict.PASS, Verdict.SKIP}:
            parts.append(context.say("more: eset-portcheck explain CODE"))
        yield from (Text(line, "dim") for line in flowed(parts, self._console.width))

    def end(self, written: Sequence[str]) -> Iterable[Text]:
        context, run = self._context, self._view.report.run
        if written:
            names = ", ".join(context.safe(name, SENTENCE) for name in written)
            yield from self._paragraph(Text(context.say("Report: {names}").format(names=names)))
        if run.id:
            yield Text(context.say("report id {id}", id=run.id), "dim")
        yield from self._paragraph(Text(self._view.exit_sentence))
        yield Text("")
        yield from self.ending()

    def ending(self) -> Iterable[Text]:
        """A line each, whatever the width: this is what is on the screen when all has scrolled by."""
        ending, context, width = self._view.ending, self._context, self._console.width
        verdict = self._view.verdict
        lines = [Text(f"{context.glyph(verdict)} {ending.verdict}", LOOKS[verdict].style)]
        if ending.causes:
            lines.append(Text(self._fitting(ending.causes)))
        if ending.next:
            lines.append(Text(context.say("next: ")).append(ending.next))
        yield from (cut(line, width, context.signs.ellipsis) for line in lines)

    def _fitting(self, parts: Sequence[str]) -> str:
        """As many as the line holds, and how many more there are. The first always."""
        line, shown = parts[0], 1
        for number, part in enumerate(parts[1:], 2):
            rest = len(parts) - number
            more = " " + self._context.say("and {count} more", count=rest) if rest else ""
            if cell_len(f"{line}; {part}{more}") > self._console.width:
                break
            line, shown = f"{line}; {part}", number
        if shown == len(parts):
            return line
        more = " " + self._context.say("and {count} more", count=len(parts) - shown)
        first = cut(Text(line), self._console.width - cell_len(more), self._context.signs.ellipsis)
        return f"{first.plain}{more}"

    def _paragraph(self, text: Text, hang: int = 0, indent: int = 0) -> Iterable[Text]:
        return paragraph(text, self._console, hang, indent)
