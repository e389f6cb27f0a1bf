"""Which way packets to an address leave this machine, and whether the next one on that way is there. Sends nothing:
the kernel is asked over netlink. Linux; elsewhere nothing is known.

Sources: rtnetlink(7) (RTM_GETROUTE, RTM_GETNEIGH); linux/rtnetlink.h (RTM_F_FIB_MATCH, RTPROT_KERNEL, RTA_*),
linux/neighbour.h (NDA_DST, NUD_*); netlink(7) for headers and alignment.
"""

import contextlib
import socket
import struct
import sys
from collections.abc import Iterable, Iterator

from eset_portcheck.model.addresses import is_ipv6, split_zone, without_zone
from eset_portcheck.model.evidence import NeighbourState, Route

_RTM_NEWNEIGH, _RTM_GETNEIGH, _RTM_NEWROUTE, _RTM_GETROUTE = 28, 30, 24, 26
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_FIB_MATCH = 0x2000
_BY_KERNEL = 2  # RTPROT_KERNEL: the network of an interface's own address
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_VIA = 1, 4, 5, 18
_NDA_DST = 1
_STATES: dict[int, NeighbourState] = {
    0x01: "incomplete", 0x02: "reachable", 0x04: "stale", 0x08: "delay", 0x10: "probe", 0x20: "failed",
}  # fmt: skip
_HEADER = struct.Struct("=IHHII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGHBOUR = struct.Struct("=BxxxiHBB")
_ATTRIBUTE = struct.Struct("=HH")
_READ_BYTES = 65536
_ANSWERS = 1024  # datagrams of a dump; more is no kernel
_DEADLINE_S = 1.0


def route_to(address: str) -> Route | None:
    """None where the kernel does not say, or there is no route."""
    if sys.platform != "linux":
        return None
    plain, zone = split_zone(address)
    family = socket.AF_INET6 if is_ipv6(plain) else socket.AF_INET
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as netlink:
            netlink.settimeout(_DEADLINE_S)
            return _route(netlink, family, socket.inet_pton(family, plain), address, zone)
    except (OSError, ValueError, struct.error):
        return None


def routes_to(addresses: Iterable[str]) -> list[Route]:
    """Those that are known, each once."""
    return [found for address in dict.fromkeys(addresses) if (found := route_to(address)) is not None]


def _route(netlink: socket.socket, family: int, packed: bytes, address: str, zone: str | None) -> Route | None:
    body = _ROUTE.pack(family, len(packed) * 8, 0, 0, 0, 0, 0, 0, _FIB_MATCH) + _attribute(_RTA_DST, packed)
    if zone:
        body += _attribute(_RTA_OIF, struct.pack("=I", socket.if_nametoindex(zone)))
    for answer in _asked(netlink, _RTM_GETROUTE, 0, body, _RTM_NEWROUTE):
        protocol = _ROUTE.unpack_from(answer)[5]
        found = dict(_attributes(answer[_ROUTE.size :]))
        gateway = _gateway(family, found)
        (index,) = struct.unpack("=I", found[_RTA_OIF][:4]) if _RTA_OIF in found else (0,)
        interface = None
        with contextlib.suppress(OSError):
            interface = socket.if_indextoname(index)
        return Route(
            address=address,
            gateway=gateway,
            interface=interface,
            connected=gateway is None and protocol == _BY_KERNEL,
            neighbour=_neighbour(netlink, gateway or without_zone(address), index),
        )
    return None


def _gateway(family: int, found: dict[int, bytes]) -> str | None:
    if _RTA_GATEWAY in found:
        return socket.inet_ntop(family, found[_RTA_GATEWAY])
    if _RTA_VIA in found:  # IPv4 by an IPv6 neighbour
        (via,) = struct.unpack_from("=H", found[_RTA_VIA])
        return socket.inet_ntop(via, found[_RTA_VIA][2:])
    return None


def _neighbour(netlink: socket.socket, address: str, index: int) -> NeighbourState | None:
    family = socket.AF_INET6 if is_ipv6(address) else socket.AF_INET
    packed = socket.inet_pton(family, address)
    told: NeighbourState | None = None
    for answer in _asked(netlink, _RTM_GETNEIGH, _NLM_F_DUMP, _NEIGHBOUR.pack(family, 0, 0, 0, 0), _RTM_NEWNEIGH):
        _, its_index, state, _, _ = _NEIGHBOUR.unpack_from(answer)
        if its_index == index and dict(_attributes(answer[_NEIGHBOUR.size :])).get(_NDA_DST) == packed:
            told = _STATES.get(state, "other")
    return told


def _asked(netlink: socket.socket, kind: int, flags: int, body: bytes, wanted: int) -> Iterator[bytes]:
    """The bodies of the answers, to the last."""
    netlink.send(_HEADER.pack(_HEADER.size + len(body), kind, _NLM_F_REQUEST | flags, 1, 0) + body)
    for _ in range(_ANSWERS):
        data, at = netlink.recv(_READ_BYTES), 0
        while at + _HEADER.size <= len(data):
            length, its_kind, *_ = _HEADER.unpack_from(data, at)
            if its_kind in (_NLMSG_DONE, _NLMSG_ERROR) or not _HEADER.size <= length <= len(data) - at:
                return
            if its_kind == wanted:
                yield data[at + _HEADER.size : at + length]
            at += (length + 3) & ~3
        if not flags & _NLM_F_DUMP:
            return


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
