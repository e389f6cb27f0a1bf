"""Which reason codes a row of a profile can end with, in the order of its stages. For `explain`; diagnosis does not read it."""

from eset_portcheck.model.profile import Requirement
from eset_portcheck.model.vocabulary import Direction, Listener, Proof, Transport
from eset_portcheck.texts.language import message

NAME = "DNS_NXDOMAIN DNS_SERVFAIL DNS_REFUSED DNS_TIMEOUT DNS_UNREACHABLE DNS_BAD_ANSWER DNS_NO_ADDRESS NAME_NOT_FROM_DNS DNS_DISAGREES"
ROUTE = "NO_ROUTE ROUTE_PROHIBITED REJECTED_LOCALLY"
REJECTED = "REJECTED_IN_PATH REJECTED_BY_TARGET_FIREWALL HOST_DOWN NET_UNREACHABLE TTL_EXPIRED"
CONNECT = f"TCP_NO_ANSWER REFUSED_BY_HOST REFUSED_ORIGIN_UNKNOWN REFUSED_NEARER_THAN_HOST {REJECTED} ANSWERED_NEARER"
DATAGRAM = f"UDP_NO_ANSWER REFUSED_BY_HOST REFUSED_ORIGIN_UNKNOWN {REJECTED}"
TUNNEL = "PROXY_UNREACHABLE PROXY_AUTH_REQUIRED PROXY_REFUSED_CONNECT PROXY_UPSTREAM_FAILED"
TLS = (
    "TLS_NOT_SPOKEN WRONG_PROTOCOL TLS_REFUSED TLS_TIMEOUT TLS_RESET_ON_HELLO PMTU_BLACKHOLE RESET_AFTER_ACCEPT CLOSED_BEFORE_REPLY TLS_INTERCEPTED"
    " TLS_UNKNOWN_CA TLS_WRONG_NAME TLS_EXPIRED TLS_NOT_YET_VALID TLS_EXPIRES_SOON CLIENT_CERTIFICATE_REQUESTED"
)
SPOKEN = "PROTOCOL_REPLY WRONG_PROTOCOL NO_REPLY CLOSED_BEFORE_REPLY RESET_AFTER_ACCEPT PMTU_BLACKHOLE"
BY_PROTOCOL = {
    "tcp": "CONNECTED",
    "tls": "CONNECTED",
    "mqtt": f"{SPOKEN} MQTT_REFUSED",
    "http": f"{SPOKEN} CAPTIVE_PORTAL WRONG_CONTENT",
    "http_proxy": f"{SPOKEN} CAPTIVE_PORTAL WRONG_CONTENT",
    "kerberos": "PROTOCOL_REPLY WRONG_PROTOCOL KDC_CLOCK_SKEW SERVICE_REFUSES",
    "kerberos_tcp": "PROTOCOL_REPLY WRONG_PROTOCOL KDC_CLOCK_SKEW SERVICE_REFUSES",
    "ldap": f"{SPOKEN} LDAP_TLS_REQUIRED SERVICE_REFUSES",
    "mysql": f"{SPOKEN} MYSQL_HOST_NOT_ALLOWED MYSQL_HOST_BLOCKED MYSQL_TOO_MANY_CONNECTIONS SERVICE_REFUSES",
    "smb": f"{SPOKEN} SMB1_ONLY SMB1_NEGOTIATE_BLOCKED SERVICE_REFUSES",
    "nbss": f"{SPOKEN} SMB1_ONLY SMB1_NEGOTIATE_BLOCKED NETBIOS_SESSION_REFUSED SERVICE_REFUSES",
    "tds": f"{SPOKEN} TDS_STRICT_ENCRYPTION",
    "nbns": "PROTOCOL_REPLY WRONG_PROTOCOL",
}
SHARE = "SMB_NEEDS_CREDENTIALS EXTRA_MISSING SMB_LOGON_FAILURE SMB_ACCOUNT_LOCKED SMB_ACCESS_DENIED SMB_SHARE_MISSING SMB_NTLM_BLOCKED"
SECOND_CLIENTS = ("mqtt", "ssh")
LISTENER = (
    "PORT_FREE PORT_HELD_BY_PRODUCT PORT_IN_USE_BY_OTHER OWNER_UNEXPECTED OWNER_NOT_VISIBLE PORT_RESERVED PORT_NOT_LISTENING LISTENS_LOOPBACK_ONLY"
    " LISTENS_IPV6_ONLY LISTENS_IPV4_ONLY INBOUND_FILTERED INBOUND_IPV4_ONLY INBOUND_IPV6_ONLY REACH_NOT_TESTED"
)
INSIDE = "PORT_FREE PORT_HELD_BY_PRODUCT PORT_IN_USE_BY_OTHER OWNER_NOT_VISIBLE PORT_RESERVED PORT_NOT_LISTENING LISTENS_BEYOND_LOOPBACK"
ANY = "NOT_SELECTED BUDGET_SPENT INTERRUPTED INTERNAL_ERROR"


def possible(one: Requirement) -> dict[str, list[str]]:
    """Stage in plain English words -> codes. A code is named once, at the first stage that can give it."""
    stages: dict[str, str] = {message("not run"): _not_run(one)}
    if one.direction is not Direction.OUTBOUND:
        stages[message("on this machine")] = LISTENER if one.direction is Direction.INBOUND else INSIDE
    elif one.protocol == "nbdgm":
        stages[message("by design")] = "ONE_WAY_PROTOCOL"
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
    stages = {message("name"): NAME, message("route"): ROUTE, message("connection"): DATAGRAM if one.transport is Transport.UDP else CONNECT}
    if one.via:
        stages[message("proxy")] = TUNNEL
    if one.trust is not None:
        stages[message("TLS")] = TLS
    if one.proof is Proof.AUTHORISED:
        stages[message("login")] = SHARE
    stages[message("answer")] = BY_PROTOCOL.get(one.protocol, SPOKEN)
    stages[message("several addresses")] = "ONE_FAMILY_FAILS SOME_ADDRESSES_FAIL"
    if one.protocol in SECOND_CLIENTS:
        stages[message("a second client (--deep)")] = "SECOND_OPINION_DIFFERS EXTRA_MISSING"
    if one.listener is Listener.SERVER and not one.via:
        stages[message("what is installed here")] = "AGENT_CONNECTED CONFIGURED_SERVER_DIFFERS"
    if not one.via and one.transport is Transport.TCP and not one.target.startswith("<"):
        stages[message("proxies of this machine")] = "PROXY_SET_NOT_USED"
    if one.group is not None:
        stages[message("alternatives")] = "FAILOVER_USED"
    return stages
