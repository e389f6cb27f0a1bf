"""Who holds the ports of a role, with real programs in namespaces: nginx, squid, sshd and Samba; and a component of its
own, in the product's place.

The component is a copy of nginx (a server) or of ncat (an agent that holds a connection) where the product's program
lies: the path is what tells it.
"""

import json
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab.laboratory import WITHOUT_RIGHTS, Lab
from tests.lab.result import Result
from tests.lab.servers.service import which
from tests.lab.storage import CHECKOUT
from tests.lab.topology import SERVER

SERVER_PROGRAM = "opt/eset/RemoteAdministrator/Server/ERAServer"
AGENT_PROGRAM = "opt/eset/RemoteAdministrator/Agent/ERAAgent"
STATUS = "var/log/eset/RemoteAdministrator/Agent/status.html"
HOLDS = [f"/{AGENT_PROGRAM}", "--recv-only", SERVER, "2222"]
WILDCARDS = ["0.0.0.0:2222", "0.0.0.0:2223"]


def ran(done: Any) -> Result:
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"no report, exit {done.returncode}: {(done.stderr or done.stdout)[-2000:]}") from None
    assert done.returncode == report["summary"]["exit_code"]
    return Result(done.returncode, report, done.stderr, 0.0)


def command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "eset_portcheck", name, *arguments, "--format", "json"]


def ports(lab: Lab, node: str, *arguments: str, under: tuple[str, ...] = ()) -> Result:
    return ran(lab.exec(node, [*under, *command("ports", *arguments)], cwd=CHECKOUT))


@contextmanager
def installed(lab: Lab, program: str, binary: str, **files: str) -> Iterator[Path]:
    """A tree with a copy of a program in the product's place."""
    root = lab.place.home / "installed"
    try:
        for place in ("opt", "etc/opt", "var/log"):
            (root / place).mkdir(parents=True)
        target = root / program
        target.parent.mkdir(parents=True)
        shutil.copy(which(binary) or binary, target)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def beside(lab: Lab, node: str, root: Path, component: list[str], ready: str, program: list[str]) -> Result:
    """`program` where the tree lies over the machine's own folders and `component` runs; it is ended afterwards.
    `ready`: an expression for ss."""
    mounts = [f"mount --bind {root / place} /{place}" for place in ("opt", "etc/opt", "var/log")]
    script = "\n".join(
        [
            "set -e",
            *mounts,
            f"{shlex.join(component)} >/dev/null 2>&1 & pid=$!",
            f"for n in $(seq 100); do ss -Htn {ready} | grep -q . && break; sleep 0.05; done",
            f"code=0; {shlex.join(program)} || code=$?",
            "kill $pid || true; wait $pid 2>/dev/null || true; exit $code",
        ]
    )
    return ran(lab.exec(node, ["unshare", "--mount", "--propagation", "private", "sh", "-c", script], cwd=CHECKOUT))


def component_on(lab: Lab, listens: list[str], *arguments: str) -> Result:
    """`ports --role server` on a machine where the Server's program listens there, and nobody else."""
    with installed(lab, SERVER_PROGRAM, "nginx") as root:
        folder = root / "run"
        folder.mkdir()
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        servers = "".join(f"server {{ listen {one}; }} " for one in listens)
        (folder / "conf").write_text(
            f"daemon off; master_process off; user root; pid {folder}/pid; events {{}} http {{ access_log off; {temporary} {servers} }}"
        )
        started = [f"/{SERVER_PROGRAM}", "-c", str(folder / "conf"), "-p", str(folder), "-e", str(folder / "error.log")]
        return beside(
            lab,
            "db",
            root,
            started,
            "-l 'sport = :2222 or sport = :2300'",
            command("ports", "--role", "server", *arguments),
        )


def told(result: Result, check_id: str) -> tuple[str, str, str]:
    row = result.row(check_id)
    return row["verdict"], row["reason"], (row["where"].get("process") or {}).get("bind", "")


def test_free_ports(lab: Lab) -> None:
    result = ports(lab, "db", "--role", "server", "--role", "bridge")
    assert {row["reason"] for row in result.report["checks"] if row["direction"] == "inbound"} == {"PORT_FREE"}
    assert result.code == 0


@pytest.mark.parametrize(
    ("node", "arguments", "row", "known"),
    [
        ("server", ["--role", "bridge"], "bridge.listen.tcp-3128", "squid"),
        ("server", ["--role", "server"], "server.listen.tcp-2222", "nginx"),
        ("server", ["--role", "mdc"], "mdc.listen.tcp-9980", "nginx"),
        ("target", ["--role", "server", "--set", "server_port=22"], "server.listen.tcp-2222", "sshd"),
        ("db", ["--role", "server", "--set", "server_port=3306"], "server.listen.tcp-2222", "mysql"),
    ],
)
def test_strangers_are_named_with_their_path(lab: Lab, node: str, arguments: list[str], row: str, known: str) -> None:
    result = ports(lab, node, *arguments)
    one = result.row(row)
    assert (result.code, one["verdict"], one["reason"], one["culprit"]) == (
        1,
        "fail",
        "PORT_IN_USE_BY_OTHER",
        "local-host",
    )
    assert one["findings"][0]["params"]["known"] == known
    process = one["where"]["process"]
    assert process["path"].startswith("/usr/")
    assert (process["bind"], process["since_utc"][-1]) == ("address", "Z")


def test_the_ports_of_file_sharing_belong_to_the_system(lab: Lab) -> None:
    result = ports(lab, "target", "--role", "deploy-target")
    seen = {
        row["id"]: (row["verdict"], row["reason"], row["where"]["process"]["name"]) for row in result.report["checks"]
    }
    assert seen == {
        "deploy-target.listen.tcp-139": ("pass", "PORT_HELD_BY_PRODUCT", "smbd"),
        "deploy-target.listen.tcp-445": ("pass", "PORT_HELD_BY_PRODUCT", "smbd"),
        "deploy-target.listen.udp-137": ("pass", "PORT_HELD_BY_PRODUCT", "nmbd"),
        "deploy-target.listen.udp-138": ("pass", "PORT_HELD_BY_PRODUCT", "nmbd"),
    }


@pytest.mark.parametrize(
    ("listens", "verdict", "reason", "bind"),
    [
        (WILDCARDS, "pass", "PORT_HELD_BY_PRODUCT", "ipv4"),
        (["[::]:2222 ipv6only=off", "2223"], "pass", "PORT_HELD_BY_PRODUCT", "all"),
        (["[::]:2222 ipv6only=on", "2222", "2223"], "pass", "PORT_HELD_BY_PRODUCT", "all"),
        (["[::]:2222 ipv6only=on", "2223"], "warn", "LISTENS_IPV6_ONLY", "ipv6"),
        (["127.0.0.1:2222", "2223"], "fail", "LISTENS_LOOPBACK_ONLY", "loopback"),
        (["[::1]:2222", "127.0.0.1:2222", "2223"], "fail", "LISTENS_LOOPBACK_ONLY", "loopback"),
        (["10.77.3.2:2222", "2223"], "pass", "PORT_HELD_BY_PRODUCT", "address"),
        (["2300"], "fail", "PORT_NOT_LISTENING", ""),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_binds_are_told_apart(lab: Lab, listens: list[str], verdict: str, reason: str, bind: str) -> None:
    result = component_on(lab, listens)
    assert told(result, "server.listen.tcp-2222") == (verdict, reason, bind)
    assert result.report["host"]["eset_products"][0]["component"] == "server"  # so auto is post
    if reason == "PORT_NOT_LISTENING":
        assert result.row("server.listen.tcp-2222")["findings"][0]["params"]["listens"] == ["tcp/2300"]


@pytest.mark.parametrize(("verdict", "rule"), [("drop", "tcp dport 2222 drop"), ("reject", "tcp dport 2222 reject")])
def test_a_listener_behind_a_closed_door_fails(lab: Lab, verdict: str, rule: str) -> None:
    rules = f"table inet door {{ chain c {{ type filter hook input priority 0; {rule}; }}; }}"
    lab.net.shell("db", f"echo {shlex.quote(rules)} | nft -f -")
    try:
        result = component_on(lab, WILDCARDS)
    finally:
        lab.net.shell("db", "nft delete table inet door")
    assert told(result, "server.listen.tcp-2222") == ("fail", "INBOUND_FILTERED", "ipv4")
    assert told(result, "server.listen.tcp-2223")[0] == "pass"


def test_without_rights_nothing_is_claimed(lab: Lab) -> None:
    """Root in name and no capability: neither owners nor rules are to be seen, and a closed port below 1024 is still
    free."""
    held = ports(lab, "server", "--role", "bridge", under=WITHOUT_RIGHTS)
    assert told(held, "bridge.listen.tcp-3128")[:2] == ("unproven", "OWNER_NOT_VISIBLE")
    free = ports(lab, "db", "--role", "webconsole", under=WITHOUT_RIGHTS)
    assert told(free, "webconsole.listen.tcp-443")[:2] == ("unproven", "REACH_NOT_TESTED")


@pytest.mark.parametrize(("configured", "differs"), [("server.lab.test", False), ("old.lab.test", True)])
def test_the_agents_own_connection_and_its_server(lab: Lab, configured: str, differs: bool) -> None:
    with installed(lab, AGENT_PROGRAM, "ncat", **{STATUS: f"<li>Remote host: {configured}</li>"}) as root:
        program = command(
            "check",
            "--role",
            "agent",
            "--server",
            "server.lab.test",
            "--only",
            "agent.server.*",
            "--ca-file",
            str(lab.ca),
        )
        result = beside(lab, "agent", root, HOLDS, "state established 'dport = :2222'", program)
    row = result.row("agent.server.tcp-2222")
    (held,) = [one for one in row["evidence"] if one["kind"] == "established"]
    assert (held["address"], held["component"]) == (SERVER, "agent")
    assert "AGENT_CONNECTED" in [one["reason"] for one in row["findings"]]
    assert (row["verdict"], row["reason"] == "CONFIGURED_SERVER_DIFFERS") == (
        ("warn", True) if differs else ("pass", False)
    )
    assert row["proof"]["reached"] == "product"


def test_the_agents_connection_lifts_no_broken_row(lab: Lab) -> None:
    """The agent got through before the rule came; the check does not."""
    with installed(lab, AGENT_PROGRAM, "ncat") as root:
        block = "nft -f - <<< 'table inet late { chain c { type filter hook output priority 0; ct state new tcp dport 2222 drop; }; }'"
        check = shlex.join(
            command(
                "check",
                "--role",
                "agent",
                "--server",
                "server.lab.test",
                "--only",
                "agent.server.*",
                "--timeout",
                "1.5",
            )
        )
        program = ["bash", "-c", f"{block}; code=0; {check} || code=$?; nft delete table inet late; exit $code"]
        result = beside(lab, "agent", root, HOLDS, "state established 'dport = :2222'", program)
    row = result.row("agent.server.tcp-2222")
    assert (result.code, row["verdict"]) == (1, "fail")
    assert "AGENT_CONNECTED" in [one["reason"] for one in row["findings"]]
