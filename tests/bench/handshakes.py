"""CPU and wall of one handshake of each protocol, beside a peer that does the same against the same server in the same
run.

`python -m tests.bench.handshakes` (root; builds the laboratory). Ours: dials in one process, CPU of the process. Peers:
tests/bench/peers.py. Interleaved in rounds; medians.
"""

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.peers import EACH, PEERS, Cost, exporter
from tests.lab.laboratory import Lab

PROTOCOLS = [
    ("tls", "10.77.2.2", 9980, "tcp"),
    ("mqtt", "10.77.6.2", 8883, "tcp"),
    ("http", "10.77.6.2", 80, "tcp"),
    ("smb", "10.77.5.2", 445, "tcp"),
    ("nbss", "10.77.5.2", 139, "tcp"),
    ("nbns", "10.77.5.2", 137, "udp"),
    ("kerberos", "10.77.4.2", 88, "udp"),
    ("ldap", "10.77.4.2", 389, "tcp"),
    ("tds", "10.77.3.2", 1433, "tcp"),
    ("mysql", "10.77.3.2", 3306, "tcp"),
    ("ssh", "10.77.5.2", 22, "tcp"),
    ("apns", "10.77.6.2", 2197, "tcp"),
]
ROUNDS = 5


def ours(protocol: str, address: str, port: int, transport: str) -> tuple[float, float]:
    """(CPU, wall) seconds of one dial, over EACH dials one after the other."""
    from eset_portcheck import protocols
    from eset_portcheck.model.observation import TlsFacts
    from eset_portcheck.model.plan import Endpoint
    from eset_portcheck.model.vocabulary import Transport
    from eset_portcheck.net.clock import Clock
    from eset_portcheck.net.dial import Dial
    from eset_portcheck.net.interfaces import DialContext, Target
    from eset_portcheck.net.tls import Contexts

    class NoJudge:  # the judgement of chains is not part of a handshake, here as for the peers
        ready = True

        def judge(self, _der: list[bytes], name: str, _star: bool) -> TlsFacts:
            return TlsFacts(name=name)

    endpoint = Endpoint(
        Transport(transport), address, port, protocol, server_name="x.lab.test", path="/v1/info.meta", realm="LAB.TEST"
    )

    async def all_of_them() -> tuple[float, float]:
        context = DialContext(Clock(), Contexts(), NoJudge(), 4.0)
        known = protocols.find(protocol)
        assert known is not None
        await Dial(context, endpoint, known, Target("ipv4", address, port)).run()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(EACH):
            attempt = await Dial(context, endpoint, known, Target("ipv4", address, port)).run()
            assert attempt.failed is None, attempt.failed
        return (time.process_time() - cpu) / EACH, (time.perf_counter() - wall) / EACH

    return asyncio.run(all_of_them())


def inside() -> int:
    """Runs in the agent's namespace."""
    with exporter() as probes:
        jobs: dict[tuple[str, str], Callable[[], Cost]] = {
            (name, ""): (lambda row=(name, *rest): ours(*row)) for name, *rest in PROTOCOLS
        }
        jobs |= {(name, label): peer for name, some in PEERS.items() for label, peer in some.items()}
        jobs |= {(name, "blackbox_exporter"): peer for name, peer in probes.items()}
        seen: dict[tuple[str, str], list[Cost]] = {job: [] for job in jobs}
        for _ in range(ROUNDS):
            for job in random.sample(list(jobs), len(jobs)):
                seen[job].append(jobs[job]())
    median = {
        job: tuple(statistics.median(column) * 1000 for column in zip(*values, strict=True))
        for job, values in seen.items()
    }
    print(f"{'protocol':10} {'CPU ms':>8} {'wall ms':>8}   peer, its CPU ms and wall ms; ratio of CPU")
    for name, *_ in PROTOCOLS:
        cpu_ms, wall_ms = median[name, ""]
        beside = [(label, *cost) for (of, label), cost in median.items() if of == name and label]
        print(f"{name:10} {cpu_ms:8.2f} {wall_ms:8.2f}", flush=True)
        for label, cpu, wall in beside:
            print(
                f"{'':10} {'':8} {'':8}   {label:28} {cpu:8.2f} {wall:8.2f}   {cpu_ms / cpu if cpu else float('inf'):6.2f}",
                flush=True,
            )
    return 0


def main() -> int:
    if "--inside" in sys.argv:
        return inside()
    lab = Lab(f"pcb{os.getpid() % 1000}")
    try:
        lab.up()
        done = lab.exec(
            "agent",
            [sys.executable, "-m", "tests.bench.handshakes", "--inside"],
            cwd=Path(__file__).resolve().parents[2],
            timeout=1200,
        )
        print(done.stdout, end="")
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
        return done.returncode
    finally:
        lab.down()


if __name__ == "__main__":
    sys.exit(main())
