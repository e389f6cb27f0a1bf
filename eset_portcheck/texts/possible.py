"""Which reason codes a row of a profile can end with, in the order of its stages. For `explain`; diagnosis does not
read it."""

from eset_portcheck import protocols
from eset_portcheck.model.profile import Requirement
from eset_portcheck.model.vocabulary import Direction, Listener, Proof, Transport
from eset_portcheck.texts.language import message
from eset_portcheck.wire.protocol import SPOKEN

NAME = (
    "DNS_NXDOMAIN DNS_SERVFAIL DNS_REFUSED DNS_TIMEOUT DNS_UNREACHABLE DNS_BAD_ANSWER DNS_NO_ADDRESS "
    "DNS_SINKHOLED NAME_NOT_FROM_DNS DNS_DISAGREES DNS_SLOW GATEWAY_DOWN"
)
ROUTE = "NO_ROUTE ROUTE_PROHIBITED REJECTED_LOCALLY"
REJECTED = "REJECTED_IN_PATH REJECTED_BY_TARGET_FIREWALL HOST_DOWN GATEWAY_DOWN NET_UNREACHABLE TTL_EXPIRED"
CONNECT = (
    f"TCP_NO_ANSWER REFUSED_BY_HOST REFUSED_ORIGIN_UNKNOWN REFUSED_NEARER_THAN_HOST {REJECTED} ANSWERED_NEARER "
    "LOSSY_PATH"
)
DATAGRAM = f"UDP_NO_ANSWER REFUSED_BY_HOST REFUSED_ORIGIN_UNKNOWN {REJECTED}"
TUNNEL = "PROXY_UNREACHABLE PROXY_AUTH_REQUIRED PROXY_REFUSED_CONNECT PROXY_UPSTREAM_FAILED"
TLS = (
    "TLS_NOT_SPOKEN WRONG_PROTOCOL TLS_REFUSED TLS_TIMEOUT TLS_RESET_ON_HELLO PMTU_BLACKHOLE RESET_AFTER_ACCEPT "
    "CLOSED_BEFORE_REPLY TLS_INTERCEPTED"
    " TLS_UNKNOWN_CA TLS_WRONG_NAME TLS_EXPIRED TLS_NOT_YET_VALID CLOCK_SKEW IDENTITY_NOT_CHECKED TLS_OLD_VERSION "
    "TLS_EXPIRES_SOON CLIENT_CERTIFICATE_REQUESTED"
)
SHARE = (
    "SMB_NEEDS_CREDENTIALS EXTRA_MISSING SMB_LOGON_FAILURE SMB_ACCOUNT_LOCKED SMB_ACCESS_DENIED SMB_SHARE_MISSING "
    "SMB_NTLM_BLOCKED SMB_GUEST_LOGIN"
)
LISTENER = (
    "PORT_FREE PORT_HELD_BY_PRODUCT PORT_IN_USE_BY_OTHER OWNER_UNEXPECTED OWNER_NOT_VISIBLE PORT_RESERVED "
    "PORT_NOT_LISTENING LISTENS_LOOPBACK_ONLY"
    " LISTENS_IPV6_ONLY LISTENS_IPV4_ONLY INBOUND_FILTERED INBOUND_IPV4_ONLY INBOUND_IPV6_ONLY REACH_NOT_TESTED"
)
INSIDE = (
    "PORT_FREE PORT_HELD_BY_PRODUCT PORT_IN_USE_BY_OTHER OWNER_NOT_VISIBLE PORT_RESERVED PORT_NOT_LISTENING "
    "LISTENS_BEYOND_LOOPBACK"
)
CLOCKS = ("kerberos", "kerberos_tcp", "ldap", "smb", "nbss", "http", "http_proxy")
ANY = "NOT_SELECTED BUDGET_SPENT INTERRUPTED INTERNAL_ERROR"


def possible(one: Requirement) -> dict[str, list[str]]:
    """Stage in plain English words -> codes. A code is named once, at the first stage that can give it."""
    stages: dict[str, str] = {message("not run"): _not_run(one)}
    if one.direction is not Direction.OUTBOUND:
        stages[message("on this machine")] = LISTENER if one.direction is Direction.INBOUND else INSIDE
    elif (protocol := protocols.find(one.protocol)) is not None and protocol.one_way:
        stages[message("by design")] = " ".join(protocol.possible_reasons)
    else:
        stages |= _outbound(one)
    seen: set[str] = set()
    named: dict[str, list[str]] = {}
    for stage, codes in stages.items():
        named[stage] = [code for code in dict.fromkeys(codes.split()) if code not in seen]
        seen.update(named[stage])
    return {stage: codes for stage, codes in named.items() if codes}


def _not_run(one: Requirement) -> str:
    conditional = "CONDITION_FALSE " if one.when and not one.retired else ""
    retired = "RETIRED " if one.retired else ""
    value = "VALUE_MISSING " if one.target.startswith("<") else ""
    built = "NOT_BUILT " if one.direction is Direction.OUTBOUND else ""
    return conditional + retired + value + built + ANY


def _outbound(one: Requirement) -> dict[str, str]:
    stages = {
        message("name"): NAME,
        message("route"): ROUTE,
        message("connection"): DATAGRAM if one.transport is Transport.UDP else CONNECT,
    }
    if one.via:
        stages[message("proxy")] = TUNNEL
    if one.trust is not None:
        stages[message("TLS")] = TLS
    if one.proof is Proof.AUTHORISED:
        stages[message("login")] = SHARE
    protocol = protocols.find(one.protocol)
    stages[message("answer")] = " ".join(protocol.possible_reasons if protocol else SPOKEN)
    if one.protocol in CLOCKS or one.trust is not None:
        stages[message("clocks")] = "CLOCK_SKEW"
    stages[message("several addresses")] = "ONE_FAMILY_FAILS SOME_ADDRESSES_FAIL"
    if protocol is not None and protocol.second_client:
        stages[message("a second client (--deep)")] = "SECOND_OPINION_DIFFERS EXTRA_MISSING"
    if one.listener is Listener.SERVER and not one.via:
        stages[message("what is installed here")] = "AGENT_CONNECTED CONFIGURED_SERVER_DIFFERS"
    if not one.via and one.transport is Transport.TCP and not one.target.startswith("<"):
        stages[message("proxies of this machine")] = "PROXY_SET_NOT_USED"
    if one.group is not None:
        stages[message("alternatives")] = "FAILOVER_USED"
    return stages
