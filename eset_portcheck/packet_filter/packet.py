"""One packet of a flow as netfilter sees it: of each field the values that it can have. Pure.

What is not known of a packet stays open (a range, or UNKNOWN), so that a rule that asks for it can neither be said to match nor to miss.
Three things are taken for granted of a flow and its packets: the other end is another machine with a unicast address; a client takes a port
of those that systems give out today; packets leave by the interface by which their answers come in.
Sources: libnftables-json(5) for names of fields, nft(8) "PAYLOAD EXPRESSIONS", "META EXPRESSIONS", "CONNTRACK EXPRESSIONS", "FIB EXPRESSIONS".
"""

import ipaddress
from typing import Any, NamedTuple

from eset_portcheck.packet_filter.flow import Flow

Intervals = tuple[tuple[int, int], ...]


class Field(NamedTuple):
    """`kind`: interval (numbers and addresses), word, bits, exists, unknown, absent (a rule that asks for it misses), unset (an interface that
    this packet has not). `words` None: any word but those of loopback. Bits: `words` are set, `maybe` may be set, all others are not."""

    kind: str
    intervals: Intervals = ()
    words: frozenset[str] | None = frozenset()
    maybe: frozenset[str] = frozenset()


UNKNOWN, ABSENT, UNSET = Field("unknown"), Field("absent"), Field("unset")
LOOPBACK_WORDS = frozenset({"lo", "loopback"})


def _net(text: str) -> tuple[int, int]:
    network = ipaddress.ip_network(text)
    return int(network.network_address), int(network.broadcast_address)


# Unicast addresses that a client can have; 6to4 and the other transition prefixes are left out, as no client comes from them any more.
FOREIGN: dict[str, Intervals] = {
    "ipv4": ((_net("1.0.0.0/8")[0], _net("126.0.0.0/8")[1]), (_net("128.0.0.0/8")[0], _net("223.0.0.0/8")[1])),
    "ipv6": ((_net("2000::/3")[0], _net("2001::/16")[1]), (_net("2003::/16")[0], _net("2000::/3")[1]), _net("fc00::/7")),
}
_LINK_LOCAL = (_net("fe80::/10"),)
_SOLICITED = (_net("ff02::1:ff00:0/104"),)
_PROTOCOL_NAMES = {"6": "tcp", "17": "udp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp", "1": "icmp"}
PROTOCOLS = frozenset({"tcp", "udp", "ipv6-icmp"})
_NO_ENTRY = frozenset({"invalid", "untracked"})
_OF_DATA = frozenset({"psh", "fin"})


class Packet(NamedTuple):
    """`arriving`: comes from outside. `states`: what conntrack may call it. `interface` None: any but loopback. `maybe`: flags that may be set."""

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
    """All of the flow's own that must pass for it to work: its first packet, the reply, and for TCP the rest. A question by UDP is one datagram."""
    tcp = flow.transport == "tcp"
    first = _first(flow)
    known = frozenset({"established"})
    rest = first._replace(first=False, states=known, flags=frozenset({"ack"} if tcp else ()), maybe=_OF_DATA if tcp else frozenset())
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
    """The question for a link address that comes before the flow, and its answer: IPv6 asks by ICMPv6, which the same rules may drop; IPv4 by ARP,
    which has tables of its own. Whoever asks tells its own address with the question (RFC 4861 4.3, RFC 826)."""
    if not flow.neighbours:
        return []
    first = _first(flow)
    bare = first._replace(source_port=(), destination_port=(), flags=frozenset(), first=False, states=frozenset({"untracked"}), user=None)
    if first.family == "ipv4":
        asking = bare._replace(family="arp", protocol="arp")
        return [("arp", asking), ("arp", _turned(asking))]
    question = bare._replace(protocol="ipv6-icmp", source=first.source + _LINK_LOCAL, destination=_SOLICITED, cast="multicast", icmp_type="nd-neighbor-solicit")
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
    found = [ipaddress.ip_address(address.split("%")[0]) for address in addresses]
    if any(f"ipv{one.version}" != family for one in found):
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


def word(*words: str) -> Field:
    return Field("word", words=frozenset(words))


def number(*intervals: tuple[int, int]) -> Field:
    return Field("interval", tuple(intervals))


def field(left: Any, packet: Packet) -> Field:
    """What the left side of a match, in libnftables-json(5), can be for this packet."""
    if not isinstance(left, dict) or len(left) != 1:
        return UNKNOWN
    ((kind, what),) = left.items()
    read = _READ.get(kind)
    return read(what, packet) if read and isinstance(what, (dict, list)) else UNKNOWN


def _payload(what: dict[str, Any], packet: Packet) -> Field:
    protocol, name = what.get("protocol"), what.get("field")
    if protocol in ("ip", "ip6"):
        if packet.family != ("ipv4" if protocol == "ip" else "ipv6"):
            return ABSENT
        if name in ("protocol", "nexthdr"):
            return word(packet.protocol)
        if name == "hoplimit" and packet.protocol == "ipv6-icmp":
            return number((255, 255))
        return {"saddr": Field("interval", packet.source), "daddr": Field("interval", packet.destination)}.get(str(name), UNKNOWN)
    if protocol == "icmpv6" and packet.protocol == "ipv6-icmp":
        return word(packet.icmp_type) if name == "type" else UNKNOWN
    if protocol == packet.protocol or (protocol == "th" and packet.protocol in ("tcp", "udp")):
        if name == "flags":
            return Field("bits", words=packet.flags, maybe=packet.maybe)
        ports = {"sport": packet.source_port, "dport": packet.destination_port}
        return Field("interval", ports[str(name)]) if name in ports else UNKNOWN
    return UNKNOWN if protocol in ("ether", "vlan", "arp", "th", None) or "base" in what else ABSENT


def _meta(what: dict[str, Any], packet: Packet) -> Field:
    match what.get("key"):
        case "nfproto" if packet.family != "arp":
            return word(packet.family)
        case "protocol":
            return word({"ipv4": "ip", "ipv6": "ip6"}.get(packet.family, packet.family))
        case "l4proto" if packet.family != "arp":
            return word(packet.protocol)
        case "iif" | "iifname":
            return _interface(packet) if packet.arriving else UNSET
        case "oif" | "oifname":
            return UNSET if packet.arriving else _interface(packet)
        case "iiftype" | "oiftype":
            return Field("word", words=None)
        case "pkttype" if packet.arriving:
            return word(packet.cast)
        case "skuid" | "skgid" as key if packet.user is not None:
            return number((packet.user[key == "skgid"],) * 2)
    return UNKNOWN


def _interface(packet: Packet) -> Field:
    return Field("word", words=None) if packet.interface is None else word(packet.interface)


def _conntrack(what: dict[str, Any], packet: Packet) -> Field:
    if what.get("key") == "state":
        return Field("word", words=packet.states)
    if packet.states & _NO_ENTRY:
        return ABSENT if packet.states <= _NO_ENTRY else UNKNOWN  # nft's other questions miss where there is no entry
    match what.get("key"):
        case "direction":
            return word("reply" if packet.reply else "original")
        case "status":
            return Field("bits", maybe=frozenset() if packet.first else frozenset({"seen-reply", "assured", "confirmed", "snat"}))
    return UNKNOWN


def _fib(what: dict[str, Any], packet: Packet) -> Field:
    """Where an address leads: ours is local, the other end is unicast and has a route by the interface of the flow."""
    flags = what.get("flags")
    named = flags if isinstance(flags, list) else [flags]
    if packet.family == "arp" or ("saddr" in named) == ("daddr" in named):
        return UNKNOWN
    if what.get("result") == "type" and "mark" in named:
        return UNKNOWN  # a mark may lead to any table of routes
    if what.get("result") == "type":
        if packet.cast == "multicast" and "daddr" in named:
            return word("multicast")
        return word("local" if packet.arriving == ("daddr" in named) else "unicast")
    return Field("exists", words=frozenset({"true"}))


def _masked(what: list[Any], packet: Packet) -> Field:
    if len(what) != 2:
        return UNKNOWN
    inner, mask = field(what[0], packet), what[1]
    if inner.kind == "absent":
        return inner
    if inner.kind == "bits":
        names = frozenset(mask if isinstance(mask, list) else [mask]) if not isinstance(mask, int) else None
        return Field("bits", words=(inner.words or frozenset()) & names, maybe=inner.maybe & names) if names is not None else UNKNOWN
    if what[0] == {"payload": {"protocol": "ip", "field": "frag-off"}} and mask in (0x1FFF, 0x3FFF) and packet.family == "ipv4":
        return number((0, 0))  # the packets of a handshake are whole
    if inner.kind == "interval" and isinstance(mask, int) and len(inner.intervals) == 1 and inner.intervals[0][0] == inner.intervals[0][1]:
        return number((inner.intervals[0][0] & mask,) * 2)
    return UNKNOWN


def _extension(what: dict[str, Any], packet: Packet) -> Field:
    """The packets of a handshake have no extension headers."""
    if packet.family != "ipv6":
        return ABSENT
    return ABSENT if "field" in what else Field("exists", words=frozenset({"false"}))


def _tcp_option(_: dict[str, Any], packet: Packet) -> Field:
    return UNKNOWN if packet.protocol == "tcp" else ABSENT


_READ: dict[str, Any] = {
    "payload": _payload,
    "meta": _meta,
    "ct": _conntrack,
    "fib": _fib,
    "&": _masked,
    "exthdr": _extension,
    "tcp option": _tcp_option,
}
