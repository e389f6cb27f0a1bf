"""What a statement of a rule does beside a verdict: nothing that counts, a mark, or something that only the
kernel knows. Pure.

Sources: libnftables-json(5) "STATEMENTS"; iptables-extensions(8).
"""

from typing import Any

from eset_portcheck.packet_filter.packet import Packet

_NEUTRAL = frozenset({
    "counter", "log", "last", "comment", "continue", "ct helper", "ct timeout", "ct expectation", "flow", "dup",
    "secmark",
})  # fmt: skip
_STATEFUL = frozenset({"limit", "quota", "ct count", "meter"})
_MARKS = frozenset({"mark", "priority", "nftrace", "secmark", "label", "event"})
# Targets of iptables: they mark, count or tell, and the packet goes on. Any other extension is not known, or taken for
# a chain that is not found: both cannot be evaluated.
# fmt: off
NEUTRAL_TARGETS = frozenset({
    "LOG", "NFLOG", "TRACE", "MARK", "CONNMARK", "CLASSIFY", "TCPMSS", "CHECKSUM", "SECMARK", "CONNSECMARK", "AUDIT",
    "DSCP", "TOS", "SET",
})
# fmt: on


def applies(kind: str, what: Any, packet: Packet) -> bool:
    """A reject that is made of one protocol asks for it first, and no listing shows that."""
    made_of = what.get("type") if kind == "reject" and isinstance(what, dict) else None
    return {
        "icmp": packet.family == "ipv4",
        "icmpv6": packet.family == "ipv6",
        "tcp reset": packet.protocol == "tcp",
    }.get(str(made_of), True)


def sets_zone(kind: str, what: Any) -> bool:
    key = what.get("key") if kind == "mangle" and isinstance(what, dict) else None
    changed = key.get("ct") if isinstance(key, dict) else None
    return isinstance(changed, dict) and changed.get("key") == "zone"


def marks(one: Any) -> bool:
    """Sets the packet's own mark."""
    what = one.get("mangle") if isinstance(one, dict) else None
    key = what.get("key") if isinstance(what, dict) else None
    return isinstance(key, dict) and key.get("meta") == {"key": "mark"}


def may_miss(kind: str, what: Any) -> bool:
    """Statements that go on or not by what only the kernel knows."""
    if kind == "xt" and isinstance(what, dict):
        return what.get("type") == "match" and what.get("name") != "comment"
    return kind in _STATEFUL or kind in ("set", "map")  # a full set refuses, and the rule ends there


def is_neutral(kind: str, what: Any) -> bool:
    if kind == "mangle" and isinstance(what, dict) and isinstance(what.get("key"), dict):
        key = what["key"]
        return (
            any(isinstance(key.get(part), dict) and key[part].get("key") in _MARKS for part in ("meta", "ct"))
            or "tcp option" in key
        )
    if kind == "xt" and isinstance(what, dict):
        return what.get("name") in NEUTRAL_TARGETS or what.get("name") == "comment"
    return kind in _NEUTRAL
