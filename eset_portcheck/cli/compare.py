"""`compare`: what changed between two reports of the same machine."""

import argparse
from typing import Any

from eset_portcheck import interrupts
from eset_portcheck.cli import arguments as shared
from eset_portcheck.cli import output

PACKAGE = "eset_portcheck.render.comparison"
FORMATS = ("table", "json", "md", "html")  # render.comparison.FORMATS, without its cost
SUFFIXES = ("txt", "json", "md", "html")


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "compare",
        help="show what changed between two reports",
        description=(
            "Compares two reports of the same machine, check by check. Both are evaluated again by the same rules. "
            "Sends nothing."
        ),
        epilog=(
            "Exit: 0 no required check got worse, 1 one did, 2 a file cannot be read or the two have nothing in common."
        ),
    )
    parser.add_argument("before", metavar="BEFORE.json", help="the earlier report (JSON)")
    parser.add_argument("after", metavar="AFTER.json", help="the later one")
    output.add_output(parser, FORMATS, SUFFIXES)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    try:
        before, after = _report(arguments.before), _report(arguments.after)
        compared = _compared(before, after)
        interrupts.hold()
        files = output.Outputs(arguments.output, SUFFIXES, PACKAGE)
    except shared.WrongUse as error:
        return shared.refuse(error)
    try:
        files.write(compared, arguments.lang)
    except output.NotWritten as error:
        output.lost(error.lines)
        return 2
    finally:
        files.close()
    output.show(compared, arguments, files.written, PACKAGE)
    return int(compared.summary.exit_code)


def _compared(before: Any, after: Any) -> Any:
    from eset_portcheck import __version__, comparing
    from eset_portcheck.model.report import Tool

    try:
        return comparing.compare(before, after, Tool("eset-portcheck", __version__))
    except comparing.Incomparable as error:
        raise shared.WrongUse(f"{error} (roles: {_roles(before)} and {_roles(after)})") from None


def _roles(report: Any) -> str:
    return " ".join(ascii(role[:40])[1:-1] for role in report.run.roles[:9]) or "none"


def _report(name: str) -> Any:
    """Raises WrongUse with the file and the location of the bad value."""
    from eset_portcheck.cli.report import read
    from eset_portcheck.redaction import redacted

    return redacted(read(name)).report
