"""`--redact strict` and `--map`: what goes out, and what stays with its owner."""

import json
import stat
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command

REPORTS = Path(__file__).parents[1] / "unit" / "reports"
READY, DROPPED = str(REPORTS / "ready.json"), str(REPORTS / "dropped.json")
INTERNAL = ("corp.example", "protect.corp", "10.20.0", "10.31.4", "pc-0427")


def test_a_strict_report_names_nothing_of_the_site(portcheck: Command, tmp_path: Path) -> None:
    ended = portcheck(
        "report", DROPPED, "--redact", "strict", "--map", "map.json", "-o", "out.txt", "-o", "out.json", "-v"
    )
    assert ended.code == 0, ended.err
    for told in (ended.out, (tmp_path / "out.txt").read_text(), (tmp_path / "out.json").read_text()):
        assert not [word for word in INTERNAL if word in told]
        assert "host-1.domain-1.example" in told
        assert "epns.eset.com" in told
    kept = json.loads((tmp_path / "map.json").read_text())
    assert kept["tables"]["label"]["pc-0427"] == "host-2"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith((".map", "map"))) == ["map.json"]
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "map.json").stat().st_mode) == 0o600


def test_one_map_for_two_reports(portcheck: Command) -> None:
    for name, file in ((READY, "a.json"), (DROPPED, "b.json")):
        assert (
            portcheck("report", name, "--redact", "strict", "--map", "map.json", "-o", file, "--format", "json").code
            == 0
        )
    plain, hidden = (
        portcheck("compare", READY, DROPPED, "--format", "json"),
        portcheck("compare", "a.json", "b.json", "--format", "json"),
    )
    assert (plain.code, hidden.code) == (1, 1)
    assert [(row["id"], row["change"]) for row in plain.report["rows"]] == [
        (row["id"], row["change"]) for row in hidden.report["rows"]
    ]
    assert plain.report["differences"] == hidden.report["differences"]
    judged = portcheck("report", "b.json", "--rediagnose", "--format", "json")
    assert "0 of 8 rows have another result" in judged.err


def test_check_itself_redacts(portcheck: Command, tmp_path: Path) -> None:
    (tmp_path / "my-site.toml").write_text(
        'server = "127.0.0.1"\nserver_port = 9\nproxy = "bastion.novak.test"\nproxy_port = 9\n'
    )
    arguments = [
        "--role",
        "agent",
        "--site",
        "my-site.toml",
        "--only",
        "*.server.*",
        "--only",
        "*connect-server",
        "--timeout",
        "1",
    ]
    ended = portcheck("check", *arguments, "--redact", "strict", "--map", "m.json", "-o", "r.json")
    assert ended.code == 1, ended.err
    for told in (ended.out, ended.err, (tmp_path / "r.json").read_text()):
        assert "novak" not in told
        assert "my-site" not in told
    assert "bastion" in (tmp_path / "m.json").read_text()


def test_an_authority_of_public_ca_file_stays_unnamed(portcheck: Command, site: list[str]) -> None:
    """It plays a public one, and is nobody's but the site's all the same."""
    site = [*site, "--public-ca-file", site[site.index("--ca-file") + 1]]
    plain = portcheck("check", *site, "--format", "json")
    issuers = {
        one["issuer"]
        for row in plain.report["checks"]
        for attempt in row["attempts"]
        for one in attempt.get("tls", {}).get("chain", [])
    }
    digests = {
        one["sha256"]
        for row in plain.report["checks"]
        for attempt in row["attempts"]
        for one in attempt.get("tls", {}).get("chain", [])
    }
    assert len(issuers) == 1
    hidden = portcheck("check", *site, "--format", "json", "--redact", "strict")
    assert not [word for word in issuers | digests if word in hidden.out]


@pytest.mark.parametrize(
    ("arguments", "content", "mode", "told"),
    [
        (["--map", "map.json"], None, 0, "--map needs --redact strict"),
        (["--redact", "strict", "--map", "out.json", "-o", "out.json"], None, 0, "the same file as -o"),
        (["--redact", "strict", "--map", "map.json"], "{}", 0o600, "not a map of pseudonyms"),
        (["--redact", "strict", "--map", "map.json"], "[" * 100_000, 0o600, "not a map of pseudonyms"),
        (
            ["--redact", "strict", "--map", "map.json"],
            '{"kind": "eset-portcheck pseudonyms", "tables": {"label": {"a": 1}}}',
            0o600,
            "not a map",
        ),
        (["--redact", "strict", "--map", "map.json"], "{}", 0o644, "others can read it"),
        (["--redact", "strict", "--map", "."], None, 0, "cannot be"),
        (["--redact", "strict", "--map", "no/such/place.json"], None, 0, "cannot be written"),
        (["--redact", "strict", "--map", "\x1b[31m/x"], None, 0, "cannot be written"),
        (["--redact", "mildly"], None, 0, "invalid choice"),
    ],
)
def test_wrong_use(
    portcheck: Command, tmp_path: Path, arguments: list[str], content: str | None, mode: int, told: str
) -> None:
    if content is not None:
        (tmp_path / "map.json").write_text(content)
        (tmp_path / "map.json").chmod(mode)
    ended = portcheck("report", READY, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "\x1b" not in ended.err
    if content is not None:
        assert (tmp_path / "map.json").read_text() == content
