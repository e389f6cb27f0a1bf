"""`ports` as a user meets it: real listeners on this machine, nothing sent."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from eset_portcheck import host
from eset_portcheck.diagnose.inbound import judge_inbound
from eset_portcheck.model.finding import PortHolder
from eset_portcheck.model.vocabulary import Direction, Phase, Proof
from tests.cli.conftest import Command
from tests.unit.rows import row


@pytest.fixture
def held() -> Iterator[int]:
    """A port that this very process holds on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ports"], "--role is needed"),
        (["ports", "--role", "agent"], "role agent has no port that listens on this machine"),
        (["ports", "--role", "servr"], "did you mean server?"),
        (["ports", "--role", "server", "--set", "server_port=x"], "is not a port"),
        (["ports", "--role", "server", "-o", "x.docx"], "the suffix must be one of"),
        (["ports", "--role", "server", "--timeout", "5"], "unrecognized arguments"),
    ],
)
def test_wrong_use_names_the_place(portcheck: Command, arguments: list[str], told: str) -> None:
    ended = portcheck(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_a_port_in_use_is_named_with_its_owner(portcheck: Command, held: int) -> None:
    ended = portcheck(
        "ports",
        "--role",
        "server",
        "--set",
        f"server_port={held}",
        "--set",
        f"console_port={free_port()}",
        "--format",
        "json",
    )
    rows = {one["id"]: one for one in ended.report["checks"]}
    taken = rows["server.listen.tcp-2222"]
    assert (ended.code, taken["verdict"], taken["reason"], taken["state"]) == (
        1,
        "fail",
        "PORT_IN_USE_BY_OTHER",
        "open",
    )
    process = taken["where"]["process"]
    assert (process["pid"], process["bind"], process["addresses"]) == (os.getpid(), "loopback", ["127.0.0.1"])
    assert process["since_utc"].endswith("Z")
    assert rows["server.listen.tcp-2223"]["where"] == {}
    # what was not looked at is left out, not proven
    assert {one["reason"] for one in rows.values() if one["direction"] == "outbound"} <= {
        "NOT_SELECTED",
        "CONDITION_FALSE",
    }
    assert (ended.report["run"]["command"], ended.report["summary"]["ready"]) == ("ports", False)


def test_the_role_needs_no_target_here(portcheck: Command) -> None:
    ended = portcheck("ports", "--role", "webconsole", "--set", f"webconsole_port={free_port()}", "--format", "json")
    assert ended.code in (0, 3)
    (listening,) = [one for one in ended.report["checks"] if one["direction"] == "inbound"]
    assert listening["reason"] in ("PORT_FREE", "REACH_NOT_TESTED", "INBOUND_FILTERED")


def test_the_table_says_who_where_and_since_when(portcheck: Command, held: int, tmp_path: Path) -> None:
    ended = portcheck(
        "ports", "--role", "bridge", "--set", f"proxy_port={held}", "-o", "r.json", "--ascii", COLUMNS="120"
    )
    assert ended.code == 1
    text = " ".join(ended.out.split())
    assert f"{held}/tcp" in text
    assert f"process {os.getpid()}" in text
    assert "for this machine only (loopback)" in text
    assert f"test again: eset-portcheck ports --role bridge --set proxy_port={held}" in text
    assert json.loads((tmp_path / "r.json").read_text())["run"]["command"] == "ports"


def test_exit_codes_as_in_check(portcheck: Command, held: int) -> None:
    wanted = ["ports", "--role", "bridge", "--set", f"proxy_port={held}", "-q"]
    assert portcheck(*wanted).code == 1
    assert portcheck(*wanted, "--exit-zero").code == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root gives its rights away")
def test_without_rights_a_held_port_is_neither_free_nor_somebody_elses() -> None:
    """In a process of another user: the owner is hidden, the user of the socket is not; a free port below 1024 is free,
    although it could not be bound."""
    read, write = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        held = sock.getsockname()[1]
        host.look(frozenset({held}))  # what is loaded lazily may lie where that user may not read
        child = os.fork()
        if child == 0:
            try:
                sock.close()
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                seen = host.look(frozenset({held, 997}))
                values = {
                    "id": "server.listen.tcp-2222",
                    "direction": Direction.INBOUND,
                    "target": "this-host",
                    "required": Proof.ACCEPTS,
                    "trust": None,
                }
                told = [judge_inbound(row(**values | {"port": port}), seen, Phase.PRE) for port in (held, 997)]
                holders = [one.where.process or PortHolder() for one in told]
                lines = [f"{one.reason} {by.user} {by.pid}" for one, by in zip(told, holders, strict=True)]
                os.write(write, "\n".join(lines).encode())
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        hidden, free = pipe.read().splitlines()
    assert hidden == "OWNER_NOT_VISIBLE root None"
    assert free.split()[0] in ("PORT_FREE", "REACH_NOT_TESTED")
