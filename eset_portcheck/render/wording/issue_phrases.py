"""Phrases of an issue: who, where, which rows, and why rows were not run. Pure, for every format."""

from collections import defaultdict
from collections.abc import Sequence

from eset_portcheck.model.finding import Where
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.wording.value_names import CONFIDENCE, CULPRIT
from eset_portcheck.texts import THIS_HOST

_IDS = 5


def culprit_phrase(culprit: Culprit | None, confidence: Confidence | None, context: RenderContext) -> str:
    if culprit is None:
        return ""
    sure = f" ({context.say(CONFIDENCE[confidence.value])})" if confidence and culprit is not Culprit.UNKNOWN else ""
    return context.say(CULPRIT[culprit.value]) + sure


def where_phrase(where: Where, context: RenderContext, computers: str = "") -> str:
    """`computers`: what stands in the target's place where there are many, "" for one."""
    parts = []
    if where.via and where.address:
        parts.append(context.say("{address} via {proxy}", address=where.address, proxy=where.via))
    elif where.interval:
        ends = (where.interval[0], computers or where.interval[-1])
        first, last = (context.say(THIS_HOST) if end == THIS_HOST else end for end in ends)
        parts.append(context.say("between {first} and {last}", first=first, last=last))
    elif where.address and where.hop is not None:
        parts.append(context.say("{address}, {hop} hops away", address=where.address, hop=where.hop))
    elif where.address:
        parts.append(context.safe(where.address))
    if where.ca:
        parts.append(context.say("issuer {ca}", ca=where.ca))
    return "; ".join(parts)


def listed(ids: Sequence[str], context: RenderContext) -> list[str]:
    """One id; or how many and which, in pieces for a line, folded unless verbose."""
    shown = [context.safe(check_id) for check_id in (ids if context.verbose else ids[:_IDS])]
    if len(ids) == 1:
        return shown
    rest = [context.say("and {count} more", count=len(ids) - len(shown))] if len(shown) < len(ids) else []
    return [f"{context.rows(len(ids))}:", *(f"{check_id}," for check_id in shown[:-1]), *shown[-1:], *rest]


def skip_phrase(rows: Sequence[Row], context: RenderContext) -> str:
    """Why rows were not run, in one phrase."""
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        option = row.skip_params.option or row.skip_params.condition
        counts[(row.reason, option, row.skip_params.wanted)] += 1
    return ", ".join(
        (f"{count} " if len(counts) > 1 else "") + _skip_reason(*key, context) for key, count in counts.items()
    )


def _skip_reason(reason: str, option: str, wanted: str, context: RenderContext) -> str:
    if reason == "NOT_SELECTED":
        return context.say("not selected in this run")
    if reason == "RETIRED":
        return context.say("retired")
    if wanted == "given":
        return context.say("only with {option}", option=option)
    if wanted == "not given":
        return context.say("only without {option}", option=option)
    return context.say("only if {option} is {value}", option=option, value=wanted)
