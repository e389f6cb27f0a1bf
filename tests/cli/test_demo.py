"""The demo: the healthy site, each fault by the reason it must show, wrong use, and that nothing leaves this
machine."""

import json
import subprocess
import sys

import msgspec
import pytest

from eset_portcheck import cli
from eset_portcheck.model.report import Report
from eset_portcheck.render import render
from eset_portcheck.standins.site import BRIDGE, SERVICES, faults

SERVER, VIA = "agent.server.tcp-2222", "agent.proxy.tcp-3128.connect-server"


def demo(capfd, *arguments: str) -> tuple[int, dict]:
    code = cli.run(["demo", "--format", "json", "-q", *arguments])
    out, err = capfd.readouterr()
    assert err == ""
    return code, json.loads(out)


def assert_the_proxy_is_healthy(report: dict) -> None:
    """Of a fault of the destination nothing is said of the proxy that leads there: no title, place, culprit, request or
    command."""
    proxy, behind = f"{BRIDGE}:3128", [row for row in report["checks"] if row.get("via_destination")]
    broken = {row["id"]: row for row in behind if row["verdict"] not in ("pass", "skip")}
    for row in broken.values():
        assert row["culprit"] != "proxy"
        assert (row["where"]["address"], row["where"]["via"]) == (row["via_destination"], proxy)
    for cause in report["causes"]:
        if not broken.keys() & set(cause["explains"]):
            continue
        assert cause["culprit"] != "proxy"
        if not cause["reason"].startswith("PROXY_"):  # whose text names its proxy and the destination
            destination = broken[next(one for one in cause["explains"] if one in broken)]["via_destination"]
            assert f"{cause['params']['target']}:{cause['params']['port']}" == destination
        for fix in cause["fixes"]:
            assert f"-connect {proxy}" not in fix["command"], fix
            assert " port 3128" not in fix["command"], fix
    read = msgspec.convert(report, Report)
    for shown in (render(read, format="md"), render(read, verbose=True)):
        assert f"-connect {proxy}" not in shown
        assert f"certificate of {BRIDGE}" not in shown
        assert "port 3128" not in shown


def reasons(report: dict) -> dict[str, tuple[str, str]]:
    """id -> (verdict, reason) of all that is no pass and no skip."""
    return {
        row["id"]: (row["verdict"], row["reason"]) for row in report["checks"] if row["verdict"] not in ("pass", "skip")
    }


@pytest.mark.parametrize("role", SERVICES)
def test_healthy(capfd, role):
    code, report = demo(capfd, "--role", role)
    assert (code, report["summary"]["exit_code"], reasons(report), report["causes"]) == (0, 0, {}, [])
    assert report["summary"]["counts"]["pass"] == sum(row["direction"] == "outbound" for row in report["checks"])
    assert all(row["reason"] == "NOT_SELECTED" for row in report["checks"] if row["direction"] != "outbound")
    assert set(report["run"]["connect_to"]) == set(SERVICES[role])


# What must be seen directly and behind the proxy; None: that row passes.
FAST = {
    "server": ("REFUSED_BY_HOST", "PROXY_UPSTREAM_FAILED"),
    "tls": ("TLS_UNKNOWN_CA", "TLS_UNKNOWN_CA"),
    "inspection": ("TLS_INTERCEPTED", "TLS_INTERCEPTED"),
    "certificate": ("TLS_EXPIRED", "TLS_EXPIRED"),
    "name": ("TLS_WRONG_NAME", "TLS_WRONG_NAME"),
    "close": ("CLOSED_BEFORE_REPLY", "CLOSED_BEFORE_REPLY"),
    "reset": ("RESET_AFTER_ACCEPT", "CLOSED_BEFORE_REPLY"),
    "half": ("CLOSED_BEFORE_REPLY", "CLOSED_BEFORE_REPLY"),
    "garbage": ("TLS_NOT_SPOKEN", "TLS_NOT_SPOKEN"),
    "junk": ("TLS_NOT_SPOKEN", "TLS_NOT_SPOKEN"),
    "ssh": ("WRONG_PROTOCOL", "WRONG_PROTOCOL"),
    "smtp": ("WRONG_PROTOCOL", "WRONG_PROTOCOL"),
    "mysql": ("WRONG_PROTOCOL", "WRONG_PROTOCOL"),
    "proxy": (None, "PROXY_AUTH_REQUIRED"),
    "proxy-connect": (None, "PROXY_REFUSED_CONNECT"),
    "proxy-upstream": (None, "PROXY_UPSTREAM_FAILED"),
    "proxy-down": (None, "REFUSED_BY_HOST"),
}
# Those in which somebody has to wait for a deadline.
SLOW = {
    "silent": ("TCP_NO_ANSWER", "PROXY_UPSTREAM_FAILED"),
    "tarpit": ("TLS_TIMEOUT", "TLS_TIMEOUT"),
    "drip": ("TLS_TIMEOUT", "TLS_TIMEOUT"),
    "hello": ("TLS_RESET_ON_HELLO", "CLOSED_BEFORE_REPLY"),
}
ELSEWHERE = {"push", "broker", "repository", "filter"}


def test_every_fault_is_tried_here():
    assert {*FAST, *SLOW, *ELSEWHERE} == set(faults("agent"))


@pytest.mark.parametrize(("fault", "directly", "behind"), [(fault, *seen) for fault, seen in FAST.items()])
def test_faults_of_the_server_and_the_proxy(capfd, fault, directly, behind):
    code, report = demo(capfd, "--break", fault)
    found = reasons(report)
    assert code == 1
    if directly is not None:
        assert_the_proxy_is_healthy(report)
    assert found.get(SERVER) == (("fail", directly) if directly else None)
    assert found[VIA] == ("fail", behind)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "directly", "behind"), [(fault, *seen) for fault, seen in SLOW.items()])
def test_slow_faults_of_the_server(capfd, fault, directly, behind):
    code, report = demo(capfd, "--break", fault)
    assert (code, reasons(report)) == (1, {SERVER: ("fail", directly), VIA: ("fail", behind)})
    assert_the_proxy_is_healthy(report)


def test_push_fails_over(capfd):
    code, report = demo(capfd, "--break", "push")
    assert code == 0
    assert {word for word, _ in reasons(report).values()} == {"warn"}
    assert {finding["reason"] for row in report["checks"] for finding in row["findings"]} >= {"FAILOVER_USED"}
    assert_the_proxy_is_healthy(report)


def test_push_without_fail_over(capfd):
    code, report = demo(capfd, "--break", "broker")
    assert code == 1
    assert {one for one in reasons(report) if "push" in one} == {
        row["id"] for row in report["checks"] if "push" in row["id"]
    }
    assert_the_proxy_is_healthy(report)


@pytest.mark.parametrize("fault", ["repository", "filter"])
def test_a_page_in_place_of_the_repository(capfd, fault):
    code, report = demo(capfd, "--break", fault)
    page = ("fail", "CAPTIVE_PORTAL")
    assert (code, reasons(report)) == (
        1,
        {"agent.repository.tcp-80": page, "agent.proxy.tcp-3128.get-repository": page},
    )
    assert_the_proxy_is_healthy(report)


def test_lines_that_test_again_stay_on_the_stand_ins(capfd):
    _, report = demo(capfd, "--break", "proxy")
    assert {fix.get("verify", "") for cause in report["causes"] for fix in cause["fixes"]} == {""}, (
        "the demo has no rows of its own choice"
    )
    assert (report["run"]["command"], report["run"]["arguments"]) == ("demo", ["--role", "agent", "--break", "proxy"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--role", "server"], ["demo --role 'server'", "agent, bridge, webconsole, mobile-device"]),
        (["--break", "everything"], ["demo --break 'everything'", "push", "tarpit"]),
        (["--role", "webconsole", "--break", "proxy"], ["demo --break 'proxy'", "for role webconsole", "certificate"]),
        (["-o", "report.docx"], ["-o 'report.docx'"]),
    ],
)
def test_wrong_use(capfd, arguments, words):
    assert cli.run(["demo", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert all(word in err for word in words)
    assert err.count("\n") == 1


def test_help_lists_the_faults(capfd):
    with pytest.raises(SystemExit) as ended:
        cli.run(["demo", "--help"])
    out, _ = capfd.readouterr()
    assert ended.value.code == 0
    assert all(f"  {name} " in out and fault.text in out for name, fault in faults("agent").items())


def test_it_ends_by_naming_the_real_command(capfd):
    assert cli.run(["demo", "--role", "webconsole", "--format", "json"]) == 0
    out, err = capfd.readouterr()
    json.loads(out)
    assert err.startswith("Simulated site on 127.0.0.1 for role webconsole: all healthy.\n")
    assert "eset-portcheck check --role webconsole --server protect.corp.local" in err
    assert 'make run ARGS="--role webconsole --server protect.corp.local"' in err


WATCHED = """
import ipaddress, sys
seen = []
def watch(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"):
        seen.append((event, arguments))
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        if not ipaddress.ip_address(arguments[1][0]).is_loopback:
            seen.append((event, arguments[1]))
sys.addaudithook(watch)
from eset_portcheck import cli
code = cli.run(["demo", *sys.argv[1:]])
print(code, seen, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [[], ["--break", "server"], ["--break", "repository"], ["--role", "bridge"], ["--role", "mobile-device"]],
)
def test_nothing_leaves_this_machine_and_no_name_is_asked_for(arguments):
    """Watched by the interpreter's audit events, under every library."""
    line = [sys.executable, "-c", WATCHED, *arguments, "--format", "json", "-q"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    code, _, seen = done.stderr.strip().partition(" ")
    assert (code, seen) == ("1" if "--break" in arguments else "0", "[]")
