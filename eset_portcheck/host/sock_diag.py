"""Linux: what the kernel tells anybody of bound sockets, and /proc/net does not: is a socket on :: for IPv6 alone, and
whose is it.

Asked over netlink, on this machine only; needs no rights. Where netlink is closed (gVisor, some containers) nothing is
told, and nothing is guessed. Sources: sock_diag(7); linux/inet_diag.h (inet_diag_req_v2, inet_diag_msg,
INET_DIAG_SKV6ONLY); netlink(7) for headers and alignment.
"""

import socket
import struct
from typing import NamedTuple

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_SKV6ONLY = 11  # an attribute of sockets in LISTEN or CLOSE
# TCP_LISTEN; TCP_CLOSE, which is a UDP socket without a peer.
_STATES = {
    socket.IPPROTO_TCP: 1 << 10,
    socket.IPPROTO_UDP: 1 << 7,
}
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI48x")
_ANSWER = struct.Struct("=BBBB2s2s16s16sI8xIIIII")
_ATTRIBUTE = struct.Struct("=HH")
_READ_BYTES = 65536
_ANSWERS = 4096  # datagrams of a dump; more is no kernel
_DEADLINE_S = 2.0

Key = tuple[str, str, int]
"""(transport, address, port)"""


class Told(NamedTuple):
    """`uid`: of the user who made the socket. `v6only`: None where the kernel does not say (IPv4, or an older one)."""

    uid: int
    v6only: bool | None


def bound(ports: frozenset[int]) -> dict[Key, Told]:
    """Sockets bound to one of the ports. Raises OSError where netlink cannot be had."""
    found: dict[Key, Told] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as netlink:  # type: ignore[attr-defined,unused-ignore]
        netlink.settimeout(_DEADLINE_S)
        for family in (socket.AF_INET, socket.AF_INET6):
            for protocol, states in _STATES.items():
                body = _REQUEST.pack(family, protocol, 0, states)
                netlink.send(
                    _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0)
                    + body
                )
                for _ in range(_ANSWERS):
                    more, some = parsed(netlink.recv(_READ_BYTES), "tcp" if protocol == socket.IPPROTO_TCP else "udp")
                    found |= {key: told for key, told in some.items() if key[2] in ports}
                    if not more:
                        break
    return found


def parsed(data: bytes, transport: str) -> tuple[bool, dict[Key, Told]]:
    """(is the dump to go on, what this datagram holds). A message that is cut short ends the dump."""
    found: dict[Key, Told] = {}
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, at)
        if kind in (_NLMSG_DONE, _NLMSG_ERROR) or not _HEADER.size <= length <= len(data) - at:
            return False, found
        body = data[at + _HEADER.size : at + length]
        if kind == _SOCK_DIAG_BY_FAMILY and len(body) >= _ANSWER.size:
            family, _, _, _, port, _, source, _, _, _, _, _, uid, _ = _ANSWER.unpack_from(body)
            if family in (socket.AF_INET, socket.AF_INET6):
                address = socket.inet_ntop(family, source if family == socket.AF_INET6 else source[:4])
                key = (transport, address, int.from_bytes(port, "big"))
                earlier = found.get(key)
                told = Told(uid, _v6only(body[_ANSWER.size :]))
                # two sockets may share the place (SO_REUSEPORT); what they do not agree on is not told
                found[key] = told if earlier in (None, told) else Told(told.uid, None)
        at += (length + 3) & ~3
    return True, found


def _v6only(attributes: bytes) -> bool | None:
    at = 0
    while at + _ATTRIBUTE.size < len(attributes):
        length, kind = _ATTRIBUTE.unpack_from(attributes, at)
        if length < _ATTRIBUTE.size:
            return None
        if kind == _SKV6ONLY:
            return bool(attributes[at + _ATTRIBUTE.size])
        at += (length + 3) & ~3
    return None
