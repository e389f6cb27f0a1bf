"""`rules` on the command line: wrong use is one line and exit 2, nothing is looked up unless asked."""

import os
import socket
import subprocess
import sys

import pytest

from eset_portcheck import cli

SITE = ("--role", "agent", "--server", "10.0.0.5")


def portcheck(*arguments: str, ssh: str = "") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "eset_portcheck", "rules", *arguments]
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "SSH_CONNECTION": ssh}
    )


@pytest.mark.parametrize("notation", ["nft", "powershell", "csv"])
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
