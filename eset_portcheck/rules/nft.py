"""Openings for nftables: a whole default-deny filter of its own, or rules for chains that are there.

An accept ends its own base chain and no other, a drop ends all (nft(8), "CHAINS"). So a table of our own cannot open
what another one shuts: for a machine that has a filter the rules go into its chains (`TargetChains`), and the whole
filter is for a machine that has none. What IPv6 itself needs is told by type, direction and hop limit: packets from
further away than the link do not fit. Sources: nft(8); RFC 4890 4.4 (ICMPv6 that must not be dropped); RFC 4861 (hop
limit 255); RFC 3810 5 (MLD: link-local, hop limit 1); RFC 2131 4.1 and RFC 8415 7.2 (ports of DHCP).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from eset_portcheck.rules import Needs, Opening
from eset_portcheck.rules.remarks import Say, note, purpose, width
from eset_portcheck.texts.shell import posix
from eset_portcheck.texts.values import identifier

TABLE = "eset_portcheck"
MARK = "eset-portcheck rules"
NONE = "-"
FAMILIES = ("inet", "ip", "ip6")
IPTABLES_CHAINS = frozenset({"INPUT", "OUTPUT"})
_COMMENT_CHARACTERS = 120  # the kernel keeps 127
_STATE = "ct state established,related accept"
_LINK = {
    True: (
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } ip6 hoplimit 255 accept",
        "ip6 saddr fe80::/10 icmpv6 type mld-listener-query ip6 hoplimit 1 accept",
    ),
    False: (
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } ip6 hoplimit 255 accept",
        "icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } ip6 hoplimit 1 accept",
    ),
}
_DHCP = {
    True: ("udp sport 67 udp dport 68 accept", "ip6 saddr fe80::/10 udp dport 546 accept"),
    False: ("udp sport 68 udp dport 67 accept", "ip6 daddr ff02::1:2 udp dport 547 accept"),
}


class TargetChains(NamedTuple):
    """Base chains that are there already; NONE where a hook has none that shuts anything."""

    family: str
    table: str
    inward: str
    outward: str

    def checked(self) -> "TargetChains":
        """Raises ValueError where a word is no identifier: they become part of a program of awk."""
        if (
            self.family not in FAMILIES
            or not all(word == NONE or identifier(word) for word in self[1:])
            or self.table == NONE
        ):
            raise ValueError("no table and chains of nft")
        return self


class Kept(NamedTuple):
    """What stays open besides in a filter of our own: (transport, port), and whether this machine gets its addresses by
    DHCP."""

    inward: Sequence[tuple[str, int]] = ()
    outward: Sequence[tuple[str, int]] = ()
    dhcp: bool = False

    def told(self) -> list[str]:
        pairs = [
            *(f"{transport} {port} in" for transport, port in self.inward),
            *(f"{transport} {port} out" for transport, port in self.outward),
        ]
        return [*pairs, *(["dhcp"] if self.dhcp else [])]

    def rules(self, *, inbound: bool) -> list[str]:
        pairs = self.inward if inbound else self.outward
        rules = [
            *(f"{transport} dport {port} accept" for transport, port in pairs),
            *(_DHCP[inbound] if self.dhcp else ()),
        ]
        return [f'{rule} comment "{MARK}: kept open"' for rule in rules]


def whole(needed: Needs, kept: Kept, head: Iterable[str], say: Say) -> str:
    """A file for `nft -f`, which replaces what an earlier one made."""
    besides = ", ".join(kept.told())
    said = [
        say(
            "complete filter: it blocks everything that is not opened here, SSH logins too; it also keeps open: {what}"
        ).format(what=besides or "-"),
        say("other tables of this machine stay as they are; a packet passes only if all of them allow it"),
        say("undo: {command}").format(command=undo_whole()),
    ]
    lines = [
        "#!/usr/sbin/nft -f",
        *(f"# {line}" for line in head),
        *(f"# {note(line)}" for line in said),
        f"table inet {TABLE}",
        f"delete table inet {TABLE}",
        f"table inet {TABLE} {{",
        *_chain(needed, kept, say, inbound=True),
        *_chain(needed, kept, say, inbound=False),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _chain(needed: Needs, kept: Kept, say: Say, *, inbound: bool) -> list[str]:
    hook, loopback = ("input", "iif lo accept") if inbound else ("output", "oif lo accept")
    body = [
        f"type filter hook {hook} priority filter; policy drop;",
        loopback,
        _STATE,
        *_LINK[inbound],
        *kept.rules(inbound=inbound),
    ]
    for one in needed.openings:
        if one.inbound is inbound:
            body += _rules(one, say)
    return [f"  chain {hook} {{", *(f"    {line}" for line in body), "  }"]


def undo_whole() -> str:
    return posix("nft delete table inet {table}", table=TABLE)


def into(needed: Needs, chains: TargetChains, head: Iterable[str], say: Say) -> str:
    """A file for `nft -f` that puts the rules at the head of `chains`. Applied twice, they stand there
    twice."""
    lines = [
        *(f"# {line}" for line in head),
        "# " + note(say("undo: {command}").format(command=undo_into(chains.checked()))),
    ]
    for chain, inbound in ((chains.inward, True), (chains.outward, False)):
        if chain == NONE:
            continue
        put = f"insert rule {chains.family} {chains.table} {chain} "
        # each goes before what is there already, so the last here is the first there
        for one in reversed([one for one in needed.openings if one.inbound is inbound]):
            lines += _rules(one, say, family=chains.family, put=put)
        basic = [*(_LINK[inbound] if chains.family != "ip" else ()), _STATE]
        lines += [f'{put}{rule} comment "{MARK}"' for rule in basic]
    return "\n".join(lines) + "\n"


def undo_into(chains: TargetChains) -> str:
    """Takes away every rule of ours in that table. Raises ValueError as `TargetChains.checked`."""
    chains = chains.checked()
    program = f'$1=="chain"{{c=$2}} index($0,"comment \\"{MARK}"){{print'
    program += f' "delete rule {chains.family} {chains.table} "c" handle "$NF}}'
    return posix(
        "nft -a list table {family} {table} | awk {program} | nft -f -",
        family=chains.family,
        table=chains.table,
        program=program,
    )


def _rules(one: Opening, say: Say, *, family: str = "inet", put: str = "") -> list[str]:
    """None where the table's family knows none of the addresses; `put` is what stands before each rule."""
    comment = note(f"{MARK}: {purpose(one, say)}", _COMMENT_CHARACTERS).replace('"', "'").replace("\\", "?")
    end = f'{one.transport} dport {one.port} accept comment "{comment}"'
    side = "saddr" if one.inbound else "daddr"
    rules = [] if one.addresses else [end]
    for version, words in ((4, "ip"), (6, "ip6")):
        found = one.of_version(version) if family in ("inet", words) else []
        if found:
            rules.append(f"{words} {side} {found[0] if len(found) == 1 else '{ ' + ', '.join(found) + ' }'} {end}")
    # what the rule's own comment has no room for
    said = [*([purpose(one, say)] if comment.endswith("..") else []), *width(one, say)]
    return [*(f"# {note(line)}" for line in said), *(put + rule for rule in rules)] if rules else []
