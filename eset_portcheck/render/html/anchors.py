"""Names of places in the page. A row's own id where it can be one, so that a link can be written by hand:
report.html#agent.server.tcp-2222."""

import re

from eset_portcheck.model.report import Report

# A dot keeps rows apart from sections and codes; what a peer said never gets into an attribute.
_ROW = re.compile(r"[A-Za-z][A-Za-z0-9_@:\[\]-]{0,40}\.[A-Za-z0-9._@:\[\]-]{1,120}")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,60}")


def of_rows(report: Report) -> list[str]:
    """One for each row, all different."""
    used: set[str] = set()
    names = []
    for number, row in enumerate(report.checks, 1):
        name = row.id if _ROW.fullmatch(row.id) and row.id not in used else f"row-{number}"
        used.add(name)
        names.append(name)
    return names


def of_code(code: str) -> str:
    """Empty for what is no code of any version."""
    return f"code-{code}" if _CODE.fullmatch(code) else ""
