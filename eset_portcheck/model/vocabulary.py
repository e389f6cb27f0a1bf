"""The three separate things of the contract: state (the wire), proof (the ladder), verdict (the role).

Units and shapes: every name here is a closed set of strings; the values are what stands in reports.
Source: port states as nmap names them; the ladder and the verdicts: docs/contract.md#three-separate-things.
"""

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """What came back on the wire."""

    OPEN = "open"
    CLOSED = "closed"
    FILTERED = "filtered"
    OPEN_FILTERED = "open|filtered"
    UNREACHABLE = "unreachable"
    NOT_TESTED = "not-tested"


class Proof(StrEnum):
    """How far a check got, lowest rung first."""

    NONE = "none"
    NAME = "name"
    ROUTE = "route"
    PATH = "path"
    ACCEPTS = "accepts"
    TLS = "tls"
    PROTOCOL = "protocol"
    PRODUCT = "product"
    AUTHORISED = "authorised"

    @property
    def rung(self) -> int:
        return _LADDER[self]

    def reaches(self, required: "Proof") -> bool:
        return self.rung >= required.rung


_LADDER = {proof: rung for rung, proof in enumerate(Proof)}


class Verdict(StrEnum):
    """What the evidence means for the role."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    UNPROVEN = "unproven"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"


WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.UNPROVEN, Verdict.WARN, Verdict.PASS, Verdict.SKIP)


def gravity(verdict: Verdict) -> int:
    """0 for the worst: to sort by."""
    return WORST_FIRST.index(verdict)


def worst(verdicts: Iterable[Verdict], default: Verdict) -> Verdict:
    """`default`: where there is none."""
    return min(verdicts, key=gravity, default=default)


class Stage(StrEnum):
    """The steps of every outbound check, in order."""

    RESOLVE = "resolve"
    ROUTE = "route"
    CONNECT = "connect"
    TUNNEL = "tunnel"
    TLS = "tls"
    HANDSHAKE = "handshake"
    SESSION = "session"


class Direction(StrEnum):
    OUTBOUND = "outbound"
    INBOUND = "inbound"
    LOCAL = "local"


class Transport(StrEnum):
    TCP = "tcp"
    UDP = "udp"


class Listener(StrEnum):
    """Which ESET component answers at the listening end; foreign = none of them."""

    SERVER = "server"
    BRIDGE = "bridge"
    MDC = "mdc"
    WEBCONSOLE = "webconsole"
    AGENT_HOST = "agent-host"
    FOREIGN = "foreign"


class Trust(StrEnum):
    """Who is expected to have signed the certificate."""

    PUBLIC = "public"
    SITE = "site"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """Is the ESET component at the listening end installed?"""

    PRE = "pre"
    POST = "post"
    AUTO = "auto"


class Culprit(StrEnum):
    LOCAL_HOST = "local-host"
    LOCAL_FIREWALL = "local-firewall"
    DNS = "dns"
    LOCAL_ROUTE = "local-route"
    ROUTING = "routing"
    MIDDLEBOX = "middlebox"
    PROXY = "proxy"
    TLS_INTERCEPTOR = "tls-interceptor"
    FORWARD_PATH = "forward-path"
    RETURN_PATH = "return-path"
    REMOTE_FIREWALL = "remote-firewall"
    REMOTE_HOST = "remote-host"
    REMOTE_SERVICE = "remote-service"
    REMOTE_CONFIG = "remote-config"
    CHECKER = "checker"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    PROVEN = "proven"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Failure(StrEnum):
    """What the network did at the stage that broke. Never a judgement.

    Source: the idea of a closed list of failures is OONI's df-007; the words are ours.
    """

    # names
    DNS_NXDOMAIN = "dns_nxdomain"
    DNS_SERVFAIL = "dns_servfail"
    DNS_REFUSED = "dns_refused"
    DNS_TIMEOUT = "dns_timeout"
    DNS_UNREACHABLE = "dns_unreachable"
    DNS_BAD_ANSWER = "dns_bad_answer"
    DNS_NO_ADDRESS = "dns_no_address"
    # errno and ICMP
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    NOT_PERMITTED = "not_permitted"  # EPERM, WSAEACCES on Windows
    ACCESS_DENIED = "access_denied"  # EACCES on POSIX
    INVALID_ROUTE = "invalid_route"  # EINVAL: a blackhole route
    ADDRESS_FAMILY_UNUSABLE = "address_family_unusable"
    SYSTEM_ERROR = "system_error"  # an errno of no network meaning, named in detail
    # the peer
    TIMEOUT = "timeout"
    EOF = "eof"
    TLS_ALERT = "tls_alert"
    TLS_FAILED = "tls_failed"
    NOT_TLS = "not_tls"
    UNEXPECTED_BYTES = "unexpected_bytes"
    TOO_LARGE = "too_large"
    PROXY_REFUSED = "proxy_refused"  # an HTTP status other than 2xx to CONNECT
    SESSION_REFUSED = "session_refused"  # a full client got a refusal behind the handshake; its status is in detail
    # ourselves
    SESSION_NOT_TRIED = "session_not_tried"  # an earlier answer forbids another log-on
    EXTRA_MISSING = "extra_missing"
    BUDGET_SPENT = "budget_spent"
    INTERRUPTED = "interrupted"
