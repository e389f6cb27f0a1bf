"""A comparison as text for every format: capped, printable, in the reader's language."""

from typing import NamedTuple

from eset_portcheck.model.comparison import Change, Comparison, Difference, RowChange, RunSeen, Standing
from eset_portcheck.model.vocabulary import Culprit, Verdict
from eset_portcheck.render.comparison.words import CHANGE, COUNT, DIFFERENCE, EXIT, MEANING
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import SENTENCE
from eset_portcheck.render.words import CULPRIT, OVERALL

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
    """All rows of one change. `verdict`: whose look the heading has."""

    change: Change
    title: str
    entries: list[Entry]
    verdict: Verdict


_LOOK = {
    Change.BROKEN: Verdict.FAIL,
    Change.CAUSE_CHANGED: Verdict.WARN,
    Change.FIXED: Verdict.PASS,
    Change.NEW: Verdict.SKIP,
    Change.GONE: Verdict.UNPROVEN,
    Change.SAME: Verdict.SKIP,
    Change.NOT_RUN: Verdict.SKIP,
}


def verdict(comparison: Comparison) -> Verdict:
    """The look of the whole: regressed, changed, or calm."""
    if comparison.summary.regressed:
        return Verdict.FAIL
    uneasy = (Change.BROKEN, Change.CAUSE_CHANGED, Change.GONE)
    return Verdict.WARN if any(comparison.summary.counts.get(one.value) for one in uneasy) else Verdict.PASS


def first_line(comparison: Comparison, context: RenderContext) -> tuple[str, str, str]:
    """Three parts that joined are one line for a ticket: who, the word, the counts."""
    after = comparison.after
    who = context.say("{roles} on {host}: ", roles=" + ".join(after.roles) or "?", host=after.host or "?")
    word = context.say("REGRESSED") if comparison.summary.regressed else context.say("NO REGRESSION")
    return who, word, ": " + ", ".join(counts(comparison, context))


def counts(comparison: Comparison, context: RenderContext) -> list[str]:
    seen = comparison.summary.counts
    return [
        context.count(*COUNT[one.value], seen[one.value])
        for one in Change
        if seen.get(one.value) and one is not Change.NOT_RUN
    ]


def runs(comparison: Comparison, context: RenderContext) -> list[tuple[str, str]]:
    """(label, what that run was), earlier one first."""
    return [
        (context.say("before"), _run(comparison.before, context)),
        (context.say("after"), _run(comparison.after, context)),
    ]


def _run(seen: RunSeen, context: RenderContext) -> str:
    when = seen.started_utc.replace("T", " ").replace("Z", " UTC")
    said = (
        context.say(OVERALL[_OVERALL[seen.exit_code]])
        if seen.exit_code in _OVERALL
        else context.say("exit code {code}", code=seen.exit_code)
    )
    roles, host = " + ".join(seen.roles) or "?", seen.host or "?"
    return context.say(
        "{when}, {roles} on {host}, phase {phase}: {said}",
        when=when,
        roles=roles,
        host=host,
        phase=seen.phase.value,
        said=said,
    )


def differences(comparison: Comparison, context: RenderContext) -> list[str]:
    return [_difference(one, context) for one in comparison.differences]


def _difference(one: Difference, context: RenderContext) -> str:
    ids = [str(name) for name in one.params.get("ids", [])]
    shown = ", ".join(context.safe(name) for name in ids[:_IDS]) + (
        context.say(" and {count} more", count=len(ids) - _IDS) if len(ids) > _IDS else ""
    )
    values = {"before": one.before or "-", "after": one.after or "-", "key": one.params.get("key", ""), "ids": shown}
    return context.say(DIFFERENCE[one.what], SENTENCE, **values)


def sections(comparison: Comparison, context: RenderContext) -> list[Section]:
    """Gravest change first; only those that have rows."""
    made = []
    for change in Change:
        entries = [entry(one, context) for one in comparison.rows if one.change is change]
        if entries:
            made.append(Section(change, context.say(CHANGE[change.value]), entries, _LOOK[change]))
    return made


def entry(one: RowChange, context: RenderContext) -> Entry:
    before, after = one.before, one.after
    host = f"[{one.target}]" if ":" in one.target else one.target
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
        id=context.safe(one.id),
        what=context.safe(f"{host}:{one.port}/{one.transport.value}"),
        before=before.verdict if before else None,
        after=after.verdict if after else None,
        steps=steps or _standing(after or before, context),
        meaning=context.say(MEANING[one.meaning]) if one.meaning in MEANING else context.safe(one.meaning),
        required=one.required,
        regressed=one.regressed,
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
    about = ", ".join(part for part in (who, context.safe(side.place) if bad else "") if part)
    return context.safe(side.reason) + (f" ({about})" if about else "")


def exit_sentence(comparison: Comparison, context: RenderContext) -> str:
    code = comparison.summary.exit_code
    return context.say("exit code {code}: {why}", SENTENCE, code=code, why=context.say(EXIT[code]))
