"""The track of stages: one mark where it stopped, nothing reached behind it, no row green without proof."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.report import Report, Row, from_json
from eset_portcheck.model.vocabulary import Direction, Failure, Stage, Verdict
from eset_portcheck.render.wording.track import Reach, both_families, families, furthest, track

REPORTS = Path(__file__).parent / "reports"


def report(name: str) -> Report:
    return from_json((REPORTS / f"{name}.json").read_bytes())


def row(name: str, check_id: str) -> Row:
    return next(one for one in report(name).checks if one.id == check_id)


def drawn(one: Row) -> str:
    signs = {Reach.DONE: "", Reach.MARKED: "!", Reach.NOT_REACHED: "?"}
    return " ".join(step.word + signs[step.reach] for step in track(one))


def every_row() -> Iterator[Row]:
    for path in sorted(REPORTS.glob("*.json")):
        yield from from_json(path.read_bytes()).checks


# The interceptor did answer, and it is not the push service.
@pytest.mark.parametrize(
    ("name", "check_id", "expected"),
    [
        ("ready", "agent.server.tcp-2222", "DNS TCP TLS"),
        ("ready", "agent.repository.tcp-80", "DNS TCP HTTP"),
        ("ready", "agent.push.tcp-8883", "DNS TCP TLS MQTT"),
        ("dropped", "agent.server.tcp-2222", "DNS TCP! TLS?"),
        ("dropped", "agent.push.tcp-8883", "DNS TCP TLS! MQTT?"),
        ("no-names", "server.push.tcp-8883", "DNS! TCP? TLS? MQTT?"),
        ("no-names", "server.listen.tcp-2223", "PORT FIREWALL!"),
        ("no-names", "server.listen.tcp-2222", "PORT FIREWALL"),
        ("proxy", "agent.proxy.tcp-3128.connect-server", "DNS TCP CONNECT! TLS?"),
        ("proxy", "agent.proxy.tcp-3128.connect-push-443", "DNS TCP CONNECT TLS MQTT"),
        ("proxy", "agent.proxy.tcp-3128.get-repository", "DNS TCP HTTP"),
        ("pre", "agent.server.tcp-2222", "DNS TCP! TLS?"),
        (
            "inspected",
            "agent.push.tcp-8883",
            "DNS TCP TLS! MQTT?",
        ),
        ("deployment", "deploy-source.target@pc7.corp.example.udp-137", "DNS NBNS!"),
        ("deployment", "deploy-source.target@pc7.corp.example.tcp-445.admin-share", "DNS? TCP? SMB? LOGIN?"),
    ],
)
def test_tracks(name: str, check_id: str, expected: str) -> None:
    assert drawn(row(name, check_id)) == expected


def test_nothing_is_reached_after_the_mark_of_a_row_that_stopped() -> None:
    for one in every_row():
        if one.verdict in (Verdict.FAIL, Verdict.UNPROVEN, Verdict.ERROR):
            reaches = [step.reach for step in track(one)]
            place = reaches.index(Reach.MARKED) if Reach.MARKED in reaches else len(reaches)
            assert all(reach is Reach.NOT_REACHED for reach in reaches[place + 1 :]), one.id


def test_a_row_that_is_not_proven_is_never_all_done() -> None:
    for one in every_row():
        if one.verdict not in (Verdict.PASS, Verdict.WARN):
            assert any(step.reach is not Reach.DONE for step in track(one)), one.id


def test_a_row_without_attempts_reached_nothing() -> None:
    for one in every_row():
        if not one.attempts and one.direction is Direction.OUTBOUND:
            assert {step.reach for step in track(one)} == {Reach.NOT_REACHED}, one.id


def test_an_address_needs_no_name_and_a_broken_route_is_shown() -> None:
    stages = [StageRecord(Stage.RESOLVE, 0, 0), StageRecord(Stage.ROUTE, 0, 0, Failure.NETWORK_UNREACHABLE)]
    broken = msgspec.structs.replace(
        row("dropped", "agent.server.tcp-2222"),
        target="10.1.2.3",
        attempts=[Attempt("10.1.2.3", "ipv4", stages=stages)],
    )
    assert drawn(broken) == "ROUTE! TCP? TLS?"


def test_the_attempt_that_got_farthest_speaks() -> None:
    assert furthest(row("families", "agent.push.tcp-8883")).family == "ipv4"  # type: ignore[union-attr]


def test_families() -> None:
    assert both_families(map(families, report("families").checks))
    assert not both_families(map(families, report("ready").checks))
    assert families(row("families", "agent.push.tcp-8883")) == {"ipv6": Verdict.FAIL, "ipv4": Verdict.PASS}
    untested = Attempt("2001:db8::1", "ipv6", untested="no-default-route")
    one = row("ready", "agent.push.tcp-8883")
    one = msgspec.structs.replace(one, attempts=[*one.attempts, untested])
    assert families(one) == {"ipv4": Verdict.PASS, "ipv6": None}
    assert not both_families([families(one)])
