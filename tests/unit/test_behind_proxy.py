"""Rows through a proxy: the proxy is told for what it did itself, the destination for all else."""

from typing import Any

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.evidence import Distance, DistanceControl, Evidence, ProxyControl, SmallSegments
from eset_portcheck.model.finding import Where
from eset_portcheck.model.host import Host, Interface
from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Failure, Listener, Phase, Proof, Stage, Trust
from tests.unit.rows import TARGET, attempt, connecting, judged, row, tls

CONNECTED = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT)
TUNNELLED = (*CONNECTED, Stage.TUNNEL)
SPOKEN = (*TUNNELLED, Stage.TLS)
BEHIND = Where(address="protect.corp.local:2222", via="bridge.corp.local:3128")
VIA: dict[str, Any] = {
    "id": "agent.proxy.tcp-3128.connect-server",
    "target": "bridge.corp.local",
    "target_key": "proxy",
    "port": 3128,
    "listener": Listener.BRIDGE,
    "via_destination": "protect.corp.local:2222",
    "trust": Trust.SITE,
}
GET = VIA | {
    "id": "agent.proxy.tcp-3128.get-repository",
    "via_destination": "repository.eset.com:80",
    "protocol": "http_proxy",
    "trust": None,
}
PUSH = VIA | {
    "id": "agent.proxy.tcp-3128.connect-push-8883",
    "via_destination": "epns.eset.com:8883",
    "protocol": "mqtt",
    "trust": Trust.UNKNOWN,
}
HOST = Host(name="pc1", os={"name": "Linux"}, interfaces=[Interface("eth0", ["10.0.1.2"])])
INDEX = {"status": 200, "content": "index", "body_sha256": "ab" * 32, "server": "x"}


def refused(status: int, **facts: Any) -> Attempt:
    return attempt(*CONNECTED, broke=Stage.TUNNEL, failure=Failure.PROXY_REFUSED, detail={"status": status, **facts})


def get(reply: dict[str, Any], *evidence: Evidence) -> Row:
    return row(
        attempt(*CONNECTED, Stage.HANDSHAKE, reply=reply), evidence=list(evidence), required=Proof.PRODUCT, **GET
    )


def upstream_failed(**facts: Any) -> Row:
    return row(refused(503, **facts), **VIA)


BROKEN_BEHIND = [
    attempt(*SPOKEN, tls=tls(site="trusted", expired=True), reply={}),
    attempt(*SPOKEN, tls=tls(site="trusted", name_matches=False), reply={}),
    attempt(*SPOKEN, tls=tls(site="untrusted"), reply={}),
    attempt(*TUNNELLED, broke=Stage.TLS, failure=Failure.TIMEOUT),
    attempt(*TUNNELLED, broke=Stage.TLS, failure=Failure.EOF),
    attempt(*TUNNELLED, broke=Stage.TLS, failure=Failure.CONNECTION_RESET),
    attempt(*TUNNELLED, broke=Stage.TLS, failure=Failure.NOT_TLS, detail={"first_bytes": b"SSH-2.0-x\r\n".hex()}),
    attempt(*TUNNELLED, broke=Stage.TLS, failure=Failure.NOT_TLS, detail={"first_bytes": "ff"}),
    attempt(*TUNNELLED, broke=Stage.TLS, failure=Failure.TLS_ALERT, detail={"alert": 40}),
]


@pytest.mark.parametrize("phase", list(Phase)[:2])
@pytest.mark.parametrize("seen", BROKEN_BEHIND)
def test_once_the_tunnel_stands_the_destination_is_told(seen: Attempt, phase: Phase) -> None:
    nearer = Distance(address=TARGET, controls=[DistanceControl("echo", 61)], accepted_ttl=64)
    rows, causes, _ = diagnose([row(seen, evidence=[nearer], full_proof=Proof.PRODUCT, **VIA)], HOST, phase)
    (told,) = rows
    assert told.verdict != "pass"
    assert (told.where.address, told.where.via) == (BEHIND.address, BEHIND.via)
    assert told.culprit != "proxy"
    assert "ANSWERED_NEARER" not in [one.reason for one in told.findings]  # it was the proxy that accepted
    for cause in causes:
        assert (cause.params.target, cause.params.port) == ("protect.corp.local", 2222)
        for fix in cause.fixes:
            assert "port 3128" not in fix.command
            if fix.tool == "request":
                assert fix.command.startswith(f"allow TCP from {TARGET} to protect.corp.local port 2222")
            if fix.tool == "ss":
                assert ":2222" in fix.command


@pytest.mark.parametrize(
    ("seen", "evidence"),
    [
        (connecting(Failure.CONNECTION_REFUSED), []),
        (connecting(Failure.TIMEOUT), []),
        (refused(407), []),
        (refused(403), []),
        (attempt(*CONNECTED, broke=Stage.TUNNEL, failure=Failure.TIMEOUT), []),
        (attempt(*CONNECTED, broke=Stage.TUNNEL, failure=Failure.EOF), []),
        (
            attempt(*TUNNELLED, broke=Stage.TLS, failure=Failure.TIMEOUT),
            [SmallSegments(address=TARGET, segment_bytes=536, stage=Stage.TLS, completed=True)],
        ),
    ],
)
def test_what_the_proxy_or_the_way_to_it_did_is_told_of_it(seen: Attempt, evidence: list[Evidence]) -> None:
    (told,) = judged(row(seen, evidence=evidence, **VIA))
    assert told.verdict == "fail"
    assert told.where.via is None
    assert told.where.address == TARGET or TARGET in (told.where.interval or [])


def test_a_destination_that_a_proxy_does_not_reach_is_not_its_fault() -> None:
    good = get(INDEX)
    direct = row(connecting(Failure.CONNECTION_REFUSED))
    passing = row(attempt(*CONNECTED, Stage.TLS, tls=tls(site="trusted"), reply={}))
    inspected = row(attempt(*CONNECTED, Stage.TLS, tls=tls(site="untrusted"), reply={}))
    cases: list[tuple[list[Row], str, str | None]] = [
        ([upstream_failed(), good], "unknown", BEHIND.via),  # the proxy reaches others
        ([upstream_failed(), good, inspected], "unknown", BEHIND.via),  # a certificate keeps no proxy from connecting
        ([upstream_failed(), good, direct], "remote-service", BEHIND.via),
        ([upstream_failed(), good, passing], "unknown", BEHIND.via),  # something between the proxy and the destination
        ([upstream_failed(), passing], "proxy", None),
        ([upstream_failed()], "proxy", None),
        ([upstream_failed(), row(refused(504), **PUSH)], "proxy", None),  # nothing is reached
        ([upstream_failed(x_squid_error="ERR_CONNECT_FAIL 111")], "remote-service", BEHIND.via),
        ([upstream_failed(x_squid_error="ERR_DNS_FAIL 0")], "dns", BEHIND.via),
    ]
    for rows, culprit, via in cases:
        told = judged(*rows)[0]
        assert (told.verdict, told.reason, told.culprit, told.where.via) == (
            "fail", "PROXY_UPSTREAM_FAILED", culprit, via,
        )  # fmt: skip


def test_a_proxy_that_waits_for_one_destination_is_alive() -> None:
    """squid answers a CONNECT when the destination has answered it."""
    waits = row(attempt(*CONNECTED, broke=Stage.TUNNEL, failure=Failure.TIMEOUT), **VIA)
    told, _ = judged(waits, get(INDEX))
    assert (told.reason, told.culprit, told.confidence, told.where) == (
        "PROXY_UPSTREAM_FAILED", "unknown", "likely", BEHIND,
    )  # fmt: skip
    told, _ = judged(waits, row(refused(403), **PUSH))
    assert told.culprit == "unknown"
    (told,) = judged(waits)
    assert (told.reason, told.culprit) == ("NO_REPLY", "proxy")
    told, other = judged(waits, row(attempt(*CONNECTED, broke=Stage.TUNNEL, failure=Failure.TIMEOUT), **PUSH))
    assert {told.culprit, other.culprit} == {"proxy"}


@pytest.mark.parametrize(
    ("reply", "control", "expected"),
    [
        (INDEX, ProxyControl(address=TARGET, status=200, content="index", alike=True), ("fail", "WRONG_PROTOCOL")),
        (INDEX, ProxyControl(address=TARGET, status=200, content="index"), ("fail", "WRONG_PROTOCOL")),
        (INDEX, ProxyControl(address=TARGET, status=503, content="html"), ("pass", "PROTOCOL_REPLY")),
        (INDEX, ProxyControl(address=TARGET, failure=Failure.TIMEOUT), ("pass", "PROTOCOL_REPLY")),
        (INDEX, ProxyControl(address=TARGET, status=200, content="html"), ("pass", "PROTOCOL_REPLY")),
        (
            {"status": 404, "content": "html"},
            ProxyControl(address=TARGET, status=404, content="html", alike=True),
            ("fail", "WRONG_PROTOCOL"),
        ),
        (
            {"status": 404, "content": "html", "via": "1.1 bridge"},
            ProxyControl(address=TARGET, status=404, content="html", alike=True),
            ("unproven", "WRONG_CONTENT"),
        ),
        (
            {"status": 200, "content": "html"},
            ProxyControl(address=TARGET, status=200, content="html", alike=True),
            ("fail", "WRONG_PROTOCOL"),
        ),
        (
            {"status": 302, "location": "http://portal.corp.local/", "asked": "repository.eset.com"},
            ProxyControl(address=TARGET, status=302, alike=True),
            ("fail", "CAPTIVE_PORTAL"),
        ),
        (
            {"status": 403, "content": "html"},
            ProxyControl(address=TARGET, status=403, content="html", alike=True),
            ("fail", "PROXY_REFUSED_CONNECT"),
        ),
    ],
)
def test_a_web_server_is_no_proxy(reply: dict[str, Any], control: ProxyControl, expected: tuple[str, str]) -> None:
    (told,) = judged(get(reply, control))
    assert (told.verdict, told.reason) == expected
    if told.reason == "WRONG_PROTOCOL":
        assert (told.culprit, told.where) == ("proxy", Where(address=TARGET))


def test_a_tunnel_of_no_proxy_is_not_the_destinations_fault() -> None:
    web = get(INDEX, ProxyControl(address=TARGET, status=200, content="index", alike=True))
    tunnel = row(attempt(*TUNNELLED, broke=Stage.TLS, failure=Failure.NOT_TLS, detail={"first_bytes": "3c"}), **VIA)
    told = judged(web, tunnel)[1]
    assert (told.verdict, told.culprit, told.where) == ("fail", "proxy", Where(address=TARGET))
