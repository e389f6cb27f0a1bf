"""Hosts that want the account, or want to seem its host: what they get, and what they are believed."""

import queue
import socket

import pytest

from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.sessions import Credentials, admin_share
from eset_portcheck.sessions.allowance import ClientFailed
from eset_portcheck.sessions.logons import SAME_MACHINE, UNSIGNED, Logons, Permit, Withheld
from tests.net import rogue_smb as smb
from tests.net.test_full_clients import Peer, serving, silent

STEP_S = 3.0
WHO = Credentials("someone", "secret-word")


def permit(logons: Logons | None = None, *, signed: bool = True) -> Permit:
    return (logons or Logons()).permit("pc7", "127.0.0.1", {}, signed=signed)


def rogue(
    heard: "queue.SimpleQueue[bytes]",
    *,
    dialect: int = 0x0311,
    mode: int = 1,
    flags: int = 0,
    status: int = 0,
    then: tuple[bytes, ...] = (),
) -> Peer:
    """Takes the proof, answers it with `status` and session `flags`, and each message after it with the next of
    `then`."""

    def peer(connection: socket.socket) -> None:
        for answer in (
            smb.negotiated(0, dialect, mode),
            smb.set_up(1, smb.challenge(), status=smb.MORE_PROCESSING),
            smb.set_up(2, b"", flags, status),
            *then,
        ):
            told = smb.heard(connection)
            heard.put(told)
            if not told:
                return
            connection.sendall(answer)
        silent(connection)

    return peer


def proofs(heard: "queue.SimpleQueue[bytes]") -> int:
    return sum(smb.PROOF in heard.get_nowait() for _ in range(heard.qsize()))


@pytest.mark.parametrize("calling_itself", [None, smb.SESSION_SETUP], ids=["as it is", "as answers to the log-on"])
@pytest.mark.parametrize("flags", [0, smb.ENCRYPT_DATA], ids=["signed", "encrypted"])
@pytest.mark.parametrize("dialect", [0x0210, 0x0311])
def test_a_host_that_does_not_know_the_password_shows_no_share(
    dialect: int, flags: int, calling_itself: int | None
) -> None:
    """It can neither sign nor encrypt; the library alone believed it where it announced encryption and then sent
    none."""
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with (
        serving(rogue(heard, dialect=dialect, flags=flags, then=tuple(smb.share(calling_itself)))) as port,
        pytest.raises(ClientFailed) as broke,
    ):
        admin_share.check("127.0.0.1", port, "pc7", WHO, STEP_S, permit())
    assert broke.value.cause in (Failure.UNEXPECTED_BYTES, Failure.EOF), broke.value.facts
    assert broke.value.facts.step != "done"
    assert proofs(heard) == 1


@pytest.mark.parametrize(("dialect", "mode"), [(0x0202, 1), (0x0210, 0), (0x0311, 0)])
def test_no_proof_leaves_where_nothing_would_be_signed(dialect: int, mode: int) -> None:
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with serving(rogue(heard, dialect=dialect, mode=mode)) as port, pytest.raises(Withheld) as withheld:
        admin_share.check("127.0.0.1", port, "pc7", WHO, STEP_S, permit())
    assert withheld.value.facts == StageDetail(why=UNSIGNED)
    assert proofs(heard) == 0


def test_a_machine_is_known_again_by_the_names_of_its_challenge() -> None:
    """Our own handshake may have met another one behind the same address."""
    logons = Logons()
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    first = logons.permit("pc1", "192.0.2.1", {"computer": "ROGUE", "domain": "LAB"}, signed=True)
    first.use(signed=True)
    logons.ended(first, StageDetail(step="done"))
    with serving(rogue(heard)) as port, pytest.raises(Withheld) as withheld:
        admin_share.check("127.0.0.1", port, "pc7", WHO, STEP_S, permit(logons))
    assert withheld.value.facts == StageDetail(why=SAME_MACHINE, tried_on="pc1")
    assert proofs(heard) == 0


def test_pysmb_gives_one_proof_however_often_it_is_challenged() -> None:
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def peer(connection: socket.socket) -> None:
        heard.put(smb.heard(connection))
        connection.sendall(smb.negotiated(0, 0x0202))
        message_id = 1
        while told := smb.heard(connection):
            heard.put(told)
            connection.sendall(smb.set_up(message_id, smb.in_spnego(smb.challenge()), status=smb.MORE_PROCESSING))
            message_id += 1

    with serving(peer) as port, pytest.raises(ClientFailed) as broke:
        admin_share.check(
            "127.0.0.1", port, "pc7", WHO, STEP_S, permit(Logons(allow_unsigned=True), signed=False), smb1=True
        )
    assert broke.value.cause is Failure.UNEXPECTED_BYTES
    assert proofs(heard) == 1


def test_pysmb_gives_no_proof_unasked() -> None:
    """Another host than the one that the handshake met: now it speaks old SMB."""
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def peer(connection: socket.socket) -> None:
        heard.put(smb.heard(connection))
        connection.sendall(smb.negotiated(0, 0x0202))
        heard.put(smb.heard(connection))
        connection.sendall(smb.set_up(1, smb.in_spnego(smb.challenge()), status=smb.MORE_PROCESSING))
        heard.put(smb.heard(connection))

    with serving(peer) as port, pytest.raises(Withheld) as withheld:
        admin_share.check("127.0.0.1", port, "pc7", WHO, STEP_S, permit(), smb1=True)
    assert withheld.value.facts == StageDetail(why=UNSIGNED)
    assert proofs(heard) == 0


@pytest.mark.parametrize(
    "status",
    [0xC000006D, 0xC000006A, 0xC0000071, 0xC0000072, 0xC0000193, 0xC0000224, 0xC0000234, 0xC000006E, 0xC000006F],
)
def test_a_refusal_comes_back_by_its_name_and_is_not_asked_again(status: int) -> None:
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    logons = Logons()
    given = permit(logons)
    with serving(rogue(heard, status=status)) as port:
        facts = admin_share.check("127.0.0.1", port, "pc7", WHO, STEP_S, given)
    logons.ended(given, facts)
    assert proofs(heard) == 1
    with pytest.raises(Withheld) as withheld:
        logons.permit("pc8", "192.0.2.8", {}, signed=True)
    assert withheld.value.facts.status == facts.status
