"""The texts of the reasons, as renderers need them: filled, safe, and with the code itself where a version has no text
for it."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from eset_portcheck import texts
from eset_portcheck.model.finding import Fix, Where
from eset_portcheck.model.report import Report, Row
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import COMMAND, SENTENCE
from eset_portcheck.render.wording.parameters import request
from eset_portcheck.render.wording.track import furthest
from eset_portcheck.render.wording.words import AUDIENCE, TOOL
from eset_portcheck.texts.quoting import Shell
from eset_portcheck.texts.shell import shell_of

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÁÉÍÓÚÑ¿¡])")
_SENTENCES = 2
_PARAGRAPH = 2000
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


def headline(code: str, params: Mapping[str, Any], context: RenderContext) -> str:
    text = _text(code, context)
    return context.safe(
        texts.phrase(text.headline, params, context.language, ascii_only=context.ascii_only) if text else code, SENTENCE
    )


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


def ask(code: str, params: Mapping[str, Any], context: RenderContext) -> str:
    text = _text(code, context)
    return (
        context.safe(texts.phrase(text.ask, params, context.language, ascii_only=context.ascii_only), SENTENCE)
        if text
        else ""
    )


def steps(code: str, params: Mapping[str, Any], system: str, context: RenderContext) -> list[Step]:
    """What to do, with the commands for this system (any text that names Windows, or not) and those of this program."""
    text = _text(code, context)
    if text is None:
        return []
    windows = "windows" in system.lower()
    found = []
    for step in text.fix:
        commands = [
            (step.windows, Shell.POWERSHELL) if windows else (step.linux, Shell.SH),
            (step.run, shell_of(system)),
        ]
        filled = [
            context.safe(texts.command(command, params, shell), COMMAND) for command, shell in commands if command
        ]
        found.append(Step(context.safe(context.ours(step.who)), context.safe(context.ours(step.do), SENTENCE), filled))
    return found


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


def params_of(report: Report, row: Row | None, where: Where) -> dict[str, Any]:
    """What the texts' placeholders stand for in a row."""
    attempt = furthest(row) if row else None
    return {
        "target": row.target if row else None,
        "port": row.port if row else None,
        "transport": row.transport.value if row else None,
        "address": where.address or (attempt.address if attempt else None),
        "interval": where.interval,
        "source": (attempt.source_address if attempt else None) or report.host.name,
    }
