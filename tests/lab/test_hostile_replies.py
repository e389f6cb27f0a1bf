"""Answers of real servers, spoilt on the way: every row gets a reason, in its time, whatever came; the checker itself
never fails.

All protocols are asked in one run a way (SQL Server and MySQL exclude each other: two runs), each through a relay
(tests/lab/relays.py).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.lab import relaying as ask
from tests.lab import topology as at
from tests.lab.laboratory import Lab
from tests.lab.relaying import ROWS, led_to, relaying
from tests.lab.relays import REAL, WAYS, port, session_port
from tests.lab.result import Result
from tests.lab.topology import PASSWORD

# An answer that never ends would hold an unbounded row for as long as the relay lives, so this tells the two apart on
# the busiest machine too. How long a stage takes on a quiet one is measured by tests/bench.
BOUNDED_S = 30.0
ONE_GIB = ("prlimit", f"--as={1 << 30}")  # an endless answer must not be kept
ALL_ROLES = ("--role", "deploy-source", "--role", "rdsensor", "--role", "agent", "--role", "mdc", *ask.MSSQL, "--server", at.SERVER, "--target", at.TARGET, "--proxy", f"{at.PROXY_OPEN}:3128")  # fmt: skip
UDP = [protocol for protocol, real in REAL.items() if real.udp]
TOGETHER = [protocol for protocol in ROWS if protocol != "mysql"]
Run = Callable[[str, str], Result]


def spoilt(lab: Lab, protocols: list[str], way: str, *arguments: str) -> Result:
    with ExitStack() as steps:
        for protocol in protocols:
            steps.enter_context(
                led_to(protocol, at.MISBEHAVING, port(protocol, way)).applied(lab, f"spoilt-{protocol}")
            )
        only = [part for protocol in protocols for part in ("--only", ROWS[protocol][1])]
        return lab.check(*arguments, *only, under=ONE_GIB, timeout_s=120)


@pytest.fixture(scope="module")
def run(lab: Lab) -> Iterator[Run]:
    """(protocol, way) -> the run in which that protocol was spoilt that way."""
    done: dict[tuple[str, ...], Result | Exception] = {}

    def result(protocol: str, way: str) -> Result:
        together = [protocol] if protocol == "mysql" else TOGETHER
        key = (way, *together)
        if key not in done:
            try:
                done[key] = spoilt(lab, together, way, *(ask.MYSQL if protocol == "mysql" else ALL_ROLES))
            except Exception as error:
                done[key] = error
        found = done[key]
        if isinstance(found, Exception):
            raise found
        return found

    with relaying(lab):
        yield result


def expected(protocol: str, way: str) -> str:
    """The reasons that may stand there."""
    if protocol in UDP:
        return "UDP_NO_ANSWER WRONG_PROTOCOL"
    return {
        "truncated": "CLOSED_BEFORE_REPLY",
        "reset": "RESET_AFTER_ACCEPT",
        "drip": "TLS_TIMEOUT" if protocol == "tls" else "NO_REPLY",
        "oversized": {"tls": "TLS_NOT_SPOKEN TLS_REFUSED", "http": "NO_REPLY WRONG_CONTENT", "http_proxy": "NO_REPLY WRONG_CONTENT"}.get(protocol, "WRONG_PROTOCOL"),
        "endless": {"tls": "TLS_TIMEOUT TLS_NOT_SPOKEN TLS_REFUSED", }.get(protocol, "WRONG_PROTOCOL NO_REPLY"),
    }[way]  # fmt: skip


PASSES = [("mqtt", "drip")]  # four bytes: complete after three seconds, within the stage
CASES = [(protocol, way) for protocol in ROWS for way in WAYS if way != "whole" and (protocol, way) not in PASSES]


@pytest.mark.parametrize(("protocol", "way"), CASES, ids=["-".join(case) for case in CASES])
def test_spoilt(run: Run, protocol: str, way: str) -> None:
    result = run(protocol, way)
    row = result.row(ROWS[protocol][1])
    wanted = ("fail", "unproven") if protocol in UDP else ("warn", "fail") if protocol == "mqtt" else ("fail",)
    assert row["verdict"] in wanted, row
    assert row["reason"] in expected(protocol, way).split(), (row["reason"], row["findings"])
    assert row["duration_s"] < BOUNDED_S


OWN_NAMES = {"http_proxy": {"http"}, "apns": {"http2"}, "nbss": {"smb", "netbios-session"}}


@pytest.mark.parametrize("protocol", ROWS)
def test_a_spoilt_answer_is_not_called_another_service(run: Run, protocol: str) -> None:
    """A service is named only where it is another one; what was cut short is a hang-up."""
    rows = {way: run(protocol, way).row(ROWS[protocol][1]) for way in WAYS if (protocol, way) in CASES}
    named = {
        way: {finding["params"].get("service") for finding in row["findings"] if finding.get("params")}
        for way, row in rows.items()
    }
    assert {way: names for way, names in named.items() if names & {protocol, *OWN_NAMES.get(protocol, ())}} == {}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("protocol", ["mysql", "all others"])
def test_run(run: Run, way: str, protocol: str) -> None:
    """The relays themselves change nothing; and no answer makes the checker fail, late or talkative."""
    result = run(protocol, way)
    assert result.code in ((0,) if way == "whole" else (1, 3)), result.report["summary"]
    assert [row["id"] for row in result.report["checks"] if row["verdict"] == "error"] == []
    assert result.seconds < 2 * BOUNDED_S
    assert "\n".join(line for line in result.stderr.splitlines() if not line.startswith("exit code")) == ""


def test_one_byte_a_second_is_enough_where_the_answer_is_short(run: Run) -> None:
    for protocol, way in PASSES:
        row = run(protocol, way).row(ROWS[protocol][1])
        assert row["verdict"] == "pass"
        assert 2 < row["duration_s"] < BOUNDED_S


SESSION = {  # how the full client of ADMIN$ is met after our own conversation was served
    "truncated": "CLOSED_BEFORE_REPLY",
    "reset": "CLOSED_BEFORE_REPLY RESET_AFTER_ACCEPT",
    "drip": "NO_REPLY",
    "oversized": "NO_REPLY WRONG_PROTOCOL",
    "endless": "NO_REPLY WRONG_PROTOCOL",
}


@pytest.mark.parametrize("way", SESSION)
def test_spoilt_session(lab: Lab, run: Run, way: str) -> None:
    row_id = f"{ROWS['smb'][1]}.admin-share"
    with led_to("smb", at.MISBEHAVING, session_port(way)).applied(lab, "session"):
        result = lab.check(*ask.DEPLOY, "--only", row_id, credentials=("Administrator", PASSWORD), timeout_s=200)
    row = result.row(row_id)
    assert row["reason"] in SESSION[way].split(), (row["verdict"], row["reason"], row["findings"], row["attempts"])
    assert (row["verdict"], result.code, row["proof"]["reached"]) == ("fail", 1, "protocol")
    assert row["duration_s"] < BOUNDED_S


def test_the_full_client_writes_nothing_to_the_screen(lab: Lab, run: Run) -> None:
    """Its own log would name users and hosts."""
    with led_to("smb", at.MISBEHAVING, session_port("reset")).applied(lab, "session"):
        result = lab.check(
            *ask.DEPLOY, "--only", f"{ROWS['smb'][1]}.admin-share", credentials=("Administrator", PASSWORD)
        )
    assert "\n".join(line for line in result.stderr.splitlines() if not line.startswith("exit code")) == ""
