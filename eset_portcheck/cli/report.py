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
        help="render a report file again, in any format",
        description="Renders a JSON report, here and now, in any format. Exit: 0 rendered, 2 not readable or not writable.",
    )
    parser.add_argument("file", metavar="FILE.json", help="a report in JSON, from any machine; - reads standard input")
    parser.add_argument("--rediagnose", action="store_true", help="judge its facts by the rules of this version, and show what changed")
    output.add_output(parser)
    redacting.add_redaction(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    try:
        report = read(arguments.file)
        interrupts.hold()  # what is begun is written whole
        private = redacting.Redacting(arguments)
        files = output.Outputs(arguments.output)
        report = private.apply(report)
        private.close()
    except shared.WrongUse as error:
        return shared.refuse(error)
    if arguments.rediagnose:
        report = judged_anew(report)
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


def read(name: str) -> Any:
    """Raises WrongUse. A report that was changed since it was made, or holds what this version does not know, is said to be so, and rendered."""
    from eset_portcheck.loading import reports

    try:
        found = _piped() if name == "-" else reports.load_report(Path(name))
    except reports.ReportFileError as error:
        raise shared.WrongUse(str(error)) from None
    said = f"eset-portcheck: {name[:120]!a}:"
    if not found.intact:
        streams.tell(f"{said} its id does not fit its content: it was changed since it was made")
    if found.unknown:
        anew = "; the id is that of what remains" if found.intact else ""
        streams.tell(f"{said} fields that this version does not know are left out ({', '.join(found.unknown)}){anew}")
    return found.report


def _piped() -> Any:
    from eset_portcheck.loading import reports

    return reports.read_report(sys.stdin.buffer, "standard input")


def judged_anew(report: Any) -> Any:
    """What changed is told on standard error too, a line a row."""
    from eset_portcheck import __version__, rejudging
    from eset_portcheck.render.text import safe

    anew = rejudging.rejudged(report)
    changed = anew.rediagnosis.changed if anew.rediagnosis else []
    streams.tell(f"eset-portcheck: judged by {__version__}: {len(changed)} of {len(anew.checks)} rows otherwise")
    for one in changed[:_TOLD]:
        streams.tell("  " + safe(f"{one.id}: {' '.join(one.before)} -> {' '.join(one.after)}", 240))
    if len(changed) > _TOLD:
        streams.tell(f"  and {len(changed) - _TOLD} more, which are in the report")
    return anew
