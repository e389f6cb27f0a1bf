"""Every reason code: its rank and its usual culprit. Stable, append-only. Source: docs/contract.md#what-is-stable."""

from enum import StrEnum
from typing import Any, Literal, get_args

import msgspec

from eset_portcheck.model.vocabulary import Culprit


class Rank(StrEnum):
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    UNPROVEN = "unproven"
    SKIP = "skip"
    ERROR = "error"
    FAIL = "fail"


# Each code is spelled once, by its rank and its usual culprit; everywhere else the type checker knows whether it is
# one. Beyond the contract: the last six that inform, SECOND_OPINION_DIFFERS, CONFIGURED_SERVER_DIFFERS,
# LISTENS_IPV6_ONLY, LISTENS_BEYOND_LOOPBACK, INBOUND_IPV4_ONLY, INBOUND_IPV6_ONLY,
# DNS_SLOW, SERVICE_REFUSES, SMB1_NEGOTIATE_BLOCKED, TDS_STRICT_ENCRYPTION, NETBIOS_SESSION_REFUSED.
_Informs = Literal[
    "CONNECTED",
    "PROTOCOL_REPLY",
    "MQTT_REFUSED",
    "PORT_FREE",
    "PORT_HELD_BY_PRODUCT",
    "NAME_NOT_FROM_DNS",
    "DNS_DISAGREES",
    "CLIENT_CERTIFICATE_REQUESTED",
    "LISTENS_IPV4_ONLY",
    "AGENT_CONNECTED",
    "PROXY_SET_NOT_USED",
    "MYSQL_LOGIN_METHOD",
    "SMB_SIGNING_REQUIRED",
    "TDS_ENCRYPTION_REQUIRED",
    "KERBEROS_ENCRYPTION_TYPES",
]
_WarnOfMiddlebox = Literal["ANSWERED_NEARER", "SMB1_NEGOTIATE_BLOCKED"]
_WarnOfDns = Literal["DNS_SLOW"]
_WarnOfUnknown = Literal[
    "LOSSY_PATH", "FAILOVER_USED", "SOME_ADDRESSES_FAIL", "ONE_FAMILY_FAILS", "SECOND_OPINION_DIFFERS"
]
_WarnOfRemoteConfig = Literal[
    "KDC_CLOCK_SKEW",
    "LDAP_TLS_REQUIRED",
    "SMB1_ONLY",
    "TLS_EXPIRES_SOON",
    "TDS_STRICT_ENCRYPTION",
    "MYSQL_TLS_REQUIRED",
    "MYSQL_CLIENT_TOO_OLD",
    "MYSQL_ACCOUNT_LIMIT",
    "SMB_GUEST_LOGIN",
    "TDS_CERTIFICATE_UNTRUSTED",
    "TDS_TLS_FAILED",
    "TDS_ENCRYPTION_NOT_SUPPORTED",
    "KERBEROS_WEAK_ENCRYPTION",
    "TLS_OLD_VERSION",
]
_WarnOfLocalHost = Literal[
    "OWNER_UNEXPECTED", "LISTENS_IPV6_ONLY", "LISTENS_BEYOND_LOOPBACK", "CONFIGURED_SERVER_DIFFERS", "CLOCK_SKEW"
]
_WarnOfRemoteService = Literal["SERVICE_REFUSES"]
_WarnOfLocalFirewall = Literal["INBOUND_IPV4_ONLY", "INBOUND_IPV6_ONLY"]
_UnprovenOfUnknown = Literal[
    "UDP_NO_ANSWER", "ONE_WAY_PROTOCOL", "OWNER_NOT_VISIBLE", "REACH_NOT_TESTED", "IDENTITY_NOT_CHECKED"
]
_UnprovenOfRemoteConfig = Literal["NETBIOS_SESSION_REFUSED", "LDAP_SIGNING_UNKNOWN"]
_Unproven = Literal[
    "SMB_NEEDS_CREDENTIALS", "VALUE_MISSING", "NOT_BUILT", "EXTRA_MISSING", "BUDGET_SPENT", "INTERRUPTED"
]
_Skip = Literal["CONDITION_FALSE", "NOT_SELECTED", "RETIRED"]
_ErrorOfChecker = Literal["INTERNAL_ERROR"]
_FailOfRemoteService = Literal[
    "REFUSED_BY_HOST",
    "REFUSED_ORIGIN_UNKNOWN",
    "CLOSED_BEFORE_REPLY",
    "RESET_AFTER_ACCEPT",
    "NO_REPLY",
    "WRONG_PROTOCOL",
    "TLS_NOT_SPOKEN",
]
_FailOfMiddlebox = Literal[
    "REFUSED_NEARER_THAN_HOST",
    "REJECTED_IN_PATH",
    "TLS_REFUSED",
    "TLS_RESET_ON_HELLO",
    "PMTU_BLACKHOLE",
    "CAPTIVE_PORTAL",
    "WRONG_CONTENT",
]
_FailOfRemoteFirewall = Literal["REJECTED_BY_TARGET_FIREWALL"]
_FailOfLocalFirewall = Literal["REJECTED_LOCALLY", "INBOUND_FILTERED"]
_FailOfUnknown = Literal["TCP_NO_ANSWER", "TLS_TIMEOUT"]
_FailOfRemoteHost = Literal["HOST_DOWN"]
_FailOfRouting = Literal["NET_UNREACHABLE", "TTL_EXPIRED"]
_FailOfLocalRoute = Literal["GATEWAY_DOWN", "NO_ROUTE", "ROUTE_PROHIBITED"]
_FailOfDns = Literal[
    "DNS_NXDOMAIN",
    "DNS_SERVFAIL",
    "DNS_REFUSED",
    "DNS_TIMEOUT",
    "DNS_UNREACHABLE",
    "DNS_BAD_ANSWER",
    "DNS_NO_ADDRESS",
    "DNS_SINKHOLED",
]
_FailOfTlsInterceptor = Literal["TLS_INTERCEPTED", "TLS_UNKNOWN_CA"]
_FailOfRemoteConfig = Literal[
    "TLS_WRONG_NAME",
    "TLS_EXPIRED",
    "TLS_NOT_YET_VALID",
    "SMB_LOGON_FAILURE",
    "SMB_ACCOUNT_LOCKED",
    "SMB_ACCESS_DENIED",
    "SMB_SHARE_MISSING",
    "SMB_NTLM_BLOCKED",
    "MYSQL_HOST_NOT_ALLOWED",
    "MYSQL_HOST_BLOCKED",
    "MYSQL_TOO_MANY_CONNECTIONS",
    "SMB_HOST_NOT_ALLOWED",
]
_FailOfProxy = Literal["PROXY_UNREACHABLE", "PROXY_AUTH_REQUIRED", "PROXY_REFUSED_CONNECT", "PROXY_UPSTREAM_FAILED"]
_FailOfLocalHost = Literal["PORT_IN_USE_BY_OTHER", "PORT_RESERVED", "PORT_NOT_LISTENING", "LISTENS_LOOPBACK_ONLY"]

ReasonCode = Literal[
    _Informs,
    _WarnOfMiddlebox,
    _WarnOfDns,
    _WarnOfUnknown,
    _WarnOfRemoteConfig,
    _WarnOfLocalHost,
    _WarnOfRemoteService,
    _WarnOfLocalFirewall,
    _UnprovenOfUnknown,
    _UnprovenOfRemoteConfig,
    _Unproven,
    _Skip,
    _ErrorOfChecker,
    _FailOfRemoteService,
    _FailOfMiddlebox,
    _FailOfRemoteFirewall,
    _FailOfLocalFirewall,
    _FailOfUnknown,
    _FailOfRemoteHost,
    _FailOfRouting,
    _FailOfLocalRoute,
    _FailOfDns,
    _FailOfTlsInterceptor,
    _FailOfRemoteConfig,
    _FailOfProxy,
    _FailOfLocalHost,
]

NoReason = Literal[""]


class Reason(msgspec.Struct, frozen=True):
    code: ReasonCode
    rank: Rank
    culprit: Culprit | None = None


_TABLE: tuple[tuple[Rank, Culprit | None, Any], ...] = (
    (Rank.PASS, None, _Informs),
    (Rank.WARN, Culprit.MIDDLEBOX, _WarnOfMiddlebox),
    (Rank.WARN, Culprit.DNS, _WarnOfDns),
    (Rank.WARN, Culprit.UNKNOWN, _WarnOfUnknown),
    (Rank.WARN, Culprit.REMOTE_CONFIG, _WarnOfRemoteConfig),
    (Rank.WARN, Culprit.LOCAL_HOST, _WarnOfLocalHost),
    (Rank.WARN, Culprit.REMOTE_SERVICE, _WarnOfRemoteService),
    (Rank.WARN, Culprit.LOCAL_FIREWALL, _WarnOfLocalFirewall),
    (Rank.UNPROVEN, Culprit.UNKNOWN, _UnprovenOfUnknown),
    (Rank.UNPROVEN, Culprit.REMOTE_CONFIG, _UnprovenOfRemoteConfig),
    (Rank.UNPROVEN, None, _Unproven),
    (Rank.SKIP, None, _Skip),
    (Rank.ERROR, Culprit.CHECKER, _ErrorOfChecker),
    (Rank.FAIL, Culprit.REMOTE_SERVICE, _FailOfRemoteService),
    (Rank.FAIL, Culprit.MIDDLEBOX, _FailOfMiddlebox),
    (Rank.FAIL, Culprit.REMOTE_FIREWALL, _FailOfRemoteFirewall),
    (Rank.FAIL, Culprit.LOCAL_FIREWALL, _FailOfLocalFirewall),
    (Rank.FAIL, Culprit.UNKNOWN, _FailOfUnknown),
    (Rank.FAIL, Culprit.REMOTE_HOST, _FailOfRemoteHost),
    (Rank.FAIL, Culprit.ROUTING, _FailOfRouting),
    (Rank.FAIL, Culprit.LOCAL_ROUTE, _FailOfLocalRoute),
    (Rank.FAIL, Culprit.DNS, _FailOfDns),
    (Rank.FAIL, Culprit.TLS_INTERCEPTOR, _FailOfTlsInterceptor),
    (Rank.FAIL, Culprit.REMOTE_CONFIG, _FailOfRemoteConfig),
    (Rank.FAIL, Culprit.PROXY, _FailOfProxy),
    (Rank.FAIL, Culprit.LOCAL_HOST, _FailOfLocalHost),
)
REASONS: dict[ReasonCode | NoReason, Reason] = {
    code: Reason(code, rank, culprit) for rank, culprit, codes in _TABLE for code in get_args(codes)
}
_BY_TEXT: dict[str, Reason] = {one.code: one for one in REASONS.values()}


def code_of(text: str) -> ReasonCode | None:
    """None: no code of this version."""
    one = _BY_TEXT.get(text)
    return one.code if one else None


def reason(code: str) -> Reason:
    """Raises KeyError that names the nearest code."""
    try:
        return _BY_TEXT[code]
    except KeyError:
        import difflib

        near = difflib.get_close_matches(code.upper(), _BY_TEXT, n=1)
        raise KeyError(f"{code}: no such reason" + (f"; did you mean {near[0]}?" if near else "")) from None
