"""The run in one line, how many rows of each verdict, and what its exit code means."""

from collections import Counter
from typing import NamedTuple

from eset_portcheck.model.deciding import PROVEN, deciding
from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import WORST_FIRST, Phase, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import COMMAND, SENTENCE
from eset_portcheck.render.view.identity import not_identified
from eset_portcheck.render.view.rediagnosis import missing, unchecked
from eset_portcheck.render.wording import cause_text
from eset_portcheck.render.wording.reason_text import headline, params_of
from eset_portcheck.render.wording.rerun import again
from eset_portcheck.render.wording.value_names import COMPONENT, COUNT, EXIT, OVERALL, READY_TO_INSTALL

_FEW = 2
_KEYS = {Verdict.FAIL: "not-ready", Verdict.ERROR: "checker-failed", Verdict.WARN: "warned", Verdict.PASS: "ready"}


class FirstLine(NamedTuple):
    """Parts that joined are one line for a ticket. `reason`: why, of one cause or row; `code`: its code, or ""; `more`:
    ", and 2 more causes", and whose identity was not checked, or ""; `again`: "test again: " and the command."""

    who: str
    word: str
    reason: str
    code: str
    more: str
    again: str

    @property
    def why(self) -> str:
        return self.reason + (f" [{self.code}]" if self.code else "") + self.more

    @property
    def text(self) -> str:
        return f"{self.who}{self.word}: {self.why}; {self.again}"


class _Top(NamedTuple):
    reason: str
    again: str
    code: str = ""
    more: str = ""


class Count(NamedTuple):
    """`text`: "3 fail". `advisory`: "(2 not required)" where some are broken or unproven and do not count, else ""."""

    verdict: Verdict
    text: str
    advisory: str


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


def first_line(report: Report, context: RenderContext) -> FirstLine:
    key, _ = overall(report)
    who = context.say("{roles} on {host}: ", roles=" + ".join(report.run.roles) or "?", host=report.host.name or "?")
    limits = [context.say("before installation")] if report.run.phase is Phase.PRE else []
    if report.run.connect_to:
        limits.append(context.say("simulated") if report.run.command == "demo" else context.say("test override"))
    if report.run.public_ca_given and report.run.command != "demo":
        limits.append(context.say("public authorities from a file"))
    limited = f" ({', '.join(limits)})" if limits else ""
    top = _top(report, key, context)
    identity = not_identified(report, context)
    word = READY_TO_INSTALL if key == "ready" and report.summary.not_installed else OVERALL[key]
    return FirstLine(
        who,
        context.say(word) + limited,
        top.reason,
        top.code,
        top.more + "".join(f", {one}" for one in (not_found(report, context), identity) if one),
        context.say("test again: {command}", COMMAND, command=top.again),
    )


def not_found(report: Report, context: RenderContext) -> str:
    """What is not installed here, although the role has it here; nothing where all of it is, or a phase was given."""
    names = [context.say(COMPONENT[one]) for one in report.summary.not_installed or [] if one in COMPONENT]
    return context.say("{component} was not found here", component=", ".join(names)) if names else ""


def _top(report: Report, key: str, context: RenderContext) -> _Top:
    """Why, and what tests it again: the first cause, else the first unproven row, else nothing is left to say."""
    if report.causes and key in ("not-ready", "checker-failed", "warned"):
        cause = report.causes[0]
        is_narrow = len(cause.explains) <= _FEW  # a line with many ids is no line to paste
        lead = next((row for row in report.checks if row.id in cause.explains), None)
        return _Top(
            cause_text.headline(cause, cause_text.params_of(report, lead, cause), context),
            again(report, context, cause.explains if is_narrow else []),
            context.safe(cause.reason),
            _more_causes(report, key, context),
        )
    grave = [row for row in deciding(report.checks) if row.verdict not in (*PROVEN, Verdict.SKIP)]
    if grave and key != "partial":
        row, rest = grave[0], len(grave) - 1
        return _Top(
            headline(row.reason, params_of(report, row, row.where), context),
            again(report, context, [row.id]),
            context.safe(row.reason),
            context.count(", and {count} more row", ", and {count} more rows", rest) if rest else "",
        )
    anew = report.rediagnosis
    if key == "unproven" and anew is not None and anew.missing:
        return _Top(missing(anew, context), again(report, context))
    if key == "unproven" and anew is not None and anew.unchecked:
        return _Top(unchecked(anew, context), again(report, context))
    if key == "partial":
        return _Top(
            context.say("all selected checks passed; not selected: {count}", count=left_out(report)),
            again(report, context),
        )
    return _Top(context.say("all required checks passed"), again(report, context))


def _more_causes(report: Report, key: str, context: RenderContext) -> str:
    """Of a run that failed, causes of failures only: a warning is no second reason for that."""
    failed = {row.id for row in report.checks if row.verdict in (Verdict.FAIL, Verdict.ERROR)}
    rest = sum(key == "warned" or not failed.isdisjoint(cause.explains) for cause in report.causes[1:])
    return context.count(", and {count} more cause", ", and {count} more causes", rest) if rest else ""


def counts(report: Report, context: RenderContext) -> list[Count]:
    """The gravest first; none for a verdict that no row has."""
    every = Counter(row.verdict for row in report.checks)
    advisory: Counter[Verdict] = Counter(
        row.verdict for row in report.checks if not row.required and row.verdict in (Verdict.FAIL, Verdict.UNPROVEN)
    )
    return [
        Count(
            verdict,
            context.count(*COUNT[verdict.value], every[verdict]),
            context.count("({count} not required)", "({count} not required)", advisory[verdict])
            if advisory[verdict]
            else "",
        )
        for verdict in WORST_FIRST
        if every[verdict]
    ]


def left_out(report: Report) -> int:
    """Rows that were not selected in this run."""
    return sum(row.reason == "NOT_SELECTED" for row in report.checks)


def exit_sentence(report: Report, context: RenderContext) -> str:
    """What the code says, in words; --strict and --exit-zero are told apart by what the rows say."""
    code = report.summary.exit_code
    key, _ = overall(report)
    true_code = {"interrupted": 130, "not-ready": 1, "checker-failed": 4, "unproven": 3}.get(key, 0)
    if code == 0 and true_code:
        why = context.say("--exit-zero was given; otherwise {code}", code=true_code)
    elif code == 1 and true_code != 1:
        why = context.say(
            "nothing required failed, but --strict counts warnings, unproven rows and unchecked identities as failures"
        )
    elif code == 0 and key == "partial":
        why = context.say("all selected checks passed; not selected: {count}", count=left_out(report))
    else:
        why = context.say(EXIT.get(code, ""))
    return context.say("exit code {code}: {why}", SENTENCE, code=code, why=why)
