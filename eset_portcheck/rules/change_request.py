"""Openings as a change request: CSV for whoever runs the firewalls in between. Source: RFC 4180."""

import io

from defusedcsv import csv  # type: ignore[import-untyped]

from eset_portcheck.rules import Needs, printable

COLUMNS = ("direction", "source", "destination", "transport", "port", "stateful", "inspection", "required", "purpose", "rows")
_CELL = 300


def table(needed: Needs, here: str) -> str:
    """`here`: this machine, by address or name. Lines end in CR LF."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in needed.openings:
        other = " ".join(one.addresses) or (one.name if not one.inbound else "") or "any"
        source, destination = (other, here) if one.inbound else (here, other)
        needed_word = "yes" if one.required else "no"
        cells = ["inbound" if one.inbound else "outbound", source, destination, one.transport, one.port, "yes", "none", needed_word]
        cells += ["; ".join(one.purposes), " ".join(one.ids)]
        writer.writerow([cell if isinstance(cell, int) else printable(cell, _CELL) for cell in cells])
    return out.getvalue()
