"""What an installed component says of the row to its server: another server configured, a connection held. It never
improves a verdict."""

from typing import Any

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.diagnose.installed import established
from eset_portcheck.model.evidence import Established
from eset_portcheck.model.host import Connection, Host
from eset_portcheck.model.vocabulary import Failure, Phase, Stage, Transport, Verdict
from tests.unit.rows import TARGET, Attempt, attempt, connecting, row, tls  # type: ignore[attr-defined]

DONE = (Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS)


def good(address: str = TARGET) -> Attempt:
    return attempt(*DONE, tls=tls(site="trusted", client_certificate="required"), address=address)


def judged(host: Host, *attempts: Attempt, phase: Phase = Phase.AUTO, **changed: Any) -> Any:
    return diagnose([row(*(attempts or (good(),)), **changed)], host, phase)[0][0]


def machine(*servers: str, component: str = "agent") -> Host:
    return Host(eset_products=[{"component": component, "servers": list(servers)}])


@pytest.mark.parametrize(
    ("servers", "target", "differs"),
    [
        (["protect.corp.local:2222"], "protect.corp.local", False),
        (["PROTECT.corp.local:2222"], "protect.corp.local", False),
        (["protect:2222"], "protect.corp.local", False),  # the search list makes it the same, perhaps
        (["old.corp.local:2222"], "protect.corp.local", True),
        (["old:2222"], "protect.corp.local", True),
        (["old.corp.local:2222", "protect.corp.local:2222"], "protect.corp.local", False),
        (["protect.corp.local:2300"], "protect.corp.local", True),
        ([f"{TARGET}:2222"], "protect.corp.local", False),  # the address that the name led to
        (["10.9.9.9:2222"], "protect.corp.local", True),
        (["protect.corp.local:2222"], TARGET, False),  # a name and an address: nobody was asked
        (["localhost:2222"], "protect.corp.local", False),
        (["not a host"], "protect.corp.local", False),
        ([], "protect.corp.local", False),
    ],
)
def test_only_what_is_certainly_another_server_is_called_so(servers: list[str], target: str, differs: bool) -> None:
    told = judged(machine(*servers), target=target)
    assert (told.reason == "CONFIGURED_SERVER_DIFFERS") == differs
    assert told.verdict is (Verdict.WARN if differs else Verdict.PASS)
    if differs:
        (finding,) = [one for one in told.findings if one.reason == "CONFIGURED_SERVER_DIFFERS"]
        assert (told.culprit, finding.params.configured) == ("local-host", servers)


def test_a_broken_row_keeps_its_reason_and_says_it_too() -> None:
    told = judged(machine("old.corp.local:2222"), connecting(Failure.TIMEOUT, 4.0))
    assert (told.verdict, told.reason) == (Verdict.FAIL, "TCP_NO_ANSWER")
    assert "CONFIGURED_SERVER_DIFFERS" in [one.reason for one in told.findings]


@pytest.mark.parametrize(
    ("phase", "changed"),
    [
        (Phase.PRE, {}),
        (Phase.AUTO, {"via_destination": "protect.corp.local:2222", "target": "bridge"}),
        (Phase.AUTO, {"role": "bridge", "id": "bridge.server.tcp-2222"}),
    ],
)
def test_rows_of_which_it_says_nothing(phase: Phase, changed: dict[str, Any]) -> None:
    told = judged(machine("old.corp.local:2222"), phase=phase, **changed)
    assert "CONFIGURED_SERVER_DIFFERS" not in [one.reason for one in told.findings]


HELD = Connection("agent", TARGET, 2222, "10.0.1.2", 7)


@pytest.mark.parametrize(
    "attempts", [(good(),), (connecting(Failure.TIMEOUT, 4.0),), (connecting(Failure.CONNECTION_REFUSED),)]
)
def test_a_connection_of_the_agent_is_evidence_and_improves_nothing(attempts: tuple[Attempt, ...]) -> None:
    evidence = established(row(*attempts), [HELD])
    assert evidence == [Established(address=TARGET, component="agent", port=2222, pid=7)]
    bare, told = judged(Host(), *attempts), judged(Host(), *attempts, evidence=evidence)
    assert (told.verdict, told.proof, told.reason) == (bare.verdict, bare.proof, bare.reason)
    assert [one.params.as_table() for one in told.findings if one.reason == "AGENT_CONNECTED"] == [
        {"component": "agent", "address": TARGET}
    ]
    before = judged(Host(), *attempts, evidence=evidence, phase=Phase.PRE)
    assert "AGENT_CONNECTED" not in [one.reason for one in before.findings]


@pytest.mark.parametrize(
    ("connection", "changed"),
    [
        (Connection("agent", "10.9.9.9", 2222, "10.0.1.2"), {}),
        (Connection("agent", TARGET, 2300, "10.0.1.2"), {}),
        (HELD, {"via_destination": "protect.corp.local:2222"}),
        (HELD, {"transport": Transport.UDP}),
    ],
)
def test_connections_to_elsewhere_are_no_evidence(connection: Connection, changed: dict[str, Any]) -> None:
    assert established(row(good(), **changed), [connection]) == []


def test_mapped_addresses_are_the_same_address() -> None:
    assert established(row(good()), [Connection("agent", f"::ffff:{TARGET}", 2222, "::ffff:10.0.1.2")])
