"""Rules as text: each notation is read back by a parser that is not ours, and nothing breaks out of a comment, a quote
or a cell."""

import io
import re
import shutil
import subprocess

import clevercsv
import msgspec
import pytest
import tree_sitter
import tree_sitter_powershell

from eset_portcheck import loading
from eset_portcheck.model.vocabulary import Failure, Stage
from eset_portcheck.rules import Needs, change_request, markdown, nft, powershell, remarks, reported
from eset_portcheck.rules.nft import Kept, TargetChains
from eset_portcheck.texts import shell
from eset_portcheck.texts.language import LANGUAGES, translator
from tests.unit.rows import attempt, connecting, judged, row, tls
from tests.unit.sample_reports import load
from tests.unit.test_rules import NAME, SAY, SERVER, needed

SITE = {
    "server": SERVER,
    "database": NAME,
    "database_kind": "mysql",
    "domain_controller": "dc.corp.example",
    "mdc": "mdc.corp.example",
    "target": ["pc7", "fd00::9"],
}
KEPT = Kept([("tcp", 22)], [("udp", 123)], dhcp=True)
HOSTILE = "x\"; drop '' 'x\n`id` $(id) «»\u201c\u1fef \\ \x1b[31m\u202e;& calc #" + "y" * 1200 + "\\"
FORMULA = "=cmd|' /C calc'!A0"
POWERSHELL = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))


def hostile(text: str = HOSTILE) -> Needs:
    one = needed(server=SERVER).openings[0]
    strange = msgspec.structs.replace(
        one, ids=(text,), purposes=(text,), name=text, addresses=(), redirects=(text,), resolves=False
    )
    return Needs([strange, msgspec.structs.replace(strange, inbound=True)], [(text, "BEYOND_PAGE")])


def head(found: Needs) -> list[str]:
    return remarks.head(found, HOSTILE, HOSTILE, SAY)


def nft_accepts(text: str, before: str = "") -> None:
    done = subprocess.run(["nft", "-c", "-f", "-"], input=before + text, capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft -c needs root")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("role", loading.ROLES)
@pytest.mark.skipif(not shutil.which("nft"), reason="no nft here")
def test_nft_reads_the_rules_of_every_role(role: str) -> None:
    found = needed(role, sources=["10.1.0.0/16", "10.1.2.0/24", "fd00::/64"], **SITE)
    nft_accepts(nft.whole(found, KEPT, head(found), SAY))
    for family in ("inet", "ip", "ip6"):
        chains = " ".join(
            f"chain {name} {{ type filter hook {hook} priority 0; policy drop; }};"
            for name, hook in (("in", "input"), ("out", "output"))
        )
        nft_accepts(
            nft.into(found, TargetChains(family, "deny", "in", "out"), head(found), SAY),
            f"table {family} deny {{ {chains} }}\n",
        )


@pytest.mark.skipif(not shutil.which("nft"), reason="no nft here")
def test_nft_reads_hostile_words_as_comments() -> None:
    text = nft.whole(hostile(), KEPT, head(hostile()), SAY)
    nft_accepts(text)
    assert text.isascii()
    assert "tcp dport" in text


def test_nothing_breaks_out_of_a_comment_of_nft() -> None:
    text = nft.whole(hostile(), Kept(), [], SAY)
    lines = [line for line in text.splitlines() if " comment " in line and not line.lstrip().startswith("#")]
    assert len(lines) == 2
    for line in lines:
        assert line.count('"') == 2
        assert len(line.split('"')[1]) <= 127
    # a line that is no comment is a rule of ours
    assert all(
        re.match(r"\s*(#|table|delete|chain|type|iif|oif|ct|icmpv6|ip6? |tcp|udp|\})", line)
        for line in text.splitlines()
    )


def test_rules_of_one_family_go_to_a_table_of_that_family() -> None:
    found = needed("server", sources=["10.1.0.0/16", "fd00::/64"])
    only = nft.into(found, TargetChains("ip", "deny", "in", "-"), [], SAY)
    assert "ip saddr 10.1.0.0/16 tcp dport 2222" in only
    assert "ip6" not in only
    assert "icmpv6" not in only
    assert "ip saddr" not in nft.into(found, TargetChains("ip6", "deny", "in", "-"), [], SAY)
    assert "insert rule ip deny -" not in only


def test_what_an_ipv6_machine_needs_is_told_by_direction() -> None:
    inward, outward = nft.whole(needed(server=SERVER), Kept(), [], SAY).split("chain output")
    assert "nd-router-advert" in inward
    assert "nd-router-advert" not in outward
    assert "mld-listener-query" in inward
    assert "mld2-listener-report" in outward


def commands(script: str) -> list[tuple[str, list[str], list[str]]]:
    """(command, its parameters, its string literals) of every statement, by a grammar of PowerShell."""
    tree = POWERSHELL.parse(script.encode())
    assert not tree.root_node.has_error
    found = []

    def walk(node: tree_sitter.Node) -> None:
        if node.type == "command":
            words: dict[str, list[str]] = {
                "command_name": [],
                "command_parameter": [],
                "verbatim_string_characters": [],
            }
            inside = [node]
            while inside:
                one = inside.pop()
                assert one.type not in (
                    "expandable_string_literal",
                    "sub_expression",
                    "variable",
                    "script_block_expression",
                    "redirection",
                ), one.type
                assert one is node or one.type != "command"
                if one.type in words:
                    words[one.type].append((one.text or b"").decode())
                inside += reversed(one.children)
            (name,) = words["command_name"]
            found.append((name, words["command_parameter"], words["verbatim_string_characters"]))
        else:
            assert node.type in (
                "program",
                "comment",
                "statement_list",
                "pipeline",
                "pipeline_chain",
                "empty_statement",
                ";",
            ), node.type
            for child in node.children:
                walk(child)

    walk(tree.root_node)
    return found


RULE = ["-DisplayName", "-Group", "-Description", "-Direction", "-Action", "-Protocol"]


@pytest.mark.parametrize("role", loading.ROLES)
def test_powershell_reads_one_command_a_rule(role: str) -> None:
    found = needed(role, sources=["10.1.0.0/16", "fd00::/64"], **SITE)
    first, *others = commands(powershell.script(found, head(found), SAY))
    assert first == ("Remove-NetFirewallRule", ["-Group", "-ErrorAction"], ["'eset-portcheck'"])
    assert len(others) == len(found.openings)
    for one, (name, parameters, _) in zip(found.openings, others, strict=True):
        port = "-LocalPort" if one.inbound else "-RemotePort"
        assert name == "New-NetFirewallRule"
        assert parameters == [*RULE, port, *(["-RemoteAddress"] if one.addresses else []), "-Profile"]


def test_nothing_breaks_out_of_a_quote_of_powershell() -> None:
    script = powershell.script(hostile(), head(hostile()), SAY)
    assert script.isascii()
    read = commands(script)
    assert [name for name, _, _ in read] == ["Remove-NetFirewallRule", "New-NetFirewallRule", "New-NetFirewallRule"]
    assert all(
        parameters == [*RULE, port, "-Profile"]
        for (_, parameters, _), port in zip(read[1:], ("-RemotePort", "-LocalPort"), strict=True)
    )


def test_a_quote_in_powershell_is_doubled() -> None:
    assert shell.powershell("«{text}»", text="it's") == "'it''s'"
    # PowerShell takes typographic quotes for its own.
    assert shell.powershell("{text}", text="ESET\u2019s") == "'ESET\u2019\u2019s'"


def test_powershell_as_it_is_printed() -> None:
    lines = powershell.script(
        needed("server", appliance=True, sources=["10.1.0.0/16", "fd00::/64"]), ["head"], SAY
    ).split("\r\n")
    assert lines[:3] == [
        "# head",
        "# undo: Remove-NetFirewallRule -Group 'eset-portcheck'",
        "Remove-NetFirewallRule -Group 'eset-portcheck' -ErrorAction SilentlyContinue",
    ]
    assert (
        "New-NetFirewallRule -DisplayName 'eset-portcheck server.listen.tcp-2222' -Group 'eset-portcheck'"
        " -Description 'server.listen.tcp-2222: Agents replicate with this Server' -Direction Inbound -Action Allow"
        " -Protocol TCP -LocalPort 2222 -RemoteAddress '10.1.0.0/16','fd00::/64' -Profile Any"
    ) in lines


def read_back(text: str) -> list[dict[str, str]]:
    first, *lines = clevercsv.reader(io.StringIO(text, newline=""), delimiter=",", quotechar='"', escapechar="")
    assert all(len(line) == len(first) for line in lines)
    return [dict(zip(first, line, strict=True)) for line in lines]


def test_the_change_request_is_read_back() -> None:
    found = needed(server=NAME, known={NAME: [SERVER, "fd00::5"]})
    lines = read_back(change_request.table(found, "pc1", ["10.9.9.9"], SAY))
    assert len(lines) == len(found.openings)
    (one,) = [line for line in lines if line["port"] == "2222"]
    assert (one["action"], one["direction"], one["transport"], one["required"], one["stateful"]) == (
        "allow",
        "outbound",
        "tcp",
        "yes",
        "yes",
    )
    assert (one["source"], one["source_addresses"]) == ("pc1", "10.9.9.9")
    assert (one["destination"], one["destination_addresses"]) == (NAME, f"{SERVER} fd00::5")
    assert one["purpose"] == "Replication with the ESET PROTECT Server"
    (dns, _) = [line for line in lines if line["port"] == "53"]
    assert (dns["destination"], dns["destination_addresses"]) == ("DNS servers", "10.0.0.53")


def test_the_request_to_take_it_back_differs_by_the_action_alone() -> None:
    found = needed("server", sources=["10.1.0.0/16"])
    allow, remove = (read_back(change_request.table(found, "pc1", [], SAY, undo=undo)) for undo in (False, True))
    assert remove == [line | {"action": "remove"} for line in allow]
    assert {line["source"] for line in allow if line["direction"] == "inbound"} == {"10.1.0.0/16"}


@pytest.mark.parametrize("text", [FORMULA, "+1+cmd", "-1+cmd", "@SUM(A1)", "\t=1", HOSTILE])
def test_no_cell_is_a_formula(text: str) -> None:
    for line in read_back(change_request.table(hostile(text), text, [text], SAY)):
        assert not any(re.match(r"[=+\-@|%\t\r]", cell) for cell in line.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_ascii_here(language: str) -> None:
    say = translator(language)
    found = needed("server", **SITE)
    for text in (
        nft.whole(found, KEPT, [], say),
        powershell.script(found, [], say),
        change_request.table(found, "pc1", [], say),
    ):
        assert text.isascii()
        assert "?" not in text


def test_a_filter_that_is_there_is_told_and_where_the_rules_belong() -> None:
    chains = [("inet", "filter", "input", "input", "nft"), ("inet", "filter", "output", "output", "nft")]
    assert remarks.present(chains, SAY)[1] == "to add the rules to them instead: --into 'inet filter input output'"
    assert remarks.present(chains[:1], SAY)[1].endswith("--into 'inet filter input -'")
    (_, told) = remarks.present([("ip", "filter", "INPUT", "input", "iptables")], SAY)
    assert told.startswith("change iptables chains only with iptables")
    assert remarks.present([], SAY) == []


def test_no_text_of_a_stranger_leaves_its_cell_of_the_markdown() -> None:
    for text in (HOSTILE, FORMULA, "a|b`c`|![x](http://x)|<script>", "\\", "`"):
        shown = markdown.table(hostile(text), text, [text], head(hostile(text)), SAY)
        rows = [line for line in shown.splitlines() if line.startswith("|")]
        assert shown.isascii()
        for line in rows[2:]:
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            assert len(cells) == rows[0].count("|") - 1
            assert all(cell == "  " or re.fullmatch(r" `[^`]+` ", cell) for cell in cells), line


def test_a_report_asks_for_every_port_and_address_of_what_failed() -> None:
    pieces = [
        row(connecting(Failure.TIMEOUT, address="10.0.2.2"), connecting(Failure.TIMEOUT, address="10.0.2.3")),
        row(connecting(Failure.TIMEOUT), id="agent.push.tcp-443", port=443, target="epns.eset.com"),
        row(connecting(Failure.TIMEOUT, address="fd77::2", source_address="fd77::9"), id="x.udp-88", port=88),
        row(attempt(Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS, tls=tls(site="trusted"), reply={}), id="ok"),
    ]
    report = msgspec.structs.replace(load("dropped"), checks=judged(*pieces))
    asked = reported.reported(report, [], failed=True)
    assert [(one.port, one.name, one.addresses, one.sources) for one in asked.openings] == [
        (88, "protect.corp.local", ("fd77::2",), ("fd77::9",)),
        (443, "epns.eset.com", ("10.0.2.2",), ("10.0.1.2",)),
        (2222, "protect.corp.local", ("10.0.2.2", "10.0.2.3"), ("10.0.1.2",)),
    ]
    expired = row(
        attempt(Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS, tls=tls(site="trusted", expired=True), reply={})
    )
    report = msgspec.structs.replace(report, checks=judged(expired))
    found = reported.reported(report, [], failed=True)
    assert (found.openings, [one for one, _ in found.left_out]) == ([], ["agent.server.tcp-2222"])
