"""The command line: argparse, one file a command; each imports its work only when it runs.

Exit codes are the contract's: 2 for wrong use (argparse's own), 4 when the checker itself failed, 130 when interrupted.
"""

import argparse
import sys

COMMANDS = ("check", "roles", "show", "demo", "explain")


def parser() -> argparse.ArgumentParser:
    from importlib import import_module

    top = argparse.ArgumentParser(
        prog="eset-portcheck",
        description="Does this machine reach everything its ESET PROTECT role needs? Probes each path, names what is broken, where, and what to do.",
        epilog="Exit: 0 all required proven, 1 something required failed, 2 wrong use, 3 something required unproven, 4 checker failed, 130 interrupted.",
    )
    top.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"eset_portcheck.cli.{name}").register(commands)
    return top


def run(argv: list[str]) -> int:
    """Never shows a traceback for bad input; a bug of ours is named in one line, exit 4."""
    arguments = parser().parse_args(argv)
    if arguments.version:
        from eset_portcheck import __version__

        print(f"eset-portcheck {__version__}")
        return 0
    if arguments.command is None:
        parser().print_help()
        return 2
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except Exception as error:  # noqa: BLE001
        import traceback

        frame = traceback.extract_tb(error.__traceback__)[-1]
        print(f"eset-portcheck: internal error: {type(error).__name__} in {frame.name}, line {frame.lineno}", file=sys.stderr)
        return 4
