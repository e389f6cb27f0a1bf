"""Does a packet match? True, False, or None where the facts do not tell. Pure.

Shapes are those of libnftables-json(5): a match is {"op", "left", "right"}; a set {"set": [...]} or "@name"; ranges,
prefixes and concatenations as there. What cannot be read is None, never False.
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from eset_portcheck.model.addresses import require_address
from eset_portcheck.packet_filter.fields import field
from eset_portcheck.packet_filter.packet import LOOPBACK_WORDS, PROTOCOLS, Field, Packet, protocol_name

Truth = bool | None
_LIMITS = {"<": (0, -1), "<=": (0, 0), ">": (1, None), ">=": (0, None)}
_STATEFUL = frozenset({"limit", "ct count", "quota"})


class Unreadable(Exception):
    """A value on the right side that is no value of the field."""


class NamedSet:
    """Elements of a named set or map; `filled_by_rules`: packets themselves add to it or take from it, so the listing
    proves nothing."""

    def __init__(self, elements: list[Any], *, filled_by_rules: bool = False) -> None:
        self.elements = elements
        self.filled_by_rules = filled_by_rules
        self._intervals: tuple[list[tuple[int, int]], bool] | None = None

    def intervals(self) -> tuple[list[tuple[int, int]], bool]:
        """(sorted, disjoint intervals of all elements, were all of them readable); made once, as a set may hold
        100,000."""
        if self._intervals is None:
            self._intervals = _merged(self.elements)
        return self._intervals


Sets = dict[str, NamedSet]


def either(answers: Iterable[Truth]) -> Truth:
    """True if one is; False only if all are."""
    seen = set(answers)
    return True if True in seen else None if None in seen else False


def every(answers: Iterable[Truth]) -> Truth:
    seen = set(answers)
    return False if False in seen else None if None in seen else True


def negated(answer: Truth) -> Truth:
    return None if answer is None else not answer


def matches(match: dict[str, Any], packet: Packet, sets: Sets) -> Truth:
    op, left, right = match.get("op"), match.get("left"), match.get("right")
    if isinstance(left, dict) and "concat" in left:
        fields = [field(part, packet) for part in left["concat"]]
        if any(one.kind == "absent" for one in fields):
            return False
        answer = _tuple_in(fields, right, sets)
        return answer if op in ("==", "in") else negated(answer) if op == "!=" else None
    one = field(left, packet)
    if one.kind == "absent":
        return False  # nft asks for the header first, so even "!=" misses
    if one.kind == "unset":
        return False if op == "==" else None
    if one.kind == "unknown":
        return None
    if one.kind == "bits":
        return _bits(str(op), one, right)
    if op in _LIMITS:
        return _ordered(str(op), one, right)
    answer = among(one, right, sets)
    if op in ("==", "in"):
        return answer
    return negated(answer) if op in ("!=", "!") and not (op == "!=" and isinstance(right, list)) else None


def among(one: Field, right: Any, sets: Sets) -> Truth:
    """Is the field one of the values on the right: a value, a range, a prefix, a list of names, a set?"""
    try:
        if isinstance(right, str) and right.startswith("@"):
            return _in_named(one, sets.get(right[1:]))
        elements = _elements(right)
        if one.kind == "interval":
            merged, complete = _merged(elements)
            answer = _covered(one, merged)
            return answer if complete or answer else None
        return either(_is_word(one, value) for value in elements)
    except Unreadable:
        return None


def keyed(key: Any, element: Any, packet: Packet, sets: Sets) -> Truth:
    """Does the key of a verdict map lead to this element?"""
    op = "==" if not (isinstance(key, dict) and "ct" in key) else "in"
    return matches({"op": op, "left": key, "right": {"set": [element]}}, packet, sets)


def _elements(right: Any) -> list[Any]:
    if isinstance(right, dict) and "set" in right:
        return right["set"] if isinstance(right["set"], list) else [right["set"]]
    return right if isinstance(right, list) else [right]


def _in_named(one: Field, named: NamedSet | None) -> Truth:
    if named is None:
        return None
    if one.kind == "interval":
        merged, complete = named.intervals()
        answer = _covered(one, merged)
        sure = complete
    else:
        answer, sure = either(_is_word(one, value) for value in named.elements), True
    return None if named.filled_by_rules or (answer is False and not sure) else answer


def _tuple_in(fields: list[Field], right: Any, sets: Sets) -> Truth:
    named = sets.get(right[1:]) if isinstance(right, str) and right.startswith("@") else None
    if isinstance(right, str) and right.startswith("@") and named is None:
        return None
    elements = named.elements if named else _elements(right)
    answer = either(_tuple_is(fields, element) for element in elements)
    return None if named is not None and named.filled_by_rules else answer


def _tuple_is(fields: list[Field], element: Any) -> Truth:
    value, sure = bare(element)
    if value == "*":
        return True if sure else None
    parts = value.get("concat") if isinstance(value, dict) else None
    if not isinstance(parts, list) or len(parts) != len(fields):
        return None
    answer = every(
        None if one.kind in ("unknown", "unset", "bits") else among(one, part, {})
        for one, part in zip(fields, parts, strict=True)
    )
    return answer if sure or answer is False else None


def bare(element: Any) -> tuple[Any, bool]:
    """(the value, does it alone decide); an element may count or limit by itself."""
    if isinstance(element, dict) and "elem" in element and isinstance(element["elem"], dict):
        return element["elem"].get("val"), not _STATEFUL & set(element["elem"])
    return element, True


def _is_word(one: Field, element: Any) -> Truth:
    value, sure = bare(element)
    if value == "*":
        answer: Truth = True
    elif one.kind == "exists":
        answer = (str(value).lower() in (one.words or ())) if isinstance(value, bool) else None
    elif not isinstance(value, str) and not (isinstance(value, int) and one.words and one.words <= PROTOCOLS):
        answer = None
    elif one.words is None:
        answer = False if value in LOOPBACK_WORDS else None
    else:
        hits = {_same(known, value) for known in one.words}
        answer = hits.pop() if len(hits) == 1 else None
    return answer if sure or answer is False else None


def _same(known: str, value: str | int) -> bool:
    text = str(value)
    if text.endswith("*") and len(text) > 1:
        return known.startswith(text[:-1])
    return known == text or known == protocol_name(text)


def _bits(op: str, one: Field, right: Any) -> Truth:
    """Flag words: "in" any of them is set, "!" none is, "==" these and no others."""
    words = one.words or frozenset()
    if isinstance(right, dict) and "set" in right:
        answer = either(_bits("==", one, element) for element in _elements(right))
        return answer if op in ("==", "in") else negated(answer) if op == "!=" else None
    if right == 0:
        names: frozenset[str] = frozenset()
    else:
        given = right if isinstance(right, list) else [right]
        if not all(isinstance(name, str) for name in given):
            return None
        names = frozenset(given)
    if op in ("in", "!"):
        some: Truth = True if names & words else None if names & one.maybe else False
        return some if op == "in" else negated(some)
    if op in ("==", "!="):
        equal: Truth = False if names - words - one.maybe or words - names else None if one.maybe else True
        return equal if op == "==" else negated(equal)
    return None


def _ordered(op: str, one: Field, right: Any) -> Truth:
    if one.kind != "interval":
        return None
    try:
        low, high = _interval(right)
    except Unreadable:
        return None
    if low != high:
        return None
    shift, end = _LIMITS[op]
    limits = (low + shift, 1 << 128) if end is None else (0, low + end)
    return _covered(one, [limits])


def _covered(one: Field, merged: list[tuple[int, int]]) -> Truth:
    """True: all that the field can be lies inside; False: nothing of it does."""
    starts = [low for low, _ in merged]
    inside = touched = 0
    for low, high in one.intervals:
        at = bisect_right(starts, low) - 1
        if at >= 0 and merged[at][1] >= high:
            inside += 1
        elif (at >= 0 and merged[at][1] >= low) or (at + 1 < len(merged) and merged[at + 1][0] <= high):
            touched += 1
    if inside == len(one.intervals) and inside:
        return True
    return None if inside or touched else False


def _merged(elements: list[Any]) -> tuple[list[tuple[int, int]], bool]:
    found, complete = [], True
    for element in elements:
        value, sure = bare(element)
        try:
            interval = _interval(value)
        except Unreadable:
            complete = False
            continue
        if sure:
            found.append(interval)
        else:
            complete = False
    merged: list[tuple[int, int]] = []
    for low, high in sorted(found):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged, complete


def _interval(value: Any) -> tuple[int, int]:
    """Numbers and addresses as integers; both ends belong to it. Raises Unreadable."""
    try:
        if isinstance(value, bool):
            raise Unreadable
        if isinstance(value, int):
            return value, value
        if value == "*":
            return 0, 1 << 128
        if isinstance(value, str):
            number = int(value) if value.isdigit() else int(require_address(value))
            return number, number
        if isinstance(value, dict) and "range" in value:
            first, last = value["range"]
            return _interval(first)[0], _interval(last)[1]
        if isinstance(value, dict) and "prefix" in value:
            network = ipaddress.ip_network(f"{value['prefix']['addr']}/{int(value['prefix']['len'])}", strict=False)
            return int(network.network_address), int(network.broadcast_address)
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable from error
    raise Unreadable
