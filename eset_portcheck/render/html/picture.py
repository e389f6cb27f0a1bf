"""Who reaches whom, as geometry for one SVG: this machine on the left, hosts of the site in the middle, the internet
(or what a proxy leads to) on the right. Every line has a lane of its own, so that none cross. Lengths are pixels of a
drawing WIDTH wide.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple

from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import Direction, Transport, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html.fitting import fitted, width_px
from eset_portcheck.render.view import View
from eset_portcheck.render.view.lanes import Lane, gravest, gravest_first, of_proxy
from eset_portcheck.render.wording.value_names import COMPONENT

WIDTH = 1060
MACHINE, SITE, BEYOND = (18, 216), (404, 250), (800, 242)  # x and width of each column's boxes
LANE, TOP, GAP = 50, 48, 10
_LANES = 18
_PORTS = 4
_LARGE, _SMALL = 28, 34  # cells that fit into a box


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
    """`near`, `far`: whether anything stands in the middle, on the right. `sentences`: the same in words. `hidden`:
    lanes that are not drawn."""

    height: int
    near: bool
    far: bool
    machine: Box
    boxes: list[Box]
    wires: list[Wire]
    sentences: list[str]
    hidden: int


def picture(view: View) -> Picture | None:
    """None where no row says anything of the network."""
    if not view.lanes:
        return None
    context, shown = view.context, gravest_first(view.lanes, _LANES)
    height = max(len(shown) * LANE, 2 * LANE)
    machine = Box(
        MACHINE[0],
        TOP + GAP // 2,
        MACHINE[1],
        height - GAP,
        Verdict.PASS,
        fitted(context.safe(view.report.host.name or "?"), _LARGE - 4),
        _about(view.report, context),
    )
    sentences = [
        context.say(
            "{where}: {ports} {verdict}",
            where=lane.name,
            ports=_ports(lane),
            verdict=context.word(lane.verdict),
        )
        for lane in shown
    ]
    return Picture(
        TOP + height + GAP,
        any(lane.near for lane in shown),
        any(lane.far for lane in shown),
        machine,
        list(_boxes(shown, context)),
        list(_wires(shown, context)),
        sentences,
        len(view.lanes) - len(shown),
    )


def _wires(lanes: list[Lane], context: RenderContext) -> Iterator[Wire]:
    """Behind a proxy each lane goes on by itself: its 200 proves nothing there, so each half has its own colour, and
    one line leads to the proxy."""
    start, at_site, beyond = MACHINE[0] + MACHINE[1], SITE[0], BEYOND[0]
    for first, together in _runs(lanes, lambda lane: (lane.near, bool(lane.far))):
        if together[0].near and together[0].far:
            to_proxy = of_proxy(together)
            label = _label(to_proxy, str(together[0].rows[0].row.port), context)
            y = _centre(first, len(together))
            yield Wire(start, at_site, y, to_proxy, label, (start + at_site) // 2, width_px(label))
    for number, lane in enumerate(lanes):
        label = _label(lane.verdict, _ports(lane), context)
        y = _centre(number, 1)
        if lane.near and lane.far:
            is_met = of_proxy([lane]) is Verdict.PASS
            label = _label(lane.verdict if is_met else None, _ports(lane), context)
            end = SITE[0] + SITE[1]
            yield Wire(end, beyond, y, lane.verdict if is_met else None, label, (end + beyond) // 2, width_px(label))
        elif lane.is_inbound:
            yield Wire(at_site, start, y, lane.verdict, label, (start + at_site) // 2, width_px(label))
        else:
            yield Wire(
                start, beyond if lane.far else at_site, y, lane.verdict, label, (start + at_site) // 2, width_px(label)
            )


def _centre(first: int, count: int) -> int:
    return TOP + first * LANE + count * LANE // 2


def _runs(lanes: list[Lane], key: Callable[[Lane], object]) -> Iterator[tuple[int, list[Lane]]]:
    """(number of the first, all) of lanes of the same key that follow each other."""
    first = 0
    for _, group in groupby(lanes, key=key):
        together = list(group)
        yield first, together
        first += len(together)


def _label(verdict: Verdict | None, ports: str, context: RenderContext) -> str:
    return f"{context.glyph(verdict)} {ports}" if verdict else f"{context.signs.unreached} {ports}"


def _ports(lane: Lane) -> str:
    named = [
        ("U" if shown.row.transport is Transport.UDP else "") + shown.port + ("*" if shown.is_redirected else "")
        for shown in lane.rows
    ]
    each = list(dict.fromkeys(named))
    return ", ".join(each[:_PORTS]) + (f" +{len(each) - _PORTS}" if len(each) > _PORTS else "")


def _boxes(lanes: list[Lane], context: RenderContext) -> Iterator[Box]:
    """Lanes of one host that follow each other share its box."""
    for first, together in _runs(lanes, lambda lane: (lane.near, bool(lane.far))):
        lane = together[0]
        if lane.near:
            verdict = of_proxy(together) if lane.far else gravest(together)
            yield _box(SITE, first, len(together), verdict, lane.near, _component(lane, True, context))
    for first, together in _runs(lanes, lambda lane: (lane.near, lane.far)):
        lane = together[0]
        if lane.far:
            about = _component(lane, False, context)
            yield _box(BEYOND, first, len(together), gravest(together), lane.far, about)


def _box(column: tuple[int, int], first: int, count: int, verdict: Verdict, name: str, about: str) -> Box:
    y, height = TOP + first * LANE + GAP // 2, count * LANE - GAP
    return Box(column[0], y, column[1], height, verdict, fitted(name, _LARGE), [fitted(about, _SMALL)])


def _component(lane: Lane, at_site: bool, context: RenderContext) -> str:
    """What answers there, as ESET calls it; for services of others what they are asked for."""
    row = lane.rows[0].row
    if row.direction is Direction.INBOUND:
        return context.own(row.purpose)
    if at_site and row.listener.value in COMPONENT:
        return context.say(COMPONENT[row.listener.value])
    return context.own(row.purpose)


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
