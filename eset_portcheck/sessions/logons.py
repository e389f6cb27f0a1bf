"""Where the account went in this run, and whether it may go further. A log-on is counted from the moment its proof of
the password leaves.

A domain counts bad passwords of all its members together, and locks the account at a number that may be three. So: one
log-on at a time; one a machine, by whatever name and address it is reached; none anywhere after one that was refused,
or whose outcome nobody knows.

Sources: MS-NLMP 2.2.1.3 (AUTHENTICATE, the proof), 2.2.2.1 (names in the challenge); MS-SMB2 2.2.4 (ServerGuid);
MS-ERREF 2.3.1 (NTSTATUS).
"""

import threading
from collections.abc import Mapping
from typing import Any

import msgspec

from eset_portcheck.model.addresses import canonical
from eset_portcheck.model.stage_detail import NOTHING, StageDetail

REFUSED = "the account was refused before"
UNKNOWN = "nobody knows how the login before ended"
SAME_MACHINE = "the same machine was tried before"
REDIRECTED = "connect_to or a proxy leads elsewhere"
UNSIGNED = "nothing would be signed, or only below SMB 2.1"
WEAK = "the host asks for a login weaker than NTLMv2"
ENDED = "the time was over"

# At the log-on these speak of the host or of its way to the domain, and not of the password. Any other refusal ends the
# account's use in this run.
_OF_THE_HOST = frozenset(
    {
        "STATUS_NTLM_BLOCKED",
        "STATUS_NOT_SUPPORTED",
        "STATUS_LOGON_TYPE_NOT_GRANTED",
        "STATUS_NO_LOGON_SERVERS",
        "STATUS_REQUEST_NOT_ACCEPTED",
        "STATUS_TIME_DIFFERENCE_AT_DC",
        "STATUS_TRUSTED_DOMAIN_FAILURE",
        "STATUS_TRUSTED_RELATIONSHIP_FAILURE",
        "STATUS_INSUFF_SERVER_RESOURCES",
        "STATUS_AUTHENTICATION_FIREWALL_FAILED",
    }
)
_LOGGED_ON = frozenset({"tree", "list", "done"})
_NAMES = (("computer", "domain"), ("dns_computer",))


class Withheld(Exception):
    """No log-on was made. `facts`: why, and what it was that forbade it (tried_on: a target; status, guest)."""

    def __init__(self, why: str, facts: StageDetail = NOTHING) -> None:
        super().__init__(why)
        self.facts = msgspec.structs.replace(facts, why=why)


class Permit:
    """For one log-on on one target. The client calls `use` immediately before the proof leaves."""

    def __init__(self, logons: "Logons", target: str, machine: frozenset[str]) -> None:
        self.target = target
        self.used = False
        self.void = False
        self.machine = machine
        self._logons = logons

    def use(self, challenge: Mapping[str, Any] | None = None, guid: str = "", *, signed: bool) -> None:
        """From here on the log-on counts. `challenge`: the host's names as it tells them; `guid`: for a host that tells
        none. Raises Withheld; ValueError for a second proof on one connection: a host that asks for it again collects
        them."""
        self._logons.use(self, machine_of(challenge or {}, guid=guid), signed=signed)


class Logons:
    """The account in one run. Safe for threads: permits are given in the loop and used in the client's thread."""

    def __init__(self, *, allow_unsigned: bool = False) -> None:
        self._allow_unsigned = allow_unsigned
        self._lock = threading.Lock()
        self._machines: dict[str, str] = {}
        self._stopped: tuple[str, StageDetail] | None = None
        self._accepted = False

    def permit(self, target: str, address: str, reply: Mapping[str, Any], *, signed: bool) -> Permit:
        """`reply`: what the handshake told of the host. Raises Withheld."""
        permit = Permit(self, target, machine_of(reply, target, address))
        with self._lock:
            self._forbid(permit.machine, signed=signed)
        return permit

    def use(self, permit: Permit, machine: frozenset[str], *, signed: bool) -> None:
        """See Permit.use."""
        with self._lock:
            if permit.used:
                raise ValueError("a second proof")
            if permit.void:
                raise Withheld(ENDED)
            self._forbid(permit.machine | machine, signed=signed)
            permit.used = True
            permit.machine |= machine
            self._machines |= dict.fromkeys(permit.machine, permit.target)

    def _forbid(self, machine: frozenset[str], *, signed: bool) -> None:
        if self._stopped is not None:
            raise Withheld(*self._stopped)
        for name in sorted(machine & self._machines.keys()):
            raise Withheld(SAME_MACHINE, StageDetail(tried_on=self._machines[name]))
        if not signed and not self._allow_unsigned:
            raise Withheld(UNSIGNED)

    def ended(self, permit: Permit, facts: StageDetail | None) -> None:
        """The client's last word, with what it found out; None: it gave none, and may still be at it. No proof leaves
        any more by this permit."""
        with self._lock:
            permit.void = True
            if not permit.used:
                return
            told = facts or StageDetail(step="unknown")
            step, status = told.step, told.status
            if told.guest or (step not in _LOGGED_ON and status is not None and status not in _OF_THE_HOST):
                said = StageDetail(tried_on=permit.target, status=status or None, guest=None if status else True)
                self._stopped = self._stopped or (REFUSED, said)
            elif step in _LOGGED_ON:
                self._accepted = True
            elif status is None and (facts is None or not self._accepted):
                self._stopped = self._stopped or (UNKNOWN, StageDetail(tried_on=permit.target))


def machine_of(told: Mapping[str, Any], target: str = "", address: str = "", guid: str = "") -> frozenset[str]:
    """By what a machine is known again: the target as given, its address, its names. A GUID counts where no name is
    told: clones of a disk share it."""
    known = {f"target {target.casefold().rstrip('.')}"} if target else set()
    if address:
        known.add(f"address {canonical(address)}")
    names = {
        " ".join((keys[0], *(str(told[key]).casefold() for key in keys)))
        for keys in _NAMES
        if all(told.get(key) for key in keys)
    }
    if not names and guid.strip("0-"):
        names = {f"guid {guid.casefold()}"}
    return frozenset(known | names)
