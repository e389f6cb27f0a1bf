"""What is wrong, cause by cause; and whatever stands unproven or warns, with what would prove it: words made of the
report's own conclusions."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

import msgspec

from eset_portcheck.model.deciding import PROVEN, group_of
from eset_portcheck.model.finding import Cause
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Verdict, worst
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.view.each_once import each_once
from eset_portcheck.render.wording import cause_text, evidence_phrases, reason_text
from eset_portcheck.render.wording.issue_phrases import culprit_phrase, listed, where_phrase
from eset_portcheck.render.wording.parameters import request
from eset_portcheck.render.wording.placeholders import Placeholders
from eset_portcheck.render.wording.reason_text import Step
from eset_portcheck.render.wording.rerun import again, whole
from eset_portcheck.render.wording.value_names import AUDIENCE, CULPRIT

_STEPS = 2  # of what to do, unless verbose
_SEEN = 4  # facts, unless verbose
_IDS = 5
_AUDIENCES = 4
_BROKEN = (Verdict.FAIL, Verdict.ERROR)
_Groups = dict[tuple[str, str], list[str]]  # (role, group) -> ids of its rows that are proven


class Issue(NamedTuple):
    """One entry. `number`: of the cause, "" for rows without one. Empty strings and lists are not shown. `means` as the
    reader wants it, `in_short` always its first sentences. `who`: culprit and how sure; `culprit` alone, "" where it is
    not known. `confidence` None: nobody is accused, or it is not known whom. `audiences`: who can fix it, the likeliest
    first. `rules`: requests in words; `pasted`: all commands. `rows`: ids, unsafe, for links."""

    number: str
    verdict: Verdict
    headline: str
    code: str
    seen: list[str]
    means: str
    in_short: str
    do: list[Step]
    ask: str
    again: str
    explains: list[str]
    rows: list[str]
    required: bool
    who: str = ""
    where: str = ""
    has_culprit: bool = False
    culprit: str = ""
    confidence: Confidence | None = None
    audiences: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    pasted: tuple[Step, ...] = ()

    @property
    def is_broken(self) -> bool:
        return self.verdict in _BROKEN


def causes(report: Report, context: RenderContext) -> list[Issue]:
    """In the report's order, which is the order of urgency."""
    by_id = {row.id: row for row in report.checks}
    proven: _Groups = defaultdict(list)
    for row in report.checks:
        if row.verdict in PROVEN and (group := group_of(row)):
            proven[group].append(row.id)
    return [
        _of_cause(report, str(number), cause, by_id, proven, context) for number, cause in enumerate(report.causes, 1)
    ]


def numbers(report: Report) -> dict[str, str]:
    """Row id -> number of the cause that explains it."""
    return {check_id: str(number) for number, cause in enumerate(report.causes, 1) for check_id in cause.explains}


def ungrouped(report: Report, explained: Mapping[str, str], context: RenderContext) -> list[Issue]:
    """Rows that are not proven or warn without a cause of their own, one entry a reason."""
    by_reason: dict[str, list[Row]] = defaultdict(list)
    for row in report.checks:
        if row.verdict not in (Verdict.PASS, Verdict.SKIP) and row.id not in explained:
            by_reason[row.reason].append(row)
    return [_of_rows(report, rows, context) for rows in by_reason.values()]


def _of_cause(
    report: Report, number: str, cause: Cause, by_id: dict[str, Row], proven: _Groups, context: RenderContext
) -> Issue:
    rows = [by_id[check_id] for check_id in cause.explains if check_id in by_id]
    lead = next((row for row in rows if row.explained_by is None), rows[0] if rows else None)
    params = cause_text.params_of(report, lead, cause)
    do = _steps(report, cause, params, context)
    is_known = cause.culprit not in (None, Culprit.UNKNOWN)
    return Issue(
        number=number,
        verdict=_gravest(rows),
        headline=cause_text.headline(cause, params, context),
        code=context.safe(cause.reason),
        seen=[
            *(evidence_phrases.of_row(lead, report.host.os, context) if lead else []),
            *_alternatives(rows, proven, context),
        ],
        means=reason_text.meaning(cause.reason, context),
        in_short=reason_text.meaning(cause.reason, _brief(context)),
        do=do,
        ask=cause_text.ask(cause, params, context),
        again=again(report, context, cause.explains),
        explains=listed(cause.explains, context),
        rows=list(cause.explains),
        required=any(row.required for row in rows),
        who=culprit_phrase(cause.culprit, cause.confidence, context),
        where=where_phrase(cause.where, context, cause_text.computers_phrase(cause, context)),
        has_culprit=cause.culprit is not None,
        culprit=context.say(CULPRIT[cause.culprit.value]) if cause.culprit and is_known else "",
        confidence=cause.confidence if is_known else None,
        audiences=_audiences(cause, do, context),
        rules=tuple(request(fix.command, context) for fix in cause.fixes if fix.tool == "request"),
        pasted=tuple(
            reason_text.fix(whole(report, fix, context), context)
            for fix in cause.fixes
            if fix.tool not in ("text", "request")
        ),
    )


def _steps(report: Report, cause: Cause, params: Placeholders, context: RenderContext) -> list[Step]:
    """Commands for this host, then what a person should think about; all the commands for others too when verbose."""
    here: list[Step] = []
    texts: list[Step] = []
    others: list[Step] = []
    for fix in cause.fixes:
        if fix.tool == "text":
            texts += reason_text.steps(fix.command, params, str(report.host.os), context)
        else:
            (here if fix.audience == "this-host" else others).append(
                reason_text.fix(whole(report, fix, context), context)
            )
    here, texts, others = each_once(here, texts, others)
    if context.verbose:
        return [*here, *texts, *others]
    shown = [*here[:_STEPS], *texts[: _STEPS if not here else 1]]
    hidden = len(here) + len(others) - min(len(here), _STEPS)
    if hidden:
        more = context.count(
            "{count} more command to paste, with its undo: -v shows it",
            "{count} more commands to paste, with their undo: -v shows them",
            hidden,
        )
        shown.append(Step("", more, []))
    return shown


def _audiences(cause: Cause, do: list[Step], context: RenderContext) -> tuple[str, ...]:
    """Who can fix it, each once, the most likely first: by the commands, then by the steps in words."""
    by_command = [
        context.say(AUDIENCE[fix.audience]) if fix.audience in AUDIENCE else context.safe(fix.audience, 40)
        for fix in cause.fixes
    ]
    by_step = [step.who for step in do if step.who and step.who != context.say("you")]
    return tuple(dict.fromkeys([*by_command, *by_step]))[:_AUDIENCES]


def _of_rows(report: Report, rows: list[Row], context: RenderContext) -> Issue:
    lead = rows[0]
    ids = [row.id for row in rows]
    params = reason_text.params_of(report, lead, lead.where)
    system = report.host.os
    facts = list(dict.fromkeys(phrase for row in rows for phrase in evidence_phrases.of_row(row, system, context)))
    do = reason_text.steps(lead.reason, params, str(report.host.os), context)
    is_single = len(rows) == 1
    return Issue(
        number="",
        verdict=_gravest(rows),
        headline=reason_text.headline(lead.reason, params, context)
        if is_single
        else reason_text.title(lead.reason, context),
        code=context.safe(lead.reason),
        seen=facts if context.verbose else facts[:_SEEN],
        means=reason_text.meaning(lead.reason, context) if context.verbose else "",
        in_short=reason_text.meaning(lead.reason, _brief(context)),
        do=do if context.verbose else do[:1],
        ask=reason_text.ask(lead.reason, params, context) if context.verbose else "",
        again=again(report, context, ids) if context.verbose or lead.verdict is not Verdict.UNPROVEN else "",
        explains=listed(ids, context),
        rows=ids,
        required=any(row.required for row in rows),
    )


def _alternatives(rows: list[Row], proven: _Groups, context: RenderContext) -> list[str]:
    """For a failure that is only a warning: the members of its group that work."""
    groups = {
        group
        for row in rows
        if (group := group_of(row)) and any(finding.reason == "FAILOVER_USED" for finding in row.findings)
    }
    mine = {row.id for row in rows}
    working = (check_id for group in sorted(groups) for check_id in proven.get(group, ()) if check_id not in mine)
    shown = list(islice(working, _IDS))
    return [context.say("an alternative works: {ids}", ids=", ".join(shown))] if shown else []


def _gravest(rows: list[Row]) -> Verdict:
    return worst((row.verdict for row in rows if row.verdict not in (Verdict.PASS, Verdict.SKIP)), Verdict.FAIL)


def _brief(context: RenderContext) -> RenderContext:
    return msgspec.structs.replace(context, verbose=False)
