"""Rows of this machine: owner, bind address, firewall, phase."""

from typing import Any

import msgspec
import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.loading.reports import ReportFileError, parsed
from eset_portcheck.model.host import Host, Interface, Listening, LocalFirewall
from eset_portcheck.model.vocabulary import Direction, Listener, Phase, Proof, Transport
from eset_portcheck.packet_filter.flow import Prediction
from eset_portcheck.packet_filter.predictions import overall
from tests.unit.rows import row
from tests.unit.sample_reports import load

SERVER = "/opt/eset/RemoteAdministrator/Server/ERAServer"


def read(**told: Any) -> LocalFirewall:
    return msgspec.convert(told, LocalFirewall)


ALLOW = read(state="readable", predictions={"in/tcp/2222": {"verdict": "allow"}})


def holder(
    address: str = "0.0.0.0",
    port: int = 2222,
    path: str | None = SERVER,
    pid: int | None = 7,
    name: str | None = "ERAServer",
    transport: str = "tcp",
    **more: Any,
) -> Listening:
    return Listening(transport, address, port, pid, name, path, **more)


def judged(host: Host, phase: Phase = Phase.POST, **changed: Any) -> Any:
    values = {
        "id": "server.listen.tcp-2222",
        "role": "server",
        "direction": Direction.INBOUND,
        "target": "this-host",
        "target_key": "listen",
        "required": Proof.ACCEPTS,
        "trust": None,
    }
    return diagnose([row(**values | changed)], host, phase)[0][0]


@pytest.mark.parametrize(
    ("listeners", "firewall", "phase", "verdict", "reason"),
    [
        ([holder()], ALLOW, Phase.POST, "pass", "PORT_HELD_BY_PRODUCT"),
        ([holder()], read(state="not-read"), Phase.POST, "unproven", "REACH_NOT_TESTED"),
        (
            [holder()],
            read(predictions={"in/tcp/2222": {"verdict": "cannot-tell"}}),
            Phase.POST,
            "unproven",
            "REACH_NOT_TESTED",
        ),
        ([holder()], read(predictions={"in/tcp/2222": {"verdict": "drop"}}), Phase.POST, "fail", "INBOUND_FILTERED"),
        ([holder()], read(predictions={"in/tcp/2222": {"verdict": "reject"}}), Phase.POST, "fail", "INBOUND_FILTERED"),
        ([], ALLOW, Phase.POST, "fail", "PORT_NOT_LISTENING"),
        ([], ALLOW, Phase.PRE, "pass", "PORT_FREE"),
        ([], read(state="not-read"), Phase.PRE, "unproven", "REACH_NOT_TESTED"),
        ([], ALLOW, Phase.AUTO, "pass", "PORT_FREE"),
        ([holder("127.0.0.1")], ALLOW, Phase.POST, "fail", "LISTENS_LOOPBACK_ONLY"),
        ([holder("::1"), holder("127.0.0.1")], ALLOW, Phase.POST, "fail", "LISTENS_LOOPBACK_ONLY"),
        ([holder(path="/usr/sbin/sshd", name="sshd")], ALLOW, Phase.POST, "fail", "PORT_IN_USE_BY_OTHER"),
        ([holder(path="/usr/sbin/sshd", name="sshd")], ALLOW, Phase.PRE, "fail", "PORT_IN_USE_BY_OTHER"),
        ([holder(path=None, name=None, pid=None)], ALLOW, Phase.POST, "unproven", "OWNER_NOT_VISIBLE"),
        ([holder(port=2223)], ALLOW, Phase.POST, "fail", "PORT_NOT_LISTENING"),
    ],
)
def test_the_table(
    listeners: list[Listening], firewall: LocalFirewall, phase: Phase, verdict: str, reason: str
) -> None:
    told = judged(Host(listeners=listeners, firewall=firewall), phase)
    assert (told.verdict, told.reason) == (verdict, reason)
    if reason == "REACH_NOT_TESTED":
        assert "REACH_NOT_TESTED" in [finding.reason for finding in told.findings]


@pytest.mark.parametrize("phase", [Phase.PRE, Phase.AUTO])
def test_a_port_is_not_free_while_a_connection_has_it_as_its_own(phase: Phase) -> None:
    client = holder("10.0.0.7", path="/usr/bin/curl", name="curl")
    told = judged(Host(outgoing=[client], firewall=ALLOW), phase)
    assert (told.verdict.value, told.reason, told.where.process.bind) == ("fail", "PORT_IN_USE_BY_OTHER", "connection")
    elsewhere = [holder(port=2223), holder(transport="udp")]
    assert judged(Host(outgoing=elsewhere, firewall=ALLOW), phase).reason == "PORT_FREE"


@pytest.mark.parametrize(
    ("phase", "products", "expected"),
    [
        (Phase.AUTO, [], ["server"]),
        (Phase.AUTO, [{"component": "server"}], []),
        (Phase.AUTO, [{"component": "agent"}], ["server"]),
        (Phase.PRE, [], []),
        (Phase.POST, [], []),
    ],
)
def test_a_component_that_auto_did_not_find_is_told(
    phase: Phase, products: list[dict[str, Any]], expected: list[str]
) -> None:
    host = Host(eset_products=products, firewall=ALLOW)
    here = row(id="server.listen.tcp-2222", role="server", direction=Direction.INBOUND, target="this-host")
    skipped = row(id="x.y.tcp-1", direction=Direction.INBOUND, listener=Listener.BRIDGE, reason="CONDITION_FALSE")
    assert diagnose([here, skipped, row()], host, phase)[2].not_installed == expected


def test_auto_follows_what_is_installed() -> None:
    told = judged(Host(eset_products=[{"component": "server"}], firewall=ALLOW), Phase.AUTO)
    assert (told.verdict, told.reason) == ("fail", "PORT_NOT_LISTENING")


def test_the_operating_systems_own_ports_are_no_conflict() -> None:
    smb = {"id": "deploy-target.listen.tcp-445", "port": 445, "listener": Listener.FOREIGN, "protocol": "smb"}
    allow = read(predictions={"in/tcp/445": {"verdict": "allow"}})
    for phase in Phase:
        for one in (
            holder(port=445, path=None, name="System", pid=4),
            holder(port=445, path="/usr/sbin/smbd", name="smbd"),
        ):
            assert judged(Host(listeners=[one], firewall=allow), phase, **smb).reason == "PORT_HELD_BY_PRODUCT"
        other = judged(Host(listeners=[holder(port=445, path="/usr/bin/nc", name="nc")], firewall=allow), phase, **smb)
        assert other.reason == "PORT_IN_USE_BY_OTHER"


def test_a_program_that_only_calls_itself_so_is_not_the_system() -> None:
    smb = {"id": "deploy-target.listen.tcp-445", "port": 445, "listener": Listener.FOREIGN, "protocol": "smb"}
    allow = read(predictions={"in/tcp/445": {"verdict": "allow"}})
    for one, reason in (
        (holder(port=445, path="/tmp/smbd", name="smbd"), "OWNER_UNEXPECTED"),
        (holder(port=445, path=r"C:\Windows\System32\svchost.exe", name="svchost.exe"), "PORT_HELD_BY_PRODUCT"),
        (holder(port=445, path=None, name="smbd"), "PORT_HELD_BY_PRODUCT"),
        (holder(port=445, path="/usr/bin/nc", name="nc", pid=4), "PORT_IN_USE_BY_OTHER"),
    ):
        assert judged(Host(listeners=[one], firewall=allow), **smb).reason == reason


def test_ports_for_this_host_only() -> None:
    inside = {
        "id": "mdc.internal.tcp-9977",
        "port": 9977,
        "direction": Direction.LOCAL,
        "listener": Listener.MDC,
        "protocol": "tcp",
    }
    path = "/opt/eset/RemoteAdministrator/MDMCore/mdmcore"
    assert judged(Host(listeners=[holder("127.0.0.1", 9977, path)]), **inside).verdict == "pass"
    shown = judged(Host(listeners=[holder("127.0.0.1", 9977, path), holder("0.0.0.0", 9977, path)]), **inside)
    assert (shown.verdict, shown.reason, shown.findings[0].params.as_table()) == (
        "warn",
        "LISTENS_BEYOND_LOOPBACK",
        {"addresses": ["0.0.0.0"]},
    )
    assert judged(Host(), **inside).reason == "PORT_NOT_LISTENING"
    assert judged(Host(), Phase.PRE, **inside).verdict == "pass"


def test_what_could_not_be_read_is_not_free() -> None:
    told = judged(Host(capabilities={"unread": {"listeners": "AccessDenied"}}, firewall=ALLOW), Phase.PRE)
    assert (told.verdict, told.reason) == ("unproven", "OWNER_NOT_VISIBLE")


def test_a_udp_listener_is_no_tcp_listener() -> None:
    told = judged(Host(listeners=[holder(transport="udp")], firewall=ALLOW))
    assert told.reason == "PORT_NOT_LISTENING"
    assert Transport.UDP == "udp"


def test_tomcat_in_a_machine_of_its_own_is_plausible_and_no_more() -> None:
    console = {"id": "webconsole.listen.tcp-443", "port": 443, "listener": Listener.WEBCONSOLE, "protocol": "tls"}
    allow = read(predictions={"in/tcp/443": {"verdict": "allow"}})
    told = judged(
        Host(listeners=[holder(port=443, path="/usr/lib/jvm/java-17/bin/java", name="java")], firewall=allow), **console
    )
    assert (told.verdict, told.reason) == ("warn", "OWNER_UNEXPECTED")


CONSOLE = {"id": "webconsole.listen.tcp-443", "port": 443, "listener": Listener.WEBCONSOLE, "protocol": "tls"}
ALLOW_443 = read(predictions={"in/tcp/443": {"verdict": "allow"}})
INSTALLED = [{"component": "webconsole", "path": "/var/lib/tomcat9/webapps/era"}]
WINDOWS_CONSOLE = [
    {"component": "webconsole", "path": r"C:\Program Files\Apache Software Foundation\Tomcat9\webapps\era"}
]


# Another Tomcat.
# In front of it, perhaps.
@pytest.mark.parametrize(
    ("one", "products", "phase", "reason"),
    [
        (
            holder(port=443, path="/usr/bin/java", name="java", home="/var/lib/tomcat9"),
            INSTALLED,
            Phase.AUTO,
            "PORT_HELD_BY_PRODUCT",
        ),
        (
            holder(port=443, path="/usr/bin/java", name="java", home="/var/lib/tomcat9"),
            [],
            Phase.PRE,
            "PORT_IN_USE_BY_OTHER",
        ),
        (
            holder(port=443, path="/usr/bin/java", name="java", home="/var/lib/tomcat"),
            INSTALLED,
            Phase.AUTO,
            "PORT_IN_USE_BY_OTHER",
        ),
        (holder(port=443, path="/usr/bin/java", name="java"), INSTALLED, Phase.AUTO, "OWNER_UNEXPECTED"),
        (
            holder(
                port=443,
                path=r"C:\Program Files\Apache Software Foundation\Tomcat9\bin\Tomcat9.exe",
                name="Tomcat9.exe",
            ),
            WINDOWS_CONSOLE,
            Phase.AUTO,
            "PORT_HELD_BY_PRODUCT",
        ),
        (
            holder(
                port=443, path=r"C:\Program Files\Apache Software Foundation\Apache2.4\bin\httpd.exe", name="httpd.exe"
            ),
            [],
            Phase.POST,
            "PORT_IN_USE_BY_OTHER",
        ),
        (
            holder(port=443, path="/usr/sbin/nginx", name="nginx"),
            INSTALLED,
            Phase.AUTO,
            "OWNER_UNEXPECTED",
        ),
        (holder(port=443, path="/usr/sbin/nginx", name="nginx"), INSTALLED, Phase.PRE, "PORT_IN_USE_BY_OTHER"),
        (holder(port=443, path=None, name="System", pid=4), [], Phase.POST, "PORT_IN_USE_BY_OTHER"),
        (holder(port=443, path=None, name=None, pid=None), INSTALLED, Phase.AUTO, "OWNER_NOT_VISIBLE"),
    ],
)
def test_only_the_tomcat_that_holds_the_console_is_the_product(
    one: Listening, products: list[Any], phase: Phase, reason: str
) -> None:
    assert judged(Host(listeners=[one], firewall=ALLOW_443, eset_products=products), phase, **CONSOLE).reason == reason


@pytest.mark.parametrize(
    ("one", "phase", "verdict", "reason"),
    [
        # a name without a path proves nothing of the product, and nothing against it
        (holder(path=None, name="ERAServer.exe"), Phase.POST, "unproven", "OWNER_NOT_VISIBLE"),
        (holder(path=None, name="sshd.exe"), Phase.POST, "fail", "PORT_IN_USE_BY_OTHER"),
        (
            holder(path="/home/me/opt/eset/RemoteAdministrator/Server/x", name="x"),
            Phase.POST,
            "fail",
            "PORT_IN_USE_BY_OTHER",
        ),
        # a container's port may be the product's
        (holder(path="/usr/bin/docker-proxy", name="docker-proxy"), Phase.AUTO, "unproven", "OWNER_NOT_VISIBLE"),
        (holder(path="/usr/bin/docker-proxy", name="docker-proxy"), Phase.PRE, "fail", "PORT_IN_USE_BY_OTHER"),
        # hidden or not: on loopback alone nobody else gets in
        (holder("127.0.0.1", path=None, name=None, pid=None), Phase.POST, "fail", "LISTENS_LOOPBACK_ONLY"),
        (holder("127.0.0.1", path=None, name=None, pid=None), Phase.PRE, "unproven", "OWNER_NOT_VISIBLE"),
        (holder("::ffff:127.0.0.1"), Phase.POST, "fail", "LISTENS_LOOPBACK_ONLY"),
    ],
)
def test_what_is_not_seen_is_not_claimed(one: Listening, phase: Phase, verdict: str, reason: str) -> None:
    told = judged(Host(listeners=[one], firewall=ALLOW), phase)
    assert (told.verdict, told.reason) == (verdict, reason)


def test_half_hidden_is_hidden() -> None:
    told = judged(Host(listeners=[holder(), holder("::", path=None, name=None, pid=None, user="eset")], firewall=ALLOW))
    assert (told.verdict, told.reason, told.findings[0].params.user) == ("unproven", "OWNER_NOT_VISIBLE", "eset")


def test_a_hidden_owner_behind_a_closed_firewall_fails_all_the_same() -> None:
    closed = read(predictions={"in/tcp/2222": {"verdict": "drop", "rule": "x"}})
    told = judged(Host(listeners=[holder(path=None, name=None, pid=None)], firewall=closed))
    assert (told.verdict, told.reason) == ("fail", "INBOUND_FILTERED")


DUAL = [Interface("eth0", ["10.1.1.1", "fd00::1", "fe80::1%eth0"])]


@pytest.mark.parametrize(
    ("holders", "bind", "verdict", "finding"),
    [
        ([holder("0.0.0.0")], "ipv4", "pass", "LISTENS_IPV4_ONLY"),
        ([holder("::", v6only=False)], "all", "pass", None),
        ([holder("::", v6only=True)], "ipv6", "warn", "LISTENS_IPV6_ONLY"),
        ([holder("::")], "ipv6-at-least", "pass", None),
        ([holder("::", v6only=True), holder("0.0.0.0")], "all", "pass", None),
        ([holder("10.1.1.1"), holder("127.0.0.1")], "address", "pass", None),
    ],
)
def test_families_are_told_apart(holders: list[Listening], bind: str, verdict: str, finding: str | None) -> None:
    told = judged(Host(listeners=holders, firewall=ALLOW, interfaces=DUAL))
    assert told.where.process.bind == bind
    assert told.verdict == verdict
    assert [one.reason for one in told.findings] == ([finding] if finding else [])
    alone = Host(listeners=holders, firewall=ALLOW, interfaces=[Interface("lo", ["127.0.0.1", "::1"])])
    assert judged(alone).findings == []


def test_reserved_ports() -> None:
    assert judged(Host(firewall=ALLOW, reserved_ports={"tcp": [(2200, 2300)]}), Phase.PRE).reason == "PORT_RESERVED"
    assert judged(Host(firewall=ALLOW, reserved_ports={"udp": [(2200, 2300)]}), Phase.PRE).reason == "PORT_FREE"
    unread = Host(firewall=ALLOW, capabilities={"unread": {"reserved_ports": "OSError"}})
    assert (judged(unread, Phase.PRE).verdict, judged(unread, Phase.PRE).reason) == ("unproven", "REACH_NOT_TESTED")


def test_two_holders_are_two_causes() -> None:
    other = {"id": "server.listen.tcp-2223", "port": 2223}
    values = {
        "role": "server",
        "direction": Direction.INBOUND,
        "target": "this-host",
        "target_key": "listen",
        "required": Proof.ACCEPTS,
        "trust": None,
    }
    rows = [row(**values | {"id": "server.listen.tcp-2222"}), row(**values | other)]
    holders = [holder(path="/usr/sbin/sshd", name="sshd"), holder(port=2223, path="/usr/bin/nc", name="nc", pid=8)]
    judged_rows, causes, _ = diagnose(rows, Host(listeners=holders), Phase.POST)
    assert [one.where.process.name for one in causes] == ["sshd", "nc"]
    assert judged_rows[0].findings[0].params.known == "sshd"


def test_a_component_that_listens_elsewhere_says_where() -> None:
    moved = Host(eset_products=[{"component": "server", "listens": ["tcp/2300"]}], firewall=ALLOW)
    told = judged(moved, Phase.AUTO)
    assert (told.reason, told.findings[0].params.listens) == ("PORT_NOT_LISTENING", ["tcp/2300"])


def ways(**verdicts: str) -> LocalFirewall:
    """A prediction with one way of each family."""
    told = [
        {"family": family, "verdict": verdict, "rule": f"rule of {family}", "table": "inet t", "chain": "c"}
        for family, verdict in verdicts.items()
    ]
    return read(
        state="readable",
        predictions={"in/tcp/2222": {"verdict": "cannot-tell", "rule": "whichever", "ways": told}},
    )


@pytest.mark.parametrize(
    ("verdicts", "address", "verdict", "reason"),
    [
        ({"ipv4": "allow", "ipv6": "allow"}, "::", "pass", "PORT_HELD_BY_PRODUCT"),
        ({"ipv4": "allow", "ipv6": "drop"}, "::", "warn", "INBOUND_IPV4_ONLY"),
        ({"ipv4": "allow", "ipv6": "cannot-tell"}, "::", "warn", "INBOUND_IPV4_ONLY"),
        ({"ipv4": "cannot-tell", "ipv6": "allow"}, "::", "unproven", "REACH_NOT_TESTED"),
        ({"ipv4": "drop", "ipv6": "allow"}, "::", "warn", "INBOUND_IPV6_ONLY"),
        ({"ipv4": "drop", "ipv6": "reject"}, "::", "fail", "INBOUND_FILTERED"),
        ({"ipv4": "cannot-tell", "ipv6": "drop"}, "::", "unproven", "REACH_NOT_TESTED"),
        ({"ipv4": "drop", "ipv6": "allow"}, "0.0.0.0", "fail", "INBOUND_FILTERED"),
        ({"ipv4": "allow", "ipv6": "drop"}, "0.0.0.0", "pass", "PORT_HELD_BY_PRODUCT"),
        ({"ipv4": "nonsense", "ipv6": "nonsense"}, "::", "unproven", "REACH_NOT_TESTED"),
    ],
)
def test_each_family_is_let_in_by_rules_of_its_own(
    verdicts: dict[str, str], address: str, verdict: str, reason: str
) -> None:
    told = judged(
        Host(listeners=[holder(address, v6only=False if address == "::" else None)], firewall=ways(**verdicts))
    )
    assert (told.verdict, told.reason) == (verdict, reason)
    other = next((one for one in told.findings if one.reason.startswith("INBOUND_IPV")), None)
    assert (other is not None) == (verdict == "warn")
    if other is not None:
        assert other.params.as_table() == {
            "rule": f"rule of {'ipv6' if reason == 'INBOUND_IPV4_ONLY' else 'ipv4'}",
            "table": "inet t",
            "chain": "c",
        }


@pytest.mark.parametrize(
    "odd",
    [
        5,
        "x",
        [],
        {"in/tcp/2222": "allow"},
        {"in/tcp/2222": {"verdict": ["allow"]}},
        {"in/tcp/2222": {"ways": [{"family": []}, 3], "verdict": "maybe"}},
    ],
)
def test_predictions_that_no_run_wrote_are_refused_with_their_place(odd: Any) -> None:
    plain = msgspec.to_builtins(load("ready"))
    plain["host"]["firewall"] = {"predictions": odd}
    with pytest.raises(ReportFileError, match=r"host\.firewall\.predictions"):
        parsed(msgspec.json.encode(plain), "file")


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {},
        {"in/tcp/2222": {}},
        {"in/tcp/2222": {"verdict": "maybe"}},
        {"in/tcp/2222": {"verdict": "allow", "ways": [{"family": "ipv4", "verdict": "maybe"}, {"verdict": "allow"}]}},
    ],
)
def test_predictions_of_a_foreign_report_prove_nothing(odd: Any) -> None:
    told = judged(Host(listeners=[holder()], firewall=read(predictions=odd)))
    assert (told.verdict, told.reason) == ("unproven", "REACH_NOT_TESTED")


@pytest.mark.parametrize(
    ("address", "verdict"), [("10.1.1.1", "pass"), ("172.17.0.1", "unproven"), ("fe80::1%eth0", "unproven")]
)
def test_an_address_that_only_this_machine_has_is_no_way_in(address: str, verdict: str) -> None:
    way = {
        "family": "ipv4",
        "interfaces": ["eth0"],
        "addresses": ["10.1.1.1"],
        "verdict": "allow",
        "rule": "no rule decides",
    }
    firewall = read(state="readable", predictions={"in/tcp/2222": {"verdict": "allow", "ways": [way]}})
    told = judged(Host(listeners=[holder(address)], firewall=firewall, interfaces=DUAL))
    assert (told.verdict, told.reason) == (verdict, "PORT_HELD_BY_PRODUCT" if verdict == "pass" else "REACH_NOT_TESTED")


def of_family(*verdicts: str, family: str = "ipv4") -> LocalFirewall:
    """Several ways of one family, an address each."""
    told = [
        {"family": family, "verdict": one, "rule": f"rule {n}", "addresses": [f"10.1.1.{n}"]}
        for n, one in enumerate(verdicts)
    ]
    return read(
        state="readable",
        predictions={"in/tcp/2222": {"verdict": "allow", "rule": "whichever", "ways": told}},
    )


# Open by one address only: nobody knows which one clients take.
@pytest.mark.parametrize(
    ("verdicts", "verdict", "reason", "rule"),
    [
        (("allow", "allow"), "pass", "PORT_HELD_BY_PRODUCT", None),
        (("drop", "reject"), "fail", "INBOUND_FILTERED", "rule 0"),
        (
            ("allow", "drop"),
            "unproven",
            "REACH_NOT_TESTED",
            "rule 1",
        ),
        (("reject", "allow"), "unproven", "REACH_NOT_TESTED", "rule 0"),
        (("drop", "cannot-tell"), "unproven", "REACH_NOT_TESTED", "rule 1"),
        (("allow", "cannot-tell"), "unproven", "REACH_NOT_TESTED", "rule 1"),
    ],
)
def test_ways_of_one_family_must_agree(verdicts: tuple[str, ...], verdict: str, reason: str, rule: str | None) -> None:
    told = judged(Host(listeners=[holder()], firewall=of_family(*verdicts)))
    assert (told.verdict, told.reason) == (verdict, reason)
    assert next((one.params.rule for one in told.findings if one.reason == reason), None) == rule


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        (["allow", "allow"], ("allow", "rule 0")),
        (["drop", "reject"], ("drop", "rule 0")),
        (["allow", "drop"], ("cannot-tell", "rule 1")),
        (["reject", "allow"], ("cannot-tell", "rule 0")),
        (["drop", "cannot-tell"], ("cannot-tell", "rule 1")),
        (["allow", "cannot-tell"], ("cannot-tell", "rule 1")),
        (["allow", "drop", "cannot-tell"], ("cannot-tell", "rule 2")),
    ],
)
def test_one_prediction_of_several_ways(verdicts: list[str], told: tuple[str, str]) -> None:
    one = overall([Prediction(verdict, f"rule {number}") for number, verdict in enumerate(verdicts)])
    assert (one.verdict, one.rule) == told


def test_an_address_that_cannot_be_read_hides_no_other() -> None:
    odd = [Interface("eth0", ["nonsense", "fe80::1%eth0", "127.0.0.1", "10.1.1.1"])]
    told = judged(Host(listeners=[holder("::", v6only=True)], firewall=ALLOW, interfaces=odd))
    assert "LISTENS_IPV6_ONLY" in [one.reason for one in told.findings]
