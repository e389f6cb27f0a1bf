"""A rule set as `nft -j list ruleset` lists it, and its rules of iptables told again where nft can only name them.
Pure.

Source: libnftables-json(5).
"""

from typing import Any

import msgspec


def objects(text: bytes) -> list[dict[str, Any]]:
    """All objects of a listing. Raises msgspec.DecodeError for what is no such listing."""
    told = msgspec.json.decode(text, type=dict[str, Any]).get("nftables", [])
    return [one for one in told if isinstance(one, dict)]


def mixed(told: list[dict[str, Any]], again: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """nft's listing, with those rules that it can only name as iptables-save tells them. Of a rule that iptables did
    not write iptables-save tells nonsense, so nft's word stands for all that it can read; where the two do not count
    alike in a chain, what nft cannot read stays unknown."""
    known, saved = _by_chain(told), _by_chain(again)
    taken: dict[int, dict[str, Any]] = {}
    for key, rules in known.items():
        others = saved.get(key, [])
        if len(others) == len(rules):
            taken |= {id(mine): other for mine, other in zip(rules, others, strict=True) if is_foreign(mine)}
    return [taken.get(id(one), one) for one in told]


def _by_chain(objects: list[dict[str, Any]]) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for one in objects:
        rule = one.get("rule")
        if isinstance(rule, dict):
            found.setdefault((str(rule.get("family")), str(rule.get("table")), str(rule.get("chain"))), []).append(one)
    return found


def is_foreign(one: dict[str, Any]) -> bool:
    """A rule with a match or target of iptables that nft can only name."""
    rule = one.get("rule")
    return isinstance(rule, dict) and any(isinstance(part, dict) and "xt" in part for part in rule.get("expr") or [])


def table_of(one: dict[str, Any]) -> tuple[str, str]:
    kind, what = next(iter(one.items()))
    return (
        (str(what.get("family")), str(what.get("name" if kind == "table" else "table")))
        if isinstance(what, dict)
        else ("", "")
    )


def unread(family: str, table: str, why: str) -> list[dict[str, Any]]:
    """Chains in the place of a table that could not be listed: it still stands in the way, and they say so by a
    statement that is not known."""
    objects: list[dict[str, Any]] = []
    for hook in ("INPUT", "OUTPUT"):
        chain = {"family": family, "table": table, "name": hook}
        objects.append({"chain": chain | {"type": "filter", "hook": hook.lower(), "prio": 0, "policy": "accept"}})
        objects.append({"rule": {"family": family, "table": table, "chain": hook, "expr": [{"unread": {"text": why}}]}})
    return objects
