"""The text of iptables-save, by what its rules then do with a flow; the same listings are put to the kernel in
test_firewall_live.py."""

from typing import Any

import pytest

from eset_portcheck.packet_filter.evaluation import predict
from eset_portcheck.packet_filter.flow import Flow
from eset_portcheck.packet_filter.readers import iptables
from eset_portcheck.packet_filter.ruleset import Ruleset

IN = Flow("in", "ipv4", "tcp", 2222, source=("10.9.8.2",), destination=("10.9.8.1",), interface="eth0")


def filtering(*rules: str, policy: str = "DROP", table: str = "filter", hook: str = "INPUT") -> str:
    return "\n".join(
        [f"*{table}", f":{hook} {policy} [0:0]", ":MINE - [0:0]", *(f"-A {rule}" for rule in rules), "COMMIT"]
    )


def asked(text: str, flow: Flow = IN, family: str = "ip") -> Any:
    return predict(Ruleset(iptables.converted(text, family)), flow)


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ("-p tcp -m tcp --dport 2222", "allow"),
        ("-p tcp -m tcp --dport 2223", "drop"),
        ("-p tcp -m tcp --dport 2000:2300", "allow"),
        ("-p tcp -m tcp --dport 2223:", "drop"),
        ("-p tcp -m tcp --dport :2222", "allow"),
        ("-p tcp -m tcp ! --dport 2222", "drop"),
        ("-p tcp -m multiport --dports 80,443,2222", "allow"),
        ("-p tcp -m multiport --dports 80,443", "drop"),
        ("-p udp -m udp --dport 2222", "drop"),
        ("-p all", "allow"),
        ("-p 6", "allow"),
        ("-s 10.9.8.0/24", "allow"),
        ("-s 10.9.8.0/255.255.255.0", "cannot-tell"),
        ("-s 10.9.9.0/24", "drop"),
        ("! -s 10.9.8.2", "drop"),
        ("-d 10.9.8.1/32", "allow"),
        ("-i eth0", "allow"),
        ("-i eth+", "allow"),
        ("-i wlan+", "drop"),
        ("-i ens+", "drop"),
        ("! -i eth0", "drop"),
        ("-m iprange --src-range 10.9.8.1-10.9.8.9", "allow"),
        ("-m iprange --src-range 10.9.8.3-10.9.8.9", "drop"),
        ("-m iprange --dst-range 10.9.8.1", "allow"),
        ("-m addrtype --dst-type LOCAL", "allow"),
        ("-m addrtype --dst-type UNICAST", "drop"),
        ("-m addrtype --src-type LOCAL", "drop"),
        ("-p tcp -m tcp --tcp-flags ALL NONE", "drop"),
        ("-p tcp -m tcp --tcp-flags SYN", "cannot-tell"),
        ("-m conntrack --ctstate DNAT", "drop"),
        ("-m conntrack --ctstate SNAT", "cannot-tell"),
        ("-m conntrack --ctstate RELATED,SNAT", "cannot-tell"),
        ("-m string --string x --algo bm", "cannot-tell"),
        ('-m comment --comment "-j DROP"', "allow"),
        ("-m comment --comment -x", "allow"),
        ('-m comment --comment "odd', "allow"),
        ("-m recent --name x --set", "cannot-tell"),
        ("--unknown-option x", "cannot-tell"),
        ("-p tcp -m tcp --dport name", "cannot-tell"),
    ],
)
def test_what_an_option_lets_in(options: str, verdict: str) -> None:
    """An accept of these alone, where everything else of the flow passes and the policy drops."""
    rules = filtering("INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT", f"INPUT {options} -j ACCEPT")
    assert asked(rules).verdict == verdict


@pytest.mark.parametrize(
    ("rules", "policy", "verdict", "rule"),
    [
        (["INPUT -j DROP"], "ACCEPT", "drop", "drop"),
        (
            ["INPUT -j REJECT --reject-with icmp-port-unreachable"],
            "ACCEPT",
            "reject",
            "reject with icmp-port-unreachable",
        ),
        (["INPUT -j REJECT"], "ACCEPT", "reject", "reject"),
        (["INPUT -j MINE"], "DROP", "drop", "policy drop"),
        (["INPUT -j MINE", "MINE -j ACCEPT"], "DROP", "allow", "accept"),
        (["INPUT -j MINE", "MINE -j RETURN", "MINE -j DROP"], "ACCEPT", "allow", "policy accept"),
        (["INPUT -g MINE", "INPUT -j ACCEPT", "MINE -p udp -j ACCEPT"], "DROP", "drop", "policy drop"),
        (["INPUT -j MINE", "INPUT -j ACCEPT", "MINE -p udp -j ACCEPT"], "DROP", "allow", "accept"),
        (['INPUT -j LOG --log-prefix "x "', "INPUT -j ACCEPT"], "DROP", "allow", "accept"),
        (["INPUT -j NFQUEUE --queue-num 0"], "ACCEPT", "cannot-tell", 'queue {"text": "NFQUEUE --queue-num 0"}'),
        (["INPUT -j SOMETHING --new"], "ACCEPT", "cannot-tell", "xt target SOMETHING"),
        (["INPUT -j NOWHERE"], "ACCEPT", "cannot-tell", "chain not found"),
        (["INPUT"], "ACCEPT", "allow", "policy accept"),
    ],
)
def test_targets(rules: list[str], policy: str, verdict: str, rule: str) -> None:
    told = asked(filtering(*rules, policy=policy))
    assert (told.verdict, told.rule) == (verdict, rule)


@pytest.mark.parametrize(
    ("table", "hook", "kind", "priority"),
    [
        ("raw", "PREROUTING", "filter", -300),
        ("mangle", "PREROUTING", "filter", -150),
        ("filter", "INPUT", "filter", 0),
        ("security", "OUTPUT", "filter", 50),
        ("nat", "PREROUTING", "nat", -100),
        ("nat", "POSTROUTING", "nat", 100),
        ("nat", "INPUT", "nat", 100),
        ("of-somebody", "INPUT", "filter", 0),
    ],
)
def test_tables_stand_where_the_kernel_has_them(table: str, hook: str, kind: str, priority: int) -> None:
    objects = iptables.converted(filtering(table=table, hook=hook), "ip", " (legacy)")
    assert objects[0]["chain"]["prio"] == priority
    (base,) = Ruleset(objects).bases
    assert (base.key, base.kind, base.hook, base.priority, base.policy) == (
        ("ip", f"{table} (legacy)", hook),
        kind,
        hook.lower(),
        priority,
        "drop",
    )


@pytest.mark.parametrize(
    ("rule", "tracked"),
    [
        ("PREROUTING -j CT --notrack", False),
        ("PREROUTING -j NOTRACK", False),
        ("PREROUTING -j CT --helper ftp", True),
        ("PREROUTING -p udp -j CT --notrack", True),
    ],
)
def test_packets_that_are_not_tracked_are_in_no_state(rule: str, tracked: bool) -> None:
    """Every packet of the flow meets the rule that asks for a state: the later ones are as untracked as the first."""
    raw = filtering(rule, table="raw", hook="PREROUTING", policy="ACCEPT")
    states = filtering("INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT")
    assert asked(f"{raw}\n{states}").verdict == ("allow" if tracked else "drop")
    either = filtering(
        "INPUT -p tcp --syn -j ACCEPT".replace("--syn", "-m tcp --tcp-flags SYN,ACK SYN"),
        "INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
    )
    told = asked(f"{raw}\n{either}")
    assert (told.verdict, told.packet) == (("allow", "") if tracked else ("drop", "rest"))


@pytest.mark.parametrize(
    ("raw", "verdict", "packet"),
    [
        ("PREROUTING -j NOTRACK", "drop", "rest"),
        ("PREROUTING -p udp -j NOTRACK", "allow", ""),
        ("PREROUTING -m recent --name x -j NOTRACK", "cannot-tell", "rest"),
    ],
)
def test_what_goes_back_on_an_untracked_flow_is_established_for_nobody(raw: str, verdict: str, packet: str) -> None:
    """The SYN-ACK passes by its flags; everything behind it only where conntrack knows the connection."""
    untracking = filtering(raw, table="raw", hook="PREROUTING", policy="ACCEPT")
    outward = filtering(
        "OUTPUT -p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -j ACCEPT",
        "OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
        hook="OUTPUT",
    )
    told = asked(f"{untracking}\n{outward}")
    assert (told.verdict, told.packet) == (verdict, packet)


def test_neighbour_discovery_is_read_by_its_numbers() -> None:
    flow = Flow("in", "ipv6", "tcp", 2222, source=("fd99::2",), destination=("fd99::1",), interface="eth0")
    rules = ["INPUT -p tcp -j ACCEPT", "INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT"]
    answers = "INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136/0 -j ACCEPT"
    assert asked(filtering(*rules), flow, "ip6").verdict == "allow"
    outward = Flow("out", "ipv6", "tcp", 2222, source=("fd99::1",), destination=("fd99::2",), interface="eth0")
    assert asked(filtering(*rules), outward, "ip6").verdict == "cannot-tell"
    assert asked(filtering(*rules, answers), outward, "ip6").verdict == "allow"
