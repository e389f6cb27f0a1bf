"""errno and winerror to Failure: ONE table. Never by message text.

Sources: errno(3), ip(7), tcp(7); Windows Sockets error codes (winsock2.h).
"""

import errno
import os

import msgspec

from eset_portcheck.model.stage_detail import NOTHING, StageDetail
from eset_portcheck.model.vocabulary import Failure

_POSIX = {
    errno.ECONNREFUSED: Failure.CONNECTION_REFUSED,
    errno.ECONNRESET: Failure.CONNECTION_RESET,
    errno.ECONNABORTED: Failure.CONNECTION_RESET,
    errno.EPIPE: Failure.EOF,  # Linux: a RST for a connection whose FIN we already had; the FIN came first
    errno.EHOSTUNREACH: Failure.HOST_UNREACHABLE,
    errno.EHOSTDOWN: Failure.HOST_UNREACHABLE,
    errno.ENETUNREACH: Failure.NETWORK_UNREACHABLE,
    errno.ENETDOWN: Failure.NETWORK_UNREACHABLE,
    errno.EADDRNOTAVAIL: Failure.ADDRESS_FAMILY_UNUSABLE,
    errno.EAFNOSUPPORT: Failure.ADDRESS_FAMILY_UNUSABLE,
    errno.EPERM: Failure.NOT_PERMITTED,
    errno.EACCES: Failure.ACCESS_DENIED,
    errno.EINVAL: Failure.INVALID_ROUTE,
    errno.ETIMEDOUT: Failure.TIMEOUT,
    errno.ENOPROTOOPT: Failure.CONNECTION_REFUSED,  # Linux: ICMP protocol-unreachable (3/2)
    errno.EOPNOTSUPP: Failure.HOST_UNREACHABLE,  # Linux: ICMP 3/5, source route failed
    errno.EPROTO: Failure.HOST_UNREACHABLE,  # Linux: ICMP parameter problem
}
_WINDOWS = {
    10013: Failure.NOT_PERMITTED,  # WSAEACCES: the filtering platform said no
    10049: Failure.ADDRESS_FAMILY_UNUSABLE,
    10047: Failure.ADDRESS_FAMILY_UNUSABLE,
    10050: Failure.NETWORK_UNREACHABLE,
    10051: Failure.NETWORK_UNREACHABLE,
    10052: Failure.HOST_UNREACHABLE,  # WSAENETRESET: TTL expired on UDP
    10053: Failure.CONNECTION_RESET,
    10054: Failure.CONNECTION_RESET,
    10060: Failure.TIMEOUT,
    10061: Failure.CONNECTION_REFUSED,
    10065: Failure.HOST_UNREACHABLE,
    121: Failure.TIMEOUT,  # ERROR_SEM_TIMEOUT
    1225: Failure.CONNECTION_REFUSED,  # ERROR_CONNECTION_REFUSED, as the Proactor loop reports it
    1231: Failure.NETWORK_UNREACHABLE,
    1232: Failure.HOST_UNREACHABLE,
    1234: Failure.CONNECTION_REFUSED,  # ERROR_PORT_UNREACHABLE
    1236: Failure.CONNECTION_RESET,
    64: Failure.CONNECTION_RESET,  # ERROR_NETNAME_DELETED
    109: Failure.EOF,
}


def classify(error: OSError) -> Failure:
    """What an OSError of a socket call says. Unknown numbers stay visible as SYSTEM_ERROR."""
    code = getattr(error, "winerror", None)
    if code is not None:
        return _WINDOWS.get(code, Failure.SYSTEM_ERROR)
    return _POSIX.get(error.errno or 0, Failure.SYSTEM_ERROR)


def named(error: OSError) -> str:
    """The number's symbolic name: "ECONNREFUSED", "WinError 1225"."""
    code = getattr(error, "winerror", None)
    if code is not None:
        return f"WinError {code}"
    return errno.errorcode.get(error.errno or 0, f"errno {error.errno} on {os.name}")


class StageFailed(Exception):
    """A stage that did not end well: carries the classified failure and what the record shall say."""

    def __init__(self, failure: Failure, detail: StageDetail = NOTHING) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.detail = detail

    @classmethod
    def of(cls, error: OSError, detail: StageDetail = NOTHING) -> "StageFailed":
        return cls(classify(error), msgspec.structs.replace(detail, errno=named(error)))
