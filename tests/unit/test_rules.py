"""What a role needs of the firewall: openings as narrow as what is known, and nothing that is not needed as the site
is."""

from typing import Any

import pytest

from eset_portcheck import loading, planning, rules
from eset_portcheck.host import linux, name_servers
from eset_portcheck.model.site import site_of
from eset_portcheck.rules import UNRESOLVED, Needs, remarks
from eset_portcheck.texts.language import translator

SERVER, NAME = "10.0.0.5", "protect.corp.example"
SAY = translator("en")
ANY: tuple[str, ...] = ()


def needed(
    role: str = "agent",
    known: dict[str, list[str]] | None = None,
    sources: list[str] | None = None,
    everything: bool = False,
    **site: Any,
) -> Needs:
    profile, _ = loading.load_profile(role)
    values = site_of(("", site))
    return rules.needs(
        planning.plan([profile], values),
        known or {},
        sources or [],
        ["10.0.0.53", "127.0.0.53"],
        dict(values.connect_to),
        everything=everything,
    )


def openings(found: Needs) -> dict[tuple[bool, str, int], tuple[str, ...]]:
    return {(one.inbound, one.transport, one.port): one.addresses for one in found.openings}


def test_addresses_are_opened_names_go_anywhere_unless_looked_up() -> None:
    assert openings(needed(server=SERVER))[(False, "tcp", 2222)] == (SERVER,)
    assert openings(needed(server=NAME))[(False, "tcp", 2222)] == ANY
    assert openings(needed(server=NAME, known={NAME: ["10.0.0.7", "fd00::7"]}))[(False, "tcp", 2222)] == (
        "10.0.0.7",
        "fd00::7",
    )


def test_an_ipv4_address_in_ipv6_clothes_is_what_is_on_the_wire() -> None:
    assert openings(needed(server="::ffff:10.0.0.5"))[(False, "tcp", 2222)] == (SERVER,)
    assert openings(needed(server="fe80::5%eth0"))[(False, "tcp", 2222)] == ("fe80::5",)


def test_a_name_that_has_no_address_is_not_opened_to_everybody() -> None:
    found = needed(server=NAME, known={NAME: []})
    assert (False, "tcp", 2222) not in openings(found)
    assert ("agent.server.tcp-2222", UNRESOLVED) in found.left_out
    assert "NOT OPENED, because its name does not resolve here: agent.server.tcp-2222" in remarks.head(
        found, "", "pc1", SAY
    )


def test_what_is_looked_up_is_what_is_connected_to() -> None:
    profile, _ = loading.load_profile("agent")

    def asked(**site: Any) -> list[str]:
        values = site_of(("", site))
        return rules.names(planning.plan([profile], values), dict(values.connect_to))

    assert asked(server=NAME) == ["epns.eset.com", NAME, "repository.eset.com"]
    assert asked(server=NAME, proxy="bridge.corp.example") == ["bridge.corp.example"]
    assert asked(server=SERVER, offline=True, connect_to={f"{SERVER}:2222": "elsewhere.example:2222"}) == [
        "elsewhere.example"
    ]


def test_resolvers_of_other_machines_are_opened_where_names_are_used() -> None:
    assert openings(needed(server=SERVER))[(False, "udp", 53)] == ("10.0.0.53",)
    assert (False, "udp", 53) not in openings(needed("deploy-target"))
    assert (False, "udp", 53) not in openings(needed(server=SERVER, offline=True))
    # a proxy looks the names up itself
    assert (False, "udp", 53) not in openings(needed(server=NAME, proxy="10.0.0.9"))


def test_the_servers_that_a_resolver_on_this_machine_asks(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "run/systemd/resolve"
    told.mkdir(parents=True)
    (told / "resolv.conf").write_text("nameserver 10.0.0.1\nnameserver fe80::1%eth0\nnameserver 127.0.0.1\n")
    asked = linux.asked_by_stub(tmp_path)
    monkeypatch.setattr(linux, "asked_by_stub", lambda: asked)
    assert name_servers(["127.0.0.53"]) == ["10.0.0.1", "fe80::1%eth0"]
    assert name_servers(["127.0.0.53", "10.0.0.2"]) == ["10.0.0.2"]


def test_a_proxy_leaves_the_direct_rows_out() -> None:
    found = needed(server=SERVER, proxy="10.0.0.9")
    assert {key[2] for key in openings(found)} == {3128}
    assert ("agent.server.tcp-2222", "ADVISORY") in found.left_out
    assert (False, "tcp", 2222) in openings(needed(server=SERVER, proxy="10.0.0.9", everything=True))


def test_a_row_beyond_the_page_goes_with_its_group() -> None:
    assert (False, "tcp", 443) in openings(needed("server"))
    found = needed("server", proxy="10.0.0.9")
    assert {key[2] for key in openings(found) if not key[0]} == {3128}
    assert ("server.push.tcp-443", "BEYOND_PAGE") in found.left_out


def test_clients_networks_narrow_what_listens() -> None:
    found = openings(needed("server", appliance=True, sources=["10.1.0.0/16", "fd00::/64"]))
    assert found[(True, "tcp", 2222)] == ("10.1.0.0/16", "fd00::/64")


def test_networks_inside_others_are_told_once() -> None:
    (one,) = [
        one
        for one in needed("server", sources=["10.1.0.0/16", "10.1.2.0/24", "fd00::1", "10.0.0.0/16"]).openings
        if one.port == 2222
    ]
    assert (one.of_version(4), one.of_version(6)) == (["10.0.0.0/15"], ["fd00::1"])


def test_where_the_site_file_leads_a_row_is_what_is_opened() -> None:
    found = openings(needed(server=SERVER, connect_to={f"{SERVER}:2222": "10.7.7.7:12222"}))
    assert found[(False, "tcp", 12222)] == ("10.7.7.7",)


def said(found: Needs, port: int, by_name: bool = False) -> str:
    return " / ".join(
        line for one in found.openings if one.port == port for line in remarks.width(one, SAY, by_name=by_name)
    )


def test_what_is_wider_than_needed_says_so_and_why() -> None:
    assert "wider than needed: a packet filter cannot use the name protect.corp.example" in said(
        needed(server=NAME), 2222
    )
    assert said(needed(server=SERVER), 2222) == ""
    assert said(needed("server"), 2222) == "from any address (--from narrows it)"
    assert said(needed("server", sources=["10.1.0.0/16"]), 2222) == ""
    assert "the DNS servers are not known here" in said(
        rules.needs(planning.plan([loading.load_profile("agent")[0]], site_of()), {}, [], ["127.0.0.53"], {}), 53
    )


def test_what_may_come_to_be_too_narrow_says_so_too() -> None:
    known = {"repository.eset.com": ["192.0.2.7"]}
    assert said(needed(known=known), 80) == (
        "current addresses of repository.eset.com; they may change / repository.eset.com may redirect to other hosts in eset.com, eset.eu; these are not opened"
    )
    assert said(needed(), 80, by_name=True).startswith("by name; --resolve adds its current addresses")
