"""Faults for random sites that reach further than one leg: names, routes, gateways, the size of packets."""

import random
from typing import Any

from tests.lab import questions as ask
from tests.lab import topology as at
from tests.lab.faults import Rules, Shell, Step, redirected
from tests.lab.observation import Observation
from tests.lab.random_faults import LEGS, Injected, question

_EVERY_4 = frozenset((leg, 4) for leg in (*LEGS, "dns"))
_DC = ask.tcp(at.DC, 389)
_TO_53 = f"ip saddr {at.AGENT} meta l4proto {{ udp, tcp }} th dport 53"
NAMES_FAIL: dict[str, tuple[Step, Any]] = {
    **{name: (redirected("udp dport 53", at.MISBEHAVING, port), {"gai": (-2, -3, -5)}) for name, port in (
        ("servfail", 9101), ("nxdomain", 9102), ("dns-refused", 9104), ("dns-garbage", 9105), ("no-address", 9107))},
    "dns-drop": (Rules("fw", [f"{_TO_53} drop"]), {"gai": -3}),
    "dns-reject": (Rules("fw", [f"{_TO_53} reject"]), {"gai": (-2, -3)}),
    "dns-own-drop": (Rules("agent", ["meta l4proto { udp, tcp } th dport 53 drop"], "output"), {"gai": (-2, -3)}),
}  # fmt: skip


def names_fail(chance: random.Random) -> Injected:
    how = chance.choice(sorted(NAMES_FAIL))
    step, seen = NAMES_FAIL[how]
    whose = {"dns", "local-firewall"} if "own" in how else {"dns", "middlebox"}
    asked = Observation(("name", "epns.eset.com."))
    return Injected(
        how, frozenset({("dns", 4)}), frozenset(whose), 0 if "own" in how else 1, (step,), ((asked, seen),), wide=True
    )


def aaaa_swallowed(chance: random.Random) -> Injected:
    """A resolver that never answers AAAA queries: every client works, some seconds late. The type stands behind a name
    of any length, so there is a rule for each length."""
    rules = [f"ip saddr {at.AGENT} udp dport 53 @th,{8 * (8 + 12 + 2 + length)},16 28 drop" for length in range(1, 60)]
    asked = Observation(("name", "server4.lab.test."))
    return Injected(
        "aaaa-swallowed", frozenset({("dns", 4)}), frozenset({"dns", "middlebox"}), 1, (Rules("fw", rules),),
        ((asked, {"ms": range(1500, 60000)}),), kind="slow", wide=True,
    )  # fmt: skip


def gateway_dead(chance: random.Random) -> Injected:
    away = Shell("agent", "ip route replace default via 10.77.1.99", f"ip route replace default via {at.GATEWAY}")
    return Injected(
        "gateway-dead/4", _EVERY_4, frozenset({"local-route"}), 0, (away,),
        ((_DC.more("--timeout", "6"), {"connect": ("EHOSTUNREACH", "timeout")}),), wide=True,
    )  # fmt: skip


def no_route(chance: random.Random) -> Injected:
    gone = Shell("agent", "ip route del default", f"ip route add default via {at.GATEWAY}")
    return Injected(
        "no-route/4", _EVERY_4, frozenset({"local-route"}), 0, (gone,), ((_DC, {"connect": "ENETUNREACH"}),), wide=True
    )


def gateway_dead_6(chance: random.Random) -> Injected:
    away = Shell("agent", "ip -6 route replace default via fd77:1::99", "ip -6 route replace default via fd77:1::1")
    cuts = frozenset((leg, 6) for leg, (addresses, _) in LEGS.items() if 6 in addresses)
    return Injected(
        "gateway-dead/6", cuts, frozenset({"local-route"}), 0, (away,),
        ((question("server", 6).more("--timeout", "6"), {"connect": ("EHOSTUNREACH", "timeout")}),), wide=True,
    )  # fmt: skip


def download_hole(chance: random.Random) -> Injected:
    """Large IPv4 packets to the agent vanish, and nobody says so: a certificate of 4 KB never arrives."""
    steps = (
        Shell("server", "true", "ip route flush cache"),
        Rules("fw", ["icmp type destination-unreachable icmp code frag-needed drop"], "output"),
        Shell("fw", "ip link set to-agent mtu 1280", "ip link set to-agent mtu 1500; ip route flush cache"),
    )
    others = frozenset((leg, 4) for leg in ("push-8883", "push-443", "proxy"))
    return Injected(
        "download-hole/4", frozenset({("server", 4)}), frozenset({"middlebox"}), 1, steps,
        ((question("server", 4), {"connect": "ok", "error": "timeout"}),), wide=True, may=others,
    )  # fmt: skip


WIDE = (names_fail, names_fail, aaaa_swallowed, gateway_dead, no_route, gateway_dead_6, download_hole)
