"""Rows of this machine: who holds a port, is it the right one, can others reach it. Pure: facts of one host snapshot
in, no traffic.

Nothing is bound to find out: a bind that is denied says nothing of use. A connect to this machine's own address goes
over loopback and proves nothing of the network, so an inbound row passes only with the firewall's yes.
Source: docs/contract.md#inbound-rows, #phase.
"""

from collections.abc import Iterable

import msgspec

from eset_portcheck.diagnose.binds import Bind, exposed, has_family, together
from eset_portcheck.diagnose.inbound_policy import DENIED, Admission, admits
from eset_portcheck.diagnose.known_programs import known_program
from eset_portcheck.diagnose.owners import Owner, owner
from eset_portcheck.model.finding import Conclusion, Finding, PortHolder, Where
from eset_portcheck.model.host import Host, Listening
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import REASONS, Rank, ReasonCode
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Direction, Listener, Phase, Proof, State, Verdict
from eset_portcheck.packet_filter.flow import ALLOW

_ADDRESSES = 8


def judge_inbound(row: Row, host: Host, phase: Phase) -> Conclusion:
    """One listening row. `phase` auto: post where the component is installed here, else pre."""
    if not _read(host, "listeners"):
        return _unproven("OWNER_NOT_VISIBLE", Params(why="listeners of this machine could not be read"))
    holders = [one for one in host.listeners if one.port == row.port and one.transport == row.transport]
    after = _after_installation(row, host, phase)
    if not holders:
        return _absent(row, host) if after else _free(row, host)
    owners = [owner(row, one, host, phase) for one in holders]
    where = Where(process=process(holders[0], holders))
    if Owner.OTHER in owners:
        return _taken(row, holders[owners.index(Owner.OTHER)], holders)
    is_local = row.direction is Direction.LOCAL
    inside_only = together(holders) is Bind.LOOPBACK
    if after and inside_only and not is_local:  # whoever it is, nobody else can connect
        return _failed("LISTENS_LOOPBACK_ONLY", State.CLOSED, where, _addresses(holders))
    if Owner.HIDDEN in owners:
        return _hidden(row, host, holders[owners.index(Owner.HIDDEN)], holders)
    if is_local:
        return _inside(holders, where)
    if inside_only:
        return _failed("LISTENS_LOOPBACK_ONLY", State.CLOSED, where, _addresses(holders))
    findings = (
        [Finding("OWNER_UNEXPECTED", params=_of(holders[owners.index(Owner.PLAUSIBLE)]))]
        if Owner.PLAUSIBLE in owners
        else []
    )
    return _reach(row, host, "PORT_HELD_BY_PRODUCT", State.OPEN, where, [*findings, *_families(holders, host)], holders)


def _read(host: Host, part: str) -> bool:
    return part not in host.capabilities.get("unread", {})


def _after_installation(row: Row, host: Host, phase: Phase) -> bool:
    if row.listener is Listener.FOREIGN:
        return True  # the operating system's own ports are there before and after
    if phase is Phase.AUTO:
        return any(product.get("component") == row.listener.value for product in host.eset_products)
    return phase is Phase.POST


def not_installed(rows: Iterable[Row], host: Host, phase: Phase) -> list[str]:
    """Components whose ports here were judged as before the installation because phase auto did not find them: an
    installation that failed must not read as a finished one. Source: docs/contract.md#phase."""
    if phase is not Phase.AUTO:
        return []
    here = (row for row in rows if row.direction is not Direction.OUTBOUND and row.verdict is not Verdict.SKIP)
    return list(dict.fromkeys(row.listener.value for row in here if not _after_installation(row, host, phase)))


def _taken(row: Row, other: Listening, holders: list[Listening]) -> Conclusion:
    where = Where(process=process(other, holders))
    return _failed("PORT_IN_USE_BY_OTHER", State.OPEN, where, Params(port=row.port).onto(_of(other)))


def _hidden(row: Row, host: Host, one: Listening, holders: list[Listening]) -> Conclusion:
    where = Where(process=process(one, holders))
    told = Params(port=row.port, user=one.user or None).onto(_of(one))
    admission = admits(row, host, holders)
    if row.direction is not Direction.LOCAL and admission.verdict in DENIED:
        return _filtered(admission, where)
    return _unproven("OWNER_NOT_VISIBLE", told, State.OPEN, where)


def _free(row: Row, host: Host) -> Conclusion:
    """A bind would succeed. A connection that was given the port as its own keeps it from succeeding."""
    for one in host.outgoing:
        if (one.transport, one.port) == (row.transport, row.port):
            where = Where(process=msgspec.structs.replace(process(one, [one]), bind=Bind.CONNECTION.value))
            return _failed("PORT_IN_USE_BY_OTHER", State.CLOSED, where, Params(port=row.port).onto(_of(one)))
    if any(first <= row.port <= last for first, last in host.reserved_ports.get(row.transport.value, [])):
        return _failed("PORT_RESERVED", State.CLOSED, Where(), Params(port=row.port))
    if not _read(host, "reserved_ports"):
        unread = Params(why="reserved ranges of this machine could not be read")
        return _unproven("REACH_NOT_TESTED", unread, State.CLOSED)
    if row.direction is Direction.LOCAL:
        return Conclusion(Verdict.PASS, State.CLOSED, Proof.ACCEPTS, "PORT_FREE")
    return _reach(row, host, "PORT_FREE", State.CLOSED, Where(), [], [])


def _absent(row: Row, host: Host) -> Conclusion:
    """Nothing there; where the component's own processes listen instead, if they do."""
    instead = next(
        (one.get("listens") for one in host.eset_products if one.get("component") == row.listener.value), None
    )
    return _failed("PORT_NOT_LISTENING", State.CLOSED, Where(), Params(port=row.port, listens=instead or None))


def _inside(holders: list[Listening], where: Where) -> Conclusion:
    """A port for this host only: a bind beyond loopback works, but shows it to others."""
    seen = exposed(holders)
    if seen:
        finding = Finding("LISTENS_BEYOND_LOOPBACK", params=Params(addresses=seen[:_ADDRESSES]))
        return Conclusion(
            Verdict.WARN,
            State.OPEN,
            Proof.ACCEPTS,
            finding.reason,
            Culprit.LOCAL_HOST,
            Confidence.PROVEN,
            where,
            [finding],
        )
    return Conclusion(Verdict.PASS, State.OPEN, Proof.ACCEPTS, "PORT_HELD_BY_PRODUCT", where=where)


def _families(holders: list[Listening], host: Host) -> list[Finding]:
    """A bind that leaves out a family that this machine has. Most clients come by IPv4; a missing IPv6 is only told."""
    kind = together(holders)
    params = _addresses(holders)
    if kind is Bind.IPV6 and has_family(host, 4):
        return [Finding("LISTENS_IPV6_ONLY", params=params)]
    if kind is Bind.IPV4 and has_family(host, 6):
        return [Finding("LISTENS_IPV4_ONLY", params=params)]
    return []


def _filtered(admission: Admission, where: Where) -> Conclusion:
    return _failed("INBOUND_FILTERED", State.FILTERED, where, Params(action=admission.verdict).onto(admission.rule))


def _reach(
    row: Row,
    host: Host,
    reason: ReasonCode,
    state: State,
    where: Where,
    findings: list[Finding],
    holders: list[Listening],
) -> Conclusion:
    """The listener is right; only the firewall's word makes it a pass."""
    admission = admits(row, host, holders)
    if admission.verdict in DENIED:
        return _filtered(admission, where)
    if admission.verdict != ALLOW:
        told = Finding(
            "REACH_NOT_TESTED",
            params=Params(firewall=host.firewall.state or "not-read", listener=reason).onto(admission.rule),
        )
        return Conclusion(
            Verdict.UNPROVEN,
            state,
            Proof.PATH,
            "REACH_NOT_TESTED",
            Culprit.UNKNOWN,
            Confidence.POSSIBLE,
            where,
            [told, *findings],
        )
    if admission.family:
        findings = [
            *findings,
            Finding("INBOUND_IPV4_ONLY" if admission.family == "ipv4" else "INBOUND_IPV6_ONLY", params=admission.rule),
        ]
    bites = next((one.reason for one in findings if REASONS[one.reason].rank is Rank.WARN), None)
    return Conclusion(
        Verdict.WARN if bites else Verdict.PASS, state, Proof.ACCEPTS, bites or reason, where=where, findings=findings
    )


def _failed(reason: ReasonCode, state: State, where: Where, params: Params) -> Conclusion:
    return Conclusion(
        Verdict.FAIL,
        state,
        Proof.NONE,
        reason,
        REASONS[reason].culprit,
        Confidence.PROVEN,
        where,
        [Finding(reason, params=params)],
    )


def _unproven(
    reason: ReasonCode, params: Params, state: State = State.NOT_TESTED, where: Where | None = None
) -> Conclusion:
    found = [Finding(reason, params=params)] + ([Finding("REACH_NOT_TESTED")] if reason != "REACH_NOT_TESTED" else [])
    return Conclusion(
        Verdict.UNPROVEN, state, Proof.NONE, reason, Culprit.UNKNOWN, Confidence.POSSIBLE, where or Where(), found
    )


def _addresses(holders: list[Listening]) -> Params:
    return Params(addresses=[one.address for one in holders][:_ADDRESSES])


def _of(holder: Listening) -> Params:
    """Who it is, as parameters of a finding; `known` is a word of the table of known programs."""
    return Params(process=holder.name or "", known=known_program(holder) or None)


def process(holder: Listening, holders: list[Listening]) -> PortHolder:
    """The holder as `where` names it, with what all sockets of the port answer on together."""
    return PortHolder(
        pid=holder.pid,
        name=holder.name,
        path=holder.path,
        user=holder.user,
        since_utc=holder.since_utc,
        bind=together(holders).value,
        addresses=list(dict.fromkeys(one.address for one in holders))[:_ADDRESSES],
    )
