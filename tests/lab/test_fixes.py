"""The closed loop: a fault is put in, the program prints a fix, the fix is pasted where it belongs, the row passes; the
undo brings the fault back.

Every fault shuts more than the row's port, so that a fix that opens too much is seen: another port of the host, the
same port of another host.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from tests.lab import questions as ask
from tests.lab import topology as at
from tests.lab.laboratory import Lab
from tests.lab.result import Result

ROW = "agent.server.tcp-2222"
V4 = ("--role", "agent", "--server", at.SERVER, "-4", "--only", ROW, "--timeout", "2")
OTHER_PORT, OTHER_HOST = ask.tcp(at.SERVER, 2223, "--timeout", "1"), ask.tcp(at.SERVER_MTLS13, 2222, "--timeout", "1")
PORTS = "tcp dport { 2222, 2223 }"
NODES = {"output": "agent", "forward": "fw", "input": "server"}
AUDIENCES = {"output": "this-host", "forward": "network-team", "input": "server-admin"}


class Shut(NamedTuple):
    """A packet filter that shuts ports on one machine: command lines in and out. `node` is where its fix is to be
    pasted."""

    node: str
    on: str
    off: str
    audience: str
    tool: str


def by_nft(hook: str, rules: Sequence[str], chain: str = "c", policy: str = "accept") -> Shut:
    body = " ".join(f"add rule inet shut {chain} {rule};" for rule in rules)
    on = f"nft 'add table inet shut; add chain inet shut {chain} {{ type filter hook {hook} priority 0; policy {policy}; }}; {body}'"
    return Shut(NODES[hook], on, "nft delete table inet shut", AUDIENCES[hook], "nft")


def by_iptables(hook: str, match: str, action: str, program: str = "iptables") -> Shut:
    lines = [f"{program} -{{}} {hook.upper()} -p tcp -m multiport {match} -j {action}"]
    on, off = ("; ".join(line.format(how) for line in lines) for how in "AD")
    return Shut(NODES[hook], on, off, AUDIENCES[hook], "iptables")


SHUT = {
    **{f"nft-{hook}-{action}": by_nft(hook, [f"{PORTS} {action}"]) for hook in NODES for action in ("reject", "drop")},
    **{
        f"iptables-{hook}-{action.lower()}": by_iptables(hook, "--dports 2222,2223", action)
        for hook in NODES
        for action in ("REJECT", "DROP")
    },
    "nft-forward-reset": by_nft("forward", [f"{PORTS} reject with tcp reset"]),
    "nft-forward-drop-reply": by_nft("forward", ["tcp sport { 2222, 2223 } drop"]),
    "nft-input-drop-reply": by_nft("output", ["tcp sport { 2222, 2223 } drop"])._replace(
        node="server", audience="server-admin"
    ),
    "nft-output-policy": by_nft(
        "output", ["ct state established accept", "meta l4proto != tcp accept", "oifname lo accept"], policy="drop"
    ),
    "iptables-legacy-output-reject": by_iptables("output", "--dports 2222,2223", "REJECT", "iptables-legacy"),
}


@contextmanager
def shut(lab: Lab, one: Shut) -> Iterator[None]:
    lab.net.shell(one.node, one.on)
    try:
        yield
    finally:
        lab.net.shell(one.node, one.off)


def fix_of(result: Result, audience: str, tool: str, row: str = ROW) -> dict[str, Any]:
    """The one fix for this audience and tool, of the cause that explains the row."""
    causes = [cause for cause in result.report["causes"] if row in cause["explains"]]
    assert len(causes) == 1, result.report["causes"]
    found = [fix for fix in causes[0]["fixes"] if (fix["audience"], fix["tool"]) == (audience, tool)]
    assert len(found) == 1, causes[0]["fixes"]
    return found[0]


def closed(lab: Lab) -> list[bool]:
    return [lab.observe(one)["connect"] != "ok" for one in (OTHER_PORT, OTHER_HOST)]


def test_the_ports_beside_are_open_without_a_fault(lab: Lab) -> None:
    assert closed(lab) == [False, False]


@pytest.mark.parametrize("name", SHUT)
def test_fix_and_undo(lab: Lab, name: str) -> None:
    one = SHUT[name]
    with shut(lab, one):
        broken = lab.check(*V4)
        assert broken.row(ROW)["verdict"] == "fail", broken.row(ROW)
        assert closed(lab) == [True, True]
        fix = fix_of(broken, one.audience, one.tool)
        assert fix["verify"].startswith("--only ")
        lab.net.shell(one.node, fix["command"])
        try:
            mended = lab.check(*V4)
            assert (mended.row(ROW)["verdict"], mended.report["causes"]) == ("pass", []), (fix, mended.row(ROW))
            assert closed(lab) == [True, True], fix
        finally:
            lab.net.shell(one.node, fix["undo"])
        assert lab.check(*V4).row(ROW)["verdict"] == "fail", fix
    assert closed(lab) == [False, False]
