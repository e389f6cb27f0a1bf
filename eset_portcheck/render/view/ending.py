"""The run once more in three lines, for a reader whose first line has scrolled away: verdict, causes, next step."""

from collections.abc import Sequence
from typing import NamedTuple

from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.view.identity import not_identified
from eset_portcheck.render.view.issues import Issue
from eset_portcheck.render.view.outcome import FirstLine, not_found, overall
from eset_portcheck.render.wording.rerun import again

_DECIDES = {
    "not-ready": (Verdict.FAIL, Verdict.ERROR),
    "checker-failed": (Verdict.ERROR,),
    "unproven": (Verdict.UNPROVEN,),
    "warned": (Verdict.WARN,),
}


class Ending(NamedTuple):
    """`verdict`: who and the overall word. `causes`: what decides, each with its number where it has one and with how
    many rows it explains. `next`: one step; empty for none."""

    verdict: str
    causes: list[str]
    next: str


def ending(report: Report, first_line: FirstLine, urgent: Sequence[Issue], context: RenderContext) -> Ending:
    """`urgent`: what decides, the first thing to do first."""
    key, _ = overall(report)
    verdict = first_line.who + first_line.word
    if key == "ready":
        step = not_identified(report, context)
        absent = not_found(report, context)
        return Ending(verdict, [absent] if absent else [], step or ("" if absent else context.say("no action needed")))
    if key == "partial":
        return Ending(verdict, [first_line.reason], again(report, context))
    # of a run that failed, what failed: a warning is no second reason for that
    issues = [issue for issue in urgent if issue.verdict in _DECIDES.get(key, ())] or urgent
    is_open = key == "interrupted" or not issues
    return Ending(
        verdict, [_issue(issue, context) for issue in issues], again(report, context) if is_open else _step(issues[0])
    )


def _issue(issue: Issue, context: RenderContext) -> str:
    start = f"{issue.number or context.glyph(issue.verdict)} {issue.headline}"
    return f"{start} ({context.rows(len(issue.rows))})" if len(issue.rows) > 1 else start


def _step(issue: Issue) -> str:
    """The first thing to do, with its command where the words lead up to one."""
    if not issue.do:
        return issue.ask or issue.again
    step = issue.do[0]
    text = f"{step.who}: {step.do}" if step.who else step.do
    return f"{text} {step.commands[0]}" if step.commands and text.endswith(":") else text
