"""What a role needs of this machine's firewall, as openings; one module a notation writes them down. Pure.

An opening is as narrow as what is known: one transport and port, the addresses where they are known, any address where
only a name is. Rows that are advisory as the site is (direct ones beside a proxy) and rows beyond the page are left out
unless asked for; members of a group go together.
Source: docs/contract.md#inbound-rows.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from eset_portcheck.model.addresses import (
    IPNetwork,
    host_port,
    is_address,
    is_loopback,
    parse_host_port,
    unmapped,
    without_zone,
)
from eset_portcheck.model.plan import Check, Plan
from eset_portcheck.model.vocabulary import Direction
from eset_portcheck.texts.language import message

Addresses = Mapping[str, Sequence[str]]
UNRESOLVED = "UNRESOLVED"
NAMES = message("name resolution (not on ESET's page)")
_DNS_PORT = 53


class Opening(msgspec.Struct, frozen=True):
    """`inbound` False: from this machine to others. `addresses`: of the other end, empty for any; `name` is what they
    are of, or why they are not known.

    `ids`, `purposes` (English): of the rows that need it; `required` where one of them is. `redirects`: domains that
    the service may lead on to.
    `resolves`: it is for name resolution, which no row stands for. `sources`: addresses and networks of the near end of
    an outbound one, empty for this machine; `reasons`: codes of what failed, in a report."""

    inbound: bool
    transport: str
    port: int
    addresses: tuple[str, ...]
    name: str
    ids: tuple[str, ...]
    purposes: tuple[str, ...]
    required: bool
    redirects: tuple[str, ...] = ()
    resolves: bool = False
    sources: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def of_version(self, version: int) -> list[str]:
        """Addresses and networks of IPv4 or IPv6, none inside another."""
        found = [ipaddress.ip_network(one) for one in self.addresses]
        if version == 4:
            return [
                _short(one)
                for one in ipaddress.collapse_addresses(one for one in found if isinstance(one, ipaddress.IPv4Network))
            ]
        return [
            _short(one)
            for one in ipaddress.collapse_addresses(one for one in found if isinstance(one, ipaddress.IPv6Network))
        ]


class Needs(msgspec.Struct, frozen=True):
    """`left_out`: ids and why (a code), for rows that have no opening."""

    openings: list[Opening]
    left_out: list[tuple[str, str]]


def names(plan: Plan, redirects: Mapping[str, str], *, everything: bool = False) -> list[str]:
    """What has to be looked up to know every address that this machine connects to."""
    wanted = [
        check
        for check, reason in _judged(plan, everything=everything)
        if not reason and check.direction is Direction.OUTBOUND
    ]
    return sorted({host for check in wanted if not is_address(host := _dialled(check, redirects)[0])})


def needs(
    plan: Plan,
    known: Addresses,
    sources: Sequence[str],
    resolvers: Sequence[str],
    redirects: Mapping[str, str],
    *,
    everything: bool = False,
) -> Needs:
    """`known`: addresses of the names that were looked up, none for one that has none; `sources`: networks of the
    clients of this machine, none for any; `resolvers`: to be asked for names; `redirects`: the site's connect_to."""
    openings: list[Opening] = []
    left_out: list[tuple[str, str]] = []
    named = False
    for check, reason in _judged(plan, everything=everything):
        if reason:
            left_out.append((check.id, reason))
        elif check.direction is Direction.INBOUND:
            openings.append(_of(check, inbound=True, port=check.port, addresses=tuple(sources), name=""))
        elif check.direction is Direction.OUTBOUND:
            host, port = _dialled(check, redirects)
            named = named or not is_address(_asked(check)[0])
            if host in known and not known[host]:
                left_out.append((check.id, UNRESOLVED))
                continue
            found = (host,) if is_address(host) else tuple(known.get(host, ()))
            openings.append(_of(check, inbound=False, port=port, addresses=found, name=host))
    if named:
        openings += [_names(transport, resolvers) for transport in ("udp", "tcp")]
    return Needs(joined(openings), left_out)


def asked_from(needed: Needs, sources: Sequence[str]) -> Needs:
    """A change request speaks of all machines of these networks, not of this one alone."""
    outbound = [one if one.inbound else msgspec.structs.replace(one, sources=tuple(sources)) for one in needed.openings]
    return msgspec.structs.replace(needed, openings=outbound)


def _judged(plan: Plan, *, everything: bool) -> Iterator[tuple[Check, str]]:
    """Every row and why there is no opening for it, or nothing. A row beyond the page goes with the page's rows of its
    group."""
    page = {
        check.group.id
        for check in plan.checks
        if check.group and not check.beyond_page and not _not_needed(check, everything=everything)
    }
    for check in plan.checks:
        reason = _not_needed(check, everything=everything)
        if not reason and not everything and check.beyond_page and not (check.group and check.group.id in page):
            reason = "BEYOND_PAGE"
        yield check, reason


def _not_needed(check: Check, *, everything: bool) -> str:
    if check.skip in ("CONDITION_FALSE", "NOT_SELECTED", "RETIRED", "VALUE_MISSING"):
        return check.skip
    if check.direction is Direction.LOCAL:
        return "LOOPBACK"
    return "ADVISORY" if check.advisory and not everything else ""


def _asked(check: Check) -> tuple[str, int]:
    """The host that this machine is told to connect to: the proxy, which looks up the names behind it itself, or the
    target."""
    endpoint = check.endpoint
    return (endpoint.proxy or (endpoint.host, endpoint.port)) if endpoint else (check.target, check.port)


def _dialled(check: Check, redirects: Mapping[str, str]) -> tuple[str, int]:
    """Where it really connects to: there, or where the site file leads it."""
    host, port = _asked(check)
    return parse_host_port(redirects.get(host_port(host, port), "")) or (host, port)


def _of(check: Check, *, inbound: bool, port: int, addresses: tuple[str, ...], name: str) -> Opening:
    # what a proxy is asked for, it fetches itself, redirects too
    redirects = () if inbound or (check.endpoint is not None and check.endpoint.proxy) else check.redirects
    return Opening(
        inbound,
        check.transport.value,
        port,
        _sorted(addresses),
        name,
        (check.id,),
        (check.purpose,),
        check.required,
        redirects,
    )


def _names(transport: str, resolvers: Sequence[str]) -> Opening:
    """Beyond the page: without names nothing else works. A resolver on this machine itself asks whomever it is told
    to."""
    asked = _sorted(one for one in resolvers if is_address(one) and not is_loopback(one))
    return Opening(False, transport, _DNS_PORT, asked, "", (), (NAMES,), required=True, resolves=True)


def joined(openings: Iterable[Opening]) -> list[Opening]:
    """One opening for all rows that need the same."""
    found: dict[tuple[object, ...], Opening] = {}
    for one in openings:
        key = (one.inbound, one.transport, one.port, one.addresses, one.name, one.resolves, one.sources)
        known = found.get(key)
        if known:
            purposes = tuple(dict.fromkeys((*known.purposes, *one.purposes)))
            redirects = tuple(dict.fromkeys((*known.redirects, *one.redirects)))
            reasons = tuple(dict.fromkeys((*known.reasons, *one.reasons)))
            one = msgspec.structs.replace(
                known,
                ids=(*known.ids, *one.ids),
                purposes=purposes,
                required=known.required or one.required,
                redirects=redirects,
                reasons=reasons,
            )
        found[key] = one
    return sorted(found.values(), key=lambda one: (not one.inbound, one.port, one.transport, one.name))


def _sorted(addresses: Iterable[str]) -> tuple[str, ...]:
    """Networks in their usual form, each once; an IPv4 address in IPv6 clothes as what is on the wire. Raises
    ValueError."""
    found = set()
    for one in addresses:
        network = ipaddress.ip_network(without_zone(one))
        single = network.prefixlen == network.max_prefixlen
        found.add(ipaddress.ip_network(unmapped(network.network_address)) if single else network)
    return tuple(_short(one) for one in sorted(found, key=lambda one: (one.version, one)))


def _short(network: IPNetwork) -> str:
    return str(network) if network.num_addresses > 1 else str(network.network_address)
