"""The facts of a report judged by today's rules. Pure."""

import msgspec

from eset_portcheck import __version__
from eset_portcheck.diagnose import diagnose, summary, with_exit_code
from eset_portcheck.model.report import Changed, Rediagnosis, Report, Row, Summary, identified

INTERRUPTED = 130


def rejudged(report: Report) -> Report:
    """Rows, causes and summary anew, everything else as it was; what changed stands in `rediagnosis`."""
    rows, causes, _ = diagnose(report.checks, report.host, report.run.phase, report.run.arguments, report.run.command)
    before = {row.id: [row.verdict.value, row.reason] for row in report.checks}
    after = {row.id: [row.verdict.value, row.reason] for row in rows}
    changed = [Changed(one, before[one], after[one]) for one in after if before[one] != after[one]]
    total = _summary(report, rows)
    return identified(msgspec.structs.replace(report, checks=rows, causes=causes, summary=total, rediagnosis=Rediagnosis(__version__, changed)))


def _summary(report: Report, rows: list[Row]) -> Summary:
    """As the same run would end today. That it was interrupted, --strict or --exit-zero shows only in how it ended."""
    code = report.summary.exit_code
    interrupted = code == INTERRUPTED
    bare = summary(report.checks, interrupted=interrupted)
    for strict, exit_zero in ((False, False), (True, False), (False, True)):
        if with_exit_code(bare, strict=strict, exit_zero=exit_zero).exit_code == code:
            return with_exit_code(summary(rows, interrupted=interrupted), strict=strict, exit_zero=exit_zero)
    return summary(rows, interrupted=interrupted)
