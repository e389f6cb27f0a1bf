"""`rules` on the command line: wrong use is one line and exit 2, nothing is looked up unless asked."""

import subprocess
import sys

import pytest

SITE = ("--role", "agent", "--server", "10.0.0.5")


def portcheck(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "eset_portcheck", "rules", *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("notation", ["nft", "powershell", "csv"])
def test_every_notation_is_ascii_and_names_every_row(notation: str) -> None:
    done = portcheck(*SITE, "--for", notation)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert all(one in done.stdout for one in ("agent.server.tcp-2222", "agent.repository.tcp-80", "agent.push.tcp-8883", "agent.push.tcp-443"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--role is needed"),
        (("--role", "agent"), "--server"),
        ((*SITE, "--from", "everywhere"), "--from 'everywhere': no network"),
        ((*SITE, "--keep", "ssh"), "--keep 'ssh': TRANSPORT/PORT is needed"),
        ((*SITE, "--keep", "tcp/99999"), "--keep 'tcp/99999'"),
        ((*SITE, "--into", "inet filter"), "--into 'inet filter': 'FAMILY TABLE IN OUT' is needed"),
        ((*SITE, "--into", "inet filter in;flush out"), "--into"),
        ((*SITE, "--resolver", "dns"), "--resolver 'dns': no address"),
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
    assert "delete rule inet filter" in portcheck(*SITE, "--for", "nft", "--undo", "--into", "inet filter input output").stdout
    assert portcheck(*SITE, "--for", "powershell", "--undo").stdout.strip() == "Remove-NetFirewallRule -Group 'eset-portcheck'"
    assert portcheck(*SITE, "--for", "csv", "--undo").returncode == 2
