"""What a change of one row means on the wire: a code that the renderers have words for.

A code is either "<how it ended before>-to-<how it ends now>" for the pairs that say more than their two halves, or one
of the general ones below.
"""

from enum import StrEnum

from eset_portcheck.comparing.failure_point import failure_point
from eset_portcheck.model.deciding import PROVEN
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Verdict


class Ending(StrEnum):
    """How a row ended, as far as it matters to what came before or after."""

    PROVEN = "proven"
    NAME = "name"  # the name did not resolve
    ROUTE = "route"  # no way to the network of the target
    HOST_DOWN = "host-down"
    PROXY = "proxy"  # the proxy itself did not answer
    SILENCE = "silence"
    REJECTION = (
        "rejection"  # somebody who is not the service said no: a firewall, a router, something nearer than the host
    )
    REFUSAL = "refusal"  # the host itself said no
    REFUSAL_UNSURE = "refusal-unsure"  # a reset of unknown origin
    CUT = "cut"  # accepted, then nothing of use
    STRANGER = "stranger"  # another service or a portal answers
    CERTIFICATE = "certificate"
    DENIED = "denied"  # the right service said no
    LOCAL = "local"  # this machine's own port
    UNTRIED = "untried"  # not run to its end: time, value or package missing
    CHECKER = "checker"
    OTHER = "other"


_ENDINGS = {
    Ending.NAME: "DNS_NXDOMAIN DNS_SERVFAIL DNS_REFUSED DNS_TIMEOUT DNS_UNREACHABLE DNS_BAD_ANSWER DNS_NO_ADDRESS "
    "DNS_SINKHOLED",
    Ending.ROUTE: "GATEWAY_DOWN NO_ROUTE ROUTE_PROHIBITED NET_UNREACHABLE TTL_EXPIRED",
    Ending.HOST_DOWN: "HOST_DOWN",
    Ending.PROXY: "PROXY_UNREACHABLE",
    Ending.SILENCE: "TCP_NO_ANSWER UDP_NO_ANSWER",
    Ending.REJECTION: "REJECTED_BY_TARGET_FIREWALL REJECTED_IN_PATH REJECTED_LOCALLY REFUSED_NEARER_THAN_HOST",
    Ending.REFUSAL: "REFUSED_BY_HOST",
    Ending.REFUSAL_UNSURE: "REFUSED_ORIGIN_UNKNOWN",
    Ending.CUT: "CLOSED_BEFORE_REPLY RESET_AFTER_ACCEPT NO_REPLY TLS_TIMEOUT TLS_RESET_ON_HELLO PMTU_BLACKHOLE",
    Ending.STRANGER: "WRONG_PROTOCOL TLS_NOT_SPOKEN CAPTIVE_PORTAL WRONG_CONTENT",
    Ending.CERTIFICATE: "TLS_INTERCEPTED TLS_UNKNOWN_CA TLS_WRONG_NAME TLS_EXPIRED TLS_NOT_YET_VALID CLOCK_SKEW",
    Ending.DENIED: "TLS_REFUSED PROXY_AUTH_REQUIRED PROXY_REFUSED_CONNECT PROXY_UPSTREAM_FAILED "
    "SMB_LOGON_FAILURE SMB_ACCOUNT_LOCKED SMB_ACCESS_DENIED"
    " SMB_SHARE_MISSING SMB_NTLM_BLOCKED SMB_HOST_NOT_ALLOWED MYSQL_HOST_NOT_ALLOWED MYSQL_HOST_BLOCKED "
    "MYSQL_TOO_MANY_CONNECTIONS",
    Ending.LOCAL: "PORT_IN_USE_BY_OTHER PORT_RESERVED PORT_NOT_LISTENING LISTENS_LOOPBACK_ONLY INBOUND_FILTERED",
    Ending.UNTRIED: "VALUE_MISSING NOT_BUILT EXTRA_MISSING BUDGET_SPENT INTERRUPTED SMB_NEEDS_CREDENTIALS",
    Ending.CHECKER: "INTERNAL_ERROR",
}
_OF_CODE = {code: ending for ending, codes in _ENDINGS.items() for code in codes.split()}

PAIRS = frozenset(
    f"{was}-to-{now}"
    for was, now in (
        (Ending.SILENCE, Ending.REFUSAL),
        (Ending.SILENCE, Ending.REFUSAL_UNSURE),
        (Ending.SILENCE, Ending.REJECTION),
        (Ending.SILENCE, Ending.CUT),
        (Ending.SILENCE, Ending.HOST_DOWN),
        (Ending.REFUSAL, Ending.SILENCE),
        (Ending.REFUSAL, Ending.REJECTION),
        (Ending.REFUSAL_UNSURE, Ending.SILENCE),
        (Ending.REFUSAL_UNSURE, Ending.REFUSAL),
        (Ending.REJECTION, Ending.SILENCE),
        (Ending.REJECTION, Ending.REFUSAL),
        (Ending.HOST_DOWN, Ending.REFUSAL),
        (Ending.HOST_DOWN, Ending.SILENCE),
    )
)

# The general ones.
NOW_RUN = "now-run"
NOT_RUN = "not-run"
NOT_LISTED = "not-listed"
CHECKER_FAILED = "checker-failed"
STILL_PROVEN_WARNED = "still-proven-warned"
STILL_PROVEN_OTHER_WARNING = "still-proven-other-warning"
WARNING_GONE = "warning-gone"
PROVEN_NOW = "proven-now"
NO_LONGER_DISPROVEN = "no-longer-disproven"
NO_LONGER_PROVEN = "no-longer-proven"
FAILOVER = "failover"
DISPROVEN_NOW = "disproven-now"
MORE_ASKED = "more-asked"
OTHER_FAILURE_POINT = "other-place"
OTHER_CULPRIT = "other-culprit"
FARTHER = "farther"
LESS_FAR = "less-far"
OTHER_REASON = "other-reason"
LOST_TO: dict[Ending, str] = {
    one: f"proven-to-{one}"
    for one in Ending
    if one not in (Ending.PROVEN, Ending.OTHER, Ending.UNTRIED, Ending.CHECKER)
}


def ending(row: Row) -> Ending:
    """By the reason; a warning that hides a failed member of a group ends as that failure."""
    proven = row.verdict in PROVEN
    if proven and not stands_in(row):
        return Ending.PROVEN
    return _OF_CODE.get(row.reason, Ending.OTHER)


def stands_in(row: Row) -> bool:
    """Broken itself, and a warning only because another member of its group is proven."""
    return row.verdict is Verdict.WARN and any(finding.reason == "FAILOVER_USED" for finding in row.findings)


def meaning(before: Row | None, after: Row | None) -> str:
    """The code for a row that changed. None: the report has no such row."""
    if before is None or before.verdict is Verdict.SKIP:
        return NOW_RUN
    if after is None:
        return NOT_LISTED
    if after.verdict is Verdict.SKIP:
        return NOT_RUN
    was, now = ending(before), ending(after)
    if now is Ending.CHECKER:
        return CHECKER_FAILED
    if was is Ending.PROVEN:
        return _from_proven(before, after, now)
    if now is Ending.PROVEN:
        return PROVEN_NOW
    if (pair := f"{was}-to-{now}") in PAIRS:
        return pair
    if before.reason == after.reason and before.verdict is after.verdict:
        return OTHER_FAILURE_POINT if failure_point(before) != failure_point(after) else OTHER_CULPRIT
    if before.reason == after.reason and _asks_more(before, after):
        return MORE_ASKED
    if before.verdict is Verdict.FAIL and after.verdict is not Verdict.FAIL:
        return NO_LONGER_DISPROVEN
    farther = after.proof.reached.rung - before.proof.reached.rung
    if farther > 0:
        return FARTHER
    if after.verdict is Verdict.FAIL and before.verdict is not Verdict.FAIL:
        return DISPROVEN_NOW
    return LESS_FAR if farther < 0 else OTHER_REASON


def _asks_more(before: Row, after: Row) -> bool:
    """The later run wants more proof (a phase after installation) and got no less than the earlier one."""
    return after.proof.reached.reaches(before.proof.reached) and not before.proof.required.reaches(after.proof.required)


def _from_proven(before: Row, after: Row, now: Ending) -> str:
    if now is Ending.PROVEN:
        if after.verdict is Verdict.PASS:
            return WARNING_GONE
        return STILL_PROVEN_WARNED if before.verdict is Verdict.PASS else STILL_PROVEN_OTHER_WARNING
    if stands_in(after):
        return FAILOVER
    if _asks_more(before, after):
        return MORE_ASKED
    return (
        LOST_TO.get(now, NO_LONGER_PROVEN)
        if after.verdict is Verdict.FAIL or now is Ending.SILENCE
        else NO_LONGER_PROVEN
    )
