"""Proxies of this machine: every place, no secret, and which one counts for which destination."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.diagnose import diagnose
from eset_portcheck.diagnose.proxies import bypasses, choices
from eset_portcheck.host import proxies
from eset_portcheck.host.disk import Disk
from eset_portcheck.model.host import Connection, Host, ProxySource
from eset_portcheck.model.params import Params
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Failure, Listener, Phase, Proof, Trust
from tests.unit.rows import connecting, row
from tests.unit.test_components import tree

FIXTURES = Path(__file__).parents[1] / "fixtures" / "host"


@pytest.mark.parametrize(
    ("url", "place", "secret"),
    [
        ("http://proxy.lab.test:3128/", "proxy.lab.test:3128", False),
        ("proxy.lab.test:3128", "proxy.lab.test:3128", False),
        ("http://user:C4nary@proxy.lab.test:3128", "proxy.lab.test:3128", True),
        ("user:C4nary@proxy.lab.test", "proxy.lab.test", True),
        ("http://[fd00::1]:3128", "[fd00::1]:3128", False),
        ("http://user:C4nary@[::1", "", True),
        ("http://pro xy:3128", "", False),
        ("http://proxy:99999", "", False),
        ("", "", False),
    ],
)
def test_a_proxy_is_a_host_and_a_port_and_nothing_else(url: str, place: str, secret: bool) -> None:
    assert proxies.proxy_address(url) == (place, secret)


@given(st.text(max_size=120))
def test_whatever_stands_there_no_secret_comes_out(junk: str) -> None:
    host, _ = proxies.proxy_address(f"http://{junk}:C4nary@{junk}")
    assert "C4nary" not in host
    assert host.isprintable()


def test_the_environment_lower_case_first() -> None:
    values = {
        "HTTPS_PROXY": "http://upper:1",
        "https_proxy": "http://u:C4nary@lower:2",
        "ALL_PROXY": "socks5://s:3",
        "NO_PROXY": ".corp.local, 10.0.0.0/8 ;rm",
        "http_proxy": "",
    }
    found = proxies.of_names(values, "environment", "shell")
    assert [(one.name, one.proxy, one.credentials) for one in found] == [
        ("https_proxy", "lower:2", True),
        ("all_proxy", "s:3", False),
    ]
    assert found[0].bypass == [".corp.local", "10.0.0.0/8", "rm"] or found[0].bypass == [".corp.local", "10.0.0.0/8"]
    assert "C4nary" not in repr(found)


def test_files_of_linux(tmp_path: Path) -> None:
    files = {
        "etc/environment": 'PATH="/usr/bin"\nexport https_proxy="http://u:C4nary@proxy.corp.local:8080"\nno_proxy=localhost\nSECRET=C4nary\n',
        "etc/systemd/system/eraagent.service.d/proxy.conf": '[Service]\nEnvironment="HTTPS_PROXY=http://bridge.corp.local:3128" TOKEN=C4nary "NO_PROXY=.corp.local"\n',
    }
    found = proxies.linux(Disk(tree(tmp_path, **files)), ["eraagent"])
    assert [(one.source, one.name, one.proxy, one.bypass, one.scope) for one in found] == [
        ("/etc/environment", "https_proxy", "proxy.corp.local:8080", ["localhost"], "sessions"),
        (
            "/etc/systemd/system/eraagent.service.d/proxy.conf",
            "https_proxy",
            "bridge.corp.local:3128",
            [".corp.local"],
            "component",
        ),
    ]
    assert "C4nary" not in repr(found)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_two_settings_of_a_recorded_windows_machine(language: str) -> None:
    registry = json.loads((FIXTURES / f"windows-{language}" / "registry.json").read_text())
    user = proxies.wininet(registry[f"HKEY_CURRENT_USER\\{proxies.WININET}"])
    assert [(one.name, one.proxy, one.pac, one.credentials) for one in user] == [
        ("http_proxy", "proxy.corp.local:8080", "", False),
        ("https_proxy", "proxy.corp.local:8081", "", True),
        ("AutoConfigURL", "", "wpad.corp.local/proxy.pac", True),
    ]
    assert user[0].bypass == ["*.corp.local", "10.*", "<local>"]
    services = proxies.winhttp(bytes.fromhex(registry[proxies.WINHTTP]["WinHttpSettings"]))
    assert [(one.source, one.name, one.proxy, one.bypass) for one in services] == [
        ("WinHTTP", "all_proxy", "proxy.corp.local:3128", ["<local>"])
    ]
    assert "C4nary" not in repr([*user, *services])


@pytest.mark.parametrize(
    "url",
    [
        "http://ana:C4nary@wpad/x.pac",
        "ana:C4nary@wpad/x.pac",
        "http://wpad/x.pac?C4nary",
        "file://C:/C4nary.pac",
        "ana:C4nary@",
    ],
)
def test_a_script_is_named_without_what_is_secret(url: str) -> None:
    assert "C4nary" not in repr(proxies.wininet({"AutoConfigURL": url}))


def test_switched_off_is_no_proxy() -> None:
    assert proxies.wininet({"ProxyEnable": 0, "ProxyServer": "proxy:8080"}) == []
    assert proxies.wininet({}) == []
    assert proxies.winhttp(bytes.fromhex("2800000000000000" + "01000000" + "00000000" + "00000000")) == []
    assert proxies.winhttp(None) == []


@given(st.binary(max_size=80))
def test_a_registry_value_may_be_anything(blob: bytes) -> None:
    proxies.winhttp(blob)
    proxies.winhttp(b"\x28\0\0\0" + b"\0" * 4 + b"\x03\0\0\0" + blob)
    text = blob.decode("latin-1")
    for one in proxies.wininet({"ProxyEnable": 1, "ProxyServer": text, "ProxyOverride": text, "AutoConfigURL": text}):
        assert (one.proxy + one.pac).isprintable()


@pytest.mark.parametrize(
    ("host", "entry", "left_out"),
    [
        ("a.corp.local", ".corp.local", True),
        ("a.corp.local", "corp.local", True),
        ("corp.local", ".corp.local", True),
        ("evilcorp.local", "corp.local", False),
        ("a.corp.local", "*.corp.local", True),
        ("a.corp.local", "*", True),
        ("a.corp.local", "corp.local:443", True),
        ("server", "<local>", True),
        ("a.corp.local", "<local>", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.*", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("fd00::1", "fd00::/16", True),
        ("a.corp.local", "[", False),
        ("10.1.2.3", "[", False),
    ],
)
def test_exceptions(host: str, entry: str, left_out: bool) -> None:
    assert bypasses(host, entry) == left_out


def push(*attempts: Any, **changed: Any) -> Row:
    values = {
        "id": "agent.push.tcp-8883",
        "port": 8883,
        "protocol": "mqtt",
        "target": "epns.eset.com",
        "target_key": "push",
        "listener": Listener.FOREIGN,
        "required": Proof.PROTOCOL,
        "trust": Trust.UNKNOWN,
    }
    return row(*(attempts or (connecting(Failure.TIMEOUT, 4.0),)), **values | changed)


ENVIRONMENT = ProxySource("environment", "https_proxy", "proxy.lab.test:3128", [".corp.local"], scope="shell")
SCRIPT = ProxySource("WinINET", "AutoConfigURL", pac="wpad.lab.test/proxy.pac", scope="user")


def test_without_an_option_nothing_is_followed_and_all_is_named() -> None:
    held = Host(proxy_sources=[ENVIRONMENT, SCRIPT], connections=[Connection("agent", "10.0.5.5", 3128, "10.0.1.2")])
    rows = diagnose([push(), row()], held, Phase.AUTO)[0]
    outside, inside = choices(rows, held)
    assert (outside.target, outside.via, outside.why) == ("epns.eset.com:8883", "", "none-given")
    assert [(one.source, one.proxy, one.why) for one in outside.ignored] == [
        ("environment", "proxy.lab.test:3128", "not-followed"),
        ("WinINET", "wpad.lab.test/proxy.pac", "script-not-run"),
        ("connection", "10.0.5.5:3128", "not-followed"),
    ]
    assert inside.ignored[0].why == "bypassed"
    (finding,) = [one for one in rows[0].findings if one.reason == "PROXY_SET_NOT_USED"]
    assert finding.params == Params(proxies=["proxy.lab.test:3128", "wpad.lab.test/proxy.pac", "10.0.5.5:3128"])
    assert "PROXY_SET_NOT_USED" not in [one.reason for one in rows[1].findings]  # a host of the site


def test_the_option_wins() -> None:
    via = push(
        target="bridge.lab.test",
        port=3128,
        via_destination="epns.eset.com:8883",
        id="agent.proxy.tcp-3128.connect-push-8883",
    )
    host = Host(proxy_sources=[ENVIRONMENT])
    rows = diagnose([push(), via], host, Phase.AUTO)[0]
    (choice,) = choices(rows, host)
    assert (choice.target, choice.via, choice.why) == ("epns.eset.com:8883", "bridge.lab.test:3128", "option")
    assert [one.why for one in choice.ignored] == ["other-given"]
    assert "PROXY_SET_NOT_USED" not in [one.reason for told in rows for one in told.findings]


def test_a_machine_without_proxies_says_nothing() -> None:
    assert choices([push()], Host()) == []


def test_the_verdict_is_the_same() -> None:
    for host in (Host(), Host(proxy_sources=[ENVIRONMENT])):
        told = diagnose([push()], host, Phase.AUTO)[0][0]
        assert (told.verdict, told.reason) == ("fail", "TCP_NO_ANSWER")
