"""Every protocol on the page, spoken to a real server: what the row says, and what the dissectors of Wireshark say of
the packets.

The counts are exact: one conversation a row, and no log-on where none is wanted.
"""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab import relaying as ask
from tests.lab import topology as at
from tests.lab.counting import Wanted, differing
from tests.lab.faults import Under
from tests.lab.laboratory import Lab
from tests.lab.observation import matches
from tests.lab.relays import port

MINE = f"ip.src == {at.AGENT} && !icmp"  # an ICMP error quotes what it answers
SMB_PACKETS = {
    f"{MINE} && smb.cmd == 0x72": 1,
    f"{MINE} && smb2.cmd == 0": 1,
    "smb2.cmd == 0 && smb2.flags.response == 1": 2,
    f"{MINE} && smb2.cmd == 1 && ntlmssp.messagetype == 1": 1,
    "ntlmssp.messagetype == 2": 1,
    "ntlmssp.messagetype == 3": 0,  # nobody is logged on
}
SMB = {
    "dialect": "3.1.1",
    "signing": "enabled",
    "encryption": True,
    "computer": "TARGET",
    "domain": "TARGET",
    "skew_s": range(-2, 3),
}
# once alone, and once more before the two messages of a handshake; no log-on
TDS_PACKETS = {f"{MINE} && tds.type == 18": 4, "tds.type == 4": 2, "tds.type == 16": 0}
LDAP_PACKETS = {
    f"{MINE} && ldap.searchRequest_element": 1,
    "ldap.searchResDone_element": 1,
    f"{MINE} && ldap.unbindRequest_element": 1,
    "ldap.bindRequest_element": 0,
}
HELLO = f"{MINE} && tls.handshake.type == 1"
DEPLOY = ("--role", "deploy-source", "-4", "--offline", "--target")
SERVER = ("--role", "server", "-4")


@dataclass(frozen=True)
class Spoken:
    """One row: its arguments and id; what must stand in it (see tests.lab.observation); how many packets a display
    filter must find."""

    name: str
    arguments: tuple[str, ...]
    row: str
    reply: Any
    packets: Wanted
    verdict: str = "pass PROTOCOL_REPLY protocol"
    tls: Any = None
    findings: Any = None


def deployed(name: str, target: str, port_: str, reply: Any, packets: Wanted, **more: Any) -> Spoken:
    return Spoken(name, (*DEPLOY, target), f"deploy-source.target@{target}.{port_}", reply, packets, **more)


def site(name: str, row: str, arguments: tuple[str, ...], reply: Any, packets: Wanted, **more: Any) -> Spoken:
    return Spoken(name, (*SERVER, *arguments), row, reply, packets, **more)


def tls_2222(name: str, server: str, version: str, demand: str, packets: Wanted) -> Spoken:
    said = {"version": version, "client_certificate": demand, "public": "trusted", "name_matches": True}
    return Spoken(
        name,
        ("--role", "agent", "-4", "--server", server),
        "agent.server.tcp-2222",
        None,
        packets,
        "pass CONNECTED product",
        said,
    )


MSSQL, MYSQL = ("--database-kind", "mssql", "--database"), ("--database-kind", "mysql", "--database")
NAMES = {"name": "TARGET", "suffix": 0x20, "group": False}
SPOKEN = [
    deployed("smb", at.TARGET, "tcp-445", SMB, SMB_PACKETS),
    deployed("smb-by-name", "target.lab.test", "tcp-445", SMB, SMB_PACKETS),
    deployed("smb-3.1.1-signed", at.TARGET_SIGNED, "tcp-445", SMB | {"signing": "required", "computer": "TSIGNED", "domain": "TSIGNED"}, SMB_PACKETS),
    deployed("smb-no-ntlm", at.TARGET_NO_NTLM, "tcp-445", SMB | {"computer": "TNONTLM", "domain": "TNONTLM"}, SMB_PACKETS),
    deployed("nbss", at.TARGET, "tcp-139", SMB, {**SMB_PACKETS, f"{MINE} && nbss.type == 0x81": 1, "nbss.type == 0x82": 1}),
    deployed("nbns", at.TARGET, "udp-137", {"answer": "node-status", "names": NAMES}, {f"{MINE} && nbns.type == 33": 1, "nbns.flags.response == 1": 1}),
    deployed("nbns-by-name", "target.lab.test", "udp-137", {"answer": ("node-status", "name")}, {f"{MINE} && nbns.type == 33": 1, f"{MINE} && nbns.type == 32": 1}),
    site(
        "kerberos", "server.dc.udp-88", ("--appliance", "--domain-controller", at.DC, "--realm", at.REALM),
        {"message": "KRB-ERROR", "code": 6, "realm": at.REALM, "realm_asked": at.REALM, "skew_s": range(-2, 3)},
        {f"{MINE} && kerberos.as_req_element": 1, "kerberos.krb_error_element": 1, "kerberos.error_code == 6": 1},
    ),
    site(
        "ldap", "server.dc.tcp-389", ("--domain-controller", at.DC),
        {"namingContexts": "dc=lab,dc=test", "supportedLDAPVersion": "3", "starttls": True, "result": 0},
        {**LDAP_PACKETS, "ldap.searchResEntry_element": 1},
    ),
    site(
        "ldap-tls-required", "server.dc.tcp-389", ("--domain-controller", at.DC_STRICT),
        {"result": 13, "result_name": "confidentialityRequired", "starttls_tried": "works", "starttls_result": 0, "namingContexts": "dc=lab,dc=test"},
        {**LDAP_PACKETS, f"{MINE} && ldap.unbindRequest_element": 0, f"{MINE} && ldap.extendedReq_element": 1, "ldap.extendedResp_element": 1, HELLO: 1},
        verdict="warn LDAP_TLS_REQUIRED protocol", tls={"name": at.DC_STRICT, "public": "trusted"},
        findings={"reason": "LDAP_TLS_REQUIRED", "params": {"result": 13, "starttls_tried": "works"}},
    ),
    site("tds", "server.database.tcp-1433", (*MSSQL, at.DATABASE), {"version": "15.0.2000", "encryption": "off"}, TDS_PACKETS),
    site("tds-encrypted", "server.database.tcp-1433", (*MSSQL, at.DATABASE_STRICT), {"version": "15.0.2000", "encryption": ("on", "required")}, TDS_PACKETS),
    site(
        "mysql", "server.database.tcp-3306", (*MYSQL, at.DATABASE),
        {"answer": "greeting", "version": re.compile("MariaDB"), "plugin": "mysql_native_password", "tls": True, "log_on": "refused", "refusal": 1045},
        {"mysql.server_greeting": 1, f"{MINE} && mysql.login_request": 1, "mysql.error_code == 1045": 1},
    ),
    site(
        "mysql-host-not-allowed", "server.database.tcp-3306", (*MYSQL, at.DATABASE_STRICT), {"answer": "error", "code": 1130},
        {"mysql.error_code == 1130": 1, "mysql.login_request": 0}, verdict="fail MYSQL_HOST_NOT_ALLOWED protocol",
        findings={"reason": "MYSQL_HOST_NOT_ALLOWED", "params": {"code": 1130}},
    ),
    Spoken(
        "ssh", ask.SENSOR, f"rdsensor.target@{at.TARGET}.tcp-22",
        {"version": "2.0", "software": re.compile("^OpenSSH"), "host_key": "ssh-ed25519", "kex": re.compile("curve25519"), "cipher": re.compile("aes|chacha")},
        {"ssh.protocol": 2, "ssh.message_code == 20": 1, f"{MINE} && ssh.message_code": 0},
    ),
    Spoken(
        "apns", ask.MDC, "mdc.apns.tcp-2197", {"settings": {"max_concurrent_streams": range(1, 1 << 31)}},
        # the server may ask for another key share: then a second hello on the same connection
        {f'{HELLO} && tls.handshake.extensions_alpn_str == "h2"': range(1, 3), f"{MINE} && tcp.flags.syn == 1 && tcp.dstport == 2197": 1},
        "pass PROTOCOL_REPLY product", {"alpn": "h2", "public": "trusted", "name_matches": True},
    ),
    Spoken(
        "mqtt", ask.AGENT, "agent.push.tcp-8883", {"message": "CONNACK", "code": 0},
        {f'{HELLO} && tls.handshake.extensions_server_name == "epns.eset.com"': 1},
        "pass PROTOCOL_REPLY product", {"public": "trusted", "name_matches": True, "client_certificate": "not-requested"},
    ),
    tls_2222("tls-certificate-optional", at.SERVER, "TLSv1.3", "requested", {HELLO: 2}),
    tls_2222("tls-1.3-certificate-required", at.SERVER_MTLS13, "TLSv1.3", "required", {HELLO: 2}),
    tls_2222("tls-1.2-certificate-required", at.SERVER_MTLS12, "TLSv1.2", "required", {HELLO: 2, "tls.handshake.type == 13": 2}),
]  # fmt: skip


@pytest.mark.parametrize("spoken", SPOKEN, ids=lambda spoken: spoken.name)
def test_spoken(lab: Lab, spoken: Spoken) -> None:
    with lab.capture("spoken") as capture:
        result = lab.check(*spoken.arguments, "--only", spoken.row)
    row = result.row(spoken.row)
    assert f"{row['verdict']} {row['reason']} {row['proof']['reached']}" == spoken.verdict, row
    assert result.code == (1 if row["verdict"] == "fail" else 0)
    (attempt,) = row["attempts"]
    assert spoken.reply is None or matches(spoken.reply, attempt["reply"]), attempt["reply"]
    assert spoken.tls is None or matches(spoken.tls, attempt["tls"]), attempt["tls"]
    assert spoken.findings is None or matches(spoken.findings, row["findings"]), row["findings"]
    assert differing(capture, spoken.packets) == {}, "\n".join(capture.packets())


INSIDE = {  # display filters behind TLS
    "mqtt": {
        f"{MINE} && mqtt.msgtype == 1": 1,
        "mqtt.msgtype == 2 && mqtt.conack.val == 0": 1,
        f"{MINE} && mqtt.msgtype == 14": 1,
    },
    "apns": {f"{MINE} && http2.magic": 1, f"{MINE} && http2.type == 4": 2, "http2.type == 7": 1, "http2.type == 1": 0},
}


@pytest.mark.parametrize("protocol", INSIDE)
def test_spoken_inside_tls(lab: Lab, protocol: str) -> None:
    """A relay ends TLS and tells the secrets, so that the dissectors see what is inside; behind it stands the real
    server."""
    arguments, row_id = ask.ROWS[protocol]
    with ExitStack() as steps:
        key_log = steps.enter_context(ask.relaying(lab))
        steps.enter_context(ask.led_to(protocol, at.MISBEHAVING, port(protocol, "whole")).applied(lab, "relayed"))
        capture = steps.enter_context(lab.capture("inside"))
        result = lab.check(*arguments, "--only", row_id)
    assert result.row(row_id)["verdict"] == "pass", result.row(row_id)
    assert differing(capture, INSIDE[protocol], key_log) == {}, "\n".join(capture.packets(key_log=key_log))


KDC = ("--role", "server", "-4", "--appliance", "--domain-controller", at.DC, "--only", "server.dc.udp-88")


@pytest.mark.parametrize(
    ("clock", "verdict", "skew_s"),
    [
        ("+3600s", "fail CLOCK_SKEW", 3600),
        ("-3600s", "fail CLOCK_SKEW", -3600),
        ("+120s", "pass PROTOCOL_REPLY", 120),
    ],
)
def test_clock_of_the_kdc(lab: Lab, clock: str, verdict: str, skew_s: int) -> None:
    with Under("krb5kdc", ("faketime", "-f", clock)).applied(lab, "clock"):
        result = lab.check(*KDC, "--realm", at.REALM)
    row = result.row("server.dc.udp-88")
    assert f"{row['verdict']} {row['reason']}" == verdict
    assert (result.code, row["proof"]["reached"]) == (1 if verdict.startswith("fail") else 0, "protocol")
    near = range(skew_s - 3, skew_s + 4)
    assert matches(near, row["attempts"][0]["reply"]["skew_s"]), row["attempts"][0]["reply"]
    for code in ("CLOCK_SKEW", "KDC_CLOCK_SKEW"):
        told = {"reason": code, "params": {"skew_s": near, "limit_s": 300}}
        assert matches(told, row["findings"]) is verdict.startswith("fail")


@pytest.mark.parametrize("controller", ["dc.lab.test", at.DC], ids=["by-name", "by-address-and-search-list"])
def test_realm_is_found_by_srv_records(lab: Lab, controller: str) -> None:
    with lab.capture("realm") as capture:
        result = lab.check(
            "--role", "server", "-4", "--appliance", "--domain-controller", controller, "--only", "server.dc.*-88"
        )
    for row_id in ("server.dc.udp-88", "server.dc.tcp-88"):
        row = result.row(row_id)
        assert (row["verdict"], row["attempts"][0]["reply"]["realm_asked"]) == ("pass", at.REALM)
        (told,) = [one for one in row["evidence"] if one["kind"] == "realm"]
        assert told == {"kind": "realm", "asked": ["lab.test"], "realm": at.REALM, "kdcs": ["dc.lab.test"]}
    assert differing(capture, {f"{MINE} && dns.qry.type == 33": 1}) == {}, "once a run"


def test_kdc_of_another_realm_is_a_kdc(lab: Lab) -> None:
    row = lab.check(*KDC, "--realm", "ELSEWHERE.TEST").row("server.dc.udp-88")
    assert (row["verdict"], row["attempts"][0]["reply"]["realm_asked"]) == ("pass", "ELSEWHERE.TEST")
