"""This machine's facts: from real sockets, and from recorded files."""

import os
import pwd
import socket
import struct
import sys
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck import host
from eset_portcheck.host import everywhere, linux, sock_diag, windows

FIXTURES = Path(__file__).parents[1] / "fixtures" / "host"


def test_a_real_listener_is_found_with_its_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        told = host.look(frozenset({port}))
    (one,) = told.listeners
    assert (one.transport, one.address, one.port, one.pid) == ("tcp", "127.0.0.1", port, os.getpid())
    assert told.capabilities.get("unread") is None


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_a_connection_has_as_its_own_is_not_free(kind: socket.SocketKind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET, kind) as client:
        client.connect(server.getsockname())
        port = client.getsockname()[1]
        there = server.getsockname()[1]
        told = host.look(frozenset({port, there}))
        with socket.socket(socket.AF_INET, kind) as late, pytest.raises(OSError, match="in use"):
            late.bind(("0.0.0.0", port))
    assert [one.port for one in told.listeners] == [there]
    transport = "tcp" if kind == socket.SOCK_STREAM else "udp"
    assert [(one.transport, one.port, one.pid) for one in told.outgoing] == [(transport, port, os.getpid())]


def test_what_a_server_accepted_is_no_connection_of_its_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            assert host.look(frozenset({server.getsockname()[1]})).outgoing == []


def test_a_bound_udp_socket_counts() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        (one,) = host.look(frozenset({sock.getsockname()[1]})).listeners
    assert one.transport == "udp"


def test_a_part_that_fails_is_named_and_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(everywhere, "sockets", broken)
    told = host.look(frozenset({2222}))
    assert told.capabilities["unread"] == {"listeners": "PermissionError"}
    assert told.interfaces


def test_credentials_of_a_proxy_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (
        "http://user:S3cret@proxy.lab.test:3128/",
        "user:S3cret@proxy.lab.test:3128",
        "http://user:S3cret@[::1",
    ):
        monkeypatch.setenv("HTTPS_PROXY", value)
        assert "S3cret" not in repr(everywhere.proxies())
        assert "user" not in repr(everywhere.proxies())


def test_no_hardware_address_in_the_report() -> None:
    text = repr(everywhere.interfaces())
    macs = (
        [path.read_text().strip() for path in Path("/sys/class/net").glob("*/address")]
        if Path("/sys/class/net").is_dir()
        else []
    )
    assert not [mac for mac in macs if mac and mac != "00:00:00:00:00:00" and mac in text]


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_linux_from_recorded_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        "proc/net/route",
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\neth0 00000000 0101010A 0003 0 0 0 00000000 0 0 0\neth0 0001010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n",
    )
    zeros = "0" * 32
    write(tmp_path, "proc/net/ipv6_route", f"{zeros} 00 {zeros} 00 {zeros} 00000400 00000001 00000000 00000200 lo\n")
    write(
        tmp_path,
        "etc/resolv.conf",
        "# x\nnameserver 10.1.1.1\nnameserver 10.1.1.2\nsearch corp.local lab.test.\noptions timeout:2\n",
    )
    write(tmp_path, "opt/eset/RemoteAdministrator/Agent/ERAAgent", "")
    write(tmp_path, "etc/opt/eset/RemoteAdministrator/Agent/config.cfg", "ProductName=Agent\nProductVersion=10.1.2.3\n")
    write(tmp_path, "var/lib/tomcat9/webapps/era/index.html", "")
    assert linux.routes(tmp_path) == [{"family": "ipv4", "default": True, "interface": "eth0"}]
    assert linux.resolvers(tmp_path) == (["10.1.1.1", "10.1.1.2"], ["corp.local", "lab.test"])
    found = {product["component"]: product for product in linux.eset_products(tmp_path)}
    assert set(found) == {"agent", "webconsole"}
    assert found["agent"]["version"] == "10.1.2.3"


@pytest.mark.skipif(sys.platform != "linux", reason="sock_diag")
def test_the_kernel_tells_a_socket_for_ipv6_alone_from_one_for_both() -> None:
    with (
        socket.socket(socket.AF_INET6) as both,
        socket.socket(socket.AF_INET6) as alone,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp,
    ):
        for sock, only in ((both, 0), (alone, 1), (udp, 1)):
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
            sock.bind(("::", 0))
        both.listen()
        alone.listen()
        places = [sock.getsockname()[1] for sock in (both, alone, udp)]
        told = {(one.transport, one.port): one for one in host.look(frozenset(places)).listeners}
    assert [told[transport, port].v6only for transport, port in zip(("tcp", "tcp", "udp"), places, strict=True)] == [
        False,
        True,
        True,
    ]
    assert {one.user for one in told.values()} == {pwd.getpwuid(os.getuid()).pw_name}


@given(st.binary(max_size=400))
def test_a_kernels_answer_may_be_anything(data: bytes) -> None:
    sock_diag.parsed(data, "tcp")


@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_kernels_answer_may_be_cut(junk: bytes, length: int) -> None:
    more, found = sock_diag.parsed(struct.pack("=IHHII", length, 20, 0, 1, 0) + junk, "tcp")
    assert more in (True, False)
    assert len(found) <= 3


def test_a_tomcat_is_known_by_its_folder_and_nothing_else_is_kept() -> None:
    words = [
        "java",
        "-Djavax.net.ssl.keyStorePassword=S3cret",
        "-Dcatalina.base=/var/lib/tomcat9",
        "org.apache.catalina.startup.Bootstrap",
    ]
    assert everywhere.tomcat_home(words) == "/var/lib/tomcat9"
    assert everywhere.tomcat_home(["java", "-jar", "x.jar"]) is None


@pytest.mark.parametrize("language", ["en", "es"])
def test_excluded_ranges_in_any_language(language: str) -> None:
    text = (FIXTURES / f"windows-{language}" / "excludedportrange.txt").read_text(encoding="utf-8")
    assert windows.excluded(text) == [(80, 80), (2180, 2279), (50000, 50059)]


@given(st.text(max_size=200))
def test_excluded_ranges_of_any_text(text: str) -> None:
    assert all(first <= last <= 65535 for first, last in windows.excluded(text))


class FakeSocket(NamedTuple):
    """As psutil tells a socket."""

    laddr: Any
    raddr: Any
    status: str
    pid: int | None
    type: int = socket.SOCK_STREAM


class End(NamedTuple):
    ip: str
    port: int


def test_only_connections_and_ports_of_components_are_kept() -> None:
    mine = [{"component": "agent", "path": psutil.Process().exe()}]
    held = FakeSocket(End("10.0.1.2", 40000), End("10.0.2.2", 2222), "ESTABLISHED", os.getpid())
    table = [
        held,
        held._replace(pid=None),
        held._replace(raddr=End("10.0.2.2", 443)),
        held._replace(status="SYN_SENT"),
        held._replace(pid=1),
        FakeSocket(End("0.0.0.0", 2300), (), "LISTEN", os.getpid()),
        FakeSocket(End("0.0.0.0", 2222), (), "LISTEN", os.getpid()),
        FakeSocket(End("0.0.0.0", 22), (), "LISTEN", 1),
    ]
    (one,) = everywhere.connections(table, frozenset({2222}), mine)
    assert (one.component, one.address, one.port, one.local_address, one.pid) == (
        "agent",
        "10.0.2.2",
        2222,
        "10.0.1.2",
        os.getpid(),
    )
    assert everywhere.elsewhere(table, frozenset({2222}), mine) == [mine[0] | {"listens": ["tcp/2300"]}]
    assert everywhere.connections(table, frozenset({2222}), [{"component": "agent", "path": "/opt/eset"}]) == []
