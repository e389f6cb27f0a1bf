"""What a full client's refusal means: NTSTATUS to reasons of the contract, and second opinions. Pure.

Source: MS-ERREF section 2.3.1 (NTSTATUS values); facts 5.2 for their meaning in a remote installation.
"""

from eset_portcheck.diagnose.reading import Reading, broken
from eset_portcheck.model.finding import Finding
from eset_portcheck.model.observation import Evidence, StageRecord
from eset_portcheck.model.vocabulary import Confidence, Culprit, Failure, Proof, State

_BY_STATUS = {
    "STATUS_ACCOUNT_LOCKED_OUT": "SMB_ACCOUNT_LOCKED",
    "STATUS_ACCESS_DENIED": "SMB_ACCESS_DENIED",
    "STATUS_LOGON_TYPE_NOT_GRANTED": "SMB_ACCESS_DENIED",
    "STATUS_BAD_NETWORK_NAME": "SMB_SHARE_MISSING",
    "STATUS_NTLM_BLOCKED": "SMB_NTLM_BLOCKED",
    "STATUS_NOT_SUPPORTED": "SMB_NTLM_BLOCKED",
    "STATUS_AUTHENTICATION_FIREWALL_FAILED": "SMB_ACCESS_DENIED",
}
_BY_ERROR = {"TimeoutError": "NO_REPLY", "SMBTimeout": "NO_REPLY", "IOTimeout": "NO_REPLY", "SMBConnectionClosed": "CLOSED_BEFORE_REPLY"}


def read_session(record: StageRecord) -> Reading:
    """A session stage that did not end with the share open."""
    detail = record.detail
    if record.failure is Failure.EXTRA_MISSING:
        return broken("EXTRA_MISSING", Proof.PROTOCOL, State.OPEN, params={"package": detail.get("package"), "install": detail.get("install")})
    if record.failure is Failure.SESSION_NOT_TRIED:
        return broken("SMB_NEEDS_CREDENTIALS", Proof.PROTOCOL, State.OPEN, params=dict(detail))
    if record.failure is Failure.TIMEOUT:
        return broken("NO_REPLY", Proof.PROTOCOL, State.OPEN, Confidence.LIKELY, params={"step": "session"})
    params = {name: detail[name] for name in ["status", "step", "client", "error", "dialect"] if name in detail}
    status = detail.get("status")
    if status is None:
        reason = _BY_ERROR.get(str(detail.get("error")))
        if reason is None:
            return broken("INTERNAL_ERROR", Proof.PROTOCOL, State.OPEN, culprit=Culprit.CHECKER, params=params)
        return broken(reason, Proof.PROTOCOL, State.OPEN, Confidence.LIKELY, params=params)
    at_logon = detail.get("step") == "logon"
    reason = _BY_STATUS.get(str(status), "SMB_LOGON_FAILURE" if at_logon else "SMB_ACCESS_DENIED")
    return broken(reason, Proof.PROTOCOL, State.OPEN, params=params)


def second_opinions(evidence: list[Evidence]) -> list[Finding]:
    """What another client adds to a proven row."""
    found = []
    for one in evidence:
        if one.kind != "second-opinion":
            continue
        if "missing" in one.facts:
            found.append(Finding("EXTRA_MISSING", params=dict(one.facts)))
        elif "error" in one.facts:
            found.append(Finding("SECOND_OPINION_DIFFERS", params={"client": one.facts.get("client"), "error": one.facts["error"]}))
    return found
