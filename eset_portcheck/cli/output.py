"""Where results go: files are begun before anything is sent, standard output gets the chosen format, standard error the
progress."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from eset_portcheck import streams
from eset_portcheck.cli.arguments import WrongUse, told
from eset_portcheck.cli.language import add_language
from eset_portcheck.files import Unusable
from eset_portcheck.files.replacement import Replacement

FORMATS = ("table", "json", "md", "csv", "html")  # render.FORMATS, without its cost
SUFFIXES = ("txt", "json", "md", "csv", "html")
RENDER = "eset_portcheck.render"
FILE_WIDTH = 100


def add_output(
    parser: argparse.ArgumentParser, formats: Sequence[str] = FORMATS, suffixes: Sequence[str] = SUFFIXES
) -> None:
    out = parser.add_argument_group("output")
    out.add_argument("--format", choices=formats, default="table", help="format of standard output (default: table)")
    kinds = ", ".join(suffixes)
    words = f"also write FILE, closed to other users; the suffix ({kinds}) decides (repeatable)"
    out.add_argument("-o", "--output", action="append", default=[], metavar="FILE", help=words)
    add_language(out)
    out.add_argument("--ascii", action="store_true", help="ASCII characters only")
    out.add_argument("--no-color", action="store_true", help="no colours (same as NO_COLOR)")
    out.add_argument(
        "-q", "--quiet", action="store_true", help="only the verdict and the problems; no table, no progress"
    )
    out.add_argument("-v", "--verbose", action="store_true", help="also show notes and rows that do not apply")


class NotWritten(Exception):
    """`lines`: one for each file that could not be written; the others are."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


class Outputs:
    """The files of -o. All are looked at before any is begun, and begun before the run; each is written whole or not at
    all. A run that is interrupted still writes them."""

    def __init__(self, names: list[str], suffixes: Sequence[str] = SUFFIXES, package: str = RENDER) -> None:
        """`package`: where FORMATS and SUFFIXES of what is written stand. Raises WrongUse; then no file is there that
        was not there before."""
        self._package = package
        self._files: list[tuple[str, Replacement]] = []
        self.written: list[str] = []
        for name in names:
            path = Path(name)
            form = path.suffix.lower().removeprefix(".")
            if form not in suffixes:
                raise WrongUse(f"{_location(name)}: the suffix must be one of {', '.join(suffixes)}")
            try:
                found = Replacement(path)
                twin = next((str(other.path) for _, other in self._files if found.is_same(other)), None)
            except (Unusable, OSError) as error:
                raise WrongUse(f"{_location(name)}: {unusable(error)}") from None
            if twin is not None:
                raise WrongUse(f"{_location(name)}: the same file as {_location(twin)}")
            self._files.append((form, found))
        for _, file in self._files:
            try:
                file.open()
            except Unusable as error:
                self.close()
                raise WrongUse(f"{_location(str(file.path))}: {unusable(error)}") from None

    def write(self, report: Any, language: str = "en", *, live: bool = False) -> None:
        """`live`: the report of the run that is ending here. `written` names what is there afterwards. Raises
        NotWritten (disk full ...)."""
        if not self._files:
            return
        render = import_module(self._package)
        missing = []
        for suffix, file in self._files:
            data = render.FORMATS[render.SUFFIXES[suffix]](
                report, width=FILE_WIDTH, ascii=False, colour=False, language=language, **_of_run(live)
            )
            try:
                file.write(data)
            except OSError as error:
                missing.append(
                    f"{_location(str(file.path))}: not written, an earlier file is as it was: "
                    f"{error.strerror or type(error).__name__}"
                )
            else:
                self.written.append(str(file.path))
        if missing:
            raise NotWritten(*missing)

    def close(self) -> None:
        """What was begun and not written is gone."""
        for _, file in self._files:
            file.discard()


def unusable(error: Unusable | OSError) -> str:
    """Why, in words without the name."""
    return (
        str(error.args[0])
        if isinstance(error, Unusable)
        else f"cannot be written: {error.strerror or type(error).__name__}"
    )


def _location(name: str) -> str:
    return f"-o {name[:120]!a}"


def lost(lines: Iterable[str]) -> None:
    """Says on standard error which files are missing."""
    for line in lines:
        streams.tell(f"eset-portcheck: {told(line)}")


def _of_run(live: bool) -> dict[str, bool]:
    """For the formats of a report; a comparison is of two that were read."""
    return {"live": True} if live else {}


def show(
    report: Any, arguments: argparse.Namespace, written: list[str], package: str = RENDER, *, live: bool = False
) -> None:
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
    streams.put_bytes(data)
