"""Other programs that do what a conversation of ours does, against the same server: CPU and wall seconds of one
handshake, each.

Libraries run in this process, like ours. nmap and openssl are processes: of nmap what a script adds to a scan of the
same port without one is counted; openssl makes as many new connections as it can in a second. blackbox_exporter is
asked 100 times, its clock ticks being coarse.
"""

import contextlib
import os
import resource
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

Cost = tuple[float, float]
Peer = Callable[[], Cost]
EACH = 40
_CONTEXTS: dict[str, ssl.SSLContext] = {}


def repeated(once: Callable[[], object], times: int = EACH) -> Cost:
    once()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        once()
    return (time.process_time() - cpu) / times, (time.perf_counter() - wall) / times


def _smbprotocol() -> None:
    from smbprotocol.connection import Connection

    connection = Connection(uuid.uuid4(), "10.77.5.2", 445)
    connection.connect(timeout=4)
    connection.disconnect(close=False)


def _pysmb_session() -> None:
    """Up to the challenge, as ours: the library would go on to a log-on."""
    from smb.SMBConnection import SMBConnection

    class Enough(Exception):
        pass

    class Client(SMBConnection):  # type: ignore[misc]
        def _handleSessionChallenge_SMB2(self, message: object, ntlm_token: object) -> None:
            raise Enough

    client = Client("x", "x", "BENCH", "*SMBSERVER")
    with contextlib.suppress(Enough):
        client.connect("10.77.5.2", 139, timeout=4)
    client.close()


def _pysmb_names() -> None:
    from nmb.NetBIOS import NetBIOS

    client = NetBIOS(broadcast=False)
    client.queryIPForName("10.77.5.2", timeout=4)
    client.close()


def _paramiko() -> None:
    import paramiko

    with socket.create_connection(("10.77.5.2", 22), 4) as sock:
        transport = paramiko.Transport(sock)
        transport.start_client(timeout=4)
        transport.close()


def _stdlib_tls() -> None:
    context = _CONTEXTS.setdefault("x", ssl._create_unverified_context())
    with (
        socket.create_connection(("10.77.2.2", 9980), 4) as sock,
        context.wrap_socket(sock, server_hostname="x.lab.test"),
    ):
        pass


def _children(command: list[str]) -> Cost:
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - wall


def nmap(script: str, address: str, port: int, *options: str) -> Peer:
    def measure() -> Cost:
        plain = ["nmap", "-n", "-Pn", "-p", str(port), *options, address]
        without, with_ = _children(plain), _children([*plain, "--script", script])
        return max(0.0, with_[0] - without[0]), max(0.0, with_[1] - without[1])

    return measure


def openssl(address: str, port: int) -> Peer:
    def measure() -> Cost:
        """`N connections in X real seconds`, and its CPU."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = ["openssl", "s_time", "-connect", f"{address}:{port}", "-new", "-time", "1"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        count = max(1, int(next(line for line in said.splitlines() if " real seconds" in line).split()[0]))
        return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / count, 1 / count

    return measure


_CONFIG = """modules:
  mqtt:
    prober: tcp
    tcp:
      tls: true
      tls_config: {insecure_skip_verify: true}
      query_response:
      - send: "\\x10\\x10\\x00\\x04MQTT\\x04\\x02\\x00<\\x00\\x04lab1"
  tls:
    prober: tcp
    tcp: {tls: true, tls_config: {insecure_skip_verify: true}}
  ssh:
    prober: tcp
    tcp: {query_response: [{expect: "^SSH-2.0-"}]}
  http:
    prober: http
"""


@contextlib.contextmanager
def exporter() -> Iterator[dict[str, Peer]]:
    """blackbox_exporter on loopback, one module a protocol: it sends MQTT CONNECT and cannot wait for a CONNACK, which
    has no line end."""
    program = which("prometheus-blackbox-exporter")
    if program is None:
        yield {}
        return
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "b.yml")
        config.write_text(_CONFIG)
        process = subprocess.Popen(
            [program, f"--config.file={config}", "--web.listen-address=127.0.0.1:9115"], stderr=subprocess.DEVNULL
        )

        def cpu() -> float:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        def probing(module: str, target: str, count: int = 100) -> Peer:
            def measure() -> Cost:
                before, wall = cpu(), time.perf_counter()
                for _ in range(count):
                    body = (
                        urllib.request.urlopen(
                            f"http://127.0.0.1:9115/probe?module={module}&target={target}", timeout=9
                        )
                        .read()
                        .decode()
                    )
                    assert "probe_success 1" in body, (module, body)
                return (cpu() - before) / count, (time.perf_counter() - wall) / count

            return measure

        try:
            time.sleep(1)
            yield {
                "mqtt": probing("mqtt", "10.77.6.2:8883", 300),
                "tls": probing("tls", "10.77.2.2:9980"),
                "ssh": probing("ssh", "10.77.5.2:22"),
                "http": probing("http", "http://10.77.6.2/v1/info.meta"),
            }
        finally:
            process.terminate()
            process.wait()


# protocol: the peers beside it, by what they do
PEERS: dict[str, dict[str, Peer]] = {
    "smb": {
        "smbprotocol, negotiate": lambda: repeated(_smbprotocol),
        "nmap smb-protocols": nmap("smb-protocols", "10.77.5.2", 445),
    },
    "nbss": {"pysmb, to the challenge": lambda: repeated(_pysmb_session)},
    "nbns": {
        "pysmb, node status": lambda: repeated(_pysmb_names),
        "nmap nbstat": nmap("nbstat", "10.77.5.2", 137, "-sU"),
    },
    "ssh": {
        "paramiko, key exchange": lambda: repeated(_paramiko),
        "nmap ssh2-enum-algos": nmap("ssh2-enum-algos", "10.77.5.2", 22),
    },
    "tls": {"ssl.SSLSocket, blocking": lambda: repeated(_stdlib_tls), "openssl s_time": openssl("10.77.2.2", 9980)},
    "mqtt": {"openssl s_time, TLS alone": openssl("10.77.6.2", 8883)},
    "apns": {"openssl s_time, TLS alone": openssl("10.77.6.2", 2197)},
    "ldap": {"nmap ldap-rootdse": nmap("ldap-rootdse", "10.77.4.2", 389)},
    "tds": {"nmap ms-sql-info": nmap("ms-sql-info", "10.77.3.2", 1433)},
    "mysql": {"nmap mysql-info": nmap("mysql-info", "10.77.3.2", 3306)},
    "http": {"nmap http-headers": nmap("http-headers", "10.77.6.2", 80)},
    "kerberos": {
        "nmap krb5-enum-users": nmap(
            "krb5-enum-users", "10.77.4.2", 88, "--script-args", "krb5-enum-users.realm=LAB.TEST"
        )
    },
}
if which("nmap") is None or which("openssl") is None:
    PEERS = {
        name: {label: peer for label, peer in some.items() if which(label.split()[0]) or "," in label}
        for name, some in PEERS.items()
    }
