"""Reports of earlier schemas in the shape of today's, as plain JSON, before anything is made of it. Never raises for
what a file holds.

| up to | stood there | stands there now |
|---|---|---|
| 1.1 | evidence: {"kind", "address", "facts": {...}} | the facts beside the kind |
| 1.1 | detail of a stage: "errno" as a number | as a text |
| 1.1 | detail of a stage: "sent", a number of datagrams | nothing: it decided nothing |

What has another shape than a run of its version wrote is left as it is: whoever reads it next names its location.
"""

import re
from collections.abc import Callable
from typing import Any, get_args

from eset_portcheck.model.evidence import Evidence
from eset_portcheck.model.reasons import code_of

Plain = dict[str, Any]
KINDS = frozenset(str(one.__struct_config__.tag) for one in get_args(Evidence))
_FLAT_SINCE = (1, 2)
NAMED = 8  # locations
_WORD = re.compile(r"[a-z][a-z0-9-]{2,39}\Z|[A-Z][A-Z0-9_]{2,39}\Z")


def migrated(report: Plain) -> Plain:
    """`report` itself stays as it was. Its `schema_version` stays too: it says what was read."""
    version = re.match(r"(\d{1,9})\.(\d{1,9})\.", str(report.get("schema_version")))
    rows = report.get("checks")
    if version is None or (int(version[1]), int(version[2])) >= _FLAT_SINCE or not isinstance(rows, list):
        return report
    return report | {"checks": [migrated_row(one) for one in rows]}


def migrated_row(row: Any) -> Any:
    """One of `checks`."""
    if not isinstance(row, dict):
        return row
    changed: Plain = {}
    if isinstance(pieces := row.get("evidence"), list):
        changed["evidence"] = [_flat(one) for one in pieces]
    if isinstance(attempts := row.get("attempts"), list):
        changed["attempts"] = [_with_each(one, "stages", _stage) for one in attempts]
    return row | changed


def _with_each(outer: Any, field: str, changed: Callable[[Any], Any]) -> Any:
    inner = outer.get(field) if isinstance(outer, dict) else None
    return outer | {field: [changed(one) for one in inner]} if isinstance(inner, list) else outer


def _stage(record: Any) -> Any:
    detail = record.get("detail") if isinstance(record, dict) else None
    if not isinstance(detail, dict) or detail.keys().isdisjoint(("errno", "sent")):
        return record
    kept = {name: one for name, one in detail.items() if name != "sent"}
    if type(kept.get("errno")) is int:
        kept["errno"] = str(kept["errno"])
    return record | {"detail": kept}


def _flat(piece: Any) -> Any:
    facts = piece.get("facts") if isinstance(piece, dict) else None
    if not isinstance(facts, dict):
        return piece
    flat = facts | {name: one for name, one in piece.items() if name != "facts"}
    # Each said that it had not expired.
    if flat.get("kind") == "ttl-walk" and isinstance(others := flat.get("other"), list):
        flat["other"] = [
            {name: value for name, value in one.items() if name != "expired"} if isinstance(one, dict) else one
            for one in others
        ]
    return flat


def known(report: Plain) -> tuple[Plain, list[str]]:
    """(without kinds of evidence and reason codes that this version does not know, where the first of those stood).

    A later version may look at more: evidence improves no verdict, and what a file concludes is made anew. A row keeps
    its place with an empty reason.
    """
    locations: list[str] = []
    changed: Plain = {}
    if isinstance(rows := report.get("checks"), list):
        changed["checks"] = [
            _known_row(row, f"checks[{number}]", locations) if isinstance(row, dict) else row
            for number, row in enumerate(rows)
        ]
    if isinstance(causes := report.get("causes"), list):
        changed["causes"] = _without(causes, "reason", _is_code, "causes", locations)
    return (report | changed if locations else report), locations


def _known_row(row: Plain, location: str, locations: list[str]) -> Plain:
    changed: Plain = {}
    if isinstance(pieces := row.get("evidence"), list):
        changed["evidence"] = _without(pieces, "kind", KINDS.__contains__, f"{location}.evidence", locations)
    if isinstance(findings := row.get("findings"), list):
        changed["findings"] = _without(findings, "reason", _is_code, f"{location}.findings", locations)
    if isinstance(reason := row.get("reason"), str) and reason and not _is_code(reason):
        _note(locations, location, "reason", reason)
        changed["reason"] = ""
    return row | changed if locations else row


def _without(
    items: list[Any], field: str, is_known: Callable[[str], bool], location: str, locations: list[str]
) -> list[Any]:
    """Items whose `field` holds a word that nobody knows are left out, and noted. What is no word is somebody else's to
    refuse."""
    kept = []
    for number, one in enumerate(items):
        word = one.get(field) if isinstance(one, dict) else None
        if isinstance(word, str) and not is_known(word):
            _note(locations, f"{location}[{number}]", field, word)
        else:
            kept.append(one)
    return kept


def _is_code(text: str) -> bool:
    return code_of(text) is not None


def _note(locations: list[str], location: str, field: str, word: str) -> None:
    """A stranger's words are not passed on; what looks like a kind or a code of a later version is."""
    if len(locations) < NAMED:  # a file may hold millions
        locations.append(f"{location} ({field} {word if _WORD.match(word) else '?'})")
