"""What full clients' answers mean, and the findings that leave a verdict as it is."""

from typing import Any

import pytest

from eset_portcheck.model.evidence import SecondOpinion
from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure, Listener, Proof, Stage
from tests.unit.rows import TARGET, attempt, judged, row, tls

CONNECTED = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT)
SHARE: dict[str, Any] = {
    "id": "deploy-source.target@pc7.tcp-445.admin-share",
    "protocol": "smb",
    "port": 445,
    "listener": Listener.FOREIGN,
    "required": Proof.AUTHORISED,
    "trust": None,
}


@pytest.mark.parametrize(
    ("status", "step", "reason"),
    [
        ("STATUS_LOGON_FAILURE", "logon", "SMB_LOGON_FAILURE"),
        ("STATUS_ACCOUNT_DISABLED", "logon", "SMB_LOGON_FAILURE"),
        ("STATUS_PASSWORD_EXPIRED", "logon", "SMB_LOGON_FAILURE"),
        ("STATUS_ACCOUNT_LOCKED_OUT", "logon", "SMB_ACCOUNT_LOCKED"),
        ("STATUS_ACCESS_DENIED", "tree", "SMB_ACCESS_DENIED"),
        ("STATUS_ACCESS_DENIED", "list", "SMB_ACCESS_DENIED"),
        ("STATUS_LOGON_TYPE_NOT_GRANTED", "logon", "SMB_ACCESS_DENIED"),
        ("STATUS_BAD_NETWORK_NAME", "tree", "SMB_SHARE_MISSING"),
        ("STATUS_NTLM_BLOCKED", "logon", "SMB_NTLM_BLOCKED"),
        ("STATUS_NOT_SUPPORTED", "logon", "SMB_NTLM_BLOCKED"),
        ("STATUS_NOT_SUPPORTED", "list", "SMB_ACCESS_DENIED"),
    ],
)
def test_ntstatus(status: str, step: str, reason: str) -> None:
    seen = attempt(
        *CONNECTED,
        Stage.HANDSHAKE,
        broke=Stage.SESSION,
        failure=Failure.SESSION_REFUSED,
        detail={"status": status, "step": step, "client": "x"},
    )
    (told,) = judged(row(seen, **SHARE))
    assert (told.verdict, told.reason, told.culprit, told.proof.reached) == (
        "fail",
        reason,
        "remote-config",
        "protocol",
    )


def test_the_share_was_entered() -> None:
    (told,) = judged(
        row(
            attempt(
                *CONNECTED, Stage.HANDSHAKE, Stage.SESSION, reply={"dialect": "3.1.1", "session": {"step": "done"}}
            ),
            **SHARE,
        )
    )
    assert (told.verdict, told.proof.reached) == ("pass", "authorised")


def test_a_fact_named_session_is_no_log_on() -> None:
    """Only the stage is: a reply is the peer's word."""
    (told,) = judged(
        row(attempt(*CONNECTED, Stage.HANDSHAKE, reply={"dialect": "3.1.1", "session": {"step": "done"}}), **SHARE)
    )
    assert (told.verdict, told.proof.reached) == ("unproven", "protocol")


def test_smb_alone_is_not_the_share() -> None:
    (told,) = judged(row(attempt(*CONNECTED, Stage.HANDSHAKE, reply={"dialect": "3.1.1"}), **SHARE))
    assert (told.verdict, told.proof.reached) == ("unproven", "protocol")


@pytest.mark.parametrize(
    ("failure", "detail", "verdict", "reason"),
    [
        (Failure.EXTRA_MISSING, {"package": "smbprotocol", "install": "pip install x"}, "unproven", "EXTRA_MISSING"),
        (Failure.SESSION_NOT_TRIED, {"status": "STATUS_ACCOUNT_LOCKED_OUT"}, "unproven", "SMB_NEEDS_CREDENTIALS"),
        (Failure.TIMEOUT, {}, "fail", "NO_REPLY"),
        (Failure.EOF, {"error": "SMBConnectionClosed", "step": "logon"}, "fail", "CLOSED_BEFORE_REPLY"),
        (Failure.CONNECTION_RESET, {"errno": "ECONNRESET", "step": "tree"}, "fail", "RESET_AFTER_ACCEPT"),
        (Failure.CONNECTION_REFUSED, {"errno": "ECONNREFUSED", "step": "connect"}, "fail", "REFUSED_ORIGIN_UNKNOWN"),
        (Failure.UNEXPECTED_BYTES, {"error": "KeyError", "step": "logon"}, "fail", "WRONG_PROTOCOL"),
        (Failure.TOO_LARGE, {"error": "Flooded", "step": "list"}, "fail", "WRONG_PROTOCOL"),
        (Failure.SYSTEM_ERROR, {"errno": "EMFILE", "step": "connect"}, "error", "INTERNAL_ERROR"),
        (Failure.SESSION_REFUSED, {"guest": True, "step": "logon"}, "fail", "SMB_LOGON_FAILURE"),
        (
            Failure.SESSION_REFUSED,
            {"status": "STATUS_INSUFF_SERVER_RESOURCES", "step": "connect"},
            "fail",
            "CLOSED_BEFORE_REPLY",
        ),
    ],
)
def test_no_status(failure: Failure, detail: dict[str, Any], verdict: str, reason: str) -> None:
    (told,) = judged(
        row(attempt(*CONNECTED, Stage.HANDSHAKE, broke=Stage.SESSION, failure=failure, detail=detail), **SHARE)
    )
    assert (told.verdict, told.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("facts", "verdict", "found"),
    [
        ({"client": "aiomqtt", "connected": True}, "pass", []),
        ({"client": "aiomqtt", "error": "TimeoutError"}, "warn", ["SECOND_OPINION_DIFFERS"]),
        ({"missing": "aiomqtt", "install": "pip install x"}, "pass", ["EXTRA_MISSING"]),
    ],
)
def test_a_second_opinion_only_adds_doubt(facts: dict[str, Any], verdict: str, found: list[str]) -> None:
    seen = attempt(*CONNECTED, Stage.TLS, tls=tls(public="trusted"), reply={})
    (told,) = judged(row(seen, evidence=[SecondOpinion(address=TARGET, **facts)]))
    assert (told.verdict, [finding.reason for finding in told.findings]) == (verdict, found)


@pytest.mark.parametrize(
    ("detail", "found"),
    [({"not_in_dns": True}, "NAME_NOT_FROM_DNS"), ({"disagrees": ["203.0.113.9"]}, "DNS_DISAGREES")],
)
def test_names_that_worked_otherwise_than_by_dns(detail: dict[str, Any], found: str) -> None:
    from eset_portcheck.model.observation import StageRecord

    good = attempt(*CONNECTED[1:], Stage.TLS, tls=tls(public="trusted"), reply={})
    record = StageRecord(Stage.RESOLVE, 0.0, 0.01, None, StageDetail(name="protect.corp.local", **detail))
    import msgspec

    (told,) = judged(row(msgspec.structs.replace(good, stages=[record, *good.stages])))
    assert (told.verdict, [finding.reason for finding in told.findings]) == ("pass", [found])


def test_every_code_is_produced_somewhere() -> None:
    """Codes live by a test that produces them."""
    import re
    from pathlib import Path

    from eset_portcheck.model.reasons import REASONS

    here = Path(__file__).resolve().parents[1]
    files = [
        *here.glob("unit/test_*.py"),
        *here.glob("net/*.py"),
        *here.glob("lab/*.py"),
        *here.glob("cli/*.py"),
        *here.glob("diagnosis/cases/*.json"),
    ]
    text = "\n".join(path.read_text() for path in files if "reasons" not in path.name and "render" not in path.name)
    assert [code for code in REASONS if not re.search(rf"\b{code}\b", text)] == []


def test_a_guest_is_told_beside_the_refused_login() -> None:
    detail = {"guest": True, "step": "logon"}
    seen = attempt(*CONNECTED, Stage.HANDSHAKE, broke=Stage.SESSION, failure=Failure.SESSION_REFUSED, detail=detail)
    (told,) = judged(row(seen, **SHARE))
    assert [one.reason for one in told.findings] == ["SMB_LOGON_FAILURE", "SMB_GUEST_LOGIN"]
