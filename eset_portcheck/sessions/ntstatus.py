"""The statuses of SMB that administrators meet, by number; anything else is shown as its number.

Source: MS-ERREF 2.3.1.
"""

import msgspec

from eset_portcheck.model.stage_detail import StageDetail

_ERROR, _SEVERITY = 0xC0000000, 0xC0000000
MORE_PROCESSING_REQUIRED = 0xC0000016
NAMES = {
    0xC0000022: "STATUS_ACCESS_DENIED",
    0xC000005E: "STATUS_NO_LOGON_SERVERS",
    0xC0000064: "STATUS_NO_SUCH_USER",
    0xC000006A: "STATUS_WRONG_PASSWORD",
    0xC000006D: "STATUS_LOGON_FAILURE",
    0xC000006E: "STATUS_ACCOUNT_RESTRICTION",
    0xC000006F: "STATUS_INVALID_LOGON_HOURS",
    0xC0000070: "STATUS_INVALID_WORKSTATION",
    0xC0000071: "STATUS_PASSWORD_EXPIRED",
    0xC0000072: "STATUS_ACCOUNT_DISABLED",
    0xC00000BB: "STATUS_NOT_SUPPORTED",
    0xC00000CC: "STATUS_BAD_NETWORK_NAME",
    0xC00000D0: "STATUS_REQUEST_NOT_ACCEPTED",
    0xC0000133: "STATUS_TIME_DIFFERENCE_AT_DC",
    0xC000015B: "STATUS_LOGON_TYPE_NOT_GRANTED",
    0xC000018C: "STATUS_TRUSTED_DOMAIN_FAILURE",
    0xC000018D: "STATUS_TRUSTED_RELATIONSHIP_FAILURE",
    0xC0000193: "STATUS_ACCOUNT_EXPIRED",
    0xC0000205: "STATUS_INSUFF_SERVER_RESOURCES",
    0xC0000224: "STATUS_PASSWORD_MUST_CHANGE",
    0xC0000234: "STATUS_ACCOUNT_LOCKED_OUT",
    0xC0000413: "STATUS_AUTHENTICATION_FIREWALL_FAILED",
    0xC0000418: "STATUS_NTLM_BLOCKED",
}


def refuses(code: int) -> bool:
    """An error, and not the one by which a server only asks for the next message of a log-on."""
    return code & _SEVERITY == _ERROR and code != MORE_PROCESSING_REQUIRED


def refused(facts: StageDetail, code: int) -> StageDetail:
    """`facts` with the status by number and name."""
    code &= 0xFFFFFFFF
    return msgspec.structs.replace(facts, status_code=code, status=NAMES.get(code, f"0x{code:08X}"))
