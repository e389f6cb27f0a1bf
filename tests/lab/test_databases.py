"""The probe of MySQL against a server with its own limits: it must never bring a server to block this host, as a bare
connect does."""

import dataclasses
import sys
from collections.abc import Iterator

import pytest

from tests.lab import topology as at
from tests.lab.expected import Expected
from tests.lab.laboratory import Lab
from tests.lab.relaying import MYSQL
from tests.lab.storage import CHECKOUT
from tests.lab.topology import PASSWORD

ROW = "server.database.tcp-3306"
CHECK = (*MYSQL, "--only", ROW)
MORE_THAN_ALLOWED = 150  # max_connect_errors is 100

PROBE = """
import os, socket, sys
from eset_portcheck.protocols import mysql
from eset_portcheck.wire.conversation import Exchange, Peer

for _ in range(int(sys.argv[2])):
    exchange = Exchange(mysql.converse(Peer(sys.argv[1], 3306, random=os.urandom)))
    with socket.create_connection((sys.argv[1], 3306), 5) as connection:
        while True:
            connection.sendall(b"".join(exchange.out))
            exchange.out = []
            if exchange.finished:
                break
            chunk = connection.recv(16384)
            exchange.receive(chunk) if chunk else exchange.eof()
    print(exchange.facts["answer"], exchange.facts.get("plugin"), exchange.facts.get("refusal", exchange.facts.get("code")))
"""
HANG_UP = """
import socket, sys
for _ in range(int(sys.argv[2])):
    socket.create_connection((sys.argv[1], 3306), 5).close()
"""


def from_agent(lab: Lab, script: str, times: int) -> list[str]:
    done = lab.exec("agent", [sys.executable, "-c", script, at.DATABASE, str(times)], cwd=CHECKOUT, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def login(lab: Lab) -> str:
    """A real client from the address that was probing."""
    done = lab.exec(
        "agent", ["mariadb", "--no-defaults", "-h", "db.lab.test", "-u", "era", f"-p{PASSWORD}", "-e", "select 'in'"]
    )
    return done.stdout + done.stderr


def as_root(lab: Lab, *command: str) -> str:
    """On the server itself, by its socket."""
    socket = lab.place.of("mariadb") / "sock"
    done = lab.exec("db", [command[0], "--no-defaults", "-u", "root", f"--socket={socket}", *command[1:]])
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="class")
def own_limits(lab: Lab) -> Iterator[None]:
    """The laboratory's MariaDB, started again without the patience that other tests need of it."""
    patient = lab.catalogue["mariadb"]
    argv = [part for part in patient.argv if not part.startswith(("--max-connect", "--connect-timeout"))]
    assert len(argv) < len(patient.argv)
    lab.servers.stop("mariadb")
    lab.catalogue["mariadb"] = dataclasses.replace(patient, argv=argv)
    lab.servers.start(["mariadb"])
    yield
    lab.servers.stop("mariadb")
    lab.catalogue["mariadb"] = patient
    lab.servers.start(["mariadb"])


class TestOwnLimits:
    def test_limits_are_the_defaults(self, lab: Lab, own_limits: None) -> None:
        """Else the test below would prove nothing."""
        shown = as_root(lab, "mariadb", "-N", "-e", "select @@max_connect_errors, @@skip_name_resolve")
        assert shown.split() == ["100", "0"]

    def test_probing_often_does_not_block_this_host(self, lab: Lab, own_limits: None) -> None:
        as_root(lab, "mariadb-admin", "flush-hosts")
        assert set(from_agent(lab, PROBE, MORE_THAN_ALLOWED)) == {"greeting mysql_native_password 1045"}
        assert "in" in login(lab).split()

    def test_nor_where_accounts_use_another_plug_in(self, lab: Lab, own_limits: None) -> None:
        """A user that does not exist is asked by the plug-in of some account that does."""
        as_root(
            lab,
            "mariadb",
            "-e",
            "install soname 'auth_ed25519'; create user strong@'%' identified via ed25519 using password('x')",
        )
        try:
            as_root(lab, "mariadb-admin", "flush-hosts")
            assert len(from_agent(lab, PROBE, MORE_THAN_ALLOWED)) == MORE_THAN_ALLOWED
            assert "in" in login(lab).split()
        finally:
            as_root(lab, "mariadb", "-e", "drop user strong@'%'; uninstall soname 'auth_ed25519'")

    def test_hanging_up_does_block_it_and_the_row_says_so(self, lab: Lab, own_limits: None) -> None:
        """The control: what a bare connect of another tool does. Then the remedy that the row names."""
        as_root(lab, "mariadb-admin", "flush-hosts")
        from_agent(lab, HANG_UP, 110)
        assert "1129" in login(lab)
        row = Expected("fail", "MYSQL_HOST_BLOCKED").holds(lab.check(*CHECK), ROW)
        assert row["attempts"][0]["reply"] == {"answer": "error", "code": 1129}
        as_root(lab, "mariadb-admin", "flush-hosts")
        Expected("pass").holds(lab.check(*CHECK), ROW)
        assert "in" in login(lab).split()


def test_too_many_connections(lab: Lab) -> None:
    with lab.fault("mysql-too-many"):
        row = Expected("fail", "MYSQL_TOO_MANY_CONNECTIONS").holds(lab.check(*CHECK), ROW)
    assert row["attempts"][0]["reply"] == {"answer": "error", "code": 1040}
    Expected("pass").holds(lab.check(*CHECK), ROW)


def test_both_databases_are_a_condition_not_a_group(lab: Lab) -> None:
    """The kind that was not chosen is not asked."""
    result = lab.check(*CHECK)
    assert [row["id"] for row in result.report["checks"] if row["verdict"] != "skip"] == [ROW]
