"""Predictions from recorded rule sets; the same questions are put to a real kernel in test_firewall_live.py."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.packet_filter.evaluation import predict
from eset_portcheck.packet_filter.flow import Flow
from eset_portcheck.packet_filter.outline import outline
from eset_portcheck.packet_filter.readers import nft
from eset_portcheck.packet_filter.ruleset import Ruleset

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures/host/rulesets"
RULESETS = sorted(path for path in FIXTURES.iterdir() if path.suffix != ".json")
# what no reader of rules could know: quotas, unknown matches, clients' addresses
MADE_TO_BE_UNDECIDED = {
    "limits", "unknown-match", "sources", "bridge", "dormant", "marks", "rewritten", "arp", "no-neighbour-discovery",
}  # fmt: skip
DECIDING = {"accept", "jump", "goto", "vmap", "snat", "masquerade", "return"}
KEYS = st.sampled_from(
    [
        "match",
        "accept",
        "drop",
        "left",
        "right",
        "op",
        "payload",
        "meta",
        "key",
        "jump",
        "target",
        "vmap",
        "data",
        "set",
        "xt",
        "==",
        "in",
    ]
)
HOST = {"ipv4": "10.9.8.1", "ipv6": "fd99::1"}
PEER = {"ipv4": "10.9.8.2", "ipv6": "fd99::2"}


class Ask(NamedTuple):
    """One `# ask:` line of a rule set."""

    text: str
    direction: str
    family: str
    transport: str
    port: int
    known: bool
    interface: str | None
    to: str
    expected: str
    user: tuple[int, int] | None = None

    def flow(self) -> Flow:
        peer, host = PEER[self.family], HOST[self.family]
        if self.direction == "in":
            return Flow(
                "in", self.family, self.transport, self.port, (peer,) if self.known else (), (host,), self.interface
            )
        return Flow(
            "out", self.family, self.transport, self.port, (host,), (self.to or peer,), self.interface, self.user
        )


def asks(path: Path) -> list[Ask]:
    found = []
    for line in path.read_text().splitlines():
        asked = re.match(
            r"# ask: (in|out) (ipv[46]) (tcp|udp) (\d+)(?: (from peer|by any|to other|as root|as nobody))? -> ([a-z-]+)$",
            line,
        )
        assert asked or not line.startswith("# ask"), line
        if asked:
            direction, family, transport, port, special, expected = asked.groups()
            interface = None if special == "by any" else "eth0"
            other = "10.9.8.3" if special == "to other" else ""
            user = {"as root": (0, 0), "as nobody": (65534, 65534)}.get(special)
            found.append(
                Ask(
                    line[7:],
                    direction,
                    family,
                    transport,
                    int(port),
                    special == "from peer",
                    interface,
                    other,
                    expected,
                    user,
                )
            )
    return found


def recorded_objects(path: Path) -> list[dict[str, Any]]:
    return list(msgspec.json.decode(Path(f"{path}.json").read_bytes())["objects"])


def recorded(path: Path) -> Ruleset:
    return Ruleset(recorded_objects(path))


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: path.name)
def test_what_is_said_of_recorded_rules(path: Path) -> None:
    ruleset = recorded(path)
    told = {ask.text: predict(ruleset, ask.flow()) for ask in asks(path)}
    assert {text: one.verdict for text, one in told.items()} == {ask.text: ask.expected for ask in asks(path)}
    assert all(one.rule for one in told.values())


def test_nine_questions_in_ten_are_decided() -> None:
    """The share over all rule sets; each answer is tried against the kernel in test_firewall_live.py."""
    answers = [ask.expected for path in RULESETS for ask in asks(path)]
    ordinary = [ask.expected for path in RULESETS if path.stem not in MADE_TO_BE_UNDECIDED for ask in asks(path)]
    assert len(RULESETS) >= 20
    assert sum(one != "cannot-tell" for one in ordinary) >= 0.9 * len(ordinary), (len(answers), len(ordinary))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=12,
    )
)
def test_objects_of_any_shape_never_allow_by_accident(odd: object) -> None:
    chain = {
        "chain": {
            "family": "inet",
            "table": "t",
            "name": "c",
            "type": "filter",
            "hook": "input",
            "prio": 0,
            "policy": "drop",
        }
    }
    rule = {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": odd}}
    told = predict(Ruleset([chain, rule]), Flow("in", "ipv4", "tcp", 2222, destination=("10.9.8.1",)))
    accepts = isinstance(odd, list) and any(isinstance(one, dict) and set(one) & DECIDING for one in odd)
    assert told.verdict == "drop" or accepts or told.verdict == "cannot-tell"


def test_of_a_rule_that_iptables_did_not_write_its_word_is_not_taken() -> None:
    place = {"family": "ip", "table": "filter", "chain": "INPUT"}
    foreign = {"rule": {**place, "handle": 4, "expr": [{"xt": {"type": "match", "name": "string"}}, {"accept": None}]}}
    native = {
        "rule": {
            **place,
            "handle": 5,
            "expr": [{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": {"set": []}}}],
        }
    }
    told = [{"rule": {**place, "expr": [{"counter": None}]}}, {"rule": {**place, "expr": [{"accept": None}]}}]
    assert nft.mixed([foreign, native], told) == [told[0], native]
    assert nft.mixed([foreign, native], told[:1]) == [foreign, native]


def dropping(*matches: dict[str, Any]) -> Ruleset:
    """A chain of the input hook that accepts all but what `matches` ask for."""
    chain = {
        "chain": {
            "family": "ip",
            "table": "t",
            "name": "c",
            "type": "filter",
            "hook": "input",
            "prio": 0,
            "policy": "accept",
        }
    }
    return Ruleset([chain, {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [*matches, {"drop": None}]}}])


def among(field: str, right: Any) -> dict[str, Any]:
    return {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": field}}, "right": right}}


# One of the two intervals of clients lies wholly inside, the other outside.
@pytest.mark.parametrize(
    ("network", "length", "source", "verdict"),
    [
        (
            "128.0.0.0",
            1,
            "",
            "cannot-tell",
        ),
        ("0.0.0.0", 1, "", "cannot-tell"),
        ("10.0.0.0", 8, "", "cannot-tell"),
        ("0.0.0.0", 0, "", "drop"),
        ("240.0.0.0", 4, "", "allow"),  # nobody's
        ("128.0.0.0", 1, "10.9.8.2", "allow"),
        ("128.0.0.0", 1, "198.51.100.1", "drop"),
    ],
)
def test_a_rule_that_stops_some_of_the_clients_is_no_yes(network: str, length: int, source: str, verdict: str) -> None:
    rules = dropping(among("saddr", {"prefix": {"addr": network, "len": length}}))
    flow = Flow("in", "ipv4", "tcp", 2222, source=(source,) if source else (), destination=("10.9.8.1",))
    assert predict(rules, flow).verdict == verdict


def test_rules_told_again_keep_to_their_own_chain() -> None:
    """Chains with equal numbers of rules: what one of them says is nothing to the other."""

    def foreign(chain: str) -> dict[str, Any]:
        return {
            "rule": {
                "family": "ip",
                "table": "filter",
                "chain": chain,
                "expr": [{"xt": {"type": "match", "name": "x"}}, {"accept": None}],
            }
        }

    def again(chain: str, verdict: str) -> dict[str, Any]:
        return {"rule": {"family": "ip", "table": "filter", "chain": chain, "expr": [{verdict: None}]}}

    told = [foreign("INPUT"), foreign("OUTPUT")]
    saved = [again("OUTPUT", "drop"), again("INPUT", "accept")]
    assert nft.mixed(told, saved) == [saved[1], saved[0]]


def test_what_is_no_listing_is_told_and_a_table_that_cannot_be_listed_stands_in_the_way() -> None:
    assert nft.objects(b'{"nftables": [{"table": {}}, 5]}') == [{"table": {}}]
    with pytest.raises(msgspec.DecodeError):
        nft.objects(b"[]")
    told = predict(
        Ruleset(nft.unread("ip", "filter (legacy)", "timeout")),
        Flow("in", "ipv4", "tcp", 2222, destination=("10.9.8.1",)),
    )
    assert (told.verdict, told.table, told.chain) == ("cannot-tell", "ip filter (legacy)", "INPUT")
    assert "timeout" in told.rule


FLAGS = {"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, ["fin", "syn", "rst", "ack"]]}


@pytest.mark.parametrize(
    ("match", "verdict"),
    [
        ({"op": "==", "left": FLAGS, "right": "syn"}, "drop"),
        ({"op": "!=", "left": FLAGS, "right": "syn"}, "drop"),  # of the later packets
        ({"op": "==", "left": FLAGS, "right": ["syn", "rst"]}, "allow"),
        ({"op": "==", "left": FLAGS, "right": 0}, "allow"),
        ({"op": "==", "left": FLAGS, "right": {"set": ["rst", "syn"]}}, "drop"),
        ({"op": "==", "left": FLAGS, "right": {"set": ["rst", 0]}}, "allow"),
        ({"op": "<", "left": FLAGS, "right": {"set": ["rst", "syn"]}}, "cannot-tell"),
        ({"op": "<", "left": FLAGS, "right": "rst"}, "cannot-tell"),
        ({"op": "in", "left": FLAGS, "right": "rst"}, "allow"),
        ({"op": "in", "left": FLAGS, "right": ["rst", "syn"]}, "drop"),
        ({"op": "==", "left": FLAGS, "right": [5]}, "cannot-tell"),
    ],
)
def test_flags(match: dict[str, Any], verdict: str) -> None:
    assert (
        predict(dropping({"match": match}), Flow("in", "ipv4", "tcp", 2222, destination=("10.9.8.1",))).verdict
        == verdict
    )


def base(**changed: Any) -> dict[str, Any]:
    return {
        "chain": {"family": "ip", "table": "t", "name": "c", "type": "filter", "hook": "input", "prio": 0} | changed
    }


def test_a_chain_without_a_policy_accepts_and_one_that_is_missing_is_told() -> None:
    flow = Flow("in", "ipv4", "tcp", 2222, destination=("10.9.8.1",))
    told = predict(Ruleset([base()]), flow)
    assert (told.verdict, told.rule, told.table, told.chain) == ("allow", "policy accept", "ip t", "c")
    gone = {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"jump": {"target": "nowhere"}}]}}
    told = predict(Ruleset([base(policy="accept"), gone]), flow)
    assert (told.verdict, told.rule, told.table, told.chain, told.handle) == (
        "cannot-tell",
        "chain not found",
        "ip t",
        "nowhere",
        None,
    )


def test_the_outline_keeps_what_may_refuse_and_nothing_that_it_matches() -> None:
    def rule(chain: str, *statements: dict[str, Any]) -> dict[str, Any]:
        return {
            "rule": {
                "family": "ip",
                "table": "t",
                "chain": chain,
                "handle": 4,
                "comment": "secret",
                "expr": list(statements),
            }
        }

    to_web = {
        "vmap": {
            "key": {"payload": {"protocol": "tcp", "field": "dport"}},
            "data": {"set": [[80, {"goto": {"target": "web"}}], [81, {"drop": None}]]},
        }
    }
    objects = [
        {"table": {"family": "ip", "name": "t", "handle": 1}},
        base(policy="drop"),
        {"chain": {"family": "ip", "table": "t", "name": "web"}},
        {"chain": {"family": "ip", "table": "t", "name": "unused"}},
        rule("c", among("saddr", "10.1.2.3"), {"counter": {"packets": 9}}, {"drop": None}),
        rule("c", among("saddr", "10.1.2.4"), {"drop": None}),
        rule("c", to_web),
        rule("web", {"accept": None}),
        rule("web", {"reject": {"type": "icmp"}}),
        rule("unused", {"drop": None}),
    ]
    here = {"family": "ip", "table": "t"}
    assert outline(objects) == [
        {"table": {"family": "ip", "name": "t"}},
        base(policy="drop"),
        {"rule": {**here, "chain": "c", "expr": [{"drop": None}]}},
        {"rule": {**here, "chain": "c", "expr": [{"goto": {"target": "web"}}]}},
        {"chain": {**here, "name": "web"}},
        {"rule": {**here, "chain": "web", "expr": [{"reject": None}]}},
    ]


def test_the_outline_follows_a_named_map_to_every_chain_of_its_table() -> None:
    def chain(name: str, **more: Any) -> list[dict[str, Any]]:
        made = {"family": "ip", "table": "t", "name": name, **more}
        return [{"chain": made}, {"rule": {"family": "ip", "table": "t", "chain": name, "expr": [{"reject": None}]}}]

    by_map = {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"vmap": {"key": 1, "data": "@ports"}}]}}
    kept = outline([base(), by_map, *chain("web"), {"chain": {"family": "ip", "table": "other", "name": "web"}}])
    assert [one["chain"]["name"] for one in kept if "chain" in one] == ["c", "web"]
    assert {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"vmap": None}]}} in kept


def test_what_matches_nothing_else_in_a_map_comes_last_wherever_it_stands() -> None:
    flow = Flow("in", "ipv4", "tcp", 2222, source=("10.9.8.2",), destination=("10.9.8.1",))
    for pairs in ([["*", {"accept": None}], [2222, {"drop": None}]], [[2222, {"drop": None}], ["*", {"accept": None}]]):
        vmap = {"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": {"set": pairs}}}
        rule = {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [vmap]}}
        assert predict(Ruleset([base(policy="accept"), rule]), flow).verdict == "drop"
