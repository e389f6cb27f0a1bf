"""Where a socket is bound, and so who can reach it before any firewall is asked. Pure.

Sources: ip(7) and ipv6(7) (INADDR_ANY, in6addr_any, IPV6_V6ONLY); RFC 4291 section 2.5.5.2 (IPv4-mapped addresses).
"""

from collections.abc import Iterable
from enum import StrEnum

from eset_portcheck.model.addresses import is_beyond_link, parse_address, unmapped
from eset_portcheck.model.host import Host, Listening


class Bind(StrEnum):
    """The addresses that a port's sockets answer on together."""

    ALL = "all"  # every address of both families
    IPV4 = "ipv4"  # every IPv4 address
    IPV6 = "ipv6"  # every IPv6 address, and no IPv4 one
    IPV6_AT_LEAST = "ipv6-at-least"  # on ::, and whether it takes IPv4 too is not told
    ADDRESS = "address"  # named addresses of this machine
    LOOPBACK = "loopback"  # this machine alone
    CONNECTION = "connection"  # none: it is the own port of a connection to somewhere


def bind(one: Listening) -> Bind:
    """An address that cannot be read counts as a named one: nothing is claimed of it."""
    address = parse_address(one.address)
    if address is None:
        return Bind.ADDRESS
    address = unmapped(address)
    if address.is_loopback:
        return Bind.LOOPBACK
    if not address.is_unspecified:
        return Bind.ADDRESS
    if address.version == 4:
        return Bind.IPV4
    return {True: Bind.IPV6, False: Bind.ALL, None: Bind.IPV6_AT_LEAST}[one.v6only]


def together(holders: Iterable[Listening]) -> Bind:
    """The widest that the sockets of one port make together: 0.0.0.0 and :: is all."""
    seen = {bind(one) for one in holders}
    if Bind.ALL in seen or (Bind.IPV4 in seen and seen & {Bind.IPV6, Bind.IPV6_AT_LEAST}):
        return Bind.ALL
    return next((one for one in (Bind.IPV4, Bind.IPV6_AT_LEAST, Bind.IPV6, Bind.ADDRESS) if one in seen), Bind.LOOPBACK)


def exposed(holders: Iterable[Listening]) -> list[str]:
    """Bound addresses that others can reach."""
    return [one.address for one in holders if bind(one) is not Bind.LOOPBACK]


def has_family(host: Host, version: int) -> bool:
    """An address of that family that others could use is on an interface that is up."""
    for interface in host.interfaces:
        for text in interface.addresses if interface.up else ():
            address = parse_address(text)
            if address is not None and address.version == version and is_beyond_link(address):
                return True
    return False
