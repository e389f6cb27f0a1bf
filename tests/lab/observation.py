"""What the observer is asked, and how its answer is compared with what must be there.

A wanted value is a literal; a dict (every key must match); a compiled pattern (searched in a string); a range (a number
in it); a tuple (any of its members); None (absent). Against a list in the answer, one item must match.
"""

import re
from dataclasses import dataclass
from typing import Any

Wanted = Any
"""Recursive by nature: see the module's docstring."""


def matches(wanted: Wanted, got: Any) -> bool:
    if isinstance(wanted, tuple):
        return any(matches(one, got) for one in wanted)
    if isinstance(got, list):
        return any(matches(wanted, item) for item in got) if wanted is not None else not got
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(matches(value, got.get(key)) for key, value in wanted.items())
    if isinstance(wanted, re.Pattern):
        return isinstance(got, str) and wanted.search(got) is not None
    if isinstance(wanted, range):
        return isinstance(got, int | float) and wanted.start <= got < wanted.stop
    return bool(wanted == got)


@dataclass(frozen=True)
class Observation:
    """One question to the observer, and the answer of a laboratory without faults (None: the question is about a
    standing condition)."""

    asks: tuple[str, ...]
    healthy: Wanted = None

    def more(self, *options: str) -> "Observation":
        return Observation((*self.asks, *options), self.healthy)
