"""A protocol that this package has never heard of is two files: its descriptor, registered by another distribution, and
a row of a profile."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Command

DESCRIPTOR = '''
"""Redis: PING. Sources: the Redis serialization protocol specification, "Simple strings", "Simple errors"."""

from eset_portcheck.model.params import Params
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, ReadUntil, Send
from eset_portcheck.wire.protocol import Protocol


def converse(peer: Peer) -> Conversation:
    yield Send(b"PING\\r\\n")
    line = yield ReadUntil(b"\\r\\n", 512)
    if line[:1] not in (b"+", b"-"):
        raise ValueError("neither a string nor an error")
    return {"answer": line[1:-2].decode("ascii")}


def interpret(facts: Facts) -> Meaning:
    if facts["answer"] == "PONG":
        return Meaning(Proof.PROTOCOL)
    return Meaning(Proof.PROTOCOL, findings=[("SERVICE_REFUSES", Params(answer=facts["answer"]))])


PROTOCOL = Protocol(
    name="redis",
    converse=converse,
    interpret=interpret,
    label="RESP",
    own_signatures=("redis",),
    possible_reasons=("PROTOCOL_REPLY", "SERVICE_REFUSES"),
    checked={"en": "PING is said, and the server must answer in the Redis protocol."},
)
'''
ROW = """
role = "cache"
title = "Cache host"
version = "1"
source = "a test"
runs_on = "any host"

[values]
server = { meaning = "the host", option = "--server", required = true }
server_port = { meaning = "its port", option = "--set server_port=N" }

[[requirement]]
key = "server"
port = 6379
port_value = "server_port"
transport = "tcp"
protocol = "redis"
direction = "outbound"
target = "<server>"
listener = "foreign"
proof = "protocol"
required = true
purpose = "The cache"
source = "a test"
beyond_page = false
"""


@pytest.fixture
def outside(tmp_path: Path) -> dict[str, str]:
    """The environment in which another distribution with this protocol is installed."""
    packages = tmp_path / "packages"
    (packages / "portcheck_redis-1.dist-info").mkdir(parents=True)
    (packages / "portcheck_redis.py").write_text(DESCRIPTOR)
    (packages / "portcheck_redis-1.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: portcheck-redis\nVersion: 1\n"
    )
    (packages / "portcheck_redis-1.dist-info/entry_points.txt").write_text(
        "[eset_portcheck.protocols]\nredis = portcheck_redis:PROTOCOL\n"
    )
    (tmp_path / "cache.toml").write_text(ROW)
    return {"PYTHONPATH": str(packages)}


@contextmanager
def answering(reply: Callable[[bytes], bytes]) -> Iterator[int]:
    """A server on loopback; gives its port. Every connection gets one reply to its first bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.settimeout(20)
                    peer.sendall(reply(peer.recv(64)))
                    peer.recv(64)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(20)


def row(portcheck: Command, port: int, environment: dict[str, str]) -> dict[str, object]:
    done = portcheck(
        "check",
        "--profile",
        "cache.toml",
        "--server",
        "127.0.0.1",
        "--set",
        f"server_port={port}",
        "--format",
        "json",
        "--no-detect",
        **environment,
    )
    (only,) = done.report["checks"]
    assert isinstance(only, dict)
    return only


def test_it_is_spoken(portcheck: Command, outside: dict[str, str]) -> None:
    with answering(lambda said: b"+PONG\r\n" if said == b"PING\r\n" else b"-ERR unknown command\r\n") as port:
        found = row(portcheck, port, outside)
    assert (found["id"], found["verdict"], found["reason"]) == ("cache.server.tcp-6379", "pass", "PROTOCOL_REPLY")
    assert found["proof"] == {"reached": "protocol", "required": "protocol"}


def test_another_service_is_named(portcheck: Command, outside: dict[str, str]) -> None:
    with answering(lambda _: b"SSH-2.0-x\r\n") as port:
        found = row(portcheck, port, outside)
    assert (found["verdict"], found["reason"]) == ("fail", "WRONG_PROTOCOL")


def test_its_word_stands_in_the_matrix(portcheck: Command, outside: dict[str, str]) -> None:
    with answering(lambda _: b"") as port:
        done = portcheck(
            "check",
            "--profile",
            "cache.toml",
            "--server",
            "127.0.0.1",
            "--set",
            f"server_port={port}",
            "--no-detect",
            "--ascii",
            **outside,
        )
    assert "RESP" in done.out


def test_without_it_the_row_says_so(portcheck: Command, outside: dict[str, str]) -> None:
    found = row(portcheck, 9, {})
    assert (found["verdict"], found["reason"]) == ("unproven", "NOT_BUILT")


@pytest.mark.parametrize("code", ["PROTOCOL = 'redis'\n", "1 / 0\n", "import nowhere_to_be_found\n"])
def test_what_is_no_descriptor_harms_its_own_rows_alone(
    portcheck: Command, outside: dict[str, str], tmp_path: Path, code: str
) -> None:
    (tmp_path / "packages/portcheck_redis.py").write_text(code)
    found = row(portcheck, 9, outside)
    assert (found["verdict"], found["reason"]) == ("error", "INTERNAL_ERROR")
