"""The matrix: one entry a row, with the track of its stages and all the evidence behind it."""

from typing import NamedTuple

from eset_portcheck.model.vocabulary import Direction, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html import anchors, evidence
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.view import View
from eset_portcheck.render.view.rows import ShownRow
from eset_portcheck.render.wording import reason_text
from eset_portcheck.render.wording.track import Reach

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


def checks(view: View, places: dict[int, str]) -> list[Check]:
    """`places`: id() of a row -> its anchor. Skipped rows stand elsewhere."""
    explained: dict[str, str] = {}
    made: list[Check] = []
    opened = 0
    for shown in view.tested:
        is_open = shown.row.verdict in (Verdict.FAIL, Verdict.ERROR) and opened < _OPEN
        opened += is_open
        made.append(_check(view, shown, places[id(shown.row)], explained, is_open))
    return made


def skipped(view: View, places: dict[int, str]) -> list[Skipped]:
    return [
        Skipped(places[id(shown.row)], shown.name, view.context.safe(shown.row.id), view.why_skipped([shown]))
        for shown in view.skipped
    ]


def _check(view: View, shown: ShownRow, anchor: str, explained: dict[str, str], is_open: bool) -> Check:
    report, context, row = view.report, view.context, shown.row
    return Check(
        anchor=anchor,
        verdict=row.verdict.value,
        glyph=LOOKS[row.verdict].glyph,
        word=context.word(row.verdict),
        required=row.required,
        cause=shown.cause,
        code=shown.code,
        code_anchor=anchors.of_code(row.reason),
        name=shown.name,
        about=_about(shown, len(report.run.roles) > 1, context),
        target=shown.target,
        addresses=[] if shown.via else _addresses(shown, context),
        port=f"{shown.port}/{row.transport.value}" + ("*" if shown.is_redirected else ""),
        track=_track(shown, context),
        time=shown.lasted,
        is_open=is_open,
        headline=reason_text.headline(row.reason, reason_text.params_of(report, row, row.where), context),
        tried=evidence.tried(row, context),
        observed=evidence.observed(row, report.host.os, context),
        judged=evidence.judged(row, explained, anchor, context),
        needed=evidence.needed(row, context),
        reached=row.proof.reached.value,
        state=row.state.value,
        note=context.own(row.note),
        id=context.safe(row.id),
        source=context.own(row.source),
        again="" if row.verdict is Verdict.PASS else view.again_for(row),
    )


def _about(shown: ShownRow, is_role_shown: bool, context: RenderContext) -> list[str]:
    row = shown.row
    about = [context.safe(row.role, 16)] if is_role_shown else []
    about.append(context.say("required") if row.required else context.say("not required"))
    if shown.via:
        about.append(shown.via)
    if row.direction is Direction.INBOUND:
        about.append(context.say("other machines connect to this one"))
    elif row.direction is Direction.LOCAL:
        about.append(context.say("on this machine only"))
    if row.group:
        about.append(context.say("one of several alternatives"))
    return about


def _addresses(shown: ShownRow, context: RenderContext) -> list[str]:
    """Those that were dialled, each with its sign where they differ."""
    dialled = shown.addresses
    differ = len({one.verdict for one in dialled}) > 1 or len(shown.families) > 1
    texts = [
        f"{context.glyph(one.verdict)} {one.address}" if differ else one.address
        for one in dialled[:_ADDRESSES]
        if not one.is_target
    ]
    rest = len(dialled) - _ADDRESSES
    return [*texts, context.say("and {count} more", count=rest)] if rest > 0 else texts


def _track(shown: ShownRow, context: RenderContext) -> list[Step]:
    words = {
        Reach.DONE: context.say("done"),
        Reach.MARKED: f"{context.glyph(shown.row.verdict)} {context.word(shown.row.verdict)}",
        Reach.NOT_REACHED: context.say("not reached"),
    }
    return [Step(step.word, _CLASS[step.reach], words[step.reach]) for step in shown.steps]
