"""What must be known to read a report right, whatever its rows say. Pure, for formats that have room for sentences."""

from eset_portcheck.model.report import Report
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.outcome import not_repeated, rejudged
from eset_portcheck.render.text import COMMAND
from eset_portcheck.render.track import FAMILIES, families

_NAMES = 6


def remarks(report: Report, context: RenderContext) -> list[str]:
    """A sentence each."""
    said = connections_elsewhere(report, context, _NAMES) + not_repeated(report, context)
    if not report.run.complete:
        said.append(context.say("Incomplete: some rows did not finish."))
    said += rejudged(report, context)
    for family in FAMILIES:
        untested = sum(family in found and found[family] is None for found in map(families, report.checks))
        if untested:
            name, rows = family.replace("ip", "IP"), context.rows(untested)
            said.append(
                context.say(
                    "{family} not tested: this machine has no {family} default route ({rows})", family=name, rows=rows
                )
            )
    return said


def connections_elsewhere(report: Report, context: RenderContext, most: int | None = None) -> list[str]:
    """A sentence when connections went to other addresses than the product's: to the demo's stand-ins, or where
    --connect-to pointed."""
    pairs = ", ".join(
        f"{context.safe(one)} {context.signs.arrow} {context.safe(to)}"
        for one, to in list(report.run.connect_to.items())[:most]
    )
    if not pairs:
        return []
    if report.run.command == "demo":
        return ["* " + context.say("Simulated: a stand-in site on this machine answers: {pairs}", COMMAND, pairs=pairs)]
    return ["* " + context.say("Test override: real traffic takes another path: {pairs}", COMMAND, pairs=pairs)]
