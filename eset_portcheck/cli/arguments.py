"""Arguments that several commands share, and how they become profiles, a site and a plan. Imports of weight happen
inside the functions."""

import argparse
from typing import Any, NamedTuple, NoReturn

from eset_portcheck import streams
from eset_portcheck.wrong_use import WrongUse as WrongUse

LINE_CHARACTERS = 600


class Asked(NamedTuple):
    """What the options say of profiles and site. `detected`: names of values that nobody gave, this machine's own.
    `closed`: files of its components that this user may not read."""

    profiles: list[Any]
    used: list[Any]
    site: Any
    detected: list[str]
    closed: list[str]


def told(line: str) -> str:
    """A message with words of the user's in it: without secrets, capped, nothing that a terminal would obey."""
    from eset_portcheck.redaction.secrets import message
    from eset_portcheck.render.text import safe

    return safe(message(line[:LINE_CHARACTERS]), LINE_CHARACTERS)


def refuse(error: WrongUse) -> int:
    for line in error.lines:
        streams.tell(f"eset-portcheck: {told(line)}")
    return 2


def add_site(parser: argparse.ArgumentParser) -> None:
    site = parser.add_argument_group("the site")
    site.add_argument(
        "--role", action="append", metavar="ROLE", help="role of this machine (repeatable); see `eset-portcheck roles`"
    )
    site.add_argument("--server", metavar="HOST[:PORT]", help="the ESET PROTECT Server")
    site.add_argument("--database", metavar="HOST[:PORT]", help="the database, if it is on another machine")
    site.add_argument("--database-kind", choices=("mssql", "mysql"))
    site.add_argument("--proxy", metavar="HOST[:PORT]", help="ESET Bridge (HTTP proxy), default port 3128")
    site.add_argument("--domain-controller", metavar="HOST")
    site.add_argument("--realm", metavar="REALM", help="Kerberos realm")
    site.add_argument("--mdc", metavar="HOST", help="Mobile Device Connector")
    site.add_argument(
        "--target",
        action="append",
        metavar="HOST",
        help="computer to install on, or to test the sensor with (repeatable)",
    )
    site.add_argument("--appliance", action="store_true", default=None, help="this is the Virtual Appliance")
    site.add_argument("--platform", choices=("ios", "android"))
    site.add_argument("--product-version", metavar="X")
    site.add_argument("--offline", action="store_true", default=None, help="no internet destinations")
    site.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any site value, e.g. server_port=2300"
    )
    site.add_argument("--site", metavar="FILE.toml", help="read site values from a file, also [connect_to]")
    site.add_argument("--profile", action="append", metavar="FILE.toml", help="your own profile (repeatable)")
    site.add_argument("--ca-file", metavar="FILE", help="certificate of the site's own authority (PEM)")
    site.add_argument(
        "--pin",
        action="append",
        default=[],
        metavar="sha256:DIGITS",
        help="fingerprint of the certificate that the site's server must show (repeatable)",
    )
    site.add_argument(
        "--public-ca-file",
        metavar="FILE",
        help="authorities (PEM) that count as public in place of Mozilla's, for laboratories and mirrors",
    )
    site.add_argument("--no-detect", action="store_true", help="do not take role and values from the installed product")


_SITE_OPTIONS = (
    "server",
    "database",
    "database_kind",
    "proxy",
    "domain_controller",
    "realm",
    "mdc",
    "target",
    "appliance",
    "platform",
    "product_version",
    "offline",
)


def load(arguments: argparse.Namespace) -> Asked:
    """Roles and values that nobody gave are those of what is installed here. Raises WrongUse with every fault found."""
    from pathlib import Path

    from eset_portcheck import requesting
    from eset_portcheck.cli.found import Machine
    from eset_portcheck.model.site import SiteError

    faults: list[str] = []
    wrong: list[str] = []
    machine, detected, closed = Machine(arguments), [], []
    if not arguments.role and not arguments.profile:
        arguments.role = machine.roles()
        detected.append("role")
    profiles, used = requesting.load_profiles(arguments.role or [], map(Path, arguments.profile or []), faults)
    layers = requesting.load_site(arguments.site, faults)
    given = (
        {name for _, layer in layers for name in layer}
        | dict(_pairs(arguments.set, [])).keys()
        | _options(arguments, profiles).keys()
    )
    if not faults:
        detected += machine.fill(profiles, given)
        closed = machine.closed()
    layers.append(("--set", dict(_pairs(arguments.set, faults))))
    layers.append(("", _options(arguments, profiles)))
    pins = requesting.pins_of(arguments.pin, wrong)
    faults += [f"--{line}" for line in wrong]
    try:
        site = requesting.made_site(layers, arguments.ca_file, pins)
    except SiteError as error:
        faults += [_as_option(line) for line in error.lines]
    if faults:
        raise WrongUse(*faults)
    return Asked(profiles, used, site, detected, closed)


def _options(arguments: argparse.Namespace, profiles: list[Any]) -> dict[str, Any]:
    from eset_portcheck.requesting import as_meant

    return as_meant(
        {name: value for name in _SITE_OPTIONS if (value := getattr(arguments, name, None)) is not None}, profiles
    )


def _as_option(line: str) -> str:
    """The location of a fault as it was typed: server -> --server."""
    name, colon, rest = line.partition(":")
    return f"--{name.replace('_', '-')}:{rest}" if colon and name in _SITE_OPTIONS else line


def _pairs(given: list[str], faults: list[str]) -> list[tuple[str, Any]]:
    pairs: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            faults.append(f"--set {one[:60]!a}: NAME=VALUE is needed")
        elif name == "target":
            pairs.setdefault(name, []).append(value)
        else:
            pairs[name] = value
    return list(pairs.items())


def die(*lines: str) -> NoReturn:
    raise WrongUse(*lines)
