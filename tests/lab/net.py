"""Network namespaces of one laboratory: building, commands inside, taking down.

Every namespace name carries the laboratory's prefix, and the veth pairs are made straight inside the namespaces, so
several laboratories run side by side and nothing is added to the machine's own network. Errors: LabError names the
command and its output.
"""

import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.topology import DC, LEAVES, NODES, ROUTER, v4, v6

NETNS = Path("/run/netns")
ETC_NETNS = Path("/etc/netns")
ETC_FILES = ("resolv.conf", "hosts", "nsswitch.conf", "krb5.conf")

_EVERY_NODE: dict[str, int] = {
    # ICMP errors are limited to one a second and peer by default: a second REJECT in that second would look like a
    # DROP. The mask too: a limit of 0 alone empties the peer's token bucket, which route errors share, and the first of
    # them is then silent.
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv4.icmp_ratemask": 0,
    "net.ipv6.icmp.ratelimit": 0,
    # packets come back from the shaper's TUN device
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
}


class LabError(RuntimeError):
    """The laboratory itself is not as it should be; never a finding about the program."""


def run(argv: Sequence[str], *, check: bool = True, timeout_s: float = 200, text_in: str | None = None) -> str:
    """Stdout and stderr together."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, input=text_in)
    if check and done.returncode:
        raise LabError(f"{shlex.join(argv)}: exit {done.returncode}: {(done.stderr + done.stdout).strip()[-800:]}")
    return done.stdout + done.stderr


def listeners(pid: int) -> set[tuple[str, str, int]]:
    """(transport, address, port) of every listening TCP and bound UDP socket in the namespace of a process, without
    traffic."""
    found: set[tuple[str, str, int]] = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except OSError:  # the process is gone, or a kernel without IPv6
            continue
        family = socket.AF_INET6 if table.endswith("6") else socket.AF_INET
        for line in lines:
            _, local, _, state, *_ = line.split()
            if table.startswith("tcp") and state != "0A":  # LISTEN
                continue
            address, port = local.split(":")
            raw = bytes.fromhex(address)
            # The kernel prints words in host order.
            words = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
            found.add((table[:3], socket.inet_ntop(family, words), int(port, 16)))
    return found


class Net:
    """The namespaces `PREFIX-fw`, `PREFIX-agent` and so on."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def namespace(self, node: str) -> str:
        if node not in NODES:
            raise LabError(f"no node {node!r}; there are {', '.join(NODES)}")
        return f"{self.prefix}-{node}"

    def argv(self, node: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` inside a node."""
        return ["ip", "netns", "exec", self.namespace(node), *argv]

    def shell(self, node: str, line: str, *, check: bool = True, timeout_s: float = 200) -> str:
        return run(self.argv(node, ["sh", "-c", line]), check=check, timeout_s=timeout_s)

    def up(self) -> None:
        for node in NODES:
            run(["ip", "netns", "add", self.namespace(node)])
            self._names(node)
            # no duplicate address detection: the addresses work at once
            self._sysctl(node, {"net.ipv6.conf.all.accept_dad": 0, "net.ipv6.conf.default.accept_dad": 0})
        self._ip(ROUTER, ["link set lo up"])
        for leaf in LEAVES:
            self._wire(leaf)
        for node in NODES:
            self._sysctl(node, _EVERY_NODE)
            # an unprivileged echo socket is one way to measure distance; ids may be unmapped in a user namespace
            self.shell(
                node, "p=/proc/sys/net/ipv4/ping_group_range; echo 0 2147483647 >$p || echo 0 0 >$p", check=False
            )
        self._sysctl(ROUTER, {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1})

    def _wire(self, leaf: str) -> None:
        number, hosts = LEAVES[leaf]
        near, far = self.namespace(ROUTER), self.namespace(leaf)
        # the word "name" is needed: ip abbreviates keywords, so a link called "a" would be read as "address"
        run(shlex.split(f"ip link add name to-{leaf} netns {near} type veth peer name eth0 netns {far}"))
        self._ip(
            ROUTER,
            [
                f"address add {v4(leaf, 1)}/24 dev to-{leaf}",
                f"address add {v6(leaf, 1)}/64 dev to-{leaf} nodad",
                f"link set to-{leaf} up",
            ],
        )
        lines = ["link set lo up", "link set eth0 up"]
        for host in hosts:
            lines += [f"address add {v4(leaf, host)}/24 dev eth0", f"address add {v6(leaf, host)}/64 dev eth0 nodad"]
        self._ip(leaf, [*lines, f"route add default via 10.77.{number}.1", f"route add default via fd77:{number}::1"])

    def _ip(self, node: str, lines: list[str]) -> None:
        run(["ip", "-n", self.namespace(node), "-b", "-"], text_in="\n".join(lines) + "\n")

    def _sysctl(self, node: str, values: Mapping[str, int]) -> None:
        self.shell(
            node, "; ".join(f"echo {value} > /proc/sys/{name.replace('.', '/')}" for name, value in values.items())
        )

    def _names(self, node: str) -> None:
        """`ip netns exec` lays these files over /etc for the commands that it runs."""
        etc = ETC_NETNS / self.namespace(node)
        etc.mkdir(parents=True, exist_ok=True)
        (etc / "resolv.conf").write_text(f"nameserver {DC}\nsearch lab.test\noptions timeout:2 attempts:2\n")
        (etc / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")

    def exists(self) -> bool:
        return any((NETNS / self.namespace(node)).exists() for node in NODES)

    def processes(self) -> set[int]:
        """Every process inside these namespaces, but this one."""
        inodes = {path.stat().st_ino for node in NODES if (path := NETNS / self.namespace(node)).exists()}
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if (entry / "ns/net").stat().st_ino in inodes:
                        found.add(int(entry.name))
                except OSError:  # it ended meanwhile
                    continue
        return found

    def down(self) -> None:
        """Ends what runs inside these namespaces, and only that; then deletes them."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.processes():
                try:
                    os.kill(pid, sign)
                    os.kill(pid, signal.SIGCONT)  # a frozen server would never see the signal
                except ProcessLookupError:
                    continue
            end = time.monotonic() + 10
            while self.processes() and time.monotonic() < end:
                time.sleep(0.03)
        for node in NODES:
            if (NETNS / self.namespace(node)).exists():
                run(["ip", "netns", "del", self.namespace(node)], check=False)
            etc = ETC_NETNS / self.namespace(node)
            for name in ETC_FILES:
                (etc / name).unlink(missing_ok=True)
            if etc.is_dir():
                etc.rmdir()
