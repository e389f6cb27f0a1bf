"""IP addresses, zones and host:port as text: the only module that writes, reads and compares them. Pure.

| text | host | port |
|---|---|---|
| `protect.corp.local:2222` | protect.corp.local | 2222 |
| `192.0.2.1:2222` | 192.0.2.1 | 2222 |
| `[2001:db8::1]:2222` | 2001:db8::1 | 2222 |
| `[fe80::1%eth0]:2222` | fe80::1%eth0 | 2222 |

Only an IPv6 address stands in brackets. `2001:db8::1:443` is an address without a port: nobody can tell the two apart.
What a user types is read more strictly: `model.site` checks names and zones and says what is wrong with them.

Sources: RFC 3986 section 3.2.2 (brackets), RFC 4007 section 11 (zones), RFC 4291 sections 2.2 (text) and 2.5.5.2
(IPv4-mapped addresses).
"""

import ipaddress
import re
from functools import lru_cache
from typing import Literal

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Family = Literal["ipv4", "ipv6"]

LAST_PORT = 65535
_PORT = re.compile(r"[0-9]{1,5}")
_NAME = re.compile(r"[^\s\[\]:]{1,253}")
_LONGEST = 400  # characters of a text that may be an address: nothing longer is parsed


# Host and port


def bracketed(host: str) -> str:
    """As it stands before a port or in a URL: an IPv6 address in brackets, anything else unchanged."""
    return f"[{host}]" if ":" in host else host


def host_port(host: str, port: int) -> str:
    """ "host:port", "[v6]:port"."""
    return f"{bracketed(host)}:{port}"


def split_host_port(text: str) -> tuple[str, str | None]:
    """Host without brackets, and the text behind its colon: None without one. Neither is checked. A text with several
    colons and no bracket is a bare IPv6 address. Raises ValueError for a bracket that is not followed by its partner,
    or whose partner is followed by anything but a colon."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("not [address]:port")
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        return text, None
    host, colon, port = text.partition(":")
    return host, port if colon else None


def parse_port(text: str) -> int | None:
    """ASCII digits of 1 to 65535."""
    return int(text) if _PORT.fullmatch(text) and 1 <= int(text) <= LAST_PORT else None


def parse_host_port(text: str) -> tuple[str, int] | None:
    """What `host_port` wrote; None for anything else. In brackets there must be an IPv6 address, and outside of them
    none. Names are not checked beyond that (a report may say `<server>:2222`)."""
    if len(text) > _LONGEST:
        return None
    try:
        host, digits = split_host_port(text)
    except ValueError:
        return None
    port = parse_port(digits) if digits is not None else None
    if port is None:
        return None
    valid = is_ipv6(host) if text.startswith("[") else _NAME.fullmatch(host) is not None
    return (host, port) if valid else None


# Addresses and their zones


def split_zone(text: str) -> tuple[str, str | None]:
    """ "fe80::1%eth0" -> ("fe80::1", "eth0"); None without a zone. Neither is checked."""
    address, percent, zone = text.partition("%")
    return address, zone if percent else None


def without_zone(text: str) -> str:
    return text.partition("%")[0]


@lru_cache(maxsize=4096)
def parse_address(text: str) -> IPAddress | None:
    """The address, without its zone; None for what is none."""
    if len(text) > _LONGEST:
        return None
    try:
        return ipaddress.ip_address(without_zone(text))
    except ValueError:
        return None


def require_address(text: str) -> IPAddress:
    """The same. Raises ValueError for what is none."""
    address = parse_address(text)
    if address is None:
        raise ValueError(f"{text[:60]!a} is not an address")
    return address


@lru_cache(maxsize=4096)
def parse_network(text: str) -> IPNetwork | None:
    """An address or a network; bits behind the prefix are cleared. None for anything else, and for one with a zone."""
    if len(text) > _LONGEST or "%" in text:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def is_address(text: str) -> bool:
    return parse_address(text) is not None


def is_ipv6(text: str) -> bool:
    return isinstance(parse_address(text), ipaddress.IPv6Address)


def family_of(address: IPAddress) -> Family:
    return "ipv4" if address.version == 4 else "ipv6"


def unmapped(address: IPAddress) -> IPAddress:
    """As it is on the wire: an IPv4-mapped address (::ffff:192.0.2.1, an IPv4 peer of an IPv6 socket) is IPv4."""
    return getattr(address, "ipv4_mapped", None) or address


def canonical(text: str) -> str:
    """An address in its shortest form, unmapped and without its zone; a name in lower case without its final dot. Two
    texts that mean the same host by the same name or address have the same form."""
    address = parse_address(text)
    return str(unmapped(address)) if address is not None else without_zone(text).lower().rstrip(".")


def same_address(first: str | None, second: str | None) -> bool:
    """Are both the same address, zones aside? What is no address is the same as nothing."""
    one, other = parse_address(first or ""), parse_address(second or "")
    return one is not None and other is not None and unmapped(one) == unmapped(other)


def is_loopback(text: str) -> bool:
    """127.0.0.0/8 and ::1, mapped ones too; False for what is no address."""
    address = parse_address(text)
    return address is not None and unmapped(address).is_loopback


def is_beyond_link(address: IPAddress) -> bool:
    """Neither loopback nor link-local: another network can address it."""
    return not (address.is_loopback or address.is_link_local)
