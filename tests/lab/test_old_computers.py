"""Computers that speak old SMB only, and one that has no ADMIN$: samba with other settings, on addresses of their
own."""

import shutil
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from eset_portcheck.sessions.logons import UNSIGNED
from tests.lab.counting import differing
from tests.lab.expected import Expected
from tests.lab.laboratory import Lab
from tests.lab.observation import matches
from tests.lab.servers.service import Service
from tests.lab.topology import PASSWORD, TARGET, v4

_SMB1 = " server max protocol = NT1\n server min protocol = CORE\n ntlm auth = yes\n"
_NO_NTLM = " ntlm auth = disabled\n"
_SMB2_02 = " server max protocol = SMB2_02\n"
DIRECTORIES = ("private", "lock", "state", "cache", "run", "ncalrpc", "binddns", "admin")
LOG_ON = "ntlmssp.messagetype == 3"


class Computer(NamedTuple):
    """number: the host number in the target's network."""

    number: int
    settings: str
    share: str = "ADMIN$"

    @property
    def address(self) -> str:
        return v4("target", self.number)

    @property
    def admin_share(self) -> str:
        return f"deploy-source.target@{self.address}.tcp-445.admin-share"


SMB1, SMB1_TOO, SMB1_NO_NTLM = Computer(21, _SMB1), Computer(22, _SMB1), Computer(23, _SMB1 + _NO_NTLM)
SMB202, SMB202_NO_NTLM = Computer(24, _SMB2_02), Computer(25, _SMB2_02 + _NO_NTLM)
NO_SHARE = Computer(26, "", share="OTHER$")
COMPUTERS = (SMB1, SMB1_TOO, SMB1_NO_NTLM, SMB202, SMB202_NO_NTLM, NO_SHARE)


def _samba(lab: Lab, computer: Computer) -> Service:
    """The accounts of the laboratory's plain samba, other settings."""
    like, folder = lab.place.of("smb"), lab.place.of(f"smb-{computer.number}")
    shutil.copytree(like / "private", folder / "private")
    for directory in DIRECTORIES:
        (folder / directory).mkdir(exist_ok=True)
    conf = (like / "smb.conf").read_text().replace(str(like), str(folder)).replace(TARGET, computer.address)
    conf = conf.replace("[ADMIN$]", f"{computer.settings}[{computer.share}]")
    files = {"smb.conf": conf, "users.map": (like / "users.map").read_text()}
    argv = ["smbd", "-F", "--no-process-group", "-s", str(folder / "smb.conf"), "-l", str(folder)]
    return Service(folder.name, "target", argv, [("tcp", computer.address, port) for port in (445, 139)], files)


@pytest.fixture(scope="module", autouse=True)
def computers(lab: Lab) -> Iterator[None]:
    services = []
    for computer in COMPUTERS:
        lab.net.shell("target", f"ip address add {computer.address}/24 dev eth0")
        services.append(_samba(lab, computer))
    lab.catalogue.update({service.name: service for service in services})
    lab.servers.start(service.name for service in services)
    yield
    for service in services:
        lab.servers.stop(service.name)
        del lab.catalogue[service.name]
    for computer in COMPUTERS:
        lab.net.shell("target", f"ip address del {computer.address}/24 dev eth0")


def asked(*computers: Computer) -> tuple[str, ...]:
    named = [part for computer in computers for part in ("--target", computer.address)]
    return ("--role", "deploy-source", "-4", "--offline", *named)


@pytest.mark.parametrize("port", ["tcp-445", "tcp-139"])
def test_smb1_alone(lab: Lab, port: str) -> None:
    check_id = f"deploy-source.target@{SMB1.address}.{port}"
    with lab.capture("smb1") as capture:
        result = lab.check(*asked(SMB1), "--only", check_id)
    row = Expected("warn", "SMB1_ONLY", findings=("SMB1_ONLY",)).holds(result, check_id)
    assert row["proof"]["reached"] == "protocol"
    assert matches({"dialect": "NT LM 0.12", "smb1_only": True}, row["attempts"][0]["reply"])
    assert differing(capture, {"smb.cmd == 0x72": 2, "smb2": 0, LOG_ON: 0}) == {}


def test_smb_2_0_2(lab: Lab) -> None:
    check_id = f"deploy-source.target@{SMB202.address}.tcp-445"
    row = Expected("pass").holds(lab.check(*asked(SMB202), "--only", check_id), check_id)
    assert matches({"dialect": "2.0.2", "encryption": False, "computer": "TARGET"}, row["attempts"][0]["reply"])


ACCOUNTS = {  # (computer, user, password): verdict, reason, NTSTATUS
    "smb1-good": (SMB1, "Administrator", PASSWORD, "warn", "SMB1_ONLY", None),
    "smb1-plain-user": (SMB1, "plainuser", PASSWORD, "fail", "SMB_ACCESS_DENIED", "STATUS_ACCESS_DENIED"),
    "smb1-wrong-password": (SMB1, "Administrator", "bad", "fail", "SMB_LOGON_FAILURE", "STATUS_LOGON_FAILURE"),
    "smb1-locked": (SMB1, "lockeduser", PASSWORD, "fail", "SMB_ACCOUNT_LOCKED", "STATUS_ACCOUNT_LOCKED_OUT"),
    "smb1-ntlm-off": (SMB1_NO_NTLM, "Administrator", PASSWORD, "fail", "SMB_NTLM_BLOCKED", "STATUS_NTLM_BLOCKED"),
    "smb2.0.2-good": (SMB202, "Administrator", PASSWORD, "pass", "PROTOCOL_REPLY", None),
    "smb2.0.2-locked": (SMB202, "lockeduser", PASSWORD, "fail", "SMB_ACCOUNT_LOCKED", "STATUS_ACCOUNT_LOCKED_OUT"),
    "smb2.0.2-ntlm-off": (SMB202_NO_NTLM, "Administrator", PASSWORD, "fail", "SMB_NTLM_BLOCKED", "STATUS_NTLM_BLOCKED"),
    "no-share": (NO_SHARE, "Administrator", PASSWORD, "fail", "SMB_SHARE_MISSING", "STATUS_BAD_NETWORK_NAME"),
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_account(lab: Lab, name: str) -> None:
    computer, user, password, verdict, reason, status = ACCOUNTS[name]
    with lab.capture("old-account") as capture:
        result = lab.check(
            *asked(computer), "--only", computer.admin_share, "--allow-unsigned-logon", credentials=(user, password)
        )
    row = Expected(verdict, reason).holds(result, computer.admin_share)
    assert row["proof"]["reached"] == ("protocol" if status else "authorised")
    session = row["attempts"][0]["reply"].get("session", {})
    assert status is not None or matches(
        {"client": "pysmb" if computer.settings.startswith(_SMB1) else "smbprotocol"}, session
    ), session
    # This SMB1 server offers no signatures.
    assert status is not None or session["signed"] is (computer is not SMB1), session
    assert status is None or matches({"reason": reason, "params": {"status": status}}, row["findings"]), row["findings"]
    assert differing(capture, {LOG_ON: 1}) == {}, "one attempt, never a second"


@pytest.mark.parametrize("computer", [SMB1, SMB202])
def test_an_old_computer_gets_no_log_on_unasked(lab: Lab, computer: Computer) -> None:
    """Below SMB 2.1 only who was told the risk sends an account."""
    with lab.capture("old-unasked") as capture:
        result = lab.check(*asked(computer), "--only", computer.admin_share, credentials=("Administrator", PASSWORD))
    row = Expected("unproven", "SMB_NEEDS_CREDENTIALS").holds(result, computer.admin_share)
    assert matches({"reason": "SMB_NEEDS_CREDENTIALS", "params": {"why": UNSIGNED}}, row["findings"]), row["findings"]
    assert differing(capture, {LOG_ON: 0}) == {}


def test_a_locked_account_is_not_tried_on_the_second_old_computer(lab: Lab) -> None:
    with lab.capture("old-locked") as capture:
        result = lab.check(
            *asked(SMB1, SMB1_TOO),
            "--only",
            "*.admin-share",
            "--allow-unsigned-logon",
            credentials=("lockeduser", PASSWORD),
        )
    said = sorted(
        f"{result.row(computer.admin_share)['verdict']} {result.row(computer.admin_share)['reason']}"
        for computer in (SMB1, SMB1_TOO)
    )
    assert said == ["fail SMB_ACCOUNT_LOCKED", "unproven SMB_NEEDS_CREDENTIALS"]
    assert differing(capture, {LOG_ON: 1}) == {}
