"""What may become part of a command: parsed, of a type of its own, in an alphabet that no shell reads anything into.
Pure.

Facts, findings and reports hold text that others wrote. Whatever does not parse is no value: it never reaches a
command. Sources: RFC 4291 2.2, RFC 4007 11 (zones); RFC 1123 2.1 (host names; underscores as they are in use); nft(8),
"LEXICAL CONVENTIONS".
"""

import re
from typing import NewType

from eset_portcheck.model.addresses import LAST_PORT, is_ipv6, parse_address, split_zone

Port = NewType("Port", int)  # 1 to 65535
Address = NewType("Address", str)  # in its usual form, without a zone
Identifier = NewType("Identifier", str)  # of a table or chain of nft
HostName = NewType("HostName", str)  # no address; begins with a letter, digit or underscore

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_ZONE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,15}")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


def port(given: object) -> Port | None:
    """An integer and nothing like one: no text of digits, no truth value."""
    return Port(given) if type(given) is int and 0 < given <= LAST_PORT else None


def number(given: object) -> int | None:
    """Of a process, say: an integer above nought."""
    return given if type(given) is int and given > 0 else None


def address(given: object) -> Address | None:
    found = parse_address(given) if isinstance(given, str) else None
    return None if found is None else Address(str(found))


def host_name(given: object) -> HostName | None:
    return (
        HostName(given) if isinstance(given, str) and _HOST_NAME.fullmatch(given) and address(given) is None else None
    )


def host(given: object) -> str | None:
    """A host name, or an address, with its zone where it has one."""
    if host_name(given):
        return str(given)
    found = address(given)
    if found is None or not isinstance(given, str):
        return None
    _, zone = split_zone(given)
    if zone is None:
        return found
    return f"{found}%{zone}" if is_ipv6(found) and _ZONE.fullmatch(zone) else None


def identifier(given: object) -> Identifier | None:
    return Identifier(given) if isinstance(given, str) and _IDENTIFIER.fullmatch(given) else None


def transport(given: object) -> str | None:
    return str(given) if isinstance(given, str) and given in ("tcp", "udp") else None
