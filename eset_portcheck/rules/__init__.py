"""What a role needs of this machine's firewall, as openings; one module a notation writes them down. Pure.

An opening is as narrow as what is known: one transport and port, the addresses where they are known, any address where only a name is. Rows that are
advisory as the site is (direct ones beside a proxy) and rows beyond the page are left out unless asked for; members of a group go together.
Source: the project's contract, sections 1 and 3.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from eset_portcheck.model.plan import Check, Plan
from eset_portcheck.model.vocabulary import Direction

Addresses = Mapping[str, Sequence[str]]
_DNS_PORT = 53
_PAIR = re.compile(r"\[?(?P<host>[^\]]*)\]?:(?P<port>\d+)\Z")


class Opening(msgspec.Struct, frozen=True):
    """`inbound` False: from this machine to others. `addresses`: of the other end, empty for any; `name` is why they are not known, or what they are of.

    `ids`, `purposes`: of the rows that need it; `required` where one of them is."""

    inbound: bool
    transport: str
    port: int
    addresses: tuple[str, ...]
    name: str
    ids: tuple[str, ...]
    purposes: tuple[str, ...]
    required: bool

    def of_version(self, version: int) -> tuple[str, ...]:
        return tuple(one for one in self.addresses if ipaddress.ip_network(one).version == version)


class Needs(msgspec.Struct, frozen=True):
    """`left_out`: ids and why, for rows that have no opening."""

    openings: list[Opening]
    left_out: list[tuple[str, str]]


def needs(plan: Plan, known: Addresses, sources: Sequence[str], resolvers: Sequence[str], redirects: Mapping[str, str], *, everything: bool = False) -> Needs:
    """`known`: addresses of names; `sources`: networks of the clients of this machine, none for any; `resolvers`: to be asked for names."""
    openings: list[Opening] = []
    left_out: list[tuple[str, str]] = []
    named = False
    for check in plan.checks:
        reason = _not_needed(check, everything=everything)
        if reason:
            left_out.append((check.id, reason))
        elif check.direction is Direction.INBOUND:
            openings.append(_of(check, inbound=True, port=check.port, addresses=tuple(sources), name=""))
        elif check.direction is Direction.OUTBOUND:
            host, port = _dialled(check, redirects)
            found = (host,) if _is_address(host) else tuple(known.get(host, ()))
            named = named or not _is_address(check.target) or (check.endpoint is not None and not _is_address(check.endpoint.host))
            openings.append(_of(check, inbound=False, port=port, addresses=found, name=host))
    if named:
        openings += [_names(transport, resolvers) for transport in ("udp", "tcp")]
    return Needs(_joined(openings), left_out)


def _not_needed(check: Check, *, everything: bool) -> str:
    """Why there is no opening for a row, or nothing."""
    if check.skip in ("CONDITION_FALSE", "NOT_SELECTED", "RETIRED", "VALUE_MISSING"):
        return check.skip
    if check.direction is Direction.LOCAL:
        return "LOOPBACK"
    if not everything and check.advisory:
        return "ADVISORY"
    if not everything and check.beyond_page and check.group is None:
        return "BEYOND_PAGE"
    return ""


def _dialled(check: Check, redirects: Mapping[str, str]) -> tuple[str, int]:
    """What this machine really connects to: the proxy, the target, or where the site file leads it."""
    endpoint = check.endpoint
    host, port = (endpoint.proxy or (endpoint.host, endpoint.port)) if endpoint else (check.target, check.port)
    moved = _PAIR.match(redirects.get(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", ""))
    return (moved["host"], int(moved["port"])) if moved else (host, port)


def _of(check: Check, *, inbound: bool, port: int, addresses: tuple[str, ...], name: str) -> Opening:
    return Opening(inbound, check.transport.value, port, _sorted(addresses), name, (check.id,), (check.purpose,), check.required)


def _names(transport: str, resolvers: Sequence[str]) -> Opening:
    """Beyond the page: without names nothing else works. A resolver on this machine itself asks whomever it is told to."""
    asked = tuple(one for one in resolvers if _is_address(one) and not ipaddress.ip_address(one.split("%")[0]).is_loopback)
    return Opening(False, transport, _DNS_PORT, _sorted(asked), "resolver", ("names",), ("name resolution (beyond the page)",), True)


def _joined(openings: Iterable[Opening]) -> list[Opening]:
    """One opening for all rows that need the same."""
    found: dict[tuple[object, ...], Opening] = {}
    for one in openings:
        key = (one.inbound, one.transport, one.port, one.addresses, one.name)
        known = found.get(key)
        if known:
            purposes = tuple(dict.fromkeys((*known.purposes, *one.purposes)))
            one = msgspec.structs.replace(known, ids=(*known.ids, *one.ids), purposes=purposes, required=known.required or one.required)
        found[key] = one
    return sorted(found.values(), key=lambda one: (not one.inbound, one.port, one.transport, one.name))


def _sorted(addresses: Iterable[str]) -> tuple[str, ...]:
    """Networks in their usual form, each once. Raises ValueError."""
    found = {ipaddress.ip_network(one.split("%")[0]) for one in addresses}
    return tuple(str(one) if one.num_addresses > 1 else str(one.network_address) for one in sorted(found, key=lambda one: (one.version, one)))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return True


def printable(text: str, limit: int) -> str:
    """For comments: one line of plain ASCII that no quote or backslash ends."""
    safe = "".join(sign if sign.isascii() and sign.isprintable() and sign not in "\"\\\\'`$" else "?" for sign in text)
    return safe if len(safe) <= limit else safe[: limit - 2] + ".."
