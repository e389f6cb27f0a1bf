"""What must be known to read a report right, whatever its rows say. A sentence each."""

from collections.abc import Sequence

from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.site import NAMES
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import COMMAND
from eset_portcheck.render.view.outcome import left_out
from eset_portcheck.render.wording.issue_phrases import skip_phrase
from eset_portcheck.render.wording.track import FAMILIES, families

_OPTIONS = {"role": "--role", "server": "--server", "database": "--database"}


def skipped(report: Report, rows: Sequence[Row], context: RenderContext) -> list[str]:
    """`rows`: those that were not run."""
    if not rows:
        return []
    count, why = context.rows(len(rows)), skip_phrase(rows, context)
    if left_out(report):
        return [context.say("{rows} not tested: {why} (-v shows them)", COMMAND, rows=count, why=why)]
    return [context.say("{rows} not applicable: {why} (-v shows them)", COMMAND, rows=count, why=why)]


def untested_families(report: Report, context: RenderContext) -> list[str]:
    found = []
    for family in FAMILIES:
        untested = sum(family in tried and tried[family] is None for tried in map(families, report.checks))
        if untested:
            name, rows = family.replace("ip", "IP"), context.rows(untested)
            found.append(
                context.say(
                    "{family} not tested: this machine has no {family} default route ({rows})", family=name, rows=rows
                )
            )
    return found


def connections_elsewhere(report: Report, context: RenderContext, most: int | None = None) -> list[str]:
    """When connections went to other addresses than the product's: to the demo's stand-ins, or where --connect-to
    pointed. `most`: pairs shown."""
    pairs = ", ".join(
        f"{context.safe(asked)} {context.signs.arrow} {context.safe(dialled)}"
        for asked, dialled in list(report.run.connect_to.items())[:most]
    )
    if not pairs:
        return []
    if report.run.command == "demo":
        return ["* " + context.say("Simulated: a stand-in site on this machine answers: {pairs}", COMMAND, pairs=pairs)]
    return ["* " + context.say("Test override: real traffic takes another path: {pairs}", COMMAND, pairs=pairs)]


def detected(report: Report, context: RenderContext) -> list[str]:
    """That roles or values are this machine's own, and nobody gave them."""
    known = [name for name in report.run.detected if name == "role" or (name in NAMES and name != "database_kind")]
    if not known:
        return []
    options = ", ".join(_OPTIONS.get(name, f"--set {name}") for name in known)
    return [context.say("Taken from the installed product: {options}; the command line has priority", options=options)]


def incomplete(report: Report, context: RenderContext) -> list[str]:
    return [] if report.run.complete else [context.say("Incomplete: some rows did not finish.")]
