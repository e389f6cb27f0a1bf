"""`check` and `ports` on machines where components are installed: in a mount namespace of their own, with recorded
files in the product's places."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from eset_portcheck.loading import detected
from tests.cli.conftest import Ended
from tests.unit.test_components import AGENT, SERVER, recorded, tree

ROOT = Path(__file__).parents[2]
On = Callable[..., Ended]


@pytest.fixture
def machine(tmp_path: Path) -> On:
    """machine(files, *arguments): the command where /opt, /etc/opt, /var/log and /var/lib hold these files and nothing
    else of any product."""
    if (
        not shutil.which("unshare")
        or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no mount namespaces here")

    def run(files: dict[str, str], *arguments: str) -> Ended:
        root = tree(tmp_path / "machine", **files)
        mounts = []
        for place in ("opt", "etc/opt", "var/log", "var/lib"):
            (root / place).mkdir(parents=True, exist_ok=True)
            mounts.append(f"mount --bind {root / place} /{place}")
        script = " && ".join([*mounts, 'exec "$0" "$@"'])
        command = [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            script,
            sys.executable,
            "-m",
            "eset_portcheck",
            *arguments,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


def test_roles_and_server_are_those_of_the_machine(machine: On) -> None:
    ended = machine(AGENT, "check", "--dry-run")
    assert ended.code == 0
    assert "installed here: agent 10.1.2.3" in ended.err
    assert "--server protect.corp.local:2222, from /var/log/eset/RemoteAdministrator/Agent/status.html" in ended.err
    assert "tcp protect.corp.local:2222 tls" in ended.out


def test_it_stands_in_the_report(machine: On) -> None:
    ended = machine(AGENT, "check", "--offline", "--timeout", "0.3", "--budget", "2", "--format", "json")
    run = ended.report["run"]
    assert (run["roles"], run["detected"]) == (["agent"], ["role", "server"])
    assert run["arguments"][:4] == ["--role", "agent", "--server", "protect.corp.local:2222"]
    assert ended.report["host"]["eset_products"][0]["servers"] == ["protect.corp.local:2222", "10.9.9.9:2300"]


@pytest.mark.parametrize(
    ("arguments", "server"),
    [
        (["--server", "other.lab.test"], "other.lab.test:2222"),
        (["--set", "server=other.lab.test:2301"], "other.lab.test:2301"),
        (["--site", "site.toml"], "site.lab.test:2222"),
        (["--role", "agent"], "protect.corp.local:2222"),
        (["--set", "server_port=2301"], "protect.corp.local:2301"),
    ],
)
def test_what_is_given_wins(machine: On, tmp_path: Path, arguments: list[str], server: str) -> None:
    (tmp_path / "site.toml").write_text('server = "site.lab.test"\n')
    given = [str(tmp_path / one) if one == "site.toml" else one for one in arguments]
    ended = machine(AGENT, "check", *given, "--dry-run")
    assert (ended.code, f"tcp {server} tls" in ended.out) == (0, True), ended.out + ended.err


def test_nothing_installed_is_wrong_use_with_the_list_of_roles(machine: On) -> None:
    for files, more in (({}, []), (AGENT, ["--no-detect"])):
        ended = machine(files, "check", *more)
        assert (ended.code, ended.out) == (2, "")
        assert "--role is needed" in ended.err
        assert "deploy-source" in ended.err


def test_a_sensor_needs_a_target_and_hides_no_other_role(machine: On) -> None:
    sensor = {"opt/eset/RogueDetectionSensor/rdsensor": ""}
    ended = machine(AGENT | sensor, "check", "--dry-run")
    assert (ended.code, "role rdsensor skipped: it needs --target" in ended.err) == (0, True)
    assert machine(AGENT | sensor, "check", "--target", "pc7", "--dry-run").out.count("rdsensor.") == 3


def test_an_agent_whose_server_is_nowhere_is_wrong_use(machine: On) -> None:
    ended = machine({"opt/eset/RemoteAdministrator/Agent/ERAAgent": ""}, "check")
    assert (ended.code, "needs --server" in ended.err) == (2, True)


def test_a_server_with_its_database_elsewhere(machine: On) -> None:
    away = SERVER | {
        "etc/opt/eset/RemoteAdministrator/Server/StartupConfiguration.ini": "DatabaseType=MySQL\nDatabaseConnectionString=Driver=MySQL;Server=db.corp.local;Port=3307;Pwd=C4nary\n"
    }
    ended = machine(away, "check", "--role", "server", "--dry-run")
    assert "tcp db.corp.local:3307 mysql" in ended.out
    assert "C4nary" not in ended.out + ended.err
    mine = machine(
        away, "check", "--role", "server", "--database", "x.corp.local", "--database-kind", "mssql", "--dry-run"
    )
    assert "tcp x.corp.local:1433 tds" in mine.out


def test_ports_of_what_is_installed(machine: On) -> None:
    ended = machine(AGENT | SERVER, "ports", "--format", "json")
    rows = {row["id"]: row["reason"] for row in ended.report["checks"]}
    assert (ended.code, rows["server.listen.tcp-2222"]) == (1, "PORT_NOT_LISTENING")  # installed, so it should
    assert [row["port"] for row in ended.report["checks"] if row["id"] == "webconsole.listen.tcp-443"] == [8443]
    assert ended.report["run"]["detected"] == ["role", "server", "console_port", "webconsole_port"]


def test_a_hostile_status_page_does_not_reach_the_terminal(machine: On) -> None:
    page = {
        "var/log/eset/RemoteAdministrator/Agent/status.html": "<li>Remote host: \x1b[31mevil\u202e</li><li>Remote host: a;reboot</li>",
        "var/log/eset/RemoteAdministrator/Agent/trace.log": "",
    }
    ended = machine(AGENT | page, "check", "--dry-run")
    assert (ended.code, "needs --server" in ended.err) == (2, True)
    assert "\x1b" not in ended.err


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_recorded_windows_machine(language: str) -> None:
    products = recorded(language)
    chosen = detected.roles(products)
    assert chosen == ["agent", "bridge", "webconsole", "server"]
    found = detected.values(products, chosen)
    assert {name: one.value for name, one in found.items()} == {
        "server": "protect.corp.local:2222",
        "webconsole_port": "443",
        "database": "db.corp.local:1444",
        "database_kind": "mssql",
    }
    assert found["server"].source.endswith("status.html")
    assert "C4nary" not in json.dumps([one.value for one in found.values()])
    assert set(detected.values(products, ["server"], "DB.corp.local")) == set()
    assert {name: one.value for name, one in detected.values(products, ["webconsole"]).items()}[
        "server"
    ] == "protect.corp.local"
