"""This machine's own packet filter, read and compared with what happened: the rule is named, and only its yes makes an
inbound row pass."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab import topology as at
from tests.lab.laboratory import Lab
from tests.lab.test_agent import WITHOUT_RIGHTS

OUT = "agent.server.tcp-2222"
AGENT = ("--role", "agent", "--server", at.SERVER, "-4", "--only", OUT, "--timeout", "2")
SERVER = ("--role", "server", "--appliance", "-4", "--only", "server.listen.*")
CHAIN = "add table inet mine; add chain inet mine {hook} {{ type filter hook {hook} priority 0; policy {policy}; }};"


@contextmanager
def rules(lab: Lab, hook: str, *lines: str, policy: str = "accept") -> Iterator[None]:
    added = " ".join(f"add rule inet mine {hook} {line};" for line in lines)
    lab.net.shell("agent", f"nft '{CHAIN.format(hook=hook, policy=policy)} {added}'")
    try:
        yield
    finally:
        lab.net.shell("agent", "nft delete table inet mine")


def evidence(row: dict[str, object]) -> list[dict[str, object]]:
    return [one for one in row["evidence"] if one["kind"] == "firewall"]  # type: ignore[attr-defined,index]


def test_without_rules_the_way_in_is_open(lab: Lab) -> None:
    result = lab.check(*SERVER, phase="pre")
    assert {
        row["id"]: (row["verdict"], row["reason"])
        for row in result.report["checks"]
        if row["id"].startswith("server.listen")
    } == {
        "server.listen.tcp-2222": ("pass", "PORT_FREE"),
        "server.listen.tcp-2223": ("pass", "PORT_FREE"),
    }
    # The old tables stay once they were there.
    assert result.report["host"]["firewall"]["state"] in (
        "absent",
        "readable",
    )


def test_a_default_deny_host_opens_one_port_only(lab: Lab) -> None:
    discovery = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"
    with rules(lab, "input", "ct state established,related accept", discovery, "tcp dport 2222 accept", policy="drop"):
        result = lab.check(*SERVER, phase="pre")
    assert result.row("server.listen.tcp-2222")["verdict"] == "pass"
    shut = result.row("server.listen.tcp-2223")
    assert (shut["verdict"], shut["reason"], shut["culprit"]) == ("fail", "INBOUND_FILTERED", "local-firewall")
    assert shut["findings"][0]["params"] == {
        "rule": "policy drop",
        "table": "inet mine",
        "chain": "input",
        "action": "drop",
    }


def test_what_depends_on_the_client_is_not_proven(lab: Lab) -> None:
    with rules(lab, "input", "ip saddr 10.0.0.0/8 tcp dport 2222 accept", "tcp dport 2222 drop"):
        row = lab.check(*SERVER, phase="pre").row("server.listen.tcp-2222")
    assert (row["verdict"], row["reason"]) == ("unproven", "REACH_NOT_TESTED")


def test_a_rule_that_may_not_be_read_proves_nothing(lab: Lab) -> None:
    with rules(lab, "input", "tcp dport 2223 drop"):
        result = lab.check(*SERVER, under=WITHOUT_RIGHTS, phase="pre")
    assert result.report["host"]["firewall"]["state"] == "not-permitted"
    assert {row["reason"] for row in result.report["checks"] if row["id"].startswith("server.listen")} == {
        "REACH_NOT_TESTED"
    }


@pytest.mark.parametrize(
    ("hook", "line", "reason"),
    [
        ("output", "tcp dport 2222 reject with tcp reset", "REFUSED"),
        ("output", "tcp dport 2222 reject", "REJECTED_LOCALLY"),
        ("output", "tcp dport 2222 drop", "TCP_NO_ANSWER REJECTED_LOCALLY"),
        ("input", "tcp sport 2222 drop", "TCP_NO_ANSWER"),
    ],
)
def test_the_rule_that_stops_an_attempt_is_named(lab: Lab, hook: str, line: str, reason: str) -> None:
    with rules(lab, hook, line):
        row = lab.check(*AGENT).row(OUT)
    assert row["verdict"] == "fail"
    assert any(row["reason"].startswith(one) for one in reason.split()), row["reason"]
    (own,) = evidence(row)
    assert str(own["rule"]).startswith(line)
    assert (own["table"], own["chain"]) == ("inet mine", hook)
    assert row["culprit"] == "local-firewall"


def test_where_no_rule_explains_it_that_is_said(lab: Lab) -> None:
    lab.net.shell(
        "fw",
        "nft 'add table inet shut; add chain inet shut c { type filter hook forward priority 0; }; add rule inet shut c tcp dport 2222 drop'",
    )
    try:
        row = lab.check(*AGENT).row(OUT)
    finally:
        lab.net.shell("fw", "nft delete table inet shut")
    assert (row["reason"], row["culprit"], evidence(row)[0]["verdict"]) == ("TCP_NO_ANSWER", "unknown", "allow")


def test_a_rule_that_stops_the_questions_to_the_resolver_is_named(lab: Lab) -> None:
    with rules(lab, "output", "udp dport 53 drop"):
        row = lab.check("--role", "agent", "--server", "server.lab.test", "-4", "--only", OUT, "--timeout", "2").row(
            OUT
        )
    assert (row["verdict"], row["culprit"]) == ("fail", "local-firewall")
    assert row["reason"] in ("DNS_TIMEOUT", "DNS_UNREACHABLE")
    assert {str(one["rule"]) for one in evidence(row)} == {"udp dport 53 drop"}
