"""Full clients against peers that misbehave: they end in their time, in the words of stages, with little memory, and
say nothing on the screen."""

import gc
import importlib
import queue
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.sessions import Credentials, admin_share, push_session, ssh_login
from eset_portcheck.sessions.allowance import ClientFailed
from eset_portcheck.sessions.logons import WEAK, Logons, Permit, Withheld
from eset_portcheck.standins.certificates import Authority, server_context
from tests.net.memory import peak_growth

STEP_S = 1.0  # of a peer that lets us wait
PATIENT_S = 20.0  # of one that answers: on a busy machine this takes its time
LIBRARY_S = 45.0  # the libraries' own time-outs are 60 s: who ends before, ended by ours
WHO = Credentials("someone", "secret-word")
CLIENTS = {"smbprotocol": False, "pysmb": True}
Peer = Callable[[socket.socket], None]
# STATUS_PENDING to message 0.
PENDING = struct.pack(">I", 64) + b"\xfeSMB" + struct.pack("<HHIHHII", 64, 0, 0x103, 0, 1, 3, 0) + bytes(40)
KEEP_ALIVE = b"\x85\0\0\0"
PEER = "peer of a test"
GRACE_S = 60.0


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    """Whatever a client began in threads of its own has ended with it, or shortly after."""
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + GRACE_S
    for thread in threading.enumerate():
        if thread not in before and thread.name != PEER:
            thread.join(max(0.0, end - time.monotonic()))
            assert not thread.is_alive(), thread


def permit() -> Permit:
    return Logons(allow_unsigned=True).permit("pc7", "127.0.0.1", {}, signed=False)


@contextmanager
def serving(peer: Peer) -> Iterator[int]:
    """The port of one that treats every connection alike."""

    def treat(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            peer(connection)

    def accept(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=treat, args=(server.accept()[0],), name=PEER, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=accept, args=(server,), name=PEER, daemon=True)
        accepting.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            accepting.join(GRACE_S)  # before the socket's number goes to another one


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
    "keep-alives": (
        says(KEEP_ALIVE * 4096, endless=True),
        {Failure.TIMEOUT, Failure.TOO_LARGE, Failure.UNEXPECTED_BYTES},
    ),
}


def outcome(port: int, client: str, step_s: float = STEP_S) -> tuple[Any, dict[str, Any]]:
    with pytest.raises(ClientFailed) as broke:
        admin_share.check("127.0.0.1", port, "pc7", WHO, step_s, permit(), smb1=CLIENTS[client])
    cause = broke.value.cause
    return ("ECONNRESET" if isinstance(cause, ConnectionResetError) else cause), broke.value.facts


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("peer", PEERS)
def test_a_misbehaving_peer_ends_in_a_failure_and_in_time(
    client: str, peer: str, capfd: pytest.CaptureFixture[str]
) -> None:
    words, expected = PEERS[peer]
    with serving(words) as port:
        started = time.monotonic()
        cause, facts = outcome(port, client, STEP_S if Failure.TIMEOUT in expected else PATIENT_S)
    assert cause in expected, (cause, facts)
    assert time.monotonic() - started < LIBRARY_S
    assert facts.client == client
    assert "secret" not in repr(facts)
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "words",
    [
        b"\0\x0f\xff\xff" + bytes(1 << 20),
        b"\xff\xff\xff\xff" + bytes(1 << 20),
        KEEP_ALIVE * (1 << 18),
        PENDING * (1 << 14),
    ],
    ids=["1 MiB", "4 GiB", "keep-alives", "pending"],
)
def test_an_endless_peer_costs_little_memory(client: str, words: bytes) -> None:
    importlib.import_module(f"eset_portcheck.sessions.by_{client}")
    with serving(says(words, endless=True)) as port, peak_growth() as grown_bytes:
        outcome(port, client)
        assert grown_bytes() < 8 << 20


def test_a_host_that_would_get_the_password_weakly_gets_no_log_on() -> None:
    """No extended security: pysmb would answer the challenge by NTLMv1."""
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    words = bytes.fromhex("11000002000100041100000000010000000000fd0300000000000000000000000000000008")
    answer = (
        b"\xffSMB"
        + struct.pack("<BIBHH8sHHHHH", 0x72, 0, 0x88, 0x4001, 0, bytes(8), 0, 0, 0, 0, 1)
        + words[:1]
        + words[1:35]
        + struct.pack("<H", 8)
        + b"12345678"
    )

    def peer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(struct.pack(">I", len(answer)) + answer)
        heard.put(connection.recv(4096))

    with serving(peer) as port:
        with pytest.raises(Withheld) as withheld:
            admin_share.check("127.0.0.1", port, "pc7", WHO, PATIENT_S, permit(), smb1=True)
        assert withheld.value.facts == StageDetail(why=WEAK)
        assert heard.get(timeout=PATIENT_S) == b"", "hung up without another word"


def connack_then(more: bytes, secured: ssl.SSLContext) -> Peer:
    """MQTT inside TLS: accepted (or not, when `more` is all there is), then `more` without an end."""

    def peer(connection: socket.socket) -> None:
        with secured.wrap_socket(connection, server_side=True) as tls:
            tls.recv(4096)
            while True:
                tls.sendall(more)

    return peer


SECOND_OPINIONS = {
    "silent": (silent, True),
    "closing": (closing, True),
    "resetting": (resetting, True),
    "junk": (says(bytes(range(256))), True),
    "a line without an end": (says(b"x" * 65536, endless=True), True),
    "lines without an end": (says(b"please wait\r\n" * 4096, endless=True), True),
    "a huge packet": (says(b"SSH-2.0-OpenSSH_9.2p1\r\n\x7f\xff\xff\xf8" + bytes(1 << 20), endless=True), True),
    "dripping": (says(b"SSH-2.0-OpenSSH_9.2p1\r\n" + bytes(100), pause_s=0.2), True),
}


@pytest.mark.parametrize("peer", SECOND_OPINIONS)
def test_paramiko_ends_with_an_error(peer: str, capfd: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("paramiko")
    with serving(SECOND_OPINIONS[peer][0]) as port:
        started = time.monotonic()
        with peak_growth() as grown_bytes:
            facts = ssh_login.check("127.0.0.1", port, STEP_S)
            assert grown_bytes() < 8 << 20
    assert "error" in facts, facts
    assert time.monotonic() - started < LIBRARY_S
    assert tuple(capfd.readouterr()) == ("", "")


HOLD_S = 20.0  # the flood ends it, not the end of the hold: on a busy machine half a second is no flood
MQTT = {
    "a huge packet": b"\x30\xff\xff\xff\x7f" + bytes(65536),
    "pings": b"\xd0\0" * 4096,
    "messages": b"\x30\x05\0\x01axx" * 4096,
    "accepted for ever": b"\x20\x02\0\0" * 4096,
    "junk": bytes(range(256)) * 16,
}


@pytest.mark.parametrize("words", MQTT)
def test_aiomqtt_ends_with_an_error(words: str, capfd: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("aiomqtt")
    secured = server_context(Authority().issue(["push.example"]))
    with serving(connack_then(MQTT[words], secured)) as port:
        started = time.monotonic()
        with peak_growth() as grown_bytes:
            facts = push_session.check("127.0.0.1", port, "push.example", HOLD_S, STEP_S)
            assert grown_bytes() < 8 << 20
    assert "error" in facts or "code" in facts, facts
    assert time.monotonic() - started < LIBRARY_S
    gc.collect()  # futures that nobody asked complain when they are collected
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize("peer", ["silent", "closing", "resetting", "junk", "dripping"])
def test_aiomqtt_without_tls_at_the_other_end(peer: str, capfd: pytest.CaptureFixture[str]) -> None:
    with serving(SECOND_OPINIONS[peer][0]) as port:
        started = time.monotonic()
        facts = push_session.check("127.0.0.1", port, "push.example", 0.5, STEP_S)
    assert "error" in facts, facts
    assert time.monotonic() - started < LIBRARY_S
    gc.collect()
    assert tuple(capfd.readouterr()) == ("", "")


def test_who_waits_is_woken_when_the_reader_died_between_its_last_word_and_the_clearing() -> None:
    """The library alone cleared the event that the dying reader had just set, and waited for ever."""
    from smbprotocol.connection import NtStatus

    from eset_portcheck.sessions.allowance import Allowance
    from eset_portcheck.sessions.by_smbprotocol import _Connection

    connection = _Connection("192.0.2.1", 445, Allowance(STEP_S * 30), permit())

    class Dying(threading.Event):
        def clear(self) -> None:
            connection._t_exc = ConnectionResetError(104, "reset")
            self.set()
            super().clear()

    class Open:
        connected = True

        def close(self) -> None:
            self.connected = False

    class Status:
        def get_value(self) -> int:
            return int(NtStatus.STATUS_PENDING)

    class Request:
        response_event, response_event_lock, response = Dying(), threading.Lock(), {"status": Status()}

    connection._bounded = Open()
    request = Request()
    request.response_event.set()
    told: list[OSError] = []

    def wait() -> None:
        try:
            connection.receive(request)
        except OSError as error:
            told.append(error)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(GRACE_S)
    assert not waiting.is_alive()
    assert [type(error) for error in told] == [ConnectionResetError]
