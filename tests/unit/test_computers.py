"""Equal causes on several computers are one, and nothing else is."""

from typing import Any

import msgspec
import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.host import Host
from eset_portcheck.model.params import Params
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Culprit, Failure, Phase, Proof, Stage, Transport
from eset_portcheck.render import FORMATS
from tests.unit.rows import Group, attempt, connecting, icmp, row
from tests.unit.sample_reports import load

REFUSED, SILENT, UNREACHABLE = Failure.CONNECTION_REFUSED, Failure.TIMEOUT, Failure.HOST_UNREACHABLE


def computer(number: int, port: int, failure: Failure | None = REFUSED, **changed: Any) -> Row:
    address = f"10.0.2.{number}"
    known = {"address": address, **changed.pop("facts", {})}
    tried = (
        connecting(failure, **known)
        if failure
        else attempt(Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.HANDSHAKE, reply={"dialect": "3.1.1"}, **known)
    )
    values = {
        "id": f"deploy-source.target@pc{number}.tcp-{port}",
        "role": "deploy-source",
        "port": port,
        "protocol": "smb",
        "target": f"pc{number}.corp.local",
        "target_key": "target",
        "group": Group(f"smb-path@pc{number}", "any"),
        "trust": None,
        "required": Proof.PROTOCOL,
    }
    return row(tried, **(values | changed))


def told(*rows: Row) -> tuple[list[Row], list[Any], Any]:
    return diagnose(list(rows), Host(), Phase.POST)


def fleet(failure: Failure = REFUSED, count: int = 24) -> list[Row]:
    broken = [computer(number, port, failure) for number in range(1, count + 1) for port in (445, 139)]
    return [*broken, computer(count + 1, 445, None), computer(count + 1, 139, None)]


def report(rows: list[Row]) -> Report:
    checks, causes, summary = told(*rows)
    made = load("deployment")
    run = msgspec.structs.replace(made.run, roles=["deploy-source"])
    return msgspec.structs.replace(made, run=run, checks=checks, causes=causes, summary=summary)


def test_what_many_computers_have_in_common_is_one_cause() -> None:
    checks, causes, _ = told(*fleet())
    (cause,) = causes
    assert len(cause.explains) == 48
    assert (len(cause.params.targets), cause.params.tested, cause.params.ports) == (
        24,
        25,
        ["tcp-445", "tcp-139"],
    )
    assert cause.where.address is None, "no address of one of them stands for all"
    assert sum(one.explained_by == cause.id for one in checks) == 47


@pytest.mark.parametrize(
    ("failure", "language", "said"),
    [
        (REFUSED, "en", "24 of 25 computers refuse TCP 445 and 139"),
        (REFUSED, "es", "24 de 25 equipos rechazan TCP 445 y 139"),
        (SILENT, "en", "24 of 25 computers do not answer on TCP 445 and 139"),
        (SILENT, "es", "24 de 25 equipos no responden en TCP 445 y 139"),
    ],
)
def test_it_is_said_in_the_first_line_and_at_the_end(failure: Failure, language: str, said: str) -> None:
    made = report(fleet(failure))
    lines = FORMATS["table"](made, width=100, language=language).decode().splitlines()
    assert f": {said} [" in lines[0]
    assert lines[-2].startswith(f"1 {said}")
    for form in ("md", "html"):
        text = FORMATS[form](made, language=language).decode()
        assert said in text
        assert "pc24.corp.local" in text


def test_the_request_names_all_of_them() -> None:
    made = report(fleet())
    short = FORMATS["table"](made, width=100).decode()
    assert "The same for all of these, on TCP 445 and 139: pc1.corp.local" in " ".join(short.split())
    assert "and 16 more" in " ".join(short.split())
    ask = " ".join(FORMATS["table"](made, width=100, verbose=True).decode().split())
    assert all(f"pc{number}.corp.local" in ask.split("The same for all of these", 1)[1] for number in range(1, 25))


def test_one_computer_is_told_as_before() -> None:
    (cause,) = told(computer(1, 445), computer(1, 139))[1]
    assert cause.params.targets is None
    assert cause.where.address == "10.0.2.1"


def test_every_way_into_all_computers_fails() -> None:
    (cause,) = told(*[computer(number, port) for number in (1, 2) for port in (445, 139)])[1]
    assert (len(cause.params.targets), cause.params.tested) == (2, 2)


def test_it_is_as_sure_as_the_least_sure() -> None:
    made = told(*fleet(count=2))[1][0]
    assert made.confidence == max(
        (one.confidence for one in told(*fleet(count=2))[0] if one.confidence),
        key=lambda one: ("proven", "likely", "possible").index(one),
    )


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([computer(1, 445), computer(2, 445, SILENT)], id="another reason"),
        pytest.param([computer(1, 445), computer(1, 139), computer(2, 445)], id="other ports"),
        pytest.param(
            [
                computer(1, 445, UNREACHABLE, facts={"icmp": icmp(3, 13, "10.0.1.1")}),
                computer(2, 445, UNREACHABLE, facts={"icmp": icmp(3, 13, "10.0.9.1")}),
            ],
            id="another device says no",
        ),
        pytest.param(
            [computer(1, 445), computer(2, 445, facts={"family": "ipv6", "address": "2001:db8::2"})],
            id="another family",
        ),
        pytest.param([computer(1, 445, target_key="server"), computer(2, 445, target_key="server")], id="servers"),
        pytest.param([computer(1, 445, target_key="dc"), computer(2, 445, target_key="dc")], id="domain controllers"),
        pytest.param([computer(1, 445), computer(2, 445, role="rdsensor")], id="another role"),
        pytest.param([computer(1, 445), computer(2, 445, transport=Transport.UDP)], id="another transport"),
    ],
)
def test_what_differs_stays_apart(rows: list[Row]) -> None:
    causes = told(*rows)[1]
    assert not any(cause.params.targets for cause in causes)


def test_one_device_before_many_computers_is_one_cause_and_is_named() -> None:
    rows = [computer(number, 445, UNREACHABLE, facts={"icmp": icmp(3, 13, "10.0.1.1")}) for number in range(1, 6)]
    (cause,) = told(*rows)[1]
    assert (cause.reason, cause.culprit, cause.where.address) == ("REJECTED_IN_PATH", Culprit.MIDDLEBOX, "10.0.1.1")
    assert len(cause.params.targets) == 5


def test_names_of_computers_in_a_file_are_escaped() -> None:
    made = report(fleet(count=2))
    for spoilt in (Params(targets=[]), Params(ports=["\x1b[31m", ""], targets=["\x1b[31m", "x"])):
        cause = msgspec.structs.replace(made.causes[0], params=spoilt.onto(made.causes[0].params))
        for form in FORMATS:
            assert b"\x1b" not in FORMATS[form](msgspec.structs.replace(made, causes=[cause]), width=80)
