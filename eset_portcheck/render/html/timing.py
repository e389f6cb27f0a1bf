"""Where the time went: every row on the clock of the run, as geometry for one SVG. Linear, so that a length is a time.
Lengths are pixels."""

from typing import NamedTuple

from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Stage, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html.fitting import fitted
from eset_portcheck.render.view import View
from eset_portcheck.render.view.rows import ShownRow

WIDTH, LEFT, RIGHT = 1060, 330, 70
LINE, TOP = 22, 34
_ROWS = 30
_TICKS = 5
_LEAST_PX = 2.0
_MOST_S = 1e6  # a report file may hold any number
_KIND = {Stage.RESOLVE: "dns", Stage.ROUTE: "dns", Stage.CONNECT: "tcp", Stage.TUNNEL: "tcp", Stage.TLS: "tls"}


class Bar(NamedTuple):
    """`kind`: dns tcp tls app; look (evidence, after the stage that decided); wait (the stage that broke)."""

    x: float
    width: float
    kind: str


class Lasted(NamedTuple):
    name: str
    y: int
    bars: list[Bar]
    total: str
    total_x: float


class Chart(NamedTuple):
    height: int
    ticks: list[tuple[float, str]]
    lines: list[Lasted]
    kinds: list[str]
    hidden: int


def chart(view: View) -> Chart | None:
    """The longest rows, in the order of the table; None where nothing took time."""
    timed = [shown for shown in view.tested if _longest(shown.row) is not None]
    if not timed:
        return None
    kept = {id(shown) for shown in sorted(timed, key=lambda shown: -shown.row.duration_s)[:_ROWS]}
    rows = [shown for shown in timed if id(shown) in kept]
    context = view.context
    spans = [_spans(shown.row) for shown in rows]
    step_s = _step(max((end for one in spans for _, end, _ in one), default=0.0))
    most_s = step_s * _TICKS
    scale = (WIDTH - LEFT - RIGHT) / most_s
    ticks = [
        (round(LEFT + number * step_s * scale, 1), context.lasted(number * step_s) or "0")
        for number in range(_TICKS + 1)
    ]
    lines = [
        _line(number, shown, each, scale, context) for number, (shown, each) in enumerate(zip(rows, spans, strict=True))
    ]
    kinds = {bar.kind for line in lines for bar in line.bars}
    order = ("dns", "tcp", "tls", "app", "wait", "look")
    return Chart(
        TOP + len(rows) * LINE + 12, ticks, lines, [one for one in order if one in kinds], len(timed) - len(rows)
    )


def _line(
    number: int, shown: ShownRow, spans: list[tuple[float, float, str]], scale: float, context: RenderContext
) -> Lasted:
    bars: list[Bar] = []
    for start, end, kind in spans:
        x = LEFT + start * scale
        if bars and x < bars[-1].x + bars[-1].width:
            x = bars[-1].x + bars[-1].width  # the least width pushes on what follows
        bars.append(Bar(round(x, 1), round(max((end - start) * scale, _LEAST_PX), 1), kind))
    name = (
        context.say("{target} {port} by proxy", target=shown.target, port=shown.port)
        if shown.via
        else f"{shown.target} {shown.port}"
    )
    return Lasted(
        fitted(name, 44),
        TOP + number * LINE,
        bars,
        _total(shown.row, context),
        round(bars[-1].x + bars[-1].width + 8, 1) if bars else LEFT,
    )


def _total(row: Row, context: RenderContext) -> str:
    lasted = context.lasted(row.duration_s) or "0 ms"
    return lasted if row.verdict is Verdict.PASS else f"{lasted} {context.glyph(row.verdict)}"


def _longest(row: Row) -> Attempt | None:
    """Addresses are tried side by side: the one that ended last is what was waited for."""
    tried = [one for one in row.attempts if one.stages]
    return max(tried, key=lambda one: max(stage.started_s + stage.duration_s for stage in one.stages), default=None)


def _spans(row: Row) -> list[tuple[float, float, str]]:
    """(start, end, kind) in seconds of the run; what a report file says is held within its own row."""
    attempt = _longest(row)
    stages = [one for one in attempt.stages if one.duration_s > 0] if attempt else []
    if not stages:
        return []
    spans = []
    for one in stages:
        start = min(max(0.0, one.started_s), _MOST_S)
        spans.append(
            (start, start + min(one.duration_s, _MOST_S), "wait" if one.failure else _KIND.get(one.stage, "app"))
        )
    end = max(one[1] for one in spans)
    rest_s = min(row.duration_s, _MOST_S) - (end - min(one[0] for one in spans))
    return [*spans, (end, end + rest_s, "look")] if rest_s > 0.02 * row.duration_s and rest_s > 0.005 else spans


def _step(longest_s: float) -> float:
    """A round step so that _TICKS of them hold the longest."""
    steps = (factor * 10.0**power for power in range(-4, 8) for factor in (1, 2, 5))
    return next((step for step in steps if step * _TICKS >= longest_s), longest_s)
