"""Servers that were reached and not identified, in a phrase for the first line. Pure text."""

from eset_portcheck.model.deciding import unidentified
from eset_portcheck.model.report import Report
from eset_portcheck.render.context import RenderContext


def not_identified(report: Report, context: RenderContext) -> str:
    """What was not checked, and what checks it; nothing where all is known."""
    names = list(dict.fromkeys(row.via_destination or row.target for row in unidentified(report.checks)))
    if not names:
        return ""
    target = context.safe(names[0])
    if len(names) > 1:
        return context.say(
            "the identity of {target} and {count} more was not checked (--ca-file or --pin sha256:... does)",
            target=target,
            count=len(names) - 1,
        )
    return context.say("the identity of {target} was not checked (--ca-file or --pin sha256:... does)", target=target)
