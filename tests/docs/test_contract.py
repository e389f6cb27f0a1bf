"""docs/contract.md says what the program does: its tables are read back and held against the code."""

import argparse
import importlib.util
import re
from pathlib import Path

import pytest

from eset_portcheck.cli import COMMANDS, parser
from eset_portcheck.diagnose import summary
from eset_portcheck.loading import ROLES, load_profile
from eset_portcheck.model.observation import Certificate, TlsFacts
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.vocabulary import Direction, Phase, Proof, Stage, State, Transport, Trust, Verdict
from eset_portcheck.render.look import LOOKS
from tests.unit.rows import attempt, judged, row

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "contract.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
ROWS = [(role, one) for role in ROLES for one in load_profile(role)[0].requirement]
IDS = {
    f"{role}.{one.key}.{one.transport}-{one.port}" + (f".{one.variant}" if one.variant else "") for role, one in ROWS
}


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def table(text: str, first: str) -> list[list[str]]:
    """Cells of the rows of the table whose first column is called so; backticks stay."""
    found = re.search(rf"^\| {re.escape(first)} \|.*\n\|[-| ]+\|\n((?:\|.*\|\n?)+)", text, re.MULTILINE)
    assert found, first
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in found[1].splitlines()]


def words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def generator():
    spec = importlib.util.spec_from_file_location("render_contract", DOCS / "render_contract.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def options(command: str) -> set[str]:
    top = parser(command)
    choices = next(one for one in top._actions if isinstance(one, argparse._SubParsersAction)).choices
    return {name for action in choices[command]._actions for name in action.option_strings} - {"-h", "--help"}


def test_the_made_blocks_are_as_the_code_is():
    assert generator().filled(PAGE) == PAGE, "make docs"


def test_every_code_is_promised_once_under_its_rank():
    blocks = re.split(r"^\*\*(\w+).*\*\*$", section("Reason codes"), flags=re.MULTILINE)
    promised = [
        (code, title.lower())
        for title, block in zip(blocks[1::2], blocks[2::2], strict=True)
        for code in re.findall(r"^\| \[`(\w+)`\]", block, re.MULTILINE)
    ]
    assert sorted(promised) == sorted((code, one.rank.value) for code, one in REASONS.items())


def test_drift_is_noticed(tmp_path, monkeypatch, capsys):
    module = generator()
    monkeypatch.setattr(module, "PAGE", tmp_path / "contract.md")
    module.PAGE.write_text("by hand\n\n<!-- made: words -->\nstale\n<!-- end -->\nby hand\n")
    assert module.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert module.main([]) == 0
    assert module.main(["--check"]) == 0
    text = module.PAGE.read_text()
    assert text.startswith("by hand")
    assert "stale" not in text
    assert "`outbound`" in text
    module.PAGE.write_text("<!-- made: nothing -->\n<!-- end -->\n")
    with pytest.raises(KeyError):
        module.main([])


def test_states():
    told = re.search(r"in nmap's terms: ((?:`[^`]+` ?)+)", section("Three separate things").replace("\n", " "))
    assert words(told[1]) == [one.value for one in State]


def test_the_ladder():
    assert [words(cells[0])[0] for cells in table(section("Three separate things"), "proof")] == [
        one.value for one in Proof
    ]


def test_verdicts_look_as_the_page_says():
    told = {words(cells[0])[0]: cells[1] for cells in table(section("Three separate things"), "verdict")}
    assert told == {verdict.value: f"{LOOKS[verdict].glyph} {LOOKS[verdict].word}" for verdict in Verdict}


def test_required_proof():
    """Outbound rows, by protocol: what the table names is what the profiles ask, and nothing is left out."""
    promised: dict[str, set[str]] = {}
    for cells in table(section("Required proof"), "spoken on the port"):
        for protocol in words(cells[1]):
            promised.setdefault(protocol, set()).add(words(cells[2])[0])
    asked: dict[str, set[str]] = {}
    for _, one in ROWS:
        if one.direction is Direction.OUTBOUND:
            asked.setdefault(one.protocol, set()).add(one.proof.value)
        else:
            assert one.proof is Proof.ACCEPTS, "an inbound row must reach accepts"
    assert promised == asked


def test_rows_that_are_never_required():
    for role, one in ROWS:
        if role == "rdsensor" or (one.transport is Transport.UDP and one.port in (137, 138)):
            assert not one.required, f"{role}.{one.key}.{one.port}"


def test_where_interception_fails():
    """Site, push, APNs and FCM."""
    for role, one in ROWS:
        if one.direction is Direction.OUTBOUND and one.trust is not None:
            fails = (one.trust in (Trust.SITE, Trust.UNKNOWN) and one.port not in (636, 9980, 9981)) or one.key in (
                "apns",
                "fcm",
            )
            assert (one.inspection == "fail") is fails, f"{role}.{one.key}.{one.port}"


SIGNED = {
    "the expected set, or pinned": {"public": "trusted", "os_store": None},
    "the machine's set only": {"public": "untrusted", "os_store": "trusted"},
    "the site's authority only": {"public": "untrusted", "site": "trusted"},
    "a known inspecting product, by its name": {"public": "untrusted", "os_store": "untrusted"},
    "an unknown authority": {"public": "untrusted", "os_store": "untrusted"},
}
COLUMNS = (
    {"trust": Trust.PUBLIC, "required": Proof.PRODUCT},
    {"trust": Trust.SITE, "required": Proof.PRODUCT},
    {"trust": Trust.SITE, "required": Proof.TLS},
    {"trust": Trust.UNKNOWN, "required": Proof.TLS},
)


@pytest.mark.parametrize("signed", SIGNED)
@pytest.mark.parametrize("column", range(len(COLUMNS)))
def test_what_a_signature_is_worth(signed, column):
    cell = next(cells for cells in table(section("Certificates"), "signed by") if cells[0] == signed)[1 + column]
    given = COLUMNS[column]["required"] is Proof.PRODUCT and COLUMNS[column]["trust"] is Trust.SITE
    if not cell:
        return  # the site's authority is not known there
    expected = "trusted" if signed.startswith("the expected set") else "untrusted"
    by = {"site": expected if given else None} | SIGNED[signed]
    leaf = certificate("CN=mitmproxy" if "product" in signed else "CN=Some CA")
    facts = TlsFacts(name="a.corp.local", chain=[leaf], name_matches=True, **by)
    done = attempt(Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS, Stage.HANDSHAKE, tls=facts, reply={})
    (told,) = judged(row(done, **COLUMNS[column]))
    verdicts = [word for word in words(cell) if word in set(Verdict)]
    assert told.verdict == (verdicts[0] if verdicts else Verdict.FAIL)  # this row's interception fails
    if "at `tls`" in cell:
        assert told.proof.reached is Proof.TLS
    assert {word for word in words(cell) if word in REASONS} <= {
        told.reason,
        *(finding.reason for finding in told.findings),
    }


def certificate(issuer):
    return Certificate(
        "CN=a.corp.local",
        issuer,
        "2026-01-01T00:00:00Z",
        "2036-01-01T00:00:00Z",
        "00" * 32,
        names=["a.corp.local"],
    )


def test_phases():
    assert {words(cells[0])[0] for cells in table(section("Phase"), "`--phase`")} == {one.value for one in Phase}


def test_groups():
    told = {}
    for cells in table(section("Groups"), "group"):
        told[words(cells[0])[0]] = (cells[1], [int(port) for port in re.findall(r"\b\d+\b", cells[2])])
    have: dict[str, tuple[str, list[int]]] = {}
    for _, one in ROWS:
        if one.group is not None:
            policy, ports = have.setdefault(one.group.id, (one.group.policy, []))
            assert policy == one.group.policy
            ports.append((one.group.rank, one.via_port or one.port))
    assert told == {name: (policy, [port for _, port in sorted(set(ports))]) for name, (policy, ports) in have.items()}


def test_commands():
    assert {words(cells[0])[0] for cells in table(section("Commands and options"), "command")} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_options(command):
    """Both ways: nothing promised that is not there, nothing there that the page does not name."""
    text = section("Commands and options")
    site = set(words(re.search(r"The site, for .*?:(.*?)\n\n", text, re.DOTALL)[1]))
    of_site = set(words(re.search(r"The site, for (.*?):", text)[1]))
    own = re.search(rf"^\| `{command}` \| ((?:`-[^|]+))\|$", text, re.MULTILINE)
    assert own, command
    assert set(words(own[1])) | (site if command in of_site else set()) == options(command)


def test_exit_codes_in_their_order():
    """Each pair of conditions at once: the one that the page names first counts."""
    text = section("Exit codes")
    assert [int(cells[0]) for cells in table(text, "exit")] == [0, 1, 2, 3, 4, 130]
    order = [int(one) for one in re.search(r"((?:\d+ before )+\d+)", text)[1].split(" before ")]
    made = {
        130: row(verdict=Verdict.UNPROVEN, reason="INTERRUPTED"),
        1: row(verdict=Verdict.FAIL, reason="TCP_NO_ANSWER"),
        4: row(verdict=Verdict.ERROR, reason="INTERNAL_ERROR"),
        3: row(verdict=Verdict.UNPROVEN, reason="VALUE_MISSING"),
        0: row(verdict=Verdict.PASS, reason="CONNECTED"),
    }
    assert order == list(made)
    for at, code in enumerate(order):
        assert summary([made[one] for one in order[at:]]).exit_code == code


@pytest.mark.parametrize("command", COMMANDS)
def test_exit_codes_of_a_command_are_known(command):
    told = {
        words(cells[0])[0]: {int(one) for one in cells[2].split()}
        for cells in table(section("Commands and options"), "command")
    }
    assert {0, 2} <= told[command] <= {0, 1, 2, 3, 4, 130}


def test_check_ids_on_the_page_exist():
    named = {
        re.sub(r"@\w+", "", word)
        for word in words(PROSE)
        if re.fullmatch(r"[a-z-]+\.[a-z-]+(@\w+)?\.(tcp|udp)-\d+(\.[\w-]+)?", word)
    }
    assert len(named) > 5
    assert named <= IDS


def test_codes_on_the_page_exist():
    named = {word for word in words(PROSE) if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", word)} - {
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    }
    assert len(named) > len(REASONS) // 2
    assert named <= set(REASONS)
