"""Every reason code: its rank and its usual culprit. Stable, append-only. Source: docs/contract.md#what-is-stable."""

from enum import StrEnum

import msgspec

from eset_portcheck.model.vocabulary import Culprit


class Rank(StrEnum):
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    UNPROVEN = "unproven"
    SKIP = "skip"
    ERROR = "error"
    FAIL = "fail"


class Reason(msgspec.Struct, frozen=True):
    code: str
    rank: Rank
    culprit: Culprit | None = None


_BY_RANK: dict[Rank, dict[str, str]] = {
    # Beyond the contract: the last six here (informational findings), SECOND_OPINION_DIFFERS, CONFIGURED_SERVER_DIFFERS,
    # LISTENS_IPV6_ONLY, LISTENS_BEYOND_LOOPBACK, INBOUND_IPV4_ONLY, INBOUND_IPV6_ONLY,
    # SERVICE_REFUSES, SMB1_NEGOTIATE_BLOCKED, TDS_STRICT_ENCRYPTION, NETBIOS_SESSION_REFUSED.
    Rank.PASS: {
        "": "CONNECTED PROTOCOL_REPLY MQTT_REFUSED PORT_FREE PORT_HELD_BY_PRODUCT NAME_NOT_FROM_DNS DNS_DISAGREES CLIENT_CERTIFICATE_REQUESTED"
        " LISTENS_IPV4_ONLY AGENT_CONNECTED PROXY_SET_NOT_USED",
    },
    Rank.WARN: {
        "middlebox": "ANSWERED_NEARER SMB1_NEGOTIATE_BLOCKED",
        "unknown": "FAILOVER_USED SOME_ADDRESSES_FAIL ONE_FAMILY_FAILS SECOND_OPINION_DIFFERS",
        "remote-config": "KDC_CLOCK_SKEW LDAP_TLS_REQUIRED SMB1_ONLY TLS_EXPIRES_SOON TDS_STRICT_ENCRYPTION",
        "local-host": "OWNER_UNEXPECTED LISTENS_IPV6_ONLY LISTENS_BEYOND_LOOPBACK CONFIGURED_SERVER_DIFFERS",
        "remote-service": "SERVICE_REFUSES",
        "local-firewall": "INBOUND_IPV4_ONLY INBOUND_IPV6_ONLY",
    },
    Rank.UNPROVEN: {
        "unknown": "UDP_NO_ANSWER ONE_WAY_PROTOCOL OWNER_NOT_VISIBLE REACH_NOT_TESTED",
        "remote-config": "NETBIOS_SESSION_REFUSED",
        "": "SMB_NEEDS_CREDENTIALS VALUE_MISSING NOT_BUILT EXTRA_MISSING BUDGET_SPENT INTERRUPTED",
    },
    Rank.SKIP: {"": "CONDITION_FALSE NOT_SELECTED RETIRED"},
    Rank.ERROR: {"checker": "INTERNAL_ERROR"},
    Rank.FAIL: {
        "remote-service": "REFUSED_BY_HOST REFUSED_ORIGIN_UNKNOWN CLOSED_BEFORE_REPLY RESET_AFTER_ACCEPT NO_REPLY WRONG_PROTOCOL TLS_NOT_SPOKEN",
        "middlebox": "REFUSED_NEARER_THAN_HOST REJECTED_IN_PATH TLS_REFUSED TLS_TIMEOUT TLS_RESET_ON_HELLO PMTU_BLACKHOLE"
        " CAPTIVE_PORTAL WRONG_CONTENT",
        "remote-firewall": "REJECTED_BY_TARGET_FIREWALL",
        "local-firewall": "REJECTED_LOCALLY INBOUND_FILTERED",
        "unknown": "TCP_NO_ANSWER",
        "remote-host": "HOST_DOWN",
        "routing": "NET_UNREACHABLE TTL_EXPIRED",
        "local-route": "NO_ROUTE ROUTE_PROHIBITED",
        "dns": "DNS_NXDOMAIN DNS_SERVFAIL DNS_REFUSED DNS_TIMEOUT DNS_UNREACHABLE DNS_BAD_ANSWER DNS_NO_ADDRESS",
        "tls-interceptor": "TLS_INTERCEPTED TLS_UNKNOWN_CA",
        "remote-config": "TLS_WRONG_NAME TLS_EXPIRED TLS_NOT_YET_VALID SMB_LOGON_FAILURE SMB_ACCOUNT_LOCKED SMB_ACCESS_DENIED SMB_SHARE_MISSING"
        " SMB_NTLM_BLOCKED MYSQL_HOST_NOT_ALLOWED MYSQL_HOST_BLOCKED MYSQL_TOO_MANY_CONNECTIONS",
        "proxy": "PROXY_UNREACHABLE PROXY_AUTH_REQUIRED PROXY_REFUSED_CONNECT PROXY_UPSTREAM_FAILED",
        "local-host": "PORT_IN_USE_BY_OTHER PORT_RESERVED PORT_NOT_LISTENING LISTENS_LOOPBACK_ONLY",
    },
}

REASONS: dict[str, Reason] = {
    code: Reason(code, rank, Culprit(culprit) if culprit else None)
    for rank, by_culprit in _BY_RANK.items()
    for culprit, codes in by_culprit.items()
    for code in codes.split()
}


def reason(code: str) -> Reason:
    """Raises KeyError that names the nearest code."""
    try:
        return REASONS[code]
    except KeyError:
        import difflib

        near = difflib.get_close_matches(code.upper(), REASONS, n=1)
        raise KeyError(f"{code}: no such reason" + (f"; did you mean {near[0]}?" if near else "")) from None
