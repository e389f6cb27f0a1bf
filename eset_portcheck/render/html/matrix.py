"""The matrix: one entry a row, with the track of its stages and all the evidence behind it."""

from typing import NamedTuple

from eset_portcheck.model.deciding import PROVEN
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Direction, Verdict
from eset_portcheck.render import issues, reason_text
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html import anchors, evidence
from eset_portcheck.render.html.remedy import tests_again
from eset_portcheck.render.look import LOOKS
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


def checks(report: Report, places: dict[int, str], context: RenderContext) -> list[Check]:
    """`places`: id() of a row -> its anchor. Skipped rows stand elsewhere."""
    caused = issues.numbers(report)
    told: dict[str, str] = {}
    shown: list[Check] = []
    opened = 0
    for row in arranged([row for row in report.checks if row.verdict is not Verdict.SKIP]):
        wanted = row.verdict in (Verdict.FAIL, Verdict.ERROR) and opened < _OPEN
        opened += wanted
        shown.append(_check(report, row, places[id(row)], caused.get(row.id, ""), told, wanted, context))
    return shown


def skipped(report: Report, places: dict[int, str], context: RenderContext) -> list[Skipped]:
    rows = [row for row in report.checks if row.verdict is Verdict.SKIP]
    return [
        Skipped(
            places[id(row)],
            context.own(row.purpose) or context.safe(row.id),
            context.safe(row.id),
            issues.skipped([row], context),
        )
        for row in rows
    ]


def _check(
    report: Report, row: Row, anchor: str, cause: str, told: dict[str, str], is_open: bool, context: RenderContext
) -> Check:
    port = context.safe(row.via_destination.rpartition(":")[2] if row.via_destination else row.port, 5)
    return Check(
        anchor=anchor,
        verdict=row.verdict.value,
        glyph=LOOKS[row.verdict].glyph,
        word=context.word(row.verdict),
        required=row.required,
        cause=cause,
        code=context.safe(row.reason, 40),
        code_anchor=anchors.of_code(row.reason),
        name=context.own(row.purpose) or context.safe(row.id),
        about=_about(report, row, context),
        target=shown_target(row, context),
        addresses=[] if row.via_destination else _addresses(row, context),
        port=f"{port}/{row.transport.value}" + ("*" if redirected(report, row) else ""),
        track=_track(row, context),
        time=context.lasted(row.duration_s),
        is_open=is_open,
        headline=reason_text.headline(row.reason, reason_text.params_of(report, row, row.where), context),
        tried=evidence.tried(row, context),
        observed=evidence.observed(row, context),
        judged=evidence.judged(row, told, anchor, context),
        needed=evidence.needed(row, context),
        reached=row.proof.reached.value,
        state=row.state.value,
        note=context.own(row.note),
        id=context.safe(row.id),
        source=context.own(row.source),
        again="" if row.verdict is Verdict.PASS else tests_again(report, row.id, context),
    )


def _about(report: Report, row: Row, context: RenderContext) -> list[str]:
    said = [context.say("required") if row.required else context.say("not required")]
    if len(report.run.roles) > 1:
        said.insert(0, context.safe(row.role, 16))
    if row.via_destination:
        said.append(context.say("via {proxy}", proxy=f"{row.target}:{row.port}"))
    if row.direction is Direction.INBOUND:
        said.append(context.say("other machines connect to this one"))
    elif row.direction is Direction.LOCAL:
        said.append(context.say("on this machine only"))
    if row.group:
        said.append(context.say("one of several alternatives"))
    return said


def _addresses(row: Row, context: RenderContext) -> list[str]:
    """Those that were dialled, each with its sign where they differ."""
    tried = [one for one in row.attempts if one.address and one.untested is None]
    differ = len({one.failed is None for one in tried}) > 1 or len(families(row)) > 1
    shown = []
    for one in tried[:_ADDRESSES]:
        passed = one.failed is None and row.verdict in PROVEN
        sign = f"{context.glyph(Verdict.PASS if passed else Verdict.FAIL)} " if differ else ""
        if one.address != row.target:
            shown.append(sign + context.safe(one.address))
    rest = len(tried) - _ADDRESSES
    return [*shown, context.say("and {count} more", count=rest)] if rest > 0 else shown


def _track(row: Row, context: RenderContext) -> list[Step]:
    said = {
        Reach.DONE: context.say("done"),
        Reach.MARKED: f"{context.glyph(row.verdict)} {context.word(row.verdict)}",
        Reach.NOT_REACHED: context.say("not reached"),
    }
    return [Step(context.say(step.word), _CLASS[step.reach], said[step.reach]) for step in track(row)]
