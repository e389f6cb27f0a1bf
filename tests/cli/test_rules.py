"""`rules` on the command line: wrong use is one line and exit 2, nothing is looked up unless asked."""

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from eset_portcheck import cli

SITE = ("--role", "agent", "--server", "10.0.0.5")


def portcheck(*arguments: str, ssh: str = "") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "eset_portcheck", "rules", *arguments]
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "SSH_CONNECTION": ssh}
    )


@pytest.mark.parametrize("notation", ["nft", "powershell", "csv", "md"])
def test_every_notation_is_ascii_and_names_every_row(notation: str) -> None:
    done = portcheck(*SITE, "--for", notation)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert all(
        one in done.stdout
        for one in ("agent.server.tcp-2222", "agent.repository.tcp-80", "agent.push.tcp-8883", "agent.push.tcp-443")
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--role is needed"),
        (("--role", "agent"), "--server"),
        ((*SITE, "--from", "everywhere"), "--from 'everywhere': not a network"),
        ((*SITE, "--failed"), "--failed: only with --from-report"),
        (("--from-report", "tests/unit/reports/dropped.json"), "--for csv or md"),
        ((*SITE, "-o", "no-such-folder/rules.nft"), "-o 'no-such-folder/rules.nft'"),
        ((*SITE, "--keep", "ssh"), "--keep 'ssh': give TRANSPORT/PORT"),
        ((*SITE, "--keep", "tcp/99999"), "--keep 'tcp/99999'"),
        ((*SITE, "--into", "inet filter"), "--into 'inet filter': give 'FAMILY TABLE IN OUT'"),
        ((*SITE, "--into", "inet filter in;flush out"), "--into"),
        ((*SITE, "--from", "fe80::1%eth0"), "--from 'fe80::1%eth0': not a network"),
        ((*SITE, "--keep-out", "udp/"), "--keep-out 'udp/': give TRANSPORT/PORT"),
        ((*SITE, "--into", "inet filter - -"), "--into 'inet filter - -'"),
        ((*SITE, "--into", "ip filter INPUT OUTPUT"), "these are chains of iptables"),
        ((*SITE, "--into", "inet filter input output", "--dhcp"), "not with --into, which blocks nothing"),
        ((*SITE, "--resolver", "dns"), "--resolver 'dns': no address"),
        ((*SITE, "--resolver", "127.0.0.53"), "this machine itself"),
        (("--role", "agent", "--server", "a b;c"), "--server"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], told: str) -> None:
    done = portcheck(*arguments, "--for", "nft")
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_undo() -> None:
    assert portcheck(*SITE, "--for", "nft", "--undo").stdout == "nft delete table inet eset_portcheck\n"
    assert (
        "delete rule inet filter"
        in portcheck(*SITE, "--for", "nft", "--undo", "--into", "inet filter input output").stdout
    )
    assert (
        portcheck(*SITE, "--for", "powershell", "--undo").stdout.strip()
        == "Remove-NetFirewallRule -Group 'eset-portcheck'"
    )
    assert portcheck(*SITE, "--for", "csv", "--undo").stdout.splitlines()[1].startswith("remove,")
    assert portcheck(*SITE, "--for", "powershell", "--dhcp").returncode == 2


def test_a_log_in_that_would_be_cut_is_told() -> None:
    here = "192.0.2.1 50000 192.0.2.2 2022"
    done = portcheck(*SITE, "--for", "nft", ssh=here)
    assert done.returncode == 0
    assert (
        done.stderr
        == "eset-portcheck: you are logged in by SSH on port 2022; these rules would block it: use --keep tcp/2022\n"
    )
    assert portcheck(*SITE, "--for", "nft", "--keep", "tcp/2022", ssh=here).stderr == ""
    assert portcheck(*SITE, "--for", "nft", ssh="\x1b[31m x").stderr == ""


def test_a_name_without_an_address_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def nobody(name: str, *_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, name)

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    argv = ["rules", "--role", "agent", "--server", "gone.example", "--for", "nft"]
    assert cli.run([*argv, "--resolve"]) == 0
    told = capfd.readouterr()
    assert "--resolve: gone.example does not resolve here; no rule opens it\n" in told.err
    assert "# NOT OPENED, because its name does not resolve here: agent.server.tcp-2222" in told.out
    assert "dport 2222" not in told.out
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("not asked to"))
    assert cli.run(argv) == 0
    assert "dport 2222" in capfd.readouterr().out


REPORTS = "tests/unit/reports"


def requested(*arguments: str) -> list[dict[str, str]]:
    done = portcheck("--from-report", *arguments, "--for", "csv")
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(done.stdout.splitlines()))


def test_a_change_request_from_a_report_has_every_flow_that_failed() -> None:
    rows = requested(f"{REPORTS}/dropped.json", "--failed")
    assert [(one["source"], one["destination"], one["destination_addresses"], one["port"]) for one in rows] == [
        ("10.31.4.27", "protect.corp.example", "10.20.0.15", "2222"),
        ("10.31.4.27", "epns.eset.com", "203.0.113.40", "8883"),
    ]
    everything = requested(f"{REPORTS}/dropped.json")
    assert {one["port"] for one in everything} > {one["port"] for one in rows}


def test_sources_that_were_given_are_those_of_outbound_rows_too() -> None:
    for rows in (
        requested(f"{REPORTS}/dropped.json", "--failed", "--from", "10.1.0.0/16", "--from", "10.2.0.0/16"),
        list(
            csv.DictReader(
                portcheck(*SITE, "--for", "csv", "--from", "10.1.0.0/16", "--from", "10.2.0.0/16").stdout.splitlines()
            )
        ),
    ):
        assert {one["source"] for one in rows if one["direction"] == "outbound"} == {"10.1.0.0/16 10.2.0.0/16"}


def test_what_a_proxy_refuses_is_asked_for_by_its_destination() -> None:
    rows = requested(f"{REPORTS}/proxy.json", "--failed")
    behind = next(one for one in rows if "connect-server" in one["rows"])
    assert (behind["destination"], behind["port"]) == ("protect.corp.example", "2222")
    assert behind["remark"] == "PROXY_REFUSED_CONNECT via bridge-01.corp.example:3128"


def test_a_request_is_written_whole_to_its_file(tmp_path: Path) -> None:
    there = tmp_path / "request.md"
    done = portcheck("--from-report", f"{REPORTS}/dropped.json", "--failed", "--for", "md", "-o", str(there))
    assert (done.returncode, done.stdout) == (0, "")
    lines = there.read_text(encoding="ascii").splitlines()
    assert lines[0] == "# Change request for firewalls"
    table = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in table} == {13}
    assert [*tmp_path.iterdir()] == [there]


def test_a_report_in_which_nothing_failed_asks_for_nothing() -> None:
    done = portcheck("--from-report", f"{REPORTS}/ready.json", "--failed", "--for", "md")
    assert done.returncode == 2
    assert "nothing in this report needs a firewall rule" in done.stderr
