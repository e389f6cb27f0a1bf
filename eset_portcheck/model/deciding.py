"""Which rows decide about the run: the required ones, a group counting as one requirement. Pure. Source:
docs/contract.md#groups."""

from collections.abc import Iterable

from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Proof, Verdict

PROVEN = (Verdict.PASS, Verdict.WARN)
Group = tuple[str, str]


def group_of(row: Row) -> Group | None:
    """(role, id of the group); groups of two roles are two, whatever their ids. None: a requirement of its own."""
    return (row.role, row.group.id) if row.group else None


def proven_groups(rows: Iterable[Row]) -> frozenset[Group]:
    """The groups of which a member is proven."""
    return frozenset(group for row in rows if row.verdict in PROVEN and (group := group_of(row)))


def decides(row: Row, proven: frozenset[Group]) -> bool:
    """`proven`: of proven_groups. A member that broke is not missed while another is proven."""
    return row.required and group_of(row) not in proven


def deciding(rows: Iterable[Row]) -> list[Row]:
    """Those that decide, in their order."""
    rows = list(rows)
    proven = proven_groups(rows)
    return [row for row in rows if decides(row, proven)]


def unidentified(rows: Iterable[Row]) -> list[Row]:
    """Needed rows that are proven as far as TLS, by a server that may be anybody: no authority and no pin was given.
    Before installation nobody's identity is asked for."""
    return [
        row
        for row in rows
        if row.required
        and row.verdict in PROVEN
        and row.proof.required.reaches(Proof.TLS)
        and any(finding.reason == "IDENTITY_NOT_CHECKED" for finding in row.findings)
    ]
