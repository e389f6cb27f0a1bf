"""A file server whose list of hosts turns this machine away has one reason on both ports, and one cause."""

from typing import Any

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.host import Host
from eset_portcheck.model.profile import Group
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Listener, Phase, Proof, Stage
from eset_portcheck.wire import netbios
from tests.unit.rows import attempt, row

SPOKEN = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.HANDSHAKE)


def refused(port: int, code: int = 0x81, target: str = "pc7.corp.local", **changed: Any) -> Row:
    values: dict[str, Any] = {
        "id": f"deploy-source.target@{target}.tcp-{port}",
        "target": target,
        "port": port,
        "protocol": "smb" if port == 445 else "nbss",
        "target_key": "target",
        "listener": Listener.FOREIGN,
        "trust": None,
        "required": True,
        "group": Group("smb-path", "any"),
    }
    proof = {"required": Proof.PROTOCOL} | {name: changed.pop(name) for name in ("required",) if name in changed}
    return row(attempt(*SPOKEN, reply=netbios.refusal(code)), **(values | changed | proof))


def test_both_ports_have_one_reason_and_one_cause() -> None:
    rows, causes, summary = diagnose([refused(139), refused(445)], Host(), Phase.POST)
    assert [(one.verdict, one.reason, one.culprit) for one in rows] == [
        ("fail", "SMB_HOST_NOT_ALLOWED", "remote-config")
    ] * 2
    assert [(one.reason, sorted(one.explains)) for one in causes] == [
        ("SMB_HOST_NOT_ALLOWED", sorted(one.id for one in rows))
    ]
    assert summary.exit_code == 1


@pytest.mark.parametrize(
    "other",
    [
        refused(445, target="pc8.corp.local"),  # another target's list
        refused(445, code=0x80),  # names, not hosts
    ],
)
def test_139_alone_speaks_of_names(other: Row) -> None:
    rows, _, _ = diagnose([refused(139), other], Host(), Phase.POST)
    assert (rows[0].verdict, rows[0].reason) == ("unproven", "NETBIOS_SESSION_REFUSED")


def test_another_code_on_139_stays_what_it_is() -> None:
    rows, _, _ = diagnose([refused(139, code=0x80), refused(445)], Host(), Phase.POST)
    assert rows[0].reason == "NETBIOS_SESSION_REFUSED"


def test_a_row_that_asks_for_the_path_alone_passes() -> None:
    """RD Sensor on 139: the refusal is an answer of the host."""
    sensor = refused(139, id="rdsensor.target@pc7.corp.local.tcp-139", required=Proof.PATH, group=None)
    rows, _, _ = diagnose([sensor, refused(445)], Host(), Phase.POST)
    assert rows[0].verdict == "pass"
