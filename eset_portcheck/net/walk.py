"""The TTL walk: SYNs to the very port that is silent, with hop limits 1 to N, all at once; routers that let a hop limit die name themselves.

It narrows a drop to [last router that answered, target]. Evidence, not proof: routers may stay silent, and return paths differ.
Linux only (the sender of an ICMP error is read from the socket's error queue, without root).

Sources: RFC 792 and RFC 4443 (time exceeded); ip(7) IP_TTL, IP_RECVERR.
"""

import asyncio
import socket
from typing import Any

from eset_portcheck.model.observation import Evidence
from eset_portcheck.net.clock import Clock, shorten
from eset_portcheck.net.icmp import AVAILABLE, listen_for_errors, read_errors, set_ttl

HOPS = 30
_TIME_EXCEEDED = {4: 11, 6: 3}


async def walk(clock: Clock, family: int, address: str, port: int, deadline_s: float) -> Evidence | None:
    """Facts: hops [{"ttl", "from", "after_s"}], other [{"ttl", "type", "code", "from"}] (rejects), reached (hop limits that got an answer of TCP)."""
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
    hops = [one for one in found if one.get("expired")]
    facts: dict[str, Any] = {
        "hops": [{"ttl": one["ttl"], "from": one["from"], "after_s": one["after_s"]} for one in hops],
        "probed": HOPS,
        "duration_s": shorten(clock.now() - started),
    }
    if other := [one for one in found if "type" in one and not one.get("expired")]:
        facts["other"] = other[:4]
    if reached := [one["ttl"] for one in found if one.get("reached")]:
        facts["reached"] = reached[:4]
    return Evidence(kind="ttl-walk", address=address, facts=facts)


async def _hop(clock: Clock, family: int, address: str, port: int, ttl: int) -> dict[str, Any]:
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
                return {"ttl": ttl, "reached": True}
            first = records[0]
            expired = first.type == _TIME_EXCEEDED[first.version] and not first.local
            return {"ttl": ttl, "from": first.sender, "after_s": first.after_s, "expired": expired, "type": first.type, "code": first.code}
        return {"ttl": ttl, "reached": True}
