"""Faults for random sites: each knows which ways of a site it cuts, whose fault it is, and what the observer must see.

A *leg* is one way of the site: LEGS that start at the agent, FAR_LEGS that start at the proxy (which squid opens when
asked), and "dns" to the resolver. A cut is a pair of a leg and a family, 4 or 6. Nothing here knows the program.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tests.lab import questions as ask
from tests.lab import topology as at
from tests.lab.faults import Frozen, Rules, Shell, Step, Stopped, redirected
from tests.lab.observation import Observation, Wanted

Cut = tuple[str, int]
SERVER_6, INTERNET_6 = at.v6("server", 2), at.v6("inet", 2)
LEGS: dict[str, tuple[dict[int, str], int]] = {  # from the agent: addresses by family, port
    "server": ({4: at.SERVER, 6: SERVER_6}, 2222),
    "push-8883": ({4: at.INTERNET, 6: INTERNET_6}, 8883),
    "push-443": ({4: at.INTERNET, 6: INTERNET_6}, 443),
    "repository": ({4: at.INTERNET}, 80),
    "proxy": ({4: at.PROXY_OPEN}, 3128),
}
ASKED = {
    "server": ask.AGENT_PORT,
    "push-8883": ask.PUSH,
    "push-443": ask.PUSH_443,
    "repository": ask.REPOSITORY,
    "proxy": ask.PROXY,
}
FAR_LEGS = {"far-push-8883": 8883, "far-push-443": 443, "far-repository": 80}
NODE = {"server": "server", "proxy": "server", "push-8883": "inet", "push-443": "inet", "repository": "inet"}
DROPPED = {"middlebox", "forward-path"}
ANOTHER = {"middlebox", "remote-service", "remote-config", "tls-interceptor"}
"""Another service in place of the real one: who put it there cannot be seen from the agent."""


@dataclass(frozen=True)
class Injected:
    """kind: "cut" makes its cuts unusable; "risk" leaves them working and the row must warn; "slow" leaves them working
    and the row may warn; "notice" cuts, but what comes back may honestly be called unproven.

    seen: every question with the answer that shows the fault. culprits: who may be named for it. hop: where it is, in
    hops from the agent (0 this host, 1 the router, 2 the far end). wide: it reaches further than one leg, so it is put
    in last.
    """

    name: str
    cuts: frozenset[Cut]
    culprits: frozenset[str]
    hop: int
    steps: tuple[Step, ...]
    seen: tuple[tuple[Observation, Wanted], ...]
    kind: str = "cut"
    wide: bool = False
    may: frozenset[Cut] = frozenset()
    """Cuts that it may make or not, by the sizes of packets: their rows are judged for culprits only."""


def question(leg: str, family: int) -> Observation:
    """One of the laboratory's own questions about a leg, asked of one address."""
    addresses, port = LEGS[leg]
    return ask.tcp(addresses[family], port, *ASKED[leg].asks[3:], healthy=ASKED[leg].healthy)


def matching(leg: str, family: int, *, back: bool = False) -> str:
    """nftables' words for what the agent sends on a leg, or for what comes back."""
    addresses, port = LEGS[leg]
    ip, agent = {4: ("ip", at.AGENT), 6: ("ip6", at.v6("agent", 2))}[family]
    theirs, mine, side = ("saddr", "daddr", "sport") if back else ("daddr", "saddr", "dport")
    return f"{ip} {mine} {agent} {ip} {theirs} {addresses[family]} tcp {side} {port}"


def _name(what: str, leg: str, families: Sequence[int]) -> str:
    return f"{what}:{leg}/{'+'.join(map(str, families))}"


REJECTS: dict[str, tuple[Wanted, set[str]]] = {  # icmpx type: errno, culprits
    "port-unreachable": ("ECONNREFUSED", {"middlebox"}),
    "admin-prohibited": (("EHOSTUNREACH", "EACCES"), {"middlebox"}),
    "host-unreachable": ("EHOSTUNREACH", {"middlebox", "routing"}),
    "no-route": ("ENETUNREACH", {"middlebox", "routing"}),
}
SILENT: Wanted = {"connect": "timeout", "icmp": None}
ICMP = {"origin": ("icmp", "icmp6")}


def in_path(chance: random.Random, leg: str, families: Sequence[int]) -> Injected:
    """A filter of the router, for one leg and some of its families."""
    how = chance.choice(["drop", "drop-reply", "reset", "loop", *REJECTS])
    matches = [matching(leg, family) for family in families]
    seen: Wanted = SILENT
    culprits, rules = set(DROPPED), [f"{match} drop" for match in matches]
    hook, priority = "forward", 0
    if how == "drop-reply":
        culprits = {"middlebox", "return-path"}
        rules = [f"{matching(leg, family, back=True)} drop" for family in families]
    elif how == "reset":
        culprits, seen = {"middlebox"}, {"connect": "ECONNREFUSED", "icmp": None}
        rules = [f"{match} reject with tcp reset" for match in matches]
    elif how == "loop":
        culprits, seen = {"routing", "middlebox"}, {"connect": "EHOSTUNREACH", "icmp": ICMP}
        hook, priority = "prerouting", -150
        rules = [f"{match} ip{'6 hoplimit' if family == 6 else ' ttl'} set 1"
                 for family, match in zip(families, matches, strict=True)]  # fmt: skip
        if leg == "server":  # a published address is translated later
            rules = [rule.replace(at.SERVER, f"{{ {at.SERVER}, {at.PUBLISHED} }}") for rule in rules]
    elif how != "drop":
        number, culprits = REJECTS[how]
        seen = {"connect": number, "icmp": ICMP}
        rules = [f"{match} reject with icmpx type {how}" for match in matches]
    return Injected(
        _name(how, leg, families), frozenset((leg, family) for family in families), frozenset(culprits), 1,
        (Rules("fw", rules, hook, priority=priority),), tuple((question(leg, family), seen) for family in families),
    )  # fmt: skip


def at_target(chance: random.Random, leg: str, families: Sequence[int]) -> Injected:
    """The far end's own firewall."""
    how = chance.choice(["drop", "port-unreachable", "admin-prohibited"])
    port = LEGS[leg][1]
    protocols = " ".join({4: "ipv4", 6: "ipv6"}[family] + "," for family in families)
    match = f"meta nfproto {{ {protocols} }} iifname eth0 tcp dport {port}"
    if how == "drop":
        rule, seen = f"{match} drop", SILENT
    else:
        rule, seen = f"{match} reject with icmpx type {how}", {"connect": REJECTS[how][0], "icmp": ICMP}
    near = frozenset((leg, family) for family in families)
    far = frozenset((f"far-{leg}", family) for family in families if NODE[leg] == "inet")
    return Injected(
        _name(f"target-{how}", leg, families), near | far, frozenset({"remote-firewall"}), 2,
        (Rules(NODE[leg], [rule], "input"),), tuple((question(leg, family), seen) for family in families),
    )  # fmt: skip


def here(chance: random.Random, leg: str, families: Sequence[int]) -> Injected:
    """This host's own firewall, or a route of its own to one address."""
    how = chance.choice(["drop", "reject", "prohibit", "blackhole", "unreachable"])
    address = LEGS[leg][0][families[0]]
    if how in ("drop", "reject"):
        rules = [f"{matching(leg, family)} {how}" for family in families]
        seen = SILENT if how == "drop" else {"connect": "ECONNREFUSED"}
        return Injected(
            _name(f"own-{how}", leg, families), frozenset((leg, family) for family in families),
            frozenset({"local-firewall"}), 0, (Rules("agent", rules, "output"),),
            tuple((question(leg, family), seen) for family in families),
        )  # fmt: skip
    numbers: dict[str, Wanted] = {"prohibit": "EACCES", "blackhole": "EINVAL", "unreachable": "EHOSTUNREACH"}
    family = families[0]
    line = f"ip -{family} route {{}} {how} {address}/{32 if family == 4 else 128}"
    same = frozenset((other, family) for other, (addresses, _) in LEGS.items() if addresses.get(family) == address)
    return Injected(
        f"own-route-{how}:{address}", same, frozenset({"local-route"}), 0,
        (Shell("agent", line.format("add"), line.format("del")),),
        ((question(leg, family), {"connect": numbers[how]}),),
    )  # fmt: skip


SERVICES = {"nginx-server": ("server",), "mosquitto": ("push-8883", "push-443"), "nginx-inet": ("repository",)}


def service(chance: random.Random, leg: str, families: Sequence[int]) -> Injected:
    """The real server is stopped or frozen: all that it serves, in both families."""
    name, legs = next((name, legs) for name, legs in SERVICES.items() if leg in legs)
    frozen = chance.random() < 0.4
    step: Step = Frozen(name) if frozen else Stopped(name)
    seen: Wanted = {"connect": "ok", "error": "timeout"} if frozen else {"connect": "ECONNREFUSED", "icmp": None}
    near = {(one, family) for one in legs for family in LEGS[one][0]}
    far = {(f"far-{one}", family) for one in legs for family in (4, 6)}
    return Injected(
        f"{'frozen' if frozen else 'stopped'}:{name}", frozenset(near | far),
        frozenset({"remote-service", "remote-host"}), 2, (step,),
        tuple((question(one, family), seen) for one, family in sorted(near)),
    )  # fmt: skip


def impostor(chance: random.Random, leg: str, families: Sequence[int]) -> Injected:
    """Connections over IPv4 are led to somebody else."""
    garbled = {"error": re.compile("WRONG_VERSION_NUMBER|HTTP_REQUEST")}
    quiet, closed = {"connect": "ok", "error": "timeout"}, {"connect": "ok", "error": "EOF"}
    strange: dict[str, tuple[str, int, Wanted]] = {
        "tarpit": (at.MISBEHAVING, 9001, quiet),
        "accept-reset": (at.MISBEHAVING, 9002, ({"connect": "ECONNRESET"}, {"connect": "ok", "error": "ECONNRESET"})),
        "accept-close": (at.MISBEHAVING, 9003, closed),
        "garbage": (at.MISBEHAVING, 9004, garbled),
        "drip": (at.MISBEHAVING, 9005, quiet),
        "half": (at.MISBEHAVING, 9006, closed),
        "ssh": (at.MISBEHAVING, 9007, garbled),
        "tls-alert": (at.MISBEHAVING, 9010, {"connect": "ok", "error": re.compile("ALERT")}),
        "web": (at.MISBEHAVING, 9008, garbled),
    }
    rogue: Wanted = {"error": re.compile("cert verify (19|20|21)")}
    kind = "cut"
    culprits = set(ANOTHER)
    if leg.startswith("push"):
        strange |= {
            "expired": (at.PUSH_EXPIRED, 8883, {"error": "cert verify 10"}),
            "not-yet-valid": (at.PUSH_EXPIRED, 8884, {"error": "cert verify 9"}),
            "other-name": (at.PUSH_WRONG_NAME, 8883, {"error": "cert verify 62"}),
            "interceptor": (at.INTERCEPTOR, LEGS[leg][1], rogue),
        }
    elif leg == "server":
        strange["interceptor"] = (at.INTERCEPTOR, 2222, rogue)
    else:
        kind = "notice"
        strange = {
            name: (at.PORTAL, port, {"text": re.compile(f"^HTTP/1.1 {text}")})
            for name, port, text in (
                ("portal", 80, "302"), ("portal-page", 8080, "200 .*Sign in"), ("portal-511", 8082, "511"),
                ("filter-451", 8081, "451"), ("empty", 8083, "200"), ("notice-text", 8084, "200 .*Blocked"),
                ("notice-json", 8085, "200"), ("notice-image", 8086, "200"),
            )
        }  # fmt: skip
    how = chance.choice(sorted(strange))
    address, port, seen = strange[how]
    if how == "interceptor" and leg.startswith("push"):
        kind = "risk"  # whose authority the push service has is not known: one row alone warns
    return Injected(
        f"{how}:{leg}/4", frozenset({(leg, 4)}), frozenset(culprits), 1,
        (redirected(f"tcp dport {LEGS[leg][1]}", address, port),), ((question(leg, 4), seen),), kind=kind,
    )  # fmt: skip


def behind_proxy(chance: random.Random, leg: str, families: Sequence[int]) -> Injected:
    """The router stands in the proxy's way to one destination, in both families."""
    far = chance.choice(sorted(FAR_LEGS))
    how = chance.choice(["drop", "reject with tcp reset", "reject with icmpx type admin-prohibited"])
    port = FAR_LEGS[far]
    words = ask.HTTP_CONNECT.format(f"{at.INTERNET}:{port}")
    if port == 80:
        words = rf"GET http://{at.INTERNET}/ HTTP/1.1\r\nHost: {at.INTERNET}\r\nConnection: close\r\n\r\n"
    asked = ask.tcp(at.PROXY_OPEN, 3128, "--send", words, "--read", "200", "--timeout", "20")
    return Injected(
        f"behind-proxy-{how.split()[-1]}:{far}", frozenset((far, family) for family in (4, 6)),
        frozenset({"middlebox", "remote-service", "remote-firewall", "remote-host", "routing"}), 2,
        (Rules("fw", [f'iifname "to-server" tcp dport {port} {how}']),),
        ((asked, {"text": re.compile("^HTTP/1.1 50[34]")}),),
    )  # fmt: skip


def host_down(chance: random.Random, leg: str, families: Sequence[int]) -> Injected:
    """Nobody answers for the server's IPv4 address any more, where the proxy lives too."""
    rules = [  # its own questions would tell the router where it is
        f"add chain arp lost {hook} {{ type filter hook {hook} priority 0; }}; "
        f"add rule arp lost {hook} arp {side} ip {at.SERVER} drop"
        for hook, side in (("input", "daddr"), ("output", "saddr"))
    ]
    on = f"nft 'add table arp lost; {'; '.join(rules)}'"
    return Injected(
        "host-down:server/4", frozenset({("server", 4), ("proxy", 4)}), frozenset({"remote-host", "proxy"}), 2,
        (Shell("server", on, "nft delete table arp lost"), Shell("fw", "ip neigh flush all", "ip neigh flush all")),
        ((ask.tcp(at.SERVER, 2222, "--timeout", "6"), {"connect": ("EHOSTUNREACH", "timeout")}),),
    )  # fmt: skip


def upload_hole(chance: random.Random, leg: str, families: Sequence[int]) -> Injected:
    """Large packets from the agent to the server vanish: the hello passes, an upload never arrives."""
    rules = [f"{matching('server', family)} meta length > 1000 drop" for family in families]
    large, lost = "A" * 1300, {"connect": "ok", "error": "timeout"}
    return Injected(
        _name("upload-hole", "server", families), frozenset(("server", family) for family in families),
        frozenset({"middlebox"}), 1, (Rules("fw", rules),),
        tuple((ask.tcp(LEGS["server"][0][family], 2222, "--send", large, "--read", "20"), lost) for family in families),
        kind="risk",
    )  # fmt: skip


Maker = Callable[[random.Random, str, Sequence[int]], Injected]
NARROW: dict[Maker, tuple[int, tuple[str, ...]]] = {  # how often, and the legs that it is made for
    in_path: (6, tuple(LEGS)),
    at_target: (3, ("server", "push-8883", "push-443", "repository")),
    here: (3, tuple(LEGS)),
    service: (3, ("server", "push-8883", "repository")),
    impostor: (6, ("server", "push-8883", "push-443", "repository")),
    behind_proxy: (3, ("proxy",)),
    host_down: (1, ("server",)),
    upload_hole: (1, ("server",)),
}


def relevant(fault: Injected, families: frozenset[int]) -> Injected:
    """The same, without what a site has no use of: its observations of a family that this site does not have."""
    kept = tuple(
        (asked, seen)
        for asked, seen in fault.seen
        if asked.asks[0] == "name" or (":" in asked.asks[1]) <= (6 in families)
    )
    return replace(fault, seen=kept)
