"""The probe does not count against this host: 150 times against a real MariaDB with its default limits, then a real
log-on from the same address.

The server counts per address, and never for 127.0.0.1: the probes come from 127.0.0.2. That counting works at all is
shown by hang-ups from 127.0.0.3, which must be blocked, else the test has proven nothing. The server has accounts of
several plug-ins, because a name that does not exist is met with the plug-in of any of them.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eset_portcheck.protocols import mysql
from eset_portcheck.wire.conversation import Exchange, Peer

pytestmark = pytest.mark.lab
PROBES = 150  # the default of max_connect_errors is 100
SERVER, PROBER, HANGER_UP = "127.0.0.1", "127.0.0.2", "127.0.0.3"
PASSWORD = "Lab-Passw0rd"
ACCOUNTS = f"FLUSH PRIVILEGES;\nCREATE USER 'era'@'%' IDENTIFIED BY '{PASSWORD}';\n"
# Nine names in ten meet one of these: wrong answers to them would reach the limit within the probes below.
ED25519 = "INSTALL SONAME 'auth_ed25519';\n" + "".join(
    f"CREATE USER 'modern{one}'@'%' IDENTIFIED VIA ed25519 USING PASSWORD('x');\n" for one in range(40)
)
Dial = Callable[[str], socket.socket]


def absent(what: str) -> None:
    text = f"NOT PROVEN HERE, {what}: that the MySQL probe does not lock a host out"
    if os.environ.get("CI"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@pytest.fixture(scope="module")
def dial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dial]:
    """Connects from an address of this host to a MariaDB of our own."""
    daemon, install = found("mariadbd"), found("mariadb-install-db")
    if daemon is None or install is None:
        absent("mariadbd or mariadb-install-db is missing")
    folder = tmp_path_factory.mktemp("db")
    common = ["--no-defaults", f"--datadir={folder / 'data'}", *(["--user=root"] if os.geteuid() == 0 else [])]
    made = subprocess.run(
        [install, *common, "--skip-test-db"], check=False, capture_output=True, text=True, timeout=120
    )
    assert made.returncode == 0, made.stdout + made.stderr
    subprocess.run(
        [daemon, *common, "--bootstrap", "--skip-networking"],
        input=accounts(daemon),
        text=True,
        check=True,
        capture_output=True,
        timeout=60,
    )
    with socket.socket() as free:
        free.bind((SERVER, 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        options = [
            f"--bind-address={SERVER}",
            f"--port={port}",
            f"--socket={folder / 's'}",
            f"--pid-file={folder / 'pid'}",
            "--innodb-buffer-pool-size=16M",
        ]
        server = subprocess.Popen([daemon, *common, *options], stdout=log, stderr=log)

    def connect(source: str) -> socket.socket:
        sock = socket.create_connection((SERVER, port), timeout=10, source_address=(source, 0))
        sock.settimeout(10)
        return sock

    try:
        wait_for(server, connect, folder / "log")
        yield connect
    finally:
        server.terminate()
        server.wait(30)


def accounts(daemon: str) -> str:
    """One account for the log-on; and, when this MariaDB brings the plug-in, some of ed25519, which counts an answer of
    the wrong length."""
    told = subprocess.run(
        [daemon, "--no-defaults", "--verbose", "--help"], capture_output=True, text=True, timeout=60
    ).stdout
    folder = next((line.split()[1] for line in told.splitlines() if line.startswith("plugin-dir ")), "")
    return ACCOUNTS + (ED25519 if Path(folder, "auth_ed25519.so").exists() else "")


def wait_for(server: "subprocess.Popen[bytes]", connect: Dial, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            with connect(SERVER) as sock:  # 127.0.0.1 is never counted
                if sock.recv(5):
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"mariadbd did not start: {log.read_text()[-1000:]}")


def probe(sock: socket.socket) -> dict[str, object]:
    exchange = Exchange(mysql.converse(Peer(host="db", port=3306, random=os.urandom)))
    while True:
        for data in exchange.out:
            sock.sendall(data)
        exchange.out.clear()
        if exchange.finished:
            return exchange.facts or {}
        if chunk := sock.recv(4096):
            exchange.receive(chunk)
        else:
            exchange.eof()


def log_on(sock: socket.socket, user: bytes, password: bytes) -> bytes:
    """A real log-on by mysql_native_password, to see whether this address may still come in: the server's last
    packet."""
    first = sock.recv(4096)
    if first[4] == 0xFF:
        return first[4:]
    rest = first[5:].partition(b"\0")[2]
    salt = rest[4:12] + rest[31:43]
    once = hashlib.sha1(password).digest()
    mask = hashlib.sha1(salt + hashlib.sha1(once).digest()).digest()
    answer = bytes(a ^ b for a, b in zip(once, mask, strict=True))
    body = (
        (0x8A201).to_bytes(4, "little")
        + bytes.fromhex("000000012d")
        + bytes(23)
        + user
        + b"\0\x14"
        + answer
        + b"mysql_native_password\0"
    )
    sock.sendall(len(body).to_bytes(3, "little") + b"\x01" + body)
    return sock.recv(4096)[4:]


def first_code(sock: socket.socket) -> int:
    """The code of an error in place of the greeting, or 0."""
    first = sock.recv(4096)
    return int.from_bytes(first[5:7], "little") if first[4:5] == b"\xff" else 0


def test_150_probes_lock_nobody_out(dial: Dial) -> None:
    seen = set()
    for _ in range(PROBES):
        with dial(PROBER) as sock:
            facts = probe(sock)
            seen.add((facts["answer"], facts.get("log_on"), facts.get("refusal")))
    assert seen <= {("greeting", "refused", 1045), ("greeting", "refused", 1698)}
    with dial(PROBER) as sock:
        assert log_on(sock, b"era", PASSWORD.encode())[:1] == b"\0"  # OK_Packet
    # the control: what the probe does not do
    for _ in range(PROBES):
        with dial(HANGER_UP) as sock:
            code = first_code(sock)
    if code != 1129:
        absent("this server does not count hang-ups (names of addresses cannot be asked for?)")
    with dial(HANGER_UP) as sock:
        facts = probe(sock)
    assert mysql.interpret(facts).reason == "MYSQL_HOST_BLOCKED"
