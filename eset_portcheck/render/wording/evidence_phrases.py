"""What was seen, as short phrases made of the row's own facts: never more than was measured. Pure, for every format."""

from collections.abc import Iterator

from eset_portcheck.model.evidence import (
    ControlPorts,
    Distance,
    Established,
    Evidence,
    FirewallPrediction,
    LargeHello,
    NameResolution,
    ProxyControl,
    Retried,
    Route,
    SilentControl,
    SmallSegments,
    TtlWalk,
)
from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Direction, Stage
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.wording import parameters
from eset_portcheck.render.wording.port_owners import phrases
from eset_portcheck.render.wording.track import furthest, stage_word
from eset_portcheck.render.wording.value_names import FAILURE

# Parameters that a phrase of their own says better, or that stand elsewhere.
# fmt: off
_TOLD = frozenset({
    "interval", "walked", "answers_on", "hops", "refused_ttl", "control_ttl", "type", "code", "version", "name",
    "servers", "os", "asked",
    "subject", "issuer", "sha256", "not_before", "not_after", "names", "target", "port", "transport", "errno",
    "silent_connection",
    "segment_bytes", "hello_bytes", "rule", "table", "chain", "status", "group", "failed", "tried", "address",
    "family", "addresses",
    "known",
    "process", "user",
})
# fmt: on
_BY_RULES = frozenset({"INBOUND_FILTERED", "REACH_NOT_TESTED", "INBOUND_IPV6_ONLY"})
_STOPPED_MIDWAY = frozenset({"INTERRUPTED", "BUDGET_SPENT", "INTERNAL_ERROR"})  # without any record of how far
_PARAMS = 6
_DIGEST = 24  # characters of a fingerprint


def of_row(row: Row, system: object, context: RenderContext) -> list[str]:
    """The facts behind the reason, most telling first. `system`: of this machine, as the report names it."""
    return list(dict.fromkeys(phrase for phrase in _phrases(row, system, context) if phrase))


def _phrases(row: Row, system: object, context: RenderContext) -> Iterator[str]:
    attempt = furthest(row)
    if row.where.process:
        yield from phrases(row, system, context)
    if attempt is None:
        yield from _not_run(row, context)
        own = next(
            (piece for piece in row.evidence if isinstance(piece, FirewallPrediction) and row.reason in _BY_RULES), None
        )
        yield from evidence(own, context) if own else ()
    else:
        broken = _worst(row, attempt)
        yield from _stopped(row, broken, context)
        if broken.tls is not None and (row.reason.startswith("TLS_") or row.where.ca):
            yield from certificate(broken, context)
        for piece in row.evidence:
            if piece.address in (None, broken.address) or (
                isinstance(piece, FirewallPrediction) and broken.address is None
            ):
                yield from evidence(piece, context)
    yield from _params(row, context)


def _worst(row: Row, attempt: Attempt) -> Attempt:
    """Where a warning stands for some addresses only, the one that failed is the one to tell of."""
    wanted = next((finding.params.address for finding in row.findings if finding.reason == row.reason), None)
    return next((other for other in row.attempts if wanted is not None and other.address == wanted), attempt)


def _not_run(row: Row, context: RenderContext) -> Iterator[str]:
    if row.direction is Direction.OUTBOUND:
        yield (
            context.say("stopped before it had a result; packets may have been sent")
            if row.reason in _STOPPED_MIDWAY
            else context.say("nothing was sent")
        )
    if option := row.skip_params.option or row.skip_params.value:
        yield context.say("missing: {option}", option=option)
    if error := row.skip_params.error:
        yield context.safe(error)


def _stopped(row: Row, attempt: Attempt, context: RenderContext) -> Iterator[str]:
    record = attempt.failed or (attempt.stages[-1] if attempt.stages else None)
    if record is None:
        return
    at = context.say(stage_word(row, record.stage)) + (f" {context.safe(attempt.address)}" if attempt.address else "")
    yield f"{at}: {end_of(record, context)}"
    if record.stage is Stage.RESOLVE:
        yield from answers(record, context)
    if status := record.detail.status:
        yield context.say("HTTP status {status}", status=status)
    yield from icmp(attempt, context)


def icmp(attempt: Attempt, context: RenderContext) -> Iterator[str]:
    if error := attempt.icmp:
        yield context.say(
            "ICMP type {type} code {code} from {sender} after {time}",
            type=error.type,
            code=error.code,
            sender=error.sender or "?",
            time=context.lasted(error.after_s) or "0 ms",
        )
        if error.local:
            yield context.say("this machine's own network stack reported it")


def end_of(record: StageRecord, context: RenderContext) -> str:
    time = context.lasted(record.duration_s) or "0 ms"
    if record.failure is None:
        return context.say("answered in {time}", time=time)
    if record.failure in FAILURE:
        return context.say(FAILURE[record.failure], time=time)
    return context.say("{failure} after {time}", failure=record.failure.replace("_", " "), time=time)


def answers(record: StageRecord, context: RenderContext) -> Iterator[str]:
    """What each DNS server said, and what the operating system made of it."""
    types_by: dict[tuple[str, str], list[str]] = {}
    for query in (record.detail.servers or [])[:6]:
        types_by.setdefault((query.server, query.said.removeprefix("dns_")), []).append(query.type)
    for (server, answer), types in types_by.items():
        yield context.say(
            "{server}: {answer} ({type})",
            server=server,
            answer=parameters.value(answer, context),
            type=", ".join(dict.fromkeys(types)),
        )
    if system := record.detail.os:
        yield context.say("the operating system says {answer}", answer=system)


def certificate(attempt: Attempt, context: RenderContext) -> Iterator[str]:
    tls = attempt.tls
    if tls is None or not tls.chain:
        return
    leaf = tls.chain[0]
    yield context.say("certificate of {subject}", subject=leaf.subject)
    yield context.say("issued by {issuer}", issuer=leaf.issuer)
    yield context.say("valid {first} to {last}", first=leaf.not_before_utc[:10], last=leaf.not_after_utc[:10])
    if tls.name_matches is False:
        yield context.say("asked for {name}", name=tls.name)
    yield f"sha256 {context.safe(leaf.sha256, 64 if context.verbose else _DIGEST)}"


def evidence(piece: Evidence, context: RenderContext) -> Iterator[str]:
    """What an extra observation showed; nothing for a kind that no phrase fits."""
    match piece:
        case ControlPorts():
            if answering := [str(control.port) for control in piece.ports if control.answer in ("accepted", "refused")]:
                yield context.say("port {ports} of the same address answers", ports=", ".join(answering))
            elif silent := [str(control.port) for control in piece.ports if control.answer == "silent"]:
                yield context.say("port {ports} of the same address does not answer either", ports=", ".join(silent))
        case TtlWalk():
            hops = [hop for hop in piece.hops if hop.sender not in (None, piece.address)]
            last = max(hops, key=lambda hop: hop.ttl, default=None)
            yield (
                context.say("last router that answered: {address} (hop {hop})", address=last.sender, hop=last.ttl)
                if last
                else context.say("no router on the path answered the trace")
            )
        case Distance(refused_ttl=int(), controls=[_, *_]):
            yield context.say(
                "hop limit of the refusal {refused}, of other answers {control}",
                refused=piece.refused_ttl,
                control=", ".join(sorted({str(control.ttl) for control in piece.controls})),
            )
        case SmallSegments(completed=True):
            yield context.say("the same step works with small packets ({bytes} bytes)", bytes=piece.segment_bytes)
        case LargeHello() if piece.lost_for_its_size:
            yield context.say(
                "a large first message ({bytes} bytes) gets no answer, in small pieces it does", bytes=piece.hello_bytes
            )
        case FirewallPrediction(verdict="drop" | "reject"):
            yield context.say(
                "this machine's firewall blocks it: {rule} ({place})", rule=piece.rule or "?", place=_rule_place(piece)
            )
        case FirewallPrediction(verdict="allow"):
            yield context.say("no rule of this machine's firewall blocks it")
        case FirewallPrediction() if piece.rule:
            yield context.say(
                "this machine's firewall may block it: {rule} ({place})", rule=piece.rule, place=_rule_place(piece)
            )
        case Established():
            yield context.say("the ESET component here is connected to {address}", address=piece.address)
        case ProxyControl(alike=True):
            yield context.say("the same answer for a host that cannot exist: this is no proxy")
        case SilentControl():
            yield (
                context.say("a second connection without data stays open")
                if piece.end == "open"
                else context.say("a second connection without data: {end}", end=parameters.value(piece.end, context))
            )
        case _:
            yield from _of_the_way(piece, context)


def _of_the_way(piece: Evidence, context: RenderContext) -> Iterator[str]:
    """Which way packets take, and how the name was found."""
    match piece:
        case Route(gateway=str()):
            yield context.say(
                "the route goes by gateway {address}, interface {name}",
                address=piece.gateway,
                name=piece.interface or "?",
            )
        case Route(connected=False, interface=str()):
            yield context.say("the route goes into interface {name} without a gateway", name=piece.interface)
        case Retried(passed=True):
            yield context.say("the first attempt got no answer, the second one worked")
        case NameResolution(hosts_file=True):
            yield context.say("the hosts file holds this name")
        case NameResolution(used="own-query"):
            yield context.say("address from our own DNS query: the operating system had none in time")


def _rule_place(piece: FirewallPrediction) -> str:
    return " ".join(name for name in (piece.table, piece.chain) if name)


def _params(row: Row, context: RenderContext) -> Iterator[str]:
    for finding in row.findings:
        if finding.reason == row.reason:
            yield from list(parameters.named(finding.params.as_table(), context, _TOLD))[:_PARAMS]


def attempts(row: Row, context: RenderContext) -> Iterator[str]:
    """One line an address: its stages with their times; and the certificate that it showed."""
    for attempt in row.attempts:
        stages = [
            f"{context.say(stage_word(row, record.stage))} "
            f"{end_of(record, context) if record.failure else context.lasted(record.duration_s)}"
            for record in attempt.stages
        ]
        shown = [
            context.safe(stage.strip())
            for stage, record in zip(stages, attempt.stages, strict=True)
            if record.stage is not Stage.ROUTE or record.failure
        ]
        untested = (
            context.say("not tested ({why})", why=parameters.value(attempt.untested, context))
            if attempt.untested
            else ""
        )
        yield f"{context.safe(attempt.address or row.target)}: {untested or ', '.join(shown)}"
        yield "; ".join(certificate(attempt, context))
