"""The report for a terminal or a text file: first line for the ticket, matrix, what is wrong, what is not proven, exit
code."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import WORST_FIRST, Verdict
from eset_portcheck.render import host_sections, issues, outcome
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.evidence_phrases import attempts
from eset_portcheck.render.issue_lines import lines_of
from eset_portcheck.render.lines import flowed
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.matrix import matrix
from eset_portcheck.render.remarks import connections_elsewhere
from eset_portcheck.render.rows import redirected
from eset_portcheck.render.terminal import console_for, paragraph, printed
from eset_portcheck.render.text import COMMAND, SENTENCE
from eset_portcheck.render.track import FAMILIES, families
from eset_portcheck.render.words import COUNT, LEGEND

_LABEL = 10  # cells of the first column
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
    page = _Page(report, context, console)
    yield page.first()
    if not quiet:
        yield from page.counts()
        yield Text("")
        yield from matrix(report, context, console.width)
        yield from page.below()
        yield from page.here()
    yield from page.rejudged()
    yield from page.stories()
    if not quiet:
        yield from page.notes()
        if context.verbose:
            yield from page.details()
    yield Text("")
    if not quiet:
        yield from page.legend()
    yield from page.end(written)


class _Page:
    """The parts around the matrix."""

    def __init__(self, report: Report, context: RenderContext, console: Console) -> None:
        self._report = report
        self._context = context
        self._console = console
        self._posix = "windows" not in str(report.host.os).lower()

    def first(self) -> Text:
        _, verdict = outcome.overall(self._report)
        style = LOOKS[verdict].style
        who, word, why, again = outcome.first_line(self._report, self._context)
        start = "" if self._context.ascii_only else f"{self._context.glyph(verdict)} "
        return (
            Text()
            .append(start, style)
            .append(who, "bold")
            .append(word, f"bold {style}")
            .append(why, "bold")
            .append(again, _LINK)
        )

    def counts(self) -> Iterable[Text]:
        """How many of each, how long, which phase, profile and moment."""
        report, context = self._report, self._context
        dot = f" {context.signs.dot} "
        seen = Counter(row.verdict for row in report.checks)
        advisory = Counter(
            row.verdict for row in report.checks if not row.required and row.verdict in (Verdict.FAIL, Verdict.UNPROVEN)
        )
        rest: dict[Verdict, str] = {
            verdict: " " + context.count("({count} not required)", "({count} not required)", count)
            for verdict, count in advisory.items()
        }
        parts = [
            (context.count(*COUNT[one.value], seen[one]) + rest.get(one, ""), LOOKS[one].style)
            for one in WORST_FIRST
            if seen[one]
        ]
        out = Text()
        for number, part in enumerate(parts):
            out.append(dot if number else "", "dim").append(*part)
        about = [context.lasted(report.run.duration_s), context.say("phase {phase}", phase=report.run.phase.value)]
        about += [context.safe(f"{used.role} {used.version}") for used in report.profiles]
        about += [
            context.safe(report.run.started_utc.replace("T", " ").replace("Z", " UTC")),
            context.safe(f"{report.tool.name} {report.tool.version}"),
        ]
        for one in about:
            if out.cell_len + len(dot) + len(one) <= self._console.width and one:
                out.append(dot + one, "dim")
        return self._paragraph(out)

    def rejudged(self) -> Iterable[Text]:
        """What other rules than those of the run made of its facts."""
        anew, context = self._report.rediagnosis, self._context
        if anew is None:
            return
        yield Text("")
        for number, said in enumerate(outcome.rejudged(self._report, context)):
            yield from self._paragraph(Text(said, "" if number else "bold"), _INDENT)
        for one in anew.changed:
            yield from self._paragraph(
                Text(context.safe(f"{one.id}: {' '.join(one.before)} -> {' '.join(one.after)}", SENTENCE)),
                _INDENT * 2,
                _INDENT,
            )

    def below(self) -> Iterable[Text]:
        """What must be known to read the matrix right."""
        report, context = self._report, self._context
        skips = [row for row in report.checks if row.verdict is Verdict.SKIP]
        lines: list[str] = []
        if skips and not context.verbose:
            count, why = context.rows(len(skips)), issues.skipped(skips, context)
            if outcome.left_out(report):
                lines.append(context.say("{rows} not tested: {why} (-v shows them)", COMMAND, rows=count, why=why))
            else:
                lines.append(context.say("{rows} not applicable: {why} (-v shows them)", COMMAND, rows=count, why=why))
        for family in FAMILIES:
            untested = sum(family in found and found[family] is None for found in map(families, report.checks))
            if untested:
                text = context.say(
                    "{family} not tested: this machine has no {family} default route ({rows})",
                    family=family.replace("ip", "IP"),
                    rows=context.rows(untested),
                )
                lines.append(text)
        lines += connections_elsewhere(report, context)
        lines += outcome.detected(report, context)
        lines += outcome.not_repeated(report, context)
        if not report.run.complete:
            lines.append(context.say("Incomplete: some rows did not finish."))
        for line in lines:
            yield from self._paragraph(Text(line, "dim"))

    def here(self) -> Iterable[Text]:
        for title, entries in host_sections.sections(self._report, self._context):
            yield from (Text(""), Text(title, "dim")) if entries else ()
            for what, told, verdict in entries:
                yield from self._paragraph(
                    Text().append(f"{what} ", LOOKS[verdict].style if verdict else "bold").append(told), _LABEL
                )

    def stories(self) -> Iterable[Text]:
        context = self._context
        told = [*issues.causes(self._report, context), *issues.ungrouped(self._report, context)]
        for title, wanted in (
            (context.say("WHAT IS WRONG"), [one for one in told if issues.is_broken(one)]),
            (context.say("NOT PROVEN FROM HERE"), [one for one in told if one.verdict is Verdict.UNPROVEN]),
            (context.say("WARNINGS"), [one for one in told if one.verdict is Verdict.WARN]),
        ):
            if wanted:
                yield Text("")
                yield Text(title, "dim")
            for number, one in enumerate(wanted):
                if number:
                    yield Text("")
                yield from lines_of(one, context, self._console, posix=self._posix)

    def notes(self) -> Iterable[Text]:
        found = issues.notes(self._report, self._context)
        if found:
            yield Text("")
            yield Text(self._context.say("ALSO SEEN"), "dim")
        for code, facts, ids in found:
            line = Text(code).append(
                f"  {' '.join(issues.listed(ids, self._context))}" + (f": {facts}" if facts else ""), "dim"
            )
            yield from self._paragraph(line, _INDENT)

    def details(self) -> Iterable[Text]:
        context = self._context
        yield Text("")
        yield Text(context.say("EVERY ATTEMPT"), "dim")
        for row in self._report.checks:
            if row.verdict is Verdict.SKIP:
                continue
            line = (
                Text().append(f"{context.glyph(row.verdict)} ", LOOKS[row.verdict].style).append(context.safe(row.id))
            )
            line.append(
                f"  {row.state.value}, {row.proof.reached.value}/{row.proof.required.value}, "
                f"{context.safe(row.reason)}",
                "dim",
            )
            yield from self._paragraph(line, _INDENT)
            for text in (*attempts(row, context), context.own(row.note)):
                yield from self._paragraph(Text(text, "dim"), 2 * _INDENT, _INDENT)

    def legend(self) -> Iterable[Text]:
        context = self._context
        shown = [row for row in self._report.checks if context.verbose or row.verdict is not Verdict.SKIP]
        seen = {row.verdict for row in shown}
        parts = [
            f"{context.word(one) if context.ascii_only else context.glyph(one)} {context.say(LEGEND[one.value])}"
            for one in Verdict
            if one in seen
        ]
        if any(not row.required and row.verdict is not Verdict.SKIP for row in shown):
            parts.append(context.say("({word}) not required, never counted", word=".." if context.ascii_only else "…"))
        if seen - {Verdict.PASS}:
            parts.append(context.say("{sign} not reached", sign=context.signs.unreached * 3))
        if self._report.causes:
            parts.append(context.say("# see below"))
        if any(redirected(self._report, row) for row in shown):
            parts.append(
                context.say("* simulated") if self._report.run.command == "demo" else context.say("* test override")
            )
        if any(row.verdict not in (Verdict.PASS, Verdict.SKIP) for row in shown):
            parts.append(context.say("more: eset-portcheck explain CODE"))
        yield from (Text(line, "dim") for line in flowed(parts, self._console.width))

    def end(self, written: Sequence[str]) -> Iterable[Text]:
        context = self._context
        if written:
            yield from self._paragraph(
                Text(
                    context.say("Report: {names}").format(
                        names=", ".join(context.safe(name, SENTENCE) for name in written)
                    )
                )
            )
        if self._report.run.id:
            yield Text(context.say("report id {id}", id=self._report.run.id), "dim")
        yield from self._paragraph(Text(outcome.exit_sentence(self._report, context)))

    def _paragraph(self, text: Text, hang: int = 0, indent: int = 0) -> Iterable[Text]:
        return paragraph(text, self._console, hang, indent)
