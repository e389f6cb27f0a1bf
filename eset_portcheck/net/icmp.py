"""The error queue: which ICMP error broke a socket, from whom, when. Linux, without root; elsewhere nothing is claimed.

Sources: ip(7) IP_RECVERR, ipv6(7) IPV6_RECVERR; struct sock_extended_err in linux/errqueue.h.
"""

import socket
import struct
import sys

from eset_portcheck.model.observation import Icmp

# Missing from the socket module; the numbers are Linux's (linux/in.h, linux/in6.h).
IP_RECVERR = 11
IP_RECVTTL = 12
IP_TTL = 2
IP_MINTTL = 21
IPV6_RECVERR = 25
IPV6_RECVHOPLIMIT = 51
IPV6_HOPLIMIT = 52
IPV6_UNICAST_HOPS = 16
IPV6_MINHOPCOUNT = 73
MSG_ERRQUEUE = 0x2000

_ORIGIN_LOCAL, _ORIGIN_ICMP, _ORIGIN_ICMP6 = 1, 2, 3
AVAILABLE = sys.platform == "linux"


def listen_for_errors(sock: socket.socket) -> None:
    """Ask the kernel to queue ICMP errors of this socket, with the TTL they came with."""
    if not AVAILABLE:
        return
    try:
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    except OSError:  # a sandbox that forbids it: the conclusion is weaker, the probe goes on
        return


def set_ttl(sock: socket.socket, ttl: int) -> None:
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_TTL, ttl)


def set_minimum_ttl(sock: socket.socket, ttl: int) -> None:
    """Packets that arrive with fewer hops left are discarded by the kernel (RFC 5082's mechanism). Before connect."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MINHOPCOUNT, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_MINTTL, ttl)


def read_errors(sock: socket.socket, after_s: float) -> list[Icmp]:
    """Everything in the queue, oldest first."""
    found: list[Icmp] = []
    if sys.platform == "win32" or not AVAILABLE:
        return found
    for _ in range(16):
        try:
            _, ancillary, _, _ = sock.recvmsg(512, 512, MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except OSError:
            break
        ttl = _ttl(ancillary)
        found.extend(record for part in ancillary if (record := _record(part, after_s, ttl)) is not None)
    return found


def _ttl(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, value in ancillary:
        if (level, kind) in ((socket.IPPROTO_IP, IP_TTL), (socket.IPPROTO_IPV6, IPV6_HOPLIMIT)) and len(value) >= 4:
            return int(struct.unpack("=i", value[:4])[0])
    return None


def _record(part: tuple[int, int, bytes], after_s: float, ttl: int | None) -> Icmp | None:
    level, kind, value = part
    if (level, kind) not in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)) or len(value) < 16:
        return None
    _, origin, icmp_type, icmp_code, _, _, _ = struct.unpack("=IBBBBII", value[:16])
    if origin not in (_ORIGIN_LOCAL, _ORIGIN_ICMP, _ORIGIN_ICMP6):
        return None
    return Icmp(
        type=icmp_type,
        code=icmp_code,
        sender=_offender(value[16:]),
        after_s=round(after_s, 4),
        version=6 if origin == _ORIGIN_ICMP6 or level == socket.IPPROTO_IPV6 else 4,
        ttl=ttl if origin != _ORIGIN_LOCAL else None,
        local=origin == _ORIGIN_LOCAL,
    )


def _offender(address: bytes) -> str | None:
    if len(address) < 8:
        return None
    family = struct.unpack("=H", address[:2])[0]
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, address[4:8])
    if family == socket.AF_INET6 and len(address) >= 24:
        return socket.inet_ntop(socket.AF_INET6, address[8:24])
    return None
