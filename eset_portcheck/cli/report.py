"""`report`: a report file rendered later, elsewhere, by this version."""

import argparse
import sys
from pathlib import Path
from typing import Any

from eset_portcheck import interrupts, streams
from eset_portcheck.cli import arguments as shared
from eset_portcheck.cli import output, redacting

_TOLD = 40  # rows on standard error


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "report",
        help="show a report file in any format",
        description=(
            "Shows a JSON report in any format. The verdicts are computed again from its facts; conclusions and "
            "commands in the file are not used."
        ),
        epilog="Exit: 0 rendered, 2 not readable or not writable.",
    )
    parser.add_argument("file", metavar="FILE.json", help="JSON report from any machine; - reads standard input")
    parser.add_argument(
        "--rediagnose",
        action="store_true",
        help="say so when this version judges nothing otherwise, too (its facts are always judged anew)",
    )
    output.add_output(parser)
    redacting.add_redaction(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    try:
        report = read(arguments.file, asked=arguments.rediagnose)
        interrupts.hold()  # what is begun is written whole
        private = redacting.Redacting(arguments)
        files = output.Outputs(arguments.output)
        report = private.apply(report)
        private.close()
    except shared.WrongUse as error:
        return shared.refuse(error)
    code = 0
    try:
        files.write(report, arguments.lang)
    except output.NotWritten as error:
        output.lost(error.lines)
        code = 2
    finally:
        files.close()
    output.show(report, arguments, files.written)
    return code


def read(name: str, *, asked: bool = False) -> Any:
    """The only way in for a report from elsewhere: read with limits, judged anew, and what differs from what it held
    told on standard error.

    A report that was changed since it was made, or holds what this version does not know, is said to be so, and goes
    on. `asked`: the judgement is told when it changes nothing too. Raises WrongUse.
    """
    from eset_portcheck import rejudging
    from eset_portcheck.loading import reports

    try:
        found = _piped() if name == "-" else reports.load_report(Path(name))
    except reports.ReportFileError as error:
        raise shared.WrongUse(str(error)) from None
    said = f"eset-portcheck: {name[:120]!a}:"
    if not found.intact:
        streams.tell(f"{said} its id does not match its content: the file was changed")
    if found.unknown:
        anew = "; the id was computed without them" if found.intact else ""
        streams.tell(f"{said} fields unknown to this version are left out ({', '.join(found.unknown)}){anew}")
    report = rejudging.rejudged(found.report, asked=asked)
    _tell(report, said, asked=asked)
    return report


def _piped() -> Any:
    from eset_portcheck.loading import reports

    return reports.read_report(sys.stdin.buffer, "standard input")


def _tell(report: Any, said: str, *, asked: bool) -> None:
    """What changed, a line a row, and what else was not what its facts give."""
    from eset_portcheck.render.text import safe
    from eset_portcheck.render.wording.value_names import ALSO

    anew = report.rediagnosis
    if anew is None:
        return
    if anew.changed or asked:
        streams.tell(
            f"{said} evaluated again by {anew.version}: {len(anew.changed)} of {len(report.checks)} rows have another "
            "result"
        )
    for one in anew.changed[:_TOLD]:
        streams.tell("  " + safe(f"{one.id}: {' '.join(one.before)} -> {' '.join(one.after)}", 240))
    if len(anew.changed) > _TOLD:
        streams.tell(f"  and {len(anew.changed) - _TOLD} more in the report")
    if anew.also:
        streams.tell(
            f"{said} contains results that its facts do not support; computed again: "
            f"{', '.join(ALSO[one] for one in anew.also)}"
        )
    if anew.missing:
        streams.tell(f"{said} checks of its roles are missing: {', '.join(anew.missing[:_TOLD])}")
    if anew.unchecked:
        roles = safe(", ".join(anew.unchecked), 240)
        streams.tell(
            f"{said} the requirements of these roles come only from the file, because this version does not have "
            f"their profiles: {roles}"
        )
