"""The texts of the reasons, as renderers need them: filled, safe, and with the code itself where a version has no text
for it."""

import re
from typing import NamedTuple

from eset_portcheck import texts
from eset_portcheck.model.concerned import concerned, is_internet, is_windows
from eset_portcheck.model.finding import Fix, Where
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Direction
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import COMMAND, SENTENCE
from eset_portcheck.render.wording.parameters import request
from eset_portcheck.render.wording.placeholders import Placeholders
from eset_portcheck.render.wording.track import furthest
from eset_portcheck.render.wording.value_names import AUDIENCE, TOOL
from eset_portcheck.texts.quoting import Shell
from eset_portcheck.texts.shell import shell_of

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÁÉÍÓÚÑ¿¡])")
_SENTENCES = 2
_PARAGRAPH = 2000
_OF_THE_OTHER_END = frozenset({"server administrator", "target's administrator", "directory administrator"})
_TOOLS = {"powershell": "PowerShell", "systemctl": "systemd", "sed": "squid"}


class Step(NamedTuple):
    """`undo`: the command that takes the one before it back."""

    who: str
    do: str
    commands: list[str]
    undo: str = ""


def _text(code: str, context: RenderContext) -> texts.ReasonText | None:
    try:
        return texts.load(context.language).get(code)
    except LookupError:
        return texts.load().get(code)


def headline(code: str, params: Placeholders, context: RenderContext) -> str:
    """With the proxy in between, where the cause lies behind one."""
    text = _text(code, context)
    said = _phrase(text.headline, params, context) if text else code
    if not params.via or code.startswith("PROXY_"):  # those name their proxy themselves
        return context.safe(said, SENTENCE)
    return context.say("{headline}, via {proxy}", SENTENCE, headline=said, proxy=params.via)


def title(code: str, context: RenderContext) -> str:
    text = _text(code, context)
    return context.safe(context.ours(text.title) if text else code, SENTENCE)


def meaning(code: str, context: RenderContext) -> str:
    """The first sentences; all of it, and how it was checked, when verbose."""
    text = _text(code, context)
    if text is None:
        return ""
    if context.verbose:
        return context.safe(context.ours(f"{text.meaning} {text.checked}"), _PARAGRAPH)
    return context.safe(context.ours(" ".join(_SENTENCE_END.split(text.meaning)[:_SENTENCES])), _PARAGRAPH)


def checked(code: str, context: RenderContext) -> str:
    """How it is found, on what evidence, and what that does not prove."""
    text = _text(code, context)
    return context.safe(text.checked, _PARAGRAPH) if text else ""


def ask(code: str, params: Placeholders, context: RenderContext) -> str:
    text = _text(code, context)
    return context.safe(_phrase(text.ask, params, context), SENTENCE) if text else ""


def _phrase(template: str, params: Placeholders, context: RenderContext) -> str:
    return texts.phrase(template, params.as_table(), context.language, ascii_only=context.ascii_only)


def steps(code: str, params: Placeholders, system: str, context: RenderContext) -> list[Step]:
    """What to do, with the commands for the machine that they are for: this one (`system`: any text that names Windows,
    or not), or the other end. See `params_of`."""
    text, english = _text(code, context), texts.load().get(code)
    if text is None or english is None:
        return []
    found, values = [], params.as_table()
    for one, plain in zip(text.fix, english.fix, strict=True):
        made = templates(plain, code, params, system)
        if made is None:
            continue
        commands = [context.safe(texts.command(template, values, shell), COMMAND) for template, shell in made]
        found.append(Step(context.safe(context.ours(one.who)), context.safe(context.ours(one.do), SENTENCE), commands))
    return found


def templates(step: texts.Step, code: str, params: Placeholders, system: str) -> list[tuple[str, Shell]] | None:
    """The commands of a step (of the English texts), for the machine that they are for, led through the proxy and over
    the transport of the row; None for a step that nobody here can take."""
    there = step.who in _OF_THE_OTHER_END and params.other_end is not None
    windows = params.other_end == "windows" if there else "windows" in system.lower()
    if (there and params.other_end == "vendor") or (step.only == "windows" and not windows):
        return None
    both = there and not params.other_end  # nobody knows what it runs
    made = [(step.linux, Shell.SH)] if not windows or both else []
    made += [(step.windows, Shell.POWERSHELL)] if windows or both else []
    made.append((step.run, shell_of(system)))
    if params.via and not code.startswith("PROXY_"):
        made = [(texts.through_proxy(template), shell) for template, shell in made]
    if params.transport == "udp":
        made = [(texts.over_udp(template), shell) for template, shell in made]
    return [(template, shell) for template, shell in made if template]


def fix(given: Fix, context: RenderContext) -> Step:
    """A command of a cause: for whom, and with which tool."""
    who = context.say(AUDIENCE[given.audience]) if given.audience in AUDIENCE else context.safe(given.audience)
    tool = _TOOLS.get(given.tool, given.tool)
    about = (
        context.say(TOOL[given.tool], who=who)
        if given.tool in TOOL
        else context.say("{who}, with {tool}:", who=who, tool=tool)
    )
    command = context.safe(request(given.command, context) if given.tool == "request" else given.command, COMMAND)
    return Step("", about, [command], context.safe(given.undo, COMMAND))


def params_of(report: Report, row: Row | None, where: Where) -> Placeholders:
    """What the texts' placeholders stand for in a row."""
    attempt = furthest(row) if row else None
    # of the report's own system, which a report of any version names
    superuser = texts.superuser(report.host.os)
    if row is None:
        return Placeholders(
            superuser=superuser, address=where.address, interval=where.interval, source=report.host.name
        )
    if row.via_destination:
        return _behind(report, row, where, attempt.source_address if attempt else None, superuser)
    # The target's own address would stand for the gateway that a stray route does not have.
    dialled = attempt.address if attempt and row.reason != "GATEWAY_DOWN" else None
    return Placeholders(
        superuser=superuser,
        other_end=_other_end(row) if row.direction is Direction.OUTBOUND else None,
        target=row.target,
        port=row.port,
        transport=row.transport.value,
        address=where.address or dialled,
        interval=where.interval,
        source=(attempt.source_address if attempt else None) or report.host.name,
    )


def _other_end(row: Row) -> str:
    return "vendor" if is_internet(row) else "windows" if is_windows(row) else ""


def _behind(report: Report, row: Row, where: Where, source: str | None, superuser: str) -> Placeholders:
    """Of a row through a proxy: the destination and who asks for it, the proxy, where the cause lies behind it; else
    the proxy and who asks that."""
    about = concerned(row, where)
    shared = Placeholders(
        superuser=superuser,
        transport=row.transport.value,
        interval=where.interval,
        destination=row.via_destination,
        other_end=_other_end(row),
        via=about.via,
    )
    if not about.via or row.reason.startswith("PROXY_"):
        dialled = next((one.address for one in row.attempts if one.address), None)
        address = dialled if about.via else where.address or dialled
        own = Placeholders(target=row.target, port=row.port, address=address, source=source or report.host.name)
        return own.onto(shared)
    behind = Placeholders(target=about.host, port=about.port, source=row.target, proxy=row.target, proxy_port=row.port)
    return behind.onto(shared)
