"""One finding of all clocks: who told what, what fails by it, who is blamed, and what a wrong clock makes of dates."""

from typing import Any

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Certificate, TlsFacts
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Listener, Phase, Proof, Stage, Transport, Trust
from eset_portcheck.wire import clocks
from tests.unit.rows import attempt, row

SPOKEN = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.HANDSHAKE)
NOW_S = 1_795_557_127.0  # 2026-11-24T21:52:07Z


def told(protocol: str, skew_s: int | None, target: str = "dc1.corp.local", **changed: Any) -> Row:
    reply: dict[str, Any] = {"code": 6} if protocol.startswith("kerberos") else {"result": 0, "answer": "done"}
    if protocol == "http":
        reply = {"status": 200, "body_bytes": 9, "asked": target}
    if skew_s is not None:
        reply |= {"skew_s": skew_s}
    key = {"http": "repository", "smb": "target"}.get(protocol, "dc")
    role = "deploy-source" if protocol == "smb" else "server"
    port = {"http": 80, "smb": 445, "ldap": 389}.get(protocol, 88)
    values: dict[str, Any] = {
        "id": f"{role}.{key}@{target}.tcp-{port}",
        "role": role,
        "transport": Transport.TCP,
        "protocol": protocol,
        "port": port,
        "target": target,
        "target_key": key,
        "listener": Listener.FOREIGN,
        "required": Proof.PROTOCOL,
        "trust": None,
    }
    return row(attempt(*SPOKEN, reply=reply), **(values | changed))


def dated(days: float, *, issuer: str = "CN=Site CA", host: str = "protect.corp.local", early: bool = False) -> Row:
    """A certificate of a year that ends in `days`; `early`: it begins tomorrow by this machine's clock."""
    leaf = Certificate(f"CN={host}", issuer, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "ab")
    seen = TlsFacts(
        chain=[leaf], name=host, name_matches=True, public="untrusted", site="trusted", version="TLSv1.3",
        expired=days < 0, not_yet_valid=early, expires_in_days=days, age_days=365 - days,
    )  # fmt: skip
    stages = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS)
    return row(attempt(*stages, tls=seen, reply={}), id=f"agent.server@{host}.tcp-2222", target=host, trust=Trust.SITE)


def judged(*rows: Row) -> list[Row]:
    return diagnose(list(rows), Host(), Phase.POST)[0]


def verdicts(*rows: Row) -> list[str]:
    return [f"{one.verdict} {one.reason}" for one in judged(*rows)]


@pytest.mark.parametrize("protocol", ["kerberos", "kerberos_tcp", "ldap"])
@pytest.mark.parametrize("skew_s", [3600, -3600, 301])
def test_a_controller_more_than_five_minutes_away_fails_the_directory(protocol: str, skew_s: int) -> None:
    (seen,) = judged(told(protocol, skew_s))
    assert (seen.verdict, seen.reason, seen.culprit, seen.confidence) == ("fail", "CLOCK_SKEW", "unknown", "possible")
    assert seen.findings[0].params.as_table() == {
        "skew_s": skew_s,
        "limit_s": 300,
        "clocks": [{"protocol": protocol, "target": "dc1.corp.local", "skew_s": skew_s}],
    }


def test_all_rows_of_that_controller_fail_and_are_one_cause() -> None:
    """LDAP of a directory that tells no time (OpenLDAP) beside its KDC."""
    rows, causes, summary = diagnose([told("kerberos", 3600), told("ldap", None)], Host(), Phase.POST)
    assert [one.verdict for one in rows] == ["fail", "fail"]
    assert [(one.reason, len(one.explains)) for one in causes] == [("CLOCK_SKEW", 2)]
    assert summary.exit_code == 1


@pytest.mark.parametrize("skew_s", [0, 120, 300, -300, None])
def test_within_five_minutes_nothing_is_said(skew_s: int | None) -> None:
    (seen,) = judged(told("ldap", skew_s))
    assert (seen.verdict, [one.reason for one in seen.findings if one.reason == "CLOCK_SKEW"]) == ("pass", [])


def test_elsewhere_it_warns() -> None:
    assert verdicts(told("smb", 4000, "pc7"), told("http", -900, "repository.eset.com")) == ["warn CLOCK_SKEW"] * 2


def test_a_source_that_agrees_with_this_machine_blames_the_other() -> None:
    bad, good = judged(told("kerberos", 3600), told("http", 1, "repository.eset.com"))
    assert (bad.verdict, bad.culprit, bad.confidence) == ("fail", "remote-host", "likely")
    assert (good.verdict, good.reason) == ("pass", "PROTOCOL_REPLY")
    assert bad.findings[0].params.disagree is True
    assert [one.skew_s for one in bad.findings[0].params.clocks] == [3600, 1]


def test_two_that_agree_against_this_machine_blame_it() -> None:
    rows, causes, _ = diagnose([told("ldap", 3600), told("http", 3601, "repository.eset.com")], Host(), Phase.POST)
    assert [(one.verdict, one.culprit) for one in rows] == [("fail", "local-host"), ("warn", "local-host")]
    assert rows[0].findings[0].params.disagree is None
    assert [len(one.explains) for one in causes] == [2]


def test_two_protocols_of_one_machine_are_one_witness() -> None:
    assert {one.culprit for one in judged(told("ldap", 3600), told("kerberos", 3600))} == {"unknown"}


def test_a_controller_without_a_clock_is_warned_of_when_this_machine_is_wrong() -> None:
    seen = judged(told("http", 3600, "a.eset.com"), told("smb", 3600, "pc7"), told("ldap", None))
    assert [f"{one.verdict} {one.culprit}" for one in seen] == ["warn local-host"] * 3


def test_sources_that_are_far_apart_are_told_though_each_is_near() -> None:
    assert verdicts(told("ldap", 200), told("http", -200, "repository.eset.com")) == [
        "fail CLOCK_SKEW",
        "warn CLOCK_SKEW",
    ]


def test_a_portals_clock_is_nobodys() -> None:
    portal = told("http", 90_000, "repository.eset.com")
    reply = {"status": 200, "html": True, "body_bytes": 9, "skew_s": 90_000}
    seen = judged(row(attempt(*SPOKEN, reply=reply), id=portal.id, protocol="http", trust=None, required=Proof.PRODUCT))
    assert seen[0].reason == "CAPTIVE_PORTAL"
    assert "CLOCK_SKEW" not in [one.reason for one in seen[0].findings]


def test_a_date_that_another_clock_makes_good_accuses_nobody() -> None:
    """Two days behind: the certificate that "begins tomorrow" is valid by the controller's clock."""
    days = 364.0 + 2
    two_days = 2 * 86400
    fails, _ = judged(dated(days, early=True), told("kerberos", 5))
    assert (fails.verdict, fails.reason) == ("fail", "TLS_NOT_YET_VALID")
    doubted, _ = judged(dated(days, early=True), told("kerberos", two_days))
    assert (doubted.verdict, doubted.reason, doubted.culprit, doubted.confidence) == (
        "unproven",
        "CLOCK_SKEW",
        None,
        None,
    )
    assert [one.reason for one in doubted.findings][:2] == ["CLOCK_SKEW", "TLS_NOT_YET_VALID"]


def test_an_expired_certificate_stays_expired_where_the_other_clock_says_so_too() -> None:
    assert verdicts(dated(-10), told("kerberos", 3600))[0] == "fail TLS_EXPIRED"
    assert verdicts(dated(-10), told("kerberos", -3600))[0] == "fail TLS_EXPIRED"
    assert verdicts(dated(-10), told("kerberos", -11 * 86400))[0] == "unproven CLOCK_SKEW"


def test_this_machines_wrong_clock_proves_no_certificate() -> None:
    """Expired since nine days by two clocks that agree: it only looks good here."""
    late = 10 * 86400
    good, *_ = judged(dated(1), told("kerberos", late), told("http", late, "repository.eset.com"))
    assert (good.verdict, good.reason) == ("unproven", "CLOCK_SKEW")
    one_mirror, _ = judged(dated(1), told("http", late, "repository.eset.com"))
    assert one_mirror.verdict in ("pass", "warn")


def test_certificates_of_two_issuers_are_a_source() -> None:
    rows = judged(dated(-3), dated(-4, issuer="CN=Other CA", host="mdm.corp.local"))
    assert [(one.verdict, one.reason) for one in rows] == [("unproven", "CLOCK_SKEW")] * 2


def test_certificates_of_one_issuer_and_those_beside_a_right_clock_are_none() -> None:
    assert verdicts(dated(-3), dated(-4, host="mdm.corp.local")) == ["fail TLS_EXPIRED"] * 2
    two = (dated(-3), dated(-4, issuer="CN=Other CA", host="mdm.corp.local"))
    assert verdicts(*two, told("kerberos", 2))[:2] == ["fail TLS_EXPIRED"] * 2


@pytest.mark.parametrize("skew", ["3600", 3.5, True, None, [1]])
def test_a_file_may_hold_anything(skew: Any) -> None:
    (seen,) = judged(told("kerberos", None, id="server.dc.udp-88"))
    changed = attempt(*SPOKEN, reply={"code": 6, "skew_s": skew})
    assert judged(row(changed, id=seen.id, protocol="kerberos", trust=None))[0].reason != "CLOCK_SKEW"


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Tue, 24 Nov 2026 21:52:07 GMT", 0),
        ("Tue, 24 Nov 2026 22:52:07 GMT", 3600),
        ("Tuesday, 24-Nov-26 20:52:07 GMT", -3600),  # RFC 850, obsolete
        ("Tue, 24 Nov 2026 22:52:07 +0100", 0),
        ("yesterday", None),
        ("", None),
        ("\udcff, :::: +-", None),
        ("Tue, 99 Nov 2026 99:99:99 GMT", None),
        ("Tue, 24 Nov 1601 21:52:07 GMT", None),
    ],
)
def test_the_date_of_an_answer(date: str, skew: int | None) -> None:
    found = clocks.of_http({"date": date}, NOW_S)
    assert found == ({} if skew is None else {"skew_s": skew})


def test_a_cached_answer_tells_no_time() -> None:
    assert clocks.of_http({"date": "Mon, 23 Nov 2026 21:52:07 GMT", "age": "86400"}, NOW_S) == {}
    assert clocks.of_http({"date": "Tue, 24 Nov 2026 21:52:07 GMT", "age": "0"}, NOW_S) == {}


@pytest.mark.parametrize(
    ("told_time", "skew"),
    [
        ("20261124225207.0Z", 3600),
        ("20261124215207Z", 0),
        ("20261124215207", None),
        ("99999999999999Z", None),
        ("", None),
    ],
)
def test_the_time_of_a_directory(told_time: str, skew: int | None) -> None:
    assert clocks.of_ldap({"currentTime": told_time}, NOW_S) == ({} if skew is None else {"skew_s": skew})
