"""Conclusions: codes and parameters, never sentences."""

from typing import Any

import msgspec

from eset_portcheck.model.privacy import CheckId, Code, Command, DistinguishedName, Facts, HostText
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.vocabulary import Confidence, Culprit, Proof, State, Verdict


class Where(msgspec.Struct, frozen=True, omit_defaults=True):
    """`address` is the one that answered or refused; `interval` = [last address that answered or "this host",
    target]. `via`: "host:port" of the proxy behind which it lies; `address` is then "host:port" as the proxy was
    asked for it."""

    address: HostText | None = None
    hop: int | None = None
    interval: list[HostText] | None = None
    process: Facts | None = None
    ca: DistinguishedName | None = None
    via: HostText | None = None


def _check_port(params: dict[str, Any]) -> None:
    """Parameters have no types of their own, but a port is a port: it becomes part of commands. Raises ValueError."""
    port = params.get("port", 0)
    if type(port) is not int or not 0 <= port <= 65535:
        raise ValueError("params.port: no port")


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """`params`: what the reason's texts need; a `port` among them is an integer of 0 to 65535."""

    reason: ReasonCode
    evidence: list[CheckId] = []
    params: Facts = {}

    def __post_init__(self) -> None:
        _check_port(self.params)


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
    """`params` as in a finding."""

    id: Code
    reason: ReasonCode
    culprit: Culprit | None
    confidence: Confidence | None
    where: Where
    explains: list[CheckId]
    evidence: list[CheckId] = []
    fixes: list[Fix] = []
    params: Facts = {}

    def __post_init__(self) -> None:
        _check_port(self.params)
