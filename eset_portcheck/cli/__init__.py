"""The command line: argparse, one file a command; each imports its work only when it runs.

Exit codes are the contract's: 2 for wrong use (argparse's own), 4 when the checker itself failed, 130 when interrupted.
"""

import argparse
import sys
from typing import Any, NoReturn

from eset_portcheck import interrupts, streams

COMMANDS = {
    "check": "probe every path that a role needs",
    "ports": "who holds the ports of a role on this machine",
    "roles": "list the roles",
    "show": "the port table of one role",
    "demo": "a stand-in site on this machine, checked by the same code",
    "report": "render a report file again, in any format",
    "compare": "what changed between two reports",
    "bundle": "the zip for the ticket",
    "rules": "least-privilege firewall rules",
    "explain": "what a reason code or a check means, offline",
}


class Parser(argparse.ArgumentParser):
    """Messages about wrong use do not repeat values that may be secrets, and no control characters."""

    def _print_message(self, message: str, file: Any = None) -> None:
        """Of argparse's own, which leaves text in buffers that may be full."""
        if message and file is sys.stdout:
            streams.put(message.removesuffix("\n"))
        elif message:
            streams.tell(message.removesuffix("\n"))

    def error(self, message: str) -> NoReturn:
        import re

        from eset_portcheck.cli.arguments import told

        message = re.sub(r"(ignored explicit argument ).*", r"\1[not shown]", message, flags=re.DOTALL)
        message = re.sub(r"(ambiguous option: [^\s=]+)=.*(?= could match)", r"\1", message, flags=re.DOTALL)
        super().error(told(message))


def _unknown(words: list[str]) -> str:
    """The options that are not there; whatever stands behind or between them is not repeated."""
    options = [
        word.partition("=")[0][: None if word.startswith("--") else 2]
        for word in words
        if word.startswith("-") and len(word) > 1
    ]
    named = ", ".join(option[:40] for option in options[:9])
    return f"unrecognized arguments: {named}" if options else "unrecognized arguments: a word that belongs to no option"


def parser(wanted: str | None = None) -> argparse.ArgumentParser:
    """All commands by name; only the wanted one with its options, because the others' cost is felt at every start."""
    top = Parser(
        prog="eset-portcheck",
        description=(
            "Does this machine reach everything that its ESET PROTECT role needs? Tests each path; shows what fails, "
            "where, and how to fix it."
        ),
        epilog=(
            "Exit: 0 all required proven, 1 something required failed, 2 wrong use, 3 something required unproven, 4 "
            "checker failed, 130 interrupted."
        ),
    )
    top.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name, what in COMMANDS.items():
        if name == wanted:
            from importlib import import_module

            import_module(f"eset_portcheck.cli.{name}").register(commands)
        else:
            commands.add_parser(name, help=what, add_help=False)
    return top


def run(argv: list[str]) -> int:
    """Never shows a traceback for bad input; a bug of ours is named in one line, exit 4."""
    top = parser(next((word for word in argv if not word.startswith("-")), None))
    arguments, unknown = top.parse_known_args(argv)
    if unknown:
        top.error(_unknown(unknown))
    if arguments.version:
        from eset_portcheck import __version__

        streams.put(f"eset-portcheck {__version__}")
        return 0
    if arguments.command is None:
        top.print_help()
        return 2
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        streams.tell("eset-portcheck: interrupted before any result")
        return interrupts.CODE
    except Exception as error:  # noqa: BLE001
        if interrupts.came():
            return interrupts.CODE
        import traceback

        frame = traceback.extract_tb(error.__traceback__)[-1]
        streams.tell(f"eset-portcheck: internal error: {type(error).__name__} in {frame.name}, line {frame.lineno}")
        return 4
