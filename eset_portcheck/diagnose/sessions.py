"""What a full client's refusal means: NTSTATUS to reasons of the contract, and second opinions. Pure.

Sources: MS-ERREF section 2.3.1 (NTSTATUS values); docs/sources.md#windows-errors-of-a-remote-installation.
"""

import msgspec

from eset_portcheck.diagnose.reading import Reading, broken
from eset_portcheck.model.evidence import Evidence, SecondOpinion
from eset_portcheck.model.finding import Finding
from eset_portcheck.model.observation import StageRecord
from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Confidence, Culprit, Failure, Proof, State

_BY_STATUS: dict[str, ReasonCode] = {
    "STATUS_ACCOUNT_LOCKED_OUT": "SMB_ACCOUNT_LOCKED",
    "STATUS_ACCESS_DENIED": "SMB_ACCESS_DENIED",
    "STATUS_LOGON_TYPE_NOT_GRANTED": "SMB_ACCESS_DENIED",
    "STATUS_BAD_NETWORK_NAME": "SMB_SHARE_MISSING",
    "STATUS_NTLM_BLOCKED": "SMB_NTLM_BLOCKED",
    "STATUS_NOT_SUPPORTED": "SMB_NTLM_BLOCKED",
    "STATUS_AUTHENTICATION_FIREWALL_FAILED": "SMB_ACCESS_DENIED",
}
_BY_FAILURE: dict[Failure, ReasonCode] = {
    Failure.TIMEOUT: "NO_REPLY",
    Failure.EOF: "CLOSED_BEFORE_REPLY",
    Failure.CONNECTION_RESET: "RESET_AFTER_ACCEPT",
    Failure.UNEXPECTED_BYTES: "WRONG_PROTOCOL",
    Failure.TOO_LARGE: "WRONG_PROTOCOL",
    # the client connects anew: what our own conversation was given a moment ago was refused to it
    Failure.CONNECTION_REFUSED: "REFUSED_ORIGIN_UNKNOWN",
    Failure.HOST_UNREACHABLE: "REJECTED_IN_PATH",
    Failure.NETWORK_UNREACHABLE: "REJECTED_IN_PATH",
    Failure.NOT_PERMITTED: "REJECTED_LOCALLY",
    Failure.ACCESS_DENIED: "REJECTED_LOCALLY",
}


def read_session(record: StageRecord) -> Reading:
    """A session stage that did not end with the share open."""
    detail = record.detail
    if record.failure is Failure.EXTRA_MISSING:
        return broken(
            "EXTRA_MISSING",
            Proof.PROTOCOL,
            State.OPEN,
            params=Params(package=detail.package, install=detail.install),
        )
    if record.failure is Failure.SESSION_NOT_TRIED:
        withheld = Params(why=detail.why, tried_on=detail.tried_on, status_code=detail.status_code)
        return broken("SMB_NEEDS_CREDENTIALS", Proof.PROTOCOL, State.OPEN, params=withheld.onto(_said(detail)))
    said = _said(detail)
    params = Params(step="session") if said == NOTHING else said
    if record.failure is Failure.SESSION_REFUSED:
        reading = broken(_refused(detail), Proof.PROTOCOL, State.OPEN, params=params)
        if detail.guest:  # let in, and not as the account: why the log-on did not count
            return msgspec.structs.replace(reading, findings=(*reading.findings, Finding("SMB_GUEST_LOGIN")))
        return reading
    reason = _BY_FAILURE.get(record.failure) if record.failure else None
    if reason is None:
        return broken("INTERNAL_ERROR", Proof.PROTOCOL, State.OPEN, culprit=Culprit.CHECKER, params=params)
    return broken(reason, Proof.PROTOCOL, State.OPEN, Confidence.LIKELY, params=params)


def _said(detail: StageDetail) -> Params:
    return Params(
        status=detail.status,
        guest=detail.guest,
        step=detail.step,
        client=detail.client,
        error=detail.error,
        errno=detail.errno,
        dialect=detail.dialect,
        received_bytes=detail.received_bytes,
    )


def _refused(detail: StageDetail) -> ReasonCode:
    """By the status; what is not in the table speaks of the step at which it came."""
    step, status = detail.step, str(detail.status)
    if step == "connect":  # a host that has no room for another connection, or none for us: no account was named yet
        return "CLOSED_BEFORE_REPLY"
    if status == "STATUS_NOT_SUPPORTED" and step != "logon":
        return "SMB_ACCESS_DENIED"
    return _BY_STATUS.get(status, "SMB_LOGON_FAILURE" if step == "logon" else "SMB_ACCESS_DENIED")


def second_opinions(evidence: list[Evidence]) -> list[Finding]:
    """What another client adds to a proven row."""
    found = []
    for one in evidence:
        if not isinstance(one, SecondOpinion):
            continue
        if one.missing:
            found.append(Finding("EXTRA_MISSING", params=Params(missing=one.missing, install=one.install)))
        elif one.error:
            found.append(Finding("SECOND_OPINION_DIFFERS", params=Params(client=one.client or None, error=one.error)))
    return found
