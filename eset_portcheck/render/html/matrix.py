"""The matrix: one entry a row, with the track of its stages and all the evidence behind it."""

from typing import NamedTuple

from eset_portcheck.model.deciding import PROVEN
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Direction, Verdict
from eset_portcheck.render import story, voice
from eset_portcheck.render.html import anchors, evidence
from eset_portcheck.render.html.remedy import tests_again
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.pen import Pen
from eset_portcheck.render.rows import arranged, redirected, shown_target
from eset_portcheck.render.track import Reach, families, track

_OPEN = 12  # rows whose evidence is open from the start
_ADDRESSES = 3
_CLASS = {Reach.DONE: "ok", Reach.MARKED: "at", Reach.NOT_REACHED: "no"}


class Step(NamedTuple):
    """`said`: what eyes see as a colour, in a word for those who do not."""

    word: str
    kind: str
    said: str


class Check(NamedTuple):
    anchor: str
    verdict: str
    glyph: str
    word: str
    required: bool
    cause: str
    code: str
    code_anchor: str
    name: str
    about: list[str]
    target: str
    addresses: list[str]
    port: str
    track: list[Step]
    time: str
    is_open: bool
    headline: str
    tried: list[evidence.Tried]
    observed: list[evidence.Line]
    judged: evidence.Judgement
    needed: str
    reached: str
    state: str
    note: str
    id: str
    source: str
    again: str


class Skipped(NamedTuple):
    anchor: str
    name: str
    id: str
    why: str


def checks(report: Report, places: dict[int, str], pen: Pen) -> list[Check]:
    """`places`: id() of a row -> its anchor. Skipped rows stand elsewhere."""
    caused = story.numbers(report)
    told: dict[str, str] = {}
    shown: list[Check] = []
    opened = 0
    for row in arranged([row for row in report.checks if row.verdict is not Verdict.SKIP]):
        wanted = row.verdict in (Verdict.FAIL, Verdict.ERROR) and opened < _OPEN
        opened += wanted
        shown.append(_check(report, row, places[id(row)], caused.get(row.id, ""), told, wanted, pen))
    return shown


def skipped(report: Report, places: dict[int, str], pen: Pen) -> list[Skipped]:
    rows = [row for row in report.checks if row.verdict is Verdict.SKIP]
    return [Skipped(places[id(row)], pen.own(row.purpose) or pen.safe(row.id), pen.safe(row.id), story.skipped([row], pen)) for row in rows]


def _check(report: Report, row: Row, anchor: str, cause: str, told: dict[str, str], is_open: bool, pen: Pen) -> Check:
    port = pen.safe(row.via_destination.rpartition(":")[2] if row.via_destination else row.port, 5)
    return Check(
        anchor=anchor,
        verdict=row.verdict.value,
        glyph=LOOKS[row.verdict].glyph,
        word=pen.word(row.verdict),
        required=row.required,
        cause=cause,
        code=pen.safe(row.reason, 40),
        code_anchor=anchors.of_code(row.reason),
        name=pen.own(row.purpose) or pen.safe(row.id),
        about=_about(report, row, pen),
        target=shown_target(row, pen),
        addresses=[] if row.via_destination else _addresses(row, pen),
        port=f"{port}/{row.transport.value}" + ("*" if redirected(report, row) else ""),
        track=_track(row, pen),
        time=pen.lasted(row.duration_s),
        is_open=is_open,
        headline=voice.headline(row.reason, voice.params_of(report, row, row.where), pen),
        tried=evidence.tried(row, pen),
        observed=evidence.observed(row, pen),
        judged=evidence.judged(row, told, anchor, pen),
        needed=evidence.needed(row, pen),
        reached=row.proof.reached.value,
        state=row.state.value,
        note=pen.own(row.note),
        id=pen.safe(row.id),
        source=pen.own(row.source),
        again="" if row.verdict is Verdict.PASS else tests_again(report, row.id, pen),
    )


def _about(report: Report, row: Row, pen: Pen) -> list[str]:
    said = [pen.say("required") if row.required else pen.say("not required")]
    if len(report.run.roles) > 1:
        said.insert(0, pen.safe(row.role, 16))
    if row.via_destination:
        said.append(pen.say("via {proxy}", proxy=f"{row.target}:{row.port}"))
    if row.direction is Direction.INBOUND:
        said.append(pen.say("other machines connect to this one"))
    elif row.direction is Direction.LOCAL:
        said.append(pen.say("on this machine only"))
    if row.group:
        said.append(pen.say("one of several alternatives"))
    return said


def _addresses(row: Row, pen: Pen) -> list[str]:
    """Those that were dialled, each with its sign where they differ."""
    tried = [one for one in row.attempts if one.address and one.untested is None]
    differ = len({one.failed is None for one in tried}) > 1 or len(families(row)) > 1
    shown = []
    for one in tried[:_ADDRESSES]:
        passed = one.failed is None and row.verdict in PROVEN
        sign = f"{pen.glyph(Verdict.PASS if passed else Verdict.FAIL)} " if differ else ""
        if one.address != row.target:
            shown.append(sign + pen.safe(one.address))
    rest = len(tried) - _ADDRESSES
    return [*shown, pen.say("and {count} more", count=rest)] if rest > 0 else shown


def _track(row: Row, pen: Pen) -> list[Step]:
    said = {Reach.DONE: pen.say("done"), Reach.MARKED: f"{pen.glyph(row.verdict)} {pen.word(row.verdict)}", Reach.NOT_REACHED: pen.say("not reached")}
    return [Step(pen.say(step.word), _CLASS[step.reach], said[step.reach]) for step in track(row)]
