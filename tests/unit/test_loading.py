"""Profiles and site files: every fault with its file and path, before anything is sent."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck import loading
from eset_portcheck.cli.show import site_template, table
from eset_portcheck.loading import ProfileError, load_profile, load_profile_file, load_site
from eset_portcheck.model.site import Site, SiteError, host_and_port, host_name, site_of

HEAD = 'role = "x"\ntitle = "X"\nversion = "1"\nsource = "S"\n[values]\nserver = { meaning = "the Server" }\ndatabase = { meaning = "db" }\n'
HEAD += 'server_port = { meaning = "port" }\nproxy = { meaning = "proxy" }\ntarget = { meaning = "t" }\noffline = { meaning = "o" }\ndatabase_kind = { meaning = "k" }\n'
ROW = {
    "key": "server", "port": 2222, "transport": "tcp", "protocol": "tls", "direction": "outbound", "target": "<server>",
    "listener": "server", "proof": "tls", "purpose": "p", "source": "S",
}  # fmt: skip


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def row(**changed: Any) -> str:
    return "[[requirement]]\n" + "".join(
        f"{name} = {toml(value)}\n" for name, value in (ROW | changed).items() if value is not None
    )


def faults(folder: Path, text: str) -> list[str]:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    try:
        load_profile_file(path)
    except ProfileError as error:
        return error.lines
    return []


def test_a_good_profile_loads_with_the_digest_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + row())
    profile, digest = load_profile_file(path)
    assert [one.key for one in profile.requirement] == ["server"]
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("role", loading.ROLES)
def test_built_in_profiles_load(role: str) -> None:
    profile, digest = load_profile(role)
    assert profile.role == role
    assert len(digest) == 64


def test_profiles_are_found_in_a_wheel_and_beside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (loading.folder() / "agent.toml").is_file()
    package = tmp_path / "eset_portcheck"
    (package / "loading").mkdir(parents=True)
    monkeypatch.setattr(loading, "__file__", str(package / "loading" / "__init__.py"))
    assert loading.folder() == tmp_path.resolve() / "profiles"
    (package / "profiles").mkdir()
    assert loading.folder() == package.resolve() / "profiles"


def test_an_unknown_role_is_named_with_a_suggestion() -> None:
    with pytest.raises(ProfileError, match=r"'agnet': no such role; did you mean agent\?"):
        load_profile("agnet")
    with pytest.raises(ProfileError, match=r"no such role; roles: agent, bridge"):
        load_profile("../../etc/passwd")


def test_the_example_of_the_issue_to_the_letter(tmp_path: Path) -> None:
    text = HEAD + row() + row(port=1) + row(port=2) + row(port=3, transport="tpc")
    assert faults(tmp_path, text) == ["mine.toml: requirement[3].transport: 'tpc' is none of tcp, udp"]


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"trnsport": "tcp"}, "requirement[0].trnsport: no such key; did you mean transport?"),
    "unknown key, nothing near": ({"zzz": 1}, "requirement[0].zzz: no such key"),
    "missing key": ({"target": None}, "requirement[0].target: is missing"),
    "text for a number": ({"port": "2222"}, "requirement[0].port: expected `int`, got `str` (it is '2222')"),
    "truth for a number": ({"port": True}, "requirement[0].port: expected `int`, got `bool` (it is True)"),
    "fraction for a number": ({"port": 2222.0}, "requirement[0].port: expected `int`, got `float` (it is 2222.0)"),
    "number for text": ({"target": 5}, "requirement[0].target: expected `str`, got `int` (it is 5)"),
    "text in place of truth": ({"required": "no"}, "requirement[0].required: expected `bool`, got `str` (it is 'no')"),
    "port 0": ({"port": 0}, "requirement[0].port: 0 is not a port (1 to 65535)"),
    "port 65536": ({"port": 65536}, "requirement[0].port: 65536 is not a port (1 to 65535)"),
    "direction": ({"direction": "out"}, "requirement[0].direction: 'out' is none of inbound, local, outbound"),
    "proof": (
        {"proof": "open"},
        "requirement[0].proof: 'open' is none of accepts, authorised, name, none, path, product, protocol, route, tls",
    ),
    "trust": ({"trust": "me"}, "requirement[0].trust: 'me' is none of public, site, unknown"),
    "group policy": (
        {"group": {"id": "g", "policy": "all"}},
        "requirement[0].group.policy: 'all' is none of any, chain",
    ),
    "group key": (
        {"group": {"id": "g", "polcy": "any"}},
        "requirement[0].group.polcy: no such key; did you mean policy?",
    ),
    "undeclared target": ({"target": "<mdc>"}, "requirement[0].target: mdc is not declared in [values]"),
    "undeclared port": (
        {"port_value": "console_port"},
        "requirement[0].port_value: console_port is not declared in [values]",
    ),
    "undeclared condition": (
        {"when": {"appliance": True}},
        "requirement[0].when.appliance: appliance is not declared in [values]",
    ),
    "undeclared second condition": (
        {"optional_when": {"realm": True}},
        "requirement[0].optional_when.realm: realm is not declared in [values]",
    ),
    "condition of a wrong type": (
        {"when": {"offline": 1.5}},
        "requirement[0].when.offline: expected `bool | int | str`, got `float` (it is 1.5)",
    ),
    "condition that never holds": (
        {"when": {"offline": "no"}},
        "requirement[0].when.offline: 'no' is neither true nor false",
    ),
    "condition of no such kind": (
        {"when": {"database_kind": "oracle"}},
        "requirement[0].when.database_kind: 'oracle' is not one of mssql, mysql",
    ),
    "condition of text on a port": (
        {"when": {"server_port": "2222"}},
        "requirement[0].when.server_port: '2222' is text, server_port is not",
    ),
    "condition on a derived value": (
        {"when": {"ios": "yes"}},
        "requirement[0].when.ios: 'yes' is neither true nor false",
    ),
    "port value that is none": ({"port_value": "server"}, "requirement[0].port_value: server is not a port"),
    "target that is no host": ({"target": "<server_port>"}, "requirement[0].target: server_port is not a host"),
    "target with a space": ({"target": "a b"}, "requirement[0].target: 'a b' is not a host name or address"),
    "target, empty": ({"target": ""}, "requirement[0].target: '' is not a host name or address"),
    "inbound elsewhere": (
        {"direction": "inbound"},
        "requirement[0].target: '<server>' does not go with direction inbound",
    ),
    "outbound to ourselves": (
        {"target": "this-host"},
        "requirement[0].target: 'this-host' does not go with direction outbound",
    ),
    "repeat over one value": (
        {"repeat": "server"},
        "requirement[0].repeat: 'server' does not go with target '<server>'",
    ),
    "repeat forgotten": ({"target": "<target>"}, "requirement[0].repeat: '' does not go with target '<target>'"),
    "via without a port": (
        {"via": "proxy"},
        "requirement[0].via_port: 0 is not a port (1 to 65535); the destination's port is needed with via",
    ),
    "via forgotten": ({"via_port": 80}, "requirement[0].via: is missing beside via_port"),
    "key with a dot": ({"key": "a.b"}, "requirement[0].key: 'a.b' is not lower-case words with hyphens"),
    "variant in capitals": ({"variant": "A"}, "requirement[0].variant: 'A' is not lower-case words with hyphens"),
    "no source": ({"source": " "}, "requirement[0].source: is empty"),
    "no purpose": ({"purpose": ""}, "requirement[0].purpose: is empty"),
    "path with a line break": (
        {"path": "/a\\r\\nX: y"},
        "requirement[0].path: '/a\\r\\nX: y' is not a path (printable ASCII after a /)",
    ),
    "off but of the page": ({"off": True}, "requirement[0].off: only a row not on ESET's page may be off"),
    "of the page and beyond it": (
        {"beyond_page": True, "page_row": "a/1"},
        "requirement[0].page_row: 'a/1' does not go with beyond_page",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_row_is_named_by_the_path_of_the_bad_value(name: str, tmp_path: Path) -> None:
    changed, wanted = CASES[name]
    assert f"mine.toml: {wanted}" in faults(tmp_path, HEAD + row(**changed))


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('server = { meanin = "x" }', "values.server.meanin: no such key; did you mean meaning?"),
        (
            'server = { meaning = "x", required = "yes" }',
            "values.server.required: expected `bool`, got `str` (it is 'yes')",
        ),
        ('server = { meaning = "" }', "values.server.meaning: is empty"),
        ('server = "x"', "values.server: expected `object`, got `str` (it is 'x')"),
        ('sever = { meaning = "x" }', "values.sever: no such site value"),
        ('"\\u001b[31m" = { meaning = "x" }', "values.'\\x1b[31m': no such site value"),
    ],
)
def test_a_bad_declaration(line: str, wanted: str, tmp_path: Path) -> None:
    head = (
        HEAD.replace('server = { meaning = "the Server" }', line) if line.startswith("server") else HEAD + line + "\n"
    )
    assert faults(tmp_path, head + row()) == [f"mine.toml: {wanted}"]


def test_the_head_of_a_profile(tmp_path: Path) -> None:
    assert faults(tmp_path, HEAD.replace('role = "x"\n', "")) == ["mine.toml: role: is missing"]
    assert faults(tmp_path, HEAD.replace("title", "titel")) == ["mine.toml: titel: no such key; did you mean title?"]
    assert faults(tmp_path, HEAD.replace('role = "x"', 'role = "X@y"')) == [
        "mine.toml: role: 'X@y' is not lower-case words with hyphens"
    ]
    assert faults(tmp_path, HEAD.partition("[values]")[0] + "values = 3\nrequirement = 4\n") == [
        "mine.toml: requirement: an array of tables is needed",
        "mine.toml: values: a table is needed",
    ]
    assert faults(tmp_path, HEAD.partition("[values]")[0] + "requirement = [1]\n") == [
        "mine.toml: requirement[0]: expected `object`, got `int` (it is 1)"
    ]


def test_all_faults_come_at_once_and_keep_their_numbers(tmp_path: Path) -> None:
    text = (
        HEAD + row(transport="tpc") + row(port=0) + row(listener="nobody") + row(port=70000) + row(port=1) + row(port=1)
    )
    assert faults(tmp_path, text) == [
        "mine.toml: requirement[0].transport: 'tpc' is none of tcp, udp",
        "mine.toml: requirement[2].listener: 'nobody' is none of agent-host, bridge, foreign, mdc, server, webconsole",
        "mine.toml: requirement[1].port: 0 is not a port (1 to 65535)",
        "mine.toml: requirement[3].port: 70000 is not a port (1 to 65535)",
        "mine.toml: requirement[5]: has the same key, transport, port and variant as requirement[4]",
    ]


def test_groups_agree_with_themselves(tmp_path: Path) -> None:
    text = (
        HEAD
        + row(group={"id": "g", "policy": "chain"})
        + row(port=1, group={"id": "g", "policy": "chain"})
        + row(port=2, group={"id": "g", "policy": "any"})
    )
    assert faults(tmp_path, text) == [
        "mine.toml: requirement[1].group.rank: 0 is that of requirement[0]",
        "mine.toml: requirement[2].group.policy: g is chain elsewhere",
        "mine.toml: requirement[2].group.rank: 0 is that of requirement[0]",
    ]


def test_a_protocol_that_nobody_has_built_is_no_fault_of_the_file(tmp_path: Path) -> None:
    assert faults(tmp_path, HEAD + row(protocol="gopher")) == []


def test_unreadable_files(tmp_path: Path) -> None:
    def of(content: bytes) -> str:
        path = tmp_path / "mine.toml"
        path.write_bytes(content)
        with pytest.raises(ProfileError) as caught:
            load_site(path)
        return caught.value.lines[0]

    with pytest.raises(ProfileError, match=r"none\.toml: cannot be read: No such file"):
        load_site(tmp_path / "none.toml")
    with pytest.raises(ProfileError, match=f"{tmp_path}: cannot be read: it is a folder"):
        load_site(tmp_path)
    with pytest.raises(ProfileError, match=r"^\.: cannot be read: it is a folder"):
        load_site(Path())
    assert of(b"a = ") == "mine.toml: not TOML: Invalid value (at end of document)"
    assert of(b"\xff = 1") == "mine.toml: not UTF-8 at byte 0"
    assert of(b"#" * (loading.MAX_BYTES + 1)) == f"{tmp_path / 'mine.toml'}: larger than 1 MiB"
    assert of(b"a = " + b"[" * 100_000).startswith("mine.toml: not TOML: ")


# --- site values ---


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("protect.corp.local", "protect.corp.local", None),
        ("Protect.Corp.Local.", "protect.corp.local", None),
        ("protect:2300", "protect", 2300),
        ("10.77.2.2:1", "10.77.2.2", 1),
        ("::1", "::1", None),
        ("2001:DB8::0:1", "2001:db8::1", None),
        ("[::1]:2300", "::1", 2300),
        ("[::1]", "::1", None),
        ("fe80::1%eth0", "fe80::1%eth0", None),
        ("bücher.example:80", "xn--bcher-kva.example", 80),
        ("  pc_7  ", "pc_7", None),
    ],
)
def test_hosts_as_people_type_them(text: str, host: str, port: int | None) -> None:
    assert host_and_port(text, "server") == (host, port)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "'' is not a host name or address"),
        ("a b", "'a b' is not a host name or address"),
        ("-a", "'-a' is not a host name or address"),
        ("a..b", "'a..b' is not a host name or address"),
        ("a...", "'a...' is not a host name or address"),
        ("a" * 64, "is not a host name or address"),
        (".".join(["a" * 60] * 5), "is not a host name or address"),
        ("ü" * 70, "is not a host name"),
        ("x\x1b[31m", "'x\\x1b[31m' is not a host name or address"),
        ("x\nHost: y", "is no"),
        ("$(reboot)", "'$(reboot)' is not a host name or address"),
        ("1.2.3", "'1.2.3' is not a complete IPv4 address"),
        ("300.1.1.1", "is not a complete IPv4 address"),
        ("0x7f000001", "is not a complete IPv4 address"),
        ("10.0.0.1%eth0", "has no usable zone after the %"),
        ("fe80::1%$(x)", "has no usable zone after the %"),
        ("fe80::1%\x1b[0m", "has no usable zone after the %"),
        ("h:", "'' is not a port (1 to 65535)"),
        ("h:0", "'0' is not a port (1 to 65535)"),
        ("h:65536", "'65536' is not a port (1 to 65535)"),
        ("h:２２", "is not a port"),
        ("[::1", "'[::1' is not [address]:port"),
        ("[::1]2222", "is not [address]:port"),
        ("https://h", "give host or host:port, not a URL"),
        ("h/path", "give host or host:port, not a URL"),
    ],
)
def test_hosts_that_are_none(text: str, fault: str) -> None:
    with pytest.raises(SiteError) as caught:
        host_and_port(text, "server")
    assert fault in str(caught.value)
    assert str(caught.value).startswith("server: ")
    assert str(caught.value).isprintable()


@given(st.text(max_size=300))
def test_no_text_gets_through_that_could_harm_a_terminal_or_a_header(text: str) -> None:
    try:
        host, port = host_and_port(text, "server")
    except SiteError:
        return
    assert host.isascii()
    assert host.isprintable()
    assert not set(host) & set(" /@[]<>\"'$`\\;|&")
    assert host_name(host, "again") == host
    assert port is None or 1 <= port <= 65535


def test_a_password_in_the_proxy_is_refused_and_not_repeated() -> None:
    for name in ("proxy", "server"):
        with pytest.raises(SiteError) as caught:
            site_of(("", {name: "user:s3cret@bridge:3128"}))
        assert caught.value.lines[0].startswith(f"{name}: do not put credentials here")
        assert "s3cret" not in str(caught.value)


def test_the_defaults() -> None:
    site = site_of()
    assert site == Site()
    assert (site.server_port, site.console_port, site.proxy_port, site.webconsole_port) == (2222, 2223, 3128, 443)
    assert site.bridge_push
    assert not any([site.offline, site.appliance, site.beyond_page, site.ca_given])


def test_later_layers_win_option_over_set_over_file() -> None:
    file = ("site.toml", {"server": "file:1", "realm": "FILE", "console_port": 9, "platform": "ios"})
    site = site_of(file, ("--set", {"realm": "SET", "console_port": "8"}), ("", {"server": "option:2"}))
    assert (site.server, site.server_port, site.realm, site.console_port, site.platform) == (
        "option",
        2,
        "SET",
        8,
        "ios",
    )


def test_a_port_belongs_to_the_host_it_came_with() -> None:
    assert site_of(("f", {"server": "a:2300"}), ("", {"server": "b"})).server_port == 2222
    assert site_of(("f", {"server": "a", "server_port": 2300}), ("", {"server": "b"})).server_port == 2300
    assert (
        site_of(("f", {"server": "a:2300"}), ("--set", {"server_port": "2400"}), ("", {"server": "b"})).server_port
        == 2400
    )
    assert site_of(("f", {"server": "a:2300", "server_port": 2300})).server_port == 2300
    with pytest.raises(SiteError, match="f: server: its port is not the server_port beside it"):
        site_of(("f", {"server_port": 2400, "server": "a:2300"}))


def test_the_databases_port_goes_with_its_kind() -> None:
    assert site_of(("", {"database": "db", "database_kind": "mssql"})).database_port == 1433
    assert site_of(("", {"database": "db", "database_kind": "mysql"})).database_port == 3306
    assert site_of(("", {"database": "db:3307", "database_kind": "mysql"})).database_port == 3307
    with pytest.raises(SiteError, match="database_kind: needed with a database"):
        site_of(("", {"database": "db"}))


def test_set_has_types() -> None:
    site = site_of(
        ("--set", {"bridge_push": "false", "server_port": "2300", "appliance": "yes", "target": ["pc7", "pc8", "PC7"]})
    )
    assert (site.bridge_push, site.server_port, site.appliance, site.target) == (False, 2300, True, ("pc7", "pc8"))


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"sever": "x"}, "f: sever: no such site value; did you mean server?"),
        ({"zzz": "x"}, "f: zzz: no such site value"),
        ({"ca_given": True}, "f: ca_given: no such site value"),
        ({"credentials_given": True}, "f: credentials_given: no such site value"),
        ({"server_port": "x"}, "f: server_port: 'x' is not a port (1 to 65535)"),
        ({"server_port": 0}, "f: server_port: '0' is not a port (1 to 65535)"),
        ({"server_port": True}, "f: server_port: must be a port"),
        ({"server": 5}, "f: server: must be a host name, not int"),
        ({"mdc": "h:9980"}, "f: mdc: takes no port"),
        ({"bridge_push": "maybe"}, "f: bridge_push: must be true or false, not 'maybe'"),
        ({"platform": "symbian"}, "f: platform: 'symbian' is not one of ios, android"),
        ({"database_kind": "oracle"}, "f: database_kind: 'oracle' is not one of mssql, mysql"),
        ({"product_version": "ten"}, "f: product_version: 'ten' is not a version such as 10.1 or 7.2.11.3"),
        ({"product_version": 10.1}, "f: product_version: must be text, not float"),
        ({"realm": "A B"}, "f: realm: 'A B' is not a Kerberos realm"),
        ({"target": 3}, "f: target: must be a list of host names"),
        ({"target": ["ok", "a b"]}, "f: target: 'a b' is not a host name or address"),
        ({"connect_to": "x"}, 'f: connect_to: a table is needed: "host:port" = "host:port"'),
        ({"connect_to": {"a:1": "b"}}, "f: connect_to.'a:1': 'b' needs a port"),
        ({"connect_to": {"a:1": 2}}, "f: connect_to.'a:1': \"host:port\" is needed"),
    ],
)
def test_a_bad_site_value_is_named_with_its_place(values: dict[str, Any], fault: str) -> None:
    with pytest.raises(SiteError) as caught:
        site_of(("f", values))
    assert caught.value.lines == [fault]


def test_all_bad_site_values_come_at_once() -> None:
    with pytest.raises(SiteError) as caught:
        site_of(("f", {"sever": "x", "server_port": 0}), ("--set", {"mdc": "a b"}))
    assert len(caught.value.lines) == 3


def test_redirects_are_normalised() -> None:
    site = site_of(("f", {"connect_to": {"EPNS.eset.com:8883": "127.0.0.1:18883", "[2001:DB8::1]:80": "[::1]:8080"}}))
    assert site.connect_to == {"epns.eset.com:8883": "127.0.0.1:18883", "[2001:db8::1]:80": "[::1]:8080"}


@pytest.mark.parametrize(
    ("version", "legacy"),
    [(None, False), ("7.2", True), ("7.2.11.1", True), ("7.2.11.2", False), ("7.2.11.3", False), ("10.1", False)],
)
def test_which_versions_use_apples_old_protocol(version: str | None, legacy: bool) -> None:
    assert Site(product_version=version).legacy_apns is legacy


# --- what `show` prints of a profile ---


@pytest.mark.parametrize("role", loading.ROLES)
def test_a_site_template_loads_as_it_is_and_with_every_guess_taken(role: str, tmp_path: Path) -> None:
    template = site_template(load_profile(role)[0])
    path = tmp_path / "site.toml"
    path.write_text(template)
    assert load_site(path) == {}
    lines = [line.removeprefix("# ") for line in template.splitlines()]
    path.write_text("\n".join(line for line in lines if " = " in line or line == "[connect_to]"))
    values = load_site(path)
    assert values.pop("connect_to") == {"epns.eset.com:8883": "127.0.0.1:18883"}
    assert set(values) == set(load_profile(role)[0].values)
    site_of(("site.toml", values))


@pytest.mark.parametrize("role", loading.ROLES)
def test_a_port_table_fits_80_columns_and_holds_every_row(role: str) -> None:
    profile, _ = load_profile(role)
    shown = table(profile)
    assert max(map(len, shown.splitlines())) <= 80
    for one in profile.requirement:
        assert f" {one.transport} {one.port}" in shown
    if role == "server":
        assert "ESET's text: Resolución de DNS y reserva de MQTT" in shown
