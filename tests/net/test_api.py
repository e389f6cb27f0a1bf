"""The public functions against a stand-in site: what a program of the user's sees."""

import ast
import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import eset_portcheck
from eset_portcheck import api
from eset_portcheck.model.report import SCHEMA_VERSION
from eset_portcheck.model.site import NAMES
from eset_portcheck.standins.site import StandInSite, stand_in_site
from tests.unit.sample_reports import REPORTS

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = {
    "Credentials", "PortcheckError", "Report", "ReportFileError", "Row", "Settings", "Verdict", "WrongUse", "__version__",
    "acheck", "check", "load", "rejudge", "render",
}  # fmt: skip
GOLDEN = ROOT / "tests/fixtures/reports/1.0.0/server.json"


def settings(site: StandInSite, **more: Any) -> Any:
    return {
        **site.values,
        "connect_to": site.connect_to,
        "ca_file": site.ca_file,
        "public_ca_file": site.ca_file,
    } | more


def python(code: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"} | environment
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=env, capture_output=True, text=True, timeout=200, check=False
    )


# what is public


def test_the_public_names_are_those_of_the_page_the_stub_and_the_module() -> None:
    assert set(eset_portcheck.__all__) == PUBLIC
    assert set(api.__all__) == PUBLIC - {"__version__"}
    stub = ast.parse((ROOT / "eset_portcheck/__init__.pyi").read_text())
    told = {one.asname for node in stub.body if isinstance(node, ast.ImportFrom) for one in node.names}
    assert told | {node.target.id for node in stub.body if isinstance(node, ast.AnnAssign)} == PUBLIC
    page = (ROOT / "docs/api.md").read_text()
    assert (
        set(re.findall(r"^\| `(\w+)", page.partition("## What is public")[2].partition("\n## ")[0], re.MULTILINE))
        == PUBLIC
    )
    assert set(dir(eset_portcheck)) >= PUBLIC
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        eset_portcheck.nothing  # noqa: B018


@pytest.mark.parametrize(
    "first",
    [
        "",
        "import eset_portcheck.render.table",
        "from eset_portcheck import api",
        "from eset_portcheck.render import FORMATS",
    ],
)
def test_render_can_be_called_whatever_was_imported_first(first: str, tmp_path: Path) -> None:
    code = f"{first}\nimport eset_portcheck\nfrom eset_portcheck import render\nreport = eset_portcheck.load({str(GOLDEN)!r})\n"
    code += "assert render(report) == eset_portcheck.render(report, format='table')\nprint(render(report, format='md', lang='es')[:1])"
    done = python(code, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "#\n", "")


def test_to_import_it_loads_nothing() -> None:
    done = python(
        "import sys\nbefore = set(sys.modules)\nimport eset_portcheck\nprint(sorted(set(sys.modules) - before))", ROOT
    )
    assert done.stdout.strip() == "['eset_portcheck']"


USER = """
from eset_portcheck import Credentials, Report, WrongUse, check, load, rejudge, render

report: Report = check("agent", server="protect.corp.example", timeout=2.0, credentials=Credentials("user", "secret"), progress=lambda check_id: print(check_id))
failed: list[str] = [row.id for row in report.checks if row.verdict == "fail"]
text: str = render(rejudge(load("before.json")), format="html", lang="es")
"""


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (USER, ""),
        ('import eset_portcheck\neset_portcheck.check("agent", servr="x")\n', 'Unexpected keyword argument "servr"'),
        ('import eset_portcheck\neset_portcheck.check("agent", server_port="x")\n', 'incompatible type "str"'),
        ('import eset_portcheck\neset_portcheck.render(eset_portcheck.load("x"), format="pdf")\n', "incompatible type"),
        ("import eset_portcheck\neset_portcheck.nothing()\n", "has no attribute"),
    ],
)
def test_a_users_lines_are_typed(code: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "lines.py").write_text(code)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}/cache", "lines.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=250, check=False)
    assert (done.returncode == 0) is not bool(fault), done.stdout
    assert fault in done.stdout


# a check


async def test_a_check_in_a_loop(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    async with stand_in_site("agent", "proxy") as site:
        report = await eset_portcheck.acheck(
            "agent", **settings(site, only="agent.proxy.*", timeout=2), progress=told.append
        )
    assert report.summary.verdict == "fail"
    tried = [row.id for row in report.checks if row.attempts]
    assert tried
    assert sorted(told) == sorted(tried)
    assert {row.reason for row in report.checks if row.id not in tried} <= {"NOT_SELECTED", "CONDITION_FALSE"}
    assert capfd.readouterr() == ("", "")


async def test_a_check_of_two_roles_from_a_thread_installs_no_handler(capfd: pytest.CaptureFixture[str]) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(one) for one in numbers]
    async with stand_in_site("agent") as site:
        report = await asyncio.to_thread(
            eset_portcheck.check, ["agent", "webconsole"], **settings(site, only=["*.server.*"], timeout=2)
        )
    assert report.run.roles == ["agent", "webconsole"]
    assert {row.id: row.verdict.value for row in report.checks}["agent.server.tcp-2222"] == "pass"
    assert [signal.getsignal(one) for one in numbers] == before
    assert capfd.readouterr() == ("", "")


async def test_a_blocking_check_in_a_loop_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match="await acheck"):
        eset_portcheck.check("agent", server="127.0.0.1")


@pytest.fixture
async def silent() -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A port whose listener reads and says nothing, and what is set when somebody spoke to it."""
    spoken = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(4096):
            spoken.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], spoken
    server.close()
    await server.wait_closed()


async def test_a_cancelled_check_is_cancelled(silent: tuple[int, asyncio.Event]) -> None:
    """The runner keeps what it knows when it is cancelled; a caller's timeout must not get a report instead."""
    port, spoken = silent
    run = asyncio.create_task(
        eset_portcheck.acheck("agent", server="127.0.0.1", server_port=port, only="agent.server.*", timeout=60)
    )
    await asyncio.wait_for(spoken.wait(), 60)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert run.cancelled()


async def test_a_time_limit_of_the_callers_holds(silent: tuple[int, asyncio.Event]) -> None:
    port, spoken = silent

    async def limited() -> None:
        async with asyncio.timeout(None) as limit:
            asked = asyncio.create_task(spoken.wait())
            asked.add_done_callback(lambda _: limit.reschedule(0))
            await eset_portcheck.acheck(
                "agent", server="127.0.0.1", server_port=port, only="agent.server.*", timeout=60
            )

    with pytest.raises(TimeoutError):
        await limited()


async def test_ctrl_c_in_a_blocking_check_is_a_keyboard_interrupt(
    silent: tuple[int, asyncio.Event], tmp_path: Path
) -> None:
    port, spoken = silent
    code = f"""
import signal
import eset_portcheck
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    eset_portcheck.check("agent", server="127.0.0.1", server_port={port}, only="agent.server.*", timeout=60)
except KeyboardInterrupt:
    print("interrupted", signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    await asyncio.wait_for(spoken.wait(), 100)
    run.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(run.communicate(), 100) == (b"interrupted True\n", b"")
    assert run.returncode == 0


async def test_two_checks_at_a_time_do_not_meet() -> None:
    async with stand_in_site("agent") as well, stand_in_site("agent", "proxy") as broken:
        one, other = await asyncio.gather(
            *(
                eset_portcheck.acheck("agent", **settings(site, only="agent.proxy.*", timeout=3))
                for site in (well, broken)
            )
        )
    assert "fail" not in {row.verdict for row in one.checks}
    assert "fail" in {row.verdict for row in other.checks}


async def test_what_progress_raises_is_the_callers_and_no_fault_of_the_network() -> None:
    calls: list[str] = []

    def broken(name: str) -> None:
        calls.append(name)
        raise OSError("mine")

    async with stand_in_site("agent") as site:
        with pytest.raises(OSError, match="mine"):
            await eset_portcheck.acheck("agent", **settings(site, timeout=2), progress=broken)
    assert len(calls) == 1


async def test_the_report_of_the_command_line_is_the_same(tmp_path: Path) -> None:
    async with stand_in_site("agent", "proxy") as site:
        pairs = "".join(f'"{source}" = "{target}"\n' for source, target in site.connect_to.items())
        (tmp_path / "site.toml").write_text(
            "".join(f'{name} = "{value}"\n' for name, value in site.values.items()) + f"[connect_to]\n{pairs}"
        )
        one = await eset_portcheck.acheck(
            ["agent"], site=tmp_path / "site.toml", ca_file=Path(site.ca_file), timeout=3, strict=True
        )
        command = [
            sys.executable,
            "-m",
            "eset_portcheck",
            "check",
            "--role",
            "agent",
            "--site",
            "site.toml",
            "--ca-file",
            site.ca_file,
            "--timeout",
            "3",
        ]
        started = await asyncio.create_subprocess_exec(
            *command, "--format", "json", "--strict", cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(started.communicate(), 200)
    (tmp_path / "report.json").write_bytes(out)
    other = eset_portcheck.load(tmp_path / "report.json")
    assert [(row.id, row.verdict, row.reason) for row in one.checks] == [
        (row.id, row.verdict, row.reason) for row in other.checks
    ]
    assert one.summary == other.summary
    assert (
        [word for word in one.run.arguments if word != "--no-detect"][-2:]
        == other.run.arguments[-2:]
        == ["--timeout", "3"]
    )


# wrong use


@pytest.mark.parametrize(
    ("role", "given", "fault"),
    [
        ("agnt", {}, "role 'agnt': no such role; did you mean agent?"),
        ([], {}, "role: at least one is needed"),
        (5, {}, "role: text is needed, not int"),
        ("agent", {"server": "two words"}, "server: 'two words' "),
        ("agent", {"server": "h:99999"}, "server: '99999' "),
        ("agent", {"server": "h:1", "server_port": 2}, "server: its port is not the server_port beside it"),
        ("agent", {"servr": "h"}, "servr: no such site value; did you mean server?"),
        ("agent", {"ca_given": True}, "ca_given: no such site value"),
        ("agent", {"proxy": "user:hunter2@h"}, "proxy: "),
        ("agent", {"connect_to": {"a": "b"}}, "connect_to.'a': 'b' "),
        ("agent", {"phase": "later"}, "phase: 'later' is none of pre, post, auto"),
        ("agent", {"family": "ipx"}, "family: 'ipx' is none of ipv4, ipv6"),
        ("agent", {"timeout": 0}, "timeout: '0' is no number of seconds between 0.1 and 3600"),
        ("agent", {"budget": float("nan")}, "budget: 'nan' is no number"),
        ("agent", {"timeout": True}, "timeout: 'True' is no number"),
        ("agent", {"deep": 1}, "deep: True or False is needed, not int"),
        ("agent", {"only": 5}, "only: text is needed, not int"),
        ("agent", {"only": "nothing.*"}, "no check selected"),
        ("agent", {"server": None}, "role agent needs --server"),
        ("agent", {"ca_file": "not-there.pem"}, "certificate file 'not-there.pem'"),
        ("agent", {"site": "not-there.toml"}, "not-there.toml"),
        ("agent", {"profile": ["not-there.toml"]}, "not-there.toml"),
        ("agent", {"credentials": ("user", "hunter2")}, "credentials: an object of Credentials is needed"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_nothing_is_sent(
    role: Any, given: dict[str, Any], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eset_portcheck.api.audit", lambda *_: pytest.fail("sent"))
    with pytest.raises(eset_portcheck.WrongUse) as told:
        eset_portcheck.check(role, **{"server": "127.0.0.1"} | given)
    assert any(line.startswith(fault) for line in told.value.lines), told.value.lines
    assert "hunter2" not in str(told.value)
    assert isinstance(told.value, eset_portcheck.PortcheckError)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(eset_portcheck.WrongUse) as told:
        eset_portcheck.check("agent", server="a b", timeout=0, phase="x", proxy="c d")  # type: ignore[arg-type]
    assert len(told.value.lines) == 4


def test_a_setting_is_a_site_value_or_an_option_of_check() -> None:
    from eset_portcheck.cli import parser

    site = set(NAMES) - {"ca_given", "credentials_given"}
    assert site <= set(eset_portcheck.Settings.__annotations__)
    arguments = vars(parser("check").parse_args(["check"]))
    assert set(eset_portcheck.Settings.__annotations__) - site <= set(arguments) | {"credentials"}
    not_here = {
        "format",
        "output",
        "lang",
        "ascii",
        "no_color",
        "quiet",
        "verbose",
        "redact",
        "map",
        "run",
        "version",
        "command",
    }
    by_other_ways = {"role", "set", "no_detect", "credentials_file", "ask_credentials", "dry_run"}
    assert set(arguments) - not_here - by_other_ways <= set(eset_portcheck.Settings.__annotations__)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"server": "h:2300", "platform": "ios"}, ["--server", "h:2300", "--platform", "ios", "--no-detect"]),
        (
            {"server_port": 2300, "bridge_push": False},
            ["--set", "server_port=2300", "--set", "bridge_push=false", "--no-detect"],
        ),
        ({"target": "pc7", "offline": True, "deep": True}, ["--target", "pc7", "--offline", "--deep", "--no-detect"]),
        ({"offline": False, "family": "ipv6"}, ["--set", "offline=false", "--no-detect", "-6"]),
        (
            {"credentials": eset_portcheck.Credentials("user", "hunter2"), "phase": "pre"},
            ["--no-detect", "--ask-credentials", "--phase", "pre"],
        ),
    ],
)
def test_the_report_names_the_command_line_that_asks_the_same(given: dict[str, Any], words: list[str]) -> None:
    request = api._request("agent", {"server": "h"} | given)
    said = [one for one in request.arguments if one not in (() if "server" in given else ("--server", "h"))]
    assert said == ["--role", "agent", *words]


def test_a_password_is_in_no_representation() -> None:
    account = eset_portcheck.Credentials("administrator", "hunter2", "CORP")
    request = api._request("deploy-source", {"target": ["127.0.0.1"], "credentials": account})
    assert request.credentials is account
    for text in (repr(account), str(account), repr(request), f"{account}"):
        assert "hunter2" not in text
        assert "administrator" not in text


# reports


def test_an_old_report_is_judged_anew_when_it_is_loaded() -> None:
    report = eset_portcheck.load(GOLDEN)
    assert (report.schema_version, report.summary.verdict is None) == (SCHEMA_VERSION, False)
    assert eset_portcheck.rejudge(report).checks == report.checks


def test_a_report_that_lies_is_not_believed(tmp_path: Path) -> None:
    told = (REPORTS / "dropped.json").read_text()
    (tmp_path / "lie.json").write_text(
        told.replace('"verdict": "fail"', '"verdict": "pass"').replace('"exit_code": 1', '"exit_code": 0')
    )
    report = eset_portcheck.load(str(tmp_path / "lie.json"))
    assert (report.summary.verdict, report.summary.exit_code) == ("fail", 1)
    assert report.rediagnosis is not None
    assert report.rediagnosis.changed


def test_what_is_no_report_is_refused_by_a_named_exception(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(eset_portcheck.ReportFileError, match=r"x\.json"):
        eset_portcheck.load(tmp_path / "x.json")
    with pytest.raises(eset_portcheck.PortcheckError, match="not-there"):
        eset_portcheck.load(tmp_path / "not-there.json")


@pytest.mark.parametrize("given", [{"format": "pdf"}, {"lang": "de"}])
def test_a_format_or_language_that_is_not_there_is_wrong_use(given: dict[str, Any]) -> None:
    with pytest.raises(eset_portcheck.WrongUse, match="is none of"):
        eset_portcheck.render(eset_portcheck.load(GOLDEN), **given)


@pytest.mark.parametrize("form", ["table", "json", "md", "csv", "html"])
def test_every_format_is_text(form: Any, tmp_path: Path) -> None:
    report = eset_portcheck.load(GOLDEN)
    text = eset_portcheck.render(report, format=form)
    assert "server.listen.tcp-2222" in text or form in ("table", "html")
    if form == "json":
        (tmp_path / "again.json").write_bytes(text.encode())
        again = eset_portcheck.load(tmp_path / "again.json")
        assert (again.checks, again.causes, again.summary) == (report.checks, report.causes, report.summary)


# the page


async def test_the_samples_of_the_page_run_as_they_stand(tmp_path: Path) -> None:
    samples = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/api.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(samples) == 3
    async with stand_in_site("agent", "proxy") as site:
        pairs = "".join(f'"{source}" = "{target}"\n' for source, target in site.connect_to.items())
        (tmp_path / "site.toml").write_text(
            "".join(f'{name} = "{value}"\n' for name, value in site.values.items()) + f"[connect_to]\n{pairs}"
        )
        shutil.copy(site.ca_file, tmp_path / "eset-ca.pem")
        # the stand-in's authority plays the public ones too
        samples = [one.replace("ca_file=", 'public_ca_file="eset-ca.pem", ca_file=') for one in samples]
        runs = [await asyncio.to_thread(python, sample, tmp_path) for sample in samples]
    assert [(one.returncode, one.stderr) for one in runs] == [(0, "")] * 3
    assert "agent.proxy." in runs[0].stdout
    assert runs[1].stdout == "fail 1\n"
    assert "agent.proxy." in runs[2].stdout
    assert "<html" in (tmp_path / "ticket.html").read_text()
