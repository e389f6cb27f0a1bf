"""The TTL walk: SYNs to the very port that is silent, with hop limits from 1 up; routers that let a hop limit die name
themselves.

One SYN a hop limit, in waves: the next one goes out only where a router among the last of the one before answered.
Otherwise most of them would arrive at the silent port, which may be watched.

It narrows a drop to [last router that answered, target]. Evidence, not proof: routers may stay silent, and return paths
differ. Linux only (the sender of an ICMP error is read from the socket's error queue, without root).

Sources: RFC 792 and RFC 4443 (time exceeded); ip(7) IP_TTL, IP_RECVERR.
"""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

from eset_portcheck.model.evidence import Hop, Reject, TtlWalk
from eset_portcheck.model.evidence_limits import WALK
from eset_portcheck.net.clock import Clock, shorten
from eset_portcheck.net.icmp import AVAILABLE, listen_for_errors, read_errors, set_ttl

WAVES = (range(1, 6), range(6, 13), range(13, 21), range(21, WALK + 1))
WAIT_S = (0.4, 0.9)  # of a wave: shorter than the kernel's first repetition of a SYN
_NEAR = 3  # silent routers in a row end the walk
_KEPT = 4  # other answers
_TIME_EXCEEDED = {4: 11, 6: 3}


async def walk(clock: Clock, family: int, address: str, port: int, deadline_s: float) -> TtlWalk | None:
    """None where the system does not tell who sent an ICMP error."""
    if not AVAILABLE:
        return None
    started = clock.now()
    found: list[Hop | Reject | int] = []
    probed = 0
    for wave in WAVES:
        left_s = deadline_s - (clock.now() - started)
        farthest = max((one.ttl for one in found if isinstance(one, Hop)), default=0)
        if left_s < WAIT_S[0] or (probed and farthest <= probed - _NEAR) or len(found) > _hops(found):
            break
        slowest = max((one.after_s for one in found if isinstance(one, Hop)), default=0.0)
        wait_s = min(max(WAIT_S[0], 4 * slowest), WAIT_S[1], left_s)
        found += await _wave([_hop(clock, family, address, port, ttl) for ttl in wave], wait_s)
        probed = wave[-1]
    return TtlWalk(
        address=address,
        hops=[one for one in found if isinstance(one, Hop)],
        probed=probed,
        duration_s=shorten(clock.now() - started),
        other=[one for one in found if isinstance(one, Reject)][:_KEPT],
        reached=[one for one in found if isinstance(one, int)][:_KEPT],
    )


def _hops(found: list[Hop | Reject | int]) -> int:
    return sum(isinstance(one, Hop) for one in found)


async def _wave(asking: list[Coroutine[Any, Any, Hop | Reject | int]], wait_s: float) -> list[Hop | Reject | int]:
    tasks = [asyncio.ensure_future(one) for one in asking]
    try:
        await asyncio.wait(tasks, timeout=wait_s)
    finally:
        for task in tasks:
            if not task.done():
                task.cancel()
        await asyncio.wait(tasks)
    return [task.result() for task in tasks if not task.cancelled() and task.exception() is None]


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
