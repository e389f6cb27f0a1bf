"""What one run of the program left: exit code, report, stderr, seconds. A black box: nothing of the program is
imported."""

from dataclasses import dataclass
from typing import Any

Report = dict[str, Any]


@dataclass(frozen=True)
class Result:
    code: int
    report: Report
    stderr: str
    seconds: float

    def row(self, check_id: str) -> Report:
        """The row of a check. AssertionError lists the rows that are there."""
        rows: dict[str, Report] = {row["id"]: row for row in self.report["checks"]}
        assert check_id in rows, f"no row {check_id}; there are {', '.join(rows)}"
        return rows[check_id]

    @property
    def unhealthy(self) -> dict[str, str]:
        """id -> "verdict reason" of every row that is neither pass nor skip."""
        return {
            row["id"]: f"{row['verdict']} {row['reason']}"
            for row in self.report["checks"]
            if row["verdict"] not in ("pass", "skip")
        }
