"""Conclusions: codes and parameters, never sentences."""

import msgspec

from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.privacy import (
    CheckId,
    Code,
    Command,
    DistinguishedName,
    HostText,
    Path,
    ProcessName,
    User,
)
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.vocabulary import Confidence, Culprit, Proof, State, Verdict


class PortHolder(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who holds a port of this machine, as far as this user may see (see host.Listening), and what all sockets of the
    port answer on together: `bind` is a word of diagnose.binds."""

    pid: int | None = None
    name: ProcessName | None = None
    path: Path | None = None
    user: User | None = None
    since_utc: Code | None = None
    bind: Code | None = None
    addresses: list[HostText] | None = None


NOBODY = PortHolder()


class Where(msgspec.Struct, frozen=True, omit_defaults=True):
    """`address` is the one that answered or refused; `interval` = [last address that answered or "this host",
    target]. `via`: "host:port" of the proxy behind which it lies; `address` is then "host:port" as the proxy was
    asked for it."""

    address: HostText | None = None
    hop: int | None = None
    interval: list[HostText] | None = None
    process: PortHolder | None = None
    ca: DistinguishedName | None = None
    via: HostText | None = None

    def __post_init__(self) -> None:
        # A holder of whom nothing is said is none: it would read as one whose owner is hidden.
        if self.process == NOBODY:
            msgspec.structs.force_setattr(self, "process", None)


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """`params`: what was found, in values."""

    reason: ReasonCode
    evidence: list[CheckId] = []
    params: Params = NOTHING

    def __post_init__(self) -> None:
        # What says nothing is not written: defaults are known by identity.
        if self.params is not NOTHING and self.params == NOTHING:
            msgspec.structs.force_setattr(self, "params", NOTHING)


class Conclusion(msgspec.Struct, frozen=True, omit_defaults=True):
    """What diagnosis says of one row."""

    verdict: Verdict
    state: State
    reached: Proof
    reason: ReasonCode
    culprit: Culprit | None = None
    confidence: Confidence | None = None
    where: Where = Where()
    findings: list[Finding] = []
    explained_by: str | None = None


class Fix(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who does what: `audience` this-host, server-admin, network-team, dns-admin, proxy-admin ...; `action` is a text
    key, `command` literal."""

    audience: Code
    tool: Code
    command: Command
    undo: Command = ""
    verify: Command = ""


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """What broke several rows: `explains` names them."""

    id: Code
    reason: ReasonCode
    culprit: Culprit | None
    confidence: Confidence | None
    where: Where
    explains: list[CheckId]
    evidence: list[CheckId] = []
    fixes: list[Fix] = []
    params: Params = NOTHING

    def __post_init__(self) -> None:
        # What says nothing is not written: defaults are known by identity.
        if self.params is not NOTHING and self.params == NOTHING:
            msgspec.structs.force_setattr(self, "params", NOTHING)
