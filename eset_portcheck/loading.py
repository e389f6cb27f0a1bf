"""Profiles and site files from disk: every error is found before a packet is sent, with the path of the bad value.

Profiles travel inside the wheel (eset_portcheck/profiles); an editable install reads the repository's profiles/.
"""

import difflib
import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from eset_portcheck.model.profile import Profile, Requirement
from eset_portcheck.model.site import DERIVED, NAMES

ROLES = ("agent", "bridge", "deploy-source", "deploy-target", "webconsole", "server", "rdsensor", "mdc", "mobile-device")
MAX_BYTES = 1024 * 1024


class ProfileError(Exception):
    """A profile or site file that cannot be used; `lines` each name file, path and fault."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = list(lines)


def folder() -> Path:
    """Where the profiles are."""
    here = Path(__file__).resolve().parent
    inside = here / "profiles"
    return inside if inside.is_dir() else here.parent / "profiles"


def load_profile(role: str) -> tuple[Profile, str]:
    """(profile, sha256 of its file) of a built-in role. Raises ProfileError."""
    if role not in ROLES:
        near = difflib.get_close_matches(role, ROLES, n=1)
        raise ProfileError(f"role {role[:40]!a}: no such role" + (f"; did you mean {near[0]}?" if near else f"; roles: {', '.join(ROLES)}"))
    return load_profile_file(folder() / f"{role}.toml")


def load_profile_file(path: Path) -> tuple[Profile, str]:
    raw, digest = _read(path)
    name = path.name
    errors: list[str] = []
    requirements: list[Requirement] = []
    entries = raw.pop("requirement", [])
    if not isinstance(entries, list):
        raise ProfileError(f"{name}: requirement: an array of tables is needed")
    for number, entry in enumerate(entries):
        place = f"{name}: requirement[{number}]"
        try:
            requirements.append(msgspec.convert(entry, Requirement))
        except msgspec.ValidationError as error:
            errors.append(_named(place, error, entry, Requirement))
    try:
        profile = msgspec.convert(raw, Profile)
    except msgspec.ValidationError as error:
        raise ProfileError(*errors, _named(name, error, raw, Profile)) from error
    profile = msgspec.structs.replace(profile, requirement=requirements)
    errors += [f"{name}: {line}" for line in _inconsistencies(profile)]
    if errors:
        raise ProfileError(*errors)
    return profile, digest


def load_site(path: Path) -> dict[str, Any]:
    """The values of a site file, as TOML gives them; model.site judges them."""
    raw, _ = _read(path)
    return raw


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProfileError(f"{path.name}: cannot be read: {error.strerror or type(error).__name__}") from error
    if len(data) > MAX_BYTES:
        raise ProfileError(f"{path.name}: larger than {MAX_BYTES} bytes")
    try:
        return tomllib.loads(data.decode("utf-8")), hashlib.sha256(data).hexdigest()
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path.name}: not UTF-8 at byte {error.start}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProfileError(f"{path.name}: not TOML: {str(error)[:120]}") from error


def _named(place: str, error: msgspec.ValidationError, entry: Any, kind: Any) -> str:
    """`requirement[3].transport: 'tpc' is none of tcp, udp`, from msgspec's message and the value itself."""
    message, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`")
    if "unknown field" in message:
        bad = message.split("`")[-2]
        near = difflib.get_close_matches(bad, kind.__struct_fields__, n=1)
        return f"{place}{path}.{bad}: no such key" + (f"; did you mean {near[0]}?" if near else "")
    if "missing required field" in message:
        return f"{place}{path}: {message.split('`')[-2]} is missing"
    value = _at(entry, path)
    choices = _choices(kind, path)
    if choices and isinstance(value, str):
        return f"{place}{path}: {value[:40]!r} is none of {', '.join(choices)}"
    return f"{place}{path}: {message[0].lower()}{message[1:]}" + (f" (it is {value!r:.40})" if value is not None else "")


def _at(entry: Any, path: str) -> Any:
    for part in path.strip(".").split("."):
        if not isinstance(entry, dict) or part not in entry:
            return None
        entry = entry[part]
    return entry


def _choices(kind: Any, path: str) -> list[str]:
    """The words a field allows (an enum or a Literal), by its JSON Schema."""
    parts = path.strip(".").split(".")
    schema = msgspec.json.schema(kind)
    defs = schema.get("$defs", {})
    node: Any = defs.get(kind.__name__, schema)
    for part in parts:
        node = node.get("properties", {}).get(part, {})
        for option in (node, *node.get("anyOf", [])):
            if "$ref" in option:
                node = defs[option["$ref"].rsplit("/", 1)[1]]
    return [str(word) for word in node.get("enum", [])]


def _inconsistencies(profile: Profile) -> Iterator[str]:
    """What types cannot say."""
    seen: dict[tuple[object, ...], int] = {}
    policies: dict[str, str] = {}
    for number, one in enumerate(profile.requirement):
        place = f"requirement[{number}]"
        if not 1 <= one.port <= 65535:
            yield f"{place}.port: {one.port} is no port (1 to 65535)"
        same = (one.key, one.transport, one.port, one.variant)
        if same in seen:
            yield f"{place}: has the same key, transport, port and variant as requirement[{seen[same]}]"
        seen.setdefault(same, number)
        if one.group and policies.setdefault(one.group.id, one.group.policy) != one.group.policy:
            yield f"{place}.group.policy: {one.group.id} is {policies[one.group.id]} elsewhere"
        for field, name in _site_values(one):
            if name not in profile.values and name not in DERIVED:
                yield f"{place}.{field}: {name} is not declared in [values]"
    for name, value in profile.values.items():
        if name not in NAMES:
            yield f"values.{name}: no such site value"
        if not value.meaning:
            yield f"values.{name}.meaning: is empty"


def _site_values(one: Requirement) -> Iterator[tuple[str, str]]:
    if one.target.startswith("<"):
        yield "target", one.target.strip("<>")
    for field in ("port_value", "repeat", "via", "via_port_value"):
        if getattr(one, field):
            yield field, getattr(one, field)
    for name in one.when:
        yield f"when.{name}", name
    for name in one.optional_when:
        yield f"optional_when.{name}", name
