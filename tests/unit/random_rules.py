"""Random nft rule sets for the kernel to judge: matches, verdicts, jumps, maps and hooks, drawn without a thought of
what is usual.

A line that nft refuses (conflicting protocols, a verdict that its hook does not know) is taken out, and the rest is
loaded.
"""

import random
import re

PORTS = (2222, 2223, 3128)
_HOOKS = ("input", "input", "output", "prerouting", "postrouting")
_SETS = """
	set ports { type inet_service; flags interval; elements = { 2222, 3000-4000 }; }
	set clients { type ipv4_addr; flags interval; elements = { 10.9.8.0/25 }; }
	set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.9.8.0/24 . 2000-2222, 10.0.0.1 . 9980 }; }
	map verdicts { type inet_service : verdict; flags interval; elements = { 2222 : accept, 2223-3500 : drop }; }
"""
_MATCHES = """
tcp dport 2222 | tcp dport { 2222, 3128 } | tcp dport != 2223 | tcp dport > 2222 | tcp dport 2000-2222 | tcp dport @ports | udp dport 2222 | udp dport 1-65535
th dport 2222 | meta l4proto { tcp, udp } th dport 2223 | tcp sport 1024-65535 | tcp sport 22 | meta l4proto tcp | meta l4proto != tcp | ip protocol { tcp, udp }
ct state established,related | ct state new | ct state invalid | ct state != established | ct state ! new | ct state untracked | ct state { established, new }
ct direction original | ct direction reply | ct status assured | ct status != dnat | ct mark 1 | meta mark 5 | meta mark != 5 | meta length 40-60 | ip ttl > 5
iifname "eth0" | iifname "lo" | iifname != "lo" | iifname "e*" | iif "lo" | oifname "eth0" | oifname != "lo" | iiftype loopback | meta pkttype multicast
tcp flags syn | tcp flags & (fin|syn|rst|ack) == syn | tcp flags != syn | tcp flags & (syn|ack) == ack | tcp flags psh | tcp flags { syn, syn|ack }
fib daddr type local | fib saddr type local | fib daddr type != local | fib saddr . iif oif missing | meta skuid 0 | meta skuid 1000 | meta skgid != 0
ip saddr 10.9.8.2 | ip saddr != 10.9.8.0/24 | ip saddr @clients | ip daddr 10.9.8.1 | ip daddr { 10.9.8.1, 10.9.8.2 } | ip saddr 127.0.0.0/8
ip6 saddr fd99::/64 | ip6 saddr fe80::/10 | ip6 daddr fd99::1 | ip6 daddr ff00::/8 | meta nfproto ipv4 | meta nfproto ipv6 | meta protocol ip
ip saddr . tcp dport @pairs | ip saddr . tcp dport { 10.9.8.2 . 2222, 10.9.8.0/24 . 2223 } | meta l4proto . th dport { tcp . 2222, udp . 3128 }
icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } | icmpv6 type echo-request | icmp type echo-request | limit rate 1000/second
"""
_VERDICTS = """
accept | accept | accept | drop | drop | drop | counter | return | log prefix "x " | meta mark set 5 | notrack | limit rate over 5000/second drop
reject | reject with icmpx type admin-prohibited | reject with icmp type port-unreachable | reject with icmpv6 type port-unreachable | tcp dport 2222 reject with tcp reset
tcp dport vmap @verdicts | tcp dport vmap { 2222 : accept, 2223-3000 : drop, * : continue } | meta l4proto vmap { tcp : jump one, udp : drop }
ct state vmap { established : accept, related : accept, invalid : drop } | jump one | jump one | jump two | jump two | goto one | goto two
"""


def _words(text: str) -> list[str]:
    return [word.strip() for word in re.split(r" \| |\n", text.strip())]


MATCHES, VERDICTS = _words(_MATCHES), _words(_VERDICTS)


def _rules(draw: random.Random, most: int, *, leaf: bool = False) -> list[str]:
    verdicts = [word for word in VERDICTS if not (leaf and re.search(r"\b(one|two)\b", word))]
    return [
        " ".join([*draw.choices(MATCHES, k=draw.choice((0, 1, 1, 2, 2))), draw.choice(verdicts)])
        for _ in range(draw.randint(1, most))
    ]


def ruleset(seed: str) -> list[str]:
    """Its lines; the same for the same seed."""
    draw = random.Random(seed)
    lines = ["table inet t {", *_SETS.strip().splitlines()]
    lines += [
        "chain two {",
        *_rules(draw, 3, leaf=True),
        "}",
        "chain one {",
        *(rule.replace("jump one", "jump two").replace("goto one", "goto two") for rule in _rules(draw, 3)),
        "}",
    ]
    for number in range(draw.randint(1, 3)):
        priority, policy = draw.choice((-300, -150, 0, 0, 10)), draw.choice(("accept", "accept", "drop"))
        usual = [
            "ct state established,related accept",
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
        ]
        lines += [
            f"chain base{number} {{",
            f"type filter hook {draw.choice(_HOOKS)} priority {priority}; policy {policy};",
            *(one for one in usual if draw.random() < 0.5),
            *_rules(draw, 5),
            "}",
        ]
    return [*lines, "}"]


def without(lines: list[str], complaint: str) -> list[str] | None:
    """Without the rules that nft complains of; None where it complains of something else."""
    wrong = {int(number) - 1 for number in re.findall(r"stdin:(\d+):", complaint)}
    wrong = {at for at in wrong if not re.match(r"table|chain|set|map|type|\}", lines[at].strip())}
    return [line for at, line in enumerate(lines) if at not in wrong] if wrong else None
