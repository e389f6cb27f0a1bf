"""The site's own values: host names, ports and choices that a profile leaves open. Parsing is pure; every error names
the location.

Source of the options: docs/contract.md#commands-and-options.
"""

import re
from typing import Any, get_args, get_type_hints

import msgspec

from eset_portcheck.model.addresses import host_port, parse_address, parse_port, split_host_port, split_zone
from eset_portcheck.model.profile import Scalar

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\Z")
_ZONE = re.compile(r"[A-Za-z0-9._-]{1,32}\Z")
_NUMBER = re.compile(r"(\d+|0[xX][0-9A-Fa-f]*)\Z")
DATABASE_PORTS = {"mssql": 1433, "mysql": 3306}
LEGACY_APNS_UNTIL = (7, 2, 11, 1)


class SiteError(Exception):
    """Wrong values; `lines` each name the location and what is wrong with it."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = list(lines)


class Site(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every value has a name that `--set NAME=VALUE`, a site file and a profile's `<name>` use."""

    server: str | None = None
    server_port: int = 2222
    console_port: int = 2223
    database: str | None = None
    database_port: int | None = None
    database_kind: str | None = None
    proxy: str | None = None
    proxy_port: int = 3128
    domain_controller: str | None = None
    realm: str | None = None
    mdc: str | None = None
    target: tuple[str, ...] = ()
    appliance: bool = False
    platform: str | None = None
    product_version: str | None = None
    bridge_push: bool = True
    offline: bool = False
    webconsole_port: int = 443
    beyond_page: bool = False
    ca_given: bool = False
    credentials_given: bool = False
    connect_to: dict[str, str] = {}

    def condition(self, name: str) -> Scalar:
        """A value as a profile's `when` sees it: strings as they are, everything else as given or not."""
        derived: dict[str, Scalar] = {
            "ios": self.platform in (None, "ios"),
            "android": self.platform in (None, "android"),
            "legacy_apns": self.legacy_apns,
        }
        if name in derived:
            return derived[name]
        value = getattr(self, name)
        return value if isinstance(value, (bool, int, str)) else bool(value)

    @property
    def legacy_apns(self) -> bool:
        """Apple's binary push protocol belongs to product versions up to 7.2.11.1 (the page)."""
        return self.product_version is not None and version_tuple(self.product_version) <= LEGACY_APNS_UNTIL


# What a profile's `when` may ask beside the values themselves: (the value it comes from, what makes it true).
DERIVED = {
    "ios": ("platform", "ios"),
    "android": ("platform", "android"),
    "legacy_apns": ("product_version", "up to 7.2.11.1"),
}
NAMES = tuple(Site.__struct_fields__)
HOSTS = ("server", "database", "proxy", "domain_controller", "mdc")
CHOICES = {"database_kind": tuple(DATABASE_PORTS), "platform": ("ios", "android")}
_HIDDEN = ("ca_given", "credentials_given", "connect_to")


def version_tuple(text: str, location: str = "product_version") -> tuple[int, ...]:
    """ "7.2.11.1" -> (7, 2, 11, 1). Raises SiteError."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,5}){0,3}", text):
        raise SiteError(f"{location}: {text[:40]!a} is not a version such as 10.1 or 7.2.11.3")
    return tuple(int(part) for part in text.split("."))


def host_name(text: str, location: str) -> str:
    """A host name (IDN becomes ASCII) or an address, checked. Raises SiteError."""
    shown = ascii(text[:60])
    address, (_, zone) = parse_address(text), split_zone(text)
    if address is not None:
        if zone is not None and (address.version == 4 or not _ZONE.match(zone)):
            raise SiteError(f"{location}: {shown} has no usable zone after the %")
        return str(address) if zone is None else f"{address}%{zone}"
    name = text.removesuffix(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise SiteError(f"{location}: {shown} is not a host name") from error
    if not name or len(name) > 253 or not all(_LABEL.match(label) for label in name.split(".")):
        raise SiteError(f"{location}: {shown} is not a host name or address")
    if _NUMBER.match(name.rpartition(".")[2]):  # resolvers read 1.2.3 and 0x7f000001 as addresses
        raise SiteError(f"{location}: {shown} is not a complete IPv4 address")
    return name.lower()


def host_and_port(text: str, location: str) -> tuple[str, int | None]:
    """host, host:port, [v6]:port or a bare IPv6 address. Raises SiteError; user:password@ is refused."""
    text = text.strip()
    if "@" in text:
        raise SiteError(
            f"{location}: do not put credentials here (the process list would show them); ESET components cannot use "
            "them either"
        )
    if "://" in text or "/" in text:
        raise SiteError(f"{location}: give host or host:port, not a URL")
    try:
        host, number = split_host_port(text)
    except ValueError as error:
        raise SiteError(f"{location}: {text[:60]!a} is {error}") from error
    return host_name(host, location), None if number is None else port(number, location)


def port(text: str, location: str) -> int:
    number = parse_port(text)
    if number is None:
        raise SiteError(f"{location}: {text[:20]!a} is not a port (1 to 65535)")
    return number


def site_of(*layers: tuple[str, dict[str, Any]]) -> Site:
    """Merge layers, later ones win. A layer is (location, {name: value}) with values as typed, read from TOML, or text
    from `--set`.

    Raises SiteError with every wrong value, each with its location.
    """
    values: dict[str, Any] = {}
    implied: set[str] = set()  # ports that came as host:port
    errors: list[str] = []
    for location, layer in layers:
        for name, value in layer.items():
            where = f"{location}: {name}" if location else name
            try:
                given = _one(name, value, where)
            except SiteError as error:
                errors += error.lines
                continue
            ports = given.keys() - {name}
            errors += [
                f"{where}: its port is not the {one} beside it"
                for one in ports
                if str(layer.get(one, given[one])) != str(given[one])
            ]
            if name in HOSTS and not ports and f"{name}_port" in implied:
                del values[f"{name}_port"]  # it belonged to the host that is replaced here
            implied = implied - {f"{name}_port"} - given.keys() | ports
            values |= given
    if errors:
        raise SiteError(*errors)
    site = Site(**values)
    if site.database and not site.database_kind:
        raise SiteError("database_kind: needed with a database (--database-kind mssql or mysql)")
    if site.database_kind and site.database_port is None:
        site = msgspec.structs.replace(site, database_port=DATABASE_PORTS[site.database_kind])
    return site


def value_of(name: str, value: Any, where: str) -> dict[str, Any]:
    """One value by its name, as `--set` or a file gives it: {name: value}, and the port that came with a host. Raises
    SiteError."""
    return _one(name, value, where)


def _one(name: str, value: Any, where: str) -> dict[str, Any]:
    if name not in NAMES or (name in _HIDDEN and name != "connect_to"):
        import difflib

        near = difflib.get_close_matches(name, [one for one in NAMES if one not in _HIDDEN], n=1)
        raise SiteError(f"{where}: no such site value" + (f"; did you mean {near[0]}?" if near else ""))
    if name == "connect_to":
        return {name: _redirects(value, where)}
    if name == "target":
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
            raise SiteError(f"{where}: must be a list of host names")
        return {name: tuple(dict.fromkeys(host_name(one.strip(), where) for one in given))}
    if name in HOSTS:
        if not isinstance(value, str):
            raise SiteError(f"{where}: must be a host name, not {type(value).__name__}")
        host, number = host_and_port(value, where)
        if number is None:
            return {name: host}
        if f"{name}_port" not in NAMES:
            raise SiteError(f"{where}: takes no port")
        return {name: host, f"{name}_port": number}
    return {name: _scalar(name, value, where)}


def _scalar(name: str, value: Any, where: str) -> Any:
    hint = get_type_hints(Site)[name]
    kinds = [one for one in (get_args(hint) or (hint,)) if one is not type(None)]
    if bool in kinds:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in words:
            return words[value.lower()]
        raise SiteError(f"{where}: must be true or false, not {str(value)[:20]!a}")
    if int in kinds:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise SiteError(f"{where}: must be a port")
        return port(str(value), where)
    if not isinstance(value, str):
        raise SiteError(f"{where}: must be text, not {type(value).__name__}")
    if name in CHOICES and value not in CHOICES[name]:
        raise SiteError(f"{where}: {value[:20]!a} is not one of {', '.join(CHOICES[name])}")
    if name == "product_version":
        version_tuple(value, where)
    if name == "realm" and not re.fullmatch(r"[A-Za-z0-9._-]{1,255}", value):
        raise SiteError(f"{where}: {value[:60]!a} is not a Kerberos realm")
    return value


def _redirects(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise SiteError(f'{where}: a table is needed: "host:port" = "host:port"')
    out: dict[str, str] = {}
    for source, target in value.items():
        location = f"{where}.{str(source)[:80]!a}"
        if not isinstance(target, str):
            raise SiteError(f'{location}: "host:port" is needed')
        out[_pair(str(source), location)] = _pair(target, location)
    return out


def _pair(text: str, location: str) -> str:
    host, number = host_and_port(text, location)
    if number is None:
        raise SiteError(f"{location}: {text[:60]!a} needs a port")
    return host_port(host, number)
