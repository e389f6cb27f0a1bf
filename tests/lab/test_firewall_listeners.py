"""Predictions for real listeners (nginx, squid, sshd, samba) and for real clients, compared with connections through
the router.

The rules of the servers' own machine are read there as `check` reads them; a client in another network dials.
"""

import errno
import json
import select
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.lab import topology as at
from tests.lab.laboratory import CHECKOUT, Lab
from tests.unit.kernel import inside

LOOK_S = 0.05
RETRANSMITS = 2  # tcpi_retransmits of linux/tcp.h: the kernel's own timer found the first SYN unanswered
# node: what listens there, with its software
LISTENERS = {
    "server": {("nginx", 2222): at.SERVER, ("nginx", 2223): at.SERVER, ("squid", 3128): at.PROXY_OPEN},
    "target": {("sshd", 22): at.TARGET, ("smbd", 139): at.TARGET, ("smbd", 445): at.TARGET},
}
STATEFUL = "ct state established,related accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept;"
RULE_SETS = {
    "default-deny": f"chain in {{ type filter hook input priority 0; policy drop; {STATEFUL} tcp dport {{ 22, 2222, 3128 }} accept; }}",
    "ranges": f"chain in {{ type filter hook input priority 0; policy drop; {STATEFUL} tcp dport 2222-3200 accept; tcp dport 130-445 accept; }}",
    "reject-tail": f"chain in {{ type filter hook input priority 0; {STATEFUL} tcp dport {{ 2223, 445 }} accept; meta l4proto tcp reject with tcp reset; }}",
    "icmp-reject": "chain in { type filter hook input priority 0; tcp dport { 139, 2222 } reject with icmpx type admin-prohibited; }",
    "jumps": f"chain ports {{ tcp dport vmap {{ 22 : accept, 445 : accept, 2223 : accept, 3128 : drop }}; }} "
    f"chain in {{ type filter hook input priority 0; policy drop; {STATEFUL} iifname eth0 ct state new jump ports; }}",
    "two-chains": f"chain early {{ type filter hook input priority -10; tcp dport {{ 445, 2223 }} drop; }} "
    f"chain in {{ type filter hook input priority 0; policy drop; {STATEFUL} tcp dport 1-4000 accept; }}",
    "sets": f"set open {{ type inet_service; flags interval; elements = {{ 139, 2000-2222 }}; }} "
    f"chain in {{ type filter hook input priority 0; policy drop; {STATEFUL} tcp dport @open accept; }}",
    "reply-dropped": "chain out { type filter hook output priority 0; tcp sport { 22, 2222 } drop; }",
    "prerouting": "chain raw { type filter hook prerouting priority raw; tcp dport { 445, 3128 } drop; }",
    "by-client": f"chain in {{ type filter hook input priority 0; policy drop; {STATEFUL} ip saddr 10.77.1.0/24 tcp dport 1-4000 accept; }}",
}
READ = "import msgspec; from eset_portcheck import host; print(msgspec.json.encode(host.look(frozenset({ports})).firewall).decode())"


@contextmanager
def rules(lab: Lab, node: str, text: str) -> Iterator[None]:
    lines = text.replace("; ", "\n").replace(" chain ", "\nchain ")
    lab.net.shell(node, f"nft -f - <<'END'\ntable inet mine {{\n{lines}\n}}\nEND")
    try:
        yield
    finally:
        lab.net.shell(node, "nft delete table inet mine")


def dialled(lab: Lab, address: str, port: int) -> str:
    with inside(lab.net.namespace("agent"), lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as sock:
        sock.setblocking(False)
        failed = sock.connect_ex((address, port))
        while failed == errno.EINPROGRESS:
            if select.select([], [sock], [], LOOK_S)[1]:
                failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            elif sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[RETRANSMITS]:
                return "drop"
        return "reject" if failed else "allow"


@pytest.mark.parametrize("node", LISTENERS)
@pytest.mark.parametrize("name", RULE_SETS)
def test_what_is_said_of_a_listener_is_what_its_client_meets(lab: Lab, node: str, name: str) -> None:
    ports = sorted(port for _, port in LISTENERS[node])
    with rules(lab, node, RULE_SETS[name]):
        done = lab.exec(node, [sys.executable, "-c", READ.format(ports=ports)], cwd=CHECKOUT)
        assert done.returncode == 0, done.stderr
        with ThreadPoolExecutor(8) as pool:
            met = dict(
                zip(
                    LISTENERS[node],
                    pool.map(lambda one: dialled(lab, one[1], one[0][1]), LISTENERS[node].items()),
                    strict=True,
                )
            )
    told = json.loads(done.stdout)
    assert told["state"] == "readable"
    seen = {
        key: next(way["verdict"] for way in told["predictions"][f"in/tcp/{key[1]}"]["ways"] if way["family"] == "ipv4")
        for key in met
    }
    if name == "by-client":
        assert set(seen.values()) == {"cannot-tell"}
    else:
        assert seen == met
