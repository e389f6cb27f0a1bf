"""`--redact strict` and `--map FILE`: pseudonyms in what goes out, and what stands for what in a file that only its owner reads."""

import argparse
import json
import os
import stat
from pathlib import Path
from typing import Any

from eset_portcheck.cli.arguments import WrongUse

MAX_BYTES = 16 << 20
MARK = "eset-portcheck pseudonyms"


def add_redaction(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("privacy", "secrets, user names, hardware addresses and serial numbers are always left out (docs/privacy.md)")
    group.add_argument("--redact", choices=("strict",), help="also pseudonyms for the site's own names and addresses")
    group.add_argument("--map", metavar="FILE", help="keep what stands for what in FILE (readable by its owner only); an earlier map is used and extended")


class Redacting:
    """Opened before anything is sent. `apply` makes the report that goes out, `close` writes the map."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._strict = arguments.redact == "strict"
        self._file = Path(arguments.map) if arguments.map else None
        self._map: dict[str, dict[str, str]] = {}
        if self._file is None:
            return
        place = f"--map {arguments.map[:120]!a}"
        if not self._strict:
            raise WrongUse(f"{place}: only --redact strict makes a map")
        if any(_is_same(self._file, Path(name)) for name in _outputs(arguments)):
            raise WrongUse(f"{place}: the same file as -o")
        self._map = _read(self._file, place)
        _write(self._file, self._map, place)

    def apply(self, report: Any) -> Any:
        """The report as it may go out; its exit code and verdicts are the same."""
        from eset_portcheck.redaction import redacted

        made = redacted(report, strict=self._strict, known=self._map)
        self._map = made.map
        return made.report

    def close(self) -> None:
        """Raises WrongUse when the map cannot be written."""
        if self._file is not None:
            _write(self._file, self._map, f"--map {str(self._file)[:120]!a}")


def _outputs(arguments: argparse.Namespace) -> list[str]:
    given = getattr(arguments, "output", None) or []
    return [given] if isinstance(given, str) else list(given)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve()
    except (OSError, ValueError, RuntimeError):
        return False


def _read(file: Path, place: str) -> dict[str, dict[str, str]]:
    """An earlier map; {} where there is none. Raises WrongUse for a file that is no map, or that others can read."""
    try:
        with file.open("rb") as source:
            found = os.fstat(source.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise WrongUse(f"{place}: no ordinary file")
            if os.name == "posix" and found.st_mode & 0o077:
                raise WrongUse(f"{place}: others can read it; chmod 600 it first")
            content = source.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise WrongUse(f"{place}: cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}") from None
    try:
        told = json.loads(content[:MAX_BYTES])
    except (ValueError, RecursionError):
        told = None
    tables = told.get("tables") if isinstance(told, dict) and told.get("kind") == MARK else None
    if not isinstance(tables, dict) or not all(
        isinstance(table, dict) and all(isinstance(text, str) for text in table.values()) for table in tables.values()
    ):
        raise WrongUse(f"{place}: no map of pseudonyms; nothing of it was changed")
    return tables


def _write(file: Path, tables: dict[str, dict[str, str]], place: str) -> None:
    """A new file in the old one's place: never half a map, never readable by others, never through a link."""
    text = json.dumps({"kind": MARK, "schema_version": "1.0.0", "tables": tables}, indent=1, ensure_ascii=True) + "\n"
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(text)
        beside.replace(file)
    except (OSError, ValueError) as error:
        raise WrongUse(f"{place}: cannot be written: {getattr(error, 'strerror', None) or type(error).__name__}") from None
