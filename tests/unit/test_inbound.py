"""Rows of this machine: owner, bind address, firewall, phase."""

from typing import Any

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.host import Host, Listening
from eset_portcheck.model.vocabulary import Direction, Listener, Phase, Proof, Transport
from tests.unit.rows import row

SERVER = "/opt/eset/RemoteAdministrator/Server/ERAServer"
ALLOW = {"state": "readable", "predictions": {"in/tcp/2222": {"verdict": "allow"}}}


def holder(address: str = "0.0.0.0", port: int = 2222, path: str | None = SERVER, pid: int | None = 7, name: str | None = "ERAServer", transport: str = "tcp") -> Listening:
    return Listening(transport, address, port, pid, name, path)


def judged(host: Host, phase: Phase = Phase.POST, **changed: Any) -> Any:
    values = {"id": "server.listen.tcp-2222", "role": "server", "direction": Direction.INBOUND, "target": "this-host", "target_key": "listen", "required": Proof.ACCEPTS, "trust": None}
    return diagnose([row(**values | changed)], host, phase, [])[0][0]


@pytest.mark.parametrize(
    ("listeners", "firewall", "phase", "verdict", "reason"),
    [
        ([holder()], ALLOW, Phase.POST, "pass", "PORT_HELD_BY_PRODUCT"),
        ([holder()], {"state": "not-read"}, Phase.POST, "unproven", "REACH_NOT_TESTED"),
        ([holder()], {"predictions": {"in/tcp/2222": {"verdict": "cannot-tell"}}}, Phase.POST, "unproven", "REACH_NOT_TESTED"),
        ([holder()], {"predictions": {"in/tcp/2222": {"verdict": "drop"}}}, Phase.POST, "fail", "INBOUND_FILTERED"),
        ([holder()], {"predictions": {"in/tcp/2222": {"verdict": "reject"}}}, Phase.POST, "fail", "INBOUND_FILTERED"),
        ([], ALLOW, Phase.POST, "fail", "PORT_NOT_LISTENING"),
        ([], ALLOW, Phase.PRE, "pass", "PORT_FREE"),
        ([], {"state": "not-read"}, Phase.PRE, "unproven", "REACH_NOT_TESTED"),
        ([], ALLOW, Phase.AUTO, "pass", "PORT_FREE"),
        ([], ALLOW | {"excluded_ports": [[2200, 2300]]}, Phase.PRE, "fail", "PORT_RESERVED"),
        ([holder("127.0.0.1")], ALLOW, Phase.POST, "fail", "LISTENS_LOOPBACK_ONLY"),
        ([holder("::1"), holder("127.0.0.1")], ALLOW, Phase.POST, "fail", "LISTENS_LOOPBACK_ONLY"),
        ([holder(path="/usr/sbin/sshd", name="sshd")], ALLOW, Phase.POST, "fail", "PORT_IN_USE_BY_OTHER"),
        ([holder(path="/usr/sbin/sshd", name="sshd")], ALLOW, Phase.PRE, "fail", "PORT_IN_USE_BY_OTHER"),
        ([holder(path=None, name=None, pid=None)], ALLOW, Phase.POST, "unproven", "OWNER_NOT_VISIBLE"),
        ([holder(port=2223)], ALLOW, Phase.POST, "fail", "PORT_NOT_LISTENING"),
    ],
)
def test_the_table(listeners: list[Listening], firewall: dict[str, Any], phase: Phase, verdict: str, reason: str) -> None:
    told = judged(Host(listeners=listeners, firewall=firewall), phase)
    assert (told.verdict, told.reason) == (verdict, reason)
    if reason == "REACH_NOT_TESTED":
        assert "REACH_NOT_TESTED" in [finding.reason for finding in told.findings]


def test_auto_follows_what_is_installed() -> None:
    told = judged(Host(eset_products=[{"component": "server"}], firewall=ALLOW), Phase.AUTO)
    assert (told.verdict, told.reason) == ("fail", "PORT_NOT_LISTENING")


def test_the_operating_systems_own_ports_are_no_conflict() -> None:
    smb = {"id": "deploy-target.listen.tcp-445", "port": 445, "listener": Listener.FOREIGN, "protocol": "smb"}
    allow = {"predictions": {"in/tcp/445": {"verdict": "allow"}}}
    for phase in Phase:
        for one in (holder(port=445, path=None, name="System", pid=4), holder(port=445, path="/usr/sbin/smbd", name="smbd")):
            assert judged(Host(listeners=[one], firewall=allow), phase, **smb).reason == "PORT_HELD_BY_PRODUCT"
        other = judged(Host(listeners=[holder(port=445, path="/usr/bin/nc", name="nc")], firewall=allow), phase, **smb)
        assert other.reason == "PORT_IN_USE_BY_OTHER"


def test_ports_for_this_host_only() -> None:
    inside = {"id": "mdc.internal.tcp-9977", "port": 9977, "direction": Direction.LOCAL, "listener": Listener.MDC, "protocol": "tcp"}
    path = "/opt/eset/RemoteAdministrator/MDMCore/mdmcore"
    assert judged(Host(listeners=[holder("127.0.0.1", 9977, path)]), **inside).verdict == "pass"
    assert judged(Host(listeners=[holder("0.0.0.0", 9977, path)]), **inside).verdict == "warn"
    assert judged(Host(), **inside).reason == "PORT_NOT_LISTENING"
    assert judged(Host(), Phase.PRE, **inside).verdict == "pass"


def test_what_could_not_be_read_is_not_free() -> None:
    told = judged(Host(capabilities={"unread": {"listeners": "AccessDenied"}}, firewall=ALLOW), Phase.PRE)
    assert (told.verdict, told.reason) == ("unproven", "OWNER_NOT_VISIBLE")


def test_a_udp_listener_is_no_tcp_listener() -> None:
    told = judged(Host(listeners=[holder(transport="udp")], firewall=ALLOW))
    assert told.reason == "PORT_NOT_LISTENING"
    assert Transport.UDP == "udp"


def test_tomcat_in_a_machine_of_its_own_is_plausible_and_no_more() -> None:
    console = {"id": "webconsole.listen.tcp-443", "port": 443, "listener": Listener.WEBCONSOLE, "protocol": "tls"}
    allow = {"predictions": {"in/tcp/443": {"verdict": "allow"}}}
    told = judged(Host(listeners=[holder(port=443, path="/usr/lib/jvm/java-17/bin/java", name="java")], firewall=allow), **console)
    assert (told.verdict, told.reason) == ("warn", "OWNER_UNEXPECTED")
