"""Profiles and site files from disk: every error is found before a packet is sent, with the path of the bad value.

Profiles travel inside the wheel (eset_portcheck/profiles); an editable install reads the repository's profiles/.
"""

import difflib
import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from eset_portcheck import files
from eset_portcheck.loading.consistency import inconsistencies
from eset_portcheck.model.profile import ROLES as BUILT_IN
from eset_portcheck.model.profile import Profile, Requirement, Value

ROLES = BUILT_IN
MAX_BYTES = 1024 * 1024
Kind = TypeVar("Kind", bound=msgspec.Struct)


class ProfileError(Exception):
    """A profile or site file that cannot be used; `lines` each name file, path and fault."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = list(lines)


def folder() -> Path:
    """Where the profiles are."""
    here = Path(__file__).resolve().parent.parent
    inside = here / "profiles"
    return inside if inside.is_dir() else here.parent / "profiles"


def load_profile(role: str) -> tuple[Profile, str]:
    """(profile, sha256 of its file) of a built-in role. Raises ProfileError."""
    if role not in ROLES:
        raise ProfileError(f"role {role[:40]!a}: no such role" + (_near(role, ROLES) or f"; roles: {', '.join(ROLES)}"))
    return load_profile_file(folder() / f"{role}.toml")


def load_profile_file(path: Path) -> tuple[Profile, str]:
    """(profile, sha256 of its file). Raises ProfileError with the faults of every row and value, not of the first
    alone."""
    raw, digest = _read(path)
    errors: list[str] = []
    # msgspec stops at the first fault: each row and each value is converted by itself, and keeps its number in the file
    rows = raw.pop("requirement", [])
    if not isinstance(rows, list):
        errors.append("requirement: an array of tables is needed")
        rows = []
    converted = [_converted(f"requirement[{number}]", row, Requirement, errors) for number, row in enumerate(rows)]
    values = raw.pop("values", {})
    if not isinstance(values, dict):
        errors.append("values: a table is needed")
        values = {}
    named = {name: _converted(f"values.{_shown(name)}", value, Value, errors) for name, value in values.items()}
    head = _converted("", raw, Profile, errors)
    if head is not None:
        profile = msgspec.structs.replace(
            head,
            values={name: value for name, value in named.items() if value is not None},
            requirement=[row for row in converted if row is not None],
        )
        positions = [number for number, row in enumerate(converted) if row is not None]
        errors += inconsistencies(profile, positions, declared=frozenset(values))
        if not errors:
            return profile, digest
    raise ProfileError(*(f"{path.name}: {line}" for line in errors))


def load_site(path: Path) -> dict[str, Any]:
    """The values of a site file, as TOML gives them; model.site judges them. Raises ProfileError."""
    raw, _ = _read(path)
    return raw


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        data = files.read(path, MAX_BYTES)
    except files.Unusable as error:
        raise ProfileError(f"{path}: {error.args[0]}") from None
    try:
        return tomllib.loads(data.decode("utf-8")), hashlib.sha256(data).hexdigest()
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path.name}: not UTF-8 at byte {error.start}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProfileError(f"{path.name}: not TOML: {str(error)[:120]}") from error


def _converted(location: str, entry: Any, kind: type[Kind], errors: list[str]) -> Kind | None:
    try:
        return msgspec.convert(entry, kind)
    except msgspec.ValidationError as error:
        errors.append(_named(location, error, entry, kind))
        return None


def _named(location: str, error: msgspec.ValidationError, entry: Any, kind: Any) -> str:
    """`requirement[3].transport: 'tpc' is none of tcp, udp`, from msgspec's message and the value itself."""
    message, _, path = str(error).rpartition(" - at `$")
    if not message:  # a fault of the whole entry has no path
        message, path = str(error), ""
    path = path.rstrip("`")
    if path.endswith("[...]"):  # msgspec does not say which key of a table: the only tables with free keys hold scalars
        path = path.removesuffix("[...]")
        path += next(
            (f".{_shown(key)}" for key, value in _at(entry, path).items() if not isinstance(value, (bool, int, str))),
            "",
        )
    where = f"{location}{path}".lstrip(".")
    if "unknown field" in message:
        bad = message[message.index("`") + 1 :].rstrip("`")
        return f"{where}.{_shown(bad)}: no such key".lstrip(".") + _near(bad, _node(kind, path).get("properties", ()))
    if "missing required field" in message:
        return f"{where}.{message.split('`')[-2]}: is missing".lstrip(".")
    value = _at(entry, path)
    choices = [str(word) for word in _node(kind, path).get("enum", [])]
    if choices and isinstance(value, str):
        return f"{where}: {value[:40]!r} is none of {', '.join(choices)}"
    return f"{where}: {message[0].lower()}{message[1:]}" + (f" (it is {value!r:.40})" if value is not None else "")


def _at(entry: Any, path: str) -> Any:
    for part in filter(None, path.split(".")):
        if not isinstance(entry, dict) or part not in entry:
            return None
        entry = entry[part]
    return entry


def _node(kind: Any, path: str) -> dict[str, Any]:
    """What JSON Schema says of the field at `path`: its keys under "properties", its words under "enum"."""
    schema = msgspec.json.schema(kind)
    defs = schema.get("$defs", {})
    node: Any = defs.get(kind.__name__, schema)
    for part in filter(None, path.split(".")):
        node = node.get("properties", {}).get(part, {})
        for option in (node, *node.get("anyOf", [])):
            if "$ref" in option:
                node = defs[option["$ref"].rsplit("/", 1)[1]]
    return dict(node)


def _near(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _shown(key: str) -> str:
    """A key of a file as it may stand in a message: quoted when TOML had to quote it."""
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else ascii(key[:40])
