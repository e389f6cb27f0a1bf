"""The first step of the way out: a gateway (or an interface) that does not answer explains whatever lies behind it, and
nobody behind it is to blame. Pure.

Sources: RFC 826 (ARP), RFC 4861 7.2.2 (neighbour discovery); linux/neighbour.h (NUD_*).
"""

import msgspec

from eset_portcheck.diagnose.reading import Reading, broken
from eset_portcheck.model.evidence import Evidence, Route
from eset_portcheck.model.finding import Where
from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.stage_detail import NO_WAY
from eset_portcheck.model.vocabulary import Confidence, Failure, Proof, State

THIS_HOST = "this host"
_NOT_THERE = ("failed", "incomplete", "probe")
_BEHIND = frozenset({"DNS_TIMEOUT", "DNS_UNREACHABLE"})
_SILENT = frozenset({"TCP_NO_ANSWER", "UDP_NO_ANSWER"})


def route_of(evidence: list[Evidence], address: str | None) -> Route | None:
    return next((one for one in evidence if isinstance(one, Route) and one.address == address), None)


def sought_in_vain(attempt: Attempt, evidence: list[Evidence]) -> bool:
    """The kernel found no link address for the next hop. That may have begun before our own packet: other programs send
    too, so the time that ours waited says nothing."""
    route = route_of(evidence, attempt.address)
    return route is not None and route.neighbour in _NOT_THERE


def no_neighbour(attempt: Attempt, evidence: list[Evidence], params: Params) -> Reading | None:
    """This machine found nobody to hand the packet to: None where that was the target itself, in its own network."""
    route = route_of(evidence, attempt.address)
    if route is None or route.connected or not (route.gateway or route.interface):
        return None
    return _down(route, Confidence.PROVEN if route.gateway else Confidence.LIKELY, params)


def silent(reading: Reading, attempt: Attempt, evidence: list[Evidence]) -> Reading:
    """Nobody answered, and the kernel looked for the gateway's link address in vain."""
    route = route_of(evidence, attempt.address)
    if reading.reason not in _SILENT or route is None or not route.gateway or route.neighbour not in _NOT_THERE:
        return reading
    return _down(route, Confidence.LIKELY, NOTHING)


def of_resolvers(reading: Reading, record: StageRecord, evidence: list[Evidence]) -> Reading:
    """No resolver can be asked, as this machine has no route to any, or the gateway to each does not answer."""
    answers = record.detail.servers or []
    if reading.reason in _BEHIND and answers and all(one.why == NO_WAY for one in answers):
        prohibited = all(one.cause == Failure.ACCESS_DENIED for one in answers)
        reason: ReasonCode = "ROUTE_PROHIBITED" if prohibited else "NO_ROUTE"
        said = broken(reason, Proof.NONE, State.NOT_TESTED, where=Where(address=answers[0].server))
        return msgspec.structs.replace(said, findings=(*said.findings, *reading.findings))
    servers = {one.server for one in answers}
    routes = [route_of(evidence, server) for server in servers]
    dead = [one for one in routes if one is not None and one.gateway and one.neighbour in _NOT_THERE]
    if reading.reason not in _BEHIND or not dead or len(dead) != len(servers):
        return reading
    unreachable = any(one.cause == Failure.HOST_UNREACHABLE for one in answers)
    said = _down(dead[0], Confidence.PROVEN if unreachable else Confidence.LIKELY, NOTHING)
    return Reading(
        Proof.NONE,
        said.reason,
        State.NOT_TESTED,
        said.culprit,
        said.confidence,
        said.where,
        (*said.findings, *reading.findings),
    )


def _down(route: Route, sure: Confidence, more: Params) -> Reading:
    step = Params(gateway=route.gateway or None, interface=route.interface or None, neighbour=route.neighbour or None)
    return broken(
        "GATEWAY_DOWN",
        Proof.NAME,
        State.UNREACHABLE,
        sure,
        where=Where(address=route.gateway) if route.gateway else Where(interval=[THIS_HOST, str(route.address)]),
        params=step.onto(more),
    )
