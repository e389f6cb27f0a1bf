"""One break, one cause: the other rows are explained by it. What may be two breaks stays two causes."""

from typing import Any

import msgspec

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.evidence import Hop, TtlWalk
from eset_portcheck.model.finding import Cause
from eset_portcheck.model.host import Host
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Failure, Listener, Phase, Stage, Trust
from tests.unit.rows import ROUTER, TARGET, attempt, connecting, icmp, row, tls

ESET = [
    "epns.eset.com",
    "repository.eset.com",
    "edf.eset.com",
    "update.eset.com",
    "ts.eset.com",
    "play.eset.com",
    "i1.c.eset.com",
    "i3.c.eset.com",
    "r.edtd.eset.com",
    "d.edtd.eset.com",
]


def judged(*rows: Row) -> tuple[list[Row], list[Cause]]:
    told, causes, _ = diagnose(list(rows), Host(), Phase.POST)
    return told, causes


def service(name: str, number: int, *attempts: Any, **changed: Any) -> Row:
    return row(
        *attempts,
        **(
            {
                "id": f"agent.{name.split('.')[0]}{number}.tcp-443",
                "target": name,
                "target_key": "x",
                "listener": Listener.FOREIGN,
                "trust": None,
            }
            | changed
        ),
    )


def test_a_dead_resolver_is_one_cause_of_eleven_rows() -> None:
    def unresolved(name: str) -> Any:
        detail = {
            "name": name,
            "os": "EAI_AGAIN",
            "servers": [{"server": "10.1.1.1", "type": "A", "failure": "dns_timeout"}],
        }
        return attempt(broke=Stage.RESOLVE, failure=Failure.DNS_TIMEOUT, detail=detail, address=None)

    rows = [row(unresolved("protect.corp.local"))] + [service(name, n, unresolved(name)) for n, name in enumerate(ESET)]
    told, causes = judged(*rows)
    assert [one.reason for one in causes] == ["DNS_TIMEOUT"]
    assert causes[0].where.address == "10.1.1.1"
    assert sorted(causes[0].explains) == sorted(one.id for one in rows)
    assert sum(one.explained_by == "C1" for one in told) == len(rows) - 1


def silent(address: str, *hops: str) -> dict[str, Any]:
    walk = TtlWalk(address=address, hops=[Hop(n + 1, hop, 0.001) for n, hop in enumerate(hops)], probed=30)
    return {"attempts": [connecting(Failure.TIMEOUT, address=address)], "evidence": [walk]}


def test_all_of_the_internet_behind_one_hop_is_one_cause() -> None:
    rows = [service(name, n, **silent(f"198.51.100.{n}", ROUTER)) for n, name in enumerate(ESET)]
    _, causes = judged(*rows)
    assert len(causes) == 1
    assert causes[0].where.interval == [ROUTER, "198.51.100.0"]


def test_a_host_of_the_site_behind_the_same_hop_has_a_cause_of_its_own() -> None:
    rows = [
        row(**silent(TARGET, ROUTER)),
        *(service(name, n, **silent(f"198.51.100.{n}", ROUTER)) for n, name in enumerate(ESET[:3])),
    ]
    _, causes = judged(*rows)
    assert len(causes) == 2


def test_rejects_of_one_router() -> None:
    rows = [
        service(name, n, connecting(Failure.HOST_UNREACHABLE, icmp=icmp(3, 13, ROUTER)))
        for n, name in enumerate(ESET[:4])
    ]
    other = service("epns.eset.com", 9, connecting(Failure.HOST_UNREACHABLE, icmp=icmp(3, 13, "10.9.9.9")))
    _, causes = judged(*rows, other)
    assert sorted(len(one.explains) for one in causes) == [1, 4]


def test_two_missing_zones_are_two_causes() -> None:
    def missing(name: str) -> Any:
        detail = {
            "name": name,
            "os": "EAI_NONAME",
            "servers": [{"server": "10.1.1.1", "type": "A", "rcode": "NXDOMAIN"}],
        }
        return attempt(broke=Stage.RESOLVE, failure=Failure.DNS_NXDOMAIN, detail=detail, address=None)

    _, causes = judged(
        row(missing("protect.corp.local")),
        service("epns.eset.com", 1, missing("epns.eset.com")),
        service("ts.eset.com", 2, missing("ts.eset.com")),
    )
    assert sorted(len(one.explains) for one in causes) == [1, 2]


def test_required_failures_come_first() -> None:
    optional = msgspec.structs.replace(service("ts.eset.com", 1, connecting(Failure.NOT_PERMITTED)), required=False)
    rows = [optional, row(connecting(Failure.TIMEOUT))]
    _, causes = judged(*rows)
    assert [one.reason for one in causes] == ["TCP_NO_ANSWER", "REJECTED_LOCALLY"]


def test_every_cause_says_how_to_test_again() -> None:
    _, causes = judged(row(connecting(Failure.TIMEOUT)))
    assert {fix.verify for fix in causes[0].fixes} == {"--only agent.server.tcp-2222"}, (
        "the command line itself stands once, in the run"
    )


def test_a_failure_that_counts_comes_before_a_longer_list_of_warnings_and_of_rows_that_are_not_needed() -> None:
    soon = tls(site="trusted", expired=True)
    warnings = [
        service(
            name,
            n,
            attempt(Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS, tls=tls(name_matches=False), reply={}),
            trust=Trust.SITE,
        )
        for n, name in enumerate(ESET[:3])
    ]
    unneeded = [
        msgspec.structs.replace(service(name, n, connecting(Failure.TIMEOUT)), required=False)
        for n, name in enumerate(ESET[3:7])
    ]
    needed = row(attempt(Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS, tls=soon, reply={}))
    for rows in ([*warnings, *unneeded, needed], [needed, *unneeded, *warnings]):
        told, causes = judged(*rows)
        assert causes[0].id == "C1"
        assert causes[0].explains == [needed.id]
        assert next(one for one in told if one.id == needed.id).verdict == "fail"


def test_the_cause_of_more_rows_comes_first() -> None:
    alone = row(
        attempt(Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS, tls=tls(site="trusted", expired=True), reply={})
    )
    many = [service(name, n, **silent(f"198.51.100.{n}", ROUTER)) for n, name in enumerate(ESET[:3])]
    _, causes = judged(alone, *many)
    assert [len(one.explains) for one in causes] == [3, 1]
