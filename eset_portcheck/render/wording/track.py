"""The way a row went, as a line of steps: done, the one where it stopped, and those that were not reached. Pure, for
every format."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from eset_portcheck import protocols
from eset_portcheck.model.addresses import is_address
from eset_portcheck.model.deciding import PROVEN
from eset_portcheck.model.observation import Attempt
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Direction, Proof, Stage, Transport, Verdict, worst
from eset_portcheck.render.text import safe
from eset_portcheck.texts.language import message
from eset_portcheck.wire.protocol import LABEL_CHARACTERS

FAMILIES = ("ipv4", "ipv6")
_WORDS = {
    Stage.RESOLVE: "DNS",
    Stage.ROUTE: message("ROUTE"),
    Stage.CONNECT: "TCP",
    Stage.TUNNEL: "CONNECT",
    Stage.TLS: "TLS",
    Stage.SESSION: message("LOGIN"),
}
_STOPPED = (Verdict.FAIL, Verdict.ERROR, Verdict.UNPROVEN)
_FIREWALL = ("INBOUND_FILTERED", "REACH_NOT_TESTED")


class Reach(StrEnum):
    DONE = "done"
    MARKED = "marked"  # where it stopped, or what the verdict is about
    NOT_REACHED = "not-reached"


class Step(NamedTuple):
    word: str
    reach: Reach


def track(row: Row) -> list[Step]:
    """The first stage that broke is marked; nothing after it counts as reached, though the wire went on: a reply in
    intercepted TLS is nobody's."""
    if row.direction is not Direction.OUTBOUND:
        return _inbound(row)
    attempt = furthest(row)
    stages = _expected(row, attempt)
    if attempt is None:
        return [Step(_word(row, stage), Reach.NOT_REACHED) for stage in stages]
    marked = _marked(row, attempt, stages)
    goes_on = row.verdict in PROVEN and attempt.failed is None
    steps = []
    for number, stage in enumerate(stages):
        if number == marked:
            reach = Reach.MARKED
        elif (marked is not None and number > marked and not goes_on) or stage not in attempt.done:
            reach = Reach.NOT_REACHED
        else:
            reach = Reach.DONE
        steps.append(Step(_word(row, stage), reach))
    return steps


def furthest(row: Row) -> Attempt | None:
    """The attempt that speaks for the row: one without a failure, else the one that got farthest."""
    tried = [attempt for attempt in row.attempts if attempt.untested is None and attempt.stages]
    return max(tried, key=lambda attempt: (attempt.failed is None, len(attempt.done)), default=None)


def marked(row: Row) -> Stage | None:
    """The stage of that attempt which the verdict is about; it may have gone through. None: there is none, or it never
    began."""
    attempt = furthest(row)
    if attempt is None:
        return None
    stages = _expected(row, attempt)
    number = _marked(row, attempt, stages)
    return None if number is None else stages[number]


def stage_word(row: Row, stage: Stage) -> str:
    """DNS, TCP, UDP ... as a sentence names it: the question of a UDP row is its connect and handshake in one."""
    return "UDP" if stage is Stage.HANDSHAKE and row.transport is Transport.UDP else _word(row, stage)


def _word(row: Row, stage: Stage) -> str:
    if stage is Stage.HANDSHAKE:
        known = protocols.find(row.protocol)
        return (known.label if known else "") or safe(row.protocol.upper(), LABEL_CHARACTERS, ascii_only=True)
    return _WORDS[stage]


def _expected(row: Row, attempt: Attempt | None) -> list[Stage]:
    """All stages that the row needs, in order; the route only where it is what broke."""
    seen = {record.stage for record in attempt.stages} if attempt else set()
    broke = attempt.failed.stage if attempt and attempt.failed else None
    tcp = row.transport is Transport.TCP
    protocol = protocols.find(row.protocol)
    silent = protocol is not None and protocol.silent
    wanted = [
        (Stage.RESOLVE, not is_address(row.target) or broke is Stage.RESOLVE),
        (Stage.ROUTE, broke is Stage.ROUTE),
        (Stage.CONNECT, tcp),
        (Stage.TUNNEL, row.via_destination is not None and not (protocol and protocol.speaks_to_proxy)),
        (
            Stage.TLS,
            tcp
            and (
                row.trust is not None
                or (protocol is not None and protocol.silent and protocol.encrypted)
                or Stage.TLS in seen
            ),
        ),
        (Stage.HANDSHAKE, not silent),
        (Stage.SESSION, row.proof.required is Proof.AUTHORISED or Stage.SESSION in seen),
    ]
    return [stage for stage, is_needed in wanted if is_needed]


def _marked(row: Row, attempt: Attempt, stages: list[Stage]) -> int | None:
    """The number of the stage that the verdict is about."""
    if attempt.failed is not None and attempt.failed.stage in stages:
        return stages.index(attempt.failed.stage)
    if row.verdict is Verdict.PASS or not stages:
        return None
    if row.reason.startswith("TLS_") and Stage.TLS in stages:
        return stages.index(Stage.TLS)
    if row.verdict not in _STOPPED:
        return None
    return next((number for number, stage in enumerate(stages) if stage not in attempt.done), len(stages) - 1)


def _inbound(row: Row) -> list[Step]:
    """This host's two questions: is the port held by whom it should be (or free), does this host's firewall let others
    in?"""
    words = [message("PORT")] if row.direction is Direction.LOCAL else [message("PORT"), message("FIREWALL")]
    if row.verdict is Verdict.SKIP:
        reached = [Reach.NOT_REACHED] * 2
    elif row.verdict is Verdict.PASS:
        reached = [Reach.DONE] * 2
    elif row.reason in _FIREWALL:
        reached = [Reach.DONE, Reach.MARKED]
    else:
        reached = [Reach.MARKED, Reach.DONE if row.verdict is Verdict.WARN else Reach.NOT_REACHED]
    return [Step(word, reach) for word, reach in zip(words, reached, strict=False)]


def families(row: Row) -> dict[str, Verdict | None]:
    """What each IP family came to; None: has addresses, none was tried (no route of that family here)."""
    found: dict[str, Verdict | None] = {}
    for attempt in row.attempts:
        if attempt.family is None:
            continue
        verdict = None if attempt.untested is not None else of_attempt(row, attempt)
        before = found.get(attempt.family)
        if before is None or verdict is None:
            found[attempt.family] = verdict if before is None else before
        else:
            found[attempt.family] = worst((before, verdict), verdict)
    return found


def of_attempt(row: Row, attempt: Attempt) -> Verdict:
    """In a passing row every address passed; in a warning those without a failure did; in any other none."""
    if row.verdict is Verdict.WARN:
        return Verdict.PASS if attempt.failed is None else Verdict.FAIL
    return row.verdict


def both_families(found: Iterable[dict[str, Verdict | None]]) -> bool:
    """Whether any row was tried over both. `found`: of `families`, a row each."""
    return any(all(tried.get(family) is not None for family in FAMILIES) for tried in found)
