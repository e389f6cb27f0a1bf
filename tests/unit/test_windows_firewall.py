"""Windows Firewall from recorded PowerShell JSON: an English server in words, a Spanish client in numbers. Names decide
nothing."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.host import windows_firewall
from eset_portcheck.host.windows_firewall import SCRIPT, Reading, WindowsFirewall, parsed
from eset_portcheck.model.host import Interface, Listening, LocalFirewall
from eset_portcheck.packet_filter.flow import Flow
from eset_portcheck.packet_filter.readers import windows
from eset_portcheck.packet_filter.windows import WindowsRules

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "host"
ENVIRONMENT = {"SystemRoot": r"C:\Windows", "ProgramFiles": r"C:\Program Files"}
SERVER = r"C:\Program Files\ESET\RemoteAdministrator\Server\ERAServer.exe"
TOMCAT = r"C:\Program Files\Apache Software Foundation\Tomcat 9.0\bin\tomcat9.exe"
LAN, WIFI = "Conexión de área local", "Wi-Fi"


def reading(language: str) -> dict[str, Any]:
    told = parsed((FIXTURES / f"windows-{language}/firewall.json").read_bytes())
    assert told.state == "readable"
    return dict(told.told)


def asked(
    told: dict[str, Any],
    direction: str,
    transport: str,
    port: int,
    interface: str | None,
    target: str = "10.0.2.9",
    program: str = "",
) -> Any:
    addresses = {"in": ((), ("10.0.1.5",)), "out": (("10.0.1.5",), (target,))}[direction]
    return WindowsRules(windows.ruleset(told), ENVIRONMENT).predict(
        Flow(direction, "ipv4", transport, port, *addresses, interface, program=program)
    )


@pytest.mark.parametrize(
    ("direction", "transport", "port", "program", "verdict", "rule"),
    [
        ("in", "tcp", 2222, SERVER, "allow", "ESET PROTECT Server"),
        ("in", "tcp", 2222, SERVER.upper(), "allow", "ESET PROTECT Server"),
        ("in", "tcp", 2222, "", "cannot-tell", "ESET PROTECT Server"),
        ("in", "tcp", 2222, r"C:\other.exe", "drop", "default inbound action: block"),
        ("in", "tcp", 2223, "", "allow", "ESET PROTECT console"),
        ("in", "udp", 2223, r"C:\other.exe", "drop", "default inbound action: block"),
        ("in", "tcp", 443, "", "allow", "Web console"),
        ("in", "tcp", 23, "", "drop", "No telnet, whoever allows it"),
        ("in", "tcp", 23, SERVER, "drop", "No telnet, whoever allows it"),
        ("in", "tcp", 4711, "", "cannot-tell", "ESET PROTECT Server"),
        ("in", "tcp", 3128, r"C:\bridge.exe", "cannot-tell", "Bridge by address"),
        ("in", "tcp", 9980, r"C:\mdm.exe", "cannot-tell", "Enrolment, authenticated only"),
        ("in", "tcp", 9981, r"C:\mdm.exe", "drop", "default inbound action: block"),
        ("in", "tcp", 445, "", "allow", "File and Printer Sharing (SMB-In)"),
        ("in", "tcp", 139, "", "cannot-tell", "File and Printer Sharing (NB-Session-In)"),
        ("in", "udp", 137, "", "drop", "default inbound action: block"),
        ("in", "tcp", 135, r"C:\other.exe", "drop", "default inbound action: block"),
        ("out", "tcp", 2222, "", "allow", "default outbound action: allow"),
        ("out", "tcp", 8883, "", "drop", "No push"),
        ("out", "tcp", 80, "", "allow", "default outbound action: allow"),
    ],
)
def test_an_english_server(direction: str, transport: str, port: int, program: str, verdict: str, rule: str) -> None:
    told = asked(reading("en"), direction, transport, port, "Ethernet", program=program)
    assert (told.verdict, told.rule) == (verdict, rule)
    assert told.table == "profile Domain"


def test_a_target_that_a_rule_names_is_stopped_and_no_other() -> None:
    assert asked(reading("en"), "out", "tcp", 80, "Ethernet", target="203.0.113.7").verdict == "drop"
    assert asked(reading("es"), "out", "tcp", 2222, LAN, target="10.0.2.2").rule == "Sin salida al puerto 2222"
    assert asked(reading("es"), "out", "tcp", 2222, LAN, target="10.0.2.3").verdict == "allow"


@pytest.mark.parametrize(
    ("port", "interface", "program", "verdict", "rule"),
    [
        (2222, LAN, "", "cannot-tell", "Tomcat"),
        (2222, LAN, SERVER, "drop", "default inbound action: block"),
        (2223, LAN, "", "allow", "Servidor ESET PROTECT (consola)"),
        (2223, WIFI, "", "drop", "Bloquear la consola desde fuera"),
        (2223, None, "", "cannot-tell", "Bloquear la consola desde fuera"),
        (443, LAN, TOMCAT, "allow", "Tomcat"),
        (445, LAN, "", "allow", "Compartir archivos e impresoras (SMB de entrada)"),
        (445, WIFI, "", "drop", "default inbound action: block"),
        (445, "Ethernet 9", "", "drop", "default inbound action: block"),
        (9981, LAN, SERVER, "cannot-tell", "Regla que no se aplica del todo"),
    ],
)
def test_a_spanish_client_with_two_networks(
    port: int, interface: str | None, program: str, verdict: str, rule: str
) -> None:
    told = asked(reading("es"), "in", "tcp", port, interface, program=program)
    assert (told.verdict, told.rule) == (verdict, rule)


def changed(**profile: Any) -> dict[str, Any]:
    told = reading("en")
    return told | {"profiles": [one | profile for one in told["profiles"]]}


@pytest.mark.parametrize(
    ("profile", "direction", "verdict"),
    [
        ({"Enabled": 0}, "in", "allow"),
        ({"AllowInboundRules": "False"}, "in", "drop"),
        ({"AllowInboundRules": "False"}, "out", "allow"),
        ({"DefaultInboundAction": 2}, "in", "allow"),
        ({"DefaultInboundAction": "NotConfigured"}, "in", "drop"),
        ({"DefaultOutboundAction": "Block"}, "out", "drop"),
        ({"DefaultOutboundAction": 0}, "out", "allow"),
        ({"DisabledInterfaceAliases": ["Ethernet"]}, "in", "cannot-tell"),
        ({"DisabledInterfaceAliases": ["Ethernet 7"]}, "in", "drop"),
        ({"Name": "Dominio"}, "in", "cannot-tell"),
    ],
)
def test_what_a_profile_says_of_all_its_connections(profile: dict[str, Any], direction: str, verdict: str) -> None:
    assert asked(changed(**profile), direction, "tcp", 4711, "Ethernet", program=r"C:\other.exe").verdict == verdict


def test_rules_of_other_programs_do_not_matter_before_the_product_is_there() -> None:
    told = reading("es")
    path = {"InstanceID": told["applications"][7]["InstanceID"], "Program": r"C:\Games\play.exe"}
    assert asked(told | {"applications": [*told["applications"], path]}, "in", "tcp", 2222, LAN).verdict == "drop"


def test_another_firewall_leaves_nothing_to_be_said() -> None:
    other = reading("en") | {"products": {"displayName": "ESET Firewall", "productState": 0x041000}}
    told = asked(other, "in", "tcp", 2223, "Ethernet")
    assert (told.verdict, told.rule) == ("cannot-tell", "another firewall is registered: ESET Firewall")


@pytest.mark.parametrize(
    "missing", ["ports", "addresses", "applications", "services", "interfaces", "interface_types", "security"]
)
def test_a_filter_that_was_not_told_leaves_no_rule_sure(missing: str) -> None:
    assert asked(reading("en") | {missing: []}, "in", "tcp", 2223, "Ethernet", program=SERVER).verdict == "cannot-tell"
    assert asked(reading("en") | {missing: []}, "in", "tcp", 23, "Ethernet", program=SERVER).verdict == "cannot-tell"


def test_facts_hold_what_decides_and_no_rules() -> None:
    told = reading("en")
    firewall = WindowsFirewall(
        [Listening("tcp", "0.0.0.0", 2222, 4, "ERAServer.exe", SERVER)], lambda: Reading("readable", told=told)
    )
    interfaces = [
        Interface("Ethernet", ["10.0.1.5", "fe80::1%4"]),
        Interface("Loopback Pseudo-Interface 1", ["127.0.0.1"]),
    ]
    facts = firewall.facts(frozenset({2222, 3128}), interfaces)
    assert (facts.state, facts.source) == ("readable", "powershell")
    assert (facts.predictions or {})["in/tcp/3128"].verdict == "cannot-tell"
    text = msgspec.json.encode(facts).decode()
    assert "ESET PROTECT Server" in text
    assert "192.168.1" not in text
    assert "Escritorio" not in text


def test_nothing_is_read_for_a_role_that_does_not_listen_until_an_attempt_was_lost() -> None:
    read: list[int] = []

    def reader() -> Reading:
        read.append(1)
        return Reading("not-permitted")

    firewall = WindowsFirewall([], reader)
    assert firewall.facts(frozenset(), []) == LocalFirewall(state="not-read")
    assert read == []
    assert firewall.predict(Flow("out", "ipv4", "tcp", 2222)) is None
    assert firewall.facts(frozenset({1}), []) == LocalFirewall(state="not-permitted", source="powershell")
    assert read == [1]


@pytest.mark.parametrize(
    ("text", "state", "why"),
    [
        (b"", "not-evaluable", "unreadable-json"),
        (b"[]", "not-evaluable", "unreadable-json"),
        (b"{}", "not-permitted", ""),
        (b"[" * 100_000, "not-evaluable", "unreadable-json"),
        (b'\xef\xbb\xbf{"profiles":[{}]}\r\n', "readable", ""),
    ],
)
def test_output_of_any_kind(text: bytes, state: str, why: str) -> None:
    told = parsed(text)
    assert (told.state, told.why) == (state, why)


@pytest.mark.skipif(sys.platform == "win32", reason="PowerShell is there")
def test_without_powershell_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("eset_portcheck.host.programs.FOLDERS", (str(tmp_path),))
    assert windows_firewall.read() == Reading("not-evaluable", "FileNotFoundError")


def test_the_script_only_reads() -> None:
    verbs = {
        word.partition("-")[0]
        for word in SCRIPT.replace("(", " ").replace("|", " ").split()
        if "-Net" in word or "-Cim" in word
    }
    assert verbs == {"Get"}


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["InstanceID", "Protocol", "LocalPort", "Action", "Direction", "Profile", "Name", "Enabled"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["profiles", "connections", "rules", "ports", "addresses", "applications", "products", "security"]
        ),
        ODD,
        max_size=8,
    )
)
def test_facts_of_any_shape_never_let_anybody_in(odd: dict[str, Any]) -> None:
    told = asked(odd, "in", "tcp", 2222, "Ethernet")
    assert told.verdict in ("cannot-tell", "drop", "allow")
    if told.verdict == "allow":
        assert told.rule in ("the firewall is off in this profile", "default inbound action: allow")


def only(**filters: dict[str, Any]) -> dict[str, Any]:
    """The recorded server with one enabled rule, which allows inbound; `filters`: what that rule asks for."""
    told = reading("en")
    lists = ("ports", "addresses", "applications", "services", "interfaces", "interface_types", "security")
    rule = {
        "InstanceID": "one",
        "DisplayName": "one",
        "Enabled": 1,
        "Profile": 0,
        "Direction": 1,
        "Action": 2,
        "PrimaryStatus": 1,
    }
    return told | {"rules": [rule]} | {name: [{"InstanceID": "one"} | filters.get(name, {})] for name in lists}


@pytest.mark.parametrize(
    ("filters", "verdict"),
    [
        ({}, "allow"),
        ({"services": {"Service": "SomeService"}}, "cannot-tell"),
        ({"services": {"Service": "SomeService"}, "applications": {"Program": SERVER}}, "cannot-tell"),
        ({"applications": {"Program": SERVER}}, "allow"),
        ({"addresses": {"LocalAddress": "10.0.1.5"}}, "allow"),
        ({"addresses": {"LocalAddress": "10.0.1.6"}}, "drop"),
        ({"addresses": {"RemoteAddress": "10.0.9.0/24"}}, "cannot-tell"),
    ],
)
def test_one_rule_lets_in_whom_all_its_conditions_fit(filters: dict[str, Any], verdict: str) -> None:
    assert asked(only(**filters), "in", "tcp", 2222, "Ethernet", program=SERVER).verdict == verdict
