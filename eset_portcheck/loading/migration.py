"""Reports of earlier schemas in the shape of today's, as plain JSON, before anything is made of it. Never raises for what a file holds.

| up to | stood there | stands there now |
|---|---|---|
| 1.1 | evidence: {"kind", "address", "facts": {...}} | the facts beside the kind |

What has another shape than a run of its version wrote is left as it is: whoever reads it next names its place.
"""

import re
from typing import Any, get_args

from eset_portcheck.model.evidence import Evidence

Plain = dict[str, Any]
KINDS = frozenset(str(one.__struct_config__.tag) for one in get_args(Evidence))
_FLAT_SINCE = (1, 2)


def migrated(report: Plain) -> Plain:
    """`report` itself stays as it was. Its `schema_version` stays too: it says what was read."""
    version = re.match(r"(\d{1,9})\.(\d{1,9})\.", str(report.get("schema_version")))
    rows = report.get("checks")
    if version is None or (int(version[1]), int(version[2])) >= _FLAT_SINCE or not isinstance(rows, list):
        return report
    return report | {"checks": [migrated_row(one) for one in rows]}


def migrated_row(row: Any) -> Any:
    """One of `checks`."""
    pieces = row.get("evidence") if isinstance(row, dict) else None
    return row | {"evidence": [_flat(one) for one in pieces]} if isinstance(pieces, list) else row


def _flat(piece: Any) -> Any:
    facts = piece.get("facts") if isinstance(piece, dict) else None
    if not isinstance(facts, dict):
        return piece
    flat = facts | {name: one for name, one in piece.items() if name != "facts"}
    if flat.get("kind") == "ttl-walk" and isinstance(others := flat.get("other"), list):  # each said that it had not expired
        flat["other"] = [{name: value for name, value in one.items() if name != "expired"} if isinstance(one, dict) else one for one in others]
    return flat


def known(report: Plain) -> tuple[Plain, list[str]]:
    """(without evidence of kinds that this version does not know, where that stood). A later version may look at more; it improves no verdict."""
    rows = report.get("checks")
    if not isinstance(rows, list):
        return report, []
    kept: list[Any] = []
    places: list[str] = []
    for number, row in enumerate(rows):
        held = row.get("evidence") if isinstance(row, dict) else None
        pieces: list[Any] = held if isinstance(held, list) else []
        strange = [at for at, one in enumerate(pieces) if _is_strange(one)]
        places += [f"checks[{number}].evidence[{at}] (kind {ascii(pieces[at]['kind'][:40])[1:-1]})" for at in strange]
        kept.append(row | {"evidence": [one for at, one in enumerate(pieces) if at not in strange]} if strange else row)
    return (report | {"checks": kept}, places) if places else (report, [])


def _is_strange(piece: Any) -> bool:
    return isinstance(piece, dict) and isinstance(piece.get("kind"), str) and piece["kind"] not in KINDS
