"""The command line that a report names, made anew from parsed values: what somebody else wrote is never typed again as
it stands. Pure.

Kept are values that the program itself would take for what they are: roles that are built in, hosts, ports, choices,
numbers. Left out is whatever reads or writes a file, asks for an account, or is not known. Source:
docs/contract.md#report; the options of `check`, `ports` and `demo`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from eset_portcheck.model.addresses import host_port
from eset_portcheck.model.pins import NoPin, as_option, pin_of
from eset_portcheck.model.profile import ROLES
from eset_portcheck.model.site import CHOICES, HOSTS, SiteError, host_name, value_of

COMMANDS = ("check", "ports", "demo")
UNKNOWN = "?"  # in the place of what is no option of ours
MANY = 8  # targets that a line names although its rows need fewer
ROWS = 8  # that a line names
_FLAGS = frozenset({"-4", "-6", "--all-addresses", "--appliance", "--offline", "--deep", "--no-detect"})
_FILES = frozenset(
    {"--profile", "--site", "--ca-file", "--public-ca-file", "--credentials-file", "--map", "-o", "--output"}
)
_OTHERS = frozenset({"--only", "--skip", "--budget", "--redact", "--format", "--lang"})
_BARE = frozenset({"--ask-credentials", "--dry-run", "--strict", "--exit-zero"})
_CHECK_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:%-]{0,400}\Z")
_VALUE = re.compile(r"[^@]*@(.+)\.(?:tcp|udp)-\d+(?:\.[a-z0-9-]+)?\Z")
_FAULT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
_PHASES = ("pre", "post")


class Rebuilt(NamedTuple):
    """`left_out`: each option once, in its order; `UNKNOWN` for all that are none of ours."""

    arguments: tuple[str, ...]
    left_out: tuple[str, ...]


class _Refused(Exception):
    """The value is not what the option takes."""


@lru_cache(maxsize=8)  # a report names its line in many places
def rebuilt(arguments: tuple[str, ...]) -> Rebuilt:
    kept: list[str] = []
    left_out: dict[str, None] = {}
    words = iter(arguments)
    for word in words:
        option, equals, value = word.partition("=")
        if option in _FLAGS and not equals:
            kept.append(option)
        elif option in _VALUES or option in _FILES or option in _OTHERS:
            given = value if equals else next(words, "")
            try:
                kept += (option, _VALUES[option](given))
            except (KeyError, _Refused, SiteError):
                left_out[option] = None
        else:
            left_out[option if option in _BARE else UNKNOWN] = None
    return Rebuilt(tuple(kept), tuple(left_out))


def for_rows(arguments: Sequence[str], ids: Iterable[str], *, takes_only: bool = True) -> list[str]:
    """The line for these rows alone: `--only` each, and of a long list of targets just theirs. Ids that are none of
    ours are left out."""
    words = only(ids) if takes_only else []
    return [*_narrowed(tuple(arguments), tuple(words[1::2])), *words] if words else list(arguments)


def only(ids: Iterable[str]) -> list[str]:
    """The first of them, those alone that are ids as profiles make them: what a shell or a pattern could read otherwise
    is no id."""
    return [part for one in islice(filter(_CHECK_ID.match, ids), ROWS) for part in ("--only", one)]


def _narrowed(arguments: tuple[str, ...], ids: tuple[str, ...]) -> list[str]:
    """A thousand targets in the line of each of a thousand rows would be a million."""
    bare, targets = _targets(arguments)
    if len(targets) <= MANY:
        return list(arguments)
    needed = [match[1] for match in map(_VALUE.match, ids) if match and match[1] in targets] or [next(iter(targets))]
    return [*bare, *(part for name in dict.fromkeys(needed) for part in ("--target", targets[name]))]


@lru_cache(maxsize=8)
def _targets(arguments: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """(the line without its targets, each target as an id names it -> as it was given)."""
    bare: list[str] = []
    targets: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        if word == "--target":
            given = next(words, "")
            targets.setdefault(_as_host(given), given)
        else:
            bare.append(word)
    return bare, targets


def _as_host(text: str) -> str:
    try:
        return host_name(text.strip(), "")
    except SiteError:
        return text


def _role(text: str) -> str:
    return _one_of(text, ROLES)


def _one_of(text: str, known: Iterable[str]) -> str:
    if text not in known:
        raise _Refused
    return text


def _site(name: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        given = value_of(name, text, "")
        value = given[name]
        if name == "target":
            return str(value[0])
        if name in HOSTS and (port := given.get(f"{name}_port")) is not None:
            return host_port(value, int(port))
        return str(value)

    return read


def _pair(text: str) -> str:
    """NAME=VALUE of --set."""
    name, equals, value = text.partition("=")
    if not equals:
        raise _Refused
    said = _site(name)(value)
    return f"{name}={said.lower() if said in ('True', 'False') else said}"


def _seconds(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or not 0.1 <= float(text) <= 3600:
        raise _Refused
    return f"{float(text):g}"


def _fault(text: str) -> str:
    if not _FAULT.match(text):
        raise _Refused
    return text


def _pin(text: str) -> str:
    try:
        return as_option(pin_of(text))
    except NoPin:
        raise _Refused from None


_VALUES: dict[str, Callable[[str], str]] = {
    "--role": _role,
    "--set": _pair,
    "--phase": lambda text: _one_of(text, _PHASES),
    "--timeout": _seconds,
    "--break": _fault,
    "--pin": _pin,
    **{f"--{name.replace('_', '-')}": _site(name) for name in (*HOSTS, *CHOICES, "target", "realm", "product_version")},
}
