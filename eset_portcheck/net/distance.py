"""How far away is whoever refused? Hop limits of answers, compared with other answers of the same address.

A RST carries no sender but its address; its remaining hop limit is found by redialling with a minimum hop limit (the
kernel discards what arrives with fewer). Other answers: ICMP port-unreachable from a closed UDP port, an echo reply, an
open planned port. Linux only. Facts, no judgement.

Sources: RFC 5082 (the mechanism, IP_MINTTL), RFC 1122 3.2.2.1 (port unreachable); ip(7), icmp(7) (ping sockets).
"""

import asyncio
import os
import socket
import struct
import sys
from collections.abc import Iterable

from eset_portcheck.model.addresses import same_address
from eset_portcheck.model.evidence import Distance, DistanceControl
from eset_portcheck.model.evidence_limits import DISTANCE
from eset_portcheck.net.clock import Clock, Expired, shorten
from eset_portcheck.net.icmp import AVAILABLE, IP_TTL, IPV6_HOPLIMIT, listen_for_errors, read_errors, set_minimum_ttl

CONTROL_UDP_PORT = 33499
REPEATS = 2  # a lost packet must not look like a discarded one
_WAIT_S = (0.2, 0.9)  # shorter than the kernel's first repetition of a SYN


class _Spent(Exception):
    """As many packets as evidence may send."""


class HopDistance:
    """Measures against one address. `rtt_s`: what the refusal took; silence is waited for accordingly."""

    def __init__(self, clock: Clock, family: int, address: str, rtt_s: float) -> None:
        self._clock = clock
        self._family = family
        self._address = address
        self._wait_s = min(max(4 * rtt_s, _WAIT_S[0]), _WAIT_S[1])
        self._left = DISTANCE

    async def measure(
        self, refused_port: int | None, planned_ports: Iterable[int], accepted_port: int | None = None
    ) -> Distance | None:
        """None where the system does not tell hop limits."""
        if not AVAILABLE:
            return None
        started = self._clock.now()
        controls = [one for one in await asyncio.gather(self._closed_udp(), self._echo()) if one]
        refused_ttl = accepted_ttl = None
        try:
            for port in list(planned_ports)[:2]:
                if port != refused_port and await self._arrives(port, 1, opened=True):
                    ttl = await self._bisect(port, opened=True, guess=controls[0].ttl if controls else None)
                    if ttl:
                        controls.append(DistanceControl("open-port", ttl, port))
            if refused_port is not None and controls:
                refused_ttl = await self._bisect(refused_port, opened=False, guess=controls[0].ttl)
            if accepted_port is not None and controls:
                accepted_ttl = await self._bisect(accepted_port, opened=True, guess=controls[0].ttl)
        except _Spent:
            pass  # what was not found with that many packets is not known
        return Distance(
            address=self._address,
            controls=controls,
            duration_s=shorten(self._clock.now() - started),
            accepted_ttl=accepted_ttl,
            refused_ttl=refused_ttl,
        )

    async def _closed_udp(self) -> DistanceControl | None:
        """One datagram to a high port that nothing should use: the target's own port-unreachable carries its hop
        limit."""
        loop = asyncio.get_running_loop()
        with socket.socket(self._family, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            listen_for_errors(sock)
            try:
                sock.connect((self._address, CONTROL_UDP_PORT))
                sock.send(b"\0")
                await self._clock.within(self._wait_s + 0.3, loop.sock_recv(sock, 1))
            except Expired:
                return None
            except OSError:
                for record in read_errors(sock, 0.0):
                    unreachable = (record.type, record.code) == ((1, 4) if record.version == 6 else (3, 3))
                    if unreachable and record.ttl and same_address(record.sender, self._address):
                        return DistanceControl("udp-port-unreachable", record.ttl, CONTROL_UDP_PORT)
        return None

    async def _echo(self) -> DistanceControl | None:
        """An echo request on a ping socket, where this user may have one."""
        if sys.platform == "win32":
            return None
        six = self._family == socket.AF_INET6
        protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
        try:
            sock = socket.socket(self._family, socket.SOCK_DGRAM, protocol)
        except OSError:
            return None
        with sock:
            sock.setblocking(False)
            listen_for_errors(sock)
            token = os.urandom(8)
            request = struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0, 1) + token
            try:
                sock.connect((self._address, 0))
                sock.send(request)
                await self._clock.within(self._wait_s + 0.3, _readable(sock))
                data, ancillary, _, _ = sock.recvmsg(256, 256)
            except (Expired, OSError):
                return None
            ttl = next(
                (struct.unpack("=i", value[:4])[0] for _, kind, value in ancillary if kind in (IP_TTL, IPV6_HOPLIMIT)),
                None,
            )
            return DistanceControl("echo", ttl) if ttl and data[8:16] == token else None

    async def _bisect(self, port: int, *, opened: bool, guess: int | None) -> int | None:
        """The largest minimum hop limit that still lets the answer in: the answer's own."""
        if guess is not None and guess < 255:
            at, above = await asyncio.gather(
                self._arrives(port, guess, opened=opened), self._arrives(port, guess + 1, opened=opened)
            )
            if at and not above:
                return guess
        low, high = 1, 255  # the answer arrives at low; unknown above high
        if not await self._arrives(port, low, opened=opened):
            return None
        while low < high:
            step = max(1, (high - low) // 4)
            tries = sorted({min(high, low + step * n) for n in (1, 2, 3, 4)})
            arrived = await asyncio.gather(*(self._arrives(port, ttl, opened=opened) for ttl in tries))
            if not arrived[0]:
                high = tries[0] - 1
                continue
            for ttl, came in zip(tries, arrived, strict=True):
                if not came:
                    high = ttl - 1
                    break
                low = ttl
        return low

    async def _arrives(self, port: int, minimum_ttl: int, *, opened: bool) -> bool:
        """Does the answer (a SYN-ACK, or a RST) still come when fewer than `minimum_ttl` hops left are discarded?"""
        for _ in range(REPEATS):
            if await self._once(port, minimum_ttl) == ("accepted" if opened else "refused"):
                return True
        return False

    async def _once(self, port: int, minimum_ttl: int) -> str:
        if not self._left:
            raise _Spent
        self._left -= 1
        with socket.socket(self._family, socket.SOCK_STREAM) as sock:
            sock.setblocking(False)
            listen_for_errors(sock)
            set_minimum_ttl(sock, minimum_ttl)
            try:
                await self._clock.within(
                    self._wait_s, asyncio.get_running_loop().sock_connect(sock, (self._address, port))
                )
            except Expired:
                return "silent"
            except ConnectionRefusedError:
                return "rejected" if read_errors(sock, 0.0) else "refused"
            except OSError:
                return "other"
            return "accepted"


async def _readable(sock: socket.socket) -> None:
    """Wait for input without taking it, so that recvmsg can see its hop limit. Unix loops only."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sock, settle)
    try:
        await ready
    finally:
        loop.remove_reader(sock)
