"""Openings for nftables: a whole default-deny filter of its own, or rules for a table that is there.

An accept ends its own base chain and no other (nft(8), "CHAINS"), so a table of our own cannot open what another one shuts: for a machine that has a
filter the rules go into its chains (`Place`); the whole filter is for a machine that has none.
Sources: nft(8); RFC 4890 4.4 (ICMPv6 that must not be dropped).
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from eset_portcheck.rules import Needs, Opening, printable

TABLE = "eset_portcheck"
MARK = "eset-portcheck"
_COMMENT_CHARACTERS = 120  # the kernel keeps 127
_NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } ip6 hoplimit 255 accept"


class Place(NamedTuple):
    """Base chains that are there already."""

    family: str
    table: str
    inward: str
    outward: str


def whole(needed: Needs, keep: Sequence[tuple[str, int]], head: Sequence[str]) -> str:
    """A file for `nft -f`, which replaces what an earlier one made. `keep`: (transport, port) of this machine that stay open besides."""
    inward = [*_rules(needed.openings, inbound=True), *(f'{transport} dport {port} accept comment "{MARK} kept open"' for transport, port in keep)]
    outward = _rules(needed.openings, inbound=False)
    kept = ", ".join(f"{transport} {port}" for transport, port in keep) or "nothing"
    lines = [
        "#!/usr/sbin/nft -f",
        *(f"# {line}" for line in head),
        "# A whole filter: whatever is not opened here is shut, log-ins by SSH included. Kept open besides: " + kept + ".",
        "# It shuts nothing that another table opens before, and opens nothing that another table shuts.",
        f"# Undo: {undo_whole()}",
        f"table inet {TABLE}",
        f"delete table inet {TABLE}",
        f"table inet {TABLE} {{",
        *_chain("input", "iif lo accept", inward),
        *_chain("output", "oif lo accept", outward),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _chain(hook: str, loopback: str, rules: Iterable[str]) -> list[str]:
    body = [f"type filter hook {hook} priority filter; policy drop;", loopback, "ct state established,related accept", _NEIGHBOURS, *rules]
    return [f"  chain {hook} {{", *(f"    {line}" for line in body), "  }"]


def undo_whole() -> str:
    return f"nft delete table inet {TABLE}"


def into(needed: Needs, place: Place, head: Sequence[str]) -> str:
    """A file for `nft -f` that puts the rules at the head of the chains of `place`. Applied twice, they stand there twice."""
    lines = [*(f"# {line}" for line in head), f"# Undo: {undo_into(place)}"]
    for chain, inbound in ((place.inward, True), (place.outward, False)):
        # each goes before the last, so the order is turned round
        rules = [*_rules(needed.openings, inbound=inbound)]
        lines += [f"insert rule {place.family} {place.table} {chain} {rule}" for rule in reversed(rules)]
        lines.append(f'insert rule {place.family} {place.table} {chain} {_NEIGHBOURS} comment "{MARK}"' if place.family != "ip" else "")
        lines.append(f'insert rule {place.family} {place.table} {chain} ct state established,related accept comment "{MARK}"')
    return "\n".join(line for line in lines if line) + "\n"


def undo_into(place: Place) -> str:
    """Takes away every rule of ours in that table."""
    program = (
        f'$1=="chain"{{c=$2}} index($0,"comment \\"{MARK}"){{print "delete rule {place.family} {place.table} "c" handle "$NF}}'
    )
    return f"nft -a list table {place.family} {place.table} | awk '{program}' | nft -f -"


def _rules(openings: Iterable[Opening], *, inbound: bool) -> list[str]:
    return [rule for one in openings if one.inbound is inbound for rule in _rule(one)]


def _rule(one: Opening) -> list[str]:
    """One, or one for each family of addresses."""
    said = printable(f"{MARK} {', '.join(one.ids)}: {'; '.join(one.purposes)}", _COMMENT_CHARACTERS)
    end = f'{one.transport} dport {one.port} accept comment "{said}"'
    if not one.addresses:
        return [end]
    side = "saddr" if one.inbound else "daddr"
    rules = []
    for version, family in ((4, "ip"), (6, "ip6")):
        found = [*ipaddress.collapse_addresses(map(ipaddress.ip_network, one.of_version(version)))] if version else []  # type: ignore[type-var]
        words = [str(net.network_address) if net.prefixlen == net.max_prefixlen else str(net) for net in found]
        if words:
            rules.append(f"{family} {side} {words[0] if len(words) == 1 else '{ ' + ', '.join(words) + ' }'} {end}")
    return rules
