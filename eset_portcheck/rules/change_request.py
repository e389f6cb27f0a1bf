"""Openings as a change request: CSV for whoever runs the firewalls in between. Column names and codes are the same in
every language.

Names and addresses stand in columns of their own: some firewalls take names. Cells that a spreadsheet would take for a
formula are made plain text by the writer. Source: RFC 4180.
"""

import io
from collections.abc import Sequence

from defusedcsv import csv  # type: ignore[import-untyped]

from eset_portcheck.rules import Needs, Opening
from eset_portcheck.rules.remarks import Say, note, width

COLUMNS = (
    "action", "direction", "source", "source_addresses", "destination", "destination_addresses", "transport", "port",
    "stateful", "inspection",
    "required", "purpose", "remark", "rows",
)  # fmt: skip
_CELL = 1000


def table(needed: Needs, here: str, own: Sequence[str], say: Say, *, undo: bool = False) -> str:
    """`here`, `own`: this machine's name and addresses. `undo`: the same as a request to take it back. Lines end in CR
    LF."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in needed.openings:
        writer.writerow(
            [
                cell if isinstance(cell, int) else note(cell, _CELL)
                for cell in cells(one, (here, " ".join(own)), say, undo=undo)
            ]
        )
    return out.getvalue()


def cells(one: Opening, here: tuple[str, str], say: Say, *, undo: bool) -> list[str | int]:
    """In the order of COLUMNS. `here`: name and addresses of this machine."""
    addresses = " ".join(one.addresses)
    name = (addresses or "any") if one.inbound else say("DNS servers") if one.resolves else one.name
    other = (name, addresses)
    near = (" ".join(one.sources), " ".join(one.sources)) if one.sources else here
    source, destination = (other, here) if one.inbound else (near, other)
    return [
        "remove" if undo else "allow",
        "inbound" if one.inbound else "outbound",
        *source,
        *destination,
        one.transport,
        one.port,
        "yes",
        "none",
        "yes" if one.required else "no",
        "; ".join(say(each) for each in one.purposes),
        "; ".join(one.reasons or width(one, say, by_name=True)),
        " ".join(one.ids),
    ]
