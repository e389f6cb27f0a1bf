"""The view model: everything that a report shows to one reader, computed once and for every format. Layouts place it
and conclude nothing."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.view import issues, limits, notes, outcome, rediagnosis
from eset_portcheck.render.view.ending import Ending, ending
from eset_portcheck.render.view.host_sections import Section, sections
from eset_portcheck.render.view.issues import Issue
from eset_portcheck.render.view.lanes import Lane, lanes
from eset_portcheck.render.view.notes import Note
from eset_portcheck.render.view.rediagnosis import ChangedRow
from eset_portcheck.render.view.rows import ShownRow, arranged, shown
from eset_portcheck.render.wording.issue_phrases import skip_phrase
from eset_portcheck.render.wording.port_owners import PortOwner, port_owners
from eset_portcheck.render.wording.rerun import again, not_repeated


class View:
    """Each part is made when a layout first asks for it, so that none pays for what it does not show."""

    def __init__(self, report: Report, context: RenderContext) -> None:
        self.report = report
        self.context = context

    @cached_property
    def verdict(self) -> Verdict:
        """Whose look the whole has."""
        return outcome.overall(self.report)[1]

    @cached_property
    def first_line(self) -> outcome.FirstLine:
        return outcome.first_line(self.report, self.context)

    @cached_property
    def ending(self) -> Ending:
        """The same in three lines, with what is to be done next."""
        return ending(self.report, self.first_line, self.urgent, self.context)

    @cached_property
    def counts(self) -> list[outcome.Count]:
        return outcome.counts(self.report, self.context)

    @cached_property
    def exit_sentence(self) -> str:
        return outcome.exit_sentence(self.report, self.context)

    @cached_property
    def again(self) -> str:
        """The command that makes this report again."""
        return again(self.report, self.context)

    @cached_property
    def explained(self) -> Mapping[str, str]:
        """Row id -> number of the cause that explains it."""
        return issues.numbers(self.report)

    @cached_property
    def rows(self) -> list[ShownRow]:
        """Those that the reader wants, arranged: the skipped ones too when verbose."""
        if not self.context.verbose:
            return self.tested
        return [self._shown[id(row)] for row in arranged(self.report.checks)]

    @cached_property
    def tested(self) -> list[ShownRow]:
        """All but the skipped ones, arranged."""
        return [
            self._shown[id(row)]
            for row in arranged(row for row in self.report.checks if row.verdict is not Verdict.SKIP)
        ]

    @cached_property
    def skipped(self) -> list[ShownRow]:
        """In the report's order."""
        return [self._shown[id(row)] for row in self.report.checks if row.verdict is Verdict.SKIP]

    @cached_property
    def _shown(self) -> dict[int, ShownRow]:
        """By identity: a file may hold an id twice."""
        return {
            id(row): shown(self.report, row, self.explained.get(row.id, ""), self.context) for row in self.report.checks
        }

    @cached_property
    def causes(self) -> list[Issue]:
        """The most urgent first."""
        return issues.causes(self.report, self.context)

    @cached_property
    def ungrouped(self) -> list[Issue]:
        """Rows without a cause."""
        return issues.ungrouped(self.report, self.explained, self.context)

    @cached_property
    def issues(self) -> list[Issue]:
        return [*self.causes, *self.ungrouped]

    @cached_property
    def issue_sections(self) -> list[tuple[str, list[Issue]]]:
        """(title, issues), in the order in which they are to be read; only those that have any."""
        say = self.context.say
        found = [
            (say("WHAT IS WRONG"), [issue for issue in self.issues if issue.is_broken]),
            (say("NOT PROVEN FROM HERE"), [issue for issue in self.issues if issue.verdict is Verdict.UNPROVEN]),
            (say("WARNINGS"), [issue for issue in self.issues if issue.verdict is Verdict.WARN]),
        ]
        return [section for section in found if section[1]]

    @cached_property
    def urgent(self) -> list[Issue]:
        """What decides; where nothing does, whatever there is."""
        return [issue for issue in self.issues if issue.required] or self.issues

    @cached_property
    def news(self) -> list[Note]:
        """Without what is merely usual, however much the reader wants."""
        return [note for note in self._notes if not note.is_usual]

    @cached_property
    def notes(self) -> list[Note]:
        return self._notes if self.context.verbose else self.news

    @cached_property
    def _notes(self) -> list[Note]:
        return notes.notes(self.report, self.context)

    @cached_property
    def port_owners(self) -> list[PortOwner]:
        return port_owners(self.report, self.context)

    @cached_property
    def host_sections(self) -> list[Section]:
        return sections(self.report, self.port_owners, self.context)

    @cached_property
    def lanes(self) -> list[Lane]:
        """Who reaches whom."""
        rows = [self._shown[id(row)] for row in self.report.checks if row.verdict is not Verdict.SKIP]
        return lanes(rows, self.context)

    @cached_property
    def rediagnosis(self) -> list[str]:
        return rediagnosis.sentences(self.report, self.context)

    @cached_property
    def changed(self) -> list[ChangedRow]:
        """Rows that other rules judge otherwise."""
        return rediagnosis.changed(self.report, self.context)

    @cached_property
    def not_repeated(self) -> list[str]:
        """What the lines to test again lack."""
        return not_repeated(self.report, self.context)

    @cached_property
    def limits(self) -> list[str]:
        """What must be known to read a table of rows right, a sentence each."""
        return [
            *(
                []
                if self.context.verbose
                else limits.skipped(self.report, [each.row for each in self.skipped], self.context)
            ),
            *limits.untested_families(self.report, self.context),
            *limits.connections_elsewhere(self.report, self.context),
            *limits.detected(self.report, self.context),
            *self.not_repeated,
            *limits.incomplete(self.report, self.context),
        ]

    @cached_property
    def remarks(self) -> list[str]:
        """The same for formats that say the rest elsewhere."""
        return [
            *limits.connections_elsewhere(self.report, self.context, 6),
            *self.not_repeated,
            *limits.incomplete(self.report, self.context),
            *self.rediagnosis,
            *limits.untested_families(self.report, self.context),
        ]

    def again_for(self, row: Row) -> str:
        """The command that runs one row again."""
        return again(self.report, self.context, [row.id])

    def why_skipped(self, rows: Sequence[ShownRow]) -> str:
        return skip_phrase([each.row for each in rows], self.context)
