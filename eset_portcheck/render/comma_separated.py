"""A report as CSV: one line a check, codes and values only, so that it is the same in every language. For spreadsheets
and scripts.

Cells that a spreadsheet would take for a formula are made plain text by the writer. Source: RFC 4180; OWASP "CSV
Injection".
"""

import io

from defusedcsv import csv  # type: ignore[import-untyped]

from eset_portcheck.model.report import Report, Row
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.view import View

# Full-width = + - @: formulas to some spreadsheets, which the writer does not know.
_WIDE_FORMULA = (
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)
COLUMNS = (
    "report_id",
    "host",
    "id",
    "role",
    "direction",
    "required",
    "verdict",
    "reason",
    "state",
    "proof_reached",
    "proof_required",
    "target",
    "transport",
    "port",
    "via_destination",
    "protocol",
    "culprit",
    "confidence",
    "where",
    "cause",
    "explained_by",
    "duration_s",
    "source",
)


def render(report: Report) -> str:
    """Lines end in CR LF; the first names the columns."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    explained = View(report, RenderContext()).explained
    for row in report.checks:
        writer.writerow([_cell(value) for value in _values(report, row, explained.get(row.id))])
    return out.getvalue()


def _values(report: Report, row: Row, cause: str | None) -> list[object]:
    where = row.where
    behind = f"{where.address} via {where.via}" if where.via and where.address else ""
    interval = " - ".join(where.interval) if where.interval else ""
    where_text = behind or where.address or interval or where.ca or ""
    return [
        report.run.id,
        report.host.name,
        row.id,
        row.role,
        row.direction.value,
        "yes" if row.required else "no",
        row.verdict.value,
        row.reason,
        row.state.value,
        row.proof.reached.value,
        row.proof.required.value,
        row.target,
        row.transport.value,
        row.port,
        row.via_destination or "",
        row.protocol,
        row.culprit.value if row.culprit else "",
        row.confidence.value if row.confidence else "",
        where_text,
        f"C{cause}" if cause else "",
        row.explained_by or "",
        row.duration_s,
        row.source,
    ]


def _cell(value: object) -> object:
    if isinstance(value, (int, float)):
        return value
    text = RenderContext().safe(value)
    return f"'{text}" if text.startswith(_WIDE_FORMULA) else text
