"""What is wrong, told cause by cause; and whatever stands unproven, with what would prove it. Pure text, for every
format."""

from collections import defaultdict
from itertools import islice
from typing import Any, NamedTuple

from eset_portcheck.model.deciding import PROVEN, group_of
from eset_portcheck.model.finding import Cause, Finding, Where
from eset_portcheck.model.reasons import REASONS, Rank
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Verdict, worst
from eset_portcheck.render import evidence_phrases, parameters, reason_text
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.outcome import again, whole
from eset_portcheck.render.text import COMMAND
from eset_portcheck.render.words import CONFIDENCE, CULPRIT
from eset_portcheck.texts import THIS_HOST

_STEPS = 2  # of what to do, unless verbose
_IDS = 5
_BROKEN = (Verdict.FAIL, Verdict.ERROR)
_Groups = dict[tuple[str, str], list[str]]  # (role, group) -> ids of its rows that are proven


class Issue(NamedTuple):
    """One entry. `number`: of the cause, "" for rows without one. Empty strings and lists are not shown. `rows`: ids,
    unsafe, for links."""

    number: str
    verdict: Verdict
    headline: str
    code: str
    seen: list[str]
    means: str
    who: str
    where: str
    do: list[reason_text.Step]
    ask: str
    again: str
    explains: list[str]
    rows: list[str]
    required: bool


def causes(report: Report, context: RenderContext) -> list[Issue]:
    """In the report's order, which is the order of urgency."""
    by_id = {row.id: row for row in report.checks}
    works: _Groups = defaultdict(list)
    for row in report.checks:
        if row.verdict in PROVEN and (group := group_of(row)):
            works[group].append(row.id)
    return [
        _of_cause(report, str(number), cause, by_id, works, context) for number, cause in enumerate(report.causes, 1)
    ]


def numbers(report: Report) -> dict[str, str]:
    """Row id -> number of the cause that explains it."""
    return {one: str(number) for number, cause in enumerate(report.causes, 1) for one in cause.explains}


def _of_cause(
    report: Report, number: str, cause: Cause, by_id: dict[str, Row], works: _Groups, context: RenderContext
) -> Issue:
    rows = [by_id[one] for one in cause.explains if one in by_id]
    lead = next((row for row in rows if row.explained_by is None), rows[0] if rows else None)
    params = reason_text.params_of(report, lead, cause.where) | cause.params
    return Issue(
        number=number,
        verdict=_gravest(rows),
        headline=reason_text.headline(cause.reason, params, context),
        code=context.safe(cause.reason),
        seen=[*(evidence_phrases.of_row(lead, context) if lead else []), *_alternatives(rows, works, context)],
        means=reason_text.meaning(cause.reason, context),
        who=_who(cause.culprit, cause.confidence, context),
        where=where(cause.where, context),
        do=_do(report, cause, params, context),
        ask=reason_text.ask(cause.reason, params, context),
        again=context.safe(again(report, context, cause.explains), COMMAND),
        explains=listed(cause.explains, context),
        rows=list(cause.explains),
        required=any(row.required for row in rows),
    )


def _do(report: Report, cause: Cause, params: dict[str, Any], context: RenderContext) -> list[reason_text.Step]:
    """Commands for this host, then what a person should think about; all the commands for others too when verbose."""
    here: list[reason_text.Step] = []
    texts: list[reason_text.Step] = []
    others: list[reason_text.Step] = []
    for fix in cause.fixes:
        if fix.tool == "text":
            texts += reason_text.steps(fix.command, params, str(report.host.os), context)
        else:
            (here if fix.audience == "this-host" else others).append(
                reason_text.fix(whole(report, fix, context), context)
            )
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
        shown.append(reason_text.Step("", more, []))
    return shown


def ungrouped(report: Report, context: RenderContext) -> list[Issue]:
    """Rows that are not proven or warn without a cause of their own, one entry a reason."""
    explained = numbers(report)
    by_reason: dict[str, list[Row]] = defaultdict(list)
    for row in report.checks:
        if row.verdict not in (Verdict.PASS, Verdict.SKIP) and row.id not in explained:
            by_reason[row.reason].append(row)
    return [_of_rows(report, rows, context) for rows in by_reason.values()]


def _of_rows(report: Report, rows: list[Row], context: RenderContext) -> Issue:
    lead = rows[0]
    ids = [row.id for row in rows]
    params = reason_text.params_of(report, lead, lead.where)
    facts = list(dict.fromkeys(phrase for row in rows for phrase in evidence_phrases.of_row(row, context)))
    do = reason_text.steps(lead.reason, params, str(report.host.os), context)
    return Issue(
        number="",
        verdict=_gravest(rows),
        headline=reason_text.headline(lead.reason, params, context)
        if len(rows) == 1
        else reason_text.title(lead.reason, context),
        code=context.safe(lead.reason),
        seen=facts if context.verbose else facts[:4],
        means=reason_text.meaning(lead.reason, context) if context.verbose else "",
        who="",
        where="",
        do=do if context.verbose else do[:1],
        ask=reason_text.ask(lead.reason, params, context) if context.verbose else "",
        again=context.safe(again(report, context, ids), COMMAND)
        if context.verbose or lead.verdict is not Verdict.UNPROVEN
        else "",
        explains=listed(ids, context),
        rows=ids,
        required=any(row.required for row in rows),
    )


def notes(report: Report, context: RenderContext) -> list[tuple[str, str, list[str]]]:
    """(code, facts, ids) of findings that neither the row's reason nor its cause tells; what is merely usual only when
    verbose."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in report.checks:
        for finding in row.findings:
            if finding.reason != row.reason and _is_news(row, finding, context):
                found[(finding.reason, _facts(finding, context))].append(row.id)
    return [(context.safe(code), facts, ids) for (code, facts), ids in found.items()]


def _is_news(row: Row, finding: Finding, context: RenderContext) -> bool:
    reason = REASONS.get(finding.reason)
    if finding.reason == "FAILOVER_USED" or (
        row.reason in ("ONE_FAMILY_FAILS", "SOME_ADDRESSES_FAIL") and reason and reason.rank is Rank.FAIL
    ):
        return False  # the entry of the row tells it
    usual = (
        reason is not None
        and reason.rank is Rank.PASS
        and not finding.reason.startswith(("DNS_", "NAME_", "AGENT_", "PROXY_SET_"))
    )
    return context.verbose or not usual


def _facts(finding: Finding, context: RenderContext) -> str:
    order = ("issuer", "sha256", "not_after", "asked")
    told = {name: finding.params[name] for name in order if name in finding.params} or finding.params
    return "; ".join(list(parameters.named(told, context, frozenset(("target", "port", "transport"))))[:4])


def _alternatives(rows: list[Row], works: _Groups, context: RenderContext) -> list[str]:
    """For a failure that is only a warning: the members of its group that work."""
    groups = {
        group for row in rows if (group := group_of(row)) and any(one.reason == "FAILOVER_USED" for one in row.findings)
    }
    mine = {row.id for row in rows}
    others = list(islice((one for group in sorted(groups) for one in works.get(group, ()) if one not in mine), _IDS))
    return [context.say("an alternative works: {ids}", ids=", ".join(others))] if others else []


def _gravest(rows: list[Row]) -> Verdict:
    return worst((row.verdict for row in rows if row.verdict not in (Verdict.PASS, Verdict.SKIP)), Verdict.FAIL)


def is_broken(issue: Issue) -> bool:
    return issue.verdict in _BROKEN


def _who(culprit: Culprit | None, confidence: Confidence | None, context: RenderContext) -> str:
    if culprit is None:
        return ""
    sure = f" ({context.say(CONFIDENCE[confidence.value])})" if confidence and culprit is not Culprit.UNKNOWN else ""
    return context.say(CULPRIT[culprit.value]) + sure


def where(place: Where, context: RenderContext) -> str:
    parts = []
    if place.interval:
        first, last = (
            context.say(THIS_HOST) if end == THIS_HOST else end for end in (place.interval[0], place.interval[-1])
        )
        parts.append(context.say("between {first} and {last}", first=first, last=last))
    elif place.address and place.hop is not None:
        parts.append(context.say("{address}, {hop} hops away", address=place.address, hop=place.hop))
    elif place.address:
        parts.append(context.safe(place.address))
    if place.ca:
        parts.append(context.say("issuer {ca}", ca=place.ca))
    return "; ".join(parts)


def listed(ids: list[str], context: RenderContext) -> list[str]:
    """One id; or how many and which, in pieces for a line, folded unless verbose."""
    shown = [context.safe(one) for one in (ids if context.verbose else ids[:_IDS])]
    if len(ids) == 1:
        return shown
    rest = [context.say("and {count} more", count=len(ids) - len(shown))] if len(shown) < len(ids) else []
    return [f"{context.rows(len(ids))}:", *(f"{one}," for one in shown[:-1]), *shown[-1:], *rest]


def skipped(rows: list[Row], context: RenderContext) -> str:
    """Why rows were not run, in one phrase."""
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        option = row.skip_params.get("option") or row.skip_params.get("condition", "")
        counts[(row.reason, option, row.skip_params.get("wanted", ""))] += 1
    return ", ".join((f"{count} " if len(counts) > 1 else "") + _skip(*key, context) for key, count in counts.items())


def _skip(reason: str, option: str, wanted: str, context: RenderContext) -> str:
    if reason == "NOT_SELECTED":
        return context.say("not selected in this run")
    if reason == "RETIRED":
        return context.say("retired")
    if wanted == "given":
        return context.say("only with {option}", option=option)
    if wanted == "not given":
        return context.say("only without {option}", option=option)
    return context.say("only if {option} is {value}", option=option, value=wanted)
