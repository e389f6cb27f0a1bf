"""The left side of a match, in libnftables-json(5), read for one packet: which values it can have. Pure.

Sources: nft(8) "PAYLOAD EXPRESSIONS", "META EXPRESSIONS", "CONNTRACK EXPRESSIONS", "FIB EXPRESSIONS".
"""

from typing import Any

from eset_portcheck.packet_filter.packet import ABSENT, UNKNOWN, UNSET, Field, Packet

_NO_ENTRY = frozenset({"invalid", "untracked"})


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
        return {"saddr": Field("interval", packet.source), "daddr": Field("interval", packet.destination)}.get(
            str(name), UNKNOWN
        )
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
            return Field(
                "bits", maybe=frozenset() if packet.first else frozenset({"seen-reply", "assured", "confirmed", "snat"})
            )
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
        return (
            Field("bits", words=(inner.words or frozenset()) & names, maybe=inner.maybe & names)
            if names is not None
            else UNKNOWN
        )
    if (
        what[0] == {"payload": {"protocol": "ip", "field": "frag-off"}}
        and mask in (0x1FFF, 0x3FFF)
        and packet.family == "ipv4"
    ):
        return number((0, 0))  # the packets of a handshake are whole
    if (
        inner.kind == "interval"
        and isinstance(mask, int)
        and len(inner.intervals) == 1
        and inner.intervals[0][0] == inner.intervals[0][1]
    ):
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
