"""What a cause is, in one sentence, and what to ask for: of one target, or of many computers that fail alike. Pure."""

from collections import defaultdict

from eset_portcheck.model.finding import Cause
from eset_portcheck.model.report import Report, Row
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import SENTENCE
from eset_portcheck.render.wording import placeholders, reason_text
from eset_portcheck.render.wording.placeholders import Placeholders
from eset_portcheck.texts.language import message

_NAMED = 8  # computers, unless verbose
_MANY = {
    "REFUSED_BY_HOST": message("{computers} refuse {ports}"),
    "REFUSED_ORIGIN_UNKNOWN": message("{computers} refuse {ports}"),
    "TCP_NO_ANSWER": message("{computers} do not answer on {ports}"),
}


def params_of(report: Report, lead: Row | None, cause: Cause) -> Placeholders:
    """What the placeholders of its texts stand for; of many computers, the first."""
    return placeholders.of_cause(cause).onto(reason_text.params_of(report, lead, cause.where))


def headline(cause: Cause, params: Placeholders, context: RenderContext) -> str:
    if not (computers := computers_phrase(cause, context)):
        return reason_text.headline(cause.reason, params, context)
    ports = _ports(cause, context)
    if cause.reason in _MANY:
        return context.say(_MANY[cause.reason], SENTENCE, computers=computers, ports=ports)
    title = reason_text.title(cause.reason, context)
    return context.say("{computers}, {ports}: {title}", SENTENCE, computers=computers, ports=ports, title=title)


def ask(cause: Cause, params: Placeholders, context: RenderContext) -> str:
    """For many computers, with all that it is asked for."""
    text = reason_text.ask(cause.reason, params, context)
    targets = _targets(cause)
    if not text or len(targets) < 2:
        return text
    named = targets if context.verbose else targets[:_NAMED]
    names = ", ".join(context.safe(name) for name in named)
    if rest := len(targets) - len(named):
        names += " " + context.say("and {count} more", count=rest)
    return f"{text} " + context.say(
        "The same for all of these, on {ports}: {names}", 100 * SENTENCE, ports=_ports(cause, context), names=names
    )


def computers_phrase(cause: Cause, context: RenderContext) -> str:
    """24 of 25 computers; nothing where there is one target."""
    count, tested = len(_targets(cause)), cause.params.tested
    if count < 2 or tested is None:
        return ""
    return context.say("{count} of {tested} computers", count=count, tested=max(count, tested))


def _targets(cause: Cause) -> list[str]:
    return cause.params.targets or []


def _ports(cause: Cause, context: RenderContext) -> str:
    """TCP 445 and 139."""
    numbers: dict[str, list[str]] = defaultdict(list)
    for port in cause.params.ports or []:
        transport, _, number = port.partition("-")
        numbers[transport.upper()].append(number)
    parts = [
        f"{transport} {number}" if at == 0 else number
        for transport, all_of in numbers.items()
        for at, number in enumerate(all_of)
    ]
    if len(parts) < 2:
        return context.safe("".join(parts))
    return context.say("{items} and {last}", SENTENCE, items=", ".join(parts[:-1]), last=parts[-1])
