"""Whose page is it? What answers HTTP where a vendor's service speaks otherwise is a filter; a server that is busy is
none. Pure.

Sources: RFC 9110 section 15.6 (5xx: the server failed); docs/contract.md#certificates.
"""

import msgspec

from eset_portcheck.diagnose.reading import Reading
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Trust


def blamed(row: Row, reading: Reading) -> Reading:
    """With the culprit that a page, or a status, speaks for."""
    params = reading.params
    if reading.reason == "WRONG_PROTOCOL" and params.service == "http" and _vendors(row):
        return msgspec.structs.replace(reading, culprit=Culprit.MIDDLEBOX, confidence=Confidence.LIKELY)
    if reading.reason == "WRONG_CONTENT" and reading.culprit is Culprit.MIDDLEBOX:
        busy = isinstance(status := params.status, int) and 500 <= status < 600
        return msgspec.structs.replace(
            reading,
            culprit=Culprit.REMOTE_SERVICE if busy else reading.culprit,
            confidence=Confidence.POSSIBLE if busy else Confidence.LIKELY,
        )
    return reading


def _vendors(row: Row) -> bool:
    """A public name, whose owner does not put a web page there."""
    return row.trust in (Trust.PUBLIC, Trust.UNKNOWN)
