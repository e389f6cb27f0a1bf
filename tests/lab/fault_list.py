"""Every fault of the laboratory, with the measurement that shows it is there."""

import re

from tests.lab import questions as ask
from tests.lab import topology as at
from tests.lab.faults import Etc, Fault, Frozen, Program, Rules, Shell, Step, Stopped, Under, redirected, shaped
from tests.lab.observation import Observation, Wanted

FAULTS: dict[str, Fault] = {}


def add(name: str, meaning: str, observe: Observation, seen: Wanted, *steps: Step) -> None:
    FAULTS[name] = Fault(name, meaning, observe, seen, steps)


SILENT = {"connect": "timeout", "icmp": None}
RESET = {"connect": "ECONNREFUSED", "icmp": None}
SEEN_FROM_AGENT = f"ip saddr {at.AGENT} tcp dport 2222"


def rejected(number: str, code: int, sender: str, kind: int = 3) -> Wanted:
    return {"connect": number, "icmp": {"origin": "icmp", "type": kind, "code": code, "from": sender}}


# filters in the path and at the server
for name, meaning, action, seen in (
    ("drop-syn", "dropped on the way out", "drop", SILENT),
    ("reject-rst", "a reset by the router", "reject with tcp reset", RESET),
    (
        "reject-port-unreach",
        "ICMP 3/3 from the router",
        "reject with icmp type port-unreachable",
        rejected("ECONNREFUSED", 3, at.GATEWAY),
    ),
    (
        "reject-admin",
        "ICMP 3/13 from the router",
        "reject with icmp type admin-prohibited",
        rejected("EHOSTUNREACH", 13, at.GATEWAY),
    ),
    (
        "reject-host",
        "ICMP 3/1 from the router at once",
        "reject with icmp type host-unreachable",
        rejected("EHOSTUNREACH", 1, at.GATEWAY),
    ),
    (
        "reject-net",
        "ICMP 3/0 from the router",
        "reject with icmp type net-unreachable",
        rejected("ENETUNREACH", 0, at.GATEWAY),
    ),
):
    add(name, meaning, ask.AGENT_PORT, seen, Rules("fw", [f"{SEEN_FROM_AGENT} {action}"]))
add(
    "drop-reply",
    "the server's answer is dropped",
    ask.AGENT_PORT,
    SILENT,
    Rules("fw", [f"ip saddr {at.SERVER} tcp sport 2222 drop"]),
)
add(
    "server-input-drop",
    "the server's own firewall drops",
    ask.AGENT_PORT,
    SILENT,
    Rules("server", ["tcp dport 2222 drop"], "input"),
)
for name, sort, number, code in (
    ("server-input-reject", "port-unreachable", "ECONNREFUSED", 3),
    ("server-input-admin", "admin-prohibited", "EHOSTUNREACH", 13),
):
    rules = Rules("server", [f"tcp dport 2222 reject with icmp type {sort}"], "input")
    add(
        name,
        f"the server's own firewall rejects: ICMP 3/{code} from the target",
        ask.AGENT_PORT,
        rejected(number, code, at.SERVER),
        rules,
    )
add(
    "icmp-blocked",
    "healthy although ICMP is blocked",
    ask.AGENT_PORT,
    ask.BYTES,
    Rules("fw", ["meta l4proto { icmp, icmpv6 } drop"]),
)
add("server-stopped", "the service is not running", ask.AGENT_PORT, RESET, Stopped("nginx-server"))
add(
    "server-frozen",
    "accepts, and its process does nothing",
    ask.AGENT_PORT,
    {"connect": "ok", "error": "timeout"},
    Frozen("nginx-server"),
)
alone = Rules(
    "fw",
    [
        f"ip saddr {at.AGENT} ip daddr {at.SERVER} tcp dport != 2224 drop",
        f"ip saddr {at.AGENT} ip daddr {at.SERVER} meta l4proto != tcp drop",
    ],
)
add("refused-alone", "a refused port, and silence from everything else of that host", ask.AGENT_PORT, SILENT, alone)
add("closed-port", "host up, nothing listens", ask.CLOSED_PORT, RESET)
add(
    "host-down",
    "nobody answers ARP: ICMP 3/1 from ourselves after 3 s",
    ask.DEAD_ADDRESS,
    {"connect": "EHOSTUNREACH", "connect_ms": range(2500, 20000)},
)
add("push-8883-drop", "8883 dropped, 443 open", ask.PUSH, SILENT, Rules("fw", ["tcp dport 8883 drop"]))
add(
    "push-drop",
    "8883 and 443 dropped",
    ask.PUSH_443,
    SILENT,
    Rules("fw", [f"ip daddr {at.INTERNET} tcp dport {{ 443, 8883 }} drop"]),
)

# this host's firewall and routes
add(
    "local-out-drop",
    "own firewall drops TCP",
    ask.AGENT_PORT,
    SILENT,
    Rules("agent", ["tcp dport 2222 drop"], "output"),
)
add(
    "local-out-reject",
    "own firewall rejects",
    ask.AGENT_PORT,
    rejected("ECONNREFUSED", 3, at.AGENT),
    Rules("agent", ["tcp dport 2222 reject"], "output"),
)
add(
    "local-out-udp-drop",
    "own firewall drops UDP: EPERM",
    ask.KERBEROS,
    {"error": "EPERM"},
    Rules("agent", ["udp dport 88 drop"], "output"),
)
AT_ONCE = {"connect_ms": range(900), "icmp": None}
default = Shell("agent", "ip route del default", f"ip route add default via {at.GATEWAY}")
add("no-route", "no default route", ask.AGENT_PORT, {"connect": "ENETUNREACH", **AT_ONCE}, default)
for kind, number in (("prohibit", "EACCES"), ("blackhole", "EINVAL"), ("unreachable", "EHOSTUNREACH")):
    route = Shell("agent", f"ip route add {kind} {at.SERVER}/32", f"ip route del {kind} {at.SERVER}/32")
    add(f"route-{kind}", f"a local {kind} route", ask.AGENT_PORT, {"connect": number, **AT_ONCE}, route)
add(
    "ttl-expired", "a routing loop: ICMP 11/0 from the router", ask.AGENT_PORT, rejected("EHOSTUNREACH", 0, at.GATEWAY, 11),
    Rules("fw", [f"{SEEN_FROM_AGENT} ip ttl set 1"], "prerouting", priority=-150),
)  # fmt: skip
v6 = Shell("agent", "ip -6 route del default", "ip route add default via fd77:1::1")
add("v6-no-route", "no IPv6 route", ask.AGENT_PORT_BY_NAME, {"addr": at.SERVER, **ask.BYTES}, v6)
V6_SILENT = {"addr": "fd77:2::2", "connect": "timeout"}
add(
    "v6-drop",
    "IPv6 dropped, IPv4 open",
    ask.AGENT_PORT_BY_NAME,
    V6_SILENT,
    Rules("fw", ["ip6 nexthdr tcp tcp dport 2222 drop"]),
)

# the quality of the path
SLOW, SLOW_OK = ask.AGENT_PORT.more("--timeout", "6"), {"connect": "ok", "connect_ms": range(800, 6000), **ask.BYTES}
add("delay-400", "800 ms there and back", SLOW, SLOW_OK, *shaped("--delay 400"))
small_link = Shell("fw", "ip link set to-agent mtu 1280", "ip link set to-agent mtu 1500; ip route flush cache")
no_icmp = Rules("fw", ["icmp type destination-unreachable drop"], "output")
forget = Shell("server", "true", "ip route flush cache")
add(
    "pmtu-blackhole",
    "large packets vanish",
    ask.AGENT_PORT,
    {"connect": "ok", "stage": "tls", "error": "timeout"},
    forget,
    no_icmp,
    small_link,
)
add(
    "pmtu-upload",
    "large packets to the server vanish, the ClientHello passes",
    ask.UPLOAD,
    {"connect": "ok", "stage": "bytes", "error": "timeout"},
    Rules("fw", ["ip daddr 10.77.2.2 tcp dport 2222 meta length > 1400 drop"]),
)

# someone else answers
HTTP = "tcp dport 80"
for name, meaning, port, text in (
    ("captive-portal", "HTTP redirected to a portal", 80, "302 .*portal"),
    ("portal-page", "HTML with 200 instead of the file", 8080, "200 .*<title>Sign in"),
    ("portal-511", "511 Network Authentication Required", 8082, "511"),
    ("filter-451", "a filter's answer instead of the file", 8081, "451 .*blocked by policy"),
    ("wrong-content", "200 with nothing in it", 8083, "200 .*Content-Length: 0"),
    ("notice-text", "a filter's notice as text with 200", 8084, "200 .*text/plain.*Blocked: file sharing"),
    ("notice-json", "a filter's notice as JSON with 200", 8085, '200 .*application/json.*"blocked": true'),
    ("notice-image", "a filter's picture with 200", 8086, "200 .*image/gif"),
):
    add(name, meaning, ask.REPOSITORY, {"text": re.compile(f"^HTTP/1.1 {text}")}, redirected(HTTP, at.PORTAL, port))
for name, meaning, address, port, seen in (
    ("tls-mitm", "another authority on 8883", at.INTERCEPTOR, 8883, {"error": re.compile("cert verify (19|20|21)")}),
    ("cert-expired", "expired", at.PUSH_EXPIRED, 8883, {"error": "cert verify 10"}),
    ("cert-not-yet", "not valid yet", at.PUSH_EXPIRED, 8884, {"error": "cert verify 9"}),
    ("cert-soon", "expires in 10 days", at.PUSH_EXPIRED, 8885, {"hex": "20020000"}),
    ("cert-wronghost", "for another name", at.PUSH_WRONG_NAME, 8883, {"error": "cert verify 62"}),
    ("mqtt-not-authorised", "the broker refuses: CONNACK 5", at.PUSH_PASSWORD, 8883, {"hex": "20020005"}),
):
    # cert-soon looks healthy to a client: what shows it is the certificate, which test_laboratory reads
    add(name, meaning, ask.PUSH, seen, redirected("tcp dport 8883", address, port))
for name, meaning, port, seen in (
    ("tarpit", "accepts and never answers", 9001, {"connect": "ok", "error": "timeout"}),
    (
        "accept-reset",
        "accepts, then resets",
        9002,
        ({"connect": "ECONNRESET"}, {"connect": "ok", "error": "ECONNRESET"}),
    ),
    ("accept-close", "accepts, then closes", 9003, {"connect": "ok", "error": "EOF"}),
    ("garbage", "bytes of no known protocol", 9004, {"error": re.compile("WRONG_VERSION_NUMBER|HTTP_REQUEST")}),
    ("drip", "one byte a second", 9005, {"connect": "ok", "error": "timeout"}),
    ("half", "half a record, then closes", 9006, {"connect": "ok", "error": "EOF"}),
    ("ssh-on-2222", "an SSH server", 9007, {"error": re.compile("WRONG_VERSION_NUMBER")}),
    ("backlog-full", "a full accept queue: silence", 9009, SILENT),
    (
        "tls-alert",
        "a TLS alert to every ClientHello",
        9010,
        {"connect": "ok", "error": re.compile("ALERT_HANDSHAKE_FAILURE")},
    ),
):
    add(name, meaning, ask.AGENT_PORT, seen, redirected("tcp dport 2222", at.MISBEHAVING, port))
add(
    "http-on-2222",
    "plain HTTP",
    ask.AGENT_PORT,
    {"error": re.compile("WRONG_VERSION_NUMBER|HTTP_REQUEST")},
    redirected("tcp dport 2222", at.SERVER, 80),
)
add(
    "tls-mitm-2222",
    "another authority on 2222",
    ask.AGENT_PORT,
    {"error": re.compile("cert verify (19|20|21)")},
    redirected("tcp dport 2222", at.INTERCEPTOR, 2222),
)
add(
    "reset-on-hello", "a name filter: resets the ClientHello, leaves silence alone", ask.AGENT_PORT, {"connect": "ok", "error": "ECONNRESET"},
    Rules("fw", [f"{SEEN_FROM_AGENT} @ih,0,8 22 reject with tcp reset"]),
)  # fmt: skip

# names
for name, meaning, port, seen in (
    ("dns-servfail", "SERVFAIL", 9101, {"gai": (-2, -3)}),
    ("dns-nxdomain", "NXDOMAIN", 9102, {"gai": -2}),
    ("dns-wrong", "another address", 9103, {"addrs": at.PORTAL}),
    ("dns-refused", "REFUSED", 9104, {"gai": (-2, -3)}),
    ("dns-garbage", "bytes of no DNS message", 9105, {"gai": (-2, -3)}),
    ("dns-no-address", "the name has no address", 9107, {"gai": (-5, -2)}),
):
    add(name, meaning, ask.PUSH_NAME, seen, redirected("udp dport 53", at.MISBEHAVING, port))
add(
    "dns-timeout",
    "no answer",
    ask.PUSH_NAME,
    {"gai": -3, "ms": range(3500, 20000)},
    Rules("fw", ["meta l4proto { udp, tcp } th dport 53 drop"]),
)
add(
    "dns-unreachable",
    "ICMP 3/3 for the resolver's port",
    ask.PUSH_NAME,
    {"gai": (-2, -3), "ms": range(3000)},
    Rules("fw", ["udp dport 53 reject"]),
)
AAAA_OF_PUSH = "udp dport 53 @th,280,16 28"  # the type behind the 15 bytes of epns.eset.com: 8 + 12 + 15 bytes in
add(
    "dns-aaaa-drop",
    "queries for IPv6 addresses vanish: seconds later the IPv4 address is used",
    ask.PUSH_NAME,
    {"addrs": at.INTERNET, "ms": range(3500, 20000)},
    Rules("fw", [f"{AAAA_OF_PUSH} drop"]),
)
add(
    "dns-first-dead",
    "the first of two resolvers is dead",
    ask.PUSH_NAME,
    {"addrs": at.INTERNET, "ms": range(1500, 20000)},
    Etc("agent", "resolv.conf", f"nameserver {at.v4('dc', 99)}\nnameserver {at.DC}\noptions timeout:2 attempts:2\n"),
)
add(
    "dns-not-used",
    "nsswitch.conf without dns",
    ask.PUSH_NAME,
    {"gai": -2},
    Etc("agent", "nsswitch.conf", "hosts: files\n"),
)
AS_TYPED = Observation(("name", "epns.eset.com"), {"addrs": at.INTERNET})  # a final dot is in no hosts file
HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
for name, meaning, address in (
    ("hosts-nowhere", "the hosts file sends the name to this machine", "0.0.0.0"),
    ("hosts-stale", "the hosts file holds an old address", at.DEAD),
):
    add(name, meaning, AS_TYPED, {"addrs": address}, Etc("agent", "hosts", f"{HOSTS}{address} epns.eset.com\n"))

# the first hop
UNREACHABLE = {"connect": "EHOSTUNREACH", "connect_ms": range(2500, 20000)}
SLOWLY = ask.AGENT_PORT.more("--timeout", "6")
add(
    "gateway-dead",
    "the default gateway does not exist: ARP fails",
    SLOWLY,
    UNREACHABLE,
    Shell("agent", f"ip route replace default via {at.v4('agent', 99)}", f"ip route replace default via {at.GATEWAY}"),
)
stray = f"{at.v4('server', 0)}/24 dev eth0"
add(
    "route-stray",
    "a route into an interface behind which nobody is",
    SLOWLY,
    UNREACHABLE,
    Shell("agent", f"ip route add {stray}", f"ip route del {stray}"),
)
NATTED = at.v4("inet", 200)
NOBODY = {"type": 3, "code": 1, "from": at.GATEWAY}  # without the translation nobody has the address
for name, to, kind, ask_it, seen in (
    (
        "nat-reject-tcp",
        at.SERVER,
        "tcp dport 2222",
        ask.tcp(NATTED, 2222, healthy={"connect": "EHOSTUNREACH", "icmp": NOBODY}),
        {"connect": "EHOSTUNREACH"},
    ),
    (
        "nat-reject-udp",
        at.DC,
        "udp dport 88",
        ask.udp(NATTED, 88, ask.KERBEROS.asks[-1], healthy={"error": "EHOSTUNREACH", "icmp": NOBODY}),
        {"error": "EHOSTUNREACH"},
    ),
):
    add(
        name,
        "the router rejects behind address translation: its ICMP bears the target's address",
        ask_it,
        {**seen, "icmp": {"type": 3, "code": 13, "from": NATTED}},
        Rules("fw", [f"ip daddr {NATTED} dnat ip to {to}"], "prerouting", "nat", -100),
        Rules("fw", [f"ip daddr {to} {kind} reject with icmp type admin-prohibited"]),
    )
LOST = "tcp dport 2222 tcp flags & (syn|ack) == syn"
add(
    "first-syn-lost",
    "the first SYN of every connection is lost, the second one passes",
    SLOWLY,
    {"connect": "ok", "connect_ms": range(900, 5000)},
    Rules(
        "fw",
        [
            f"{LOST} meter lost {{ tcp sport timeout 10s limit rate over 1/hour burst 1 packets }} accept",
            f"{LOST} drop",
        ],
    ),
)

# the proxy
add("proxy-407", "demands credentials", ask.PROXY_407, {"text": re.compile("^HTTP/1.1 407")})
add("proxy-403", "forbids CONNECT", ask.PROXY_403, {"text": re.compile("^HTTP/1.1 403")})
add(
    "proxy-upstream",
    "cannot reach the target",
    ask.PROXY,
    {"text": re.compile("^HTTP/1.1 503")},
    Rules("fw", ["iifname to-server tcp dport 8883 reject"]),
)
add("proxy-drop", "dropped", ask.PROXY, SILENT, Rules("fw", ["tcp dport 3128 drop"]))
add("proxy-stopped", "not running", ask.PROXY, RESET, Stopped("squid"))

# databases, directory, computers
add("mysql-host-denied", "1130: this host is not allowed", ask.MYSQL_STRICT, {"text": re.compile("not allowed")})
add(
    "mysql-too-many",
    "1040: too many connections",
    ask.MYSQL,
    {"text": re.compile("Too many")},
    Program("db", "hold_open.py", f"{at.DATABASE} 3306 51"),
)
add(
    "mysql-blocked",
    "1129: this host is blocked",
    ask.MYSQL,
    {"text": re.compile("is blocked")},
    redirected("tcp dport 3306", at.MISBEHAVING, 9011),
)
add("ldap-strict", "the directory demands TLS", ask.LDAP_STRICT, {"hex": re.compile("0a01(0d|30)")})
add("udp-drop", "dropped", ask.KERBEROS, {"error": "timeout"}, Rules("fw", ["udp dport 88 drop"]))
UDP_REJECTED = {"error": "ECONNREFUSED", "icmp": {"type": 3, "code": 3, "from": at.GATEWAY}}
add("udp-reject", "ICMP 3/3 from the router", ask.KERBEROS, UDP_REJECTED, Rules("fw", ["udp dport 88 reject"]))
add(
    "udp-closed",
    "nothing listens: ICMP 3/3 from the host",
    ask.NOT_A_KDC,
    {"error": "ECONNREFUSED", "icmp": {"type": 3, "code": 3, "from": at.TARGET}},
)
add(
    "krb-skew",
    "the KDC's clock is an hour ahead",
    ask.KERBEROS,
    {"kdc_skew_s": range(3500, 3700)},
    Under("krb5kdc", ("faketime", "-f", "+3600s")),
)
add("nbns-drop", "NetBIOS names dropped", ask.NETBIOS, {"error": "timeout"}, Rules("fw", ["udp dport 137 drop"]))
add("smb-445-drop", "445 dropped, 139 open", ask.SMB, SILENT, Rules("fw", ["tcp dport 445 drop"]))
add(
    "mtls-13",
    "a client certificate is demanded (TLS 1.3)",
    ask.MTLS13,
    {"tls": "TLSv1.3", "error": re.compile("CERTIFICATE_REQUIRED")},
)
add(
    "mtls-12",
    "a client certificate is demanded (TLS 1.2)",
    ask.MTLS12,
    {"error": re.compile("ALERT|CERTIFICATE|HANDSHAKE")},
)
add(
    "dead-v6-address",
    "one address of a name leads nowhere",
    ask.tcp("dead6.lab.test", 2222),
    {"addr": "fd77:dead::1", "connect": ("timeout", "ENETUNREACH", "EHOSTUNREACH")},
)
