"""Connect stages that broke: verdict, reason, culprit and place, before and after installation."""

from typing import Any, Literal

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.evidence import (
    Answer,
    ControlPorts,
    Distance,
    DistanceControl,
    Evidence,
    FirewallPrediction,
    Hop,
    PortAnswer,
    RuleVerdict,
    TtlWalk,
)
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.stage_detail import DnsAnswer, StageDetail
from eset_portcheck.model.vocabulary import Failure, Listener, Phase, Proof, Stage, Transport
from tests.unit.rows import ROUTER, SOURCE, TARGET, attempt, connecting, icmp, judged, row

REFUSED, TIMEOUT = Failure.CONNECTION_REFUSED, Failure.TIMEOUT


def distance(refused: int | None, *controls: int, how: Literal["echo", "udp-port-unreachable"] = "echo") -> Distance:
    return Distance(address=TARGET, controls=[DistanceControl(how, ttl) for ttl in controls], refused_ttl=refused)


def walk(*hops: tuple[int, str]) -> TtlWalk:
    return TtlWalk(address=TARGET, hops=[Hop(ttl, sender, 0.1) for ttl, sender in hops], probed=30)


CASES: list[tuple[str, Attempt, list[Evidence], str, str, str, str]] = [
    # what, attempt, evidence, post, pre, reason, culprit
    (
        "rst, same distance",
        connecting(REFUSED),
        [distance(63, 63)],
        "fail",
        "pass",
        "REFUSED_BY_HOST",
        "remote-service",
    ),
    (
        "rst, other initial hop limit",
        connecting(REFUSED),
        [distance(127, 63)],
        "fail",
        "pass",
        "REFUSED_BY_HOST",
        "remote-service",
    ),
    (
        "rst from nearer",
        connecting(REFUSED),
        [distance(64, 63)],
        "fail",
        "fail",
        "REFUSED_NEARER_THAN_HOST",
        "middlebox",
    ),
    (
        "one of two controls is forged too",
        connecting(REFUSED),
        [distance(64, 64, 62)],
        "fail",
        "fail",
        "REFUSED_NEARER_THAN_HOST",
        "middlebox",
    ),
    (
        "rst from farther",
        connecting(REFUSED),
        [distance(60, 63)],
        "fail",
        "unproven",
        "REFUSED_ORIGIN_UNKNOWN",
        "remote-service",
    ),
    (
        "rst, nothing to compare",
        connecting(REFUSED),
        [distance(None)],
        "fail",
        "unproven",
        "REFUSED_ORIGIN_UNKNOWN",
        "remote-service",
    ),
    ("rst, not measured", connecting(REFUSED), [], "fail", "unproven", "REFUSED_ORIGIN_UNKNOWN", "remote-service"),
    (
        "3/3 by a router",
        connecting(REFUSED, icmp=icmp(3, 3, ROUTER)),
        [],
        "fail",
        "fail",
        "REJECTED_IN_PATH",
        "middlebox",
    ),
    (
        "3/13 by a router",
        connecting(Failure.HOST_UNREACHABLE, icmp=icmp(3, 13, ROUTER)),
        [],
        "fail",
        "fail",
        "REJECTED_IN_PATH",
        "middlebox",
    ),
    (
        "3/1 by a router, at once",
        connecting(Failure.HOST_UNREACHABLE, icmp=icmp(3, 1, ROUTER)),
        [],
        "fail",
        "fail",
        "REJECTED_IN_PATH",
        "middlebox",
    ),
    (
        "3/1 by a router, at 1 s",
        connecting(Failure.HOST_UNREACHABLE, icmp=icmp(3, 1, ROUTER, after_s=1.02)),
        [],
        "fail",
        "fail",
        "REJECTED_IN_PATH",
        "middlebox",
    ),
    (
        "3/1 by a router, after ARP",
        connecting(Failure.HOST_UNREACHABLE, icmp=icmp(3, 1, ROUTER, after_s=3.07)),
        [],
        "fail",
        "fail",
        "HOST_DOWN",
        "remote-host",
    ),
    (
        "3/1 by ourselves, after ARP",
        connecting(Failure.HOST_UNREACHABLE, icmp=icmp(3, 1, SOURCE, after_s=3.07)),
        [],
        "fail",
        "fail",
        "HOST_DOWN",
        "remote-host",
    ),
    (
        "1/3 v6, after ND",
        connecting(Failure.HOST_UNREACHABLE, icmp=icmp(1, 3, SOURCE, after_s=3.07, version=6)),
        [],
        "fail",
        "fail",
        "HOST_DOWN",
        "remote-host",
    ),
    (
        "3/0",
        connecting(Failure.NETWORK_UNREACHABLE, icmp=icmp(3, 0, ROUTER)),
        [],
        "fail",
        "fail",
        "NET_UNREACHABLE",
        "routing",
    ),
    (
        "1/0 v6",
        connecting(Failure.NETWORK_UNREACHABLE, icmp=icmp(1, 0, ROUTER, version=6)),
        [],
        "fail",
        "fail",
        "NET_UNREACHABLE",
        "routing",
    ),
    (
        "11/0",
        connecting(Failure.HOST_UNREACHABLE, icmp=icmp(11, 0, ROUTER)),
        [],
        "fail",
        "fail",
        "TTL_EXPIRED",
        "routing",
    ),
    (
        "3/0 v6 is hop limit",
        connecting(Failure.HOST_UNREACHABLE, icmp=icmp(3, 0, ROUTER, version=6)),
        [],
        "fail",
        "fail",
        "TTL_EXPIRED",
        "routing",
    ),
    (
        "3/3 by the target",
        connecting(REFUSED, icmp=icmp(3, 3, TARGET)),
        [],
        "fail",
        "fail",
        "REJECTED_BY_TARGET_FIREWALL",
        "remote-firewall",
    ),
    (
        "3/3 in the target's name, from nearer",
        connecting(REFUSED, icmp=icmp(3, 3, TARGET, ttl=64)),
        [distance(None, 63)],
        "fail",
        "fail",
        "REJECTED_IN_PATH",
        "middlebox",
    ),
    (
        "3/3 by ourselves",
        connecting(REFUSED, icmp=icmp(3, 3, SOURCE)),
        [],
        "fail",
        "fail",
        "REJECTED_LOCALLY",
        "local-firewall",
    ),
    ("EPERM", connecting(Failure.NOT_PERMITTED), [], "fail", "fail", "REJECTED_LOCALLY", "local-firewall"),
    (
        "EACCES though the route was found",
        connecting(Failure.ACCESS_DENIED),
        [],
        "fail",
        "fail",
        "REJECTED_LOCALLY",
        "local-firewall",
    ),
    (
        "EHOSTUNREACH at 3 s without ICMP",
        connecting(Failure.HOST_UNREACHABLE, took_s=3.1),
        [],
        "fail",
        "fail",
        "HOST_DOWN",
        "remote-host",
    ),
    (
        "EHOSTUNREACH at 0 ms without ICMP",
        connecting(Failure.HOST_UNREACHABLE, took_s=0.0),
        [],
        "fail",
        "fail",
        "NO_ROUTE",
        "local-route",
    ),
    ("silence", connecting(TIMEOUT), [], "fail", "fail", "TCP_NO_ANSWER", "unknown"),
    (
        "reset while connecting",
        connecting(Failure.CONNECTION_RESET),
        [],
        "fail",
        "unproven",
        "RESET_AFTER_ACCEPT",
        "remote-service",
    ),
]


@pytest.mark.parametrize(
    ("case", "phase"),
    [(case, phase) for case in CASES for phase in (Phase.POST, Phase.PRE)],
    ids=lambda x: x[0] if isinstance(x, tuple) else x,
)
def test_the_table(case: Any, phase: Phase) -> None:
    _, seen, evidence, post, pre, reason, culprit = case
    (told,) = judged(row(seen, evidence=evidence), phase=phase)
    assert (told.verdict, told.reason) == (pre if phase is Phase.PRE else post, reason)
    assert told.culprit == (None if told.verdict == "unproven" else culprit)
    if reason in ("TCP_NO_ANSWER", "REFUSED_ORIGIN_UNKNOWN"):
        assert told.confidence != "proven"


def test_pre_asks_the_same_of_foreign_listeners() -> None:
    (told,) = judged(row(connecting(REFUSED), evidence=[distance(63, 63)], listener=Listener.FOREIGN), phase=Phase.PRE)
    assert told.verdict == "fail"


def test_auto_is_post_for_outbound_rows() -> None:
    (told,) = judged(row(connecting(REFUSED), evidence=[distance(63, 63)]), phase=Phase.AUTO)
    assert told.verdict == "fail"


@pytest.mark.parametrize(
    ("evidence", "interval"),
    [
        ([], ["this host", TARGET]),
        ([walk()], ["this host", TARGET]),
        ([walk((1, ROUTER), (3, "10.9.9.9"))], ["10.9.9.9", TARGET]),
        ([walk((1, ROUTER), (2, TARGET))], [ROUTER, TARGET]),
    ],
)
def test_silence_names_the_interval(evidence: list[Evidence], interval: list[str]) -> None:
    (told,) = judged(row(connecting(TIMEOUT), evidence=evidence))
    assert told.where.interval == interval


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (Failure.NETWORK_UNREACHABLE, "NO_ROUTE"),
        (Failure.INVALID_ROUTE, "NO_ROUTE"),
        (Failure.HOST_UNREACHABLE, "NO_ROUTE"),
        (Failure.ACCESS_DENIED, "ROUTE_PROHIBITED"),
    ],
)
def test_the_route_look_up(failure: Failure, reason: str) -> None:
    from eset_portcheck.model.vocabulary import Stage

    (told,) = judged(row(attempt(Stage.RESOLVE, broke=Stage.ROUTE, failure=failure)))
    assert (told.verdict, told.reason, told.culprit, told.state) == ("fail", reason, "local-route", "not-tested")


UDP = {
    "transport": Transport.UDP,
    "protocol": "kerberos",
    "required": Proof.PROTOCOL,
    "listener": Listener.FOREIGN,
    "id": "server.dc.udp-88",
    "trust": None,
}


@pytest.mark.parametrize(
    ("failure", "record", "verdict", "reason", "culprit"),
    [
        (TIMEOUT, None, "unproven", "UDP_NO_ANSWER", "unknown"),
        (REFUSED, icmp(3, 3, TARGET), "fail", "REFUSED_BY_HOST", "remote-service"),
        (REFUSED, icmp(1, 4, TARGET, version=6), "fail", "REFUSED_BY_HOST", "remote-service"),
        (Failure.HOST_UNREACHABLE, icmp(3, 13, TARGET), "fail", "REJECTED_BY_TARGET_FIREWALL", "remote-firewall"),
        (REFUSED, icmp(3, 3, ROUTER), "fail", "REJECTED_IN_PATH", "middlebox"),
        (Failure.NOT_PERMITTED, None, "fail", "REJECTED_LOCALLY", "local-firewall"),
        (REFUSED, None, "fail", "REFUSED_ORIGIN_UNKNOWN", "remote-service"),
    ],
)
def test_datagrams(failure: Failure, record: Any, verdict: str, reason: str, culprit: str) -> None:
    from eset_portcheck.model.vocabulary import Stage

    seen = attempt(Stage.RESOLVE, Stage.ROUTE, broke=Stage.HANDSHAKE, failure=failure, icmp=record)
    (told,) = judged(row(seen, **UDP))
    assert (told.verdict, told.reason, told.culprit) == (verdict, reason, culprit)
    assert told.verdict != "pass"


def test_a_sensor_takes_a_reset_for_an_answer_and_silence_for_none() -> None:
    sensor = {"required": Proof.PATH, "listener": Listener.FOREIGN, "protocol": "ssh", "trust": None}
    for phase in Phase:
        (reset,) = judged(row(connecting(REFUSED), evidence=[distance(63, 63)], **sensor), phase=phase)
        (silent,) = judged(row(connecting(TIMEOUT), **sensor), phase=phase)
        (unknown,) = judged(row(connecting(REFUSED), **sensor), phase=phase)
        assert (reset.verdict, silent.verdict, unknown.verdict) == ("pass", "unproven", "unproven")


def test_the_report_says_what_the_phase_asks() -> None:
    (before,) = judged(
        row(connecting(REFUSED), evidence=[distance(63, 63)], required=Proof.PRODUCT, full_proof=Proof.PRODUCT),
        phase=Phase.PRE,
    )
    assert (before.proof.reached, before.proof.required, before.full_proof) == ("path", "path", "product")
    (after,) = judged(before, phase=Phase.POST)  # judged anew for the other phase
    assert (after.verdict, after.proof.required) == ("fail", "product")


def rule(verdict: RuleVerdict = "drop") -> FirewallPrediction:
    return FirewallPrediction(
        address=TARGET, verdict=verdict, rule="tcp dport 2222 drop", table="inet filter", chain="output"
    )


@pytest.mark.parametrize(
    ("failure", "reason", "confidence"),
    [(Failure.TIMEOUT, "TCP_NO_ANSWER", "likely"), (Failure.NOT_PERMITTED, "REJECTED_LOCALLY", "proven")],
)
def test_a_rule_of_this_host_that_stops_the_packets_is_the_culprit(
    failure: Failure, reason: str, confidence: str
) -> None:
    (told,) = judged(row(connecting(failure), evidence=[rule()]))
    assert (told.verdict, told.reason, told.culprit, told.confidence) == ("fail", reason, "local-firewall", confidence)
    assert told.findings[0].params.rule == "tcp dport 2222 drop"
    assert told.where.interval == ["this host", TARGET]


@pytest.mark.parametrize("verdict", ["allow", "cannot-tell"])
def test_a_rule_that_does_not_stop_them_changes_nothing(verdict: RuleVerdict) -> None:
    broken = connecting(Failure.TIMEOUT)
    (told,), (without,) = judged(row(broken, evidence=[rule(verdict)])), judged(row(broken))
    assert (told.verdict, told.reason, told.culprit, told.confidence, told.where) == (
        without.verdict,
        without.reason,
        without.culprit,
        without.confidence,
        without.where,
    )


def test_a_rule_of_this_host_never_explains_what_the_host_itself_answered() -> None:
    (told,) = judged(row(connecting(Failure.CONNECTION_REFUSED), evidence=[distance(60, 60), rule()]))
    assert (told.reason, told.culprit) == ("REFUSED_BY_HOST", "remote-service")


@pytest.mark.parametrize(("verdict", "culprit"), [("drop", "remote-service"), ("reject", "local-firewall")])
def test_a_reset_comes_of_a_reject_and_never_of_a_drop(verdict: RuleVerdict, culprit: str) -> None:
    (told,) = judged(row(connecting(Failure.CONNECTION_REFUSED), evidence=[rule(verdict)]))
    assert (told.verdict, told.reason, told.culprit) == ("fail", "REFUSED_ORIGIN_UNKNOWN", culprit)


@pytest.mark.parametrize(
    ("packet", "may", "culprit"),
    [
        ("neighbour-discovery", ["drop: inet filter input: policy drop"], "local-firewall"),
        ("neighbour-discovery", ["drop: policy drop", "allow: policy accept"], "remote-host"),
        ("reply", ["drop: policy drop"], "remote-host"),
        ("neighbour-discovery", [], "remote-host"),
    ],
)
def test_where_link_addresses_may_not_be_asked_for_nobody_is_found(packet: str, may: list[str], culprit: str) -> None:
    own = FirewallPrediction(
        address=TARGET,
        verdict="cannot-tell",
        rule="policy drop",
        table="inet filter",
        chain="input",
        packet=packet,
        may=may,
    )
    (told,) = judged(row(connecting(Failure.HOST_UNREACHABLE, took_s=3.1), evidence=[own]))
    assert (told.verdict, told.reason, told.culprit) == ("fail", "HOST_DOWN", culprit)


def test_one_rule_that_stops_many_rows_is_one_cause() -> None:
    policy = FirewallPrediction(verdict="drop", rule="policy drop", table="inet filter", chain="output")
    rows = [
        row(
            connecting(Failure.TIMEOUT),
            id=f"agent.{name}.tcp-{port}",
            target=f"{name}.lab.test",
            port=port,
            evidence=[policy],
        )
        for name, port in (("server", 2222), ("repository", 80))
    ]
    told, causes, _ = diagnose(rows, Host(), Phase.AUTO)
    assert [(cause.reason, cause.culprit, cause.explains) for cause in causes] == [
        ("TCP_NO_ANSWER", "local-firewall", [one.id for one in told])
    ]


@pytest.mark.parametrize(
    ("stopped", "culprit"), [(["10.0.9.1", "10.0.9.2"], "local-firewall"), (["10.0.9.1"], "dns"), ([], "dns")]
)
def test_a_name_that_no_resolver_may_be_asked_for(stopped: list[str], culprit: str) -> None:
    asked = [DnsAnswer(server=server, type="A", failure=Failure.DNS_TIMEOUT) for server in ("10.0.9.1", "10.0.9.2")]
    unresolved = Attempt(
        stages=[
            StageRecord(
                Stage.RESOLVE, 0.0, 4.0, Failure.DNS_TIMEOUT, StageDetail(name="server.lab.test", servers=asked)
            )
        ]
    )
    own = [
        FirewallPrediction(
            address=server, verdict="drop", rule="udp dport 53 drop", table="inet filter", chain="output"
        )
        for server in stopped
    ]
    (told,) = judged(row(unresolved, evidence=own))
    assert (told.verdict, told.reason, told.culprit) == ("fail", "DNS_TIMEOUT", culprit)


def test_a_rule_that_stops_the_way_to_the_proxy_is_the_culprit_and_the_code_stays_the_proxys() -> None:
    via = {"via_destination": "server.lab.test:2222", "id": "agent.proxy.tcp-3128.connect-server"}
    (told,) = judged(row(connecting(Failure.TIMEOUT), evidence=[rule()], **via))
    assert (told.verdict, told.reason, told.culprit) == ("fail", "PROXY_UNREACHABLE", "local-firewall")
    (without,) = judged(row(connecting(Failure.TIMEOUT), evidence=[rule("allow")], **via))
    assert without.culprit == "unknown"


@pytest.mark.parametrize(
    ("answers", "reason", "culprit", "confidence"),
    [
        (("unreachable", "unreachable"), "HOST_DOWN", "remote-host", "likely"),
        (("silent", "unreachable"), "HOST_DOWN", "remote-host", "likely"),
        (("silent", "refused"), "REJECTED_IN_PATH", "middlebox", "proven"),
        (("accepted",), "REJECTED_IN_PATH", "middlebox", "proven"),
        ((), "REJECTED_IN_PATH", "middlebox", "likely"),
    ],
)
@pytest.mark.parametrize("kind", [(4, 3, 1), (6, 1, 3)])
def test_an_early_host_unreachable_is_a_rule_only_where_the_host_answers(
    kind: tuple[int, int, int], answers: tuple[Answer, ...], reason: str, culprit: str, confidence: str
) -> None:
    """A router that was asked for a dead host by others too answers at any time: 0.03 s and 1.8 s were seen."""
    version, number, code = kind
    seen = connecting(Failure.HOST_UNREACHABLE, icmp=icmp(number, code, ROUTER, after_s=0.03, version=version))
    ports = [PortAnswer(2223 + at, word, 0.1) for at, word in enumerate(answers)]
    (told,) = judged(row(seen, evidence=[ControlPorts(address=TARGET, ports=ports)]))
    assert (told.verdict, told.reason, told.culprit, told.confidence) == ("fail", reason, culprit, confidence)
    assert told.where.address == ROUTER
