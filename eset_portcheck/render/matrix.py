"""The matrix: one line a row, rows of one target together, required ones first; columns go or shrink by priority until
the lines fit.

Wide enough, the target is a column. Else it becomes a heading over its rows, which leaves the names whole.
"""

from typing import NamedTuple

from rich.text import Text

from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Transport, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.issues import numbers
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.rows import arranged, is_usual, redirected, shown_target
from eset_portcheck.render.track import FAMILIES, Reach, both_families, families, track
from eset_portcheck.render.words import HEAD

GAP = 2
_FLOOR = {"target": 20}  # columns that may be cut, and to what ("what": each layout says)
_RIGHT = ("time",)


class Layout(NamedTuple):
    """`headed`: targets as headings over their rows. `floor`: what "what" may be cut to. Cells: "bad-reason" is empty
    in a row that just passes, "short-port" takes tcp for granted."""

    columns: tuple[str, ...]
    headed: bool
    floor: int = 0


def _wide(port: str, reason: str) -> tuple[str, ...]:
    return ("verdict", "role", "what", "target", port, "track", *FAMILIES, "time", "cause", reason)


def _headed(port: str, *rest: str) -> tuple[str, ...]:
    return ("verdict", port, "role", "what", "track", *FAMILIES, *rest)


# First that fits wins. A code that is dropped stands below, where the number leads.
_LAYOUTS = (
    Layout(_wide("port", "reason"), False, 36),
    Layout(_wide("port", "bad-reason"), False, 36),
    Layout(_wide("short-port", "bad-reason"), False, 34),
    Layout(_headed("port", "time", "cause", "reason"), True, 30),
    Layout(_headed("port", "time", "cause", "bad-reason"), True, 30),
    Layout(_headed("short-port", "time", "cause", "bad-reason"), True, 28),
    Layout(_headed("short-port", "cause", "bad-reason"), True, 26),
    Layout(_headed("short-port", "time", "cause"), True, 24),
    Layout(_headed("short-port", "cause"), True, 16),
    Layout(("verdict", "short-port", "track", *FAMILIES, "cause"), True),
    Layout(("verdict", "short-port", "track", "cause"), True),
)


def matrix(report: Report, context: RenderContext, width: int) -> list[Text]:
    rows = arranged([row for row in report.checks if context.verbose or row.verdict is not Verdict.SKIP])
    if not rows:
        return []
    caused = numbers(report)
    lines = [_cells(report, row, caused, context) for row in rows]
    for layout in _LAYOUTS:
        columns, widths = _fit(lines, layout, rows, context, width)
        if columns:
            break
    return [_cut(line, width, context) for line in _lines(rows, lines, columns, widths, layout, context)]


def _fit(
    lines: list[dict[str, Text]], layout: Layout, rows: list[Row], context: RenderContext, width: int
) -> tuple[list[str], dict[str, int]]:
    """Columns that hold anything, with their widths; nothing when even the narrowest does not fit."""
    used = [
        name
        for name in layout.columns
        if any(line[name].cell_len for line in lines) and (name not in FAMILIES or both_families(rows))
    ]
    natural = {
        name: max(Text(context.say(HEAD.get(name, ""))).cell_len, *(line[name].cell_len for line in lines))
        for name in used
    }
    widths = {
        name: min(wide, layout.floor if name == "what" else _FLOOR.get(name, wide)) for name, wide in natural.items()
    }
    spare = width - _indent(layout) - sum(widths.values()) - GAP * (len(used) - 1)
    if spare < 0 and layout is not _LAYOUTS[-1]:
        return [], {}
    for name in ("target", "what"):
        if name in widths:
            more = min(max(spare, 0), natural[name] - widths[name])
            widths[name] += more
            spare -= more
    return used, widths


def _lines(
    rows: list[Row],
    lines: list[dict[str, Text]],
    columns: list[str],
    widths: dict[str, int],
    layout: Layout,
    context: RenderContext,
) -> list[Text]:
    head = {name: Text(context.say(HEAD.get(name, "")), "dim") for name in columns}
    indent = " " * _indent(layout)
    out = [Text(indent).append_text(_line(head, columns, widths, context))]
    before: Row | None = None
    for row, cells in zip(rows, lines, strict=True):
        heading = _heading(row, layout, context)
        is_same = before is not None and before.target == row.target and _heading(before, layout, context) == heading
        if heading and not is_same:
            out.append(Text(heading, "bold" if layout.headed else "dim"))
        elif before is not None and before.via_destination and not row.via_destination:
            # The rows that follow are not behind the proxy of the heading above.
            out.append(Text(context.say("direct"), "dim"))
        cells = cells | {"target": Text("")} if is_same and not row.via_destination else cells
        out.append(Text(indent).append_text(_line(cells, columns, widths, context)))
        before = row
    return out


def _indent(layout: Layout) -> int:
    return GAP if layout.headed else 0


def _line(cells: dict[str, Text], columns: list[str], widths: dict[str, int], context: RenderContext) -> Text:
    out = Text()
    for place, name in enumerate(columns):
        cell = _cut(cells[name], widths[name], context)
        pad = " " * (widths[name] - cell.cell_len)
        if place:
            out.append(" " * GAP)
        if name in _RIGHT:
            out.append(pad)
        out.append_text(cell)
        if name not in _RIGHT:
            out.append(pad)
    out.rstrip()
    return out


def _cut(cell: Text, width: int, context: RenderContext) -> Text:
    """At most `width` cells; the cut is shown by a sign of the character set in use."""
    if cell.cell_len <= width:
        return cell
    end = context.signs.ellipsis[:width]
    short = cell.copy()
    short.truncate(max(0, width - len(end)))
    short.rstrip()
    return short.append(end)


def _heading(row: Row, layout: Layout, context: RenderContext) -> str:
    """Over the rows of a target; where targets have a column, only over what goes through a proxy."""
    via = context.say("via {proxy}", proxy=f"{row.target}:{row.port}") if row.via_destination else ""
    return f"{shown_target(row, context)} {via}".rstrip() if layout.headed else via


def _cells(report: Report, row: Row, caused: dict[str, str], context: RenderContext) -> dict[str, Text]:
    look = LOOKS[row.verdict]
    plain = row.verdict is Verdict.SKIP or (row.verdict is Verdict.PASS and is_usual(row.reason))
    said = context.word(row.verdict)
    word = said if row.required or row.verdict is Verdict.SKIP else f"({said})"
    quiet = "dim" if not row.required or row.verdict is Verdict.SKIP else ""
    port = context.safe(row.via_destination.rpartition(":")[2] if row.via_destination else row.port, 5)
    star = "*" if redirected(report, row) else ""
    reason = context.safe(row.reason, 40)
    tried = {family: _family(verdict, context) for family, verdict in families(row).items() if family in FAMILIES}
    return {
        "verdict": Text(word if context.ascii_only else f"{look.glyph} {word}", look.style),
        "role": Text(context.safe(row.role, 16) if len(report.run.roles) > 1 else "", "dim"),
        "what": Text(
            context.own(row.purpose) or context.safe(row.id), quiet or ("" if row.verdict is Verdict.PASS else "bold")
        ),
        "target": Text(shown_target(row, context), quiet),
        "port": Text(f"{port}/{row.transport.value}{star}", quiet),
        "short-port": Text((port if row.transport is Transport.TCP else f"{port}/{row.transport.value}") + star, quiet),
        "track": shown_track(row, context),
        **{family: Text("") for family in FAMILIES},
        **tried,
        "time": Text(context.lasted(row.duration_s), look.style if row.verdict is Verdict.FAIL else "dim"),
        "cause": Text(caused.get(row.id, ""), look.style),
        "reason": Text(reason, "dim" if plain else look.style),
        "bad-reason": Text("" if plain else reason, look.style),
    }


def _family(verdict: Verdict | None, context: RenderContext) -> Text:
    return Text(context.signs.dot, "dim") if verdict is None else Text(context.glyph(verdict), LOOKS[verdict].style)


def shown_track(row: Row, context: RenderContext) -> Text:
    """DNS, TCP, TLS ... with the verdict's sign where it stopped; what was not reached is dots, never red."""
    out = Text()
    look, signs = LOOKS[row.verdict], context.signs
    before: Reach | None = None
    for step in track(row):
        joined = step.reach is not Reach.NOT_REACHED
        if before is not None:
            out.append(signs.joint if joined else " ", "dim")
        if step.reach is Reach.DONE:
            out.append(context.say(step.word), "green")
        elif step.reach is Reach.MARKED:
            out.append(context.say(step.word) + context.glyph(row.verdict), look.style)
        else:
            out.append(signs.unreached * min(len(context.say(step.word)), 4), "dim")
        before = step.reach
    return out
