"""What to do: each cause with who fixes it, how sure it is, a request to paste, commands with their undo, and the line
that tests again."""

from typing import NamedTuple

import msgspec

from eset_portcheck.model.finding import Cause
from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import Culprit, Verdict
from eset_portcheck.render import issues, parameters, reason_text
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html.words import SURE
from eset_portcheck.render.outcome import again, whole
from eset_portcheck.render.text import COMMAND, NAME
from eset_portcheck.render.words import AUDIENCE, CULPRIT

_LINKS = 12
_WHO = 4
_ENTRIES = 60  # of each kind; a page with more helps nobody


class Link(NamedTuple):
    """`anchor` empty: the row is not in the report."""

    name: str
    anchor: str


class Pasted(NamedTuple):
    about: str
    command: str
    undo: str


class Entry(NamedTuple):
    """One cause, or the rows of one code without a cause (`number` empty). Empty strings and lists are not shown."""

    number: str
    verdict: Verdict
    headline: str
    code: str
    required: bool
    means: str
    seen: list[str]
    where: str
    who: str
    sure: str
    steps: list[reason_text.Step]
    request: list[str]
    pasted: list[Pasted]
    again: str
    rows: list[Link]
    more: int


class Told(NamedTuple):
    """In the order in which they are to be read."""

    causes: list[Entry]
    unproven: list[Entry]
    warnings: list[Entry]
    hidden: int


def told(report: Report, links: dict[str, Link], context: RenderContext) -> Told:
    """`links`: row id -> its place in the page."""
    causes = [
        _of_cause(report, cause, one, links, context)
        for cause, one in zip(report.causes, issues.causes(report, context), strict=True)
    ]
    ungrouped = [_of_rows(one, links, context) for one in issues.ungrouped(report, context)]
    broken = [*causes, *(one for one in ungrouped if one.verdict in (Verdict.FAIL, Verdict.ERROR))]
    unproven = [one for one in ungrouped if one.verdict is Verdict.UNPROVEN]
    warnings = [one for one in ungrouped if one.verdict is Verdict.WARN]
    hidden = sum(max(0, len(one) - _ENTRIES) for one in (broken, unproven, warnings))
    return Told(broken[:_ENTRIES], unproven[:_ENTRIES], warnings[:_ENTRIES], hidden)


def _of_cause(report: Report, cause: Cause, one: issues.Issue, links: dict[str, Link], context: RenderContext) -> Entry:
    known = cause.culprit not in (None, Culprit.UNKNOWN)
    sure = cause.confidence.value if cause.confidence and known else ""
    rules = [parameters.request(fix.command, context) for fix in cause.fixes if fix.tool == "request"]
    pasted = [
        reason_text.fix(whole(report, fix, context), context)
        for fix in cause.fixes
        if fix.tool not in ("text", "request")
    ]
    return _of_rows(one, links, context)._replace(
        where="; ".join(
            part
            for part in (context.say(CULPRIT[cause.culprit.value]) if cause.culprit and known else "", one.where)
            if part
        ),
        who=", ".join(_audiences(cause, one, context)),
        sure=context.say(SURE[sure]) if cause.culprit else "",
        request=_request(one, rules, report, context),
        pasted=[Pasted(step.do, step.commands[0], step.undo) for step in pasted],
    )


def _audiences(cause: Cause, one: issues.Issue, context: RenderContext) -> list[str]:
    """Who can fix it, each once, the most likely first: by the commands, then by the steps in words."""
    by_command = [
        context.say(AUDIENCE[fix.audience]) if fix.audience in AUDIENCE else context.safe(fix.audience, 40)
        for fix in cause.fixes
    ]
    return list(
        dict.fromkeys([*by_command, *(step.who for step in one.do if step.who and step.who != context.say("you"))])
    )[:_WHO]


def _request(one: issues.Issue, rules: list[str], report: Report, context: RenderContext) -> list[str]:
    """Lines that stand alone in a mail: what is wanted, the rules in words, why, and how whoever grants it can see that
    it worked."""
    if not one.ask:
        return []
    rest = [one.ask, *(f"  {rule}" for rule in rules[:_LINKS])]
    rest.append(
        context.say(
            "Reason: {why} ({code}), seen {time}, report {id}.",
            COMMAND,
            why=one.headline,
            code=one.code,
            time=report.run.started_utc,
            id=report.run.id,
        )
    )
    return [*rest, context.say("Test after the change: {command}", COMMAND, command=one.again)]


def _of_rows(one: issues.Issue, links: dict[str, Link], context: RenderContext) -> Entry:
    code = "" if one.code == one.headline else one.code
    return Entry(
        number=one.number,
        verdict=one.verdict,
        headline=one.headline,
        code=code,
        required=one.required,
        means=reason_text.meaning(one.code, msgspec.structs.replace(context, verbose=False)),
        seen=one.seen[:_LINKS],
        where="",
        who="",
        sure="",
        steps=[step for step in one.do if step.who][:_LINKS],
        request=[],
        pasted=[],
        again=one.again,
        rows=[links.get(row) or Link(context.safe(row, NAME), "") for row in one.rows[:_LINKS]],
        more=max(0, len(one.rows) - _LINKS),
    )


def tests_again(report: Report, row_id: str, context: RenderContext) -> str:
    """The command that runs one row again."""
    return context.safe(again(report, context, [row_id]), COMMAND)
