"""One packet of a flow as netfilter sees it: of each field the values that it can have. Pure.

What is not known of a packet stays open (a range, or UNKNOWN), so that a rule that asks for it can neither be said to
match nor to miss. Three things are taken for granted of a flow and its packets: the other end is another machine with a
unicast address; a client takes a port of those that systems give out today; packets leave by the interface by which
their answers come in. Sources: libnftables-json(5) for names of fields, nft(8) "PAYLOAD EXPRESSIONS", "META
EXPRESSIONS", "CONNTRACK EXPRESSIONS", "FIB EXPRESSIONS".
"""

import ipaddress
from typing import Any, NamedTuple

from eset_portcheck.model.addresses import family_of, require_address
from eset_portcheck.packet_filter.flow import Flow

Intervals = tuple[tuple[int, int], ...]


class Field(NamedTuple):
    """`kind`: interval (numbers and addresses), word, bits, exists, unknown, absent (a rule that asks for it misses),
    unset (an interface that this packet has not). `words` None: any word but those of loopback. Bits: `words` are set,
    `maybe` may be set, all others are not."""

    kind: str
    intervals: Intervals = ()
    words: frozenset[str] | None = frozenset()
    maybe: frozenset[str] = frozenset()


UNKNOWN, ABSENT, UNSET = Field("unknown"), Field("absent"), Field("unset")
LOOPBACK_WORDS = frozenset({"lo", "loopback"})


def _net(text: str) -> tuple[int, int]:
    network = ipaddress.ip_network(text)
    return int(network.network_address), int(network.broadcast_address)


# Unicast addresses that a client can have; 6to4 and the other transition prefixes are left out, as no client comes from
# them any more.
FOREIGN: dict[str, Intervals] = {
    "ipv4": ((_net("1.0.0.0/8")[0], _net("126.0.0.0/8")[1]), (_net("128.0.0.0/8")[0], _net("223.0.0.0/8")[1])),
    "ipv6": (
        (_net("2000::/3")[0], _net("2001::/16")[1]),
        (_net("2003::/16")[0], _net("2000::/3")[1]),
        _net("fc00::/7"),
    ),
}
_LINK_LOCAL = (_net("fe80::/10"),)
_SOLICITED = (_net("ff02::1:ff00:0/104"),)
_PROTOCOL_NAMES = {"6": "tcp", "17": "udp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp", "1": "icmp"}
PROTOCOLS = frozenset({"tcp", "udp", "ipv6-icmp"})
_OF_DATA = frozenset({"psh", "fin"})


class Packet(NamedTuple):
    """`arriving`: comes from outside. `states`: what conntrack may call it. `interface` None: any but loopback.
    `maybe`: flags that may be set."""

    family: str
    protocol: str
    arriving: bool
    source: Intervals
    destination: Intervals
    source_port: Intervals
    destination_port: Intervals
    interface: str | None
    states: frozenset[str]
    flags: frozenset[str] = frozenset()
    first: bool = False
    reply: bool = False
    icmp_type: str = ""
    cast: str = "host"
    maybe: frozenset[str] = frozenset()
    user: tuple[int, int] | None = None


def packets(flow: Flow) -> list[tuple[str, Packet]]:
    """All of the flow's own that must pass for it to work: its first packet, the reply, and for TCP the rest. A
    question by UDP is one datagram."""
    tcp = flow.transport == "tcp"
    first = _first(flow)
    known = frozenset({"established"})
    rest = first._replace(
        first=False, states=known, flags=frozenset({"ack"} if tcp else ()), maybe=_OF_DATA if tcp else frozenset()
    )
    back = _turned(rest)._replace(reply=True, user=None)
    reply = back._replace(flags=frozenset({"syn", "ack"} if tcp else ()), maybe=frozenset())
    return [("first", first), ("reply", reply), *([("rest", rest), ("rest", back)] if tcp else [])]


def _first(flow: Flow) -> Packet:
    source, destination = _ends(flow.source, flow.family), _ends(flow.destination, flow.family)
    if not flow.source and flow.destination:
        for one, _ in destination:
            source = _without(source, one)  # a packet from outside does not bear our own address
    return Packet(
        family=flow.family,
        protocol=flow.transport,
        arriving=flow.direction == "in",
        source=source,
        destination=destination,
        source_port=(flow.ports,),
        destination_port=((flow.port, flow.port),),
        interface=flow.interface,
        states=frozenset({"new"}),
        flags=frozenset({"syn"} if flow.transport == "tcp" else ()),
        first=True,
        user=None if flow.direction == "in" else flow.user,
    )


def _turned(one: Packet) -> Packet:
    return one._replace(
        arriving=not one.arriving,
        source=one.destination,
        destination=one.source,
        source_port=one.destination_port,
        destination_port=one.source_port,
    )


def neighbours(flow: Flow) -> list[tuple[str, Packet]]:
    """The question for a link address that comes before the flow, and its answer: IPv6 asks by ICMPv6, which the same
    rules may drop; IPv4 by ARP, which has tables of its own. Whoever asks tells its own address with the question (RFC
    4861 4.3, RFC 826)."""
    if not flow.neighbours:
        return []
    first = _first(flow)
    bare = first._replace(
        source_port=(), destination_port=(), flags=frozenset(), first=False, states=frozenset({"untracked"}), user=None
    )
    if first.family == "ipv4":
        asking = bare._replace(family="arp", protocol="arp")
        return [("arp", asking), ("arp", _turned(asking))]
    question = bare._replace(
        protocol="ipv6-icmp",
        source=first.source + _LINK_LOCAL,
        destination=_SOLICITED,
        cast="multicast",
        icmp_type="nd-neighbor-solicit",
    )
    answer = bare._replace(
        protocol="ipv6-icmp",
        arriving=not first.arriving,
        source=first.destination + _LINK_LOCAL,
        destination=first.source + _LINK_LOCAL,
        icmp_type="nd-neighbor-advert",
    )
    return [("neighbour-discovery", question), ("neighbour-discovery", answer)]


def _ends(addresses: tuple[str, ...], family: str) -> Intervals:
    """Raises ValueError for what is no address of the family."""
    if not addresses:
        return FOREIGN[family]
    found = [require_address(address) for address in addresses]
    if any(family_of(one) != family for one in found):
        raise ValueError(f"{addresses[0][:60]} is not of {family}")
    return tuple((int(one), int(one)) for one in found)


def _without(intervals: Intervals, one: int) -> Intervals:
    kept: list[tuple[int, int]] = []
    for low, high in intervals:
        parts = [(low, one - 1), (one + 1, high)] if low <= one <= high else [(low, high)]
        kept += [part for part in parts if part[0] <= part[1]]
    return tuple(kept)


def protocol_name(value: Any) -> str:
    """tcp for "tcp", "TCP" and 6."""
    text = str(value).lower()
    return _PROTOCOL_NAMES.get(text, text)
