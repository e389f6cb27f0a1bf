"""This machine's facts: from real sockets, and from recorded files."""

import os
import socket
from pathlib import Path

import pytest

from eset_portcheck import host
from eset_portcheck.host import everywhere, linux, windows


def test_a_real_listener_is_found_with_its_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        told = host.look(frozenset({port}))
    (one,) = told.listeners
    assert (one.transport, one.address, one.port, one.pid) == ("tcp", "127.0.0.1", port, os.getpid())
    assert told.capabilities.get("unread") is None


def test_a_bound_udp_socket_counts() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        (one,) = host.look(frozenset({sock.getsockname()[1]})).listeners
    assert one.transport == "udp"


def test_a_part_that_fails_is_named_and_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(everywhere, "listeners", broken)
    told = host.look(frozenset({2222}))
    assert told.capabilities["unread"] == {"listeners": "PermissionError"}
    assert told.interfaces


def test_credentials_of_a_proxy_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("http://user:S3cret@proxy.lab.test:3128/", "user:S3cret@proxy.lab.test:3128", "http://user:S3cret@[::1"):
        monkeypatch.setenv("HTTPS_PROXY", value)
        assert "S3cret" not in repr(everywhere.proxies())
        assert "user" not in repr(everywhere.proxies())


def test_no_hardware_address_in_the_report() -> None:
    text = repr(everywhere.interfaces())
    macs = [path.read_text().strip() for path in Path("/sys/class/net").glob("*/address")] if Path("/sys/class/net").is_dir() else []
    assert not [mac for mac in macs if mac and mac != "00:00:00:00:00:00" and mac in text]


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_linux_from_recorded_files(tmp_path: Path) -> None:
    write(tmp_path, "proc/net/route", "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\neth0 00000000 0101010A 0003 0 0 0 00000000 0 0 0\neth0 0001010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n")
    zeros = "0" * 32
    write(tmp_path, "proc/net/ipv6_route", f"{zeros} 00 {zeros} 00 {zeros} 00000400 00000001 00000000 00000200 lo\n")
    write(tmp_path, "etc/resolv.conf", "# x\nnameserver 10.1.1.1\nnameserver 10.1.1.2\nsearch corp.local lab.test.\noptions timeout:2\n")
    write(tmp_path, "opt/eset/RemoteAdministrator/Agent/ERAAgent", "")
    write(tmp_path, "etc/opt/eset/RemoteAdministrator/Agent/config.cfg", "ProductName=Agent\nProductVersion=10.1.2.3\n")
    write(tmp_path, "var/lib/tomcat9/webapps/era/index.html", "")
    assert linux.routes(tmp_path) == [{"family": "ipv4", "default": True, "interface": "eth0"}]
    assert linux.resolvers(tmp_path) == (["10.1.1.1", "10.1.1.2"], ["corp.local", "lab.test"])
    found = {product["component"]: product for product in linux.eset_products(tmp_path)}
    assert set(found) == {"agent", "webconsole"}
    assert found["agent"]["version"] == "10.1.2.3"


def test_windows_services_by_their_path() -> None:
    found = windows.by_services(
        [("EraAgentSvc", r'"C:\Program Files\ESET\RemoteAdministrator\Agent\ERAAgent.exe"'), ("x", r"C:\Windows\system32\svchost.exe"), ("EsetBridge", r"C:\Program Files\ESET\Bridge\EsetBridge.exe")]
    )
    assert [one["component"] for one in found] == ["agent", "bridge"]
