"""The profiles hold the page: every row, every port, both ways, against page.toml, which was written from the page."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from eset_portcheck import protocols
from eset_portcheck.loading import ROLES, load_profile
from eset_portcheck.model.profile import Requirement
from eset_portcheck.model.vocabulary import Direction, Proof, Trust
from tests.each import each

PAGE = tomllib.loads((Path(__file__).parent / "page.toml").read_text(encoding="utf-8"))
PRINTED = {
    (section["name"], number): row for section in PAGE["section"] for number, row in enumerate(section["row"], 1)
}
PROFILES = {role: load_profile(role)[0] for role in ROLES}


def id_of(role: str, one: Requirement) -> str:
    return f"{role}.{one.key}.{one.transport}-{one.port}" + (f".{one.variant}" if one.variant else "")


ROWS = {id_of(role, one): one for role, profile in PROFILES.items() for one in profile.requirement}
WANTED = {
    check["id"]: (f"{section}/{number}", row, check)
    for (section, number), row in PRINTED.items()
    for check in row["checks"]
}
BEYOND = {check["id"]: (entry, check) for entry in PAGE["beyond"] for check in entry["checks"]}


def test_the_page_has_7_sections_33_rows_40_endpoints() -> None:
    assert [section["name"] for section in PAGE["section"]] == [
        "client",
        "deployment",
        "webconsole",
        "server",
        "rdsensor",
        "mdc",
        "mobile-device",
    ]
    assert [len(section["row"]) for section in PAGE["section"]] == [5, 4, 0, 8, 2, 8, 6]
    assert [sum(len(row["ports"]) for row in section["row"]) for section in PAGE["section"]] == [6, 4, 0, 9, 3, 10, 8]
    assert len(PRINTED) == 33
    assert sum(len(row["ports"]) for row in PRINTED.values()) == 40


@pytest.mark.parametrize("place", PRINTED, ids=lambda place: f"{place[0]}/{place[1]}")
def test_each_printed_port_is_a_check(place: tuple[str, int]) -> None:
    row = PRINTED[place]
    transport = "udp" if row["protocol"] == "UDP" else "tcp"
    found = {
        (one.transport.value, one.port)
        for one in ROWS.values()
        if one.page_row == f"{place[0]}/{place[1]}" and not one.variant.startswith("admin-share")
    }
    assert found == {(transport, port) for port in row["ports"]}


def test_the_profiles_hold_these_rows_and_no_others_as_the_pages() -> None:
    assert {name: one.page_row for name, one in ROWS.items() if one.page_row} == {
        name: place for name, (place, _, _) in WANTED.items()
    }
    assert len(ROWS) == sum(len(profile.requirement) for profile in PROFILES.values()), "an id stands twice"


@pytest.mark.parametrize("name", WANTED)
def test_a_row_says_what_the_page_means(name: str) -> None:
    _, row, check = WANTED[name]
    one = ROWS[name]
    assert said(one) == wanted(check, row)
    assert not one.beyond_page
    assert not one.off


def wanted(check: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    literal = "<" not in (check.get("via") or check.get("target", "<"))
    return {
        "direction": check.get("direction", "outbound"),
        "to": check.get("via") or check.get("target", "this-host"),
        "dialled": "<proxy>" if "via" in check else "",
        "spoken": check["spoken"],
        "proof": check["proof"],
        "listener": check.get("listener", "foreign"),
        "trust": check.get("trust"),
        "inspection": check.get("inspection", "fail"),
        "required": check.get("required", True),
        "when": check.get("when", {}) | ({"offline": False} if literal else {}),
        "optional_when": check.get("optional_when", {}),
        "group": check.get("group"),
        "port_value": check.get("port_value", ""),
        "retired": row.get("retired", False),
        "as_printed": row.get("as_printed", ""),
    }


def said(one: Requirement) -> dict[str, Any]:
    return {
        "direction": one.direction.value,
        "to": f"{one.target}:{one.via_port}" if one.via else one.target,
        "dialled": f"<{one.via}>" if one.via else "",
        "spoken": one.protocol,
        "proof": one.proof.value,
        "listener": one.listener.value,
        "trust": one.trust.value if one.trust else None,
        "inspection": one.inspection,
        "required": one.required,
        "when": one.when,
        "optional_when": one.optional_when,
        "group": [one.group.id, one.group.policy, one.group.rank] if one.group else None,
        "port_value": one.port_value,
        "retired": bool(one.retired),
        "as_printed": one.note_as_printed,
    }


@pytest.mark.parametrize("name", BEYOND)
def test_a_row_that_the_page_does_not_print(name: str) -> None:
    entry, check = BEYOND[name]
    one = ROWS[name]
    off, advisory = entry.get("off", False), entry.get("advisory", False)
    assert said(one) == wanted(check, {})
    assert (one.off, one.beyond_page, one.page_row) == (off, off or advisory, "")
    assert one.required is not one.beyond_page, "never required, but for the row that fills the empty section"


def test_rows_beyond_the_page_are_counted_apart() -> None:
    assert set(ROWS) - set(WANTED) == set(BEYOND)
    assert {name for name in BEYOND if not ROWS[name].beyond_page} == {"webconsole.server.tcp-2223"}


@each("name", ROWS)
def test_every_row_names_its_source_and_a_protocol_that_is_built(name: str) -> None:
    one = ROWS[name]
    letters = set(re.findall(r"\b[SPEDGXMK]\b", one.source))
    assert letters, one.source
    assert ("S" in letters) or not one.page_row, "a row of the page has the page as a source"
    assert "K" not in letters or "S" in letters or "unverified" in one.source
    assert protocols.known(one.protocol)


@each("name", [name for name, one in ROWS.items() if one.direction is Direction.OUTBOUND])
def test_the_contracts_rules_hold_for_every_row_that_dials(name: str) -> None:
    one = ROWS[name]
    assert ("<" in one.target) or one.when.get("offline") is False, "an internet row is off when offline"
    assert (one.trust is not None) is (one.protocol in ("tls", "mqtt", "apns")), "who signs is said where TLS runs"
    if one.protocol in ("mqtt", "smb", "nbns", "ldap", "tds", "mysql", "kerberos") and one.proof not in (
        Proof.AUTHORISED,
        Proof.PROTOCOL,
    ):
        pytest.fail(f"{one.protocol} must be spoken, not {one.proof}")
    if one.trust is Trust.PUBLIC:
        assert one.proof is Proof.PRODUCT
    if one.protocol in ("http", "http_proxy"):
        assert one.redirects == ["eset.com", "eset.eu"]
        assert one.path == ("/v1/info.meta" if one.target == "repository.eset.com" else "")
    if one.protocol in ("tls", "mqtt", "apns"):
        strict = one.via_port in (2222, 8883, 443) or one.port in (2222, 2223) or one.key in ("push", "apns", "fcm")
        assert one.inspection == ("fail" if strict else "warn")


def test_apple_needs_http2() -> None:
    assert ROWS["mdc.apns.tcp-2197"].alpn == ["h2"]


def test_2222_and_2223_are_never_constants() -> None:
    named = {2222: "server_port", 2223: "console_port"}
    for name, one in ROWS.items():
        if one.port in named:
            assert one.port_value == named[one.port], name
        if one.via_port in named:
            assert one.via_port_value == named[one.via_port], name


def test_the_groups_are_the_contracts() -> None:
    groups: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for name, one in ROWS.items():
        if one.group:
            groups.setdefault((name.split(".")[0], f"{one.group.id} {one.group.policy}"), set()).add(
                (one.group.rank, one.via_port or one.port)
            )
    push = {(0, 8883), (1, 443)}
    assert groups == {
        ("agent", "push chain"): push,
        ("agent", "push-via-proxy chain"): push,
        ("bridge", "push chain"): push,
        ("server", "push chain"): push,
        ("server", "push-via-proxy chain"): push,
        ("deploy-source", "smb-path any"): {(0, 445), (1, 139)},
        ("deploy-target", "smb-path any"): {(0, 445), (1, 139)},
        ("mobile-device", "apns chain"): {(0, 5223), (1, 443)},
        ("mobile-device", "fcm any"): {(0, 5228), (1, 5229), (2, 5230)},
    }


def test_a_profile_says_where_to_run_and_which_option_gives_a_value() -> None:
    for role, profile in PROFILES.items():
        assert profile.role == role
        assert profile.title
        assert profile.runs_on
        assert profile.page_section in [section["name"] for section in PAGE["section"]]
        for name, value in profile.values.items():
            assert value.option.startswith("--"), f"{role}.{name}"
    required = {
        role: {name for name, value in profile.values.items() if value.required} for role, profile in PROFILES.items()
    }
    assert {role: names for role, names in required.items() if names} == {
        "agent": {"server"}, "webconsole": {"server"}, "mdc": {"server"}, "deploy-source": {"target"}, "rdsensor": {"target"}, "mobile-device": {"mdc"},
    }  # fmt: skip
