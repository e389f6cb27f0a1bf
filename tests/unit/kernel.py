"""The kernel as judge of predictions: two namespaces joined by a cable, rules loaded into one, and real connections
tried. Needs root.

Nothing here is concluded from lateness. All that one attempt sends and provokes goes through the packet queue of one
processor, in order; so a frame sent after it, of a kind that no rule looks at, proves on its arrival that the packets
before it were judged. What is not there then, was dropped.
"""

import contextlib
import ctypes
import errno
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from eset_portcheck.host import nftables
from tests.unit.test_firewall import HOST, PEER, Ask

T = TypeVar("T")
LOADERS = {
    ".nft": ["nft", "-f", "-"],
    ".iptables-nft": ["iptables-nft-restore"],
    ".iptables-legacy": ["iptables-legacy-restore"],
    ".ip6tables-nft": ["ip6tables-nft-restore"],
}
COMMAND_S = 120  # of a busy machine; a rule set takes 0.1 s
FRAME_S = 60
# an address question, its answer, the packet that waited for it, the answer to that: each may take a way of its own
CROSSINGS = 4
ALL_KINDS, OUTGOING = 0x0003, 4  # linux/if_ether.h, linux/if_packet.h
# To all, of a kind for local experiments (IEEE 802, EtherType 0x88B5)
MARK = b"\xff" * 6 + b"\x02" + bytes(5) + b"\x88\xb5"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # nothing of it stays for the next question
REJECTED = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.EACCES)


class NotMeasured(Exception):
    """The cable did not carry what proves that the packets before it were judged: no answer, whatever was predicted."""


def inside(namespace: str, act: Callable[[], T], user: tuple[int, int] | None = None) -> T:
    """Run in a thread that has moved into the namespace; its files and sockets belong to `user`."""
    found: list[T] = []
    errors: list[BaseException] = []

    def moved() -> None:
        try:
            with Path(f"/run/netns/{namespace}").open() as file:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(file.fileno(), 0x40000000):
                    raise OSError(ctypes.get_errno(), "setns")
            if user is not None:  # of this thread alone
                libc.setfsgid(user[1])
                libc.setfsuid(user[0])
            found.append(act())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=moved)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return found[0]


def run(*argv: str, text: str | None = None) -> str:
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=COMMAND_S)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return done.stdout


class Pair:
    """Two namespaces joined by one cable; whatever is dialled on either end answers. One question at a time."""

    def __init__(self, number: int = 0) -> None:
        self.host, self.peer = (f"epfw-{os.getpid()}-{number}-{end}" for end in ("host", "peer"))
        self.ends: dict[str, socket.socket] = {}
        self._sent, self._number = 0, number

    def __enter__(self) -> "Pair":
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self) -> None:
        sweep()
        for name in (self.host, self.peer):
            run("ip", "netns", "add", name)
            script = "echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; ip link set lo up"
            limits = "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; echo 0 >/proc/sys/net/ipv4/icmp_ratemask; echo 0 >/proc/sys/net/ipv6/icmp/ratelimit"
            run("ip", "netns", "exec", name, "sh", "-c", f"{script}; {limits}")
        one_queue = ["numtxqueues", "1", "numrxqueues", "1"]
        run(
            "ip",
            "link",
            "add",
            "name",
            "eth0",
            "netns",
            self.host,
            *one_queue,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            self.peer,
            *one_queue,
        )
        for name, mine in ((self.host, HOST), (self.peer, PEER)):
            addresses = [mine["ipv4"], "10.9.8.3"] if name == self.peer else [mine["ipv4"]]
            for address in addresses:
                run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            run("ip", "-n", name, "address", "add", f"{mine['ipv6']}/64", "dev", "eth0", "nodad")
            run("ip", "-n", name, "link", "set", "eth0", "up")
        for name in (self.host, self.peer):
            end = self.ends[name] = inside(name, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            end.bind(("eth0", ALL_KINDS))
            end.settimeout(FRAME_S)

    def down(self) -> None:
        for end in self.ends.values():
            end.close()
        for name in (self.host, self.peer):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def clean(self) -> None:
        for tool in ("iptables-legacy", "ip6tables-legacy"):
            for table in ("filter", "nat", "raw", "mangle"):
                for flag in ("-F", "-X"):
                    subprocess.run(["ip", "netns", "exec", self.host, tool, "-t", table, flag], capture_output=True)
            subprocess.run(["ip", "netns", "exec", self.host, tool, "-P", "INPUT", "ACCEPT"], capture_output=True)
        run("ip", "netns", "exec", self.host, "nft", "flush", "ruleset")
        self.forget()

    def load(self, path: Path) -> nftables.Reading:
        """Rules of a file put in force, and what the reader makes of them."""
        self.clean()
        run("ip", "netns", "exec", self.host, *LOADERS[path.suffix], text=path.read_text())
        return inside(self.host, lambda: nftables.read(Path("/proc/thread-self")))

    def forget(self) -> None:
        """Known link addresses would hide rules about neighbours."""
        for name in (self.host, self.peer):
            run("ip", "-n", name, "neigh", "flush", "all")

    def try_out(self, ask: Ask) -> str:
        """allow, drop or reject, as a real program sees it; "" where nothing is claimed."""
        if ask.expected == "cannot-tell":
            return ""
        with on_one_processor(self._number):
            if ask.direction == "in":
                return self._dial(self.peer, self.host, HOST[ask.family], ask)
            return self._dial(self.host, self.peer, ask.to or PEER[ask.family], ask)

    def settle(self, sender: str) -> None:
        """Returns when all that was under way is judged, by a frame that goes there and back behind it. NotMeasured
        when it is lost."""
        ends = [self.ends[sender], *(end for name, end in self.ends.items() if name != sender)]
        for turn in range(2 * CROSSINGS):
            self._sent += 1
            frame = MARK + self._sent.to_bytes(8, "big") + bytes(40)
            here, there = ends if turn % 2 == 0 else reversed(ends)
            try:
                here.send(frame)
                while True:
                    seen, (_, _, way, *_) = there.recvfrom(2048)
                    if way != OUTGOING and seen == frame:
                        break
            except OSError as error:
                raise NotMeasured(f"a frame from {sender} is lost: {error!r}") from None

    def _dial(self, client: str, server: str, address: str, ask: Ask) -> str:
        family = socket.AF_INET if ask.family == "ipv4" else socket.AF_INET6
        kind = socket.SOCK_STREAM if ask.transport == "tcp" else socket.SOCK_DGRAM
        listener = inside(server, lambda: socket.socket(family, kind))
        sock = inside(client, lambda: socket.socket(family, kind), ask.user)
        with listener, sock:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, ask.port))
            listener.setblocking(False)
            sock.setblocking(False)
            try:
                if kind == socket.SOCK_DGRAM:
                    return self._ask_by_datagram(client, sock, listener, (address, ask.port))
                listener.listen()
                return self._ask_by_stream(client, sock, listener, (address, ask.port))
            except BlockingIOError:
                return "drop"
            except OSError as error:
                return (
                    "not permitted"
                    if error.errno == errno.EPERM
                    else "reject"
                    if error.errno in REJECTED
                    else repr(error)
                )

    def _ask_by_datagram(
        self, client: str, sock: socket.socket, listener: socket.socket, where: tuple[str, int]
    ) -> str:
        sock.connect(where)
        sock.send(b"?")
        self.settle(client)
        with contextlib.suppress(OSError):  # what the client heard meanwhile decides
            _, sender = listener.recvfrom(16)
            listener.sendto(b"!", sender)
        self.settle(client)
        return "allow" if sock.recv(1) == b"!" else "closed"

    def _ask_by_stream(self, client: str, sock: socket.socket, listener: socket.socket, where: tuple[str, int]) -> str:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        failed = sock.connect_ex(where)
        if failed not in (0, errno.EINPROGRESS):
            raise OSError(failed, os.strerror(failed))
        self.settle(client)
        # an error that came while connect() held the socket is only noted; connect(2) itself would hear of it from the
        # next attempt, a second later
        if failed := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(failed, os.strerror(failed))
        try:
            sock.send(b"?")
        except BrokenPipeError:
            return "closed"
        self.settle(client)
        with contextlib.ExitStack() as open_until_read:
            with contextlib.suppress(OSError):  # what the client heard meanwhile decides
                connection = open_until_read.enter_context(listener.accept()[0])
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                connection.setblocking(False)
                if connection.recv(1):
                    connection.send(b"!")
            self.settle(client)
            return "allow" if sock.recv(1) == b"!" else "closed"


@contextlib.contextmanager
def on_one_processor(number: int) -> Iterator[None]:
    """What this thread sends stays in the queue of one processor (packets are handled where they were sent from)."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[number % len(before)]})  # of this thread alone
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def sweep() -> None:
    """Ends of pairs whose maker was killed: nobody uses them any more."""
    for path in Path("/run/netns").glob("epfw-*-*-*"):
        maker = path.name.split("-")[1]
        if maker.isdigit() and not Path(f"/proc/{maker}").exists():
            subprocess.run(["ip", "netns", "del", path.name], capture_output=True)


def agree(predicted: str, tried: str) -> bool:
    """The kernel tells its own programs by EPERM of a datagram that is dropped or rejected on its way out, and does not
    tell which."""
    return (
        predicted == "cannot-tell"
        or tried == predicted
        or (tried == "not permitted" and predicted in ("drop", "reject"))
    )
