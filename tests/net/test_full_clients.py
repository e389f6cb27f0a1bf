"""Full clients against peers that misbehave: they end in their time, in the words of stages, with little memory, and say nothing on the screen."""

import importlib
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.sessions import Credentials, admin_share
from eset_portcheck.sessions.allowance import Broke
from tests.net.memory import peak_growth

STEP_S = 1.0
WHO = Credentials("someone", "secret-word")
CLIENTS = {"smbprotocol": False, "pysmb": True}
Peer = Callable[[socket.socket], None]
PENDING = struct.pack(">I", 64) + b"\xfeSMB" + struct.pack("<HHIHHII", 64, 0, 0x103, 0, 1, 3, 0) + bytes(40)  # STATUS_PENDING to message 0
KEEP_ALIVE = b"\x85\0\0\0"


@contextmanager
def serving(peer: Peer) -> Iterator[int]:
    """The port of one that treats every connection alike."""

    def treat(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            peer(connection)

    def accept(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=treat, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def closing(connection: socket.socket) -> None:
    connection.recv(4096)


def resetting(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(words: bytes, *, pause_s: float = 0.0, endless: bool = False) -> Peer:
    def peer(connection: socket.socket) -> None:
        connection.recv(4096)
        while True:
            for piece in [words] if not pause_s else [bytes([byte]) for byte in words]:
                connection.sendall(piece)
                time.sleep(pause_s)
            if not endless:
                return silent(connection)

    return peer


PEERS: dict[str, tuple[Peer, set[Any]]] = {
    "silent": (silent, {Failure.TIMEOUT}),
    "closing": (closing, {Failure.EOF}),
    "resetting": (resetting, {"ECONNRESET"}),
    "dripping": (says(b"\0\0\0\x80" + b"\xfeSMB" * 30, pause_s=0.2), {Failure.TIMEOUT}),
    "truncating": (says(b"\0\0\0\x80\xfeSMB"), {Failure.TIMEOUT}),
    "junk": (says(b"\0\0\0\x50" + bytes(range(80))), {Failure.UNEXPECTED_BYTES}),
    "another service": (says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), {Failure.TOO_LARGE, Failure.TIMEOUT}),  # a length of 1.4 GB
    "announcing 4 GiB": (says(b"\xff\xff\xff\xff" + bytes(1000)), {Failure.TOO_LARGE, Failure.TIMEOUT}),
    "never done": (says(PENDING * 200, endless=True), {Failure.TIMEOUT, Failure.TOO_LARGE, Failure.UNEXPECTED_BYTES}),
    "keep-alives": (says(KEEP_ALIVE * 4096, endless=True), {Failure.TIMEOUT, Failure.TOO_LARGE, Failure.UNEXPECTED_BYTES}),
}


def outcome(port: int, client: str) -> tuple[Any, dict[str, Any]]:
    with pytest.raises(Broke) as broke:
        admin_share.check("127.0.0.1", port, "pc7", WHO, STEP_S, old_dialects=CLIENTS[client])
    cause = broke.value.cause
    return ("ECONNRESET" if isinstance(cause, ConnectionResetError) else cause), broke.value.facts


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("peer", PEERS)
def test_a_misbehaving_peer_ends_in_a_failure_and_in_time(client: str, peer: str, capfd: pytest.CaptureFixture[str]) -> None:
    words, expected = PEERS[peer]
    with serving(words) as port:
        started = time.monotonic()
        cause, facts = outcome(port, client)
    assert cause in expected, (cause, facts)
    assert time.monotonic() - started < 2 * STEP_S
    assert facts["client"] == client
    assert "secret" not in repr(facts)
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("words", [b"\0\x0f\xff\xff" + bytes(1 << 20), b"\xff\xff\xff\xff" + bytes(1 << 20), KEEP_ALIVE * (1 << 18), PENDING * (1 << 14)], ids=["1 MiB", "4 GiB", "keep-alives", "pending"])
def test_an_endless_peer_costs_little_memory(client: str, words: bytes) -> None:
    importlib.import_module(f"eset_portcheck.sessions.by_{client}")
    with serving(says(words, endless=True)) as port, peak_growth() as grown_bytes:
        outcome(port, client)
        assert grown_bytes() < 8 << 20


def test_a_host_that_would_get_the_password_weakly_gets_no_log_on() -> None:
    """No extended security: pysmb would answer the challenge by NTLMv1."""
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    words = bytes.fromhex("11000002000100041100000000010000000000fd0300000000000000000000000000000008")
    answer = b"\xffSMB" + struct.pack("<BIBHH8sHHHHH", 0x72, 0, 0x88, 0x4001, 0, bytes(8), 0, 0, 0, 0, 1) + words[:1] + words[1:35] + struct.pack("<H", 8) + b"12345678"

    def peer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(struct.pack(">I", len(answer)) + answer)
        heard.put(connection.recv(4096))

    with serving(peer) as port:
        cause, facts = outcome(port, "pysmb")
        assert cause is Failure.SESSION_NOT_TRIED, facts
        assert heard.get(timeout=5) == b"", "hung up without another word"
