"""What is printed for each notation: openings as narrow as what is known, and no way out of a comment or a quote."""

import csv
import io
import shutil
import subprocess
from typing import Any

import pytest

from eset_portcheck import loading, planning, rules
from eset_portcheck.model.site import site_of
from eset_portcheck.rules import Needs, change_request, nft, powershell

SERVER, NAME = "10.0.0.5", "protect.corp.example"


def needed(role: str = "agent", known: dict[str, list[str]] | None = None, sources: list[str] | None = None, everything: bool = False, **site: Any) -> Needs:
    profile, _ = loading.load_profile(role)
    values = site_of(("", site))
    return rules.needs(planning.plan([profile], values), known or {}, sources or [], ["10.0.0.53", "127.0.0.53"], dict(values.connect_to), everything=everything)


def openings(found: Needs) -> dict[tuple[bool, str, int], tuple[str, ...]]:
    return {(one.inbound, one.transport, one.port): one.addresses for one in found.openings}


def test_addresses_are_opened_names_go_anywhere_unless_looked_up() -> None:
    assert openings(needed(server=SERVER))[(False, "tcp", 2222)] == (SERVER,)
    assert openings(needed(server=NAME))[(False, "tcp", 2222)] == ()
    assert openings(needed(server=NAME, known={NAME: ["10.0.0.7", "fd00::7"]}))[(False, "tcp", 2222)] == ("10.0.0.7", "fd00::7")


def test_resolvers_of_other_machines_are_opened_where_names_are_used() -> None:
    assert openings(needed(server=SERVER))[(False, "udp", 53)] == ("10.0.0.53",)
    assert (False, "udp", 53) not in openings(needed("deploy-target"))


def test_a_proxy_leaves_the_direct_rows_out() -> None:
    found = needed(server=SERVER, proxy="10.0.0.9")
    assert {key[2] for key in openings(found) if key[2] != 53} == {3128}
    assert ("agent.server.tcp-2222", "ADVISORY") in found.left_out
    assert (False, "tcp", 2222) in openings(needed(server=SERVER, proxy="10.0.0.9", everything=True))


def test_clients_networks_narrow_what_listens() -> None:
    found = openings(needed("server", appliance=True, sources=["10.1.0.0/16", "fd00::/64"]))
    assert found[(True, "tcp", 2222)] == ("10.1.0.0/16", "fd00::/64")


def test_where_the_site_file_leads_a_row_is_what_is_opened() -> None:
    found = openings(needed(server=SERVER, connect_to={f"{SERVER}:2222": "10.7.7.7:12222"}))
    assert found[(False, "tcp", 12222)] == ("10.7.7.7",)


@pytest.mark.parametrize("role", loading.ROLES)
@pytest.mark.skipif(not shutil.which("nft"), reason="no nft here")
def test_nft_reads_the_rules_of_every_role(role: str) -> None:
    site = {"server": SERVER, "database": NAME, "database_kind": "mysql", "domain_controller": "dc.corp.example", "mdc": "mdc.corp.example", "target": ["pc7", "fd00::9"]}
    found = needed(role, **site)
    whole = nft.whole(found, [("tcp", 22)], ["head"])
    done = subprocess.run(["nft", "-c", "-f", "-"], input=whole, capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft -c needs root")
    assert done.returncode == 0, done.stderr


HOSTILE = "x\"; drop '\n`id` $(id) \\ \x1b[31m\u202e" + "y" * 300


def hostile() -> Needs:
    one = needed(server=SERVER).openings[0]
    import msgspec

    return Needs([msgspec.structs.replace(one, ids=(HOSTILE,), purposes=(HOSTILE,), name=HOSTILE, addresses=())], [])


def test_nothing_breaks_out_of_a_comment() -> None:
    text = nft.whole(hostile(), [], [])
    (line,) = [line for line in text.splitlines() if "comment" in line]
    assert line.count('"') == 2
    assert len(line.split('"')[1]) <= 127
    script = powershell.script(hostile(), [])
    assert script.isascii()
    (rule,) = [line for line in script.splitlines() if line.startswith("New-")]
    assert rule.count("'") == 6
    assert not set(rule) & set('"`$')


def test_the_change_request_is_read_back() -> None:
    lines = list(csv.DictReader(io.StringIO(change_request.table(needed(server=SERVER), "pc1"), newline="")))
    (one,) = [line for line in lines if line["port"] == "2222"]
    assert (one["direction"], one["source"], one["destination"], one["required"]) == ("outbound", "pc1", SERVER, "yes")
    assert all(line["stateful"] == "yes" for line in lines)


def test_powershell_takes_its_own_rules_away_first() -> None:
    lines = powershell.script(needed("server", appliance=True, sources=["10.1.0.0/16"]), ["head"]).split("\r\n")
    assert lines[:3] == ["# head", "# Undo: Remove-NetFirewallRule -Group 'eset-portcheck'", "Remove-NetFirewallRule -Group 'eset-portcheck' -ErrorAction SilentlyContinue"]
    assert any("-Direction Inbound -Action Allow -Protocol TCP -LocalPort 2222 -RemoteAddress 10.1.0.0/16 -Profile Any" in line for line in lines)
