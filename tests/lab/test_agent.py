"""`check --role agent` against real servers: the healthy site, then one fault after the other.

Every case also says which rows the fault touches; a row beside them that is not healthy is a failure of the test.
"""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.lab import topology as at
from tests.lab.expected import Case, Expected
from tests.lab.faults import Rules
from tests.lab.laboratory import WITHOUT_RIGHTS, Lab

SERVER_ROW, REPOSITORY, PUSH, PUSH_443 = (
    "agent.server.tcp-2222",
    "agent.repository.tcp-80",
    "agent.push.tcp-8883",
    "agent.push.tcp-443",
)
VIA = "agent.proxy.tcp-3128."
V4 = ("--role", "agent", "--server", at.SERVER, "-4")
NAMED = ("--role", "agent", "--server", "server.lab.test")
OTHER_PORT = (*V4, "--set", "server_port=2224")


def server(
    fault: str, verdict: str, reason: str = "", *, arguments: tuple[str, ...] = V4, phase: str = "post", **more: Any
) -> Case:
    return Case(fault, SERVER_ROW, Expected(verdict, reason, **more), arguments, phase)


def push(fault: str, verdict: str, reason: str = "", also: tuple[str, ...] = (), **more: Any) -> Case:
    return Case(fault, PUSH, Expected(verdict, reason, **more), V4, also=also)


IN_PATH: dict[str, Any] = {"where": at.GATEWAY}
EVERY_NAME = (REPOSITORY, PUSH_443)
FAILOVER: dict[str, Any] = {"findings": ("FAILOVER_USED",)}
CASES = [
    server("drop-syn", "fail", "TCP_NO_ANSWER", state="filtered", **IN_PATH),
    server("drop-reply", "fail", "TCP_NO_ANSWER", state="filtered"),
    server("server-input-drop", "fail", "TCP_NO_ANSWER", state="filtered"),
    server("backlog-full", "fail", "TCP_NO_ANSWER", state="filtered"),
    server("drop-syn", "fail", "TCP_NO_ANSWER", phase="pre"),
    server("reject-rst", "fail", "REFUSED_NEARER_THAN_HOST"),
    server("reject-rst", "fail", "REFUSED_NEARER_THAN_HOST", phase="pre"),
    server("reject-port-unreach", "fail", "REJECTED_IN_PATH", **IN_PATH),
    server("reject-admin", "fail", "REJECTED_IN_PATH", **IN_PATH),
    server("reject-admin", "fail", "REJECTED_IN_PATH", phase="pre", **IN_PATH),
    server("reject-host", "fail", "REJECTED_IN_PATH", **IN_PATH),
    server("reject-net", "fail", "NET_UNREACHABLE", **IN_PATH),
    server("ttl-expired", "fail", "TTL_EXPIRED", **IN_PATH),
    server("server-input-reject", "fail", "REJECTED_BY_TARGET_FIREWALL", where=at.SERVER),
    server("server-input-admin", "fail", "REJECTED_BY_TARGET_FIREWALL", where=at.SERVER),
    server("icmp-blocked", "pass"),
    server("local-out-drop", "fail", "TCP_NO_ANSWER REJECTED_LOCALLY", not_where=at.GATEWAY),
    server("local-out-reject", "fail", "REJECTED_LOCALLY", not_where=at.GATEWAY),
    server("route-prohibit", "fail", "ROUTE_PROHIBITED"),
    server("route-blackhole", "fail", "NO_ROUTE"),
    server("route-unreachable", "fail", "NO_ROUTE"),
    server("host-down", "fail", "HOST_DOWN", arguments=("--role", "agent", "--server", at.DEAD, "-4")),
    server("host-down", "fail", "HOST_DOWN", arguments=("--role", "agent", "--server", at.DEAD, "-4"), phase="pre"),
    server("server-stopped", "fail", "REFUSED_BY_HOST", state="closed", where=at.SERVER),
    server("closed-port", "fail", "REFUSED_BY_HOST", arguments=OTHER_PORT, state="closed"),
    server("closed-port", "pass", "REFUSED_BY_HOST", arguments=OTHER_PORT, phase="pre"),
    server("refused-alone", "fail", "REFUSED_ORIGIN_UNKNOWN", arguments=OTHER_PORT),
    server("refused-alone", "unproven", "REFUSED_ORIGIN_UNKNOWN", arguments=OTHER_PORT, phase="pre"),
    server("delay-400", "pass"),
    Case("pmtu-blackhole", SERVER_ROW, Expected("fail", "PMTU_BLACKHOLE"), V4, also=(PUSH, PUSH_443)),
    server("pmtu-upload", "warn", "PMTU_BLACKHOLE", findings=("PMTU_BLACKHOLE",)),
    server("server-frozen", "fail", "TLS_TIMEOUT NO_REPLY"),
    server("tarpit", "fail", "TLS_TIMEOUT NO_REPLY"),
    server("drip", "fail", "TLS_TIMEOUT NO_REPLY"),
    server("accept-reset", "fail", "RESET_AFTER_ACCEPT"),
    server("accept-close", "fail", "CLOSED_BEFORE_REPLY"),
    server("half", "fail", "CLOSED_BEFORE_REPLY"),
    server("garbage", "fail", "TLS_NOT_SPOKEN WRONG_PROTOCOL"),
    server("http-on-2222", "fail", "WRONG_PROTOCOL"),
    server("ssh-on-2222", "fail", "WRONG_PROTOCOL"),
    server("tls-alert", "fail", "TLS_REFUSED"),
    server("reset-on-hello", "fail", "TLS_RESET_ON_HELLO"),
    server("tls-mitm-2222", "fail", "TLS_UNKNOWN_CA TLS_INTERCEPTED"),
    server("mtls-13", "pass", arguments=("--role", "agent", "--server", at.SERVER_MTLS13, "-4")),
    server("mtls-12", "pass", arguments=("--role", "agent", "--server", at.SERVER_MTLS12, "-4")),
    server("v6-no-route", "pass", arguments=NAMED),
    server("v6-drop", "warn", arguments=NAMED, findings=("ONE_FAMILY_FAILS",)),
    server(
        "dead-v6-address",
        "warn",
        arguments=("--role", "agent", "--server", "dead6.lab.test"),
        findings=("ONE_FAMILY_FAILS",),
    ),
    Case("captive-portal", REPOSITORY, Expected("fail", "CAPTIVE_PORTAL"), V4),
    Case("portal-page", REPOSITORY, Expected("fail", "CAPTIVE_PORTAL"), V4),
    Case("portal-511", REPOSITORY, Expected("fail", "CAPTIVE_PORTAL"), V4),
    Case("filter-451", REPOSITORY, Expected("fail", "WRONG_CONTENT"), V4),
    *(
        Case(fault, REPOSITORY, Expected("unproven", "WRONG_CONTENT"), V4)
        for fault in ("wrong-content", "notice-text", "notice-json", "notice-image")
    ),
    push("push-8883-drop", "warn", "TCP_NO_ANSWER", **FAILOVER),
    push("push-drop", "fail", "TCP_NO_ANSWER", (PUSH_443,)),
    push("tls-mitm", "warn", "TLS_UNKNOWN_CA TLS_INTERCEPTED"),
    push("cert-expired", "warn", "TLS_EXPIRED", **FAILOVER),
    push("cert-not-yet", "warn", "TLS_NOT_YET_VALID", **FAILOVER),
    push("cert-wronghost", "warn", "TLS_WRONG_NAME", **FAILOVER),
    push("cert-soon", "warn", findings=("TLS_EXPIRES_SOON",)),
    push("mqtt-not-authorised", "pass", "MQTT_REFUSED"),
    push("dns-servfail", "fail", "DNS_SERVFAIL", EVERY_NAME),
    push("dns-nxdomain", "fail", "DNS_NXDOMAIN", EVERY_NAME),
    push("dns-refused", "fail", "DNS_REFUSED", EVERY_NAME),
    push("dns-timeout", "fail", "DNS_TIMEOUT", EVERY_NAME),
    push("dns-unreachable", "fail", "DNS_UNREACHABLE", EVERY_NAME),
    push("dns-garbage", "fail", "DNS_BAD_ANSWER", EVERY_NAME),
    push("dns-no-address", "fail", "DNS_NO_ADDRESS", EVERY_NAME),
    push("dns-wrong", "fail", "", EVERY_NAME),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_fault(lab: Lab, case: Case) -> None:
    with lab.fault(case.fault):
        result = lab.check(*case.arguments, phase=case.phase)
    case.expected.holds(result, case.row)
    others = {
        check_id: said
        for check_id, said in result.unhealthy.items()
        if check_id != case.row and check_id not in case.also
    }
    assert others == {}
    assert result.report["causes"] or result.code != 1, "something is wrong, and no cause is named"


def test_healthy(lab: Lab) -> None:
    """Both address families, directly and through the proxy."""
    result = lab.check(*NAMED, "--proxy", "bridge.lab.test:3128")
    assert (result.code, result.unhealthy, result.report["causes"]) == (0, {}, [])
    assert {row["id"] for row in result.report["checks"] if row["verdict"] == "pass"} == {
        SERVER_ROW, REPOSITORY, PUSH, PUSH_443, *(VIA + name for name in ("get-repository", "connect-server", "connect-push-8883", "connect-push-443"))
    }  # fmt: skip
    assert {attempt["family"] for attempt in result.row(SERVER_ROW)["attempts"]} == {"ipv4", "ipv6"}
    assert result.row(SERVER_ROW)["proof"]["reached"] == "product"


def test_no_route_at_all(lab: Lab) -> None:
    """Everything fails for this machine's own reason: no resolver can be asked either, and none is to blame."""
    with lab.fault("no-route"):
        result = lab.check(*V4)
    for name in (SERVER_ROW, REPOSITORY, PUSH, PUSH_443):
        Expected("fail", "NO_ROUTE").holds(result, name)
    assert set(result.unhealthy) == {SERVER_ROW, REPOSITORY, PUSH, PUSH_443}


def test_refused_before_installation_proves_the_path_only(lab: Lab) -> None:
    result = lab.check(*OTHER_PORT, phase="pre")
    assert result.row(SERVER_ROW)["proof"] == {"reached": "path", "required": "path"}


def test_the_same_rogue_authority_on_two_targets_is_interception(lab: Lab) -> None:
    with lab.fault("tls-mitm"), lab.fault("tls-mitm-2222"):
        result = lab.check(*V4)
    Expected("fail", "TLS_INTERCEPTED").holds(result, SERVER_ROW)
    Expected("fail warn", "TLS_INTERCEPTED", exit_code=1).holds(result, PUSH)


def test_without_an_authority_the_server_is_shown_not_judged(lab: Lab) -> None:
    """Contract, "Trust": a site row without --ca-file passes at tls, with a finding and less
    certainty."""
    row = lab.check(*V4, "--only", SERVER_ROW, trust=()).row(SERVER_ROW)
    assert (row["verdict"], row["proof"], row["confidence"]) == (
        "pass",
        {"reached": "tls", "required": "tls"},
        "likely",
    )
    assert "TLS_UNKNOWN_CA" in [finding["reason"] for finding in row["findings"]]


def test_one_unknown_authority_on_every_target_is_interception(lab: Lab) -> None:
    """So it looks behind an inspecting box: without options the laboratory's authority is nobody's."""
    result = lab.check(*V4, trust=())
    Expected("fail", "TLS_INTERCEPTED").holds(result, SERVER_ROW)
    Expected("fail", "TLS_INTERCEPTED").holds(result, PUSH)


def test_the_authority_by_option(lab: Lab) -> None:
    result = lab.check(*V4, trust=("--ca-file", str(lab.ca)))
    assert result.row(SERVER_ROW)["proof"] == {"reached": "product", "required": "product"}


PROXY_ROWS = ("get-repository", "connect-server", "connect-push-8883", "connect-push-443")
PROXY_CASES = [  # fault, proxy, reasons of the four rows ("" = pass)
    ("proxy-407", "bridge-auth.lab.test", ("fail PROXY_AUTH_REQUIRED",) * 4),
    ("proxy-403", "bridge-deny.lab.test", ("", *("fail PROXY_REFUSED_CONNECT",) * 3)),
    ("proxy-upstream", "bridge.lab.test", ("", "", "warn PROXY_UPSTREAM_FAILED", "")),
    ("proxy-stopped", "bridge.lab.test", ("fail REFUSED_BY_HOST|fail PROXY_UNREACHABLE",) * 4),
    ("proxy-drop", "bridge.lab.test", ("fail PROXY_UNREACHABLE",) * 4),
]


BEHIND_SQUID = [  # rules of the router, for squid's own connections; row, verdict and reason, culprit
    ("drop", "fail PROXY_UPSTREAM_FAILED", "unknown"),
    ("reject with tcp reset", "fail PROXY_UPSTREAM_FAILED", "unknown remote-service"),
]


@pytest.mark.parametrize(("rule", "said", "culprit"), BEHIND_SQUID, ids=[case[0] for case in BEHIND_SQUID])
def test_what_is_broken_behind_a_healthy_proxy_is_not_the_proxy(lab: Lab, rule: str, said: str, culprit: str) -> None:
    blocked = Rules("fw", [f'iifname "to-server" tcp dport {{ 8883, 443 }} {rule}'])
    with blocked.applied(lab, "behind-squid"):
        result = lab.check(*V4, "--proxy", "bridge.lab.test:3128")
    for name in ("connect-push-8883", "connect-push-443"):
        row = result.row(VIA + name)
        assert f"{row['verdict']} {row['reason']}" == said, row
        assert row["culprit"] in culprit.split(), row
        assert row["where"] == {"address": row["via_destination"], "via": "bridge.lab.test:3128"}
    assert {result.row(VIA + name)["verdict"] for name in ("get-repository", "connect-server")} == {"pass"}


def test_a_web_server_that_is_no_proxy(lab: Lab) -> None:
    """nginx answers a request in absolute form with its own index."""
    result = lab.check(*V4, "--proxy", f"{at.INTERNET}:80")
    row = result.row(VIA + "get-repository")
    assert (row["verdict"], row["reason"], row["culprit"]) == ("fail", "WRONG_PROTOCOL", "proxy"), row
    assert {result.row(VIA + name)["verdict"] for name in PROXY_ROWS} == {"fail"}


def test_a_proxy_resolves_what_this_machine_cannot(lab: Lab) -> None:
    with Rules("fw", ["ip saddr 10.77.1.2 udp dport 53 drop"]).applied(lab, "no-dns"):
        result = lab.check(*V4, "--proxy", "10.77.2.2:3128", "--only", VIA + "*")
    assert {result.row(VIA + name)["verdict"] for name in PROXY_ROWS} == {"pass"}
    assert result.code == 0


@pytest.mark.parametrize(("fault", "proxy", "said"), PROXY_CASES, ids=[case[0] for case in PROXY_CASES])
def test_proxy(lab: Lab, fault: str, proxy: str, said: tuple[str, ...]) -> None:
    with lab.fault(fault):
        result = lab.check(*V4, "--proxy", f"{proxy}:3128")
    got = result.unhealthy
    for name, wanted in zip(PROXY_ROWS, said, strict=True):
        assert got.get(VIA + name, "") in wanted.split("|"), (name, got)
        row = result.row(VIA + name)
        assert (row["target"], row["port"]) == (f"{proxy}", 3128) or row["target"] == f"{proxy}:3128"
        assert row["via_destination"]
    assert result.code == (1 if any("fail" in one for one in said) else 0)
    assert [name for name in got if not fnmatchcase(name, VIA + "*")] == [
        name for name in got if name == PUSH and fault == "proxy-upstream"
    ]


RIGHTLESS = [case for case in CASES if case.phase == "post" and case.fault in (
    "drop-syn", "reject-rst", "reject-admin", "server-input-reject", "local-out-reject", "closed-port", "pmtu-blackhole", "host-down", "dns-refused")]  # fmt: skip


@pytest.mark.parametrize("case", RIGHTLESS, ids=lambda case: case.id)
def test_without_any_right(lab: Lab, case: Case) -> None:
    """The evidence needs no root: the same conclusions by a process without capabilities."""
    with lab.fault(case.fault):
        result = lab.check(*case.arguments, phase=case.phase, under=WITHOUT_RIGHTS)
    case.expected.holds(result, case.row)
