"""Who reaches whom, as geometry for one SVG: this machine on the left, hosts of the site in the middle, the internet
(or what a proxy leads to) on the right. Every line has a lane of its own, so that none cross. Lengths are pixels of a
drawing WIDTH wide.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple

from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import WORST_FIRST, Direction, Listener, Stage, Transport, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html.fitting import fitted, width_px
from eset_portcheck.render.html.words import COMPONENT
from eset_portcheck.render.rows import redirected
from eset_portcheck.render.track import furthest

WIDTH = 1060
MACHINE, SITE, BEYOND = (18, 216), (404, 250), (800, 242)  # x and width of each column's boxes
LANE, TOP, GAP = 50, 48, 10
_LANES = 18
_PORTS, _DIGITS = 4, 5
_LARGE, _SMALL = 28, 34  # cells that fit into a box
_OWN_KEYS = ("target", "dc", "database")  # foreign software on hosts of the site


class Box(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    verdict: Verdict
    title: str
    lines: list[str]


class Wire(NamedTuple):
    """From x1 to x2 at height y; the arrow is at x2. The label stands on it, `label_width` wide around `label_x`.
    `verdict` None: never got there."""

    x1: int
    x2: int
    y: int
    verdict: Verdict | None
    label: str
    label_x: int
    label_width: int


class Picture(NamedTuple):
    """`near`, `far`: whether anything stands in the middle, on the right. `told`: the same in words. `hidden`: lanes
    that are not drawn."""

    height: int
    near: bool
    far: bool
    machine: Box
    boxes: list[Box]
    wires: list[Wire]
    told: list[str]
    hidden: int


class _Lane(NamedTuple):
    """`near`: what stands in the middle, `far`: on the right ("" for nothing)."""

    near: str
    far: str
    rows: list[Row]

    @property
    def verdict(self) -> Verdict:
        return min((row.verdict for row in self.rows), key=WORST_FIRST.index)


def picture(report: Report, context: RenderContext) -> Picture | None:
    """None where no row says anything of the network."""
    lanes = list(
        _lanes(
            [row for row in report.checks if row.verdict is not Verdict.SKIP and row.direction is not Direction.LOCAL],
            context,
        )
    )
    if not lanes:
        return None
    kept = sorted(
        sorted(range(len(lanes)), key=lambda place: (WORST_FIRST.index(lanes[place].verdict), place))[:_LANES]
    )
    shown = [lanes[place] for place in kept]
    wires, boxes = list(_wires(report, shown, context)), list(_boxes(shown, context))
    height = max(len(shown) * LANE, 2 * LANE)
    machine = Box(
        MACHINE[0],
        TOP + GAP // 2,
        MACHINE[1],
        height - GAP,
        Verdict.PASS,
        fitted(context.safe(report.host.name or "?"), _LARGE - 4),
        _about(report, context),
    )
    told = [
        context.say(
            "{where}: {ports} {verdict}",
            where=_name(lane),
            ports=_ports(report, lane.rows, context),
            verdict=context.word(lane.verdict),
        )
        for lane in shown
    ]
    near, far = any(lane.near for lane in shown), any(lane.far for lane in shown)
    return Picture(TOP + height + GAP, near, far, machine, boxes, wires, told, len(lanes) - len(shown))


def _lanes(rows: list[Row], context: RenderContext) -> Iterator[_Lane]:
    """Rows of one way and one outcome share a lane; hosts of the site first, then who comes in, then the internet, then
    what is behind a proxy."""
    ways: dict[tuple[int, str, str, Verdict], list[Row]] = defaultdict(list)
    for row in rows:
        kind, near, far = _way(row, context)
        ways[(kind, near, far, row.verdict)].append(row)
    first = {way[:3]: place for place, way in reversed(list(enumerate(ways)))}
    for way in sorted(ways, key=lambda way: (way[0], first[way[:3]])):
        yield _Lane(way[1], way[2], ways[way])


def _way(row: Row, context: RenderContext) -> tuple[int, str, str]:
    if row.direction is Direction.INBOUND:
        return 1, context.say("its clients"), ""
    if row.via_destination is not None:
        return 3, context.safe(row.target), context.safe(row.via_destination.rpartition(":")[0])
    if row.listener is Listener.FOREIGN and row.target_key not in _OWN_KEYS:
        return 2, "", context.safe(row.target)
    return 0, context.safe(row.target), ""


def _wires(report: Report, lanes: list[_Lane], context: RenderContext) -> Iterator[Wire]:
    """Behind a proxy each lane goes on by itself: its 200 proves nothing there, so each half has its own colour, and
    one line leads to the proxy."""
    start, at_site, beyond = MACHINE[0] + MACHINE[1], SITE[0], BEYOND[0]
    for place, count, lane in _runs(lanes, lambda lane: (lane.near, bool(lane.far))):
        if lane.near and lane.far:
            to_proxy = _reached(lanes[place : place + count])
            label = _label(to_proxy, str(lane.rows[0].port), context)
            yield Wire(start, at_site, _centre(place, count), to_proxy, label, (start + at_site) // 2, width_px(label))
    for place, lane in enumerate(lanes):
        label = _label(lane.verdict, _ports(report, lane.rows, context), context)
        y = _centre(place, 1)
        if lane.near and lane.far:
            met = _reached([lane]) is Verdict.PASS
            label = _label(lane.verdict if met else None, _ports(report, lane.rows, context), context)
            end = SITE[0] + SITE[1]
            yield Wire(end, beyond, y, lane.verdict if met else None, label, (end + beyond) // 2, width_px(label))
        elif lane.rows[0].direction is Direction.INBOUND:
            yield Wire(at_site, start, y, lane.verdict, label, (start + at_site) // 2, width_px(label))
        else:
            yield Wire(
                start, beyond if lane.far else at_site, y, lane.verdict, label, (start + at_site) // 2, width_px(label)
            )


def _reached(lanes: list[_Lane]) -> Verdict:
    """Of a proxy itself: whether any connection to it was accepted."""
    met = any(
        (attempt := furthest(row)) is not None and Stage.CONNECT in attempt.done for lane in lanes for row in lane.rows
    )
    return Verdict.PASS if met else _gravest(lanes)


def _gravest(lanes: list[_Lane]) -> Verdict:
    return min((lane.verdict for lane in lanes), key=WORST_FIRST.index)


def _centre(place: int, count: int) -> int:
    return TOP + place * LANE + count * LANE // 2


def _runs(lanes: list[_Lane], key: Callable[[_Lane], object]) -> Iterator[tuple[int, int, _Lane]]:
    """(place, how many, the first) of lanes of the same key that follow each other."""
    place = 0
    for _, group in groupby(lanes, key=key):
        together = list(group)
        yield place, len(together), together[0]
        place += len(together)


def _label(verdict: Verdict | None, ports: str, context: RenderContext) -> str:
    return f"{context.glyph(verdict)} {ports}" if verdict else f"{context.signs.unreached} {ports}"


def _ports(report: Report, rows: list[Row], context: RenderContext) -> str:
    named = []
    for row in rows:
        port = context.safe(row.via_destination.rpartition(":")[2], _DIGITS) if row.via_destination else str(row.port)
        star = "*" if redirected(report, row) else ""
        named.append(("U" if row.transport is Transport.UDP else "") + port + star)
    each = list(dict.fromkeys(named))
    return ", ".join(each[:_PORTS]) + (f" +{len(each) - _PORTS}" if len(each) > _PORTS else "")


def _boxes(lanes: list[_Lane], context: RenderContext) -> Iterator[Box]:
    """Lanes of one host that follow each other share its box."""
    for place, count, lane in _runs(lanes, lambda lane: (lane.near, bool(lane.far))):
        if lane.near:
            together = lanes[place : place + count]
            yield _box(
                SITE,
                place,
                count,
                _reached(together) if lane.far else _gravest(together),
                lane.near,
                _component(lane, True, context),
            )
    for place, count, lane in _runs(lanes, lambda lane: (lane.near, lane.far)):
        if lane.far:
            yield _box(
                BEYOND, place, count, _gravest(lanes[place : place + count]), lane.far, _component(lane, False, context)
            )


def _box(column: tuple[int, int], place: int, count: int, verdict: Verdict, name: str, about: str) -> Box:
    y, height = TOP + place * LANE + GAP // 2, count * LANE - GAP
    return Box(column[0], y, column[1], height, verdict, fitted(name, _LARGE), [fitted(about, _SMALL)])


def _component(lane: _Lane, at_site: bool, context: RenderContext) -> str:
    """What answers there, as ESET calls it; for services of others what they are asked for."""
    row = lane.rows[0]
    if row.direction is Direction.INBOUND:
        return context.own(row.purpose)
    if at_site and row.listener.value in COMPONENT:
        return context.say(COMPONENT[row.listener.value])
    return context.own(row.purpose)


def _name(lane: _Lane) -> str:
    return f"{lane.near} > {lane.far}" if lane.near and lane.far else lane.near or lane.far


def _about(report: Report, context: RenderContext) -> list[str]:
    system = " ".join(str(report.host.os.get(name, "")) for name in ("name", "system", "release")).strip()
    sources = dict.fromkeys(
        attempt.source_address for row in report.checks for attempt in row.attempts if attempt.source_address
    )
    return [
        fitted(context.safe(one), _SMALL)
        for one in [
            " ".join(system.split()),
            *list(sources)[:3],
            *(context.say("role {role}", role=role) for role in report.run.roles[:3]),
        ]
        if one
    ]
