"""Codes are permanent and complete; templates never fail; `explain` answers for codes, rows and misspellings."""

import argparse
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck import texts
from eset_portcheck.cli import explain
from eset_portcheck.loading import ROLES
from eset_portcheck.model.reasons import REASONS, Rank, reason
from eset_portcheck.model.vocabulary import Culprit
from eset_portcheck.texts.shell import pattern
from tests.each import each

# As first published. Append-only, docs/contract.md#what-is-stable: no code may be removed or change its rank.
CONTRACT = {
    "pass": "CONNECTED PROTOCOL_REPLY MQTT_REFUSED PORT_FREE PORT_HELD_BY_PRODUCT",
    "warn": "ANSWERED_NEARER FAILOVER_USED ONE_FAMILY_FAILS SOME_ADDRESSES_FAIL KDC_CLOCK_SKEW LDAP_TLS_REQUIRED SMB1_ONLY TLS_EXPIRES_SOON OWNER_UNEXPECTED"
    " LOSSY_PATH",
    "unproven": "UDP_NO_ANSWER ONE_WAY_PROTOCOL SMB_NEEDS_CREDENTIALS OWNER_NOT_VISIBLE REACH_NOT_TESTED VALUE_MISSING NOT_BUILT EXTRA_MISSING"
    " BUDGET_SPENT INTERRUPTED",
    "skip": "CONDITION_FALSE NOT_SELECTED RETIRED",
    "error": "INTERNAL_ERROR",
    "fail": "REFUSED_BY_HOST REFUSED_ORIGIN_UNKNOWN REFUSED_NEARER_THAN_HOST REJECTED_BY_TARGET_FIREWALL REJECTED_IN_PATH REJECTED_LOCALLY"
    " TCP_NO_ANSWER HOST_DOWN GATEWAY_DOWN NET_UNREACHABLE TTL_EXPIRED NO_ROUTE ROUTE_PROHIBITED"
    " DNS_NXDOMAIN DNS_SERVFAIL DNS_REFUSED DNS_TIMEOUT DNS_UNREACHABLE DNS_BAD_ANSWER DNS_NO_ADDRESS DNS_SINKHOLED"
    " CLOSED_BEFORE_REPLY RESET_AFTER_ACCEPT NO_REPLY WRONG_PROTOCOL TLS_NOT_SPOKEN TLS_REFUSED TLS_TIMEOUT TLS_RESET_ON_HELLO PMTU_BLACKHOLE"
    " TLS_INTERCEPTED TLS_UNKNOWN_CA TLS_WRONG_NAME TLS_EXPIRED TLS_NOT_YET_VALID CAPTIVE_PORTAL WRONG_CONTENT"
    " PROXY_UNREACHABLE PROXY_AUTH_REQUIRED PROXY_REFUSED_CONNECT PROXY_UPSTREAM_FAILED"
    " SMB_LOGON_FAILURE SMB_ACCOUNT_LOCKED SMB_ACCESS_DENIED SMB_SHARE_MISSING SMB_NTLM_BLOCKED"
    " MYSQL_HOST_NOT_ALLOWED MYSQL_HOST_BLOCKED MYSQL_TOO_MANY_CONNECTIONS"
    " PORT_IN_USE_BY_OTHER PORT_RESERVED PORT_NOT_LISTENING LISTENS_LOOPBACK_ONLY INBOUND_FILTERED",
}
# Later codes that show a requirement not to be met; all others of our own inform, warn or leave it open.
LATER_FAILURES = {"SMB_HOST_NOT_ALLOWED"}
CULPRITS = {
    "REFUSED_BY_HOST": "remote-service", "REFUSED_NEARER_THAN_HOST": "middlebox", "REJECTED_BY_TARGET_FIREWALL": "remote-firewall",
    "REJECTED_IN_PATH": "middlebox", "REJECTED_LOCALLY": "local-firewall", "TCP_NO_ANSWER": "unknown", "HOST_DOWN": "remote-host",
    "NET_UNREACHABLE": "routing", "TTL_EXPIRED": "routing", "NO_ROUTE": "local-route", "ROUTE_PROHIBITED": "local-route", "DNS_TIMEOUT": "dns",
    "PMTU_BLACKHOLE": "middlebox", "TLS_INTERCEPTED": "tls-interceptor", "PROXY_AUTH_REQUIRED": "proxy", "SMB_LOGON_FAILURE": "remote-config",
    "MYSQL_HOST_BLOCKED": "remote-config", "PORT_IN_USE_BY_OTHER": "local-host", "INBOUND_FILTERED": "local-firewall",
}  # fmt: skip


@pytest.mark.parametrize(("rank", "code"), [(rank, code) for rank, codes in CONTRACT.items() for code in codes.split()])
def test_the_contracts_codes_keep_their_rank(rank, code):
    assert reason(code).rank == Rank(rank)
    assert reason(code).code == code


def test_codes_of_our_own_never_fail_a_row_but_those_that_are_meant_to():
    own = set(REASONS) - {code for codes in CONTRACT.values() for code in codes.split()} - LATER_FAILURES
    assert {REASONS[code].rank for code in LATER_FAILURES} == {Rank.FAIL}
    assert {"NAME_NOT_FROM_DNS", "DNS_DISAGREES", "CLIENT_CERTIFICATE_REQUESTED"} <= own
    assert {REASONS[code].rank for code in own} <= {Rank.PASS, Rank.WARN, Rank.UNPROVEN}


def test_every_failure_has_a_usual_culprit():
    assert [code for code, one in REASONS.items() if one.rank is Rank.FAIL and one.culprit is None] == []
    assert {code: REASONS[code].culprit for code in CULPRITS} == {
        code: Culprit(word) for code, word in CULPRITS.items()
    }


def test_an_unknown_code_names_the_nearest():
    with pytest.raises(KeyError, match="did you mean TCP_NO_ANSWER"):
        reason("TCP_NO_ANSWR")
    with pytest.raises(KeyError, match="no such reason"):
        reason("qqqqqqqq")


def test_codes_cost_nothing_to_import():
    code = "import sys, eset_portcheck.model.reasons; print(sorted({'asyncio', 'socket', 'ssl', 'difflib', 'tomllib', 'rich'} & set(sys.modules)))"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


VALUES = {
    "target": "pc7.corp.local",
    "port": 2222,
    "transport": "tcp",
    "address": "10.1.2.3",
    "interval": ["10.0.0.1", "10.1.2.3"],
    "source": "pc1",
}


def test_a_headline_is_filled():
    assert texts.headline("TCP_NO_ANSWER", VALUES) == "No answer from pc7.corp.local on TCP 2222"
    assert texts.headline("NET_UNREACHABLE", {"target": "a"}) == "A router has no route to a"
    assert texts.headline("REFUSED_BY_HOST", {}) == "The target refuses the port: nothing listens"
    assert texts.headline("PORT_FREE", {}) == "The port is free on this machine"
    assert texts.phrase("lost between {interval}", VALUES) == "lost between 10.0.0.1 and 10.1.2.3"


def test_a_code_from_the_future_stays_readable():
    assert texts.headline("QUANTUM_DECOHERED", VALUES) == "QUANTUM_DECOHERED"
    assert texts.ask("QUANTUM_DECOHERED", VALUES) == ""


@each("code", sorted(REASONS))
@pytest.mark.parametrize("without", [None, *texts.PLACEHOLDERS, "all"])
def test_no_value_may_be_missed(code, without):
    given = {} if without == "all" else {name: value for name, value in VALUES.items() if name != without}
    for said in (texts.headline(code, given), texts.ask(code, given)):
        assert said
        assert not set("{}[]") & set(said)
        assert "  " not in said
        assert not any(
            wrong in said for wrong in ("the the", " on on ", " ,", " .", " ;", "None", "server its", "device its")
        )


def test_values_are_hostile_text():
    said = texts.headline("TCP_NO_ANSWER", {"target": "a\x1b[31m\u202eb\n[{port}]", "port": 1, "transport": "tcp"})
    assert said == r"No answer from a\x1b[31m\u202eb\n[{port}] on TCP 1"
    assert len(texts.headline("TCP_NO_ANSWER", {"target": "x" * 5000})) < 140


@given(st.text(), st.text(), st.sampled_from(sorted(REASONS)))
def test_whatever_the_value_the_headline_is_one_printable_line(target, address, code):
    said = texts.headline(code, {"target": target, "address": address, "port": 1, "transport": "tcp"})
    assert said.isprintable()


def test_commands_are_quoted_and_keep_their_own_braces():
    assert (
        texts.command("nc {target} {port}; x { $_ } [1]", {"target": "a;reboot", "port": 22})
        == "nc '<target>' 22; x { $_ } [1]"
    )
    assert texts.command("nc {target} {port}", {}) == "nc '<target>' '<port>'"
    assert pattern("nc {target} «sport = :{port}»") == "nc <target> 'sport = :<port>'"


def test_a_language_without_texts_is_named():
    with pytest.raises(LookupError, match="en"):
        texts.load("xx")
    assert texts.load() == texts.load("en")


def explained(capsys, *words):
    parser = argparse.ArgumentParser()
    explain.register(parser.add_subparsers())
    arguments = parser.parse_args(["explain", *words])
    code = arguments.run(arguments)
    out, err = capsys.readouterr()
    return code, out, err


@each("word", sorted(REASONS))
def test_explain_a_code(capsys, word):
    code, out, err = explained(capsys, word)
    assert (code, err) == (0, "")
    at = [out.index(f"\n{part}\n") for part in explain.PARTS]
    assert at == sorted(at)
    assert not set("{[") & set(out.split("To forward:")[1])
    indented = [line for line in out.splitlines() if line.startswith("       ")]  # commands are never broken
    assert max(len(line) for line in out.splitlines() if line not in indented) <= explain.WIDTH


@pytest.mark.parametrize("word", ["tcp_no_answer", "tcp-no-answer", " TCP_NO_ANSWER "])
def test_a_code_may_be_written_as_one_likes(capsys, word):
    assert explained(capsys, word)[1].startswith("TCP_NO_ANSWER\n")


@pytest.mark.parametrize("words", [[], ["--list"]])
def test_the_list_holds_every_code_by_rank(capsys, words):
    code, out, _ = explained(capsys, *words)
    assert code == 0
    assert {line.split()[0] for line in out.splitlines() if line.startswith("  ")} == set(REASONS)
    assert [line for line in out.splitlines() if line.endswith(":")] == [
        "fail:",
        "warn:",
        "unproven:",
        "skip:",
        "error:",
        "pass:",
    ]


@pytest.mark.parametrize("role", ROLES)
def test_every_row_is_explained(capsys, role):
    for name in explain.rows(role):
        code, out, err = explained(capsys, name)
        assert (code, err) == (0, "")
        at = [out.index(f"\n{part}\n") for part in explain.PARTS]
        assert at == sorted(at)
        assert "Required proof:" in out


def test_a_row_says_what_it_is_for_and_what_may_come(capsys):
    _, out, _ = explained(capsys, "agent.server.tcp-2222")
    assert out.startswith("agent.server.tcp-2222\n")
    for word in (
        "Replication with the ESET PROTECT Server",
        "TCP_NO_ANSWER",
        "TLS_INTERCEPTED",
        "Required proof: tls",
        "server_port",
    ):
        assert word in out
    assert "MQTT_REFUSED" not in out


def test_the_printed_wording_of_2223_is_kept(capsys):
    _, out, _ = explained(capsys, "server.listen.tcp-2223")
    assert "Resolución de DNS y reserva de MQTT" in out


def test_a_beginning_means_all_its_rows(capsys):
    _, out, _ = explained(capsys, "agent.push")
    assert "agent.push.tcp-8883\n" in out
    assert "agent.push.tcp-443\n" in out
    assert "agent.push" not in explained(capsys, "bridge.push")[1]


def test_the_values_of_a_site_are_passed_over(capsys):
    bare = explained(capsys, "deploy-source.target.tcp-445.admin-share")
    assert explained(capsys, "deploy-source.target@pc7.corp.local.tcp-445.admin-share") == bare
    assert "SMB_ACCOUNT_LOCKED" in bare[1]
    assert "deploy-source.target@*.tcp-445.admin-share" in bare[1]
    assert len(explain.rows("deploy-source.target@10.0.0.7")) > 1


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("TCP_NO_ANSWR", "TCP_NO_ANSWER"),
        ("agent.serve.tcp-2222", "agent.server.tcp-2222"),
        ("agnet", "agent"),
        ("agent.server.tcp-2223", "2222"),
    ],
)
def test_a_misspelt_word_is_wrong_use_with_a_suggestion(capsys, word, near):
    code, out, err = explained(capsys, word)
    assert (code, out) == (2, "")
    assert near in err


def test_a_hostile_word_is_not_echoed_raw(capsys):
    code, _, err = explained(capsys, "a\x1b[31m\u202e")
    assert code == 2
    assert err.strip().isprintable()
