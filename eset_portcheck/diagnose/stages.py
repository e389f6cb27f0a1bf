"""Why an attempt stopped where it did, or what it proved. Pure: facts of one attempt in, a Reading out."""

import msgspec

from eset_portcheck import protocols
from eset_portcheck.diagnose import behind_proxy, certificates, filters, gateway, inner_tls, lossy, names, uploads
from eset_portcheck.diagnose.gateway import THIS_HOST
from eset_portcheck.diagnose.reading import Reading, broken, of_kind, rank, silent
from eset_portcheck.diagnose.refusals import answered_nearer, read_refusal, unasked
from eset_portcheck.diagnose.sessions import read_session
from eset_portcheck.model.evidence import AlternativeOpeningTried, Evidence, SilentControl, SmallSegments
from eset_portcheck.model.finding import Finding, Where
from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.reasons import REASONS, Rank, ReasonCode
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Failure, Proof, Stage, State, Transport, Verdict
from eset_portcheck.wire.recognise import recognise


def read(row: Row, attempt: Attempt, evidence: list[Evidence]) -> Reading:
    """The row supplies what was asked (transport, trust, proxy); phase and required proof play no part here."""
    udp = row.transport is Transport.UDP
    record = attempt.failed
    if record is None:
        reading = behind_proxy.no_proxy(attempt, evidence) or _proven(row, attempt)
    elif record.stage is Stage.RESOLVE:
        reading = gateway.of_resolvers(names.unresolved(record, evidence), record, evidence)
        reading = unasked(reading, record, evidence)
    elif record.stage is Stage.ROUTE:
        reading = _unrouted(record)
    elif record.stage is Stage.CONNECT or (udp and record.failure is not Failure.UNEXPECTED_BYTES):
        reading = _via_proxy(row, read_refusal(attempt, record, evidence, udp=udp))
    elif record.stage is Stage.TUNNEL:
        reading = _untunnelled(row, record)
    elif record.stage is Stage.SESSION:
        reading = read_session(record)
    else:
        reading = _unspoken(row, attempt, record, evidence)
    if record is not None and record.stage in (Stage.TUNNEL, Stage.TLS, Stage.HANDSHAKE) and not udp:
        if not behind_proxy.stands(row, attempt):  # else it was the proxy that accepted, and it did what it should
            reading = answered_nearer(reading, attempt, evidence)
        reading = _otherwise(row, reading, attempt, evidence)
    reading = names.told(certificates.apply(row, attempt.tls, filters.blamed(row, reading)), attempt, evidence)
    reading = lossy.told(reading, attempt, evidence)
    reading = inner_tls.noted(row, attempt, evidence, uploads.noted(reading, attempt, evidence))
    reading = behind_proxy.placed(row, attempt, reading)
    if reading.where == Where() and attempt.address and rank(reading.reason) is not Rank.PASS:
        reading = msgspec.structs.replace(reading, where=Where(address=attempt.address))
    return reading


def _otherwise(row: Row, reading: Reading, attempt: Attempt, evidence: list[Evidence]) -> Reading:
    """The same service answers to another opening: that is told, and the failure stands (evidence improves nothing)."""
    protocol = protocols.find(row.protocol)
    openings: dict[str, ReasonCode] = {one.reason: one.reason for one in protocol.openings} if protocol else {}
    for one in evidence:
        if (
            isinstance(one, AlternativeOpeningTried)
            and one.address == attempt.address
            and one.completed
            and one.reason in openings
        ):
            reply = one.reply or {}
            learned = Params(
                dialect=reply.get("dialect"), version=reply.get("version"), encryption=reply.get("encryption")
            )
            reading = msgspec.structs.replace(
                reading, findings=(*reading.findings, Finding(openings[one.reason], params=learned))
            )
    return reading


def _unrouted(record: StageRecord) -> Reading:
    params = Params(errno=record.detail.errno or "")
    if record.failure is Failure.ACCESS_DENIED:
        return broken("ROUTE_PROHIBITED", Proof.NAME, State.NOT_TESTED, params=params)
    if record.failure is Failure.NOT_PERMITTED:
        return broken("REJECTED_LOCALLY", Proof.NAME, State.NOT_TESTED, params=params)
    if record.failure is Failure.SYSTEM_ERROR:
        return broken("INTERNAL_ERROR", Proof.NAME, State.NOT_TESTED, params=params, culprit=Culprit.CHECKER)
    return broken("NO_ROUTE", Proof.NAME, State.NOT_TESTED, params=params)


def _via_proxy(row: Row, reading: Reading) -> Reading:
    """A proxy that does not answer has a code of its own; what was seen stays beside it. Nothing of its ladder counts
    for what is behind it."""
    if row.via_destination is None:
        return reading
    if reading.reason in ("TCP_NO_ANSWER", "HOST_DOWN"):
        own = reading.culprit is Culprit.LOCAL_FIREWALL
        params = reading.params if own else NOTHING
        told = Finding(reading.reason, params=Params(interval=reading.where.interval).onto(params))
        # silence on the way to a proxy is nothing that the proxy did
        return Reading(
            Proof.NONE, "PROXY_UNREACHABLE", reading.state, reading.culprit, reading.confidence, reading.where, (told,)
        )
    return msgspec.structs.replace(reading, reached=Proof.NONE)


def _untunnelled(row: Row, record: StageRecord) -> Reading:
    status = record.detail.status
    if record.failure is Failure.PROXY_REFUSED and isinstance(status, int):
        said = record.detail
        params = Params(
            status=status,
            server=said.server,
            via=said.via,
            proxy_authenticate=said.proxy_authenticate,
            x_squid_error=said.x_squid_error,
        )
        failed = status >= 500 and status not in (501, 505)
        reason: ReasonCode = (
            "PROXY_AUTH_REQUIRED" if status == 407 else "PROXY_UPSTREAM_FAILED" if failed else "PROXY_REFUSED_CONNECT"
        )
        return broken(reason, Proof.NONE, State.OPEN, params=params)
    if record.failure is Failure.TIMEOUT and (other := _other_service(row, record)):
        params = _came(record, other)
        return broken("WRONG_PROTOCOL", Proof.NONE, State.OPEN, culprit=Culprit.PROXY, params=params)
    return msgspec.structs.replace(
        _stopped(row, record, Proof.ACCEPTS, "NO_REPLY"), reached=Proof.NONE, culprit=Culprit.PROXY
    )


def _unspoken(row: Row, attempt: Attempt, record: StageRecord, evidence: list[Evidence]) -> Reading:
    """The connection stood; then TLS or the protocol stopped."""
    reached = (
        Proof.TLS
        if Stage.TLS in attempt.done
        else Proof.NONE
        if row.via_destination and Stage.TUNNEL in attempt.done
        else Proof.ACCEPTS
    )
    in_tls = record.stage is Stage.TLS
    if record.failure is Failure.TIMEOUT:
        small = of_kind(evidence, SmallSegments, attempt)
        # a short request to a proxy cannot be too large: its silence is that of what lies behind it
        if small and small.completed and (in_tls or not _to_proxy(row)):
            return broken(
                "PMTU_BLACKHOLE",
                reached,
                State.OPEN,
                where=Where(interval=[THIS_HOST, str(attempt.address)]),
                params=Params(segment_bytes=small.segment_bytes, direction=uploads.FROM_TARGET if in_tls else None),
            )
        proxy = Culprit.PROXY if _to_proxy(row) else None
        if not in_tls and (other := _other_service(row, record)):
            params = _came(record, other)
            return broken("WRONG_PROTOCOL", reached, State.OPEN, culprit=proxy, params=params)
        silence: ReasonCode = "TLS_TIMEOUT" if in_tls else "NO_REPLY"
        return broken(silence, reached, State.OPEN, Confidence.LIKELY, culprit=proxy, params=_came(record))
    if in_tls and record.failure in (Failure.TLS_ALERT, Failure.TLS_FAILED):
        params = Params(alert=record.detail.alert, openssl=record.detail.openssl)
        return broken("TLS_REFUSED", reached, State.OPEN, params=params)
    if in_tls and record.failure is Failure.CONNECTION_RESET and not record.detail.received_bytes:
        control = of_kind(evidence, SilentControl, attempt)
        if control and control.end == "open":
            return broken(
                "TLS_RESET_ON_HELLO",
                reached,
                State.OPEN,
                Confidence.LIKELY,
                params=Params(silent_connection="stayed open"),
            )
    if attempt.tls is not None and attempt.tls.client_certificate == "required" and not in_tls:
        asked = Finding("CLIENT_CERTIFICATE_REQUESTED", params=Params(alert=116))
        return Reading(
            Proof.TLS, "CLIENT_CERTIFICATE_REQUESTED", State.OPEN, Culprit.UNKNOWN, Confidence.PROVEN, findings=(asked,)
        )
    reading = _stopped(row, record, reached, "NO_REPLY")
    if _to_proxy(row):
        return msgspec.structs.replace(reading, culprit=Culprit.PROXY)
    if (
        row.target_key == "push"
        and reading.reason == "CLOSED_BEFORE_REPLY"
        and attempt.tls is not None
        and attempt.tls.public == "trusted"
    ):
        # a broker that hangs up on strangers: the certificate says who it was, the word of the protocol is missing
        return msgspec.structs.replace(reading, disproves=False, verdict=Verdict.WARN)
    return reading


def _to_proxy(row: Row) -> bool:
    """The conversation itself is with the proxy: what breaks in it is of whoever sits there."""
    protocol = protocols.find(row.protocol)
    return protocol is not None and protocol.speaks_to_proxy


def _other_service(row: Row, record: StageRecord) -> str | None:
    """A peer that spoke some other protocol and then waited for its words."""
    service = recognise(bytes.fromhex(record.detail.first_bytes or ""))
    protocol = protocols.find(row.protocol)
    own = {Stage.TUNNEL: ("http",), Stage.TLS: ("tls",)}.get(record.stage) or (
        protocol.own_signatures if protocol else ()
    )
    return service if service not in (None, *own) else None


def _stopped(row: Row, record: StageRecord, reached: Proof, silent: ReasonCode) -> Reading:
    service = _other_service(row, record)
    tls = record.stage is Stage.TLS
    match record.failure:
        case Failure.NOT_TLS | Failure.UNEXPECTED_BYTES | Failure.TOO_LARGE:
            if service is None and tls:
                return broken("TLS_NOT_SPOKEN", reached, State.OPEN, params=_came(record))
            return broken("WRONG_PROTOCOL", reached, State.OPEN, params=_came(record, service))
        case Failure.EOF | Failure.CONNECTION_RESET if service is not None and not tls:
            return broken("WRONG_PROTOCOL", reached, State.OPEN, params=_came(record, service))
        case Failure.EOF:
            return broken("CLOSED_BEFORE_REPLY", reached, State.OPEN, params=_came(record))
        case Failure.CONNECTION_RESET:
            return broken("RESET_AFTER_ACCEPT", reached, State.OPEN, params=_came(record))
        case Failure.TIMEOUT:
            return broken(silent, reached, State.OPEN, Confidence.LIKELY, params=_came(record))
        case Failure.TLS_ALERT:
            return broken("TLS_REFUSED", reached, State.OPEN)
        case Failure.HOST_UNREACHABLE | Failure.NETWORK_UNREACHABLE | Failure.CONNECTION_REFUSED:
            return broken("REJECTED_IN_PATH", reached, State.FILTERED, Confidence.LIKELY)
        case Failure.NOT_PERMITTED | Failure.ACCESS_DENIED:
            return broken("REJECTED_LOCALLY", reached, State.FILTERED)
    return broken("INTERNAL_ERROR", reached, State.OPEN, culprit=Culprit.CHECKER)


def _came(record: StageRecord, service: str | None = None) -> Params:
    return Params(service=service, received_bytes=record.detail.received_bytes or 0)


def _proven(row: Row, attempt: Attempt) -> Reading:
    """All stages ended well: the protocol says what its facts mean."""
    facts = attempt.reply
    demanded = attempt.tls is not None and attempt.tls.client_certificate == "required"
    if facts is None and demanded:
        # TLS was spoken and the chain seen; the peer talks only to those who show a certificate, as ESET PROTECT does
        reason: ReasonCode = "CONNECTED" if silent(row) else "CLIENT_CERTIFICATE_REQUESTED"
        return Reading(Proof.TLS, reason, State.OPEN, findings=(Finding("CLIENT_CERTIFICATE_REQUESTED"),))
    if facts is None:
        return Reading(Proof.ACCEPTS if Stage.CONNECT in attempt.done else Proof.ROUTE, "CONNECTED", State.OPEN)
    protocol = protocols.find(row.protocol)
    if protocol is None:
        return broken("NOT_BUILT", Proof.NONE, State.NOT_TESTED)
    meaning = protocol.interpret(facts)
    findings = tuple(Finding(code, params=params) for code, params in meaning.findings)
    if Stage.SESSION in attempt.done and meaning.proof.reaches(Proof.PROTOCOL):  # the stage, never a peer's word
        return Reading(Proof.AUTHORISED, "PROTOCOL_REPLY", State.OPEN, findings=findings)
    if demanded and silent(row):
        findings += (Finding("CLIENT_CERTIFICATE_REQUESTED"),)
    if rank(meaning.reason) is Rank.PASS:
        if meaning.params != NOTHING:
            findings = (Finding(meaning.reason, params=meaning.params), *findings)
        return Reading(meaning.proof, meaning.reason, State.OPEN, findings=findings)
    findings = (Finding(meaning.reason, params=meaning.params), *findings)
    culprit = REASONS[meaning.reason].culprit
    return Reading(
        meaning.proof,
        meaning.reason,
        State.OPEN,
        culprit,
        Confidence.PROVEN,
        findings=findings,
        disproves=meaning.disproves,
    )
