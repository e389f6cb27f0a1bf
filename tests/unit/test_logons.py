"""Where an account may still go in a run, and what forbids it."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from eset_portcheck.deep import DeepSessions
from eset_portcheck.model.plan import Endpoint, Options
from eset_portcheck.model.stage_detail import NOTHING, StageDetail
from eset_portcheck.model.vocabulary import Failure, Stage, Transport
from eset_portcheck.net.failure import StageFailed
from eset_portcheck.sessions import Credentials, admin_share
from eset_portcheck.sessions.allowance import ClientFailed
from eset_portcheck.sessions.logons import (
    ENDED,
    REDIRECTED,
    REFUSED,
    SAME_MACHINE,
    UNKNOWN,
    UNSIGNED,
    Logons,
    Permit,
    Withheld,
)
from tests.unit.rows import attempt, judged, row
from tests.unit.test_sessions import CONNECTED, SHARE

PC1 = ("pc1", "192.0.2.1", {"computer": "PC1", "domain": "LAB", "dns_computer": "pc1.lab.test"})
PC2 = ("pc2", "192.0.2.2", {"computer": "PC2", "domain": "LAB", "dns_computer": "pc2.lab.test"})


def used(logons: Logons, machine: tuple[str, str, dict[str, Any]], facts: StageDetail | None) -> None:
    given = logons.permit(*machine, signed=True)
    given.use(signed=True)
    logons.ended(given, facts)


def why(logons: Logons, machine: tuple[str, str, dict[str, Any]], *, signed: bool = True) -> StageDetail | None:
    try:
        logons.permit(*machine, signed=signed)
    except Withheld as withheld:
        return withheld.facts
    return None


LOGON_FAILURE = StageDetail(step="logon", status="STATUS_LOGON_FAILURE")


@pytest.mark.parametrize(
    ("facts", "forbids"),
    [
        (StageDetail(step="done"), None),
        (StageDetail(step="tree", status="STATUS_ACCESS_DENIED"), None),
        (StageDetail(step="tree", error="SMBConnectionClosed"), None),
        (StageDetail(step="logon", status="STATUS_NTLM_BLOCKED"), None),
        (StageDetail(step="logon", status="STATUS_LOGON_TYPE_NOT_GRANTED"), None),
        (LOGON_FAILURE, REFUSED),
        (StageDetail(step="logon", status="STATUS_WRONG_PASSWORD"), REFUSED),
        (StageDetail(step="logon", status="STATUS_ACCOUNT_LOCKED_OUT"), REFUSED),
        (StageDetail(step="logon", status="STATUS_PASSWORD_EXPIRED"), REFUSED),
        (StageDetail(step="logon", status="0xC0001234"), REFUSED),
        (StageDetail(step="logon", guest=True), REFUSED),
        (StageDetail(step="logon", error="SMBConnectionClosed"), UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_what_the_first_log_on_means_for_the_next(facts: StageDetail | None, forbids: str | None) -> None:
    logons = Logons()
    used(logons, PC1, facts)
    told = why(logons, PC2)
    assert (told or NOTHING).why == forbids
    if told:
        assert told.tried_on == "pc1"
        assert facts is None or told.status == facts.status


def test_a_refusal_before_any_proof_left_forbids_nothing() -> None:
    logons = Logons()
    logons.ended(logons.permit(*PC1, signed=True), LOGON_FAILURE)
    assert why(logons, PC1) is None


@pytest.mark.parametrize(
    ("facts", "forbids"), [(StageDetail(step="logon", error="x"), None), (None, UNKNOWN), (LOGON_FAILURE, REFUSED)]
)
def test_after_one_that_was_accepted_a_lost_answer_forbids_nothing(
    facts: StageDetail | None, forbids: str | None
) -> None:
    """The password is right; only one that may still be under way stops the next."""
    logons = Logons()
    used(logons, PC1, StageDetail(step="done"))
    used(logons, PC2, facts)
    assert (why(logons, ("pc3", "192.0.2.3", {})) or NOTHING).why == forbids


@pytest.mark.parametrize(
    "again",
    [
        ("PC1.", "198.51.100.1", {}),
        ("other", "192.0.2.1", {}),
        ("other", "::ffff:192.0.2.1", {}),
        ("other", "2001:db8::1", {"computer": "pc1", "domain": "lab"}),
        ("other", "2001:db8::1", {"dns_computer": "PC1.lab.test"}),
    ],
)
def test_one_machine_however_it_is_reached(again: tuple[str, str, dict[str, Any]]) -> None:
    logons = Logons()
    used(logons, PC1, StageDetail(step="done"))
    assert why(logons, again) == StageDetail(why=SAME_MACHINE, tried_on="pc1")
    assert why(logons, ("other", "2001:db8::1", {"computer": "PC1", "domain": "ELSEWHERE"})) is None


def test_a_guid_counts_only_without_a_name() -> None:
    """Clones of one disk share it."""
    logons = Logons()
    first = logons.permit("a", "192.0.2.1", {}, signed=True)
    first.use(None, "77-aa", signed=True)
    logons.permit("b", "192.0.2.2", {}, signed=True).use({"computer": "B", "domain": "LAB"}, "77-aa", signed=True)
    logons.permit("c", "192.0.2.3", {}, signed=True).use(None, "00-00", signed=True)
    with pytest.raises(Withheld, match=SAME_MACHINE):
        logons.permit("d", "192.0.2.4", {}, signed=True).use(None, "77-aa", signed=True)


def test_old_smb_needs_the_option() -> None:
    assert why(Logons(), PC1, signed=False) == StageDetail(why=UNSIGNED)
    assert why(Logons(allow_unsigned=True), PC1, signed=False) is None


def dial(host: str = "pc1", address: str = "192.0.2.1", timeout_s: float = 0.1, **fields: Any) -> Any:
    endpoint = Endpoint(Transport.TCP, host, 445, "smb", session="admin-share", **fields)
    return SimpleNamespace(
        endpoint=endpoint,
        address=address,
        port=445,
        reply={"dialect": "3.1.1"},
        context=SimpleNamespace(timeout_s=timeout_s),
    )


def sessions(**options: Any) -> DeepSessions:
    return DeepSessions(Credentials("someone", "secret-word"), Options(**options))


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"connect_to": {"pc1:445": "127.0.0.1:445"}}, {}),
        ({"connect_to": {"pc1:445": "pc1:8445"}}, {}),
        ({}, {"proxy": ("proxy", 3128)}),
    ],
)
async def test_no_log_on_on_a_redirected_target(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], fields: dict[str, Any]
) -> None:
    monkeypatch.setattr(admin_share, "check", lambda *_, **__: pytest.fail("a log-on"))
    with pytest.raises(StageFailed) as broken:
        await sessions(**options).hold(dial(**fields))
    assert (broken.value.failure, broken.value.detail) == (Failure.SESSION_NOT_TRIED, StageDetail(why=REDIRECTED))


async def test_a_log_on_that_outlasts_its_stage_stops_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    end, begun = threading.Event(), threading.Event()

    def check(*arguments: Any, **_: Any) -> StageDetail:
        arguments[-1].use(signed=True)
        begun.set()
        end.wait(10)
        return StageDetail(step="done")

    monkeypatch.setattr(admin_share, "check", check)
    held = sessions()
    with pytest.raises(StageFailed) as late:
        await held.hold(dial())
    assert late.value.failure is Failure.TIMEOUT
    with pytest.raises(StageFailed) as broken:
        await held.hold(dial("pc2", "192.0.2.2"))
    end.set()
    assert begun.is_set()
    assert broken.value.detail == StageDetail(why=UNKNOWN, tried_on="pc1")


async def test_no_proof_leaves_once_the_stage_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled by the run's budget while the client was still on its way to the log-on."""
    go, begun = threading.Event(), asyncio.Event()
    loop, told = asyncio.get_running_loop(), []

    def check(*arguments: Any, **_: Any) -> StageDetail:
        loop.call_soon_threadsafe(begun.set)
        go.wait(10)
        try:
            arguments[-1].use(signed=True)
        except Withheld as withheld:
            told.append(withheld.facts)
        loop.call_soon_threadsafe(done.set)
        return StageDetail(step="done")

    done = asyncio.Event()
    monkeypatch.setattr(admin_share, "check", check)
    task = asyncio.ensure_future(sessions().hold(dial(timeout_s=10)))
    async with asyncio.timeout(10):
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        go.set()
        await done.wait()
    assert told == [StageDetail(why=ENDED)]


async def test_the_next_target_is_told_where_the_account_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def check(address: str, *arguments: Any, **_: Any) -> StageDetail:
        permit: Permit = arguments[-1]
        asked.append(address)
        permit.use(signed=True)
        if address == "192.0.2.1":
            raise ClientFailed(Failure.EOF, StageDetail(step="connect"))
        return LOGON_FAILURE

    monkeypatch.setattr(admin_share, "check", check)
    held = sessions()
    with pytest.raises(StageFailed):
        await held.hold(dial())
    with pytest.raises(StageFailed) as broken:
        await held.hold(dial("pc2", "192.0.2.2"))
    assert (asked, broken.value.detail) == (["192.0.2.1"], StageDetail(why=UNKNOWN, tried_on="pc1"))


def test_an_address_that_got_no_log_on_does_not_spoil_the_one_that_did() -> None:
    good = attempt(*CONNECTED, Stage.HANDSHAKE, Stage.SESSION, reply={"dialect": "3.1.1", "session": {"step": "done"}})
    withheld = {"why": SAME_MACHINE, "tried_on": "pc7"}
    untried = attempt(
        *CONNECTED, Stage.HANDSHAKE, broke=Stage.SESSION, failure=Failure.SESSION_NOT_TRIED, detail=withheld
    )
    (told,) = judged(row(untried, good, **SHARE))
    assert (told.verdict, told.proof.reached, told.culprit) == ("pass", "authorised", None)
    assert [(one.reason, one.params.as_table()) for one in told.findings] == [("SMB_NEEDS_CREDENTIALS", withheld)]
    (alone,) = judged(row(untried, **SHARE))
    assert (alone.verdict, alone.reason, alone.culprit) == ("unproven", "SMB_NEEDS_CREDENTIALS", None)
