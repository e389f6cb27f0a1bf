"""What must be known to read a report right, whatever its rows say. Pure, for formats that have room for sentences."""

from eset_portcheck.model.report import Report
from eset_portcheck.render.outcome import not_repeated, rejudged
from eset_portcheck.render.pen import Pen
from eset_portcheck.render.text import COMMAND
from eset_portcheck.render.track import FAMILIES, families

_NAMES = 6


def remarks(report: Report, pen: Pen) -> list[str]:
    """A sentence each."""
    said = []
    if report.run.connect_to:
        pairs = ", ".join(f"{pen.safe(one)} {pen.signs.arrow} {pen.safe(to)}" for one, to in list(report.run.connect_to.items())[:_NAMES])
        said.append("* " + pen.say("Redirected, names still checked; not the way the product would take: {pairs}", COMMAND, pairs=pairs))
    said += not_repeated(report, pen)
    if not report.run.complete:
        said.append(pen.say("Incomplete: not every row was finished."))
    said += rejudged(report, pen)
    for family in FAMILIES:
        untested = sum(family in found and found[family] is None for found in map(families, report.checks))
        if untested:
            text = pen.say("{family} not tested: this machine has no default route for it ({rows})", family=family.replace("ip", "IP"), rows=pen.rows(untested))
            said.append(text)
    return said
