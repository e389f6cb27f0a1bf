"""The outline of a rule set for the report: which chains may refuse what this host sends or gets, and not whom or what
their rules name. Pure.

It is what a fix needs to place its own rule: tables, chains with their hooks and policies, and each chain's verdicts
without what they match. Counters, addresses, names of sets and of users stay on this machine.
"""

from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]
_HOOKS = frozenset({"ingress", "prerouting", "input", "output", "postrouting", "egress"})
_TABLE, _CHAIN = ("family", "name"), ("family", "table", "name", "type", "hook", "prio", "policy")
# Statements that never end a walk; all others are told by name.
_SILENT = frozenset(
    {
        "match",
        "counter",
        "log",
        "last",
        "comment",
        "continue",
        "limit",
        "quota",
        "set",
        "map",
        "mangle",
        "accept",
        "return",
    }
)


def outline(objects: Iterable[Object]) -> list[Object]:
    """As `nft -j` shapes it: {"table"}, {"chain"}, and one {"rule"} for each different verdict of a chain, of this
    host's own hooks."""
    listed = [(kind, what) for one in objects for kind, what in one.items() if isinstance(what, dict)]
    verdicts: dict[tuple[str, ...], dict[str, Object]] = {}
    for kind, what in listed:
        if kind == "rule":
            told = verdicts.setdefault(_key(what, "chain"), {})
            told |= {str(one): one for one in _verdicts(what.get("expr"))}
    bases = {_key(what, "name") for kind, what in listed if kind == "chain" and what.get("hook") in _HOOKS}
    reached = _reached(bases, verdicts)
    kept: list[Object] = []
    for kind, what in listed:
        if kind == "table":
            kept.append({"table": _some(what, _TABLE)})
        elif kind == "chain" and _key(what, "name") in reached:
            kept.append({"chain": _some(what, _CHAIN)})
            family, table, name = _key(what, "name")
            kept += [
                {"rule": {"family": family, "table": table, "chain": name, "expr": [one]}}
                for one in verdicts.get((family, table, name), {}).values()
            ]
    return kept


def _verdicts(statements: Any) -> list[Object]:
    """What a rule may do: drop, reject, jumps; those inside a verdict map too. A map with a name of its own stays a
    map."""
    found: list[Object] = []
    for one in statements if isinstance(statements, list) else ():
        for kind, what in one.items() if isinstance(one, dict) else ():
            inner = what.get("data") if kind == "vmap" and isinstance(what, dict) else None
            pairs = inner.get("set") if isinstance(inner, dict) else None
            if isinstance(pairs, list):
                found += _verdicts([pair[1] for pair in pairs if isinstance(pair, list) and len(pair) == 2])
            elif kind in ("jump", "goto") and isinstance(what, dict):
                found.append({kind: {"target": str(what.get("target", ""))}})
            elif kind not in _SILENT:
                found.append({kind: None})
    return found


def _reached(bases: set[tuple[str, ...]], verdicts: dict[tuple[str, ...], dict[str, Object]]) -> set[tuple[str, ...]]:
    waiting, reached = set(bases), set[tuple[str, ...]]()
    while waiting:
        key = waiting.pop()
        reached.add(key)
        for one in verdicts.get(key, {}).values():
            if "vmap" in one:  # by its name only: it may lead to any chain of the table
                waiting |= {other for other in verdicts if other[:2] == key[:2]} - reached
            waiting |= {(*key[:2], what["target"]) for kind, what in one.items() if kind in ("jump", "goto")} - reached
    return reached


def _key(what: Object, last: str) -> tuple[str, ...]:
    return tuple(str(what.get(part, "")) for part in ("family", "table", last))


def _some(what: Object, names: Iterable[str]) -> Object:
    return {name: what[name] for name in names if isinstance(what.get(name), (str, int))}
