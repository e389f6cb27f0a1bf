"""The printed rules on a machine that denies everything else: every row of the role passes, and not one port more is
open, in or out.

What is open is told by the packets that come through, at the router for those that leave and behind the filter for
those that arrive.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.lab import topology as at
from tests.lab.laboratory import CHECKOUT, Lab
from tests.lab.watch import watching

SCANNER = Path(__file__).with_name("scan.py")
LAST_PORT = 10_000
NODE = "agent"
DENY = "".join(
    f"add chain inet deny {name} {{ type filter hook {hook} priority 0; policy drop; }}; add rule inet deny {name} {lo} lo accept; "
    for name, hook, lo in (("in", "input", "iif"), ("out", "output", "oif"))
)


class Role(NamedTuple):
    """`inward`, and `outward` by host: (TCP ports, UDP ports) that are to be open, of all up to LAST_PORT."""

    site: tuple[str, ...]
    inward: tuple[list[int], list[int]]
    outward: Mapping[str, tuple[list[int], list[int]]]


NAMED = [80, 443, 8883]  # services known by name only: open to any address
ROLES = {
    "agent": Role(
        ("--role", "agent", "--server", at.SERVER),
        ([], []),
        {at.INTERNET: (NAMED, []), at.SERVER: ([80, 443, 2222, 8883], []), at.DC: ([53, *NAMED], [53])},
    ),
    "agent-proxy": Role(
        ("--role", "agent", "--server", at.SERVER, "--proxy", at.PROXY_OPEN),
        ([], []),
        {at.INTERNET: ([], []), at.SERVER: ([3128], []), at.DC: ([], [])},
    ),
    "server": Role(
        (
            "--role",
            "server",
            "--appliance",
            "--database",
            at.DATABASE,
            "--database-kind",
            "mysql",
            "--domain-controller",
            at.DC,
            "--realm",
            at.REALM,
        ),
        ([2222, 2223], []),
        {
            at.INTERNET: (NAMED, []),
            at.DATABASE: ([80, 443, 3306, 8883], []),
            at.DC: ([53, 80, 389, 443, 8883], [53, 88]),
        },
    ),
    "bridge": Role(
        ("--role", "bridge", "--server", at.SERVER),
        ([3128], []),
        {at.INTERNET: (NAMED, []), at.SERVER: ([80, 443, 2222, 8883], [])},
    ),
    "deploy-source": Role(
        ("--role", "deploy-source", "--target", at.TARGET),
        ([], []),
        {at.TARGET: ([139, 445], [137, 138]), at.INTERNET: ([], [])},
    ),
    "deploy-target": Role(
        ("--role", "deploy-target"), ([139, 445], [137, 138]), {at.INTERNET: ([], []), at.SERVER: ([], [])}
    ),
}


def portcheck(lab: Lab, *arguments: str) -> str:
    done = lab.exec(NODE, [sys.executable, "-m", "eset_portcheck", *arguments], env=lab.environment(), cwd=CHECKOUT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rules(lab: Lab, *arguments: str) -> tuple[str, str]:
    """(the rules for nft, the command that takes them back)."""
    return portcheck(lab, "rules", *arguments, "--for", "nft"), portcheck(
        lab, "rules", *arguments, "--for", "nft", "--undo"
    )


def scanned(lab: Lab, node: str, host: str, transport: str = "tcp", first: int = 1, last: int = LAST_PORT) -> list[int]:
    """Ports that answered."""
    done = lab.exec(node, [sys.executable, "-P", str(SCANNER), host, transport, str(first), str(last)])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@contextmanager
def applied(lab: Lab, text: str, undo: str, tmp_path: Path) -> Iterator[None]:
    """The undo must leave the rules of the machine as they were."""
    file = tmp_path / "rules.nft"
    file.write_text(text)
    before = lab.net.shell(NODE, "nft list ruleset")
    lab.net.shell(NODE, f"nft -c -f {file}")
    lab.net.shell(NODE, f"nft -f {file}")
    try:
        yield
    finally:
        lab.net.shell(NODE, undo)
    assert lab.net.shell(NODE, "nft list ruleset") == before


@contextmanager
def denying(lab: Lab) -> Iterator[None]:
    lab.net.shell(NODE, f"nft 'add table inet deny; {DENY}'")
    try:
        yield
    finally:
        lab.net.shell(NODE, "nft delete table inet deny")


def verdicts(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Rows that the rules are for: those of the page that count, and their groups'. What listens here is another
    matter."""
    needed = {row["group"]["id"] for row in report["checks"] if row["required"] and row.get("group")}
    return {
        row["id"]: (row["verdict"], row["reason"])
        for row in report["checks"]
        if row["verdict"] != "skip" and (row["required"] or (row.get("group") or {}).get("id") in needed)
    }


def reached(lab: Lab, *site: str) -> bool:
    return {verdict for verdict, _ in verdicts(lab.check(*site, node=NODE).report).values()} <= {"pass", "warn"}


def test_what_is_watched_is_seen(lab: Lab) -> None:
    every = list(range(1, LAST_PORT + 1))
    for transport in ("tcp", "udp"):
        with watching(lab, NODE) as watch:
            scanned(lab, "fw", at.AGENT, transport)
            assert watch.ports(at.AGENT, transport) == every
        with watching(lab, "fw", leaving="to-agent") as watch:
            scanned(lab, NODE, at.INTERNET, transport)
            assert watch.ports(at.INTERNET, transport) == every


@pytest.mark.parametrize("name", ROLES)
def test_a_machine_that_denies_the_rest_passes_its_role_and_opens_nothing_more(
    lab: Lab, name: str, tmp_path: Path
) -> None:
    role = ROLES[name]
    text, undo = rules(lab, *role.site)
    before = verdicts(lab.check(*role.site, "-4", node=NODE, phase="auto").report)
    assert before
    with applied(lab, text, undo, tmp_path):
        under = verdicts(lab.check(*role.site, "-4", node=NODE, phase="auto").report)
        assert under == before
        with watching(lab, NODE) as watch:
            for transport, wanted in zip(("tcp", "udp"), role.inward, strict=True):
                answered = scanned(lab, "fw", at.AGENT, transport)
                assert watch.ports(at.AGENT, transport) == wanted
                assert answered == wanted  # so the answers leave, too
        with watching(lab, "fw", leaving="to-agent") as watch:
            for host, ports in role.outward.items():
                for transport, wanted in zip(("tcp", "udp"), ports, strict=True):
                    scanned(lab, NODE, host, transport)
                    assert watch.ports(host, transport) == wanted, host


def test_names_looked_up_open_their_addresses_only(lab: Lab, tmp_path: Path) -> None:
    site = ("--role", "agent", "--server", "server.lab.test")
    text, undo = rules(lab, *site, "--resolve")
    assert "wider than needed" not in text
    with applied(lab, text, undo, tmp_path), watching(lab, "fw", leaving="to-agent") as watch:
        assert reached(lab, *site)
        for host, ports in {
            at.WEB: [],
            at.INTERNET: NAMED,
            at.SERVER: [2222],
            at.DC: [53],
            at.v6("inet", 2): [443, 8883],
            at.v6("server", 2): [2222],
        }.items():
            watch.ports(host, "tcp")
            scanned(lab, NODE, host)
            assert watch.ports(host, "tcp") == ports, host


def test_clients_come_from_their_networks_only(lab: Lab, tmp_path: Path) -> None:
    text, undo = rules(lab, "--role", "server", "--from", f"{at.GATEWAY}/24", "--keep", "tcp/22")
    with applied(lab, text, undo, tmp_path):
        assert scanned(lab, "fw", at.AGENT, last=3000) == [22, 2222, 2223]
        assert scanned(lab, "server", at.AGENT, last=3000) == [22]
        assert scanned(lab, "server", at.v6("agent", 2), last=3000) == [22]


@pytest.mark.parametrize("with_neighbours", [True, False])
def test_ipv6_works_by_the_rules_for_its_neighbours(lab: Lab, with_neighbours: bool, tmp_path: Path) -> None:
    site = ("--role", "agent", "--server", "server.lab.test", "--offline")
    text, undo = rules(lab, *site)
    if not with_neighbours:
        text = "\n".join(line for line in text.splitlines() if " nd-" not in line) + "\n"
    with applied(lab, text, undo, tmp_path):
        for node in (NODE, "fw"):
            lab.net.shell(node, "ip -6 neigh flush all")
        assert reached(lab, *site, "-6") is with_neighbours


def test_dhcp_passes_only_where_asked_for(lab: Lab, tmp_path: Path) -> None:
    send = (
        "import socket as s; c = s.socket(s.AF_INET, s.SOCK_DGRAM); c.bind(('', 68)); "
        f"c.sendto(b'?', ('{at.GATEWAY}', 67))"
    )
    for options, ports in (((), []), (("--dhcp",), [67])):
        text, undo = rules(lab, "--role", "agent", "--server", at.SERVER, *options)
        with applied(lab, text, undo, tmp_path), watching(lab, "fw", leaving="to-agent") as watch:
            lab.exec(NODE, [sys.executable, "-c", send])
            assert watch.ports(at.GATEWAY, "udp") == ports
            scanned(lab, NODE, at.GATEWAY, "udp", 1, 600)
            assert watch.ports(at.GATEWAY, "udp") == []  # from any other port nothing leaves


def test_into_a_filter_that_is_there(lab: Lab, tmp_path: Path) -> None:
    site = ("--role", "agent", "--server", at.SERVER)
    with denying(lab):
        assert "# to add the rules to them instead: --into 'inet deny in out'" in rules(lab, *site)[0]
        with applied(lab, *rules(lab, *site, "--into", "inet deny in out"), tmp_path):
            assert reached(lab, *site, "-4")
            assert scanned(lab, "fw", at.AGENT, last=3000) == []
            assert scanned(lab, NODE, at.INTERNET, last=3000) == [80, 443]


def test_a_filter_of_its_own_opens_nothing_that_another_shuts_and_shuts_what_another_accepts(
    lab: Lab, tmp_path: Path
) -> None:
    role = ("--role", "server")
    accepting = "add table inet other; add chain inet other in { type filter hook input priority -10; }; add rule inet other in tcp dport 9000 accept"
    text, undo = rules(lab, *role)
    lab.net.shell(NODE, f"nft '{accepting}; add rule inet other in tcp dport 2223 drop'")
    try:
        assert 9000 in scanned(lab, "fw", at.AGENT)
        with applied(lab, text, undo, tmp_path):
            assert scanned(lab, "fw", at.AGENT) == [2222]
    finally:
        lab.net.shell(NODE, "nft delete table inet other")
