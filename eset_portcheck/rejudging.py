"""The facts of a report judged by today's rules. Pure."""

import msgspec

from eset_portcheck import __version__
from eset_portcheck.diagnose import diagnose, summary
from eset_portcheck.model.report import Changed, Rediagnosis, Report, identified

INTERRUPTED = 130


def rejudged(report: Report) -> Report:
    """Rows, causes and summary anew, everything else as it was; what changed stands in `rediagnosis`."""
    rows, causes, total = diagnose(report.checks, report.host, report.run.phase, report.run.arguments, report.run.command)
    if report.summary.exit_code == INTERRUPTED:
        total = summary(rows, interrupted=True)
    before = {row.id: [row.verdict.value, row.reason] for row in report.checks}
    after = {row.id: [row.verdict.value, row.reason] for row in rows}
    changed = [Changed(one, before[one], after[one]) for one in after if before[one] != after[one]]
    return identified(msgspec.structs.replace(report, checks=rows, causes=causes, summary=total, rediagnosis=Rediagnosis(__version__, changed)))
