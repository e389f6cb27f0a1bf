"""What a certificate is worth for a row: who signed it, when, and what the other rows and clocks say. Facts in, verdicts
out."""

from typing import Any

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Certificate, TlsFacts
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Failure, Listener, Phase, Proof, Stage, Trust
from tests.unit.rows import attempt, connecting, judged, row, tls

SPOKEN = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS)
INTERNET: dict[str, Any] = {"listener": Listener.FOREIGN, "required": Proof.PRODUCT, "trust": Trust.PUBLIC}
PLAY = INTERNET | {"id": "mobile-device.play.tcp-443", "target_key": "play", "target": "play.eset.com", "port": 443}
PUSH = {
    "id": "agent.push.tcp-8883", "target_key": "push", "target": "epns.eset.com", "protocol": "mqtt", "port": 8883,
    "trust": Trust.UNKNOWN, "listener": Listener.FOREIGN, "required": Proof.PROTOCOL,
}  # fmt: skip
CONNACK = {"code": 0, "meaning": "accepted"}


def chain(*issuers: str, itself: bool = False) -> list[Certificate]:
    """A leaf of the first, which is signed by the next, and so on."""
    subjects = ["CN=leaf", *issuers]
    made = [
        Certificate(subject, issuer, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", f"{number:02x}" * 32)
        for number, (subject, issuer) in enumerate(zip(subjects, issuers, strict=False))
    ]
    return [Certificate("CN=me", "CN=me", "", "", "ab" * 32, self_signed=True)] if itself else made


def site(facts: TlsFacts, given: bool = False, **changed: Any) -> Row:
    """A row of the Server; `given`: an authority or a pin."""
    return row(attempt(*SPOKEN, tls=facts, reply={}), required=Proof.PRODUCT if given else Proof.TLS, **changed)


def public(facts: TlsFacts, **changed: Any) -> Row:
    return row(attempt(*SPOKEN, tls=facts, reply={}), **PLAY | changed)


def reasons(told: Row) -> list[str]:
    return [one.reason for one in told.findings]


# who signed it


def test_an_authority_of_the_machine_names_what_it_is_trusted_through() -> None:
    (told,) = judged(public(tls(os_store="trusted", trusted_through="SSL_CERT_FILE")))
    assert (told.reason, told.culprit, told.confidence) == ("TLS_INTERCEPTED", "tls-interceptor", "proven")
    assert told.findings[0].params.through == "SSL_CERT_FILE"


def test_a_corporate_authority_passes_until_another_row_shows_it() -> None:
    server = site(tls("CN=Corp Issuing CA", os_store="trusted", trusted_through="system"))
    (told,) = judged(server)
    assert (told.verdict, reasons(told)) == ("pass", ["TLS_UNKNOWN_CA", "IDENTITY_NOT_CHECKED"])
    seen, other = judged(server, public(tls("CN=Corp Issuing CA", os_store="trusted", name="play.eset.com")))
    assert (seen.verdict, seen.reason, seen.culprit) == ("fail", "TLS_INTERCEPTED", "tls-interceptor")
    assert (other.verdict, other.reason, other.confidence) == ("fail", "TLS_INTERCEPTED", "proven")


def test_the_sites_authority_makes_no_public_name_better() -> None:
    (told,) = judged(public(tls("CN=Corp CA", site="trusted")))
    assert (told.verdict, told.reason, told.confidence) == ("fail", "TLS_INTERCEPTED", "likely")


def test_an_intermediate_of_the_sites_authority_that_signs_public_names_is_no_servers() -> None:
    """A company may have its inspecting device's authority signed by its own."""
    names = chain("CN=Inspecting Sub CA", "CN=Corp Root")
    server = site(tls(chain=names, site="trusted"), given=True)
    assert judged(server)[0].verdict == "pass"
    told, _ = judged(server, public(tls(chain=names, site="trusted", name="play.eset.com")))
    assert (told.verdict, told.reason) == ("fail", "TLS_INTERCEPTED")
    # the very authority that was given signs the Server's certificate, whatever else it signs
    direct = tls(chain=chain("CN=Corp Root"), site="trusted")
    told, _ = judged(site(direct, given=True), public(tls(chain=chain("CN=Corp Root"), site="trusted")))
    assert told.verdict == "pass"


@pytest.mark.parametrize("made", [site, public], ids=["site", "public"])
def test_an_unsent_intermediate_and_a_certificate_of_its_own_are_the_servers_matter(made: Any) -> None:
    for facts, params in (
        (tls(chain=chain("CN=Issuing CA"), site="untrusted"), {"missing_issuer": "CN=Issuing CA"}),
        (tls(chain=chain("CN=Issuing CA", "CN=Root"), site="untrusted"), {"missing_issuer": "CN=Root"}),
        (tls(chain=chain(itself=True), site="untrusted"), {"self_signed": True}),
    ):
        (told,) = judged(made(facts, given=True) if made is site else made(facts))
        assert (told.verdict, told.reason) == ("fail", "TLS_UNKNOWN_CA")
        assert (told.culprit, told.confidence) == ("remote-config", "likely")
        assert params.items() <= told.findings[0].params.as_table().items()


def test_certificates_of_their_own_with_the_same_name_are_not_one_authority() -> None:
    one = Certificate("CN=localhost", "CN=localhost", "", "", "aa" * 32, self_signed=True)
    other = Certificate("CN=localhost", "CN=localhost", "", "", "bb" * 32, self_signed=True)
    server, play = site(tls(chain=[one])), public(tls(chain=[other], name="play.eset.com"))
    assert [told.reason for told in judged(server, play)] == ["CONNECTED", "TLS_UNKNOWN_CA"]
    same = public(tls(chain=[one], name="play.eset.com"))
    assert [told.reason for told in judged(server, same)] == ["TLS_INTERCEPTED"] * 2


def test_an_intermediate_that_another_row_shows_to_be_public_is_only_unsent() -> None:
    whole = public(
        tls(chain=chain("CN=Public CA 1", "CN=Root"), public="trusted", name="ts.eset.com"), id="a.b.tcp-443"
    )
    cut = [
        public(tls(chain=chain("CN=Public CA 1"), name=name), id=f"a.{name}.tcp-443", target=name)
        for name in ("play.eset.com", "ts.eset.eu")
    ]
    assert [told.reason for told in judged(whole, *cut)] == ["CONNECTED", "TLS_UNKNOWN_CA", "TLS_UNKNOWN_CA"]


def test_services_of_the_site_may_share_its_authority() -> None:
    """A domain controller's certificate and the Server's come from the same private authority."""
    controller = row(
        attempt(*SPOKEN, Stage.HANDSHAKE, tls=tls("CN=Corp CA", name="dc.corp.local"), reply={"result": 0}),
        id="server.dc.tcp-389", protocol="ldap", trust=None, listener=Listener.FOREIGN, target_key="dc",
        target="dc.corp.local", required=Proof.PROTOCOL,
    )  # fmt: skip
    assert judged(site(tls("CN=Corp CA")), controller)[0].reason == "CONNECTED"


# made on the way


@pytest.mark.parametrize(
    ("issuer", "culprit"),
    [
        ("CN=ESET SSL Filter CA,O=ESET\\, spol. s r. o.,C=SK", "local-host"),
        ("CN=mitmproxy,O=mitmproxy", "tls-interceptor"),
        ("CN=FG100E,OU=Certificate Authority,O=Fortinet", "tls-interceptor"),
    ],
)
def test_an_inspecting_product_is_known_by_its_name(issuer: str, culprit: str) -> None:
    (told,) = judged(site(tls(issuer)))
    assert (told.verdict, told.reason, told.culprit, told.confidence) == (
        "warn",
        "TLS_INTERCEPTED",
        culprit,
        "likely",
    )
    assert {"TLS_UNKNOWN_CA", "IDENTITY_NOT_CHECKED"} <= set(reasons(told))
    (told,) = judged(public(tls(issuer, os_store="trusted")))
    assert (told.verdict, told.reason, told.culprit, told.confidence) == (
        "fail",
        "TLS_INTERCEPTED",
        culprit,
        "proven",
    )
    (told,) = judged(site(tls(issuer, site="untrusted"), given=True))
    assert (told.verdict, told.reason, told.culprit, told.confidence) == (
        "fail",
        "TLS_INTERCEPTED",
        culprit,
        "likely",
    )


@pytest.mark.parametrize(("age", "verdict"), [(0.01, "warn"), (0.99, "warn"), (1.01, "pass"), (None, "pass")])
def test_a_certificate_of_today_may_be_made_on_the_way(age: float | None, verdict: str) -> None:
    (told,) = judged(site(tls(age_days=age)))
    assert told.verdict == verdict
    if verdict == "warn":
        assert (told.reason, told.confidence) == ("TLS_UNKNOWN_CA", "possible")


# dates and clocks


def dated(age_days: float, **facts: Any) -> TlsFacts:
    """Valid for the year 2026; seen `age_days` after its first day."""
    return tls(**{"age_days": age_days, "expired": age_days > 365, "not_yet_valid": age_days < 0} | facts)


def repository(date: str) -> Row:
    return row(
        attempt(*SPOKEN[:3], Stage.HANDSHAKE, reply={"status": 200, "body_bytes": 9, "html": False, "date": date}),
        id="agent.repository.tcp-80", target="repository.eset.com", target_key="repository", protocol="http", port=80,
        trust=None, listener=Listener.FOREIGN,
    )  # fmt: skip


@pytest.mark.parametrize("given", [False, True])
def test_an_expired_certificate_is_a_failure_unless_the_clock_is_in_doubt(given: bool) -> None:
    facts = dated(400, site="trusted" if given else None)
    same_time, other_time = "Fri, 05 Feb 2027 00:00:30 GMT", "Tue, 01 Sep 2026 00:00:00 GMT"
    assert judged(site(facts, given))[0].verdict == "fail"
    told = judged(site(facts, given), repository(same_time))[0]
    assert (told.verdict, told.reason, told.confidence) == ("fail", "TLS_EXPIRED", "proven")
    told = judged(site(facts, given), repository(other_time))[0]
    assert (told.verdict, told.reason, told.culprit, told.confidence) == ("unproven", "CLOCK_SKEW", None, None)
    assert reasons(told)[:2] == ["CLOCK_SKEW", "TLS_EXPIRED"]
    assert told.findings[0].params.told_by == "repository.eset.com"


def test_a_clock_that_would_not_help_excuses_nothing() -> None:
    late = "Tue, 01 Jun 2027 00:00:00 GMT"  # wrong, but the certificate has expired by that clock too
    assert judged(site(dated(400)), repository(late))[0].verdict == "fail"


def test_certificates_of_several_owners_that_are_all_out_of_date_put_the_clock_in_doubt() -> None:
    early = [site(dated(-900)), public(dated(-900, issuer="CN=Public CA", public="trusted", name="play.eset.com"))]
    assert [(told.verdict, told.reason) for told in judged(*early)] == [("unproven", "CLOCK_SKEW")] * 2
    mixed = [site(dated(-900)), public(dated(20, issuer="CN=Public CA", public="trusted", name="play.eset.com"))]
    assert [told.verdict for told in judged(*mixed)] == ["fail", "pass"]


# TLS itself


@pytest.mark.parametrize(
    ("version", "verdict"), [("TLSv1", "warn"), ("TLSv1.1", "warn"), ("TLSv1.2", "pass"), ("TLSv1.3", "pass")]
)
def test_an_old_version_warns(version: str, verdict: str) -> None:
    (told,) = judged(site(tls(version=version)))
    assert told.verdict == verdict
    (told,) = judged(site(tls(version=version, site="trusted"), given=True))
    assert (told.verdict, told.proof.reached) == (verdict, "product")
    assert (told.reason == "TLS_OLD_VERSION") is (verdict == "warn")


def test_whoever_demands_a_client_certificate_is_judged_all_the_same() -> None:
    for client in ("required", "requested"):
        (told,) = judged(site(tls(site="untrusted", client_certificate=client), given=True))
        assert (told.verdict, told.reason) == ("fail", "TLS_UNKNOWN_CA")
        (told,) = judged(site(tls(expired=True, client_certificate=client)))
        assert (told.verdict, told.reason) == ("fail", "TLS_EXPIRED")


# pages


PAGE = {"received_bytes": 90, "first_bytes": b"HTTP/1.1 403 Forbidden\r\n".hex()}


@pytest.mark.parametrize(
    ("broke", "failure"), [(Stage.HANDSHAKE, Failure.UNEXPECTED_BYTES), (Stage.TLS, Failure.NOT_TLS)]
)
@pytest.mark.parametrize("via", [None, "epns.eset.com:443"])
def test_a_page_on_the_push_host_is_a_filters(broke: Stage, failure: Failure, via: str | None) -> None:
    before = SPOKEN if broke is Stage.HANDSHAKE else SPOKEN[:3]
    for facts in (tls(public="trusted"), tls()):
        seen = attempt(
            *before, *([Stage.TUNNEL] if via else []), broke=broke, failure=failure, detail=PAGE,
            tls=facts if broke is Stage.HANDSHAKE else None,
        )  # fmt: skip
        (told,) = judged(row(seen, **PUSH | {"via_destination": via}))
        assert (told.verdict, told.reason, told.culprit) == ("fail", "WRONG_PROTOCOL", "middlebox")
        assert told.confidence == "likely"


@pytest.mark.parametrize(
    ("reply", "verdict", "culprit", "confidence"),
    [
        ({"status": 503, "html": True}, "fail", "remote-service", "possible"),
        ({"status": 301, "location": "https://repository.eset.com/v1/info.meta"}, "unproven", None, None),
        ({"status": 302, "location": "http://login.hotel.test/"}, "fail", "middlebox", "proven"),
        ({"status": 511}, "fail", "middlebox", "proven"),
        ({"status": 403, "html": True}, "fail", "middlebox", "likely"),
        ({"status": 404}, "unproven", None, None),
    ],
)
def test_who_answered_in_place_of_the_repository(
    reply: dict[str, Any], verdict: str, culprit: str | None, confidence: str | None
) -> None:
    seen = attempt(*SPOKEN[:3], Stage.HANDSHAKE, reply=reply | {"asked": "repository.eset.com", "body_bytes": 5})
    (told,) = judged(row(seen, **INTERNET | {"trust": None, "protocol": "http", "port": 80}))
    assert (told.verdict, told.culprit, told.confidence) == (verdict, culprit, confidence)


def test_nobody_in_the_network_is_asked_for_what_it_cannot_change() -> None:
    """Security software of this machine: an exemption elsewhere would not help."""

    def told(issuer: str) -> set[str]:
        facts = tls(issuer, os_store="trusted", name="epns.eset.com")
        seen = attempt(*SPOKEN, broke=Stage.HANDSHAKE, failure=Failure.EOF, tls=facts)
        return asked(row(seen, **PUSH))

    assert "request" in told("CN=Corp Gateway")
    assert "request" not in told("CN=ESET SSL Filter CA")


def asked(one: Row) -> set[str]:
    """The tools of the cause's commands."""
    _, causes, _ = diagnose([one], Host(), Phase.POST)
    return {fix.tool for cause in causes for fix in cause.fixes}


# who is not accused


def test_what_is_unproven_accuses_nobody() -> None:
    open_rows = [
        row(connecting(Failure.CONNECTION_REFUSED)),
        row(reason="BUDGET_SPENT"),
        row(attempt(*SPOKEN[:3], Stage.HANDSHAKE, reply={"status": 404}), **INTERNET | {"protocol": "http"}),
    ]
    told = judged(*open_rows, phase=Phase.PRE)
    assert {one.verdict for one in told if one.verdict != "warn"} == {"unproven"}
    assert {(one.culprit, one.confidence) for one in told if one.verdict == "unproven"} == {(None, None)}


def test_an_address_that_is_only_unproven_is_accused_of_nothing() -> None:
    good = attempt(*SPOKEN, tls=tls(), reply={})
    (told,) = judged(row(good, connecting(Failure.CONNECTION_REFUSED, address="10.0.2.9")), phase=Phase.PRE)
    assert (told.verdict, told.reason, told.culprit) == ("warn", "SOME_ADDRESSES_FAIL", "unknown")
