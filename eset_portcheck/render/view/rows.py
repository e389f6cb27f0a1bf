"""The rows of a report as every format shows them: their order, and each with what its cells say."""

from collections.abc import Iterable
from typing import NamedTuple

from eset_portcheck.model.addresses import host_port, parse_host_port
from eset_portcheck.model.reasons import REASONS, Rank
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Direction, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.wording.track import Step, families, of_attempt, track


class DialledAddress(NamedTuple):
    """`verdict`: what it alone came to; `is_target`: the target is this address."""

    address: str
    verdict: Verdict
    is_target: bool


class ShownRow(NamedTuple):
    """`row`: its facts. `cause`: number of the cause that explains it, or "". `name`: its purpose, else its id.
    `target` and `port`: where it leads in the end; `via`: the proxy on the way, as "via host:port", or "". `families`:
    what each came to (None: not tried). `is_usual`: the code says no more than that the row passes, or is skipped."""

    row: Row
    cause: str
    name: str
    target: str
    port: str
    via: str
    is_redirected: bool
    steps: list[Step]
    families: dict[str, Verdict | None]
    addresses: list[DialledAddress]
    lasted: str
    code: str
    is_usual: bool


def arranged(rows: Iterable[Row]) -> list[Row]:
    """Rows of one target together; required rows first in their group, and groups that have any first."""
    by_target: dict[str, list[Row]] = {}
    for row in rows:
        by_target.setdefault(row.target, []).append(row)
    groups = sorted(by_target.values(), key=lambda group: not any(row.required for row in group))
    return [row for group in groups for row in sorted(group, key=lambda row: not row.required)]


def shown(report: Report, row: Row, cause: str, context: RenderContext) -> ShownRow:
    target, port = _destination(row, context)
    return ShownRow(
        row=row,
        cause=cause,
        name=context.own(row.purpose) or context.safe(row.id),
        target=target,
        port=port,
        via=context.say("via {proxy}", proxy=host_port(row.target, row.port)) if row.via_destination else "",
        is_redirected=_is_redirected(report, row),
        steps=[Step(context.say(step.word), step.reach) for step in track(row)],
        families=families(row),
        addresses=[
            DialledAddress(context.safe(attempt.address), of_attempt(row, attempt), attempt.address == row.target)
            for attempt in row.attempts
            if attempt.address and attempt.untested is None
        ],
        lasted=context.lasted(row.duration_s),
        code=context.safe(row.reason, 40),
        is_usual=row.verdict is Verdict.SKIP or (row.verdict is Verdict.PASS and _is_of_pass_rank(row.reason)),
    )


def _destination(row: Row, context: RenderContext) -> tuple[str, str]:
    """Host and port where the row leads in the end: behind a proxy, if there is one. What a report names there that is
    no host:port stands as it is, without a port."""
    if row.direction is not Direction.OUTBOUND and row.target == "this-host":
        return context.say("this machine"), context.safe(row.port, 5)
    via = row.via_destination
    host, port = (parse_host_port(via) or (via, "?")) if via else (row.target, row.port)
    return context.safe(host), context.safe(port, 5)


def _is_redirected(report: Report, row: Row) -> bool:
    return host_port(row.target, row.port) in report.run.connect_to


def _is_of_pass_rank(code: str) -> bool:
    return code in REASONS and REASONS[code].rank is Rank.PASS
