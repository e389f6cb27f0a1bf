"""The printed rules on a machine that denies everything else: every row of the role passes, and not one port more is open, in or out."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.lab import topology as at
from tests.lab.laboratory import CHECKOUT, Lab

SCANNER = Path(__file__).with_name("scan.py")
LAST_PORT = 10_000


class Role(NamedTuple):
    node: str
    address: str
    site: tuple[str, ...]
    inward: tuple[int, ...]
    outward: tuple[int, ...]  # to the internet of the laboratory


ROLES = {
    "agent": Role("agent", at.AGENT, ("--role", "agent", "--server", at.SERVER), (), (80, 443, 8883)),
    "agent-proxy": Role("agent", at.AGENT, ("--role", "agent", "--server", at.SERVER, "--proxy", at.PROXY_OPEN), (), ()),
    "server": Role(
        "agent",
        at.AGENT,
        ("--role", "server", "--appliance", "--database", at.DATABASE, "--database-kind", "mysql", "--domain-controller", at.DC, "--realm", at.REALM),
        (2222, 2223),
        (80, 443, 8883),
    ),
    "bridge": Role("agent", at.AGENT, ("--role", "bridge", "--server", at.SERVER), (3128,), (80, 443, 8883)),
}


def portcheck(lab: Lab, node: str, *arguments: str) -> str:
    done = lab.exec(node, [sys.executable, "-m", "eset_portcheck", *arguments], env=lab.environment(), cwd=CHECKOUT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def scanned(lab: Lab, node: str, host: str, transport: str = "tcp", first: int = 1, last: int = LAST_PORT) -> list[int]:
    done = lab.exec(node, [sys.executable, "-P", str(SCANNER), host, transport, str(first), str(last)])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@contextmanager
def applied(lab: Lab, node: str, text: str, undo: str, tmp_path: Path) -> Iterator[None]:
    file = tmp_path / "rules.nft"
    file.write_text(text)
    lab.net.shell(node, f"nft -c -f {file}")
    lab.net.shell(node, f"nft -f {file}")
    try:
        yield
    finally:
        lab.net.shell(node, undo)


def verdicts(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Rows that the rules are for: those of the page that count, and their groups'. What listens here is another matter."""
    needed = {row["group"]["id"] for row in report["checks"] if row["required"] and row.get("group")}
    return {
        row["id"]: (row["verdict"], row["reason"])
        for row in report["checks"]
        if row["verdict"] != "skip" and (row["required"] or (row.get("group") or {}).get("id") in needed)
    }


@pytest.mark.parametrize("name", ROLES)
def test_a_machine_that_denies_the_rest_passes_its_role_and_opens_nothing_more(lab: Lab, name: str, tmp_path: Path) -> None:
    role = ROLES[name]
    text = portcheck(lab, role.node, "rules", *role.site, "--for", "nft")
    undo = portcheck(lab, role.node, "rules", *role.site, "--for", "nft", "--undo")
    before = verdicts(lab.check(*role.site, "-4", node=role.node, phase="auto").report)
    assert before
    assert {verdict for verdict, _ in before.values()} <= {"pass", "warn"}, before
    with applied(lab, role.node, text, undo, tmp_path):
        under = lab.check(*role.site, "-4", node=role.node, phase="auto").report
        assert verdicts(under) == before
        assert scanned(lab, "fw", role.address) == list(role.inward)
        assert set(scanned(lab, role.node, at.INTERNET)) == set(role.outward)
        assert scanned(lab, "fw", role.address, "udp", 1, 600) == []
        assert set(scanned(lab, role.node, at.INTERNET, "udp", 1, 600)) <= {53}
    assert len(scanned(lab, "fw", role.address, "tcp", 2000, 2300)) == 301  # the undo leaves nothing shut


def test_names_looked_up_open_their_addresses_only(lab: Lab, tmp_path: Path) -> None:
    site = ("--role", "agent", "--server", at.SERVER)
    text = portcheck(lab, "agent", "rules", *site, "--for", "nft", "--resolve")
    assert "any destination" not in text
    with applied(lab, "agent", text, "nft delete table inet eset_portcheck", tmp_path):
        assert {verdict for verdict, _ in verdicts(lab.check(*site, "-4").report).values()} <= {"pass", "warn"}
        assert scanned(lab, "agent", at.WEB, "tcp", 1, 500) == []
        assert scanned(lab, "agent", at.INTERNET, "tcp", 1, 500) == [80, 443]


def test_into_a_filter_that_is_there(lab: Lab, tmp_path: Path) -> None:
    site = ("--role", "agent", "--server", at.SERVER)
    options: Sequence[str] = (*site, "--for", "nft", "--into", "inet deny in out")
    text, undo = portcheck(lab, "agent", "rules", *options), portcheck(lab, "agent", "rules", *options, "--undo")
    chains = "; ".join(f"add chain inet deny {name} {{ type filter hook {hook} priority 0; policy drop; }}" for name, hook in (("in", "input"), ("out", "output")))
    lab.net.shell("agent", f"nft 'add table inet deny; {chains}; add rule inet deny in iif lo accept; add rule inet deny out oif lo accept'")
    try:
        shut = lab.net.shell("agent", "nft list table inet deny")
        with applied(lab, "agent", text, undo, tmp_path):
            assert {verdict for verdict, _ in verdicts(lab.check(*site, "-4").report).values()} <= {"pass", "warn"}
            assert scanned(lab, "fw", at.AGENT, "tcp", 1, 3000) == []
            assert scanned(lab, "agent", at.INTERNET, "tcp", 1, 3000) == [80, 443]
        assert lab.net.shell("agent", "nft list table inet deny") == shut
    finally:
        lab.net.shell("agent", "nft delete table inet deny")
