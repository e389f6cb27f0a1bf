"""The command that made a report, to run again; and what of it is not repeated, as a file's own word is only data."""

from collections.abc import Sequence

import msgspec

from eset_portcheck.model.command_line import COMMANDS, UNKNOWN, for_rows, rebuilt
from eset_portcheck.model.finding import Fix
from eset_portcheck.model.report import Report
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import COMMAND, SENTENCE
from eset_portcheck.texts.shell import joined, shell_of

_FROM_FILE = 400  # characters of a stranger's command line


def again(report: Report, context: RenderContext, ids: Sequence[str] = ()) -> str:
    """The same run again, or only some of its rows. Of a report from elsewhere: from values that were parsed, without
    what reads files or is not known."""
    name = _command(report)
    arguments = for_rows(_arguments(report, context), ids, takes_only=name == "check")
    return context.safe(joined(["eset-portcheck", name, *arguments], shell_of(report.host.os)), COMMAND)


def whole(report: Report, fix: Fix, context: RenderContext) -> Fix:
    """A fix by this program itself holds what is to be added to the line that stands once in the report."""
    if fix.tool != "eset-portcheck":
        return fix
    line = joined(["eset-portcheck", _command(report), *_arguments(report, context)], shell_of(report.host.os))
    return msgspec.structs.replace(fix, command=f"{line} {fix.command}".rstrip())


def _command(report: Report) -> str:
    return report.run.command if report.run.command in COMMANDS else COMMANDS[0]


def _arguments(report: Report, context: RenderContext) -> Sequence[str]:
    return report.run.arguments if context.live else rebuilt(tuple(report.run.arguments)).arguments


def not_repeated(report: Report, context: RenderContext) -> list[str]:
    """What the line to test again lacks, with the whole of it as the file says it."""
    if context.live:
        return []
    dropped = rebuilt(tuple(report.run.arguments)).left_out
    missing = [option for option in dropped if option != UNKNOWN]
    if len(missing) < len(dropped):
        missing.append(context.say("unknown words"))
    if report.run.command not in COMMANDS:
        missing.append(context.say("the command"))
    if not missing:
        return []
    line = joined([report.run.command, *report.run.arguments], shell_of(report.host.os))
    return [
        context.say(
            "The file says that this command made it: {command}", COMMAND, command=context.safe(line, _FROM_FILE)
        ),
        context.say("Not repeated in the commands to test again: {options}", SENTENCE, options=", ".join(missing)),
    ]
