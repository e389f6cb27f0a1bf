"""What to do: each cause with who fixes it, how sure it is, a request to paste, commands with their undo, and the line
that tests again."""

from typing import NamedTuple

from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html.page_terms import SURE
from eset_portcheck.render.text import COMMAND, NAME
from eset_portcheck.render.view import View
from eset_portcheck.render.view.issues import Issue
from eset_portcheck.render.wording.reason_text import Step

_LINKS = 12
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
    steps: list[Step]
    request: list[str]
    pasted: list[Pasted]
    again: str
    rows: list[Link]
    more: int


class Issues(NamedTuple):
    """In the order in which they are to be read."""

    causes: list[Entry]
    unproven: list[Entry]
    warnings: list[Entry]
    hidden: int


def issues(view: View, links: dict[str, Link]) -> Issues:
    """Causes have numbers and stand in one list, whatever their verdict. `links`: row id -> its place in the page."""
    report, context = view.report, view.context
    by_verdict: dict[Verdict, list[Entry]] = {Verdict.UNPROVEN: [], Verdict.WARN: []}
    broken = [_of_cause(issue, links, report, context) for issue in view.causes]
    for issue in view.ungrouped:
        by_verdict.get(issue.verdict, broken).append(_entry(issue, links, context))
    unproven, warnings = by_verdict[Verdict.UNPROVEN], by_verdict[Verdict.WARN]
    hidden = sum(max(0, len(entries) - _ENTRIES) for entries in (broken, unproven, warnings))
    return Issues(broken[:_ENTRIES], unproven[:_ENTRIES], warnings[:_ENTRIES], hidden)


def _of_cause(issue: Issue, links: dict[str, Link], report: Report, context: RenderContext) -> Entry:
    certainty = SURE[issue.confidence.value if issue.confidence else ""]
    return _entry(issue, links, context)._replace(
        where="; ".join(part for part in (issue.culprit, issue.where) if part),
        who=", ".join(issue.audiences),
        sure=context.say(certainty) if issue.has_culprit else "",
        request=_request(issue, report, context),
        pasted=[Pasted(step.do, step.commands[0], step.undo) for step in issue.pasted],
    )


def _request(issue: Issue, report: Report, context: RenderContext) -> list[str]:
    """Lines that stand alone in a mail: what is wanted, the rules in words, why, and how whoever grants it can see that
    it worked."""
    if not issue.ask:
        return []
    reason = context.say(
        "Reason: {why} ({code}), seen {time}, report {id}.",
        COMMAND,
        why=issue.headline,
        code=issue.code,
        time=report.run.started_utc,
        id=report.run.id,
    )
    test = context.say("Test after the change: {command}", COMMAND, command=issue.again)
    return [issue.ask, *(f"  {rule}" for rule in issue.rules[:_LINKS]), reason, test]


def _entry(issue: Issue, links: dict[str, Link], context: RenderContext) -> Entry:
    return Entry(
        number=issue.number,
        verdict=issue.verdict,
        headline=issue.headline,
        code="" if issue.code == issue.headline else issue.code,
        required=issue.required,
        means=issue.in_short,
        seen=issue.seen[:_LINKS],
        where="",
        who="",
        sure="",
        steps=[step for step in issue.do if step.who][:_LINKS],
        request=[],
        pasted=[],
        again=issue.again,
        rows=[links.get(row) or Link(context.safe(row, NAME), "") for row in issue.rows[:_LINKS]],
        more=max(0, len(issue.rows) - _LINKS),
    )
