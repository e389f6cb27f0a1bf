"""The rows of a report as every format shows them: their order, and what a row leads to. Pure."""

from eset_portcheck.model.reasons import REASONS, Rank
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Direction
from eset_portcheck.render.context import RenderContext


def arranged(rows: list[Row]) -> list[Row]:
    """Rows of one target together; required rows first in their group, and groups that have any first."""
    order: dict[str, list[Row]] = {}
    for row in rows:
        order.setdefault(row.target, []).append(row)
    groups = sorted(order.values(), key=lambda group: not any(row.required for row in group))
    return [row for group in groups for row in sorted(group, key=lambda row: not row.required)]


def shown_target(row: Row, context: RenderContext) -> str:
    """Where the row leads in the end: behind a proxy, if there is one."""
    if row.direction is not Direction.OUTBOUND and row.target == "this-host":
        return context.say("this machine")
    return context.safe(row.via_destination.rpartition(":")[0] if row.via_destination else row.target)


def redirected(report: Report, row: Row) -> bool:
    host = f"[{row.target}]" if ":" in row.target else row.target
    return f"{host}:{row.port}" in report.run.connect_to


def is_usual(reason: str) -> bool:
    """A code that says no more than that the row passes."""
    return reason in REASONS and REASONS[reason].rank is Rank.PASS
