"""TLS inside another protocol: StartTLS of a directory, the handshake before a log-on to SQL Server. Pure.

The row asks for the protocol, and has it. What is wrong inside warns or is told; it fails nothing.
"""

import msgspec

from eset_portcheck.diagnose.certificates import describe
from eset_portcheck.diagnose.reading import Reading, of_kind
from eset_portcheck.model.evidence import Continued, Evidence
from eset_portcheck.model.finding import Finding
from eset_portcheck.model.observation import Attempt, TlsFacts
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.report import Row

_TRUSTED = ("trusted", "weak")


def noted(row: Row, attempt: Attempt, evidence: list[Evidence], reading: Reading) -> Reading:
    """With what the certificate inside is worth, or that there is no TLS to be had."""
    if reading.fails or row.trust is not None:
        return reading
    found = _of_database(attempt, evidence) if row.protocol == "tds" else _of_directory(attempt, row)
    return msgspec.structs.replace(reading, findings=(*reading.findings, *found)) if found else reading


def _of_database(attempt: Attempt, evidence: list[Evidence]) -> list[Finding]:
    """A driver asks this machine's store, so that counts here. "failed" without a failure of ours: the server had
    answered, and TLS came to nothing."""
    tried = of_kind(evidence, Continued, attempt)
    if tried is not None and tried.reply.get("tls_tried") == "failed":
        return [Finding("TDS_TLS_FAILED", params=Params(tls_tried="failed"))]
    if attempt.tls is None:
        return []
    problem = _problem(attempt.tls)
    params = Params(problem=problem).onto(describe(attempt.tls))
    return [Finding("TDS_CERTIFICATE_UNTRUSTED", params=params)] if problem else []


def _of_directory(attempt: Attempt, row: Row) -> list[Finding]:
    if row.protocol != "ldap" or attempt.tls is None:
        return []
    problem = _problem(attempt.tls)
    return [Finding(problem, params=describe(attempt.tls))] if problem else []


def _problem(tls: TlsFacts) -> ReasonCode | None:
    """Dates, authority, name: what a client that looks would stop at."""
    known = [tls.public, tls.site, tls.os_store]
    if tls.expired:
        return "TLS_EXPIRED"
    if tls.not_yet_valid:
        return "TLS_NOT_YET_VALID"
    if not any(one in _TRUSTED for one in known):
        return "TLS_UNKNOWN_CA"
    return "TLS_WRONG_NAME" if tls.name_matches is False else None
