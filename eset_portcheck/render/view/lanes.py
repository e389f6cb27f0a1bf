"""Who reaches whom: rows of one way and one outcome together, as a drawing or a list shows them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from eset_portcheck.model.vocabulary import Direction, Listener, Stage, Verdict, gravity, worst
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.view.rows import ShownRow
from eset_portcheck.render.wording.track import furthest

_OWN_KEYS = ("target", "dc", "database")  # foreign software on hosts of the site


class Lane(NamedTuple):
    """`near`: what stands at the site, `far`: beyond it ("" for nothing). `is_met`: any connection of it was
    accepted, which says of a proxy that it is there and nothing of what is behind it."""

    near: str
    far: str
    rows: list[ShownRow]
    verdict: Verdict
    is_met: bool

    @property
    def is_inbound(self) -> bool:
        return self.rows[0].row.direction is Direction.INBOUND

    @property
    def name(self) -> str:
        return f"{self.near} > {self.far}" if self.near and self.far else self.near or self.far


def lanes(rows: Sequence[ShownRow], context: RenderContext) -> list[Lane]:
    """Hosts of the site first, then who comes in, then the internet, then what is behind a proxy. Rows that look at
    this machine only have none."""
    return list(_lanes([shown for shown in rows if shown.row.direction is not Direction.LOCAL], context))


def gravest(found: Sequence[Lane]) -> Verdict:
    """Of at least one lane."""
    return worst((lane.verdict for lane in found), Verdict.SKIP)


def of_proxy(found: Sequence[Lane]) -> Verdict:
    """What lanes through one proxy say of the proxy itself."""
    return Verdict.PASS if any(lane.is_met for lane in found) else gravest(found)


def gravest_first(found: Sequence[Lane], most: int) -> list[Lane]:
    """At most so many: the gravest ones, in the order that they had."""
    by_gravity = sorted(range(len(found)), key=lambda number: gravity(found[number].verdict))
    return [found[number] for number in sorted(by_gravity[:most])]


def _lanes(rows: Sequence[ShownRow], context: RenderContext) -> Iterator[Lane]:
    ways: dict[tuple[int, str, str, Verdict], list[ShownRow]] = defaultdict(list)
    for shown in rows:
        kind, near, far = _way(shown, context)
        ways[(kind, near, far, shown.row.verdict)].append(shown)
    first = {way[:3]: number for number, way in reversed(list(enumerate(ways)))}
    for way in sorted(ways, key=lambda way: (way[0], first[way[:3]])):
        yield Lane(way[1], way[2], ways[way], way[3], any(map(_is_met, ways[way])))


def _is_met(shown: ShownRow) -> bool:
    attempt = furthest(shown.row)
    return attempt is not None and Stage.CONNECT in attempt.done


def _way(shown: ShownRow, context: RenderContext) -> tuple[int, str, str]:
    row = shown.row
    if row.direction is Direction.INBOUND:
        return 1, context.say("its clients"), ""
    if row.via_destination is not None:
        return 3, context.safe(row.target), shown.target
    if row.listener is Listener.FOREIGN and row.target_key not in _OWN_KEYS:
        return 2, "", shown.target
    return 0, shown.target, ""
