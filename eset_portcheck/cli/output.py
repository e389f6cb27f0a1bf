"""Where results go: files are opened before anything is sent, standard output gets the chosen format, standard error the progress."""

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from eset_portcheck.cli.arguments import WrongUse

FORMATS = ("table", "json")
SUFFIXES = {".txt": "table", ".json": "json"}


def add_output(parser: argparse.ArgumentParser) -> None:
    out = parser.add_argument_group("output")
    out.add_argument("--format", choices=FORMATS, default="table", help="of standard output (default: table)")
    out.add_argument("-o", "--output", action="append", default=[], metavar="FILE", help="also write FILE; the suffix (txt, json) decides (repeatable)")
    out.add_argument("--ascii", action="store_true", help="no signs beyond ASCII")
    out.add_argument("--no-color", action="store_true", help="no colours (NO_COLOR has the same effect)")
    out.add_argument("-q", "--quiet", action="store_true", help="the verdict and what is wrong, no matrix, no progress")
    out.add_argument("-v", "--verbose", action="store_true", help="also rows that do not apply, and notes")


class Outputs:
    """The files of -o, open for writing since before the run. A run that is interrupted still writes them."""

    def __init__(self, names: list[str]) -> None:
        self._files: list[tuple[Path, str, IO[bytes]]] = []
        for name in names:
            path = Path(name)
            form = SUFFIXES.get(path.suffix.lower())
            if form is None:
                self.close()
                raise WrongUse(f"-o {name[:120]!a}: the suffix must be one of {', '.join(SUFFIXES)}")
            try:
                # appending keeps what is there until there is something to replace it with
                self._files.append((path, form, path.open("ab")))
            except OSError as error:
                self.close()
                raise WrongUse(f"-o {name[:120]!a}: cannot be written: {error.strerror or type(error).__name__}") from error

    def write(self, report: Any) -> list[str]:
        """The names written. Raises OSError (disk full ...) with the name in `filename`."""
        written = []
        for path, form, file in self._files:
            data = rendered(report, form, width=100, ascii_only=False, colour=False)
            file.truncate(0)
            file.write(data)
            file.flush()
            written.append(str(path))
        return written

    def close(self) -> None:
        for _, _, file in self._files:
            with suppress(OSError):
                file.close()


def rendered(report: Any, form: str, *, width: int, ascii_only: bool, colour: bool, verbose: bool = False, quiet: bool = False) -> bytes:
    if form == "json":
        from eset_portcheck.model.report import to_json

        return to_json(report)
    from eset_portcheck.render import table

    text = table.render(report, width=width, ascii=ascii_only, colour=colour, verbose=verbose, quiet=quiet)
    return text.encode("ascii" if ascii_only else "utf-8", "backslashreplace")


def show(report: Any, arguments: argparse.Namespace) -> None:
    """To standard output, as wide as the terminal (or 100 columns into a pipe)."""
    import os
    import shutil

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((100, 24)).columns if terminal or os.environ.get("COLUMNS") else 100
    colour = terminal and not arguments.no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    unicode_ok = "utf" in (sys.stdout.encoding or "").lower()
    data = rendered(
        report,
        arguments.format,
        width=max(40, min(width, 200)),
        ascii_only=arguments.ascii or (arguments.format == "table" and not unicode_ok),
        colour=colour,
        verbose=arguments.verbose,
        quiet=arguments.quiet,
    )
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
