"""The report: the only thing a renderer reads and the only thing written to disk. Source: docs/contract.md#report."""

import hashlib
from typing import Any

import msgspec

from eset_portcheck.model.evidence import Evidence
from eset_portcheck.model.finding import Cause, Finding, Where
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.plain_json import written
from eset_portcheck.model.privacy import Arguments, CheckId, Code, Fingerprint, HostText, Path, Text
from eset_portcheck.model.reasons import NoReason, ReasonCode
from eset_portcheck.model.subject import Subject
from eset_portcheck.model.vocabulary import Confidence, Culprit, Phase, Proof, State, Verdict

SCHEMA_VERSION = "1.2.0"


class ProofReached(msgspec.Struct, frozen=True):
    reached: Proof
    required: Proof


class Row(Subject, frozen=True, omit_defaults=True, kw_only=True):
    """One check with its facts (attempts, evidence) and its conclusion (the rest)."""

    beyond_page: bool  # no default here: it is written in every report
    verdict: Verdict
    state: State
    proof: ProofReached
    reason: ReasonCode | NoReason  # empty while nothing is concluded, or for a code of a later version
    culprit: Culprit | None
    confidence: Confidence | None
    where: Where
    duration_s: float
    attempts: list[Attempt]
    evidence: list[Evidence]
    findings: list[Finding]
    full_proof: Proof | None = (
        None  # required once everything is installed; `proof.required` is what this run's phase asks
    )
    explained_by: Code | None = None


class Tool(msgspec.Struct, frozen=True):
    name: Code
    version: Code


class ProfileUsed(msgspec.Struct, frozen=True):
    role: Code
    version: Code
    sha256: Code
    source: Text


class Run(msgspec.Struct, frozen=True):
    id: Code
    started_utc: Code
    duration_s: float
    phase: Phase
    roles: list[Code]
    complete: bool
    loop_lag_s: float
    connect_to: dict[HostText, HostText]
    ca_given: bool = False
    public_ca_given: bool = False  # a file took the place of Mozilla's authorities
    # the command line, which stands here only; in a file from elsewhere it is what somebody says
    arguments: Arguments = []
    command: Code = "check"  # that made this report, and makes it again with `arguments`
    detected: list[
        Code
    ] = []  # names of values in `arguments` that nobody gave: this machine's installed components say so


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """`verdict`: of the whole run, whatever `strict` (--strict) and `exit_zero` (--exit-zero) made of its exit code.
    `identity_not_checked`: needed rows that passed without anybody saying which certificate is the right one.
    `not_installed`: components that were not found here, so that phase auto judged their ports as before the
    installation. They are None in a report of an earlier schema, which did not hold them."""

    counts: dict[Code, int]
    ready: bool
    exit_code: int
    verdict: Verdict | None = None
    strict: bool | None = None
    exit_zero: bool | None = None
    identity_not_checked: int | None = None
    not_installed: list[Code] | None = None


class Changed(msgspec.Struct, frozen=True):
    """A row that today's rules judge otherwise: [verdict, reason] before and after."""

    id: CheckId
    before: list[Code]
    after: list[Code]


class Rediagnosis(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts of a report judged anew: `version` of the program that did it, `report_id` of the report that it read
    where that said otherwise or is of an older schema. `also`: what else it held that is not what its facts give:
    "rows", "causes", "commands", "summary", "proxies". `unchecked`: roles that are none of the built-in ones, so
    that what their rows ask is the file's own word. `missing`: checks of known profiles, and of roles without any row,
    that are not there."""

    version: Code
    changed: list[Changed]
    also: list[Code] = []
    report_id: Fingerprint = ""
    unchecked: list[Code] = []
    missing: list[Code] = []


class Redaction(msgspec.Struct, frozen=True):
    """What was taken out. `level`: "always" or "strict"; `replaced`: how many different values of each kind ("user",
    "mac", "name" ...)."""

    level: Code
    replaced: dict[Code, int]


class ProxyIgnored(msgspec.Struct, frozen=True):
    """A proxy (or the address of a script) that does not count for a destination. `why`: "not-followed", "bypassed",
    "script-not-run", "other-given", "same"."""

    source: Path
    name: Code
    proxy: HostText
    why: Code


class ProxyChoice(msgspec.Struct, frozen=True, omit_defaults=True):
    """What counts for one destination: `via` a proxy, or directly when it is empty. `why`: "option" or "none-given"."""

    target: HostText
    via: HostText
    why: Code
    ignored: list[ProxyIgnored] = []


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    schema_version: Code
    tool: Tool
    profiles: list[ProfileUsed]
    run: Run
    host: Host
    checks: list[Row]
    causes: list[Cause]
    summary: Summary
    proxy_choices: list[ProxyChoice] = []  # empty where no proxy is set or given
    rediagnosis: Rediagnosis | None = None
    redaction: Redaction | None = None


def identity(content: Any) -> str:
    """32 hexadecimal digits: SHA-256 over the report as canonical JSON (sorted keys, no spaces, UTF-8), its own id left
    out.

    `content`: the decoded JSON of a report, with fields that this version does not know too. Source: RFC 8785 for the
    idea; numbers are as msgspec writes them.
    """
    run = content.get("run") if isinstance(content, dict) else None
    bare = (
        content | {"run": {name: value for name, value in run.items() if name != "id"}}
        if isinstance(run, dict)
        else content
    )
    return hashlib.sha256(msgspec.json.encode(bare, order="sorted")).hexdigest()[:32]


def identified(report: Report) -> Report:
    """The same with the id that its content has now."""
    return msgspec.structs.replace(
        report, run=msgspec.structs.replace(report.run, id=identity(msgspec.to_builtins(report)))
    )


def to_json(report: Report) -> bytes:
    """UTF-8 JSON, two spaces of indent, fields in the order of the contract."""
    return written(report)


def from_json(data: bytes) -> Report:
    """Raises msgspec.ValidationError with the path of the bad value; unknown fields are ignored."""
    return msgspec.json.decode(data, type=Report)


JsonObject = dict[str, Any]
