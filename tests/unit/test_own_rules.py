"""Which attempts are put to this host's own rules, and how often; what of the rules the report holds; how a command is
bounded."""

import time
from collections.abc import Callable

import pytest

from eset_portcheck.host.commands import NotListed, listed
from eset_portcheck.host.own_rules import MAX_ADDRESSES, Explainer
from eset_portcheck.model.evidence import FirewallPrediction
from eset_portcheck.model.host import Host, Interface
from eset_portcheck.model.observation import Attempt, Observation, StageRecord
from eset_portcheck.model.stage_detail import DnsAnswer, StageDetail
from eset_portcheck.model.vocabulary import Failure, Stage
from eset_portcheck.packet_filter.evaluation import predict
from eset_portcheck.packet_filter.flow import Flow, Prediction
from eset_portcheck.packet_filter.outline import outline
from eset_portcheck.packet_filter.ruleset import Ruleset
from tests.unit.test_firewall import RULESETS, recorded_objects

HOST = Host(
    interfaces=[Interface("eth0", ["10.0.1.2", "fe80::2%eth0"]), Interface("tun0", ["10.8.0.2"], point_to_point=True)]
)


class Asked:
    """Rules that answer alike, and count."""

    def __init__(self, answer: Callable[[Flow], Prediction]) -> None:
        self.answer = answer
        self.flows: list[Flow] = []

    def facts(self, *_: object) -> dict[str, object]:
        return {}

    def predict(self, flow: Flow) -> Prediction:
        self.flows.append(flow)
        return self.answer(flow)


def attempt(
    address: str,
    stage: Stage = Stage.CONNECT,
    failure: Failure | None = Failure.TIMEOUT,
    source: str = "10.0.1.2",
    untested: str | None = None,
) -> Attempt:
    return Attempt(address, "ipv4", source, [StageRecord(stage, 0.0, 4.0, failure)], untested=untested)


def explained(rules: Asked, *attempts: Attempt, transport: str = "tcp") -> list[tuple[str | None, str]]:
    seen = Explainer(rules, HOST).explained(Observation(list(attempts)), transport, 2222)
    return [(one.address, one.verdict) for one in seen.evidence if isinstance(one, FirewallPrediction)]


def test_attempts_that_differ_in_their_target_only_share_an_answer() -> None:
    rules = Asked(lambda _: Prediction("drop", "policy drop"))
    told = explained(rules, *(attempt(f"10.0.{number // 250}.{number % 250 + 3}") for number in range(1000)))
    assert len(told) == 1000
    assert len(rules.flows) == 1


def test_where_a_rule_names_addresses_each_target_is_asked_but_not_without_end() -> None:
    rules = Asked(
        lambda flow: Prediction(
            "drop" if flow.destination == ("10.0.0.3",) else "allow" if flow.destination else "cannot-tell"
        )
    )
    told = explained(rules, *(attempt(f"10.0.{number // 250}.{number % 250 + 3}") for number in range(1000)))
    assert told[:2] == [("10.0.0.3", "drop"), ("10.0.0.4", "allow")]
    assert len(told) == MAX_ADDRESSES


@pytest.mark.parametrize(
    "one",
    [
        attempt("10.0.2.2", Stage.TLS),
        attempt("10.0.2.2", failure=None),
        attempt("10.0.2.2", untested="no-default-route"),
        attempt("127.0.0.1"),
        attempt("10.8.0.2"),
        attempt("10.0.2.2", Stage.HANDSHAKE),
    ],
    ids=["later-stage", "worked", "not-dialled", "loopback", "own-address", "answered"],
)
def test_only_what_was_lost_on_the_way_is_asked(one: Attempt) -> None:
    assert explained(Asked(lambda _: Prediction("drop", "x")), one) == []


def test_silence_after_a_datagram_is_asked() -> None:
    assert explained(
        Asked(lambda _: Prediction("drop", "x")), attempt("10.0.2.2", Stage.HANDSHAKE), transport="udp"
    ) == [("10.0.2.2", "drop")]


def test_questions_to_resolvers_that_stay_silent_are_asked_too() -> None:
    servers = [
        DnsAnswer(server=one, type=kind, failure=failure, rcode=None if failure else "SERVFAIL")
        for one, failure in (
            ("10.0.9.1", Failure.DNS_TIMEOUT),
            ("10.0.9.2", None),
            ("127.0.0.53", Failure.DNS_TIMEOUT),
        )
        for kind in ("A", "AAAA")
    ]
    detail = StageDetail(servers=servers)
    unresolved = Attempt(stages=[StageRecord(Stage.RESOLVE, 0.0, 4.0, Failure.DNS_TIMEOUT, detail)])
    rules = Asked(lambda _: Prediction("drop", "udp dport 53 drop"))
    assert explained(rules, unresolved) == [("10.0.9.1", "drop")]
    assert [(flow.transport, flow.port) for flow in rules.flows] == [("udp", 53)]


def test_the_flow_is_that_of_this_process() -> None:
    rules = Asked(lambda _: Prediction("allow"))
    explained(rules, attempt("10.0.2.2"), attempt("10.0.2.2", source="10.8.0.2"))
    first, second = rules.flows
    assert (first.interface, first.neighbours, first.source, first.destination) == ("eth0", True, ("10.0.1.2",), ())
    assert (second.interface, second.neighbours) == ("tun0", False)
    assert first.user is None or first.user[0] >= 0


def test_a_bug_in_reading_rules_hides_nothing() -> None:
    def broken(_: Flow) -> Prediction:
        raise KeyError

    seen = Explainer(Asked(broken), HOST).explained(Observation([attempt("10.0.2.2")]), "tcp", 2222)
    assert [(one.verdict, one.why) for one in seen.evidence if isinstance(one, FirewallPrediction)] == [
        ("cannot-tell", "KeyError")
    ]


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: path.name)
def test_the_report_holds_the_outline_of_rules_and_nothing_that_they_match(path) -> None:
    objects = recorded_objects(path)
    told = outline(objects)
    statements = [word for one in told if "rule" in one for statement in one["rule"]["expr"] for word in statement]
    assert not {"match", "counter", "log", "set", "limit", "mangle"} & set(statements)
    text = repr(told)
    assert "10.9." not in text
    assert "eth0" not in text
    hooks = {
        one["chain"]["name"] for one in objects if one.get("chain", {}).get("hook") in ("input", "output", "prerouting")
    }
    assert hooks <= {one["chain"]["name"] for one in told if "chain" in one}


def test_a_table_of_endless_rules_is_given_up() -> None:
    chain = {
        "chain": {
            "family": "inet",
            "table": "t",
            "name": "c",
            "type": "filter",
            "hook": "input",
            "prio": 0,
            "policy": "accept",
        }
    }
    miss = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 1}}
    ruleset = Ruleset(
        [
            chain,
            *(
                {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [miss, {"drop": None}]}}
                for _ in range(1000)
            ),
        ],
        budget=3000,
    )
    flow = Flow("in", "ipv4", "tcp", 2222, destination=("10.9.8.1",))
    assert predict(ruleset, flow).verdict == "allow"
    told = predict(ruleset, flow)
    assert (told.verdict, told.rule) == ("cannot-tell", "too many rules")


SHELL = ("sh", "-c")  # the system's own: an interpreter in a folder of ours is not run


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("exec sleep 600", "timeout"),
        ("exec cat /dev/zero", "too-large"),
        ("exit 3", "-exit-3"),
        ("exec sleep 600 >&-", "timeout"),
    ],
)
def test_a_command_is_bounded_in_time_and_bytes(program: str, why: str) -> None:
    started = time.monotonic()
    with pytest.raises(NotListed) as told:
        listed([*SHELL, program], started + (1.5 if why == "timeout" else 60), 1_000_000)
    assert why in told.value.args[0]
    assert time.monotonic() - started < 55, "ended, not waited for"


def test_a_command_that_is_missing_is_said() -> None:
    with pytest.raises(NotListed, match="FileNotFoundError"):
        listed(["no-such-command-here"], time.monotonic() + 1, 10)


def test_its_output_comes_whole() -> None:
    assert (
        listed([*SHELL, r"head -c 300000 /dev/zero | tr '\0' x"], time.monotonic() + 60, 1_000_000).strip()
        == b"x" * 300000
    )
