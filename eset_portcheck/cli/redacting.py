"""`--redact strict` and `--map FILE`: pseudonyms in what goes out, and what stands for what in a file that only its
owner reads."""

import argparse
import json
from pathlib import Path
from typing import Any

from eset_portcheck.cli.arguments import WrongUse
from eset_portcheck.files import Missing, Unusable, read
from eset_portcheck.files.replacement import Replacement

MAX_BYTES = 16 << 20
MARK = "eset-portcheck pseudonyms"


def add_redaction(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "privacy", "secrets, user names, hardware addresses and serial numbers are always left out (docs/privacy.md)"
    )
    group.add_argument(
        "--redact", choices=("strict",), help="also replace the site's own names and addresses by pseudonyms"
    )
    group.add_argument(
        "--map",
        metavar="FILE",
        help="save the list of pseudonyms to FILE (readable only by you); an existing map is used and extended",
    )


class Redacting:
    """Opened before anything is sent. `apply` makes the report that goes out, `close` writes the map."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._strict = arguments.redact == "strict"
        self._file: Replacement | None = None
        self._map: dict[str, dict[str, str]] = {}
        if not arguments.map:
            return
        self._option = f"--map {arguments.map[:120]!a}"
        if not self._strict:
            raise WrongUse(f"{self._option}: --map needs --redact strict")
        try:
            file = Replacement(Path(arguments.map))
            if any(_is_same(file, name) for name in _outputs(arguments)):
                raise WrongUse(f"{self._option}: the same file as -o")
            self._map = _read(Path(arguments.map), self._option)
            file.open()
        except Unusable as error:
            raise WrongUse(f"{self._option}: {error.args[0]}") from None
        self._file = file

    def apply(self, report: Any) -> Any:
        """The report as it may go out; its exit code and verdicts are the same."""
        from eset_portcheck.redaction import redacted

        made = redacted(report, strict=self._strict, known=self._map)
        self._map = made.map
        return made.report

    def close(self) -> None:
        """Raises WrongUse when the map cannot be written; an earlier one is then as it was."""
        if self._file is None:
            return
        text = (
            json.dumps({"kind": MARK, "schema_version": "1.0.0", "tables": self._map}, indent=1, ensure_ascii=True)
            + "\n"
        )
        try:
            self._file.write(text.encode("ascii"))
        except OSError as error:
            raise WrongUse(
                f"{self._option}: not written, an earlier map is as it was: {error.strerror or type(error).__name__}"
            ) from None


def _outputs(arguments: argparse.Namespace) -> list[str]:
    given = getattr(arguments, "output", None) or []
    return [given] if isinstance(given, str) else list(given)


def _is_same(file: Replacement, name: str) -> bool:
    try:
        return file.is_same(Replacement(Path(name)))
    except (Unusable, OSError):  # whoever writes it says so
        return False


def _read(file: Path, option: str) -> dict[str, dict[str, str]]:
    """An earlier map; {} where there is none. Raises Unusable, WrongUse for a file that is no map."""
    try:
        content = read(file, MAX_BYTES, private=True)
    except Missing:
        return {}
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    tables = told.get("tables") if isinstance(told, dict) and told.get("kind") == MARK else None
    if not isinstance(tables, dict) or not all(
        isinstance(table, dict) and all(isinstance(text, str) for text in table.values()) for table in tables.values()
    ):
        raise WrongUse(f"{option}: not a map of pseudonyms; the file was not changed")
    return tables
