"""What the program puts on the wire, seen from the router: well-formed, once, and nothing at all in a dry run."""

import sys
from collections import Counter

from tests.lab import topology as at
from tests.lab.laboratory import Lab
from tests.lab.storage import CHECKOUT

FROM_AGENT = f"ip.src == {at.AGENT}"
SYN = f"{FROM_AGENT} && tcp.flags.syn == 1 && tcp.flags.ack == 0"
# not what the kernel says by itself: neighbour discovery, and the ends of connections of earlier tests; a program's own
# begin with a SYN
SENT_BY_A_PROGRAM = (
    f"({FROM_AGENT} || ipv6.src == {at.v6('agent', 2)}) && (tcp.flags.syn == 1 || udp || icmp || icmpv6.type == 128)"
)
AGENT = ("--role", "agent", "--server", at.SERVER, "-4", "--proxy", "bridge.lab.test:3128")


def test_healthy_site_one_connection_a_row_and_nothing_malformed(lab: Lab) -> None:
    with lab.capture("agent") as capture:
        result = lab.check(*AGENT)
    assert result.code == 0
    assert capture.bad() == []
    ports = Counter(
        {port: len(capture.packets(f"{SYN} && tcp.dstport == {port}")) for port in (2222, 80, 8883, 443, 3128)}
    )
    assert ports == {2222: 2, 80: 1, 8883: 1, 443: 1, 3128: 6}, (
        "one connection decides a row, and the proxy has four rows, one of them with a control; one more each way to 2222"
    )
    assert len(capture.packets(SYN)) == 11, "no other port was tried"
    # what must be there: a capture without malformed packets may also be empty
    assert len(capture.packets(f"{FROM_AGENT} && tls.handshake.type == 1 && tcp.dstport == 2222")) == 2
    assert len(capture.packets(f"{FROM_AGENT} && tls.record.length == 2043 && tcp.dstport == 2222")) == 1
    assert len(capture.packets(f"{FROM_AGENT} && tls.handshake.type == 1 && tcp.dstport == 8883")) == 1
    assert (
        len(capture.packets(f'{FROM_AGENT} && http.request.method == "GET" && http.request.uri == "/v1/info.meta"'))
        == 1
    )
    assert (
        len(
            capture.packets(
                f'{FROM_AGENT} && http.request.method == "GET" && http.request.uri contains "repository.eset.com"'
            )
        )
        == 1
    )
    assert len(capture.packets(f'{FROM_AGENT} && http.request.method == "CONNECT"')) == 4


def test_names_are_asked_once_a_run(lab: Lab) -> None:
    """By the operating system and by our own query: two ways, A and AAAA, and not once a row."""
    with lab.capture("names") as capture:
        assert lab.check("--role", "agent", "--server", "server.lab.test").code == 0
    asked = capture.packets(f'{FROM_AGENT} && dns.flags.response == 0 && dns.qry.name == "epns.eset.com"')
    assert 2 <= len(asked) <= 4, asked


def test_dry_run_sends_nothing(lab: Lab) -> None:
    command = [sys.executable, "-m", "eset_portcheck", "check", *AGENT, "--dry-run"]
    with lab.capture("dry") as capture:
        done = lab.exec("agent", command, cwd=CHECKOUT)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{at.SERVER}:2222" in done.stdout
    assert capture.packets(SENT_BY_A_PROGRAM) == []


def test_wrong_use_sends_nothing(lab: Lab) -> None:
    command = [sys.executable, "-m", "eset_portcheck", "check", "--role", "agent"]
    with lab.capture("wrong-use") as capture:
        done = lab.exec("agent", command, cwd=CHECKOUT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--server" in done.stderr
    assert capture.packets(SENT_BY_A_PROGRAM) == []
