"""The view model of a comparison, computed once and for every format: capped, printable, in the reader's language."""

from typing import NamedTuple

from eset_portcheck.model.addresses import host_port
from eset_portcheck.model.comparison import Change, Comparison, Difference, RowChange, RunSeen, Standing
from eset_portcheck.model.finding import Where
from eset_portcheck.model.vocabulary import Culprit, Verdict
from eset_portcheck.render.comparison.code_names import CHANGE, COUNT, DIFFERENCE, EXIT, MEANING
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import SENTENCE
from eset_portcheck.render.wording.issue_phrases import where_phrase
from eset_portcheck.render.wording.value_names import CULPRIT, OVERALL

_IDS = 5
_OVERALL = {0: "ready", 1: "not-ready", 3: "unproven", 4: "checker-failed", 130: "interrupted"}


class Entry(NamedTuple):
    """One row. `before`, `after`: None where the report has no such row. `steps`: "TCP_NO_ANSWER -> REFUSED_BY_HOST",
    "" when there is one side only."""

    id: str
    what: str
    before: Verdict | None
    after: Verdict | None
    steps: str
    meaning: str
    required: bool
    regressed: bool


class Section(NamedTuple):
    """All rows of one change. `verdict`: whose look the heading has. `is_usual`: counted, and listed only when all is
    wanted."""

    change: Change
    title: str
    entries: list[Entry]
    verdict: Verdict
    is_usual: bool


class View(NamedTuple):
    """`verdict`: the look of the whole: regressed, changed, or calm. `who` and `word` begin a line for a ticket that
    `counts` end. `runs`: (label, what that run was), the earlier one first. `differences`: what a reader must know
    before trusting the rows. `sections`: gravest change first; only those that have rows."""

    verdict: Verdict
    who: str
    word: str
    counts: list[str]
    runs: list[tuple[str, str]]
    differences: list[str]
    sections: list[Section]
    exit_sentence: str

    @property
    def why(self) -> str:
        return ": " + ", ".join(self.counts)


_USUAL = (Change.SAME, Change.NOT_RUN)
_LOOK = {
    Change.BROKEN: Verdict.FAIL,
    Change.CAUSE_CHANGED: Verdict.WARN,
    Change.FIXED: Verdict.PASS,
    Change.NEW: Verdict.SKIP,
    Change.GONE: Verdict.UNPROVEN,
    Change.SAME: Verdict.SKIP,
    Change.NOT_RUN: Verdict.SKIP,
}


def view(comparison: Comparison, context: RenderContext) -> View:
    after = comparison.after
    return View(
        verdict=_verdict(comparison),
        who=context.say("{roles} on {host}: ", roles=" + ".join(after.roles) or "?", host=after.host or "?"),
        word=context.say("REGRESSED") if comparison.summary.regressed else context.say("NO REGRESSION"),
        counts=_counts(comparison, context),
        runs=[
            (context.say("before"), _run(comparison.before, context)),
            (context.say("after"), _run(comparison.after, context)),
        ],
        differences=[_difference(difference, context) for difference in comparison.differences],
        sections=_sections(comparison, context),
        exit_sentence=_exit_sentence(comparison, context),
    )


def _verdict(comparison: Comparison) -> Verdict:
    if comparison.summary.regressed:
        return Verdict.FAIL
    uneasy = (Change.BROKEN, Change.CAUSE_CHANGED, Change.GONE)
    return Verdict.WARN if any(comparison.summary.counts.get(change.value) for change in uneasy) else Verdict.PASS


def _counts(comparison: Comparison, context: RenderContext) -> list[str]:
    found = comparison.summary.counts
    return [
        context.count(*COUNT[change.value], found[change.value])
        for change in Change
        if found.get(change.value) and change is not Change.NOT_RUN
    ]


def _run(run: RunSeen, context: RenderContext) -> str:
    when = run.started_utc.replace("T", " ").replace("Z", " UTC")
    word = (
        context.say(OVERALL[_OVERALL[run.exit_code]])
        if run.exit_code in _OVERALL
        else context.say("exit code {code}", code=run.exit_code)
    )
    roles, host = " + ".join(run.roles) or "?", run.host or "?"
    return context.say(
        "{when}, {roles} on {host}, phase {phase}: {said}",
        when=when,
        roles=roles,
        host=host,
        phase=run.phase.value,
        said=word,
    )


def _difference(difference: Difference, context: RenderContext) -> str:
    ids = difference.params.ids
    shown = ", ".join(context.safe(name) for name in ids[:_IDS]) + (
        context.say(" and {count} more", count=len(ids) - _IDS) if len(ids) > _IDS else ""
    )
    values = {
        "before": difference.before or "-",
        "after": difference.after or "-",
        "key": difference.params.key,
        "ids": shown,
    }
    return context.say(DIFFERENCE[difference.what], SENTENCE, **values)


def _sections(comparison: Comparison, context: RenderContext) -> list[Section]:
    made = []
    for change in Change:
        entries = [_entry(row, context) for row in comparison.rows if row.change is change]
        if entries:
            made.append(Section(change, context.say(CHANGE[change.value]), entries, _LOOK[change], change in _USUAL))
    return made


def _entry(row: RowChange, context: RenderContext) -> Entry:
    before, after = row.before, row.after
    steps = (
        f"{_standing(before, context)} {context.signs.arrow} {_standing(after, context)}" if before and after else ""
    )
    if (
        before
        and after
        and before.reason == after.reason
        and before.place == after.place
        and before.verdict is after.verdict
    ):
        steps = _standing(after, context)
    return Entry(
        id=context.safe(row.id),
        what=context.safe(f"{host_port(row.target, row.port)}/{row.transport.value}"),
        before=before.verdict if before else None,
        after=after.verdict if after else None,
        steps=steps or _standing(after or before, context),
        meaning=context.say(MEANING[row.meaning]) if row.meaning in MEANING else context.safe(row.meaning),
        required=row.required,
        regressed=row.regressed,
    )


def _standing(side: Standing | None, context: RenderContext) -> str:
    """The reason, and whom or what it points at where that is more than the target."""
    if side is None:
        return ""
    bad = side.verdict not in (Verdict.PASS, Verdict.SKIP)
    who = (
        context.say(CULPRIT[str(side.culprit)])
        if bad and side.culprit not in (None, Culprit.UNKNOWN) and side.culprit in CULPRIT
        else ""
    )
    about = ", ".join(part for part in (who, _place(side, context) if bad else "") if part)
    return context.safe(side.reason) + (f" ({about})" if about else "")


def _place(side: Standing, context: RenderContext) -> str:
    """An interval by both its ends: the first alone would read as the place of the fault."""
    if side.interval:
        return where_phrase(Where(interval=list(side.interval)), context)
    return context.safe(side.place)


def _exit_sentence(comparison: Comparison, context: RenderContext) -> str:
    code = comparison.summary.exit_code
    return context.say("exit code {code}: {why}", SENTENCE, code=code, why=context.say(EXIT[code]))
