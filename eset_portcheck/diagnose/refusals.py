"""Why a connection (or datagram) was refused or not answered: RST, ICMP, errno, silence. Pure.

Sources: RFC 792, RFC 4443 (ICMP types and codes), RFC 9293 3.5.2 (RST), RFC 1812 5.2.7 (what routers send);
docs/contract.md#rules.
"""

import msgspec

from eset_portcheck.diagnose import gateway
from eset_portcheck.diagnose.gateway import THIS_HOST
from eset_portcheck.diagnose.reading import Reading, broken, of_kind
from eset_portcheck.model.addresses import same_address
from eset_portcheck.model.evidence import ControlPorts, Distance, Evidence, FirewallPrediction, TtlWalk
from eset_portcheck.model.finding import Finding, Where
from eset_portcheck.model.observation import Attempt, Icmp, StageRecord
from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.vocabulary import Confidence, Culprit, Failure, Proof, State

ARP_FAILED_S = 2.5  # an ICMP host-unreachable that comes sooner is somebody's reject
_BY_SILENCE = frozenset[ReasonCode]({"TCP_NO_ANSWER", "UDP_NO_ANSWER", "REJECTED_LOCALLY"})
_BY_RESET = frozenset[ReasonCode]({"REFUSED_NEARER_THAN_HOST", "REFUSED_ORIGIN_UNKNOWN"})
_INITIAL_TTLS = (64, 128, 255)


def read_refusal(attempt: Attempt, record: StageRecord, evidence: list[Evidence], *, udp: bool) -> Reading:
    """A connect stage (TCP) or a question (UDP) that ended with an error or in silence."""
    return _by_own_rules(
        gateway.silent(_refusal(attempt, record, evidence, udp=udp), attempt, evidence), attempt, evidence
    )


def _by_own_rules(reading: Reading, attempt: Attempt, evidence: list[Evidence]) -> Reading:
    """A rule of this host that drops or rejects just these packets explains silence, and names what an error of this
    host was about."""
    own = of_kind(evidence, FirewallPrediction, attempt)
    if own is None or not _explains(own, reading.reason):
        return reading
    where = reading.where if reading.where.address else Where(interval=[THIS_HOST, str(attempt.address)])
    return _blamed(msgspec.structs.replace(reading, where=where), own)


def unasked(reading: Reading, record: StageRecord, evidence: list[Evidence]) -> Reading:
    """Of a name that nobody told: a rule of this host that stops the question to every resolver explains it."""
    servers = {one.server for one in record.detail.servers or []}
    stopped = [
        one
        for one in evidence
        if isinstance(one, FirewallPrediction) and one.address in servers and one.verdict in ("drop", "reject")
    ]
    if (
        reading.reason not in ("DNS_TIMEOUT", "DNS_UNREACHABLE")
        or not stopped
        or {one.address for one in stopped} != servers
    ):
        return reading
    return _blamed(reading, stopped[0])


def _blamed(reading: Reading, own: FirewallPrediction) -> Reading:
    rule = Params(rule=own.rule or None, table=own.table or None, chain=own.chain or None)
    if rule == NOTHING:
        return reading
    params = rule.onto(reading.params)
    others = tuple(one for one in reading.findings if one.reason != reading.reason)
    sure = reading.confidence if reading.reason == "REJECTED_LOCALLY" else Confidence.LIKELY
    findings = (Finding(reading.reason, params=params), *others)
    return msgspec.structs.replace(reading, culprit=Culprit.LOCAL_FIREWALL, confidence=sure, findings=findings)


def _explains(own: FirewallPrediction, reason: ReasonCode) -> bool:
    """A dropped packet brings no reset; and where link addresses may not be asked for, nobody is found."""
    if reason == "HOST_DOWN":
        return (
            own.packet in ("neighbour-discovery", "arp")
            and bool(own.may)
            and all(one.startswith(("drop", "reject")) for one in own.may)
        )
    if reason in _BY_RESET:
        return own.verdict == "reject"
    return reason in _BY_SILENCE and own.verdict in ("drop", "reject")


def _refusal(attempt: Attempt, record: StageRecord, evidence: list[Evidence], *, udp: bool) -> Reading:
    if attempt.icmp is not None:
        return _by_icmp(attempt, attempt.icmp, evidence, udp=udp)
    match record.failure:
        case Failure.CONNECTION_REFUSED:
            return _by_reset(attempt, evidence, udp=udp)
        case Failure.TIMEOUT:
            return _udp_silence(record) if udp else _silence(attempt, evidence)
        case Failure.NOT_PERMITTED | Failure.ACCESS_DENIED:
            return broken("REJECTED_LOCALLY", Proof.ROUTE, State.FILTERED, params=_errno(record))
        case Failure.HOST_UNREACHABLE if record.duration_s >= ARP_FAILED_S or gateway.sought_in_vain(attempt, evidence):
            if (down := gateway.no_neighbour(attempt, evidence, NOTHING)) is not None:
                return down
            return broken("HOST_DOWN", Proof.ROUTE, State.UNREACHABLE, Confidence.LIKELY, params=_errno(record))
        case (
            Failure.HOST_UNREACHABLE
            | Failure.NETWORK_UNREACHABLE
            | Failure.INVALID_ROUTE
            | Failure.ADDRESS_FAMILY_UNUSABLE
        ):
            return broken("NO_ROUTE", Proof.NAME, State.NOT_TESTED, params=_errno(record))
        case Failure.CONNECTION_RESET:
            return broken("RESET_AFTER_ACCEPT", Proof.ACCEPTS, State.OPEN, Confidence.LIKELY)
        case Failure.EOF:
            return broken("CLOSED_BEFORE_REPLY", Proof.ACCEPTS, State.OPEN, Confidence.LIKELY)
    return broken("INTERNAL_ERROR", Proof.ROUTE, State.NOT_TESTED, params=_errno(record), culprit=Culprit.CHECKER)


def _errno(record: StageRecord) -> Params:
    return Params(errno=record.detail.errno)


def _by_reset(attempt: Attempt, evidence: list[Evidence], *, udp: bool) -> Reading:
    """A RST bears the target's address, whoever made it: only its distance tells."""
    distance = of_kind(evidence, Distance, attempt)
    where = Where(address=attempt.address)
    if udp or distance is None or distance.refused_ttl is None or not distance.controls:
        return broken("REFUSED_ORIGIN_UNKNOWN", Proof.ROUTE, State.CLOSED, Confidence.LIKELY, where=where)
    controls = [one.ttl for one in distance.controls]
    ours, theirs = hops_away(distance.refused_ttl), [hops_away(one) for one in controls]
    params = Params(refused_ttl=distance.refused_ttl, control_ttl=max(controls, key=hops_away), hops=ours)
    if ours < max(theirs):
        return broken(
            "REFUSED_NEARER_THAN_HOST",
            Proof.ROUTE,
            State.FILTERED,
            where=Where(hop=ours + 1, interval=[THIS_HOST, str(attempt.address)]),
            params=params,
        )
    if ours in theirs:
        return broken("REFUSED_BY_HOST", Proof.PATH, State.CLOSED, where=where, params=params)
    return broken("REFUSED_ORIGIN_UNKNOWN", Proof.ROUTE, State.CLOSED, Confidence.LIKELY, where=where, params=params)


def answered_nearer(reading: Reading, attempt: Attempt, evidence: list[Evidence]) -> Reading:
    """A connection that went wrong after it was accepted, by something nearer than the host: a transparent proxy, not
    the service."""
    distance = of_kind(evidence, Distance, attempt)
    accepted = distance.accepted_ttl if distance else None
    controls = [one.ttl for one in distance.controls] if distance else []
    if accepted is None or not controls:
        return reading
    if hops_away(accepted) >= max(map(hops_away, controls)):
        return msgspec.structs.replace(reading, by_host=hops_away(accepted) in map(hops_away, controls))
    params = Params(accepted_ttl=accepted, control_ttl=max(controls, key=hops_away), hops=hops_away(accepted))
    return msgspec.structs.replace(
        reading,
        culprit=Culprit.MIDDLEBOX,
        confidence=Confidence.LIKELY,
        where=Where(hop=hops_away(accepted) + 1, interval=[THIS_HOST, str(attempt.address)]),
        findings=(*reading.findings, Finding("ANSWERED_NEARER", params=params)),
    )


def hops_away(ttl: int) -> int:
    """Routers passed, by the nearest usual initial hop limit (64, 128, 255)."""
    return next(initial for initial in _INITIAL_TTLS if initial >= ttl) - ttl


def _by_icmp(attempt: Attempt, icmp: Icmp, evidence: list[Evidence], *, udp: bool) -> Reading:
    where = Where(address=icmp.sender)
    params = Params(type=icmp.type, code=icmp.code, version=icmp.version)
    ours = icmp.local or _is_from(icmp, attempt.source_address)
    if _no_neighbour(icmp) or (ours and _unreachable(icmp) and gateway.sought_in_vain(attempt, evidence)):
        if ours and (down := gateway.no_neighbour(attempt, evidence, params)) is not None:
            return down
        return broken("HOST_DOWN", Proof.ROUTE, State.UNREACHABLE, where=where, params=params)
    if ours:
        if _is_from(icmp, attempt.address):
            return _from_target(attempt, icmp, evidence, where, params, udp=udp)  # this host asks itself
        return broken("REJECTED_LOCALLY", Proof.ROUTE, State.FILTERED, where=where, params=params)
    if _is_from(icmp, attempt.address):
        return _from_target(attempt, icmp, evidence, where, params, udp=udp)
    kind = (icmp.type, icmp.code)
    if kind == (1, 0) if icmp.version == 6 else kind in ((3, 0), (3, 6)):
        return broken("NET_UNREACHABLE", Proof.ROUTE, State.UNREACHABLE, where=where, params=params)
    if icmp.type == (3 if icmp.version == 6 else 11):
        return broken("TTL_EXPIRED", Proof.ROUTE, State.UNREACHABLE, where=where, params=params)
    sure = Confidence.PROVEN
    if _unreachable(icmp):
        # routers remember whom they sought in vain for others, and seek on while we ask: early is no proof of a rule
        control = of_kind(evidence, ControlPorts, attempt)
        if control and control.ports and not _answering(control):
            return broken("HOST_DOWN", Proof.ROUTE, State.UNREACHABLE, Confidence.LIKELY, where=where, params=params)
        sure = Confidence.PROVEN if control and control.ports else Confidence.LIKELY
    return broken("REJECTED_IN_PATH", Proof.ROUTE, State.FILTERED, sure, where=where, params=params)


def _answering(control: ControlPorts | None) -> list[int]:
    return [one.port for one in control.ports if one.answer in ("accepted", "refused")] if control else []


def _is_from(icmp: Icmp, address: str | None) -> bool:
    return same_address(icmp.sender, address)


def _no_neighbour(icmp: Icmp) -> bool:
    """Late enough for a failed ARP or neighbour discovery."""
    return _unreachable(icmp) and icmp.after_s >= ARP_FAILED_S


def _unreachable(icmp: Icmp) -> bool:
    """Host (v6: address) unreachable."""
    return (icmp.type, icmp.code) == ((1, 3) if icmp.version == 6 else (3, 1))


def _from_target(
    attempt: Attempt, icmp: Icmp, evidence: list[Evidence], where: Where, params: Params, *, udp: bool
) -> Reading:
    """The target's address stands on it; behind address translation a nearer router's ICMP bears it too, and its hop
    limit tells."""
    distance = of_kind(evidence, Distance, attempt)
    others = [one.ttl for one in distance.controls] if distance else []
    if icmp.ttl and others and hops_away(icmp.ttl) < max(map(hops_away, others)):
        ours = hops_away(icmp.ttl)
        told = Params(ttl=icmp.ttl, control_ttl=max(others, key=hops_away), hops=ours).onto(params)
        where = Where(hop=ours + 1, interval=[THIS_HOST, str(attempt.address)])
        return broken("REJECTED_IN_PATH", Proof.ROUTE, State.FILTERED, where=where, params=told)
    if udp and (icmp.type, icmp.code) == ((1, 4) if icmp.version == 6 else (3, 3)):
        return broken("REFUSED_BY_HOST", Proof.PATH, State.CLOSED, where=where, params=params)
    return broken("REJECTED_BY_TARGET_FIREWALL", Proof.ROUTE, State.FILTERED, where=where, params=params)


def _silence(attempt: Attempt, evidence: list[Evidence]) -> Reading:
    """Dropped outward, the reply dropped, the host's own firewall, a full backlog: all alike. The walk only narrows
    it."""
    target = str(attempt.address)
    hop, last = None, THIS_HOST
    walk = of_kind(evidence, TtlWalk, attempt)
    hops = [(one.ttl, one.sender) for one in walk.hops if one.sender and one.sender != target] if walk else []
    if hops:
        hop, last = max(hops, key=lambda one: one[0])
    answering = _answering(of_kind(evidence, ControlPorts, attempt))
    params = Params(interval=[last, target], walked=walk is not None, answers_on=answering or None)
    return broken(
        "TCP_NO_ANSWER",
        Proof.ROUTE,
        State.FILTERED,
        Confidence.LIKELY if answering or hops else Confidence.POSSIBLE,
        culprit=Culprit.UNKNOWN,
        where=Where(hop=hop, interval=[last, target]),
        params=params,
    )


def _udp_silence(record: StageRecord) -> Reading:
    if record.detail.strangers:
        return broken(
            "WRONG_PROTOCOL",
            Proof.PATH,
            State.OPEN,
            Confidence.LIKELY,
            params=Params(strangers=record.detail.strangers),
        )
    return broken("UDP_NO_ANSWER", Proof.ROUTE, State.OPEN_FILTERED, Confidence.POSSIBLE, culprit=Culprit.UNKNOWN)
