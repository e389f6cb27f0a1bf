"""What a name's resolution says: why there is no address and who is to blame, what is to be told although there is one,
and names that lead to this machine although they are of another. Pure.

Sources: RFC 1122 3.2.1.3 (0.0.0.0/8, 127/8), RFC 4291 2.5.3 (::1); RFC 6761 6.3 (localhost); nsswitch.conf(5).
"""

import ipaddress

import msgspec

from eset_portcheck.diagnose.reading import Reading, broken
from eset_portcheck.model.addresses import parse_address, unmapped
from eset_portcheck.model.concerned import is_internet
from eset_portcheck.model.evidence import Evidence, NameResolution
from eset_portcheck.model.finding import Finding, Where
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Failure, Proof, Stage, State

_DNS: dict[Failure, ReasonCode] = {
    Failure.DNS_NXDOMAIN: "DNS_NXDOMAIN",
    Failure.DNS_SERVFAIL: "DNS_SERVFAIL",
    Failure.DNS_REFUSED: "DNS_REFUSED",
    Failure.DNS_TIMEOUT: "DNS_TIMEOUT",
    Failure.DNS_UNREACHABLE: "DNS_UNREACHABLE",
    Failure.DNS_BAD_ANSWER: "DNS_BAD_ANSWER",
    Failure.DNS_NO_ADDRESS: "DNS_NO_ADDRESS",
}
_ASK_DNS = frozenset({"dns", "resolve", "wins", "sss", "ldap", "nis"})  # sources that may ask a name server
_LATE_S = 1.5
_NOWHERE = tuple(map(ipaddress.ip_network, ("0.0.0.0/8", "127.0.0.0/8", "::/127")))
_OWN_NAMES = ("localhost", "ip6-localhost", "ip6-loopback")


def unresolved(record: StageRecord, evidence: list[Evidence]) -> Reading:
    """A name without an address."""
    assert record.failure is not None  # noqa: S101
    told = [answer for answer in record.detail.servers or [] if answer.said]
    params = Params(
        name=record.detail.name or "",
        os=record.detail.os or "",
        servers=[f"{one.server} {one.type} {one.said}" for one in told[:6]] or None,
    )
    held = sorted({address for one in told for address in one.addresses or []})
    if held and record.failure is Failure.DNS_NO_ADDRESS and not record.detail.why:
        return _not_asked(Params(dns=held[:6]).onto(params), notable(evidence))
    reason = _DNS[record.failure]
    meant = [one for one in told if f"DNS_{one.rcode}" == reason or one.failure is record.failure]
    meant = meant or told
    server = meant[0].server if meant else None
    sure = Confidence.PROVEN if any(one.rcode for one in meant) and not held else Confidence.LIKELY
    return broken(reason, Proof.NONE, State.NOT_TESTED, sure, where=Where(address=server), params=params)


def _not_asked(params: Params, how: NameResolution | None) -> Reading:
    """The servers hold the name, and this machine's own resolver says no: its sources of names do not lead to them."""
    sources = how.sources if how else []
    without = bool(sources) and not _ASK_DNS & set(sources)
    return broken(
        "DNS_NO_ADDRESS",
        Proof.NONE,
        State.NOT_TESTED,
        Confidence.PROVEN if without else Confidence.LIKELY,
        culprit=Culprit.LOCAL_HOST,
        params=Params(sources=sources).onto(params),
    )


def notable(evidence: list[Evidence]) -> NameResolution | None:
    return next((one for one in evidence if isinstance(one, NameResolution)), None)


def told(reading: Reading, attempt: Attempt, evidence: list[Evidence]) -> Reading:
    """With what the name's resolution leaves to be said although it worked."""
    record, how = attempt.stage(Stage.RESOLVE), notable(evidence)
    if record is None or record.failure is not None:
        return reading
    name, extra = record.detail.name, []
    if record.detail.disagrees:
        by_hosts = how is not None and how.hosts_file
        params = Params(name=name, dns=record.detail.disagrees, hosts_file=by_hosts)
        extra.append(Finding("DNS_DISAGREES", params=params))
        if by_hosts and reading.fails:
            # this machine dials an address that only its own file holds: whoever does not answer there is not to blame
            reading = msgspec.structs.replace(reading, culprit=Culprit.LOCAL_HOST, confidence=Confidence.LIKELY)
    elif record.detail.not_in_dns:
        extra.append(Finding("NAME_NOT_FROM_DNS", params=Params(name=name)))
    if how is not None and (how.used == "own-query" or (how.os_after_s or 0.0) > _LATE_S):
        extra.append(Finding("DNS_SLOW", params=_slow(record, how)))
    return msgspec.structs.replace(reading, findings=(*reading.findings, *extra)) if extra else reading


def _slow(record: StageRecord, how: NameResolution) -> Params:
    silent = [
        f"{one.server} {one.type}"
        for one in record.detail.servers or []
        if one.failure in (Failure.DNS_TIMEOUT, Failure.DNS_UNREACHABLE)
    ]
    return Params(name=how.name, os_after_s=how.os_after_s, used=how.used, unanswered=silent[:6])


def sinkholed(row: Row, attempt: Attempt, reading: Reading, host: Host, evidence: list[Evidence]) -> Reading:
    """A name of another machine that leads to this one. Where a service of this machine answers as it should, a hosts
    file may well say so; a name of the internet is never at home here."""
    record = attempt.stage(Stage.RESOLVE)
    name = (record.detail.name or "") if record else ""
    if not name or not _nowhere(attempt.address) or _is_own(name, host):
        return reading
    if not reading.fails and (row.via_destination or not is_internet(row)):  # a proxy may well run here
        return reading
    how = notable(evidence)
    by_hosts = how is not None and how.hosts_file
    told = (record.detail.servers or []) if record else []
    servers = [one.server for one in told if attempt.address in (one.addresses or [])]
    return broken(
        "DNS_SINKHOLED",
        Proof.NONE,
        State.NOT_TESTED,
        Confidence.PROVEN if by_hosts or servers else Confidence.LIKELY,
        culprit=Culprit.LOCAL_HOST if by_hosts else Culprit.DNS,
        where=Where(address=None if by_hosts or not servers else servers[0]),
        params=Params(name=name, address=attempt.address, hosts_file=by_hosts),
    )


def _nowhere(text: str | None) -> bool:
    address = parse_address(text or "")
    mapped = unmapped(address) if address is not None else None
    return mapped is not None and any(mapped in network for network in _NOWHERE)


def _is_own(name: str, host: Host) -> bool:
    wanted = name.rstrip(".").lower()
    own = host.name.rstrip(".").lower()
    return (
        wanted in _OWN_NAMES
        or wanted.endswith((".localhost", ".localdomain"))
        or (bool(own) and wanted.partition(".")[0] == own.partition(".")[0])
    )
