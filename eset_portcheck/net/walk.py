"""The TTL walk: SYNs to the very port that is silent, with hop limits 1 to N, all at once; routers that let a hop limit
die name themselves.

It narrows a drop to [last router that answered, target]. Evidence, not proof: routers may stay silent, and return paths
differ. Linux only (the sender of an ICMP error is read from the socket's error queue, without root).

Sources: RFC 792 and RFC 4443 (time exceeded); ip(7) IP_TTL, IP_RECVERR.
"""

import asyncio
import socket

from eset_portcheck.model.evidence import Hop, Reject, TtlWalk
from eset_portcheck.net.clock import Clock, shorten
from eset_portcheck.net.icmp import AVAILABLE, listen_for_errors, read_errors, set_ttl

HOPS = 30
_KEPT = 4  # other answers
_TIME_EXCEEDED = {4: 11, 6: 3}


async def walk(clock: Clock, family: int, address: str, port: int, deadline_s: float) -> TtlWalk | None:
    """None where the system does not tell who sent an ICMP error."""
    if not AVAILABLE:
        return None
    started = clock.now()
    tasks = [asyncio.ensure_future(_hop(clock, family, address, port, ttl)) for ttl in range(1, HOPS + 1)]
    try:
        await asyncio.wait(tasks, timeout=deadline_s)
    finally:
        for task in tasks:
            if not task.done():
                task.cancel()
        await asyncio.wait(tasks)
    found = [task.result() for task in tasks if not task.cancelled() and task.exception() is None]
    return TtlWalk(
        address=address,
        hops=[one for one in found if isinstance(one, Hop)],
        probed=HOPS,
        duration_s=shorten(clock.now() - started),
        other=[one for one in found if isinstance(one, Reject)][:_KEPT],
        reached=[one for one in found if isinstance(one, int)][:_KEPT],
    )


async def _hop(clock: Clock, family: int, address: str, port: int, ttl: int) -> Hop | Reject | int:
    """The hop limit itself where TCP answered."""
    started = clock.now()
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        listen_for_errors(sock)
        set_ttl(sock, ttl)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
        except OSError:
            records = read_errors(sock, clock.now() - started)
            if not records:
                return ttl
            first = records[0]
            expired = first.type == _TIME_EXCEEDED[first.version] and not first.local
            return (
                Hop(ttl, first.sender, first.after_s)
                if expired
                else Reject(ttl, first.sender, first.after_s, first.type, first.code)
            )
        return ttl
