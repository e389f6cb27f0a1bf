"""What the types of a profile cannot say: names that nobody declares, ports out of range, rows that would hide or never
run. Pure.

Every line names the location: `requirement[3].port: 70000 is not a port (1 to 65535)`.
"""

import re
from collections.abc import Iterator, Sequence

from eset_portcheck.model.profile import Profile, Requirement, Scalar
from eset_portcheck.model.site import CHOICES, DERIVED, HOSTS, NAMES, Site, SiteError, host_name
from eset_portcheck.model.vocabulary import Direction

THIS_HOST = "this-host"
_REPEATABLE = ("target",)
_WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")  # stands in check ids, between dots and hyphens
_BRACKETED = re.compile(r"<([a-z_]+)>\Z")
_PATH = re.compile(r"/[!-~]*\Z")
_BOOLEANS = tuple(name for name in NAMES if isinstance(getattr(Site(), name), bool))


def inconsistencies(profile: Profile, positions: Sequence[int], declared: frozenset[str]) -> list[str]:
    """`positions`: the number of each requirement in the file; `declared`: the names of [values], those of faulty
    values included."""
    lines = list(_head(profile, declared))
    seen: dict[tuple[object, ...], int] = {}
    policies: dict[str, str] = {}
    ranks: dict[tuple[str, int], int] = {}
    for number, one in zip(positions, profile.requirement, strict=True):
        location = f"requirement[{number}]"
        lines += [
            f"{location}.{line}" for check in (_words, _ports, _where_to, _conditions, _standing) for line in check(one)
        ]
        lines += [
            f"{location}.{field}: {name} is not declared in [values]"
            for field, name in _asked(one)
            if name not in declared and name not in DERIVED
        ]
        first = seen.setdefault((one.key, one.transport, one.port, one.variant), number)
        if first != number:
            lines.append(f"{location}: has the same key, transport, port and variant as requirement[{first}]")
        if one.group is None:
            continue
        policy = policies.setdefault(one.group.id, one.group.policy)
        if policy != one.group.policy:
            lines.append(f"{location}.group.policy: {one.group.id} is {policy} elsewhere")
        rival = ranks.setdefault((one.group.id, one.group.rank), number)
        if rival != number and policy == "chain":
            lines.append(f"{location}.group.rank: {one.group.rank} is that of requirement[{rival}]")
    return lines


def _head(profile: Profile, declared: frozenset[str]) -> Iterator[str]:
    if not _WORD.match(profile.role):
        yield f"role: {profile.role[:40]!a} is not lower-case words with hyphens"
    for name in sorted(declared - set(NAMES)):
        yield f"values.{name if name.isidentifier() and name.isascii() else ascii(name[:40])}: no such site value"
    for name, value in profile.values.items():
        if not value.meaning:
            yield f"values.{name}.meaning: is empty"


def _words(one: Requirement) -> Iterator[str]:
    for field in ("key", "variant"):
        word = getattr(one, field)
        if not _WORD.match(word) and (word or field == "key"):
            yield f"{field}: {word[:40]!a} is not lower-case words with hyphens"
    if one.group and not _WORD.match(one.group.id):
        yield f"group.id: {one.group.id[:40]!a} is not lower-case words with hyphens"
    for field in ("purpose", "source", "protocol"):
        if not getattr(one, field).strip():
            yield f"{field}: is empty"
    if one.path and not _PATH.match(one.path):
        yield f"path: {one.path[:40]!a} is not a path (printable ASCII after a /)"
    for suffix in one.redirects:
        yield from _named_host("redirects", suffix)


def _ports(one: Requirement) -> Iterator[str]:
    if not 1 <= one.port <= 65535:
        yield f"port: {one.port} is not a port (1 to 65535)"
    if one.via and not 1 <= one.via_port <= 65535:
        yield f"via_port: {one.via_port} is not a port (1 to 65535); the destination's port is needed with via"
    if not one.via and (one.via_port or one.via_port_value):
        yield "via: is missing beside via_port"
    for field in ("port_value", "via_port_value"):
        name = getattr(one, field)
        if name in NAMES and not name.endswith("_port"):
            yield f"{field}: {name} is not a port"


def _where_to(one: Requirement) -> Iterator[str]:
    outbound, bracketed = one.direction is Direction.OUTBOUND, _BRACKETED.match(one.target)
    if (one.target == THIS_HOST) is outbound:
        yield f"target: {one.target[:40]!a} does not go with direction {one.direction}"
    elif outbound and bracketed is None:
        yield from _named_host("target", one.target)
    name = bracketed[1] if bracketed else ""
    if name in NAMES and name not in (*HOSTS, *_REPEATABLE):
        yield f"target: {name} is not a host"
    if one.repeat != (name if name in _REPEATABLE else ""):
        yield f"repeat: {one.repeat[:40]!a} does not go with target {one.target[:40]!a}"
    if one.via and not outbound:
        yield f"via: does not go with direction {one.direction}"
    if one.via in NAMES and one.via not in HOSTS:
        yield f"via: {one.via} is not a host"


def _named_host(field: str, name: str) -> Iterator[str]:
    try:
        host_name(name, field)
    except SiteError as error:
        yield from error.lines


def _conditions(one: Requirement) -> Iterator[str]:
    """A condition that no site could meet would switch its row off without a word."""
    for field in ("when", "optional_when"):
        for name, wanted in getattr(one, field).items():
            if fault := _never(name, wanted):
                yield f"{field}.{name}: {fault}"


def _never(name: str, wanted: Scalar) -> str:
    if isinstance(wanted, bool) or name not in (*NAMES, *DERIVED):
        return ""
    if name in DERIVED or name in _BOOLEANS:
        return f"{wanted!r:.40} is neither true nor false"
    if name in CHOICES and wanted not in CHOICES[name]:
        return f"{wanted!r:.40} is not one of {', '.join(CHOICES[name])}"
    if isinstance(wanted, int) is not name.endswith("_port"):
        return f"{wanted!r:.40} is {'a number' if isinstance(wanted, int) else 'text'}, {name} is not"
    return ""


def _standing(one: Requirement) -> Iterator[str]:
    if one.off and not one.beyond_page:
        yield "off: only a row not on ESET's page may be off"
    if one.beyond_page and one.page_row:
        yield f"page_row: {one.page_row[:40]!a} does not go with beyond_page"


def _asked(one: Requirement) -> Iterator[tuple[str, str]]:
    """(field, site value) for every site value that the row reads."""
    if one.target.startswith("<") or one.target.endswith(">"):
        yield "target", one.target.strip("<>")
    for field in ("port_value", "repeat", "via", "via_port_value"):
        if getattr(one, field):
            yield field, getattr(one, field)
    for field in ("when", "optional_when"):
        yield from ((f"{field}.{name}", name) for name in getattr(one, field))
