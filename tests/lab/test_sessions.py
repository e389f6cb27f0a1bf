"""ADMIN$ with an account, second opinions by full clients, and what must never be seen of a password."""

import json
import sys
from pathlib import Path

import pytest

from eset_portcheck.cli.output import SUFFIXES
from tests.lab import relaying as ask
from tests.lab import topology as at
from tests.lab.counting import differing
from tests.lab.expected import Expected
from tests.lab.laboratory import Lab
from tests.lab.observation import matches
from tests.lab.storage import CHECKOUT
from tests.lab.topology import PASSWORD

ADMINISTRATOR, PLAIN, LOCKED = (user for user in ("Administrator", "plainuser", "lockeduser"))
WRONG = "Not-The-Passw0rd"
LOG_ON = "ntlmssp.messagetype == 3"
DIALECT = "0x0311"


def share(target: str) -> str:
    return f"deploy-source.target@{target}.tcp-445.admin-share"


def asked(*targets: str) -> tuple[str, ...]:
    named = [part for target in targets for part in ("--target", target)]
    return ("--role", "deploy-source", "-4", "--offline", *named, "--only", "*.admin-share")


ACCOUNTS = {  # (target, user, password): verdict, reason, NTSTATUS, the step where it came
    "good": (at.TARGET, ADMINISTRATOR, PASSWORD, "pass", "PROTOCOL_REPLY", None, "done"),
    "good-by-name": ("target.lab.test", ADMINISTRATOR, PASSWORD, "pass", "PROTOCOL_REPLY", None, "done"),
    "good-signed-and-encrypted": (at.TARGET_SIGNED, ADMINISTRATOR, PASSWORD, "pass", "PROTOCOL_REPLY", None, "done"),
    "plain-user": (at.TARGET, PLAIN, PASSWORD, "fail", "SMB_ACCESS_DENIED", "STATUS_ACCESS_DENIED", "tree"),
    "wrong-password": (at.TARGET, ADMINISTRATOR, WRONG, "fail", "SMB_LOGON_FAILURE", "STATUS_LOGON_FAILURE", "logon"),
    "unknown-user": (at.TARGET, "nobody-here", PASSWORD, "fail", "SMB_LOGON_FAILURE", "STATUS_LOGON_FAILURE", "logon"),
    "locked": (at.TARGET, LOCKED, PASSWORD, "fail", "SMB_ACCOUNT_LOCKED", "STATUS_ACCOUNT_LOCKED_OUT", "logon"),
    "ntlm-off": (
        at.TARGET_NO_NTLM,
        ADMINISTRATOR,
        PASSWORD,
        "fail",
        "SMB_NTLM_BLOCKED",
        "STATUS_NTLM_BLOCKED",
        "logon",
    ),
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_account(lab: Lab, name: str) -> None:
    target, user, password, verdict, reason, status, step = ACCOUNTS[name]
    with lab.capture("account") as capture:
        result = lab.check(*asked(target), credentials=(user, password))
    row = Expected(verdict, reason, state="open").holds(result, share(target))
    assert row["proof"] == {"reached": "authorised" if verdict == "pass" else "protocol", "required": "authorised"}
    (attempt,) = row["attempts"]
    session = attempt["reply"].get("session") or attempt["stages"][-1]["detail"]
    assert matches({"client": "smbprotocol", "step": step, "status": status, "dialect": DIALECT}, session), session
    assert verdict != "pass" or (session["signed"], session["encrypted"]) == (True, "encrypted" in name)
    assert status is None or matches({"reason": reason, "params": {"status": status}}, row["findings"])
    assert differing(capture, {LOG_ON: 1}) == {}, "one attempt, never a second"


def test_without_an_account_it_stays_unproven(lab: Lab) -> None:
    with lab.capture("no-account") as capture:
        result = lab.check(*asked(at.TARGET))
    Expected("unproven", "SMB_NEEDS_CREDENTIALS").holds(result, share(at.TARGET))
    assert differing(capture, {LOG_ON: 0}) == {}


def test_a_locked_account_is_not_tried_on_the_second_target(lab: Lab) -> None:
    with lab.capture("locked") as capture:
        result = lab.check(*asked(at.TARGET, at.TARGET_SIGNED), credentials=(LOCKED, PASSWORD))
    said = sorted(
        f"{result.row(share(target))['verdict']} {result.row(share(target))['reason']}"
        for target in (at.TARGET, at.TARGET_SIGNED)
    )
    assert said == ["fail SMB_ACCOUNT_LOCKED", "unproven SMB_NEEDS_CREDENTIALS"]
    assert result.code == 1
    assert differing(capture, {LOG_ON: 1}) == {}


def test_an_account_for_two_targets(lab: Lab) -> None:
    with lab.capture("two") as capture:
        result = lab.check(*asked(at.TARGET, at.TARGET_SIGNED), credentials=(ADMINISTRATOR, PASSWORD))
    assert (result.code, result.unhealthy) == (0, {})
    assert differing(capture, {LOG_ON: 2}) == {}


@pytest.mark.parametrize(("user", "password"), [(ADMINISTRATOR, PASSWORD), (ADMINISTRATOR, WRONG), (LOCKED, PASSWORD)])
def test_the_password_is_nowhere(lab: Lab, tmp_path: Path, user: str, password: str) -> None:
    """Neither on the screen nor in a report of any format, nor in clear on the wire."""
    secret = tmp_path / "credentials.toml"
    secret.touch(mode=0o600)
    secret.write_text(f'user = "{user}"\npassword = "{password}"\n')
    files = [tmp_path / f"report.{suffix}" for suffix in SUFFIXES]
    command = [
        sys.executable,
        "-m",
        "eset_portcheck",
        "check",
        *asked(at.TARGET),
        "-v",
        "--credentials-file",
        str(secret),
    ]
    for file in files:
        command += ["-o", str(file)]
    with lab.capture("secret") as capture:
        done = lab.exec("agent", command, cwd=CHECKOUT)
    assert json.loads((tmp_path / "report.json").read_text())["summary"]["exit_code"] == done.returncode
    seen = {
        "stdout": done.stdout,
        "stderr": done.stderr,
        **{file.name: file.read_text() for file in files},
        "wire": capture.file.read_bytes().decode("latin-1"),
    }
    spellings = [
        password,
        password.encode("utf-16le").decode("latin-1"),
        password.encode().hex(),
        password.encode("utf-16le").hex(),
    ]
    assert [name for name, text in seen.items() if any(one.lower() in text.lower() for one in spellings)] == []


def test_second_opinions(lab: Lab) -> None:
    result = lab.check(*ask.AGENT, "--role", "rdsensor", "--target", at.TARGET, "--deep")
    assert result.unhealthy == {}
    opinions = {
        "agent.push.tcp-8883": {"client": "aiomqtt", "connected": True},
        "agent.push.tcp-443": {"client": "aiomqtt", "connected": True},
        f"rdsensor.target@{at.TARGET}.tcp-22": {
            "client": "paramiko",
            "host_key": "ssh-ed25519",
            "methods": "publickey",
            "error": None,
        },
    }
    for check_id, facts in opinions.items():
        assert matches({"kind": "second-opinion", **facts}, result.row(check_id)["evidence"]), result.row(check_id)[
            "evidence"
        ]


def test_a_missing_extra_is_named_with_its_install_line(lab: Lab, tmp_path: Path) -> None:
    """The packages are hidden from the program, as where the extra was never installed; the rest of the run is as
    always."""
    for name in ("smbprotocol", "aiomqtt", "paramiko"):
        (tmp_path / f"{name}.py").write_text("raise ModuleNotFoundError(__name__)\n")
    hidden = {"PYTHONPATH": f"{tmp_path}:{CHECKOUT}"}
    result = lab.check(*asked(at.TARGET), credentials=(ADMINISTRATOR, PASSWORD), env=hidden)
    row = Expected("unproven", "EXTRA_MISSING", exit_code=3).holds(result, share(at.TARGET))
    install = "pip install 'eset-portcheck[deep]'"
    assert matches(
        {"reason": "EXTRA_MISSING", "params": {"package": "smbprotocol", "install": install}}, row["findings"]
    ), row["findings"]
    deep = lab.check(*ask.AGENT, "--deep", "--only", "agent.push.tcp-8883", env=hidden).row("agent.push.tcp-8883")
    assert deep["verdict"] == "pass"
    assert matches(
        {"reason": "EXTRA_MISSING", "params": {"missing": "aiomqtt", "install": install}}, deep["findings"]
    ), deep["findings"]


def test_without_deep_nobody_else_is_asked(lab: Lab) -> None:
    result = lab.check(*ask.SENSOR)
    assert [row["id"] for row in result.report["checks"] if row.get("evidence")] == []
