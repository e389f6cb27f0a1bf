"""Why a name has no address: one word for what the servers answered to us and what the operating system said.

Sources: RFC 1035 4.1.1 (RCODE), RFC 2308 (NXDOMAIN, NODATA); getaddrinfo(3).
"""

from eset_portcheck.model.stage_detail import DnsAnswer
from eset_portcheck.model.vocabulary import Failure

SYSTEM_LATE = "no answer in time"
_BY_RCODE = {
    "NXDOMAIN": Failure.DNS_NXDOMAIN,
    "SERVFAIL": Failure.DNS_SERVFAIL,
    "REFUSED": Failure.DNS_REFUSED,
    "NOERROR": Failure.DNS_NO_ADDRESS,
}


def why_no_address(answers: list[DnsAnswer], system_word: str) -> Failure:
    """Why there is no address: by the first server that gave a definite answer, else by the first that said anything at
    all."""
    of_server: dict[str, list[DnsAnswer]] = {}
    for answer in answers:
        of_server.setdefault(answer.server, []).append(answer)
    if any(answer.addresses for answer in answers):
        # the name is there: either a server did not answer all that was asked, or this machine does not listen to it
        names = {answer.name for answer in answers if answer.addresses}
        knowing = [some for some in of_server.values() if any(one.addresses for one in some)]
        troubled = [_word([one for one in some if one.name in names]) for some in knowing]
        return Failure.DNS_NO_ADDRESS if Failure.DNS_NO_ADDRESS in troubled else troubled[0]
    words = [_word(some) for some in of_server.values()]
    for wanted in (
        Failure.DNS_NXDOMAIN,
        Failure.DNS_NO_ADDRESS,
        Failure.DNS_SERVFAIL,
        Failure.DNS_REFUSED,
        Failure.DNS_BAD_ANSWER,
        Failure.DNS_TIMEOUT,
        Failure.DNS_UNREACHABLE,
    ):
        if wanted in words:
            return wanted
    return _by_system(system_word)


def _word(answers: list[DnsAnswer]) -> Failure:
    """Of one server: what it did not answer counts before "no address"."""
    words = [answer.failure or _BY_RCODE.get(answer.rcode or "", Failure.DNS_BAD_ANSWER) for answer in answers]
    if Failure.DNS_NXDOMAIN in words:
        return Failure.DNS_NXDOMAIN
    return next((word for word in words if word is not Failure.DNS_NO_ADDRESS), Failure.DNS_NO_ADDRESS)


def _by_system(word: str) -> Failure:
    """All that the operating system's word allows."""
    return {
        "EAI_NONAME": Failure.DNS_NXDOMAIN,
        "EAI_NODATA": Failure.DNS_NO_ADDRESS,
        "EAI_AGAIN": Failure.DNS_SERVFAIL,
        SYSTEM_LATE: Failure.DNS_TIMEOUT,
    }.get(word, Failure.DNS_BAD_ANSWER)
