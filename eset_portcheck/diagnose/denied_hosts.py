"""A file server's list of hosts turns this machine away on 445 and 139 alike: one reason, one cause. Pure.

On 139 the refusal alone may speak of the names in the session request (RFC 1002 4.3.4). On 445 nobody named any, so the
same code of the same target is the list's.
"""

import msgspec

from eset_portcheck.model.finding import Finding
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Verdict
from eset_portcheck.wire.netbios import NOT_FOR_THIS_CLIENT


def as_one(rows: list[Row]) -> list[Row]:
    """Rows that ask for no more than the path keep their verdict: the refusal proves it."""
    turned_away = {row.target for row in rows if row.reason == "SMB_HOST_NOT_ALLOWED"}
    return [_turned_away(row) if row.target in turned_away and _refused(row) else row for row in rows]


def _refused(row: Row) -> bool:
    codes = [one.params.code for one in row.findings if one.reason == "NETBIOS_SESSION_REFUSED"]
    return row.reason == "NETBIOS_SESSION_REFUSED" and row.verdict is Verdict.UNPROVEN and NOT_FOR_THIS_CLIENT in codes


def _turned_away(row: Row) -> Row:
    return msgspec.structs.replace(
        row,
        verdict=Verdict.FAIL,
        reason="SMB_HOST_NOT_ALLOWED",
        culprit=REASONS["SMB_HOST_NOT_ALLOWED"].culprit,
        confidence=Confidence.PROVEN,
        findings=[
            Finding("SMB_HOST_NOT_ALLOWED", one.evidence, one.params)
            if one.reason == "NETBIOS_SESSION_REFUSED"
            else one
            for one in row.findings
        ],
    )
