"""Findings that neither the reason of their row nor its cause says."""

from collections import defaultdict
from typing import NamedTuple

from eset_portcheck.model.finding import Finding
from eset_portcheck.model.reasons import REASONS, Rank
from eset_portcheck.model.report import Report, Row
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.wording import parameters

_NEWS = ("DNS_", "NAME_", "AGENT_", "PROXY_SET_")  # of pass rank, and yet worth a line
_FACTS = ("issuer", "sha256", "not_after", "asked")  # of a finding that has any of them, only these
_MANY = 4


class Note(NamedTuple):
    """`rows`: ids, unsafe, for links. `is_usual`: nothing new for a reader who does not want everything."""

    code: str
    facts: str
    rows: list[str]
    is_usual: bool


def notes(report: Report, context: RenderContext) -> list[Note]:
    """One for each code and facts, in the order in which rows have them."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in report.checks:
        for finding in row.findings:
            if finding.reason != row.reason and not _is_told_by_row(row, finding):
                found[(finding.reason, _facts(finding, context))].append(row.id)
    return [Note(context.safe(code), facts, ids, _is_usual(code)) for (code, facts), ids in found.items()]


def _is_told_by_row(row: Row, finding: Finding) -> bool:
    reason = REASONS.get(finding.reason)
    return finding.reason == "FAILOVER_USED" or (
        row.reason in ("ONE_FAMILY_FAILS", "SOME_ADDRESSES_FAIL") and reason is not None and reason.rank is Rank.FAIL
    )


def _is_usual(code: str) -> bool:
    return code in REASONS and REASONS[code].rank is Rank.PASS and not code.startswith(_NEWS)


def _facts(finding: Finding, context: RenderContext) -> str:
    said = finding.params.as_table()
    params = {name: said[name] for name in _FACTS if name in said} or said
    return "; ".join(list(parameters.named(params, context, frozenset(("target", "port", "transport"))))[:_MANY])
