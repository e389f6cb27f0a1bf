"""A rule in nft's words, short: what a person finds again with `nft list ruleset`. Pure."""

import json
from typing import Any

from eset_portcheck.model.addresses import bracketed, is_ipv6

MAX_CHARACTERS = 160
_SILENT = frozenset({"counter", "log", "last"})
_BARE = frozenset({"accept", "drop", "return", "continue", "notrack", "masquerade"})


def rule_text(statements: list[Any]) -> str:
    """ "ip saddr 10.0.0.0/8 tcp dport 2222 accept"; what is not known stays as JSON. Capped, printable ASCII or
    escapes."""
    parts = [_statement(one) for one in statements]
    text = " ".join(part for part in parts if part)
    safe = text.encode("unicode_escape").decode("ascii")
    return safe if len(safe) <= MAX_CHARACTERS else safe[: MAX_CHARACTERS - 3] + "..."


def _statement(one: Any) -> str:
    if not isinstance(one, dict) or len(one) != 1:
        return json.dumps(one)
    kind, what = next(iter(one.items()))
    kind = str(kind)
    if kind in _SILENT:
        return ""
    if kind in _BARE:
        return kind
    if not isinstance(what, dict):
        return kind if what is None else f"{kind} {_value(what)}"
    match kind:
        case "match":
            op = "" if what.get("op") in ("==", "in") else f"{what.get('op')} "
            return f"{_left(what.get('left'))} {op}{_value(what.get('right'))}"
        case "jump" | "goto":
            return f"{kind} {what.get('target')}"
        case "reject":
            how = " ".join(str(what[name]) for name in ("type", "expr") if name in what)
            return f"reject with {how}" if how else "reject"
        case "vmap":
            return f"{_left(what.get('key'))} vmap {_value(what.get('data'))}"
        case "limit":
            return f"limit rate {'over ' if what.get('inv') else ''}{what.get('rate')}/{what.get('per')}"
        case "xt":
            return f"xt {what.get('type')} {what.get('name')}"
        case "redirect" | "dnat" | "snat":
            to = str(what.get("addr", ""))
            return f"{kind} to {bracketed(to) if is_ipv6(to) else to}:{_value(what.get('port', ''))}"
        case "iptables":
            return str(what.get("text", ""))
    return f"{kind} {json.dumps(what)}"


def _left(left: Any) -> str:
    if not isinstance(left, dict) or len(left) != 1:
        return _value(left)
    ((kind, what),) = left.items()
    match kind:
        case "payload" if "field" in what:
            return f"{what.get('protocol')} {what['field']}"
        case "meta":
            key = str(what.get("key"))
            return key if key.startswith(("iif", "oif")) else f"meta {key}"
        case "ct":
            return f"ct {what.get('key')}"
        case "fib":
            flags = what.get("flags", [])
            return f"fib {' . '.join(flags if isinstance(flags, list) else [flags])} {what.get('result')}"
        case "concat":
            return " . ".join(_left(part) for part in what)
        case "&":
            return f"{_left(what[0])} & {_value(what[1])}"
    return json.dumps(left)


def _value(value: Any) -> str:
    match value:
        case list():
            return ",".join(_value(one) for one in value)
        case {"set": list() as elements}:
            return "{ " + ", ".join(_value(one) for one in elements[:8]) + (", ..." if len(elements) > 8 else "") + " }"
        case {"range": [first, last]}:
            return f"{first}-{last}"
        case {"prefix": {"addr": address, "len": length}}:
            return f"{address}/{length}"
        case {"concat": list() as parts}:
            return " . ".join(_value(one) for one in parts)
        case {"elem": {"val": inner}}:
            return _value(inner)
        case str() | int():
            return str(value)
    return json.dumps(value)
