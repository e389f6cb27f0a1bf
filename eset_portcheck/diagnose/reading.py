"""What one attempt says, before phase, groups and the other rows are looked at."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from eset_portcheck import protocols
from eset_portcheck.model.evidence import Piece
from eset_portcheck.model.finding import Finding, Where
from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.reasons import REASONS, NoReason, Rank, ReasonCode
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Proof, State, Verdict

P = TypeVar("P", bound=Piece)


class Reading(msgspec.Struct, frozen=True):
    """`disproves`: the reason, if of fail rank, shows the opposite of what is required. `verdict`: a reading that the
    contract ranks by hand. `by_host`: the hop limit of who accepted the connection is that of the host itself."""

    reached: Proof
    reason: ReasonCode
    state: State
    culprit: Culprit | None = None
    confidence: Confidence | None = None
    where: Where = Where()
    findings: tuple[Finding, ...] = ()
    disproves: bool = True
    verdict: Verdict | None = None
    by_host: bool = False

    @property
    def params(self) -> Params:
        """Of the finding that bears the reason."""
        return params_of(self.findings, self.reason)

    @property
    def fails(self) -> bool:
        return self.disproves and rank(self.reason) is Rank.FAIL


def silent(row: Row) -> bool:
    """Nothing is said after the connection, or after TLS: who it is shows in the certificate alone."""
    protocol = protocols.find(row.protocol)
    return protocol is not None and protocol.silent


def rank(reason: ReasonCode | NoReason) -> Rank:
    return REASONS[reason].rank


def warns(finding: Finding) -> bool:
    """Of warn rank; or a hole for large packets beside a row that works, where only small ones were needed."""
    return rank(finding.reason) is Rank.WARN or finding.reason == "PMTU_BLACKHOLE"


def broken(
    reason: ReasonCode,
    reached: Proof,
    state: State,
    confidence: Confidence = Confidence.PROVEN,
    *,
    culprit: Culprit | None = None,
    where: Where | None = None,
    params: Params = NOTHING,
    disproves: bool = True,
) -> Reading:
    """A reading of a stage that broke; culprit from the table of reasons unless given. Parameters ride on a finding of
    the same code."""
    findings = (Finding(reason, params=params),) if params != NOTHING else ()
    return Reading(
        reached, reason, state, culprit or REASONS[reason].culprit, confidence, where or Where(), findings, disproves
    )


def params_of(findings: Iterable[Finding], reason: str) -> Params:
    """Of the first finding with that code."""
    return next((one.params for one in findings if one.reason == reason), NOTHING)


def of_kind(evidence: Sequence[Piece], kind: type[P], attempt: Attempt) -> P | None:
    """The evidence of that kind for this attempt's address."""
    return next((one for one in evidence if isinstance(one, kind) and one.address in (None, attempt.address)), None)
