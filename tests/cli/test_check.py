"""`check` as a user meets it: exit codes, wrong use, outputs, interruption, secrets."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eset_portcheck.model.report import SCHEMA_VERSION
from tests.cli.conftest import Command

AGENT = ["check", "--role", "agent", "--server", "protect.corp.local"]


def with_public(site: list[str]) -> list[str]:
    """The stand-in's authority plays the public ones too."""
    return [*site, "--public-ca-file", site[site.index("--ca-file") + 1]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check"], "--role is needed"),
        (["check", "--role", "agnet"], "did you mean agent?"),
        (["check", "--role", "agent"], "needs --server"),
        (["check", "--role", "deploy-source"], "needs --target"),
        (["check", "--role", "mobile-device"], "needs --mdc"),
        ([*AGENT, "--proxy", "user:S3cret@proxy"], "do not put credentials here"),
        ([*AGENT, "--server", "http://protect"], "give host or host:port, not a URL"),
        ([*AGENT, "--server", "protect:99999"], "is not a port"),
        ([*AGENT, "--server", "pro tect"], "not a host name"),
        ([*AGENT, "--server", "\x1b[31mred"], "not a host name"),
        ([*AGENT, "--set", "server_prot=1"], "did you mean server_port?"),
        ([*AGENT, "--set", "server_port"], "NAME=VALUE is needed"),
        ([*AGENT, "--set", "bridge_push=perhaps"], "true or false"),
        ([*AGENT, "--site", "nowhere.toml"], "cannot be read"),
        ([*AGENT, "--profile", "nowhere.toml"], "cannot be read"),
        ([*AGENT, "--ca-file", "nowhere.pem"], "No such file"),
        ([*AGENT, "--only", "nothing.*"], "no check selected"),
        ([*AGENT, "-o", "x.docx"], "the suffix must be one of"),
        ([*AGENT, "-o", "no/such/folder/x.json"], "cannot be written"),
        ([*AGENT, "--timeout", "0"], "not between"),
        ([*AGENT, "-4", "-6"], "not allowed with"),
        ([*AGENT, "--credentials-file", "nowhere.toml"], "cannot be read"),
        ([*AGENT, "--ask-credentials"], "not a terminal"),
        ([*AGENT, "--database", "db"], "--database-kind: needed"),
        ([*AGENT, "--product-version", "ten"], "not a version"),
        ([*AGENT, "--frobnicate"], "unrecognized arguments"),
    ],
)
def test_wrong_use_names_the_place(portcheck: Command, arguments: list[str], told: str) -> None:
    ended = portcheck(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "S3cret" not in ended.err
    assert "\x1b" not in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('server = "protect"\nserver_port = "x"\n', "site.toml: server_port"),
        ("server = 5\n", "site.toml: server: must be a host name"),
        ('sever = "x"\n', "did you mean server?"),
        ('[connect_to]\n"a:1" = 5\n', "site.toml: connect_to"),
        ('[connect_to]\n"a:1" = "b"\n', "needs a port"),
        ("server = \n", "not TOML"),
        ("\x00", "not TOML"),
        ("[" * 5000, "not TOML"),
    ],
)
def test_a_bad_site_file(portcheck: Command, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "site.toml").write_text(text)
    ended = portcheck(*AGENT, "--site", str(tmp_path / "site.toml"))
    assert ended.code == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_a_healthy_site_is_proven(portcheck: Command, site: list[str]) -> None:
    ended = portcheck("check", *with_public(site), "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    assert {row["verdict"] for row in ended.report["checks"]} == {"pass"}
    assert ended.report["summary"] == {
        "counts": {"pass": 8, "warn": 0, "unproven": 0, "fail": 0, "error": 0, "skip": 0},
        "ready": True, "exit_code": 0, "verdict": "pass", "strict": False, "exit_zero": False, "identity_not_checked": 0,
        "not_installed": [],
    }  # fmt: skip
    assert ended.report["run"]["connect_to"]


@pytest.mark.parametrize("site", ["proxy"], indirect=True)
def test_a_failure_is_exit_1_and_maps(portcheck: Command, site: list[str]) -> None:
    assert portcheck("check", *with_public(site), "--format", "json").report["summary"]["exit_code"] == 1
    relaxed = portcheck("check", *with_public(site), "--format", "json", "--exit-zero")
    assert (relaxed.code, relaxed.report["summary"]["exit_code"], relaxed.report["summary"]["ready"]) == (0, 0, False)
    only = portcheck("check", *with_public(site), "--only", "agent.server.*", "--format", "json")
    assert (only.code, only.report["summary"]["ready"]) == (0, False)  # exit 0, but something was left out


def test_dry_run_lists_every_destination_and_sends_nothing(portcheck: Command) -> None:
    ended = portcheck(*AGENT, "--proxy", "bridge", "--dry-run")
    assert ended.code == 0
    assert "tcp bridge:3128 tls  CONNECT protect.corp.local:2222" in ended.out
    assert "tcp epns.eset.com:8883 mqtt" in ended.out


def test_a_dry_run_writes_ipv6_addresses_as_one_types_them(portcheck: Command) -> None:
    ended = portcheck(
        "check", "--role", "agent", "--server", "2001:db8::1", "--proxy", "[2001:db8::2]:3128", "--dry-run"
    )
    assert ended.code == 0
    assert "tcp [2001:db8::1]:2222 tls" in ended.out
    assert "tcp [2001:db8::2]:3128 tls  CONNECT [2001:db8::1]:2222" in ended.out


def test_a_dry_run_refuses_what_it_would_not_write(portcheck: Command, tmp_path: Path) -> None:
    ended = portcheck(*AGENT, "--dry-run", "-o", "ticket.html")
    assert (ended.code, ended.out) == (2, "")
    assert "-o: --dry-run makes no report" in ended.err
    assert not (tmp_path / "ticket.html").exists()


def test_reports_are_written_by_suffix(portcheck: Command, site: list[str], tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("x" * 100_000)
    ended = portcheck("check", *with_public(site), "-o", "old.json", "-o", "r.txt")
    assert ended.code == 0
    assert json.loads((tmp_path / "old.json").read_text())["schema_version"] == SCHEMA_VERSION
    assert "\x1b" not in (tmp_path / "r.txt").read_text()


def test_nothing_is_lost_when_it_was_wrong_use(portcheck: Command, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("precious")
    assert portcheck("check", "--role", "agent", "-o", "old.json").code == 2
    assert (tmp_path / "old.json").read_text() == "precious"


def test_ascii_and_narrow(portcheck: Command, site: list[str]) -> None:
    ended = portcheck("check", *with_public(site), "--ascii", COLUMNS="80")
    assert ended.out.isascii()
    assert max(map(len, ended.out.splitlines()[1:])) <= 80


@pytest.mark.parametrize("site", ["tarpit"], indirect=True)
def test_interrupted_it_still_reports(site: list[str], tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "eset_portcheck",
        "check",
        *site,
        "--timeout",
        "60",
        "--budget",
        "200",
        "--format",
        "md",
        "-o",
        str(tmp_path / "part.json"),
    ]
    main, side = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=side, text=True, env=os.environ) as process:
        os.close(side)
        told = b""
        while not re.search(rb"\b[1-9]\d*/\d+ checked", told):  # the silent peer is waited for still
            told += os.read(main, 4096)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    os.close(main)
    assert process.returncode == 130, told
    report = json.loads((tmp_path / "part.json").read_text())
    reasons = {row["reason"] for row in report["checks"]}
    assert "INTERRUPTED" in reasons
    assert {"pass", "unproven"} <= {row["verdict"] for row in report["checks"]}
    assert (report["run"]["complete"], report["summary"]["exit_code"]) == (False, 130)
    assert "INTERRUPTED" in out


@pytest.mark.parametrize("site", ["tarpit"], indirect=True)
def test_a_spent_budget_is_unproven(portcheck: Command, site: list[str]) -> None:
    ended = portcheck("check", *with_public(site), "--timeout", "20", "--budget", "1", "--format", "json")
    rows = {row["id"]: (row["verdict"], row["reason"]) for row in ended.report["checks"]}
    assert ("unproven", "BUDGET_SPENT") in rows.values()
    assert ended.code == 3


def test_strict(portcheck: Command, site: list[str]) -> None:
    assert portcheck("check", *with_public(site), "--strict", "-q").code == 0


@pytest.mark.parametrize("site", ["push"], indirect=True)
def test_strict_minds_a_warning(portcheck: Command, site: list[str]) -> None:
    assert portcheck("check", *with_public(site), "-q").code == 0
    ended = portcheck("check", *with_public(site), "--strict", "--format", "json")
    assert ended.report["summary"]["counts"]["warn"] > 0
    assert (ended.code, ended.report["summary"]["exit_code"], ended.report["summary"]["ready"]) == (1, 1, False)


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_credentials_that_others_can_read_are_refused(portcheck: Command, tmp_path: Path) -> None:
    file = tmp_path / "secret.toml"
    file.write_text('user = "root"\npassword = "C4nary-Secret"\n')
    file.chmod(0o644)
    ended = portcheck("check", "--role", "deploy-source", "--target", "127.0.0.1", "--credentials-file", str(file))
    assert (ended.code, "others can read it" in ended.err) == (2, True)
    for text in (
        'user = "root"\npassword = C4nary-Secret\n',
        'user = "root"\n',
        'user = "root"\npassword = "C4nary-Secret"\nC4nary = 1\n',
    ):
        file.write_text(text)
        file.chmod(0o600)
        ended = portcheck("check", "--role", "deploy-source", "--target", "127.0.0.1", "--credentials-file", str(file))
        assert ended.code == 2
        assert "C4nary" not in ended.err


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_credentials_appear_nowhere(portcheck: Command, tmp_path: Path) -> None:
    file = tmp_path / "secret.toml"
    file.write_text('user = "canaryuser"\npassword = "C4nary-Secret"\ndomain = "CANARYDOM"\n')
    file.chmod(0o600)
    for form in ("json", "table"):
        ended = portcheck(
            "check",
            "--role",
            "deploy-source",
            "--target",
            "127.0.0.1",
            "--credentials-file",
            str(file),
            "--format",
            form,
            "--timeout",
            "1",
        )
        assert "anary" not in ended.out.lower().replace(str(file).lower(), "")
        assert "anary" not in ended.err.lower()


def test_unknown_fields_of_a_report_are_tolerated(portcheck: Command, site: list[str]) -> None:
    from eset_portcheck.model.report import from_json

    ended = portcheck("check", *with_public(site), "--format", "json")
    changed = ended.report | {"later": 1}
    changed["checks"][0]["later"] = {"x": 1}
    assert from_json(json.dumps(changed).encode()).checks[0].id == ended.report["checks"][0]["id"]


def test_roles_and_show(portcheck: Command) -> None:
    from eset_portcheck.loading import ROLES

    listed = portcheck("roles")
    assert listed.code == 0
    assert all(role in listed.out for role in ROLES)
    for role in ROLES:
        shown = portcheck("show", role)
        assert shown.code == 0
        assert max(map(len, shown.out.splitlines())) <= 80
    assert "Resolución de DNS" in portcheck("show", "server").out
    assert portcheck("show", "severr").code == 2


def test_the_site_template_loads_as_it_is(portcheck: Command, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(portcheck("show", "agent", "--site-template").out)
    ended = portcheck("check", "--role", "agent", "--server", "x", "--site", "site.toml", "--dry-run")
    assert ended.code == 0


def test_version_and_no_command(portcheck: Command) -> None:
    assert portcheck("--version").out.startswith("eset-portcheck ")
    assert portcheck().code == 2


def test_files_in_the_users_folder_are_named_without_the_user(portcheck: Command, tmp_path: Path) -> None:
    """The line that tests again works for the same user, and names nobody."""
    home = tmp_path / "home" / "jnovak"
    home.mkdir(parents=True)
    (home / "my site.toml").write_text('server = "127.0.0.1"\nserver_port = 9\n')
    ended = portcheck(
        "check",
        "--role",
        "agent",
        "--site",
        str(home / "my site.toml"),
        "--only",
        "agent.server.*",
        "--timeout",
        "1",
        HOME=str(home),
    )
    assert ended.code == 1, ended.err
    assert "--site ~/'my site.toml'" in ended.out
    assert "jnovak" not in ended.out + ended.err


@pytest.mark.parametrize("content", [b"{}", b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_of_authorities_without_any_is_wrong_use(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ca.pem").write_bytes(content)
    argv = [
        sys.executable,
        "-m",
        "eset_portcheck",
        "check",
        "--role",
        "agent",
        "--server",
        "127.0.0.1",
        "--dry-run",
        "--ca-file",
        str(tmp_path / "ca.pem"),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "contains no PEM certificate" in done.stderr


def test_an_endless_site_file_is_refused() -> None:
    argv = [
        sys.executable,
        "-m",
        "eset_portcheck",
        "check",
        "--role",
        "agent",
        "--server",
        "127.0.0.1",
        "--dry-run",
        "--site",
        "/dev/zero",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is a device" in done.stderr
