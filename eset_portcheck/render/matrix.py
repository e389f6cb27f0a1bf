"""The matrix: one line a row, rows of one target together, required ones first; columns go or shrink by priority until
the lines fit.

Wide enough, the target is a column. Else it becomes a heading over its rows, which leaves the names whole.
"""

from typing import NamedTuple

from rich.text import Text

from eset_portcheck.model.vocabulary import Transport, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.terminal import cut
from eset_portcheck.render.view import View
from eset_portcheck.render.view.rows import ShownRow
from eset_portcheck.render.wording.track import FAMILIES, Reach, both_families
from eset_portcheck.render.wording.value_names import HEAD

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


def matrix(view: View, width: int) -> list[Text]:
    rows, context = view.rows, view.context
    if not rows:
        return []
    lines = [_cells(shown, len(view.report.run.roles) > 1, context) for shown in rows]
    for layout in _LAYOUTS:
        columns, widths = _fit(lines, layout, rows, context, width)
        if columns:
            break
    return [cut(line, width, context.signs.ellipsis) for line in _lines(rows, lines, columns, widths, layout, context)]


def _fit(
    lines: list[dict[str, Text]], layout: Layout, rows: list[ShownRow], context: RenderContext, width: int
) -> tuple[list[str], dict[str, int]]:
    """Columns that hold anything, with their widths; nothing when even the narrowest does not fit."""
    is_dual = both_families(shown.families for shown in rows)
    used = [
        name
        for name in layout.columns
        if any(line[name].cell_len for line in lines) and (name not in FAMILIES or is_dual)
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
    rows: list[ShownRow],
    lines: list[dict[str, Text]],
    columns: list[str],
    widths: dict[str, int],
    layout: Layout,
    context: RenderContext,
) -> list[Text]:
    head = {name: Text(context.say(HEAD.get(name, "")), "dim") for name in columns}
    indent = " " * _indent(layout)
    out = [Text(indent).append_text(_line(head, columns, widths, context))]
    before: ShownRow | None = None
    for shown, cells in zip(rows, lines, strict=True):
        heading = _heading(shown, layout)
        is_same = before is not None and before.row.target == shown.row.target and _heading(before, layout) == heading
        if heading and not is_same:
            out.append(Text(heading, "bold" if layout.headed else "dim"))
        elif before is not None and before.via and not shown.via:
            # The rows that follow are not behind the proxy of the heading above.
            out.append(Text(context.say("direct"), "dim"))
        cells = cells | {"target": Text("")} if is_same and not shown.via else cells
        out.append(Text(indent).append_text(_line(cells, columns, widths, context)))
        before = shown
    return out


def _indent(layout: Layout) -> int:
    return GAP if layout.headed else 0


def _line(cells: dict[str, Text], columns: list[str], widths: dict[str, int], context: RenderContext) -> Text:
    out = Text()
    for number, name in enumerate(columns):
        cell = cut(cells[name], widths[name], context.signs.ellipsis)
        pad = " " * (widths[name] - cell.cell_len)
        if number:
            out.append(" " * GAP)
        if name in _RIGHT:
            out.append(pad)
        out.append_text(cell)
        if name not in _RIGHT:
            out.append(pad)
    out.rstrip()
    return out


def _heading(shown: ShownRow, layout: Layout) -> str:
    """Over the rows of a target; where targets have a column, only over what goes through a proxy."""
    return f"{shown.target} {shown.via}".rstrip() if layout.headed else shown.via


def _cells(shown: ShownRow, is_role_shown: bool, context: RenderContext) -> dict[str, Text]:
    row = shown.row
    look = LOOKS[row.verdict]
    is_counted = row.required or row.verdict is Verdict.SKIP
    word = context.word(row.verdict) if is_counted else f"({context.word(row.verdict)})"
    quiet = "dim" if not row.required or row.verdict is Verdict.SKIP else ""
    star = "*" if shown.is_redirected else ""
    port = f"{shown.port}/{row.transport.value}{star}"
    tried = {family: _family(verdict, context) for family, verdict in shown.families.items() if family in FAMILIES}
    return {
        "verdict": Text(word if context.ascii_only else f"{look.glyph} {word}", look.style),
        "role": Text(context.safe(row.role, 16) if is_role_shown else "", "dim"),
        "what": Text(shown.name, quiet or ("" if row.verdict is Verdict.PASS else "bold")),
        "target": Text(shown.target, quiet),
        "port": Text(port, quiet),
        "short-port": Text(f"{shown.port}{star}" if row.transport is Transport.TCP else port, quiet),
        "track": _track(shown, context),
        **{family: Text("") for family in FAMILIES},
        **tried,
        "time": Text(shown.lasted, look.style if row.verdict is Verdict.FAIL else "dim"),
        "cause": Text(shown.cause, look.style),
        "reason": Text(shown.code, "dim" if shown.is_usual else look.style),
        "bad-reason": Text("" if shown.is_usual else shown.code, look.style),
    }


def _family(verdict: Verdict | None, context: RenderContext) -> Text:
    return Text(context.signs.dot, "dim") if verdict is None else Text(context.glyph(verdict), LOOKS[verdict].style)


def _track(shown: ShownRow, context: RenderContext) -> Text:
    """DNS, TCP, TLS ... with the verdict's sign where it stopped; what was not reached is dots, never red."""
    out = Text()
    signs = context.signs
    for number, step in enumerate(shown.steps):
        if number:
            out.append(" " if step.reach is Reach.NOT_REACHED else signs.joint, "dim")
        if step.reach is Reach.DONE:
            out.append(step.word, "green")
        elif step.reach is Reach.MARKED:
            out.append(step.word + context.glyph(shown.row.verdict), LOOKS[shown.row.verdict].style)
        else:
            out.append(signs.unreached * min(len(step.word), 4), "dim")
    return out
