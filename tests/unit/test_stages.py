"""Everything behind an accepted connection: TLS, tunnel, protocol, certificates, several addresses."""

from typing import Any

import msgspec
import pytest

from eset_portcheck.model.evidence import (
    Distance,
    DistanceControl,
    Evidence,
    OneWay,
    SilentControl,
    SilentEnd,
    SmallSegments,
)
from eset_portcheck.model.observation import TlsFacts
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Failure, Listener, Phase, Proof, Stage, Trust
from tests.unit.rows import TARGET, Group, attempt, connecting, judged, row, tls

CONNECTED = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT)
SPOKEN = (*CONNECTED, Stage.TLS)
PUSH = {
    "id": "agent.push.tcp-8883",
    "target_key": "push",
    "target": "epns.eset.com",
    "protocol": "mqtt",
    "port": 8883,
    "trust": Trust.UNKNOWN,
    "listener": Listener.FOREIGN,
    "required": Proof.PROTOCOL,
}
PUBLIC = {
    "id": "mobile-device.play.tcp-443",
    "target_key": "play",
    "target": "play.eset.com",
    "port": 443,
    "trust": Trust.PUBLIC,
    "listener": Listener.FOREIGN,
    "required": Proof.PRODUCT,
}


def accepted(ttl: int) -> Distance:
    return Distance(address=TARGET, controls=[DistanceControl("echo", 61)], accepted_ttl=ttl)


def small(completed: bool) -> SmallSegments:
    return SmallSegments(address=TARGET, segment_bytes=536, stage=Stage.TLS, completed=completed)


def silent(end: SilentEnd) -> SilentControl:
    return SilentControl(address=TARGET, end=end, after_s=1.0)


def hexed(text: bytes) -> dict[str, Any]:
    return {"received_bytes": len(text), "first_bytes": text.hex()}


@pytest.mark.parametrize(
    ("failure", "detail", "evidence", "post", "pre", "reason"),
    [
        (Failure.TIMEOUT, {"received_bytes": 0}, [small(False)], "fail", "warn", "TLS_TIMEOUT"),
        (Failure.TIMEOUT, {"received_bytes": 0}, [], "fail", "warn", "TLS_TIMEOUT"),
        (Failure.TIMEOUT, {"received_bytes": 0}, [small(True)], "fail", "fail", "PMTU_BLACKHOLE"),
        (Failure.EOF, {"received_bytes": 0}, [], "fail", "warn", "CLOSED_BEFORE_REPLY"),
        (Failure.CONNECTION_RESET, {"received_bytes": 0}, [silent("open")], "fail", "fail", "TLS_RESET_ON_HELLO"),
        (Failure.CONNECTION_RESET, {"received_bytes": 0}, [silent("reset")], "fail", "warn", "RESET_AFTER_ACCEPT"),
        (Failure.CONNECTION_RESET, {"received_bytes": 0}, [], "fail", "warn", "RESET_AFTER_ACCEPT"),
        (Failure.CONNECTION_RESET, {"received_bytes": 900}, [silent("open")], "fail", "warn", "RESET_AFTER_ACCEPT"),
        (Failure.TLS_ALERT, {"alert": 40}, [], "fail", "warn", "TLS_REFUSED"),
        (Failure.NOT_TLS, hexed(b"HTTP/1.1 400 Bad Request\r\n"), [], "fail", "warn", "WRONG_PROTOCOL"),
        (Failure.NOT_TLS, hexed(b"SSH-2.0-OpenSSH_9.2\r\n"), [], "fail", "warn", "WRONG_PROTOCOL"),
        (Failure.NOT_TLS, hexed(bytes(range(41, 90))), [], "fail", "warn", "TLS_NOT_SPOKEN"),
    ],
)
def test_tls_stage(
    failure: Failure, detail: dict[str, Any], evidence: list[Evidence], post: str, pre: str, reason: str
) -> None:
    seen = attempt(*CONNECTED, broke=Stage.TLS, failure=failure, detail=detail)
    itself = [*evidence, accepted(61)]
    for phase, verdict, known in ((Phase.POST, post, evidence), (Phase.POST, post, itself), (Phase.PRE, pre, itself)):
        (told,) = judged(row(seen, evidence=known), phase=phase)
        assert (told.verdict, told.reason) == (verdict, reason)
    (told,) = judged(row(seen, evidence=evidence), phase=Phase.PRE)
    assert told.verdict == ("unproven" if pre == "warn" else pre), "who accepted is not known"


def test_a_wrong_service_is_named() -> None:
    (told,) = judged(
        row(attempt(*CONNECTED, broke=Stage.TLS, failure=Failure.NOT_TLS, detail=hexed(b"HTTP/1.1 400 x\r\n")))
    )
    assert told.findings[0].params.service == "http"


@pytest.mark.parametrize(
    ("facts", "given", "verdict", "reason", "reached"),
    [
        (tls(), False, "pass", "CONNECTED", "tls"),
        (tls(site="trusted"), True, "pass", "CONNECTED", "product"),
        (tls(site="weak"), True, "pass", "CONNECTED", "product"),
        (tls(site="untrusted"), True, "fail", "TLS_UNKNOWN_CA", "tls"),
        (tls(site="trusted", name_matches=False), True, "fail", "TLS_WRONG_NAME", "tls"),
        (tls(site="trusted", expired=True), True, "fail", "TLS_EXPIRED", "tls"),
        (tls(site="trusted", not_yet_valid=True), True, "fail", "TLS_NOT_YET_VALID", "tls"),
        (tls(expired=True), False, "fail", "TLS_EXPIRED", "tls"),
        (tls(not_yet_valid=True), False, "fail", "TLS_NOT_YET_VALID", "tls"),
        (tls(pinned=True), True, "pass", "CONNECTED", "product"),
        (tls(pinned=False), True, "fail", "TLS_UNKNOWN_CA", "tls"),
        (tls(site="untrusted", os_store="trusted"), True, "fail", "TLS_INTERCEPTED", "tls"),
        (tls(os_store="trusted"), False, "pass", "CONNECTED", "tls"),
        (tls(site="trusted", expires_in_days=12.0), True, "warn", "TLS_EXPIRES_SOON", "product"),
        (tls(site="trusted", client_certificate="required"), True, "pass", "CONNECTED", "product"),
    ],
)
def test_certificates_of_the_site(facts: TlsFacts, given: bool, verdict: str, reason: str, reached: str) -> None:
    (told,) = judged(row(attempt(*SPOKEN, tls=facts, reply={}), required=Proof.PRODUCT if given else Proof.TLS))
    assert (told.verdict, told.reason, told.proof.reached) == (verdict, reason, reached)
    if not given and verdict == "pass":
        assert [finding.reason for finding in told.findings] == ["TLS_UNKNOWN_CA", "IDENTITY_NOT_CHECKED"]
        assert told.confidence == "likely"
        assert {"issuer", "sha256"} <= set(told.findings[0].params.as_table())


@pytest.mark.parametrize(
    ("facts", "inspection", "verdict", "reason"),
    [
        (tls(public="trusted"), "fail", "pass", "CONNECTED"),
        (tls(), "fail", "fail", "TLS_UNKNOWN_CA"),
        (tls(), "warn", "fail", "TLS_UNKNOWN_CA"),
        (tls(public="weak"), "fail", "fail", "TLS_UNKNOWN_CA"),
        (tls(os_store="trusted"), "fail", "fail", "TLS_INTERCEPTED"),
        (tls(os_store="trusted"), "warn", "warn", "TLS_INTERCEPTED"),
        (tls(public="trusted", expired=True), "warn", "fail", "TLS_EXPIRED"),
        (tls(public="trusted", name_matches=False), "warn", "fail", "TLS_WRONG_NAME"),
    ],
)
def test_public_certificates(facts: TlsFacts, inspection: str, verdict: str, reason: str) -> None:
    (told,) = judged(row(attempt(*SPOKEN, tls=facts, reply={}), **PUBLIC, inspection=inspection))
    assert (told.verdict, told.reason) == (verdict, reason)


CONNACK = {"code": 0, "meaning": "accepted"}


@pytest.mark.parametrize(
    ("facts", "reply", "verdict", "reason"),
    [
        (tls(public="trusted"), CONNACK, "pass", "PROTOCOL_REPLY"),
        (tls(public="trusted"), {"code": 5, "meaning": "not authorised"}, "pass", "MQTT_REFUSED"),
        (tls(), CONNACK, "warn", "TLS_UNKNOWN_CA"),
        (tls(os_store="trusted"), CONNACK, "fail", "TLS_INTERCEPTED"),
        (tls(public="trusted", expired=True), CONNACK, "fail", "TLS_EXPIRED"),
        (tls(public="trusted", client_certificate="required"), None, "unproven", "CLIENT_CERTIFICATE_REQUESTED"),
    ],
)
def test_push(facts: TlsFacts, reply: dict[str, Any] | None, verdict: str, reason: str) -> None:
    done = (*SPOKEN, Stage.HANDSHAKE) if reply else SPOKEN
    (told,) = judged(row(attempt(*done, tls=facts, reply=reply), **PUSH))
    assert (told.verdict, told.reason) == (verdict, reason)


@pytest.mark.parametrize(("public", "verdict"), [("trusted", "warn"), ("untrusted", "fail")])
def test_a_broker_that_hangs_up_on_strangers(public: str, verdict: str) -> None:
    seen = attempt(
        *SPOKEN, broke=Stage.HANDSHAKE, failure=Failure.EOF, detail={"received_bytes": 0}, tls=tls(public=public)
    )
    (told,) = judged(row(seen, **PUSH))
    assert (told.verdict, told.reason) == (verdict, "CLOSED_BEFORE_REPLY")


def test_silence_after_tls_is_no_proof_of_the_broker() -> None:
    (told,) = judged(
        row(attempt(*SPOKEN, broke=Stage.HANDSHAKE, failure=Failure.TIMEOUT, tls=tls(public="trusted")), **PUSH)
    )
    assert (told.verdict, told.reason, told.proof.reached) == ("fail", "NO_REPLY", "tls")


PROXY = {
    "id": "agent.proxy.tcp-3128.connect-server",
    "target_key": "proxy",
    "target": "bridge",
    "port": 3128,
    "via_destination": "protect.corp.local:2222",
    "listener": Listener.BRIDGE,
}


@pytest.mark.parametrize(
    ("status", "reason", "pre"),
    [
        (407, "PROXY_AUTH_REQUIRED", "fail"),
        (403, "PROXY_REFUSED_CONNECT", "fail"),
        (405, "PROXY_REFUSED_CONNECT", "fail"),
        (503, "PROXY_UPSTREAM_FAILED", "unproven"),
        (404, "PROXY_REFUSED_CONNECT", "fail"),
    ],
)
def test_a_proxys_answer_to_connect(status: int, reason: str, pre: str) -> None:
    seen = attempt(*CONNECTED, broke=Stage.TUNNEL, failure=Failure.PROXY_REFUSED, detail={"status": status})
    for phase, verdict in ((Phase.POST, "fail"), (Phase.PRE, pre)):
        (told,) = judged(row(seen, **PROXY), phase=phase)
        assert (told.verdict, told.reason, told.proof.reached) == (verdict, reason, "none")
        assert told.culprit == (None if verdict == "unproven" else "proxy")


def test_a_proxys_200_proves_nothing_behind_it() -> None:
    seen = attempt(*CONNECTED, Stage.TUNNEL, broke=Stage.TLS, failure=Failure.TIMEOUT)
    for phase in Phase:
        (told,) = judged(row(seen, **PROXY), phase=phase)
        assert (told.verdict in ("pass", "warn"), told.proof.reached) == (False, "none")


def test_a_silent_proxy_is_unreachable_in_both_phases() -> None:
    for phase in Phase:
        (told,) = judged(row(connecting(Failure.TIMEOUT), **PROXY), phase=phase)
        assert (told.verdict, told.reason, told.findings[0].reason) == ("fail", "PROXY_UNREACHABLE", "TCP_NO_ANSWER")
        assert told.culprit == "unknown", "who drops the packets on the way to it shows nowhere"


def test_a_proxy_that_waits_for_its_destination_is_no_hole_for_large_packets() -> None:
    seen = attempt(*CONNECTED, broke=Stage.HANDSHAKE, failure=Failure.TIMEOUT)
    again = SmallSegments(address=TARGET, segment_bytes=536, stage=Stage.HANDSHAKE, completed=True)
    facts = PROXY | {"id": "agent.proxy.tcp-3128.get-repository", "protocol": "http_proxy"}
    (told,) = judged(row(seen, evidence=[again], **facts | {"via_destination": "repository.eset.com:80"}))
    assert (told.verdict, told.reason) == ("fail", "NO_REPLY"), "the second request got the error of the first"


def test_addresses_and_families() -> None:
    good4, good6 = (
        attempt(*SPOKEN, tls=tls(public="trusted"), reply={}),
        attempt(*SPOKEN, tls=tls(public="trusted"), reply={}, address="fd77::2", family="ipv6"),
    )
    bad4, bad6 = (
        connecting(Failure.TIMEOUT, address="10.0.2.3"),
        connecting(Failure.TIMEOUT, address="fd77::3", family="ipv6"),
    )
    cases = [
        ((good4, good6), "pass", "CONNECTED"),
        ((good4, bad4), "warn", "SOME_ADDRESSES_FAIL"),
        ((good4, bad6), "warn", "ONE_FAMILY_FAILS"),
        ((bad4, good6), "warn", "ONE_FAMILY_FAILS"),
        ((bad4, bad6), "fail", "TCP_NO_ANSWER"),
        ((good4, msgspec.structs.replace(bad6, untested="no-default-route")), "pass", "CONNECTED"),
    ]
    for attempts, verdict, reason in cases:
        (told,) = judged(row(*attempts))
        assert (told.verdict, told.reason) == (verdict, reason)


def chain(rank: int, good: bool, **changed: Any) -> Row:
    seen = (
        attempt(*SPOKEN, Stage.HANDSHAKE, tls=tls(public="trusted"), reply=CONNACK)
        if good
        else connecting(Failure.TIMEOUT)
    )
    values = PUSH | {"id": f"agent.push.{rank}", "group": Group("push", "chain", rank)} | changed
    return row(seen, **values)


def test_fail_over() -> None:
    broken, used = judged(chain(0, False), chain(1, True))
    assert (broken.verdict, broken.reason, used.verdict) == ("warn", "TCP_NO_ANSWER", "pass")
    assert "FAILOVER_USED" in [finding.reason for finding in broken.findings]
    both = judged(chain(0, False), chain(1, False))
    assert [one.verdict for one in both] == ["fail", "fail"]
    other_role = judged(chain(0, False), chain(1, True, role="server"))
    assert other_role[0].verdict == "fail"


def test_one_issuer_on_unrelated_names_is_an_interceptor() -> None:
    server = row(attempt(*SPOKEN, tls=tls("CN=Gateway CA"), reply={}))
    push = row(attempt(*SPOKEN, Stage.HANDSHAKE, tls=tls("CN=Gateway CA", name="epns.eset.com"), reply=CONNACK), **PUSH)
    play = row(attempt(*SPOKEN, tls=tls("CN=Gateway CA", name="play.eset.com"), reply={}), **PUBLIC, inspection="warn")
    told = judged(server, push, play)
    assert [(one.verdict, one.reason) for one in told] == [
        ("fail", "TLS_INTERCEPTED"),
        ("fail", "TLS_INTERCEPTED"),
        ("warn", "TLS_INTERCEPTED"),
    ]
    # two rows of the site may well share the site's own authority
    console = row(attempt(*SPOKEN, tls=tls("CN=Gateway CA"), reply={}), id="webconsole.server.tcp-2223", port=2223)
    assert [one.verdict for one in judged(server, console)] == ["pass", "pass"]


def test_hosts_of_one_domain_may_share_a_private_authority_unless_one_is_known_to_be_public() -> None:
    push = row(attempt(*SPOKEN, Stage.HANDSHAKE, tls=tls("CN=Vendor CA", name="epns.eset.com"), reply=CONNACK), **PUSH)
    other = row(
        attempt(*SPOKEN, Stage.HANDSHAKE, tls=tls("CN=Vendor CA", name="epns2.eset.com"), reply=CONNACK),
        **PUSH | {"id": "bridge.push.tcp-8883"},
    )
    assert [(one.verdict, one.reason) for one in judged(push, other)] == [("warn", "TLS_UNKNOWN_CA")] * 2
    guard = row(
        attempt(*SPOKEN, tls=tls("CN=Vendor CA", name="r.edtd.eset.com"), reply={}), **PUBLIC, inspection="warn"
    )
    assert [(one.verdict, one.reason) for one in judged(push, guard)] == [
        ("fail", "TLS_INTERCEPTED"),
        ("warn", "TLS_INTERCEPTED"),
    ]
    assert [one.reason for one in judged(guard)] == ["TLS_UNKNOWN_CA"]


def test_another_service_that_waits_for_its_words_is_named() -> None:
    seen = attempt(*CONNECTED, broke=Stage.TUNNEL, failure=Failure.TIMEOUT, detail=hexed(b"SSH-2.0-x\r\n"))
    (told,) = judged(row(seen, **PROXY))
    assert (told.verdict, told.reason, told.findings[0].params.service) == ("fail", "WRONG_PROTOCOL", "ssh")
    slow = attempt(*CONNECTED, broke=Stage.TUNNEL, failure=Failure.TIMEOUT, detail=hexed(b"HTTP/1.1 200 OK\r\n"))
    (told,) = judged(row(slow, **PROXY))
    assert told.reason == "NO_REPLY"


def test_a_transparent_proxy_accepts_for_everybody() -> None:
    seen = attempt(*CONNECTED, broke=Stage.TLS, failure=Failure.TIMEOUT)
    for phase, verdict in ((Phase.POST, "fail"), (Phase.PRE, "unproven")):
        (told,) = judged(row(seen, evidence=[accepted(64)]), phase=phase)
        culprit = "middlebox" if verdict == "fail" else None
        assert (told.verdict, told.reason, told.culprit) == (verdict, "TLS_TIMEOUT", culprit)
        assert told.findings[-1].reason == "ANSWERED_NEARER"
        assert told.where.interval == ["this host", TARGET]
    (told,) = judged(row(seen, evidence=[accepted(61)]))
    assert "ANSWERED_NEARER" not in [finding.reason for finding in told.findings]
    assert told.culprit == "unknown", "a program that hangs looks like a device that drops the hello"


@pytest.mark.parametrize("wrong", ["expired", "not_yet_valid", "name_matches"])
def test_a_bad_certificate_is_no_pass_where_a_good_one_is_asked(wrong: str) -> None:
    """An authority was given, but none judged this chain: a warning would be a pass of what was not proven."""
    facts = tls(**{wrong: wrong != "name_matches"})
    codes = {"expired": "TLS_EXPIRED", "not_yet_valid": "TLS_NOT_YET_VALID", "name_matches": "TLS_WRONG_NAME"}
    seen = attempt(*SPOKEN, tls=facts, reply={})
    dated = wrong != "name_matches"
    (asked,) = judged(row(seen, required=Proof.PRODUCT, full_proof=Proof.PRODUCT))
    assert (asked.verdict, asked.proof.reached) == ("fail" if dated else "unproven", "tls")
    assert codes[wrong] in [one.reason for one in asked.findings]
    (less,) = judged(row(seen, required=Proof.TLS, full_proof=Proof.TLS))
    assert (less.verdict, less.reason) == ("fail" if dated else "warn", codes[wrong])


def test_of_addresses_that_all_fail_the_one_that_got_farthest_is_told() -> None:
    silent = connecting(Failure.TIMEOUT, address="10.0.2.9")
    spoke = attempt(*CONNECTED, broke=Stage.TLS, failure=Failure.TLS_ALERT, detail={"alert": 40})
    for attempts in ([silent, spoke], [spoke, silent]):
        (told,) = judged(row(*attempts))
        assert (told.verdict, told.reason, told.where.address) == ("fail", "TLS_REFUSED", TARGET)


KRB_ERROR = bytes.fromhex("7e1ea0030201 05a10302011e".replace(" ", ""))


@pytest.mark.parametrize(
    ("protocol", "bytes_seen", "reason"),
    [
        ("kerberos_tcp", b"\0\0\0\x20" + KRB_ERROR, "NO_REPLY"),
        ("kerberos_tcp", b"SSH-2.0-x\r\n", "WRONG_PROTOCOL"),
        ("ldap", b"\0\0\0\x20" + KRB_ERROR, "WRONG_PROTOCOL"),
    ],
)
def test_the_protocols_own_voice_over_tcp_is_no_other_service(protocol: str, bytes_seen: bytes, reason: str) -> None:
    """A KDC that stops in the middle of its answer is slow or broken, not something else."""
    seen = attempt(*CONNECTED, broke=Stage.HANDSHAKE, failure=Failure.TIMEOUT, detail=hexed(bytes_seen))
    (told,) = judged(row(seen, protocol=protocol, trust=None, listener=Listener.FOREIGN, required=Proof.PROTOCOL))
    assert (told.verdict, told.reason) == ("fail", reason)


@pytest.mark.parametrize(
    ("stage", "failure", "reason", "state", "confidence"),
    [
        (Stage.CONNECT, Failure.EOF, "CLOSED_BEFORE_REPLY", "open", "likely"),
        (Stage.CONNECT, Failure.CONNECTION_RESET, "RESET_AFTER_ACCEPT", "open", "likely"),
        (Stage.CONNECT, Failure.NOT_PERMITTED, "REJECTED_LOCALLY", "filtered", "proven"),
        (Stage.TLS, Failure.EOF, "CLOSED_BEFORE_REPLY", "open", "proven"),
        (Stage.TLS, Failure.NOT_PERMITTED, "REJECTED_LOCALLY", "filtered", "proven"),
        (Stage.TLS, Failure.ACCESS_DENIED, "REJECTED_LOCALLY", "filtered", "proven"),
        (Stage.TLS, Failure.HOST_UNREACHABLE, "REJECTED_IN_PATH", "filtered", "likely"),
        (Stage.TLS, Failure.CONNECTION_REFUSED, "REJECTED_IN_PATH", "filtered", "likely"),
        (Stage.TLS, Failure.SYSTEM_ERROR, "INTERNAL_ERROR", "open", "proven"),
    ],
)
def test_how_a_connection_ended_and_how_sure_that_is(
    stage: Stage, failure: Failure, reason: str, state: str, confidence: str
) -> None:
    before = CONNECTED if stage is Stage.TLS else CONNECTED[:2]
    (told,) = judged(row(attempt(*before, broke=stage, failure=failure)))
    assert (told.reason, told.state, told.confidence) == (reason, state, confidence)


@pytest.mark.parametrize("failure", [Failure.ACCESS_DENIED, Failure.NOT_PERMITTED, Failure.NETWORK_UNREACHABLE])
def test_a_route_that_is_missing_without_an_errno_is_told_in_words(failure: Failure) -> None:
    (told,) = judged(row(attempt(Stage.RESOLVE, broke=Stage.ROUTE, failure=failure)))
    assert [one.params.errno for one in told.findings if one.reason == told.reason] == [""]


def test_one_address_of_two_that_fails_is_told_with_its_own_certainty() -> None:
    good = attempt(*SPOKEN, tls=tls(), reply={})
    for failure, confidence in ((Failure.TIMEOUT, "possible"), (Failure.NOT_PERMITTED, "proven")):
        (told,) = judged(row(good, connecting(failure, address="10.0.2.9")))
        assert (told.verdict, told.reason, told.confidence) == ("warn", "SOME_ADDRESSES_FAIL", confidence)


def test_a_protocol_that_nobody_answers_reaches_nothing() -> None:
    (told,) = judged(row(evidence=[OneWay()]))
    assert (told.verdict, told.reason, told.state, told.proof.reached, told.confidence) == (
        "unproven",
        "ONE_WAY_PROTOCOL",
        "not-tested",
        "none",
        None,
    )
