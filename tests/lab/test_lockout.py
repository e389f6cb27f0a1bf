"""A domain's lock-out threshold of three, and what one run may cost of it: never more than one refused log-on.

Eight Samba servers stand for the members of a domain: each has its name, all share the accounts, their policy and their
count of bad passwords.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from eset_portcheck.sessions.logons import REFUSED, SAME_MACHINE
from tests.lab.counting import differing
from tests.lab.laboratory import Lab
from tests.lab.net import run
from tests.lab.result import Result
from tests.lab.servers.service import Service
from tests.lab.test_old_computers import DIRECTORIES
from tests.lab.topology import PASSWORD, TARGET, v4, v6

pytestmark = pytest.mark.xdist_group("lockout")

THRESHOLD = 3
ACCOUNT = "plainuser"  # behind it stands Unix' nobody
NUMBERS = range(31, 39)
ADDRESSES = [v4("target", number) for number in NUMBERS]
LOG_ON = "ntlmssp.messagetype == 3"
SHARED = ("private", "state")  # accounts and policy


@pytest.fixture(scope="module")
def domain(lab: Lab) -> Iterator[Path]:
    """The configuration of the first member: whoever asks it asks the domain."""
    like, services = lab.place.of("smb"), []
    first = lab.place.of(f"smb-{NUMBERS[0]}")
    for number, address in zip(NUMBERS, ADDRESSES, strict=True):
        address6 = v6("target", number)
        lab.net.shell("target", f"ip address add {address}/24 dev eth0; ip address add {address6}/64 dev eth0 nodad")
        folder = lab.place.of(f"smb-{number}")
        for directory in DIRECTORIES:
            (folder / directory).mkdir(parents=True, exist_ok=True)
        conf = (
            (like / "smb.conf")
            .read_text()
            .replace(str(like), str(folder))
            .replace(f"{TARGET}/24", f"{address}/24 {address6}/64")
        )
        for directory in SHARED:
            conf = conf.replace(f"{folder}/{directory}", f"{first}/{directory}")
        conf = conf.replace("netbios name = TARGET", f"netbios name = PC{number}").replace(
            "valid users = root", "valid users = root nobody"
        )
        files = {"smb.conf": conf, "users.map": (like / "users.map").read_text()}
        argv = ["smbd", "-F", "--no-process-group", "-s", str(folder / "smb.conf"), "-l", str(folder)]
        services.append(Service(folder.name, "target", argv, [("tcp", address, 445)], files))
    shutil.copytree(like / "private", first / "private", dirs_exist_ok=True)
    lab.catalogue.update({service.name: service for service in services})
    lab.servers.start([services[0].name])
    run(["pdbedit", "-s", str(first / "smb.conf"), "-P", "bad lockout attempt", "-C", str(THRESHOLD)])
    lab.servers.start(service.name for service in services[1:])
    yield first / "smb.conf"
    for service in services:
        lab.servers.stop(service.name)
        del lab.catalogue[service.name]
    for number, address in zip(NUMBERS, ADDRESSES, strict=True):
        lab.net.shell(
            "target", f"ip address del {address}/24 dev eth0; ip address del {v6('target', number)}/64 dev eth0"
        )


@pytest.fixture(autouse=True)
def nothing_counted(domain: Path) -> None:
    run(["pdbedit", "-s", str(domain), "-z", "-u", "nobody"])
    run(["pdbedit", "-s", str(domain), "-c", "[]", "-u", "nobody"])


def counted(domain: Path) -> tuple[int, bool]:
    """(bad passwords that the domain counts, whether it has locked the account)."""
    told = run(["pdbedit", "-s", str(domain), "-L", "-v", "-u", "nobody"])
    count, flags = re.search(r"Bad password count\s*: (\d+)", told), re.search(r"Account Flags:\s*\[(.*)\]", told)
    assert count, told
    assert flags, told
    return int(count[1]), "L" in flags[1]


def asked(lab: Lab, targets: list[str], password: str, *more: str) -> Result:
    named = [part for target in targets for part in ("--target", target)]
    return lab.check(
        "--role",
        "deploy-source",
        "--offline",
        *named,
        "--only",
        "*.admin-share",
        *more,
        credentials=(ACCOUNT, password),
    )


def told(result: Result, targets: list[str]) -> list[str]:
    rows = [result.row(f"deploy-source.target@{target}.tcp-445.admin-share") for target in targets]
    return sorted(f"{row['verdict']} {row['reason']}" for row in rows)


@pytest.mark.parametrize("many", [2, 8])
def test_a_refused_password_goes_to_no_other_target(lab: Lab, domain: Path, many: int) -> None:
    with lab.capture("lockout") as capture:
        result = asked(lab, ADDRESSES[:many], "Not-The-Passw0rd", "-4")
    assert counted(domain) == (1, False)
    assert differing(capture, {LOG_ON: 1}) == {}
    assert told(result, ADDRESSES[:many]) == [
        "fail SMB_LOGON_FAILURE",
        *["unproven SMB_NEEDS_CREDENTIALS"] * (many - 1),
    ]
    (tried,) = [row["target"] for row in result.report["checks"] if row["verdict"] == "fail"]
    rest = [
        row for row in result.report["checks"] if row["verdict"] == "unproven" and row["id"].endswith("admin-share")
    ]
    for row in rest:
        params = row["findings"][0]["params"]
        assert (params["why"], params["tried_on"], params["status"]) == (REFUSED, tried, "STATUS_LOGON_FAILURE"), row[
            "findings"
        ]


def test_a_right_password_goes_to_each(lab: Lab, domain: Path) -> None:
    with lab.capture("each") as capture:
        result = asked(lab, ADDRESSES, PASSWORD, "-4")
    assert told(result, ADDRESSES) == ["pass PROTOCOL_REPLY"] * len(ADDRESSES)
    assert counted(domain) == (0, False)
    assert differing(capture, {LOG_ON: len(ADDRESSES)}) == {}


SAME = {
    "names": (["target", "target.lab.test", TARGET], "fail SMB_ACCESS_DENIED"),
    "families": ([ADDRESSES[0], v6("target", NUMBERS[0])], "pass PROTOCOL_REPLY"),
}


@pytest.mark.parametrize("password", [PASSWORD, "Not-The-Passw0rd"])
@pytest.mark.parametrize("same", SAME)
def test_one_machine_gets_one_log_on(lab: Lab, same: str, password: str) -> None:
    targets, good = SAME[same]
    with lab.capture("same") as capture:
        result = asked(lab, targets, password)
    assert differing(capture, {LOG_ON: 1}) == {}
    first, *rest = told(result, targets)
    assert first == (good if password == PASSWORD else "fail SMB_LOGON_FAILURE")
    assert rest == ["unproven SMB_NEEDS_CREDENTIALS"] * (len(targets) - 1)
    whys = [
        row["findings"][0]["params"]["why"]
        for row in result.report["checks"]
        if row["reason"] == "SMB_NEEDS_CREDENTIALS" and row["findings"]
    ]
    assert whys == [SAME_MACHINE if password == PASSWORD else REFUSED] * len(rest)
