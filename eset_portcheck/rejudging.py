"""The facts of a report judged by today's rules. Nothing is read but the built-in profiles.

A report from a file is a stranger's: whoever wrote it may have put anything where a conclusion stands. So none is taken
over: rows, causes, commands, summary and choices of proxies are made anew, and where they are not what the file held,
that is told. Source: docs/contract.md#report.
"""

import re
import shlex
from collections.abc import Iterable, Iterator

import msgspec

from eset_portcheck import __version__
from eset_portcheck.diagnose import diagnose, summary, with_exit_code
from eset_portcheck.diagnose.proxies import choices
from eset_portcheck.loading.planned import as_planned
from eset_portcheck.model.command_line import ROWS
from eset_portcheck.model.finding import Cause, Finding, Fix
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.report import SCHEMA_VERSION, Changed, Rediagnosis, Report, Row, Summary, identified
from eset_portcheck.model.vocabulary import Verdict

INTERRUPTED = 130
_ROLES = 20
_WHOLE_LINES = "1.0."  # whose commands repeated the whole line to test again
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,39}\Z")
_DIGEST = re.compile(r"\A[0-9a-f]{32}\Z")
_LOCATION = re.compile(r"[A-Za-z_]{1,60}( at [a-z_0-9]{1,60}\.py:[0-9]{1,5})?\Z")  # model.bug.location
_MARK = re.compile(r"(eset[-_]portcheck[ _])[0-9a-f]{8}")


def rejudged(report: Report, *, asked: bool = False) -> Report:
    """Everything that is concluded anew, everything else as it was; the same report when that is what it held. What
    differs stands in `rediagnosis`.

    `asked`: it stands there in any case.
    """
    planned = as_planned(report)
    facts = [_bare(row) for row in planned.rows]
    rows, causes, total = diagnose(facts, report.host, report.run.phase, report.run.command)
    anew = msgspec.structs.replace(
        report,
        schema_version=SCHEMA_VERSION,
        checks=rows,
        causes=causes,
        summary=_summary(report, rows, total.not_installed, whole=not planned.missing and not planned.unknown),
        proxy_choices=choices(rows, report.host),
        rediagnosis=None,
    )
    changed, also = _changed(report.checks, rows), list(_also(report, anew))
    of = (
        report.run.id
        if (changed or also or report.schema_version != SCHEMA_VERSION) and _DIGEST.match(report.run.id)
        else ""
    )
    told = Rediagnosis(__version__, changed, also, of, planned.unknown[:_ROLES], planned.missing)
    before = report.rediagnosis
    if (
        before
        and told == msgspec.structs.replace(before, report_id="")
        and (not before.report_id or _DIGEST.match(before.report_id))
    ):
        told = before  # an earlier reading by this version; what a file tells of changes is not believed
    is_news = asked or told is before or told != Rediagnosis(__version__, [])
    anew = msgspec.structs.replace(anew, rediagnosis=told if is_news else None)
    return report if anew == report else identified(anew)


def _bare(row: Row) -> Row:
    """Without findings, which diagnosis makes. It keeps those of a row that was not run; of these the location of a
    fault of ours is the only one there is."""
    locations = [one.params.error for one in row.findings if one.reason == row.reason == "INTERNAL_ERROR"]
    kept = [
        Finding("INTERNAL_ERROR", params=Params(error=one))
        for one in locations
        if one is not None and _LOCATION.match(one)
    ][:1]
    return row if row.findings == kept else msgspec.structs.replace(row, findings=kept)


def _changed(before: Iterable[Row], after: Iterable[Row]) -> list[Changed]:
    pairs = [
        (one, other)
        for one, other in zip(before, after, strict=True)
        if (one.verdict, one.reason) != (other.verdict, other.reason)
    ]
    return [
        Changed(one.id, [one.verdict.value, _code(one.reason)], [other.verdict.value, other.reason])
        for one, other in pairs
    ]


def _code(reason: str) -> str:
    """A code, perhaps one of a later version; else a stranger's words, which are not passed on."""
    return reason if reason in REASONS or _CODE.match(reason) else "?"


def _also(report: Report, anew: Report) -> Iterable[str]:
    """What else the file held that is not what its facts give. What it did not hold it did not claim."""
    if any(_else(one) != _else(other) for one, other in zip(report.checks, anew.checks, strict=True)):
        yield "rows"
    if [_without_fixes(one) for one in report.causes] != [_without_fixes(one) for one in anew.causes]:
        yield "causes"
    if not _same_commands(report, anew.causes):
        yield "commands"
    if _held(report.summary, anew.summary) != anew.summary:
        yield "summary"
    if report.proxy_choices and report.proxy_choices != anew.proxy_choices:
        yield "proxies"


def _else(row: Row) -> Row:
    """All but verdict and reason. Earlier versions named a culprit where nothing is proven: that claimed nothing."""
    bare = msgspec.structs.replace(row, verdict="", reason="")
    return msgspec.structs.replace(bare, culprit=None, confidence=None) if row.verdict is Verdict.UNPROVEN else bare


def _without_fixes(cause: Cause) -> Cause:
    return msgspec.structs.replace(cause, fixes=[])


def _same_commands(report: Report, made: list[Cause]) -> bool:
    if len(report.causes) != len(made):
        return False
    line = (
        _as_in_1_0(["eset-portcheck", report.run.command, *report.run.arguments])
        if report.schema_version.startswith(_WHOLE_LINES)
        else ""
    )
    return all(
        one.fixes in _forms(report, other, line)
        for one, other in _unmarked(report, zip(report.causes, made, strict=True))
    )


def _as_in_1_0(words: Iterable[str]) -> str:
    """What was compared with is never shown."""
    return " ".join(
        f"~/{shlex.quote(word[2:])}" if word.startswith("~/") and len(word) > 2 else shlex.quote(word) for word in words
    )


def _forms(report: Report, cause: Cause, line: str) -> Iterator[list[Fix]]:
    """As they are, and (with a `line`) as schema 1.0 had them, which repeated the whole command line in each fix."""
    yield cause.fixes
    if line:
        names = (
            [part for one in cause.explains[:ROWS] for part in ("--only", one)] if report.run.command == "check" else []
        )
        whole = f"{line} {_as_in_1_0(names)}".rstrip()
        yield [
            msgspec.structs.replace(
                fix,
                verify=whole,
                command=f"{whole} --ca-file authority.pem" if fix.tool == "eset-portcheck" else fix.command,
            )
            for fix in cause.fixes
        ]


def _unmarked(report: Report, pairs: Iterable[tuple[Cause, Cause]]) -> Iterator[tuple[Cause, Cause]]:
    """The names of rules are made of addresses, so where pseudonyms stand for these they are others."""
    if report.redaction is None or report.redaction.level != "strict":
        yield from pairs
        return
    for pair in pairs:
        one, other = (
            msgspec.structs.replace(
                cause,
                fixes=[
                    msgspec.structs.replace(fix, command=_MARK.sub(r"\1", fix.command), undo=_MARK.sub(r"\1", fix.undo))
                    for fix in cause.fixes
                ],
            )
            for cause in pair
        )
        yield one, other


def _held(before: Summary, after: Summary) -> Summary:
    """What an earlier schema does not hold counts as what it is."""
    names = ("verdict", "strict", "exit_zero", "identity_not_checked", "not_installed")
    pairs = {name: getattr(after, name) for name in names if getattr(before, name) is None}
    return msgspec.structs.replace(before, **pairs) if pairs else before


def _summary(report: Report, rows: list[Row], not_installed: list[str] | None, *, whole: bool) -> Summary:
    """As the same run would end today. `whole` False: checks of its roles are missing, or nobody here knows what its
    roles ask for, so not everything is proven."""
    said = report.summary
    interrupted = said.exit_code == INTERRUPTED
    bare = summary(rows, interrupted=interrupted, not_installed=not_installed)
    if not whole and bare.exit_code == 0:
        bare = msgspec.structs.replace(bare, exit_code=3, ready=False, verdict=Verdict.UNPROVEN)
    if said.strict is not None and said.exit_zero is not None:
        return with_exit_code(bare, strict=said.strict, exit_zero=said.exit_zero)
    # Schema 1.0: that --strict or --exit-zero was given shows only in how it ended.
    before = summary(report.checks, interrupted=interrupted)
    for strict, exit_zero in ((False, False), (True, False), (False, True)):
        if with_exit_code(before, strict=strict, exit_zero=exit_zero).exit_code == said.exit_code:
            return with_exit_code(bare, strict=strict, exit_zero=exit_zero)
    return bare
