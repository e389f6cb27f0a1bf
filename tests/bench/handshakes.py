"""CPU and wall of one handshake of each protocol, beside a peer that does the same against the same server in the same run.

`python -m tests.bench.handshakes` (root; builds the laboratory). Ours: dials in one process, CPU of the process. Peers: a library in the same process,
or blackbox_exporter's own CPU over as many probes. Interleaved in rounds; medians.
"""

import asyncio
import contextlib
import os
import random
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

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
EACH, ROUNDS = 40, 5


def ours(protocol: str, address: str, port: int, transport: str) -> tuple[float, float]:
    """(CPU, wall) seconds of one dial, over EACH dials one after the other."""
    from eset_portcheck import protocols
    from eset_portcheck.model.observation import TlsFacts
    from eset_portcheck.model.plan import Endpoint
    from eset_portcheck.model.vocabulary import Transport
    from eset_portcheck.net.clock import Clock
    from eset_portcheck.net.dial import Dial, Means
    from eset_portcheck.net.partners import Target
    from eset_portcheck.net.tls import Contexts

    class NoJudge:  # the judgement of chains is not part of a handshake, here as for the peers
        ready = True

        def judge(self, _der: list[bytes], name: str, _star: bool) -> TlsFacts:
            return TlsFacts(name=name)

    endpoint = Endpoint(Transport(transport), address, port, protocol, server_name="x.lab.test", path="/v1/info.meta", realm="LAB.TEST")

    async def all_of_them() -> tuple[float, float]:
        means = Means(Clock(), Contexts(), NoJudge(), 4.0)
        speaker = protocols.find(protocol)
        assert speaker is not None
        await Dial(means, endpoint, speaker, Target("ipv4", address, port)).run()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(EACH):
            attempt = await Dial(means, endpoint, speaker, Target("ipv4", address, port)).run()
            assert attempt.failed is None, attempt.failed
        return (time.process_time() - cpu) / EACH, (time.perf_counter() - wall) / EACH

    return asyncio.run(all_of_them())


def blocking(once: Callable[[], object]) -> tuple[float, float]:
    once()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(EACH):
        once()
    return (time.process_time() - cpu) / EACH, (time.perf_counter() - wall) / EACH


def smbprotocol_negotiate() -> None:
    import uuid

    from smbprotocol.connection import Connection

    connection = Connection(uuid.uuid4(), "10.77.5.2", 445)
    connection.connect(timeout=4)
    connection.disconnect(close=False)


def pysmb_node_status() -> None:
    from nmb.NetBIOS import NetBIOS

    client = NetBIOS(broadcast=False)
    client.queryIPForName("10.77.5.2", timeout=4)
    client.close()


def paramiko_kexinit() -> None:
    import socket

    import paramiko

    with socket.create_connection(("10.77.5.2", 22), 4) as sock:
        transport = paramiko.Transport(sock)
        transport.start_client(timeout=4)
        transport.close()


def stdlib_tls() -> None:
    import socket

    context = _CONTEXTS.setdefault("x", ssl._create_unverified_context())
    with socket.create_connection(("10.77.2.2", 9980), 4) as sock, context.wrap_socket(sock, server_hostname="x.lab.test"):
        pass


_CONTEXTS: dict[str, ssl.SSLContext] = {}
PEERS: dict[str, tuple[str, Callable[[], None]]] = {
    "smb": ("smbprotocol connect", smbprotocol_negotiate),
    "nbns": ("pysmb NetBIOS", pysmb_node_status),
    "ssh": ("paramiko (whole key exchange)", paramiko_kexinit),
    "tls": ("ssl.SSLSocket, blocking", stdlib_tls),
}


@contextlib.contextmanager
def exporter() -> Iterator[Callable[[], tuple[float, float]] | None]:
    """blackbox_exporter on loopback: a TCP probe with TLS that sends MQTT CONNECT (it cannot wait for a CONNACK, which has no line end); CPU from /proc."""
    program = which("prometheus-blackbox-exporter")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "b.yml")
        config.write_text(
            "modules:\n  mqtt:\n    prober: tcp\n    tcp:\n      tls: true\n      tls_config: {insecure_skip_verify: true}\n"
            "      query_response:\n      - send: \"\\x10\\x10\\x00\\x04MQTT\\x04\\x02\\x00<\\x00\\x04lab1\"\n"
        )
        process = subprocess.Popen([program, f"--config.file={config}", "--web.listen-address=127.0.0.1:9115"], stderr=subprocess.DEVNULL)
        try:
            url = "http://127.0.0.1:9115/probe?module=mqtt&target=10.77.6.2:8883"

            def cpu() -> float:
                fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
                return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

            def probes() -> tuple[float, float]:
                count = 300  # its clock ticks are coarse
                before, wall = cpu(), time.perf_counter()
                for _ in range(count):
                    body = urllib.request.urlopen(url, timeout=9).read().decode()
                    assert "probe_success 1" in body
                return (cpu() - before) / count, (time.perf_counter() - wall) / count

            time.sleep(1)
            yield probes
        finally:
            process.terminate()
            process.wait()


def inside() -> int:
    """Runs in the agent's namespace."""
    with exporter() as probes:
        jobs: dict[str, Callable[[], tuple[float, float]]] = {name: (lambda row=(name, *rest): ours(*row)) for name, *rest in PROTOCOLS}
        jobs |= {f"{name} peer": (lambda once=once: blocking(once)) for name, (_, once) in PEERS.items()}
        if probes is not None:
            jobs["mqtt peer"] = probes
        seen: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
        for _ in range(ROUNDS):
            for name in random.sample(list(jobs), len(jobs)):
                seen[name].append(jobs[name]())
    median = {name: tuple(statistics.median(column) * 1000 for column in zip(*values, strict=True)) for name, values in seen.items()}
    labels = {name: label for name, (label, _) in PEERS.items()} | {"mqtt": "blackbox_exporter, TLS and CONNECT sent"}
    for name, *_ in PROTOCOLS:
        cpu_ms, wall_ms = median[name]
        peer = median.get(f"{name} peer")
        beside = f"   {labels[name]}: {peer[0]:.2f} ms CPU, {peer[1]:.2f} ms wall; ratio {cpu_ms / peer[0]:.2f}" if peer else ""
        print(f"{name:10} {cpu_ms:6.2f} ms CPU {wall_ms:6.2f} ms wall{beside}", flush=True)
    return 0


def main() -> int:
    if "--inside" in sys.argv:
        return inside()
    lab = Lab(f"pcb{os.getpid() % 1000}")
    try:
        lab.up()
        done = lab.exec("agent", [sys.executable, "-m", "tests.bench.handshakes", "--inside"], cwd=Path(__file__).resolve().parents[2], timeout=600)
        print(done.stdout, end="")
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
        return done.returncode
    finally:
        lab.down()


if __name__ == "__main__":
    sys.exit(main())
