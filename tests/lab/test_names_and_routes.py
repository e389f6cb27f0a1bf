"""A machine that cannot find names or its own gateway, a path that loses packets, and how much evidence may send."""

from typing import Any

import pytest

from eset_portcheck.model import evidence_limits
from tests.lab import topology as at
from tests.lab.fault_list import NATTED
from tests.lab.laboratory import Lab

SERVER_ROW, REPOSITORY, PUSH = "agent.server.tcp-2222", "agent.repository.tcp-80", "agent.push.tcp-8883"
AGENT = ("--role", "agent", "--server", at.SERVER, "--no-detect")
NAT_AGENT = ("--role", "agent", "--server", NATTED, "--no-detect", "--only", SERVER_ROW)
NAT_KDC = (
    "--role", "server", "--no-detect", "--appliance", "--domain-controller", NATTED, "--realm", "LAB.TEST",
    "--only", "server.dc.udp-88",
)  # fmt: skip


def about(row: dict[str, Any], reason: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [one.get("params", {}) for one in row["findings"] if one["reason"] == reason]
    assert found, row
    return found[0]


@pytest.mark.parametrize("fault", ["dns-aaaa-drop", "dns-first-dead"])
def test_a_slow_name_works_and_is_told(lab: Lab, fault: str) -> None:
    with lab.fault(fault):
        result = lab.check(*AGENT)
    row = result.row(PUSH)
    assert (result.code, row["verdict"], row["reason"]) == (0, "warn", "DNS_SLOW"), row
    silent = f"{at.DC} AAAA" if fault == "dns-aaaa-drop" else f"{at.v4('dc', 99)} A"
    assert silent in about(row, "DNS_SLOW")["unanswered"]


def test_who_does_not_want_ipv6_is_not_told_of_it(lab: Lab) -> None:
    with lab.fault("dns-aaaa-drop"):
        result = lab.check(*AGENT, "-4")
    assert (result.code, result.unhealthy) == (0, {})


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("dns-not-used", "DNS_NO_ADDRESS"), ("hosts-nowhere", "DNS_SINKHOLED"), ("hosts-stale", "HOST_DOWN")],
)
def test_this_machines_own_files_are_to_blame(lab: Lab, fault: str, reason: str) -> None:
    with lab.fault(fault):
        result = lab.check(*AGENT, "-4")
    row = result.row(PUSH)
    assert (row["verdict"], row["reason"], row["culprit"]) == ("fail", reason, "local-host"), row
    if fault == "hosts-stale":
        assert about(row, "DNS_DISAGREES")["hosts_file"] is True


@pytest.mark.parametrize("fault", ["gateway-dead", "route-stray"])
def test_the_first_hop_is_to_blame_and_nobody_behind_it(lab: Lab, fault: str) -> None:
    with lab.fault(fault):
        result = lab.check(*AGENT, "-4")
    row = result.row(SERVER_ROW)
    assert (row["verdict"], row["reason"], row["culprit"]) == ("fail", "GATEWAY_DOWN", "local-route"), row
    told = about(row, "GATEWAY_DOWN")
    assert told["interface"] == "eth0"
    assert row["where"].get("address") in (None, told.get("gateway")), "neither the target nor our own address"
    if fault == "gateway-dead":
        assert told["gateway"] == at.v4("agent", 99)
        (cause,) = result.report["causes"]
        assert set(cause["explains"]) == {SERVER_ROW, REPOSITORY, PUSH, "agent.push.tcp-443"}, (
            "also the names behind it"
        )
    else:
        assert set(result.unhealthy) == {SERVER_ROW}


@pytest.mark.parametrize(("fault", "arguments"), [("nat-reject-tcp", NAT_AGENT), ("nat-reject-udp", NAT_KDC)])
def test_a_router_behind_address_translation_is_told_from_the_target(
    lab: Lab, fault: str, arguments: tuple[str, ...]
) -> None:
    with lab.fault(fault):
        result = lab.check(*arguments)
    row = result.row(arguments[-1])
    assert (row["verdict"], row["reason"], row["culprit"]) == ("fail", "REJECTED_IN_PATH", "middlebox"), row
    assert row["where"] == {"hop": 1, "interval": ["this host", NATTED]}


def test_a_lost_syn_is_told(lab: Lab) -> None:
    with lab.fault("first-syn-lost"):
        result = lab.check(*AGENT, "-4")
    row = result.row(SERVER_ROW)
    assert (result.code, row["verdict"], row["reason"]) == (0, "warn", "LOSSY_PATH"), row
    assert about(row, "LOSSY_PATH")["repeated_syns"] >= 1


def test_a_slow_path_is_no_lossy_one(lab: Lab) -> None:
    with lab.fault("delay-400"):
        row = lab.check(*AGENT, "-4", "--only", SERVER_ROW).row(SERVER_ROW)
    assert (row["verdict"], row["reason"]) == ("pass", "CONNECTED"), row


@pytest.mark.parametrize("evidence", [True, False])
def test_evidence_is_bounded_and_can_be_switched_off(lab: Lab, evidence: bool) -> None:
    """Seen by the router. The row's own two connections are not evidence: each repeats its SYN at most once a second."""
    syn = f"ip.src == {at.AGENT} && tcp.flags.syn == 1 && tcp.flags.ack == 0"
    with lab.fault("drop-syn"), lab.capture("bounded") as capture:
        result = lab.check(*AGENT, "-4", "--only", SERVER_ROW, *(() if evidence else ("--no-evidence",)))
    row = result.row(SERVER_ROW)
    assert (row["verdict"], row["reason"]) == ("fail", "TCP_NO_ANSWER")
    own = 2 * 6
    walked = 5 if evidence else 0  # one router: the first wave
    assert len(capture.packets(f"{syn} && tcp.dstport == 2222")) <= own + walked <= own + evidence_limits.PORT
    others = capture.packets(f"{syn} && tcp.dstport != 2222")
    assert len(others) == (1 if evidence else 0), others
    assert any(one["kind"] == "retried" for one in row["evidence"]), "the second attempt is no evidence"
