"""The kernel as judge of predictions: two namespaces joined by a cable, rules loaded into one, and real connections tried. Needs root."""

import ctypes
import errno
import os
import socket
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from eset_portcheck.host import nftables
from tests.unit.test_firewall import HOST, PEER, Ask

T = TypeVar("T")
SILENCE_S = 1.6  # an ICMP error may answer only the second SYN, after 1 s
LOADERS = {
    ".nft": ["nft", "-f", "-"],
    ".iptables-nft": ["iptables-nft-restore"],
    ".iptables-legacy": ["iptables-legacy-restore"],
    ".ip6tables-nft": ["ip6tables-nft-restore"],
}
_ALONE: dict[tuple[object, ...], threading.Lock] = defaultdict(threading.Lock)  # two questions may need the same listener
_MAKING = threading.Lock()


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
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return done.stdout


class Pair:
    """Two namespaces joined by one cable; whatever is dialled on either end answers."""

    def __init__(self, number: int = 0) -> None:
        self.host, self.peer = (f"epfw-{os.getpid()}-{number}-{end}" for end in ("host", "peer"))

    def __enter__(self) -> "Pair":
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self) -> None:
        for name in (self.host, self.peer):
            run("ip", "netns", "add", name)
            script = "echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; ip link set lo up"
            limits = "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; echo 0 >/proc/sys/net/ipv4/icmp_ratemask; echo 0 >/proc/sys/net/ipv6/icmp/ratelimit"
            run("ip", "netns", "exec", name, "sh", "-c", f"{script}; {limits}")
        run("ip", "link", "add", "name", "eth0", "netns", self.host, "type", "veth", "peer", "name", "eth0", "netns", self.peer)
        for name, mine in ((self.host, HOST), (self.peer, PEER)):
            addresses = [mine["ipv4"], "10.9.8.3"] if name == self.peer else [mine["ipv4"]]
            for address in addresses:
                run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            run("ip", "-n", name, "address", "add", f"{mine['ipv6']}/64", "dev", "eth0", "nodad")
            run("ip", "-n", name, "link", "set", "eth0", "up")

    def down(self) -> None:
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
        if ask.direction == "in":
            return _dial(self.peer, self.host, HOST[ask.family], ask)
        return _dial(self.host, self.peer, ask.to or PEER[ask.family], ask)


def _bind(listener: socket.socket, where: tuple[str, int]) -> None:
    """The listener of the question before may not be gone yet."""
    for left in reversed(range(40)):
        try:
            listener.bind(where)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not left:
                raise
            time.sleep(0.1)
        else:
            return


def _dial(client: str, server: str, address: str, ask: Ask) -> str:
    family = socket.AF_INET if ask.family == "ipv4" else socket.AF_INET6
    kind = socket.SOCK_STREAM if ask.transport == "tcp" else socket.SOCK_DGRAM
    listener = inside(server, lambda: socket.socket(family, kind))
    sock = inside(client, lambda: socket.socket(family, kind), ask.user)
    with _MAKING:
        alone = _ALONE[server, address, kind, ask.port]
    with alone, listener, sock:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listener, (address, ask.port))
        listener.settimeout(SILENCE_S)
        sock.settimeout(SILENCE_S)
        answering = threading.Thread(target=_answer, args=(listener, kind))
        if kind == socket.SOCK_STREAM:
            listener.listen()
        answering.start()
        try:
            sock.connect((address, ask.port))
            sock.send(b"?")
            return "allow" if sock.recv(1) == b"!" else "closed"
        except TimeoutError:
            return "drop"
        except OSError as error:
            return "not permitted" if error.errno == errno.EPERM else "reject" if error.errno in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.EACCES) else repr(error)
        finally:
            sock.close()
            answering.join()


def _answer(listener: socket.socket, kind: int) -> None:
    try:
        if kind == socket.SOCK_DGRAM:
            _, sender = listener.recvfrom(16)
            listener.sendto(b"!", sender)
            return
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(SILENCE_S)
            if connection.recv(1):
                connection.send(b"!")
                connection.recv(1)
    except OSError:
        pass


def agree(predicted: str, tried: str) -> bool:
    """The kernel tells its own programs by EPERM of a datagram that is dropped or rejected on its way out, and does not tell which."""
    return predicted == "cannot-tell" or tried == predicted or (tried == "not permitted" and predicted in ("drop", "reject"))
