"""Names and the first hop, judged: who is to blame, and who is not."""

from typing import Any

import msgspec
import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.evidence import (
    Distance,
    DistanceControl,
    Evidence,
    NameResolution,
    NeighbourState,
    Retransmitted,
    Retried,
    Route,
)
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.report import Row
from eset_portcheck.model.stage_detail import NO_WAY, DnsAnswer, StageDetail
from eset_portcheck.model.vocabulary import Failure, Listener, Phase, Proof, Stage, Transport
from tests.unit.rows import ROUTER, SOURCE, TARGET, attempt, connecting, icmp, judged, row, tls

RESOLVER, NAME = "10.0.9.53", "protect.corp.local"
SPOKEN = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS)
PUSH: dict[str, Any] = {
    "id": "agent.push.tcp-8883", "target_key": "push", "target": "epns.eset.com", "protocol": "mqtt", "port": 8883,
    "listener": Listener.FOREIGN, "required": Proof.PROTOCOL,
}  # fmt: skip


def answer(kind: str = "A", said: str | Failure = "NOERROR", *addresses: str, **more: Any) -> DnsAnswer:
    word = {"failure": said} if isinstance(said, Failure) else {"rcode": said}
    return DnsAnswer(server=RESOLVER, name=NAME, type=kind, addresses=list(addresses) or None, **word, **more)


def unresolved(failure: Failure, *answers: DnsAnswer, os: str = "EAI_AGAIN") -> Attempt:
    detail = StageDetail(name=NAME, os=os, servers=list(answers))
    return Attempt(stages=[StageRecord(Stage.RESOLVE, 0.0, 3.1, failure, detail)])


def named(seen: Attempt, detail: StageDetail) -> Attempt:
    first = msgspec.structs.replace(seen.stages[0], detail=detail)
    return msgspec.structs.replace(seen, stages=[first, *seen.stages[1:]])


def resolution(**facts: Any) -> NameResolution:
    return NameResolution(**{"name": NAME, "used": "os", "os_after_s": 0.1} | facts)


def route(gateway: str | None = ROUTER, state: NeighbourState = "failed", **facts: Any) -> Route:
    values: dict[str, Any] = {"address": TARGET, "gateway": gateway, "interface": "eth0", "neighbour": state}
    return Route(**values | facts)


def one(*attempts: Attempt, evidence: list[Evidence] | None = None, **changed: Any) -> Row:
    (told,) = judged(row(*attempts, evidence=evidence, **changed))
    return told


@pytest.mark.parametrize(
    ("sources", "confidence"), [(["files"], "proven"), (["files", "dns"], "likely"), ([], "likely")]
)
def test_a_machine_that_does_not_use_its_healthy_resolver(sources: list[str], confidence: str) -> None:
    seen = unresolved(Failure.DNS_NO_ADDRESS, answer("A", "NOERROR", TARGET), answer("AAAA"), os="EAI_NONAME")
    told = one(seen, evidence=[resolution(used="none", repeated=True, sources=sources)])
    assert (told.verdict, told.culprit, told.confidence) == ("fail", "local-host", confidence)
    assert told.where.address is None, "the resolver is healthy"


def test_a_name_that_really_has_no_address() -> None:
    told = one(unresolved(Failure.DNS_NO_ADDRESS, answer(), answer("AAAA"), os="EAI_NODATA"))
    assert (told.reason, told.culprit, told.where.address) == ("DNS_NO_ADDRESS", "dns", RESOLVER)


def test_nothing_is_proven_against_an_answer_that_we_have() -> None:
    told = one(unresolved(Failure.DNS_SERVFAIL, answer("A", "NOERROR", TARGET), answer("AAAA", "SERVFAIL")))
    assert (told.reason, told.culprit, told.confidence) == ("DNS_SERVFAIL", "dns", "likely")


def test_a_slow_name_is_a_warning_that_says_who_was_silent() -> None:
    detail = StageDetail(
        name=NAME, os="ok", servers=[answer("A", "NOERROR", TARGET), answer("AAAA", Failure.DNS_TIMEOUT)]
    )
    seen = named(attempt(*SPOKEN, tls=tls(public="trusted"), reply={}), detail)
    for how in (resolution(os_after_s=6.0), resolution(used="own-query", os_after_s=None)):
        told = one(seen, evidence=[how])
        assert (told.verdict, told.reason) == ("warn", "DNS_SLOW")
        assert told.findings[-1].params.unanswered == [f"{RESOLVER} AAAA"]
    assert one(seen, evidence=[resolution(os_after_s=0.2)]).verdict == "pass"


@pytest.mark.parametrize("address", ["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.9.9.9", "::1", "::", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("by_hosts", [True, False])
def test_a_foreign_name_that_leads_to_this_machine(address: str, by_hosts: bool) -> None:
    detail = StageDetail(name="epns.eset.com", os="ok", servers=[answer("A", "NOERROR", address)])
    seen = named(connecting(Failure.CONNECTION_REFUSED, address=address), detail)
    told = one(seen, evidence=[resolution(hosts_file=by_hosts)], **PUSH)
    assert (told.verdict, told.reason) == ("fail", "DNS_SINKHOLED")
    assert (told.culprit, told.where.address) == (("local-host", None) if by_hosts else ("dns", RESOLVER))


def test_names_that_are_at_home_here() -> None:
    def seen(name: str, good: bool) -> Attempt:
        made = attempt(*SPOKEN, tls=tls(public="trusted"), reply={}, address="127.0.0.1")
        made = made if good else connecting(Failure.CONNECTION_REFUSED, address="127.0.0.1")
        return named(made, StageDetail(name=name, os="ok", servers=[]))

    def reason(name: str, good: bool, **changed: Any) -> str:
        return diagnose([row(seen(name, good), **changed)], Host(name="pc1.corp.local"), Phase.POST)[0][0].reason

    for name in ("localhost", "a.localhost", "pc1", "pc1.corp.local", "PC1.corp.local."):
        assert reason(name, False) == "REFUSED_ORIGIN_UNKNOWN", name
    assert reason(NAME, True) == "CONNECTED", "the service answers here: a hosts file may say so"
    assert reason(NAME, False) == "DNS_SINKHOLED"
    assert reason("play.eset.com", True, target="play.eset.com", target_key="play", listener=Listener.FOREIGN) == (
        "DNS_SINKHOLED"
    ), "a name of the internet is never at home here"


def test_an_old_entry_of_the_hosts_file_is_this_machines_fault() -> None:
    detail = StageDetail(name=NAME, os="ok", servers=[answer("A", "NOERROR", "10.0.2.9")], disagrees=["10.0.2.9"])
    seen = named(connecting(Failure.TIMEOUT), detail)
    assert one(seen, evidence=[resolution(hosts_file=True)]).culprit == "local-host"
    assert one(seen, evidence=[resolution()]).culprit == "unknown"


LATE, EARLY = 3.1, 0.4


@pytest.mark.parametrize(
    ("after_s", "where", "reason", "culprit"),
    [
        (LATE, route(), "GATEWAY_DOWN", "local-route"),
        (LATE, route(state="reachable"), "GATEWAY_DOWN", "local-route"),
        (EARLY, route(state="incomplete"), "GATEWAY_DOWN", "local-route"),
        (EARLY, route(state="reachable"), "REJECTED_LOCALLY", "local-firewall"),
        (LATE, route(None), "GATEWAY_DOWN", "local-route"),
        (LATE, route(None, connected=True), "HOST_DOWN", "remote-host"),
        (EARLY, route(None, connected=True), "HOST_DOWN", "remote-host"),
        (EARLY, route(None, "reachable", connected=True), "REJECTED_LOCALLY", "local-firewall"),
    ],
)
@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])
def test_host_unreachable_from_ourselves(
    after_s: float, where: Route, reason: str, culprit: str, transport: Transport
) -> None:
    news = icmp(3, 1, SOURCE, after_s=after_s)
    if transport is Transport.TCP:
        seen = connecting(Failure.HOST_UNREACHABLE, after_s, icmp=news)
    else:
        done = (Stage.RESOLVE, Stage.ROUTE)
        seen = attempt(*done, broke=Stage.HANDSHAKE, failure=Failure.HOST_UNREACHABLE, took_s=after_s, icmp=news)
    told = one(seen, evidence=[where], transport=transport)
    assert (told.verdict, told.reason, told.culprit) == ("fail", reason, culprit)
    if reason == "GATEWAY_DOWN":
        assert told.where.address == where.gateway, "neither the target nor our own address"
        assert told.findings[0].params.interface == "eth0"


def test_a_far_routers_host_unreachable_is_not_our_gateways() -> None:
    told = one(
        connecting(Failure.HOST_UNREACHABLE, LATE, icmp=icmp(3, 1, "10.0.9.1", after_s=LATE)), evidence=[route()]
    )
    assert (told.reason, told.culprit) == ("HOST_DOWN", "remote-host")


def test_a_gateway_explains_all_that_lies_behind_it() -> None:
    direct = row(connecting(Failure.HOST_UNREACHABLE, LATE, icmp=icmp(3, 1, SOURCE, after_s=LATE)), evidence=[route()])
    silent = row(connecting(Failure.TIMEOUT, 4.0), evidence=[route()], id="agent.other.tcp-2223", port=2223)
    unreachable = answer("A", Failure.DNS_UNREACHABLE, cause="host_unreachable")
    by_name = row(unresolved(Failure.DNS_UNREACHABLE, unreachable), evidence=[route(address=RESOLVER)], **PUSH)
    rows, causes, _ = diagnose([direct, silent, by_name], Host(), Phase.POST)
    assert [told.reason for told in rows] == ["GATEWAY_DOWN"] * 3
    assert [len(cause.explains) for cause in causes] == [3]
    assert causes[0].where.address == ROUTER


def test_a_resolver_with_a_healthy_gateway_is_blamed_itself() -> None:
    unreachable = answer("A", Failure.DNS_UNREACHABLE, cause="host_unreachable")
    for there in (route(address=RESOLVER, state="reachable"), route(None, address=RESOLVER, connected=True)):
        told = one(unresolved(Failure.DNS_UNREACHABLE, unreachable), evidence=[there])
        assert (told.reason, told.culprit) == ("DNS_UNREACHABLE", "dns")


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])
@pytest.mark.parametrize("how", ["echo", "open-port", "udp-port-unreachable"])
def test_a_reject_in_the_targets_name_from_nearer_than_the_target(transport: Transport, how: Any) -> None:
    news = icmp(3, 3, TARGET, ttl=64)
    stage = Stage.CONNECT if transport is Transport.TCP else Stage.HANDSHAKE
    seen = attempt(Stage.RESOLVE, Stage.ROUTE, broke=stage, failure=Failure.CONNECTION_REFUSED, icmp=news)
    far = Distance(address=TARGET, controls=[DistanceControl(how, 62)])
    told = one(seen, evidence=[far], transport=transport)
    assert (told.reason, told.culprit, told.where.hop) == ("REJECTED_IN_PATH", "middlebox", 1)
    same = Distance(address=TARGET, controls=[DistanceControl(how, 64)])
    assert one(seen, evidence=[same], transport=transport).reason != "REJECTED_IN_PATH"


@pytest.mark.parametrize(
    ("causes", "reason"),
    [
        (("network_unreachable", "network_unreachable"), "NO_ROUTE"),
        (("invalid_route", "access_denied"), "NO_ROUTE"),
        (("access_denied", "access_denied"), "ROUTE_PROHIBITED"),
    ],
)
def test_no_route_to_any_resolver_is_this_machines_own(causes: tuple[str, ...], reason: str) -> None:
    unasked = [answer(kind, Failure.DNS_UNREACHABLE, cause=cause, why=NO_WAY)
               for kind, cause in zip(("A", "AAAA"), causes, strict=True)]  # fmt: skip
    told = one(unresolved(Failure.DNS_UNREACHABLE, *unasked))
    assert (told.verdict, told.reason, told.culprit, told.where.address) == ("fail", reason, "local-route", RESOLVER)
    assert "DNS_UNREACHABLE" in {finding.reason for finding in told.findings}, "and what the name's resolution said"
    far = answer("A", Failure.DNS_UNREACHABLE, cause="network_unreachable")
    told = one(unresolved(Failure.DNS_UNREACHABLE, unasked[0], far))
    assert (told.reason, told.culprit) == ("DNS_UNREACHABLE", "dns"), "one was sent: a router said so"


def test_lost_packets_of_a_row_that_passes() -> None:
    good = attempt(*SPOKEN, tls=tls(public="trusted"), reply={})
    lost = Retransmitted(address=TARGET, syns=2, connect_s=2.0)
    second = Retried(address=TARGET, stage=Stage.CONNECT, passed=True)
    for evidence, word in (([lost], "repeated_syns"), ([second], "attempts")):
        told = one(good, evidence=list(evidence))
        assert (told.verdict, told.reason) == ("warn", "LOSSY_PATH")
        assert told.findings[-1].params.as_table()[word] == 2
    vain = Retried(address=TARGET, stage=Stage.CONNECT, passed=False)
    told = one(connecting(Failure.TIMEOUT), evidence=[vain])
    assert (told.reason, told.findings[0].params.attempts) == ("TCP_NO_ANSWER", 2)
    assert "LOSSY_PATH" not in {finding.reason for finding in told.findings}
