"""Fixes as they are printed: whole, in the shell's own grammar, with an undo for whatever changes something, and never
with a word of a peer's."""

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eset_portcheck.diagnose.fixes import fixes, reasons
from eset_portcheck.diagnose.fixes_commands import LIMIT_CHARACTERS
from eset_portcheck.loading.migration import migrated_row
from eset_portcheck.model.finding import Cause, Finding, PortHolder, Where
from eset_portcheck.model.host import Host, Interface, LocalFirewall
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Failure, Listener, Proof, State, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.view import issues
from tests.unit.rows import TARGET, connecting, row
from tests.unit.sample_reports import load

CASES = sorted(Path("tests/diagnosis/cases").glob("*.json"))
LINUX = Host(
    name="pc1", os={"name": "Linux"}, interfaces=[Interface("eth0", ["10.0.1.2"])], resolvers=["10.0.1.53", "10.0.1.54"]
)
WINDOWS = msgspec.structs.replace(LINUX, os={"name": "Windows"})
VERIFY = "eset-portcheck check --role agent --only agent.server.tcp-2222"
SHELL = {
    "nft",
    "iptables",
    "ufw",
    "firewall-cmd",
    "ip",
    "dig",
    "ss",
    "squid",
    "openssl",
    "systemctl",
    "ps",
    "timedatectl",
}
CHANGES = (
    "nft '",
    "| nft -f",
    "iptables -I",
    "iptables -A",
    "ip -4 route add",
    "ip -6 route add",
    "New-NetFirewallRule",
    "sed -i",
    "ufw prepend",
    "CREATE USER",
)
HOSTILE = "10.0.0.1; touch pwned $(id) `id` ' \" | > & \n\x1b[31m"


def cause_row(reason: str, **changed: Any) -> Row:
    made = row(
        connecting(Failure.TIMEOUT),
        verdict=Verdict.FAIL,
        state=State.FILTERED,
        reason=reason,
        culprit=Culprit.UNKNOWN,
        confidence=Confidence.POSSIBLE,
    )
    return msgspec.structs.replace(made, **changed)


def recorded(case: Path) -> Row:
    one = json.loads(case.read_text())
    judged = one["row"] | {
        "reason": one["expected"]["reason"],
        "culprit": one["expected"]["culprit"],
        "where": one["expected"]["where"],
    }
    return msgspec.convert(migrated_row(judged), Row)


def everything() -> list[tuple[str, Row]]:
    return [(case.stem, recorded(case)) for case in CASES] + [(code, cause_row(code)) for code in reasons()]


@pytest.mark.parametrize("host", [LINUX, WINDOWS], ids=["linux", "windows"])
@pytest.mark.parametrize(("name", "broken"), everything(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_is_whole_and_can_be_undone(name: str, broken: Row, host: Host) -> None:
    made = fixes(broken, [broken], host, VERIFY)
    assert [fix.command for fix in made if fix.tool == "text"] == [broken.reason]
    assert all(fix.verify == VERIFY for fix in made)
    for fix in made:
        assert len(fix.command) <= LIMIT_CHARACTERS
        assert len(fix.undo) <= LIMIT_CHARACTERS
        assert not any(one in fix.command for one in CHANGES) or fix.undo, fix
        for line in (fix.command, fix.undo) if fix.tool in SHELL else ():
            told = subprocess.run(["bash", "-n", "-c", line], capture_output=True, text=True, check=False)
            assert told.returncode == 0, (line, told.stderr)


@pytest.mark.parametrize("host", [LINUX, WINDOWS], ids=["linux", "windows"])
@pytest.mark.parametrize("reason", sorted(reasons()))
@pytest.mark.parametrize("listener", [Listener.SERVER, Listener.FOREIGN], ids=["site", "internet"])
def test_no_word_of_a_peer_or_of_a_report_gets_into_a_command(reason: str, listener: Listener, host: Host) -> None:
    spoilt = connecting(Failure.TIMEOUT, address=HOSTILE, source_address=HOSTILE)
    broken = cause_row(
        reason,
        attempts=[spoilt],
        target=HOSTILE,
        via_destination=f"{HOSTILE}:443",
        listener=listener,
        where=Where(
            address=HOSTILE,
            interval=[HOSTILE, HOSTILE],
            ca=HOSTILE,
            process=PortHolder(pid=7, name=HOSTILE, path=HOSTILE),
        ),
        findings=[Finding(reason, params=Params(name=HOSTILE, server=HOSTILE, rule=HOSTILE))],
    )
    place = msgspec.structs.replace(
        host,
        resolvers=[HOSTILE],
        interfaces=[Interface(HOSTILE, [HOSTILE])],
        firewall=LocalFirewall(state="readable", ruleset=[{"chain": HOSTILE}, {HOSTILE: {"name": HOSTILE}}]),
    )
    for fix in fixes(broken, [broken], place, VERIFY):
        assert "touch" not in fix.command + fix.undo
        assert (fix.command + fix.undo).isprintable()


def test_every_reason_with_commands_exists() -> None:
    assert set(reasons()) <= set(REASONS)


def test_only_the_address_that_failed_is_opened_and_for_this_source_only() -> None:
    broken = cause_row(
        "REJECTED_IN_PATH",
        attempts=[connecting(Failure.HOST_UNREACHABLE, address="10.0.2.3"), connecting(Failure.HOST_UNREACHABLE)],
    )
    asked = next(fix.command for fix in fixes(broken, [broken], LINUX, VERIFY) if fix.tool == "request")
    assert asked == "allow TCP from 10.0.1.2 to 10.0.2.3, 10.0.2.2 port 2222, stateful, without inspection"


def chain(name: str, hook: str, policy: str = "accept", table: str = "filter", family: str = "inet") -> dict[str, Any]:
    return {
        "chain": {
            "family": family,
            "table": table,
            "name": name,
            "type": "filter",
            "hook": hook,
            "prio": 0,
            "policy": policy,
        }
    }


def test_rules_that_are_known_are_opened_by_name() -> None:
    host = msgspec.structs.replace(
        LINUX,
        firewall=LocalFirewall(
            state="readable",
            ruleset=[chain("out", "output", "drop"), chain("in", "input", "drop"), chain("idle", "output")],
        ),
    )
    broken = cause_row("REJECTED_LOCALLY", culprit=Culprit.LOCAL_FIREWALL)
    here = [fix for fix in fixes(broken, [broken], host, VERIFY) if fix.audience == "this-host" and fix.tool != "text"]
    assert [fix.tool for fix in here] == ["nft"]
    assert here[0].command.startswith(
        f"nft 'insert rule inet filter out ip daddr {TARGET} tcp dport 2222 counter accept comment "
    )


def test_where_both_variants_of_iptables_are_the_old_one_is_asked_only_where_it_is_in_use() -> None:
    host = msgspec.structs.replace(LINUX, capabilities={"tools": ["iptables", "iptables-nft", "iptables-legacy"]})
    broken = cause_row("REJECTED_LOCALLY", culprit=Culprit.LOCAL_FIREWALL)
    (fix,) = (fix for fix in fixes(broken, [broken], host, VERIFY) if fix.tool == "iptables")
    assert fix.command == (
        "for p in iptables-nft $(grep -qs filter /proc/net/ip_tables_names && echo iptables-legacy); "
        f"do $p -I OUTPUT 1 -p tcp -d {TARGET} --dport 2222 -j ACCEPT; done"
    )


def test_where_no_rule_of_this_host_refuses_none_is_changed() -> None:
    host = msgspec.structs.replace(LINUX, firewall=LocalFirewall(state="absent"))
    broken = cause_row("TCP_NO_ANSWER")
    assert [
        fix.tool for fix in fixes(broken, [broken], host, VERIFY) if fix.audience == "this-host" and fix.tool != "text"
    ] == []


def report_with(broken: Row, host: Host) -> Any:
    cause = Cause(
        "C1",
        broken.reason,
        broken.culprit,
        broken.confidence,
        broken.where,
        [broken.id],
        fixes=fixes(broken, [broken], host, VERIFY),
    )
    return msgspec.structs.replace(load("deployment"), host=host, checks=[broken], causes=[cause])


def test_commands_for_this_machine_are_shown_first_each_with_its_undo() -> None:
    broken = cause_row("REJECTED_LOCALLY", culprit=Culprit.LOCAL_FIREWALL)
    told = issues.causes(report_with(broken, LINUX), RenderContext())[0].do
    assert told[0].do == "on this machine, with nft:"
    assert told[0].undo.startswith("nft -a list ruleset | awk")
    assert told[1].do == "on this machine, with iptables:"
    assert told[2].who.endswith("administrator")


def test_commands_for_others_wait_for_verbose() -> None:
    broken = cause_row(
        "REJECTED_IN_PATH", culprit=Culprit.MIDDLEBOX, proof=row().proof, where=Where(address="10.0.1.1")
    )
    short = [step.do for step in issues.causes(report_with(broken, LINUX), RenderContext())[0].do]
    assert short[-1] == "3 more commands to paste, with their undo: -v shows them"
    long = [step.do for step in issues.causes(report_with(broken, LINUX), RenderContext(verbose=True))[0].do]
    assert [step for step in long if "network team" in step] == [
        "network team, a rule for any firewall:",
        "network team, with nft:",
        "network team, with iptables:",
    ]


def test_a_target_that_is_an_address_is_said_once() -> None:
    from eset_portcheck import texts

    same = {"target": TARGET, "address": TARGET, "port": 2222, "transport": "tcp"}
    assert texts.ask("TCP_NO_ANSWER", same).count(TARGET) == 1
    assert texts.ask("TCP_NO_ANSWER", same | {"target": "protect.corp.local"}).count(f"({TARGET})") == 1


def test_proof_is_not_needed_for_a_row_of_this_machine() -> None:
    inbound = cause_row(
        "PORT_NOT_LISTENING",
        id="server.listen.tcp-2222",
        proof=msgspec.structs.replace(row().proof, required=Proof.ACCEPTS),
    )
    assert fixes(inbound, [inbound], LINUX, VERIFY)
