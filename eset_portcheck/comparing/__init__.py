"""Two reports in, what changed out. Pure: the same two files always compare alike, today or in a year."""

from eset_portcheck.comparing.differences import differences
from eset_portcheck.comparing.failure_point import failure_point
from eset_portcheck.comparing.meaning import meaning, stands_in
from eset_portcheck.model.comparison import (
    SCHEMA_VERSION,
    Change,
    Comparison,
    ComparisonSummary,
    RowChange,
    RunSeen,
    Standing,
)
from eset_portcheck.model.deciding import PROVEN, Group, decides, proven_groups
from eset_portcheck.model.report import Report, Row, Tool
from eset_portcheck.model.vocabulary import Verdict

# Worse and worse for whoever needs the path. A checker that failed proves as little as an unproven row, and disproves
# nothing.
_RUNG = {Verdict.PASS: 0, Verdict.WARN: 0, Verdict.UNPROVEN: 1, Verdict.ERROR: 1, Verdict.FAIL: 2}
_ORDER = {change: number for number, change in enumerate(Change)}


class Incomparable(Exception):
    """The two reports have no check in common."""


def compare(before: Report, after: Report, tool: Tool) -> Comparison:
    """Every check id of either report, gravest change first, else in the order of the later report. Raises
    Incomparable."""
    earlier, later = _by_id(before), _by_id(after)
    if not earlier.keys() & later.keys():
        raise Incomparable("the two reports have no check in common")
    proven = proven_groups(after.checks)
    names = list(dict.fromkeys([*later, *earlier]))
    rows = [_change(earlier.get(name), later.get(name), proven) for name in names]
    # A stable sort keeps the report's order.
    rows.sort(key=lambda one: (_ORDER[one.change], not one.regressed, not one.required))
    regressed = [one.id for one in rows if one.regressed]
    return Comparison(
        schema_version=SCHEMA_VERSION,
        kind="comparison",
        tool=tool,
        before=_run(before),
        after=_run(after),
        differences=differences(before, after, earlier, later),
        rows=rows,
        summary=ComparisonSummary(
            counts={change.value: sum(one.change is change for one in rows) for change in Change},
            regressed=regressed,
            exit_code=1 if regressed else 0,
        ),
    )


def _by_id(report: Report) -> dict[str, Row]:
    return {row.id: row for row in report.checks}


def _change(before: Row | None, after: Row | None, proven: frozenset[Group]) -> RowChange:
    shown = after or before
    assert shown is not None  # noqa: S101  # an id comes from one of the two
    change, what = _said(before, after)
    return RowChange(
        id=shown.id,
        role=shown.role,
        transport=shown.transport,
        target=shown.target,
        port=shown.port,
        required=shown.required,
        change=change,
        meaning=what,
        regressed=change is Change.BROKEN and decides(shown, proven),
        before=_standing(before),
        after=_standing(after),
    )


def _said(before: Row | None, after: Row | None) -> tuple[Change, str]:
    """(change, code of its meaning). A row that was skipped was not run: it is as good as absent."""
    if not _ran(before) or not _ran(after):
        if _ran(after):
            return Change.NEW, meaning(None, after)
        return (Change.GONE, meaning(before, after)) if _ran(before) else (Change.NOT_RUN, "")
    assert before is not None  # noqa: S101
    assert after is not None  # noqa: S101
    worse = _rung(after) - _rung(before)
    if worse > 0:
        return Change.BROKEN, meaning(before, after)
    if after.verdict in PROVEN and not stands_in(after) and (worse < 0 or _calmer(before, after)):
        return Change.FIXED, meaning(before, after)
    if worse < 0 or _differs(before, after):
        return Change.CAUSE_CHANGED, meaning(before, after)
    return Change.SAME, ""


def _ran(row: Row | None) -> bool:
    return row is not None and row.verdict is not Verdict.SKIP


def _rung(row: Row) -> int:
    return 2 if stands_in(row) else _RUNG[row.verdict]


def _calmer(before: Row, after: Row) -> bool:
    return before.verdict is Verdict.WARN and after.verdict is Verdict.PASS


def _differs(before: Row, after: Row) -> bool:
    """Proven rows differ by verdict and warning; the others also by who is to blame and where."""
    if (before.verdict, before.reason) != (after.verdict, after.reason):
        return before.verdict is not after.verdict or after.verdict is not Verdict.PASS
    if after.verdict is Verdict.PASS:
        return False
    return (before.culprit, failure_point(before)) != (after.culprit, failure_point(after))


def _standing(row: Row | None) -> Standing | None:
    if row is None:
        return None
    return Standing(
        verdict=row.verdict,
        state=row.state,
        reached=row.proof.reached,
        required_proof=row.proof.required,
        reason=row.reason,
        culprit=row.culprit,
        confidence=row.confidence,
        place=failure_point(row),
        interval=[row.where.interval[0], row.where.interval[-1]] if row.where.interval else [],
        target=row.target,
        port=row.port,
    )


def _run(report: Report) -> RunSeen:
    return RunSeen(
        id=report.run.id,
        started_utc=report.run.started_utc,
        host=report.host.name,
        roles=report.run.roles,
        phase=report.run.phase,
        tool=report.tool,
        exit_code=report.summary.exit_code,
        counts=report.summary.counts,
    )
