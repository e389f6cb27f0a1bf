"""Rows through a proxy: what is the proxy's own doing, and what is the destination's, which only the proxy reaches.
Pure.

Once the tunnel stands, or the proxy has brought an answer, a fault is of the destination and of the way there. A 502,
503 or 504, and silence in answer to CONNECT, are the proxy's word (or none) about a destination: who is at fault shows
in what else it reached, in the direct row of the same destination, and in what squid says of its own attempt.
Source: docs/contract.md#proxy; RFC 9110 9.3.6, 15.6.3-5; squid's ERR_* pages (X-Squid-Error); docs/decisions/0047.
"""

import msgspec

from eset_portcheck import protocols
from eset_portcheck.diagnose.reading import Reading, broken, of_kind, params_of
from eset_portcheck.model.addresses import host_port
from eset_portcheck.model.concerned import destination
from eset_portcheck.model.evidence import Evidence, ProxyControl
from eset_portcheck.model.finding import Finding, Where
from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Proof, Stage, State, Verdict

# Whatever stage they end: packets between this host and the proxy, not what is behind it.
_BEFORE_THE_PROXY = frozenset(
    {"PMTU_BLACKHOLE", "REJECTED_IN_PATH", "REJECTED_LOCALLY", "INTERNAL_ERROR", "ANSWERED_NEARER"}
)
_PASSED_ON = frozenset({"CLOSED_BEFORE_REPLY", "RESET_AFTER_ACCEPT"})  # by whom, the proxy does not say
# 400, 501, 505: whoever sits on the proxy's port did not understand the request itself.
_NO_ANSWER_OF_A_DESTINATION = (400, 501, 505)
_A_PROXYS_REFUSAL = (403, 405, 407, 502, 503, 504)
_UPSTREAM: ReasonCode = "PROXY_UPSTREAM_FAILED"
_SQUID_REFUSED, _SQUID_DNS = ("ERR_CONNECT_FAIL 111", "ERR_CONNECT_FAIL 146", "ERR_CONNECT_FAIL 10061"), "ERR_DNS_FAIL"


def stands(row: Row, attempt: Attempt) -> bool:
    """Did the proxy lead to the destination: by a tunnel, or by bringing its answer?"""
    if row.via_destination is None:
        return False
    protocol = protocols.find(row.protocol)
    if protocol is not None and protocol.speaks_to_proxy:
        return attempt.reply is not None and attempt.reply.get("status") not in _NO_ANSWER_OF_A_DESTINATION
    return Stage.TUNNEL in attempt.done


def placed(row: Row, attempt: Attempt, reading: Reading) -> Reading:
    """The same, told of the destination where it is about that."""
    if (
        not stands(row, attempt)
        or _is_the_peers_own(row, reading)
        or reading.reason in _BEFORE_THE_PROXY
        or reading.reason.startswith("PROXY_")
    ):
        return reading
    sure = Confidence.LIKELY if reading.reason in _PASSED_ON else reading.confidence
    return msgspec.structs.replace(reading, where=_behind(row, reading.where), confidence=sure)


def _is_the_peers_own(row: Row, reading: Reading) -> bool:
    """Who does not speak as a proxy does, or is none (`no_proxy`), is told itself."""
    protocol = protocols.find(row.protocol)
    return protocol is not None and protocol.speaks_to_proxy and reading.reason == "WRONG_PROTOCOL"


def no_proxy(attempt: Attempt, evidence: list[Evidence]) -> Reading | None:
    """A web server in the proxy's place: it answers alike for a host that cannot exist, or has an index for it too. A
    proxy says so in Via (RFC 9110 7.6.3); one that leads everything to its login page is a portal."""
    control, reply = of_kind(evidence, ProxyControl, attempt), attempt.reply or {}
    status = reply.get("status")
    if control is None or control.status is None or not isinstance(status, int) or 300 <= status < 400 or status == 511:
        return None
    same = control.alike and "via" not in reply and status not in _A_PROXYS_REFUSAL
    if not same and control.content != "index":
        return None
    params = Params(
        service="http",
        status=control.status,
        why="the same answer for a host that cannot exist",
        server=reply.get("server"),
    )
    return broken("WRONG_PROTOCOL", Proof.NONE, State.OPEN, Confidence.LIKELY, culprit=Culprit.PROXY, params=params)


def _behind(row: Row, where: Where) -> Where:
    return Where(address=row.via_destination, via=proxy_of(row), ca=where.ca)


def proxy_of(row: Row) -> str:
    return host_port(row.target, row.port)


def weighed(rows: list[Row]) -> list[Row]:
    """Destinations that a proxy did not reach, held against what else it reached, and against the direct rows."""
    none = {(row.target, row.port) for row in rows if _is_no_proxy(row)}
    return [
        _of_no_proxy(row)
        if row.where.via and (row.target, row.port) in none
        else _weighed(row, rows)
        if _is_open(row)
        else row
        for row in rows
    ]


def _is_no_proxy(row: Row) -> bool:
    return (
        row.via_destination is not None
        and row.reason == "WRONG_PROTOCOL"
        and any(isinstance(one, ProxyControl) for one in row.evidence)
    )


def _of_no_proxy(row: Row) -> Row:
    """A tunnel of somebody who is no proxy leads nowhere."""
    if row.verdict is not Verdict.FAIL:
        return row
    asked = next((attempt.address for attempt in row.attempts if attempt.address), None)
    return msgspec.structs.replace(row, where=Where(address=asked), culprit=Culprit.PROXY, confidence=Confidence.LIKELY)


def _is_open(row: Row) -> bool:
    return (
        row.via_destination is not None
        and row.verdict in (Verdict.FAIL, Verdict.WARN)
        and (row.reason == _UPSTREAM or _is_silence(row))
    )


def _is_silence(row: Row) -> bool:
    """The proxy took our request and said nothing: squid waits for the destination before it answers a CONNECT."""
    return row.reason == "NO_REPLY" and not row.where.via


def _weighed(row: Row, rows: list[Row]) -> Row:
    mine = destination(row)
    same_proxy = [
        one
        for one in rows
        if one is not row and one.via_destination and (one.target, one.port) == (row.target, row.port)
    ]
    answered = [one for one in same_proxy if any(stands(one, attempt) for attempt in one.attempts)]
    alive = answered or [
        one for one in same_proxy if one.reason.startswith("PROXY_") and one.reason != "PROXY_UNREACHABLE"
    ]
    direct = next((one for one in rows if one.via_destination is None and (one.target, one.port) == mine), None)
    if direct is not None and direct.verdict is Verdict.PASS:
        # the destination is there, and only the proxy does not get to it; whether by a filter of its own or one on
        # its way shows nowhere, unless it gets nowhere at all
        if not answered:
            return msgspec.structs.replace(row, culprit=Culprit.PROXY, confidence=Confidence.LIKELY)
        return _of_the_destination(row, Culprit.UNKNOWN, Confidence.LIKELY)
    if direct is not None and _says_who(direct) and (answered or not same_proxy):
        return _of_the_destination(row, direct.culprit, Confidence.LIKELY)
    said = params_of(row.findings, row.reason).x_squid_error or ""
    if said.startswith(_SQUID_REFUSED):
        return _of_the_destination(row, Culprit.REMOTE_SERVICE, Confidence.LIKELY)
    if said.startswith(_SQUID_DNS):
        return _of_the_destination(row, Culprit.DNS, Confidence.LIKELY)
    if answered or (alive and _is_silence(row)):
        return _of_the_destination(row, Culprit.UNKNOWN, Confidence.LIKELY)
    return row


def _says_who(direct: Row) -> bool:
    """What stops the direct connection below TLS stops a tunnel too; a certificate keeps no proxy from connecting."""
    blamed = (Culprit.REMOTE_SERVICE, Culprit.REMOTE_HOST, Culprit.REMOTE_FIREWALL, Culprit.REMOTE_CONFIG)
    is_broken = direct.verdict in (Verdict.FAIL, Verdict.WARN) and direct.state is not State.OPEN
    return is_broken and direct.culprit in blamed


def _of_the_destination(row: Row, culprit: Culprit | None, confidence: Confidence) -> Row:
    findings = row.findings
    if _is_silence(row):
        findings = [Finding(_UPSTREAM, params=Params(why="no answer to CONNECT")), *findings]
    return msgspec.structs.replace(
        row,
        reason=_UPSTREAM,
        culprit=culprit,
        confidence=confidence,
        where=_behind(row, row.where),
        findings=findings,
    )
