"""Addresses and names of the laboratory.

One router namespace ("fw") joins one leaf namespace per role. Every leaf has 10.77.N.0/24 and fd77:N::/64; the router
is .1. Shapes: LEAVES maps a leaf to (N, host numbers that the leaf owns); NAMES maps a name to the addresses that the
laboratory's DNS server answers with.
"""

ROUTER = "fw"
LEAVES: dict[str, tuple[int, tuple[int, ...]]] = {
    "agent": (1, (2,)),
    "server": (2, (2, 3, 4, 9)),
    "db": (3, (2, 3)),
    "dc": (4, (2, 3, 4)),
    "target": (5, (2, 3, 4)),
    "inet": (6, (2, 3, 4, 5, 6, 9, 10)),
}
NODES = (ROUTER, *LEAVES)


def v4(leaf: str, host: int) -> str:
    """The IPv4 address of a host number in a leaf; host 1 is the router's side."""
    return f"10.77.{LEAVES[leaf][0]}.{host}"


def v6(leaf: str, host: int) -> str:
    return f"fd77:{LEAVES[leaf][0]}::{host}"


AGENT = v4("agent", 2)
GATEWAY = v4("agent", 1)  # the router as the agent sees it
SERVER, SERVER_MTLS13, SERVER_MTLS12, MISBEHAVING = (v4("server", host) for host in (2, 3, 4, 9))
PROXY_OPEN, PROXY_PASSWORD, PROXY_NO_CONNECT = (v4("server", host) for host in (2, 3, 4))
DATABASE, DATABASE_STRICT = v4("db", 2), v4("db", 3)
DC, DC_STRICT, DC_ACTIVE_DIRECTORY = (v4("dc", host) for host in (2, 3, 4))
TARGET, TARGET_SIGNED, TARGET_NO_NTLM = (v4("target", host) for host in (2, 3, 4))
INTERNET, PUSH_PASSWORD, PUSH_EXPIRED, PUSH_WRONG_NAME, WEB, PORTAL, INTERCEPTOR = (
    v4("inet", host) for host in (2, 3, 4, 5, 6, 9, 10)
)
DEAD = v4("server", 200)  # nobody has this address
PUBLISHED = "10.77.9.9"  # in no network: a site may translate it to the server's address

_ESET_WEB = ("update", "edf", "ts", "play", "i1.c", "i3.c", "r.edtd", "d.edtd")
_PUSH_SERVICES = (
    "api.push.apple.com", "gateway.push.apple.com", "feedback.push.apple.com", *(f"{n}-courier.push.apple.com" for n in range(51)),
    "fcm.googleapis.com", "mtalk.google.com", *(f"alt{n}-mtalk.google.com" for n in range(1, 9)),
)  # fmt: skip
NAMES: dict[str, tuple[str, ...]] = {
    "agent.lab.test": (AGENT, v6("agent", 2)),
    "server.lab.test": (SERVER, v6("server", 2)),
    "server4.lab.test": (SERVER,),
    "server6.lab.test": (v6("server", 2),),
    "published.lab.test": (PUBLISHED,),
    "bridge.lab.test": (PROXY_OPEN,),
    "bridge-auth.lab.test": (PROXY_PASSWORD,),
    "bridge-deny.lab.test": (PROXY_NO_CONNECT,),
    "db.lab.test": (DATABASE, v6("db", 2)),
    "db-strict.lab.test": (DATABASE_STRICT,),
    "dc.lab.test": (DC,),
    "dc-strict.lab.test": (DC_STRICT,),
    "target.lab.test": (TARGET,),
    "target-signed.lab.test": (TARGET_SIGNED,),
    "target-nontlm.lab.test": (TARGET_NO_NTLM,),
    "epns.eset.com": (INTERNET, v6("inet", 2)),
    "repository.eset.com": (INTERNET,),
    "epns-auth.lab.test": (PUSH_PASSWORD,),
    "epns-expired.lab.test": (PUSH_EXPIRED,),
    "epns-wronghost.lab.test": (PUSH_WRONG_NAME,),
    "liveguard.lab.test": (WEB,),
    "dead6.lab.test": (SERVER, "fd77:dead::1"),  # its IPv6 address leads nowhere
    **{f"{host}.eset.com": (WEB,) for host in _ESET_WEB},
    **dict.fromkeys(("go.eset.eu", "suppreq.eset.eu"), (WEB,)),
    **dict.fromkeys(_PUSH_SERVICES, (INTERNET,)),
}
REALM = "LAB.TEST"
PASSWORD = "Lab-Passw0rd"
