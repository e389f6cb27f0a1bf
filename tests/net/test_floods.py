"""Peers that send without getting on. Every stage ends: by what it was sent, or at its deadline; nothing of it costs
memory or the other rows' time."""

import asyncio
import ctypes
import ctypes.util
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL, crypto

from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net import name_query
from eset_portcheck.net.channel import MAX_MESSAGES, SLICE_BYTES, TlsChannel
from eset_portcheck.net.clock import Clock
from eset_portcheck.net.failure import StageFailed
from eset_portcheck.net.talk import talk
from eset_portcheck.net.tls import Contexts
from eset_portcheck.protocols import ldap
from eset_portcheck.standins.certificates import Authority, server_context
from eset_portcheck.wire import ber
from eset_portcheck.wire.conversation import Exchange, Peer
from tests.net.conftest import Dial
from tests.net.memory import peak_growth

MIB = 1 << 20
DEADLINE_S = 1.0
LATE_S = 6.0  # of a busy machine; what is looked for lasts longer, or for ever


def record(kind: int, body: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


HELLO_REQUEST = b"\0\0\0\0"  # RFC 5246 7.4.1.1: ignored while a handshake is under way
WARNING = record(21, b"\x01\x5a")  # user_canceled
FLOODS = {
    "hello-requests-packed": record(22, HELLO_REQUEST * 4096),
    "hello-requests": record(22, HELLO_REQUEST) * 1800,
    "hello-requests-and-warnings": (WARNING + record(22, HELLO_REQUEST)) * 1000,
    "warnings": WARNING * 2500,
    "empty-records": record(22, b"") * 3000,
    "change-cipher-spec": record(20, b"\x01") * 2500,
}


@contextmanager
def peer(speak: Callable[[socket.socket], None]) -> Iterator[tuple[str, int]]:
    """Every connection in a thread of its own, so that the sender never waits for our loop."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        there: list[socket.socket] = []

        def serve(sock: socket.socket) -> None:
            with suppress(OSError, ssl.SSLError, SSL.Error):
                speak(sock)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    sock = server.accept()[0]
                    there.append(sock)
                    threading.Thread(target=serve, args=(sock,), daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield server.getsockname()
        server.shutdown(socket.SHUT_RDWR)
        accepting.join(10)
        for sock in there:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


def flood(data: bytes) -> Callable[[socket.socket], None]:
    def speak(sock: socket.socket) -> None:
        sock.recv(4096)
        for _ in range(64 * MIB // len(data)):
            sock.sendall(data)

    return speak


@pytest.mark.parametrize("name", FLOODS)
async def test_records_that_lead_nowhere_end_the_stage(dial: Dial, name: str) -> None:
    with peer(flood(FLOODS[name])) as address:
        await dial("tls", address)  # what is imported for it is no growth
        with peak_growth() as grown_bytes:
            seen = await dial("tls", address, timeout_s=20.0)
            assert grown_bytes() < 4 * MIB
    broken = seen.attempts[0].failed
    assert broken is not None
    assert broken.failure in (Failure.TOO_LARGE, Failure.TLS_FAILED, Failure.TLS_ALERT)
    assert (broken.detail.received_bytes or 0) <= 64 * 1024, "given up after a few records, not after a mebibyte"


class _Endless:
    """A channel that always has the next piece of it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes:
        await asyncio.sleep(0)
        return self._data[:16384]


@pytest.mark.parametrize("name", ["hello-requests-packed", "hello-requests-and-warnings"])
async def test_our_work_for_each_turn_of_the_loop_is_bounded(name: str) -> None:
    """Counted, not timed: OpenSSL gets 2 KiB between two looks at the deadlines (a whole record once it is complete),
    and we count no further than needed."""
    channel = TlsChannel(_Endless(FLOODS[name]), Contexts().get(()), "protect.demo.example")
    handshake = asyncio.ensure_future(channel.handshake())
    turns = 0
    while not handshake.done():
        await asyncio.sleep(0)
        turns += 1
    assert isinstance(handshake.exception(), Exception)
    assert turns > 16384 // 2048 or name != "hello-requests-packed"
    assert channel.tls.messages == MAX_MESSAGES + 1
    assert channel.received_bytes <= 2 * 16384
    assert len(channel.alerts) <= 16


def issued() -> Any:
    return Authority().issue(["protect.demo.example"])


async def test_tickets_without_end_end_the_conversation(dial: Dial) -> None:
    """TLS 1.3: the handshake is over, the answer does not come."""
    context = server_context(issued())
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 5000

    def speak(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tls:
            while tls.recv(4096):
                pass

    with peer(speak) as address:
        seen = await dial("http", address, timeout_s=20.0, encrypted=True)
    broken = seen.attempts[0].failed
    assert broken is not None
    assert broken.failure is Failure.TOO_LARGE


async def test_renegotiation_without_end_ends_the_conversation(dial: Dial) -> None:
    """TLS 1.2: a HelloRequest after the handshake, and after each new handshake the next one."""
    leaf = issued()
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.use_privatekey(crypto.load_privatekey(crypto.FILETYPE_PEM, leaf.key_pem))
        context.use_certificate(crypto.load_certificate(crypto.FILETYPE_PEM, leaf.certificate_pem))
    handshakes = []

    def speak(sock: socket.socket) -> None:
        tls = SSL.Connection(context, sock)
        tls.set_accept_state()
        tls.do_handshake()
        tls.recv(4096)
        sock.settimeout(0.05)
        while True:
            if not tls.renegotiate_pending():
                handshakes.append(tls.total_renegotiations())
                tls.renegotiate()
                tls.do_handshake()  # sends the HelloRequest
            with suppress(SSL.WantReadError):
                tls.recv(4096)

    with peer(speak) as address:
        seen = await dial("http", address, timeout_s=20.0, encrypted=True)
    broken = seen.attempts[0].failed
    assert broken is not None
    assert broken.failure in (Failure.TOO_LARGE, Failure.TLS_ALERT)
    assert 2 < len(handshakes) <= MAX_MESSAGES


@pytest.mark.parametrize("requested", [0, 1], ids=["told", "asked-back"])
async def test_key_updates_without_end_end_the_conversation(dial: Dial, requested: int, tmp_path: Path) -> None:
    """TLS 1.3, RFC 8446 4.6.3. Python's ssl sends none, so OpenSSL itself is asked; a request of one makes us answer
    each."""
    lib = ctypes.CDLL(ctypes.util.find_library("ssl"))
    for name in ("TLS_server_method", "SSL_CTX_new", "SSL_new"):
        getattr(lib, name).restype = ctypes.c_void_p
    leaf = issued()
    (tmp_path / "leaf.pem").write_bytes(leaf.certificate_pem + leaf.key_pem)
    context = ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_server_method())))
    for load in (lib.SSL_CTX_use_certificate_file, lib.SSL_CTX_use_PrivateKey_file):
        assert load(context, str(tmp_path / "leaf.pem").encode(), 1) == 1
    updates = []

    def speak(sock: socket.socket) -> None:
        sock.setblocking(True)
        tls = ctypes.c_void_p(lib.SSL_new(context))
        lib.SSL_set_fd(tls, sock.fileno())
        accepted = lib.SSL_accept(tls) == 1
        while accepted and lib.SSL_key_update(tls, requested) == 1 and lib.SSL_do_handshake(tls) == 1:
            updates.append(1)

    with peer(speak) as address:
        seen = await dial("http", address, timeout_s=20.0, encrypted=True)
    broken = seen.attempts[0].failed
    assert broken is not None
    assert broken.failure in (Failure.TOO_LARGE, Failure.TLS_ALERT)  # OpenSSL itself gives up after 32 in a row
    assert len(updates) > 32


@pytest.mark.parametrize("gap_s", [0.0, 0.2])
async def test_a_handshake_in_drops_ends_at_the_deadline(dial: Dial, gap_s: float) -> None:
    """One byte a segment of a certificate that never ends; each byte is progress, and the clock does not care."""
    head = record(22, b"\x02" + (60000).to_bytes(3, "big"))

    def speak(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.recv(4096)
        pause = threading.Event()
        for byte in head + record(22, bytes(16000)) * 4:
            sock.sendall(bytes([byte]))
            pause.wait(gap_s or 0.0005)

    with peer(speak) as address:
        started = time.monotonic()
        seen = await dial("tls", address, timeout_s=DEADLINE_S)
        assert time.monotonic() - started < 3 * DEADLINE_S + LATE_S
    broken = seen.attempts[0].failed
    assert broken is not None
    assert broken.failure in (Failure.TIMEOUT, Failure.TLS_FAILED)


@pytest.mark.parametrize("protocol", ["http", "http_proxy"])
async def test_informational_answers_only_are_no_answer(dial: Dial, protocol: str) -> None:
    def speak(sock: socket.socket) -> None:
        sock.recv(4096)
        for _ in range(4096):
            sock.sendall(b"HTTP/1.1 100 \r\n\r\n" * 1000)

    with peer(speak) as address:
        seen = await dial(protocol, address, timeout_s=20.0)
    broken = seen.attempts[0].failed
    assert broken is not None
    assert broken.failure is Failure.UNEXPECTED_BYTES
    assert (broken.detail.received_bytes or 0) <= 64 * 1024


async def test_a_few_informational_answers_are_passed_over(dial: Dial) -> None:
    def speak(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5 + b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    with peer(speak) as address:
        seen = await dial("http", address, timeout_s=20.0)
    assert seen.attempts[0].failed is None
    assert seen.attempts[0].reply is not None
    assert seen.attempts[0].reply["status"] == 404


async def test_a_name_server_that_answers_other_questions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Well-formed answers with another id, as fast as they go: the deadline ends it."""
    stop = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        monkeypatch.setattr(name_query, "DNS_PORT", server.getsockname()[1])

        def answer() -> None:
            question, client = server.recvfrom(4096)
            wrong = bytes([question[0] ^ 0xFF]) + question[1:2] + b"\x81\x80" + question[4:]
            while not stop.is_set():
                server.sendto(wrong, client)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        clock = Clock()
        started = time.monotonic()
        entry, _ = await name_query.ask_server(
            clock, "127.0.0.1", "protect.demo.example", "A", DEADLINE_S, name_query.addresses
        )
        assert time.monotonic() - started < DEADLINE_S + LATE_S
        stop.set()
        await asyncio.to_thread(thread.join, 10)
    assert entry.failure is Failure.DNS_TIMEOUT


async def test_datagrams_of_others_do_not_stretch_the_stage(dial: Dial) -> None:
    """Wrong answers are counted; those of another address say nothing, and the deadline ends the wait."""
    from eset_portcheck.model.vocabulary import Transport

    stop = threading.Event()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        asked.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.2", 0))

        def answer() -> None:
            _, client = asked.recvfrom(4096)
            while not stop.is_set():
                with suppress(OSError):
                    other.sendto(b"not for you", client)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        started = time.monotonic()
        seen = await dial(
            "kerberos", asked.getsockname(), timeout_s=DEADLINE_S, transport=Transport.UDP, realm="DEMO.EXAMPLE"
        )
        assert time.monotonic() - started < DEADLINE_S + LATE_S
        stop.set()
        await asyncio.to_thread(thread.join, 10)
    broken = seen.attempts[0].failed
    assert broken is not None
    assert broken.failure is Failure.TIMEOUT


def nested(tag: int, body: bytes) -> bytes:
    return bytes([tag, 0x83]) + len(body).to_bytes(3, "big") + body


@pytest.mark.parametrize("values", [700, 2000])
async def test_a_directory_of_many_small_values_gets_a_slice_a_turn(values: int) -> None:
    """Well-formed entries cost a parser of BER far more than the peer: a message of 2,000 values took 0.4 s, and eight
    of them came in one chunk."""
    root = nested(0x30, nested(0x30, b"\x04\x0enamingContexts" + nested(0x31, b"\x04\x01x" * values)))
    message = nested(0x30, b"\x02\x01\x01" + nested(0x64, b"\x04\x00" + root))
    channel = _Endless(message * 8)
    fed: list[int] = []

    def begun(exchange: Exchange) -> None:
        receive = exchange.receive

        def counted(data: bytes) -> None:
            fed.append(len(data))
            receive(data)

        exchange.receive = counted  # type: ignore[method-assign]

    talking = asyncio.ensure_future(talk(channel, ldap.converse(Peer("protect.demo.example", 389)), begun=begun))
    turns = 0
    while not talking.done():
        await asyncio.sleep(0)
        turns += 1
    assert isinstance(talking.exception(), StageFailed)
    assert max(fed) <= SLICE_BYTES
    assert turns >= len(fed)
    with pytest.raises(ValueError, match="too many elements"):
        ber.decode(nested(0x30, b"\x04\x01x" * 2000), None)
