"""The run in one line, and what its exit code means. Pure text, for every format."""

from collections.abc import Sequence

import msgspec

from eset_portcheck.model.command_line import COMMANDS, UNKNOWN, for_rows, rebuilt
from eset_portcheck.model.deciding import PROVEN, deciding
from eset_portcheck.model.finding import Fix
from eset_portcheck.model.report import Rediagnosis, Report
from eset_portcheck.model.site import NAMES
from eset_portcheck.model.vocabulary import Phase, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.reason_text import headline, params_of
from eset_portcheck.render.text import COMMAND, SENTENCE
from eset_portcheck.render.words import ALSO, EXIT, OVERALL
from eset_portcheck.texts.shell import joined, shell_of

_FEW = 2
_NAMED = 6  # checks
_SAID = 400  # characters of a stranger's command line
_KEYS = {Verdict.FAIL: "not-ready", Verdict.ERROR: "checker-failed", Verdict.WARN: "warned", Verdict.PASS: "ready"}


def overall(report: Report) -> tuple[str, Verdict]:
    """(key of the word, the verdict whose look it has). The verdict is the report's own, which --strict and --exit-zero
    do not change. A report that holds none (schema 1.0, not judged anew) proves nothing."""
    verdict = report.summary.verdict or Verdict.UNPROVEN
    if report.summary.exit_code == 130:
        return "interrupted", Verdict.UNPROVEN
    if verdict in _KEYS:
        return _KEYS[verdict], verdict
    anew = report.rediagnosis
    is_partial = (
        left_out(report)
        and not any(row.verdict is Verdict.UNPROVEN for row in deciding(report.checks))
        and not (anew and (anew.missing or anew.unchecked))
    )
    return "partial" if is_partial else "unproven", Verdict.UNPROVEN


def first_line(report: Report, context: RenderContext) -> tuple[str, str, str, str]:
    """Four parts that joined are one line for a ticket: who, the overall word, why, the command to test again."""
    key, _ = overall(report)
    who = context.say("{roles} on {host}: ", roles=" + ".join(report.run.roles) or "?", host=report.host.name or "?")
    limits = [context.say("before installation")] if report.run.phase is Phase.PRE else []
    if report.run.connect_to:
        limits.append(context.say("simulated") if report.run.command == "demo" else context.say("test override"))
    limited = f" ({', '.join(limits)})" if limits else ""
    why, command = _top(report, key, context)
    return (
        who,
        context.say(OVERALL[key]) + limited,
        f": {why}; ",
        context.say("test again: {command}", COMMAND, command=command),
    )


def _top(report: Report, key: str, context: RenderContext) -> tuple[str, str]:
    """Why, and what tests it again: the first cause, else the first unproven row, else nothing is left to say."""
    if report.causes and key in ("not-ready", "checker-failed", "warned"):
        cause = report.causes[0]
        narrow = len(cause.explains) <= _FEW  # a line with many ids is no line to paste
        verify = again(report, context, cause.explains if narrow else [])
        lead = next((row for row in report.checks if row.id in cause.explains), None)
        return (
            (
                f"{headline(cause.reason, params_of(report, lead, cause.where) | cause.params, context)} "
                f"[{context.safe(cause.reason)}]"
            ),
            verify,
        )
    grave = [row for row in deciding(report.checks) if row.verdict not in (*PROVEN, Verdict.SKIP)]
    if grave and key != "partial":
        row = grave[0]
        return (
            f"{headline(row.reason, params_of(report, row, row.where), context)} [{context.safe(row.reason)}]",
            again(report, context, [row.id]),
        )
    if key == "unproven" and report.rediagnosis is not None and report.rediagnosis.missing:
        return missing(report.rediagnosis, context), again(report, context)
    if key == "unproven" and report.rediagnosis is not None and report.rediagnosis.unchecked:
        return _unchecked(report.rediagnosis, context), again(report, context)
    if key == "partial":
        return context.say("all selected checks passed; not selected: {count}", count=left_out(report)), again(
            report, context
        )
    return context.say("all required checks passed"), again(report, context)


def missing(anew: Rediagnosis, context: RenderContext) -> str:
    return context.count(
        "{count} check of the role is not in the report",
        "{count} checks of the role are not in the report",
        len(anew.missing),
    )


def _unchecked(anew: Rediagnosis, context: RenderContext) -> str:
    return context.say(
        "The requirements of these roles come only from the file, because this version does not have their profiles: "
        "{roles}",
        SENTENCE,
        roles=", ".join(context.safe(role, 40) for role in anew.unchecked),
    )


def rejudged(report: Report, context: RenderContext) -> list[str]:
    """What a reader must know of a report that was judged anew, a sentence each."""
    anew = report.rediagnosis
    if anew is None:
        return []
    said = [
        context.count(
            "{count} row has another result by the rules of {version}",
            "{count} rows have another result by the rules of {version}",
            len(anew.changed),
            version=anew.version,
        )
    ]
    if anew.also:
        what = ", ".join(context.say(ALSO[name]) for name in anew.also if name in ALSO)
        said.append(
            context.say(
                "The file contains results that its facts do not support; computed again: {what}", SENTENCE, what=what
            )
        )
    if anew.missing:
        said.append(missing(anew, context) + ": " + ", ".join(context.safe(name) for name in anew.missing[:_NAMED]))
    if anew.unchecked:
        said.append(_unchecked(anew, context))
    if anew.report_id:
        said.append(context.say("Made from report {id}", id=anew.report_id))
    return said


def left_out(report: Report) -> int:
    return sum(row.reason == "NOT_SELECTED" for row in report.checks)


def again(report: Report, context: RenderContext, ids: Sequence[str] = ()) -> str:
    """The same run again, or only some of its rows. Of a report from elsewhere: from values that were parsed, without
    what reads files or is not known."""
    name = _command(report)
    return joined(
        ["eset-portcheck", name, *for_rows(_arguments(report, context), ids, takes_only=name == "check")],
        shell_of(report.host.os),
    )


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
    """What the line to test again lacks, as the file's own word is only data; with the whole of it."""
    if context.live:
        return []
    left_out = [one for one in rebuilt(tuple(report.run.arguments)).left_out if one != UNKNOWN]
    if len(left_out) < len(rebuilt(tuple(report.run.arguments)).left_out):
        left_out.append(context.say("unknown words"))
    if report.run.command not in COMMANDS:
        left_out.append(context.say("the command"))
    if not left_out:
        return []
    said = joined([report.run.command, *report.run.arguments], shell_of(report.host.os))
    return [
        context.say("The file says that this command made it: {command}", COMMAND, command=context.safe(said, _SAID)),
        context.say("Not repeated in the commands to test again: {options}", SENTENCE, options=", ".join(left_out)),
    ]


def detected(report: Report, context: RenderContext) -> list[str]:
    """That roles or values are this machine's own, and nobody gave them."""
    options = {"role": "--role", "server": "--server", "database": "--database"}
    known = [name for name in report.run.detected if name == "role" or (name in NAMES and name != "database_kind")]
    named = [options.get(name, f"--set {name}") for name in known]
    return (
        [
            context.say(
                "Taken from the installed product: {options}; the command line has priority", options=", ".join(named)
            )
        ]
        if named
        else []
    )


def exit_sentence(report: Report, context: RenderContext) -> str:
    """What the code says, in words; --strict and --exit-zero are told apart by what the rows say."""
    code = report.summary.exit_code
    key, _ = overall(report)
    true_code = {"interrupted": 130, "not-ready": 1, "checker-failed": 4, "unproven": 3}.get(key, 0)
    if code == 0 and true_code:
        why = context.say("--exit-zero was given; otherwise {code}", code=true_code)
    elif code == 1 and true_code != 1:
        why = context.say("nothing required failed, but --strict counts warnings and unproven rows as failures")
    elif code == 0 and key == "partial":
        why = context.say("all selected checks passed; not selected: {count}", count=left_out(report))
    else:
        why = context.say(EXIT.get(code, ""))
    return context.say("exit code {code}: {why}", SENTENCE, code=code, why=why)
