"""Two reports of the same machine, row by row: codes and parameters, never sentences."""

from enum import StrEnum

import msgspec

from eset_portcheck.model.host import PortNumber
from eset_portcheck.model.plain_json import written
from eset_portcheck.model.report import Tool
from eset_portcheck.model.vocabulary import Confidence, Culprit, Phase, Proof, State, Transport, Verdict

SCHEMA_VERSION = "1.0.0"


class Change(StrEnum):
    """What became of one check id, gravest first."""

    BROKEN = "broken"  # the verdict got worse across a border: proven, unproven, disproven
    CAUSE_CHANGED = (
        "cause-changed"  # on the same side of the border, for another reason, elsewhere, or with another warning
    )
    FIXED = "fixed"  # proven now, or a warning less
    NEW = "new"  # run only in the later report
    GONE = "gone"  # run only in the earlier report
    SAME = "same"
    NOT_RUN = "not-run"  # skipped in both, or skipped in the one that has it


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one report concluded of a row. `place`: where it broke, as far as two runs can agree on it
    (`comparing.failure_point`). `interval`: where that is only known to lie between two ends, the last that answered
    (or "this host") and the target: `place` is the first of them and is not at fault."""

    verdict: Verdict
    state: State
    reached: Proof
    required_proof: Proof
    reason: str
    culprit: Culprit | None = None
    confidence: Confidence | None = None
    place: str = ""
    interval: list[str] = []
    target: str = ""
    port: PortNumber = 0


class RowChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """`meaning`: a code of `comparing.meaning`, "" for rows that are the same. `required`, `target` and `port` as in
    the later report that has the row."""

    id: str
    role: str
    transport: Transport
    target: str
    port: PortNumber
    required: bool
    change: Change
    meaning: str = ""
    regressed: bool = False
    before: Standing | None = None
    after: Standing | None = None


class DifferenceParams(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`ids`: of rows. `key`: of a target in a profile."""

    ids: list[str] = []
    key: str = ""


NO_PARAMS = DifferenceParams()


class Difference(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something about the two runs that a reader must know before trusting the rows. `what`: a code of
    `comparing.differences`."""

    what: str
    before: str = ""
    after: str = ""
    params: DifferenceParams = NO_PARAMS


class RunSeen(msgspec.Struct, frozen=True):
    """Which run a report is about. `counts`: rows by verdict."""

    id: str
    started_utc: str
    host: str
    roles: list[str]
    phase: Phase
    tool: Tool
    exit_code: int
    counts: dict[str, int]


class ComparisonSummary(msgspec.Struct, frozen=True):
    """`counts`: rows by change; `regressed`: ids of the rows that make exit code 1."""

    counts: dict[str, int]
    regressed: list[str]
    exit_code: int


class Comparison(msgspec.Struct, frozen=True):
    schema_version: str
    kind: str  # "comparison": a reader of reports can say what this file is
    tool: Tool
    before: RunSeen
    after: RunSeen
    differences: list[Difference]
    rows: list[RowChange]
    summary: ComparisonSummary


def to_json(comparison: Comparison) -> bytes:
    """UTF-8 JSON, two spaces of indent."""
    return written(comparison)
