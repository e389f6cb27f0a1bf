"""Where results go: files are opened before anything is sent, standard output gets the chosen format, standard error the progress."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from eset_portcheck.cli.arguments import WrongUse
from eset_portcheck.cli.language import add_language

FORMATS = ("table", "json", "md", "csv", "html")  # render.FORMATS, without its cost
SUFFIXES = ("txt", "json", "md", "csv", "html")
RENDER = "eset_portcheck.render"
FILE_WIDTH = 100


def add_output(parser: argparse.ArgumentParser, formats: Sequence[str] = FORMATS, suffixes: Sequence[str] = SUFFIXES) -> None:
    out = parser.add_argument_group("output")
    out.add_argument("--format", choices=formats, default="table", help="of standard output (default: table)")
    kinds = ", ".join(suffixes)
    out.add_argument("-o", "--output", action="append", default=[], metavar="FILE", help=f"also write FILE; the suffix ({kinds}) decides (repeatable)")
    add_language(out)
    out.add_argument("--ascii", action="store_true", help="no signs beyond ASCII")
    out.add_argument("--no-color", action="store_true", help="no colours (NO_COLOR has the same effect)")
    out.add_argument("-q", "--quiet", action="store_true", help="the verdict and what is wrong, no matrix, no progress")
    out.add_argument("-v", "--verbose", action="store_true", help="also rows that do not apply, and notes")


class Outputs:
    """The files of -o, open for writing since before the run. A run that is interrupted still writes them."""

    def __init__(self, names: list[str], suffixes: Sequence[str] = SUFFIXES, package: str = RENDER) -> None:
        """`package`: where FORMATS and SUFFIXES of what is written stand."""
        self._package = package
        self._files: list[tuple[Path, str, IO[bytes]]] = []
        for name in names:
            path = Path(name)
            form = path.suffix.lower().removeprefix(".")
            if form not in suffixes:
                self.close()
                raise WrongUse(f"-o {name[:120]!a}: the suffix must be one of {', '.join(suffixes)}")
            try:
                # appending keeps what is there until there is something to replace it with
                self._files.append((path, form, path.open("ab")))
            except OSError as error:
                self.close()
                raise WrongUse(f"-o {name[:120]!a}: cannot be written: {error.strerror or type(error).__name__}") from error

    @property
    def names(self) -> list[str]:
        return [str(path) for path, _, _ in self._files]

    def write(self, report: Any, language: str = "en", *, live: bool = False) -> None:
        """`live`: the report of the run that is ending here. Raises OSError (disk full ...)."""
        if not self._files:
            return
        render = import_module(self._package)
        for _, suffix, file in self._files:
            data = render.FORMATS[render.SUFFIXES[suffix]](report, width=FILE_WIDTH, ascii=False, colour=False, language=language, **_of_run(live))
            file.truncate(0)
            file.write(data)
            file.flush()

    def close(self) -> None:
        for _, _, file in self._files:
            with suppress(OSError):
                file.close()


def _of_run(live: bool) -> dict[str, bool]:
    """For the formats of a report; a comparison is of two that were read."""
    return {"live": True} if live else {}


def show(report: Any, arguments: argparse.Namespace, written: list[str], package: str = RENDER, *, live: bool = False) -> None:
    """To standard output, as wide as the terminal (or 100 columns into a pipe). `live`: as for Outputs.write."""
    import os
    import shutil

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((FILE_WIDTH, 24)).columns if terminal or os.environ.get("COLUMNS") else FILE_WIDTH
    colour = terminal and not arguments.no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    unicode_ok = "utf" in (sys.stdout.encoding or "").lower()
    data = import_module(package).FORMATS[arguments.format](
        report,
        width=max(40, min(width, 200)),
        ascii=arguments.ascii or not unicode_ok,
        colour=colour,
        verbose=arguments.verbose,
        quiet=arguments.quiet,
        language=arguments.lang,
        written=written,
        **_of_run(live),
    )
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
