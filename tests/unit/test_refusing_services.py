"""The right service, spoken to, that says it serves nobody: proven, with a warning, never a plain pass."""

from typing import Any

import pytest

from eset_portcheck import protocols
from eset_portcheck.model.vocabulary import Proof, Stage
from tests.unit.rows import attempt, judged, row

CONNECTED = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.HANDSHAKE)
REFUSING = [
    ("mysql", {"answer": "error", "code": 9001}, {"code": 9001}),  # ProxySQL without a server behind it
    ("mysql", {"answer": "error", "code": 1053}, {"code": 1053}),  # server shutdown in progress
    (
        "smb",
        {"status": "0xC0000205", "status_name": "STATUS_INSUFF_SERVER_RESOURCES"},
        {"status": "STATUS_INSUFF_SERVER_RESOURCES"},
    ),
    ("smb", {"status": "0xC00000BB", "status_name": "STATUS_NOT_SUPPORTED"}, {"status": "STATUS_NOT_SUPPORTED"}),
    ("nbss", {"netbios_session": "granted", "status": "0xC0001234"}, {"status": "0xC0001234"}),
    ("ldap", {"result": 51, "result_name": "busy"}, {"result": 51, "result_name": "busy"}),
    ("ldap", {"result": 52, "result_name": "unavailable"}, {"result": 52, "result_name": "unavailable"}),
    ("kerberos", {"message": "KRB-ERROR", "code": 29, "skew_s": 0}, {"code": 29}),
]
SERVING = [
    ("mysql", {"answer": "greeting", "refusal": 1045}),
    ("smb", {"dialect": "3.1.1", "logon_status": "closed"}),
    ("ldap", {"result": 53}),  # no anonymous search here: a policy, not a fault
    ("ldap", {"result": 0}),
    ("kerberos", {"message": "KRB-ERROR", "code": 6, "skew_s": 1}),
]


@pytest.mark.parametrize(("protocol", "facts", "params"), REFUSING)
def test_a_refusal_of_everybody_is_a_warning(protocol: str, facts: dict[str, Any], params: dict[str, Any]) -> None:
    (told,) = judged(row(attempt(*CONNECTED, reply=facts), protocol=protocol, required=Proof.PROTOCOL, trust=None))
    assert (told.verdict, told.reason, told.proof.reached) == ("warn", "SERVICE_REFUSES", "protocol")
    assert [finding.params.as_table() for finding in told.findings] == [params]


@pytest.mark.parametrize(("protocol", "facts"), SERVING)
def test_answers_that_refuse_only_us_are_none(protocol: str, facts: dict[str, Any]) -> None:
    known = protocols.find(protocol)
    assert known is not None
    assert {code for code, _ in known.interpret(facts).findings} <= {"LDAP_SIGNING_UNKNOWN"}  # a remark
