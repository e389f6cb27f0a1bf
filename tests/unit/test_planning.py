"""Profiles and a site make a plan: ids, targets, conditions, groups, endpoints, reasons."""

from typing import Any

import msgspec
import pytest

from eset_portcheck import planning, protocols
from eset_portcheck.loading import ROLES, load_profile
from eset_portcheck.model.plan import Check, Endpoint
from eset_portcheck.model.profile import Group, Profile, Requirement
from eset_portcheck.model.site import site_of
from eset_portcheck.model.subject import NO_PARAMS, SkipParams
from eset_portcheck.model.vocabulary import Direction, Proof, Transport, Trust

GIVEN: dict[str, dict[str, Any]] = {
    "agent": {"server": "protect.corp.local"},
    "bridge": {},
    "deploy-source": {"target": ["pc7"]},
    "deploy-target": {},
    "webconsole": {"server": "protect.corp.local"},
    "server": {},
    "rdsensor": {"target": ["pc7"]},
    "mdc": {"server": "protect.corp.local"},
    "mobile-device": {"mdc": "mdc.corp.local"},
}


def planned(
    role: str,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    built: planning.Built = protocols.known,
    **values: Any,
) -> dict[str, Check]:
    """By id; `ca_given` and `credentials_given` are facts of the run, not site values."""
    facts = {name: values.pop(name) for name in ("ca_given", "credentials_given") if name in values}
    site = msgspec.structs.replace(site_of(("", GIVEN[role] | values)), **facts)
    checks = planning.plan([load_profile(role)[0]], site, only, skip, built).checks
    assert len({check.id for check in checks}) == len(checks)
    return {check.id: check for check in checks}


def running(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.skip is None}


def endpoint(check: Check) -> Endpoint:
    assert check.endpoint is not None, (check.id, check.skip)
    return check.endpoint


# The argument sets that a healthy site is judged with, and the ports that must be proven there.
HEALTHY: dict[str, tuple[dict[str, Any], str]] = {
    "agent": ({"server": "server.lab.test", "proxy": "bridge.lab.test:3128"}, "tcp/2222 tcp/80 tcp/8883 tcp/3128"),
    "bridge": ({"server": "server.lab.test"}, "tcp/2222 tcp/80"),
    "deploy-source": ({"target": ["target.lab.test"]}, "tcp/445 tcp/139 udp/137"),
    "webconsole": ({"server": "server.lab.test"}, "tcp/2223"),
    "server": (
        {
            "database": "db.lab.test", "database_kind": "mssql", "domain_controller": "dc.lab.test", "realm": "LAB.TEST",
            "appliance": True, "proxy": "bridge.lab.test:3128",
        },
        "tcp/80 tcp/8883 tcp/3128 tcp/1433 tcp/389 udp/88",
    ),
    "rdsensor": ({"target": ["target.lab.test"]}, "tcp/22 tcp/139 udp/137"),
    "mdc": ({"server": "server.lab.test", "database": "db.lab.test", "database_kind": "mysql"}, "tcp/2222 tcp/3306 tcp/2197"),
    "mobile-device": ({"mdc": "server.lab.test"}, "tcp/9980 tcp/9981 tcp/5223 tcp/5228"),
}  # fmt: skip


@pytest.mark.parametrize("role", HEALTHY)
def test_a_healthy_site_is_served(role: str) -> None:
    values, proven = HEALTHY[role]
    checks = planned(role, **values)
    dialled = {
        f"{check.transport}/{check.port}"
        for check in checks.values()
        if check.endpoint is not None and check.skip is None
    }
    assert set(proven.split()) <= dialled
    assert not [check.id for check in checks.values() if check.skip in ("NOT_BUILT", "VALUE_MISSING")]


IDS: dict[str, str] = {
    "agent": "server.tcp-2222 repository.tcp-80 push.tcp-8883 push.tcp-443 proxy.tcp-3128.get-repository proxy.tcp-3128.connect-server "
    "proxy.tcp-3128.connect-push-8883 proxy.tcp-3128.connect-push-443",
    "bridge": "server.tcp-2222 repository.tcp-80 push.tcp-8883 push.tcp-443 listen.tcp-3128 liveguard.tcp-443.r liveguard.tcp-443.d",
    "deploy-source": "target@pc7.tcp-139 target@pc7.tcp-445 target@pc7.tcp-445.admin-share target@pc7.udp-137 target@pc7.udp-138",
    "deploy-target": "listen.tcp-139 listen.tcp-445 listen.udp-137 listen.udp-138",
    "webconsole": "server.tcp-2223 listen.tcp-443",
    "server": "listen.tcp-2222 listen.tcp-2223 repository.tcp-80 push.tcp-8883 push.tcp-443 proxy.tcp-3128.get-repository proxy.tcp-3128.connect-push-8883 "
    "proxy.tcp-3128.connect-push-443 database.tcp-1433 database.tcp-3306 dc.tcp-389 dc.udp-88 dc.tcp-88",
    "rdsensor": "target@pc7.tcp-22 target@pc7.tcp-139 target@pc7.udp-137",
    "mdc": "internal.tcp-9977 internal.tcp-9978 listen.tcp-9980 listen.tcp-9981 apns.tcp-2195 apns.tcp-2196 apns.tcp-2197 server.tcp-2222 "
    "database.tcp-1433 database.tcp-3306",
    "mobile-device": "mdc.tcp-9980 mdc.tcp-9981 apns.tcp-5223 apns.tcp-443 fcm.tcp-443 licence.tcp-443 livegrid-in.tcp-443 livegrid-out.tcp-443 "
    "stats.tcp-443 play.tcp-443 support.tcp-443 fcm.tcp-5228 fcm.tcp-5229 fcm.tcp-5230 update.tcp-80 webversion.tcp-80",
}


@pytest.mark.parametrize("role", ROLES)
def test_ids_are_stable_and_every_row_exists_whatever_the_site(role: str) -> None:
    wanted = {f"{role}.{one}" for one in IDS[role].split()}
    assert set(planned(role)) == wanted
    assert set(planned(role, offline=True, product_version="7.2", platform="ios")) == wanted
    assert set(planned(role, skip=("*",))) == wanted


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"proxy": "p", "offline": True},
        {"database": "d", "database_kind": "mysql", "domain_controller": "dc", "appliance": True},
    ],
)
def test_an_endpoint_is_there_exactly_where_something_is_dialled(role: str, values: dict[str, Any]) -> None:
    for check in planned(role, **values).values():
        assert (check.endpoint is not None) is (check.skip is None and check.direction is Direction.OUTBOUND), check.id
        if check.direction is not Direction.OUTBOUND:
            assert check.target == "this-host"
            assert check.required_proof is Proof.ACCEPTS
        if check.endpoint is not None:
            assert 1 <= check.endpoint.port <= 65535
            assert hash(check.endpoint)


def test_ports_of_the_site_are_dialled_and_the_pages_ports_stay_in_the_id() -> None:
    check = planned("agent", server="protect.corp.local:2300")["agent.server.tcp-2222"]
    assert (check.port, check.page_port, endpoint(check).port) == (2300, 2222, 2300)
    assert planned("webconsole", console_port=9)["webconsole.server.tcp-2223"].port == 9
    assert planned("bridge", proxy_port=8080)["bridge.listen.tcp-3128"].port == 8080
    assert planned("server", server_port=2300)["server.listen.tcp-2222"].port == 2300
    assert planned("webconsole", webconsole_port=8443)["webconsole.listen.tcp-443"].port == 8443


def test_an_endpoint_says_what_is_sent() -> None:
    assert endpoint(planned("agent")["agent.server.tcp-2222"]) == Endpoint(
        Transport.TCP,
        "protect.corp.local",
        2222,
        "tls",
        server_name="protect.corp.local",
        trust=Trust.SITE,
        uploads=True,
    )
    assert endpoint(planned("agent")["agent.repository.tcp-80"]) == Endpoint(
        Transport.TCP,
        "repository.eset.com",
        80,
        "http",
        server_name="repository.eset.com",
        path="/v1/info.meta",
        redirects=("eset.com", "eset.eu"),
    )
    assert endpoint(planned("mdc")["mdc.apns.tcp-2197"]).alpn == ("h2",)


# --- proxy ---


def test_a_row_through_the_proxy_dials_the_proxy_for_the_destination() -> None:
    checks = planned("agent", proxy="bridge.corp.local:8080")
    tunnels = {"connect-server": ("protect.corp.local", 2222, "tls"), "connect-push-8883": ("epns.eset.com", 8883, "mqtt"), "connect-push-443": ("epns.eset.com", 443, "mqtt"),
               "get-repository": ("repository.eset.com", 80, "http_proxy")}  # fmt: skip
    for variant, (host, port, spoken) in tunnels.items():
        check = checks[f"agent.proxy.tcp-3128.{variant}"]
        assert (check.target, check.port, check.via_destination) == ("bridge.corp.local", 8080, f"{host}:{port}")
        inside = endpoint(check)
        assert (inside.proxy, inside.host, inside.port, inside.protocol, inside.server_name) == (
            ("bridge.corp.local", 8080),
            host,
            port,
            spoken,
            host,
        )
    assert endpoint(checks["agent.proxy.tcp-3128.get-repository"]).path == "/v1/info.meta"
    assert checks["agent.proxy.tcp-3128.connect-push-443"].group == Group("push-via-proxy", "chain", 1)


def test_the_servers_own_port_is_asked_of_the_proxy() -> None:
    check = planned("agent", server="[2001:db8::2]:2300", proxy="p")["agent.proxy.tcp-3128.connect-server"]
    assert (check.via_destination, endpoint(check).port) == ("[2001:db8::2]:2300", 2300)


@pytest.mark.parametrize("role", ["agent", "server"])
def test_with_a_proxy_the_direct_rows_are_advisory(role: str) -> None:
    direct, via = planned(role), planned(role, proxy="p")
    for name, check in via.items():
        if check.via_destination:
            assert check.required
            assert (direct[name].skip, direct[name].skip_params.option, direct[name].target) == (
                "CONDITION_FALSE",
                "--proxy",
                "<proxy>",
            )
        elif check.direction is Direction.OUTBOUND and not check.beyond_page and check.skip is None:
            assert direct[name].required, name
            assert not check.required, name
            assert check.skip is None, "advisory rows run all the same"


# --- conditions and reasons ---


def test_a_database_is_one_of_two_and_only_when_given() -> None:
    for role in ("server", "mdc"):
        none, mysql = planned(role), planned(role, database="db:3307", database_kind="mysql")
        assert {none[f"{role}.database.tcp-{port}"].skip for port in (1433, 3306)} == {"CONDITION_FALSE"}
        assert mysql[f"{role}.database.tcp-1433"].skip == "CONDITION_FALSE"
        assert mysql[f"{role}.database.tcp-1433"].skip_params == SkipParams(
            condition="database_kind", wanted="mssql", option="--database-kind"
        )
        check = mysql[f"{role}.database.tcp-3306"]
        assert (check.required, check.port, endpoint(check).host, check.required_proof) == (
            True,
            3307,
            "db",
            Proof.PROTOCOL,
        )


def test_kerberos_is_the_appliances() -> None:
    name = "server.dc.udp-88"
    assert planned("server", domain_controller="dc.corp.local")[name].skip == "CONDITION_FALSE"
    lacking = planned("server", appliance=True)[name]
    assert (lacking.skip, lacking.required, lacking.target, lacking.skip_params) == (
        "VALUE_MISSING", True, "<domain_controller>",
        SkipParams(value="domain_controller", option="--domain-controller"),
    )  # fmt: skip
    given = {"appliance": True, "domain_controller": "dc1.corp.local"}
    assert endpoint(planned("server", **given)[name]).realm is None, "found at the run, by SRV records"
    assert endpoint(planned("server", **given, realm="LAB.TEST")[name]).realm == "LAB.TEST"


def test_ldap_runs_with_a_controller() -> None:
    assert planned("server")["server.dc.tcp-389"].skip == "CONDITION_FALSE"
    assert planned("server", domain_controller="dc")["server.dc.tcp-389"].required


def test_bridge_forwards_what_the_site_says() -> None:
    assert {"bridge.push.tcp-8883", "bridge.push.tcp-443"} <= running(planned("bridge"))
    quiet = planned("bridge", bridge_push=False)
    assert {quiet[f"bridge.push.tcp-{port}"].skip for port in (8883, 443)} == {"CONDITION_FALSE"}
    assert planned("bridge")["bridge.server.tcp-2222"].skip == "CONDITION_FALSE"
    assert planned("bridge", server="s")["bridge.server.tcp-2222"].required


def test_the_server_has_no_way_to_itself_through_the_proxy() -> None:
    assert not [name for name in planned("server", server="s", proxy="p") if "connect-server" in name]


def test_apples_old_ports_are_retired_but_for_old_versions() -> None:
    old, new = ("mdc.apns.tcp-2195", "mdc.apns.tcp-2196"), "mdc.apns.tcp-2197"
    for version in (None, "7.2.11.3", "10.1"):
        checks = planned("mdc", **({"product_version": version} if version else {}))
        assert {checks[name].skip for name in old} == {"RETIRED"}
        assert checks[new].required
        assert checks[new].skip is None
    checks = planned("mdc", product_version="7.2.11.1")
    for name in old:
        assert checks[name].skip is None
        assert not checks[name].required
        assert "2021-03-31" in checks[name].note
    assert checks[new].skip == "CONDITION_FALSE"
    assert checks[new].skip_params == SkipParams(
        condition="product_version", wanted="not up to 7.2.11.1", option="--product-version"
    )
    without = planned("mdc", product_version="7.2.11.1", offline=True)
    assert {without[name].skip for name in old} == {"CONDITION_FALSE"}, "offline is told as offline"


@pytest.mark.parametrize(
    ("platform", "ios", "android"), [(None, True, True), ("ios", True, False), ("android", False, True)]
)
def test_rows_of_the_other_platform_do_not_run(platform: str | None, ios: bool, android: bool) -> None:
    checks = planned("mobile-device", **({"platform": platform} if platform else {}))
    mine = running(checks)
    assert ({"mobile-device.apns.tcp-5223", "mobile-device.apns.tcp-443"} <= mine) is ios
    assert (
        {
            f"mobile-device.{name}"
            for name in ("fcm.tcp-443", "fcm.tcp-5228", "play.tcp-443", "update.tcp-80", "webversion.tcp-80")
        }
        <= mine
    ) is android
    assert {"mobile-device.mdc.tcp-9980", "mobile-device.mdc.tcp-9981", "mobile-device.licence.tcp-443"} <= mine
    if not ios:
        told = checks["mobile-device.apns.tcp-5223"]
        assert (told.skip, told.skip_params) == (
            "CONDITION_FALSE",
            SkipParams(condition="platform", wanted="ios", option="--platform"),
        )


@pytest.mark.parametrize("role", ROLES)
def test_offline_sends_nothing_to_the_internet(role: str) -> None:
    checks = planned(role, offline=True, proxy="p", beyond_page=True)
    for check in checks.values():
        if check.internet:
            assert check.skip in ("CONDITION_FALSE", "RETIRED"), check.id
            assert check.endpoint is None
        elif check.endpoint is not None:
            assert not check.endpoint.host.endswith((".com", ".eu"))
    assert any(check.internet for check in checks.values()) is (
        role in ("agent", "bridge", "server", "mdc", "mobile-device")
    )


def test_beyond_the_page_is_off_and_never_required() -> None:
    more = {
        name: check
        for name, check in planned("server", beyond_page=True, appliance=True, domain_controller="dc").items()
        if check.beyond_page
    }
    assert {
        "server.listen.tcp-9443.api",
        "server.dc.tcp-636",
        "server.listen.tcp-10000.webmin",
        "server.licence.tcp-443",
        "server.update.tcp-80",
    } <= set(more)
    assert not any(check.required for check in more.values())
    assert "server.licence.tcp-443" not in planned("server")


@pytest.mark.parametrize(
    "changed", [{"beyond_page": True}, {"retired": "history"}, {"optional_when": {"server": True}}, {"required": False}]
)
def test_no_profile_can_make_such_a_row_required(changed: dict[str, Any]) -> None:
    profile, _ = load_profile("agent")
    one = msgspec.structs.replace(profile.requirement[0], optional_when={})
    site = site_of(("", GIVEN["agent"]))

    def required(row: Requirement) -> bool:
        (check,) = planning.plan([msgspec.structs.replace(profile, requirement=[row])], site).checks
        return check.required

    assert required(one)
    assert not required(msgspec.structs.replace(one, **changed))


@pytest.mark.parametrize("role", ["rdsensor", "deploy-source"])
def test_what_is_never_required(role: str) -> None:
    for check in planned(role).values():
        assert check.required is (role == "deploy-source" and check.transport is Transport.TCP), check.id


# --- repeats and groups ---


def test_each_target_has_its_own_rows_and_its_own_group() -> None:
    checks = planned("deploy-source", target=["pc7", "pc8.corp.local"])
    assert len(checks) == 10
    for host in ("pc7", "pc8.corp.local"):
        path = checks[f"deploy-source.target@{host}.tcp-445"]
        assert (path.target, path.value, endpoint(path).host) == (host, host, host)
        assert path.group == Group(f"smb-path@{host}", "any", 0)
        assert checks[f"deploy-source.target@{host}.tcp-139"].group == Group(f"smb-path@{host}", "any", 1)


def test_the_admin_share_needs_credentials_and_is_never_lost_in_a_group() -> None:
    name = "deploy-source.target@pc7.tcp-445.admin-share"
    without = planned("deploy-source")[name]
    assert (without.skip, without.required, without.group, without.required_proof) == (
        "SMB_NEEDS_CREDENTIALS",
        True,
        None,
        Proof.AUTHORISED,
    )
    checks = planned("deploy-source", credentials_given=True)
    assert endpoint(checks[name]).session == "admin-share"
    assert endpoint(checks[name]) != endpoint(checks["deploy-source.target@pc7.tcp-445"]), (
        "a log-on is no evidence of the row without one"
    )


def test_combined_roles_ask_the_same_endpoint_once() -> None:
    site = site_of(("", {"server": "s"}))
    plan = planning.plan([load_profile(role)[0] for role in ("agent", "bridge", "mdc")], site)
    assert plan.roles == ["agent", "bridge", "mdc"]
    assert len({check.endpoint for check in plan.checks if check.id.endswith("server.tcp-2222")}) == 1
    assert len({check.id for check in plan.checks}) == len(plan.checks)


# --- required proof ---


def test_a_certification_authority_raises_what_the_sites_own_tls_must_prove() -> None:
    for role, name in (("agent", "agent.server.tcp-2222"), ("webconsole", "webconsole.server.tcp-2223"), ("mobile-device", "mobile-device.mdc.tcp-9980"),
                       ("mobile-device", "mobile-device.mdc.tcp-9981")):  # fmt: skip
        assert planned(role)[name].required_proof is Proof.TLS
        assert planned(role, ca_given=True)[name].required_proof is Proof.PRODUCT
    assert (
        planned("agent", proxy="p", ca_given=True)["agent.proxy.tcp-3128.connect-server"].required_proof
        is Proof.PRODUCT
    )
    assert planned("agent", ca_given=True)["agent.push.tcp-8883"].required_proof is Proof.PROTOCOL
    assert planned("server", ca_given=True)["server.listen.tcp-2222"].required_proof is Proof.ACCEPTS


# --- selection ---


def test_only_and_skip_are_globs_on_ids_and_every_row_stays() -> None:
    checks = planned("agent", only=("agent.push.*", "*.tcp-2222"), skip=("*.tcp-443",))
    assert running(checks) == {"agent.push.tcp-8883", "agent.server.tcp-2222"}
    left = checks["agent.push.tcp-443"]
    assert (left.skip, left.endpoint) == ("NOT_SELECTED", None)
    assert running(planned("agent", only=("AGENT.*",))) == set(), "case matters"


def test_a_deselected_row_is_not_unproven_for_what_it_lacks() -> None:
    checks = planned("server", appliance=True, only=("server.push.*",))
    assert checks["server.dc.udp-88"].skip == "NOT_SELECTED"
    assert checks["server.dc.udp-88"].skip_params is NO_PARAMS
    assert checks["server.database.tcp-1433"].skip == "CONDITION_FALSE", "what does not apply was not deselected"
    assert planned("mdc", skip=("*",))["mdc.apns.tcp-2195"].skip == "RETIRED"


def test_what_nobody_has_built_says_so_where_it_would_dial() -> None:
    checks = planned("agent", built=lambda name: name != "mqtt")
    assert (checks["agent.push.tcp-8883"].skip, checks["agent.push.tcp-8883"].skip_params) == (
        "NOT_BUILT",
        SkipParams(protocol="mqtt"),
    )
    assert checks["agent.push.tcp-8883"].endpoint is None
    assert checks["agent.push.tcp-8883"].required
    assert "bridge.listen.tcp-3128" in running(planned("bridge", built=lambda _: False)), (
        "a row that listens speaks nothing"
    )


# --- what stops a plan ---


@pytest.mark.parametrize(
    ("role", "option"),
    [
        ("agent", "--server"),
        ("webconsole", "--server"),
        ("mdc", "--server"),
        ("deploy-source", "--target"),
        ("rdsensor", "--target"),
        ("mobile-device", "--mdc"),
    ],
)
def test_a_missing_value_names_its_option(role: str, option: str) -> None:
    profile, _ = load_profile(role)
    (line,) = planning.missing([profile], site_of())
    assert line.startswith(f"role {role} needs {option}: ")
    assert planning.missing([profile], site_of(("", GIVEN[role]))) == []


@pytest.mark.parametrize("role", ["bridge", "deploy-target", "server"])
def test_roles_that_need_nothing(role: str) -> None:
    assert planning.missing([load_profile(role)[0]], site_of()) == []


def test_two_profiles_of_one_role_stop_it() -> None:
    mine = Profile("bridge", "Mine", "1", "S")
    assert planning.missing([load_profile("bridge")[0], mine], site_of()) == [
        "role bridge: 2 profiles give it, their check ids would be the same"
    ]
