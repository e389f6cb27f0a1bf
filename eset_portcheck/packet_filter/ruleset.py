"""A ruleset as nft lists it in JSON, sorted by name: base chains, rules, named sets and maps. Pure.

Sources: libnftables-json(5); nft(8) "CHAINS" for hooks and priorities.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from eset_portcheck.packet_filter.matching import NamedSet
from eset_portcheck.packet_filter.packet import Packet

Key = tuple[str, str, str]  # family, table, name
BUDGET_RULES = 500_000  # about a second


class Base(NamedTuple):
    key: Key
    kind: str
    hook: str
    priority: int
    policy: str
    devices: list[str]
    certain: bool  # False: it may be bypassed (a table whose flags are not known, another layer)


class Ruleset:
    """Objects of `nft -j list ruleset` by name. Odd objects are left out only where they cannot decide; else they are
    kept as a statement not known.

    `budget`: how many more rules may be looked at, by all questions together; then nothing can be told any more.
    """

    def __init__(self, objects: Iterable[Any], budget: int = BUDGET_RULES) -> None:
        self.budget = budget
        self.rules: dict[Key, list[dict[str, Any]]] = {}
        self.bases: list[Base] = []
        self.sets: dict[tuple[str, str], dict[str, NamedSet]] = {}
        listed = [
            (kind, _in_shape(what))
            for one in objects
            if isinstance(one, dict)
            for kind, what in one.items()
            if isinstance(what, dict)
        ]
        flags = {
            (str(what.get("family")), str(what.get("name"))): _flags(what) for kind, what in listed if kind == "table"
        }
        updated = {
            (what.get("family"), what.get("table"), name)
            for kind, what in listed
            if kind == "rule"
            for name in _updates(what)
        }
        for kind, what in listed:
            family, table, name = (str(what.get(part, "")) for part in ("family", "table", "name"))
            if kind == "chain":
                self.rules.setdefault((family, table, name), [])
                if "hook" in what and "dormant" not in flags.get((family, table), ()):
                    self.bases.append(
                        _base(
                            what,
                            certain=family != "bridge"
                            and not flags.get((family, table), frozenset()) - {"owner", "persist"},
                        )
                    )
            elif kind == "rule":
                self.rules.setdefault((family, table, str(what.get("chain", ""))), []).append(what)
            elif kind in ("set", "map"):
                elements = what.get("elem", [])
                made = NamedSet(
                    elements if isinstance(elements, list) else [elements],
                    filled_by_rules=(family, table, name) in updated,
                )
                self.sets.setdefault((family, table), {})[name] = made
        self.bases.sort(key=lambda base: base.priority)

    def on(self, hook: str, packet: Packet) -> list[Base]:
        families = {"arp"} if packet.family == "arp" else {"inet", "ip" if packet.family == "ipv4" else "ip6"}
        families |= {"netdev", "bridge"}
        return [
            one
            for one in self.bases
            if one.hook == hook and one.key[0] in families and (one.kind != "nat" or packet.first)
        ]


def _in_shape(what: dict[str, Any]) -> dict[str, Any]:
    """A rule that is no list of statements stays, as one that cannot be evaluated."""
    return (
        what
        if isinstance(what.get("expr", []), list)
        else what | {"expr": [{"unread": {"text": "no list of statements"}}]}
    )


def _flags(table: dict[str, Any]) -> frozenset[str]:
    flags = table.get("flags", [])
    return frozenset(str(one) for one in (flags if isinstance(flags, list) else [flags]))


def _updates(rule: dict[str, Any]) -> list[str]:
    """Names of the sets and maps that a rule adds packets' values to."""
    named = [
        (kind, one[kind])
        for one in rule.get("expr") or []
        if isinstance(one, dict)
        for kind in ("set", "map")
        if kind in one
    ]
    return [str(what.get(kind, "")).lstrip("@") for kind, what in named if isinstance(what, dict)]


def _base(chain: dict[str, Any], *, certain: bool) -> Base:
    devices = chain.get("dev", [])
    priority = chain.get("prio", 0)
    return Base(
        key=(str(chain.get("family")), str(chain.get("table")), str(chain.get("name"))),
        kind=str(chain.get("type", "filter")),
        hook=str(chain["hook"]),
        priority=priority if isinstance(priority, int) else 0,
        policy=str(chain.get("policy", "accept")),
        devices=[str(one) for one in (devices if isinstance(devices, list) else [devices])],
        certain=certain,
    )
