"""Certificates inside a database's and a directory's own protocol: told, at most a warning, and no witness against
others."""

from typing import Any

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.evidence import Continued
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import TlsFacts
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Listener, Phase, Proof, Stage
from tests.unit.rows import TARGET, attempt, row, tls

SPOKEN = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.HANDSHAKE)
ANSWER: dict[str, dict[str, Any]] = {
    "tds": {"version": "16.0.1000", "encryption": "off"},
    "ldap": {"result": 0, "answer": "done", "starttls": True},
}


def seen(protocol: str, certificate: TlsFacts | None, tried: str = "works") -> Row:
    key = "tls_tried" if protocol == "tds" else "starttls_tried"
    facts: dict[str, Any] = {
        "id": f"server.x.{protocol}",
        "role": "server",
        "protocol": protocol,
        "target_key": "database" if protocol == "tds" else "dc",
        "listener": Listener.FOREIGN,
        "required": Proof.PROTOCOL,
        "trust": None,
        "evidence": [Continued(address=TARGET, reply={key: tried})],
    }
    return row(attempt(*SPOKEN, reply=ANSWER[protocol], tls=certificate), **facts)


def judged(*rows: Row) -> list[Row]:
    return diagnose(list(rows), Host(), Phase.POST)[0]


@pytest.mark.parametrize(
    ("certificate", "problem"),
    [
        (tls(), "TLS_UNKNOWN_CA"),
        (tls(public="trusted", name_matches=False), "TLS_WRONG_NAME"),
        (tls(public="trusted", expired=True, expires_in_days=-3.0), "TLS_EXPIRED"),
        (tls(site="trusted", not_yet_valid=True), "TLS_NOT_YET_VALID"),
    ],
)
def test_a_database_whose_certificate_no_driver_would_take_warns(certificate: TlsFacts, problem: str) -> None:
    (told,) = judged(seen("tds", certificate))
    assert (told.verdict, told.reason, told.proof.reached) == ("warn", "TDS_CERTIFICATE_UNTRUSTED", "protocol")
    assert told.findings[0].params.problem == problem


@pytest.mark.parametrize("where", ["public", "site", "os_store"])
def test_one_that_it_would_take_is_not_mentioned(where: str) -> None:
    (told,) = judged(seen("tds", tls(**{where: "trusted"})))
    assert (told.verdict, told.findings) == ("pass", [])


def test_tls_that_came_to_nothing_is_told_of_sql_server_alone() -> None:
    assert [one.verdict for one in judged(seen("tds", None, "failed"))] == ["warn"]
    assert judged(seen("tds", None, "failed"))[0].reason == "TDS_TLS_FAILED"
    assert judged(seen("ldap", None, "refused"))[0].verdict == "pass"


def test_a_directory_tells_its_certificate_and_that_signing_is_not_visible() -> None:
    (told,) = judged(seen("ldap", tls(public="trusted", expired=True, expires_in_days=-3.0)))
    assert told.verdict == "pass"
    assert [one.reason for one in told.findings] == ["LDAP_SIGNING_UNKNOWN", "TLS_EXPIRED"]


def test_the_sites_authority_on_its_database_and_its_server_is_no_interceptor() -> None:
    stages = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS)
    server = row(attempt(*stages, tls=tls(), reply={}))
    told = judged(server, seen("tds", tls(name="db.other.local")), seen("ldap", tls(name="dc.third.local")))
    assert "TLS_INTERCEPTED" not in {one.reason for one in told}
