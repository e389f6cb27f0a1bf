"""The whole program on one screen: look at this machine, run the plan, judge, report."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from eset_portcheck import __version__, interrupts
from eset_portcheck.diagnose import diagnose, summary, with_exit_code
from eset_portcheck.diagnose.installed import established
from eset_portcheck.diagnose.proxies import BRIDGE_PORT, choices
from eset_portcheck.host import Survey
from eset_portcheck.model.evidence import Evidence, prediction
from eset_portcheck.model.finding import Where
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Observation
from eset_portcheck.model.plan import Check, Endpoint, Options, Outcome, Plan
from eset_portcheck.model.reasons import NoReason, ReasonCode
from eset_portcheck.model.report import SCHEMA_VERSION, ProfileUsed, ProofReached, Report, Row, Run, Tool
from eset_portcheck.model.subject import subject_fields
from eset_portcheck.model.vocabulary import Direction, Listener, Phase, Proof, State, Verdict
from eset_portcheck.packet_filter.flow import PacketFilter
from eset_portcheck.redaction import redacted
from eset_portcheck.sessions import Credentials


class AuditRequest(msgspec.Struct, frozen=True):
    """What is to be audited: everything decided, nothing sent. `arguments`: the command line without output options, to
    name the line that tests again.
    `detected`: options whose values are this machine's own. `strict`, `exit_zero`: what becomes of the exit code."""

    plan: Plan
    profiles: list[ProfileUsed]
    phase: Phase = Phase.AUTO
    ca_file: str | None = None
    public_file: str | None = None
    pins: Sequence[str] = ()
    options: Options = Options()
    arguments: Sequence[str] = ()
    command: str = "check"
    detected: Sequence[str] = ()
    credentials: Credentials | None = None
    strict: bool = False
    exit_zero: bool = False


SLOW_S = 0.6  # a run that lasts longer waits for a silent peer


def audit(
    request: AuditRequest,
    done: Callable[[Check, Observation], None] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Report:
    """Blocking. A signal ends it early with a report of what is known. `meanwhile` is called in a thread while a slow
    run waits (to load a renderer)."""
    host, rules = _surveyed(request)
    interrupts.hold()
    started, clock = time.time(), time.perf_counter()
    outcome = _dialled(request, host, done, meanwhile)
    lasted_s = time.perf_counter() - clock
    return conclude(request, host, with_firewall_evidence(request, outcome, host, rules), started, lasted_s)


async def audit_in_loop(request: AuditRequest, done: Callable[[Check, Observation], None] | None = None) -> Report:
    """As `audit`, in the loop of the caller, which is not kept waiting. Takes no notice of signals; cancelled, it sends
    nothing more and reports nothing."""
    import asyncio

    host, rules = await asyncio.to_thread(_surveyed, request)
    started, clock = time.time(), time.perf_counter()
    outcome = await _run(request, host, done, None)
    if outcome.interrupted:  # the runner keeps what it knows; whoever cancels a task waits for it to be cancelled
        raise asyncio.CancelledError
    lasted_s = time.perf_counter() - clock

    def reported() -> Report:
        return conclude(request, host, with_firewall_evidence(request, outcome, host, rules), started, lasted_s)

    return await asyncio.to_thread(reported)


def _surveyed(request: AuditRequest) -> Survey:
    from eset_portcheck import host as machine

    checks = request.plan.checks
    ports = frozenset(check.port for check in checks if check.direction is not Direction.OUTBOUND)
    peers = frozenset(
        check.endpoint.port for check in checks if check.endpoint is not None and check.listener is Listener.SERVER
    )
    return machine.survey(ports, peers | {BRIDGE_PORT})


def _dialled(
    request: AuditRequest,
    host: Host,
    done: Callable[[Check, Observation], None] | None,
    meanwhile: Callable[[], None] | None,
) -> Outcome:
    """A run that dials nothing starts no loop: its imports are most of the time of `ports`."""
    if not any(check.endpoint is not None and check.skip is None for check in request.plan.checks):
        return Outcome({}, complete=True, interrupted=False, loop_lag_s=0.0)
    import asyncio

    return asyncio.run(run(request, host, done, meanwhile))


async def run(
    request: AuditRequest,
    host: Host,
    done: Callable[[Check, Observation], None] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Outcome:
    """The network part, for a caller that has a loop already. A signal ends it; from then on signals wait for the
    report to be written."""
    import asyncio

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        interrupts.call(lambda: loop.call_soon_threadsafe(task.cancel))
    try:
        return await _run(request, host, done, meanwhile)
    finally:
        interrupts.hold()


async def _run(
    request: AuditRequest,
    host: Host,
    done: Callable[[Check, Observation], None] | None,
    meanwhile: Callable[[], None] | None,
) -> Outcome:
    import asyncio
    import threading

    from eset_portcheck.deep import DeepSessions
    from eset_portcheck.running import Runner

    if meanwhile is not None:
        asyncio.get_running_loop().call_later(SLOW_S, threading.Thread(target=meanwhile, daemon=True).start)
    by_endpoint: dict[Endpoint, list[Check]] = {}
    for check in request.plan.checks:
        if check.endpoint is not None and check.skip is None:
            by_endpoint.setdefault(check.endpoint, []).append(check)

    def tell(endpoint: Endpoint, observation: Observation) -> None:
        for check in by_endpoint[endpoint] if done else ():
            done(check, observation)  # type: ignore[misc]

    sessions = DeepSessions(request.credentials, request.options) if request.credentials else None
    judge = _Judge(request.public_file, request.ca_file, request.pins)
    return await Runner(request.options, host, judge, tell, sessions).run(request.plan.checks)


class _Judge:
    """The judge of chains, made when the first chain comes: its imports are slow."""

    def __init__(self, public_file: str | None, site_file: str | None, pins: Sequence[str]) -> None:
        self._sets = (public_file, site_file, pins)
        self._judge: Any = None

    @property
    def ready(self) -> bool:
        return self._judge is not None

    def judge(self, der: list[bytes], name: str, star_accepted: bool) -> Any:
        if self._judge is None:
            from eset_portcheck.certificates.judge import Judge

            self._judge = Judge(*self._sets)
        return self._judge.judge(der, name, star_accepted)


def conclude(request: AuditRequest, host: Host, outcome: Outcome, started: float, lasted_s: float) -> Report:
    facts = [with_host_evidence(row(check, outcome), host) for check in request.plan.checks]
    rows, causes, total = diagnose(facts, host, request.phase, request.command)
    if outcome.interrupted:
        total = summary(rows, interrupted=True, not_installed=total.not_installed)
    total = with_exit_code(total, strict=request.strict, exit_zero=request.exit_zero)
    made = Report(
        schema_version=SCHEMA_VERSION,
        tool=Tool("eset-portcheck", __version__),
        profiles=request.profiles,
        run=Run(
            id="",  # of the whole, when it is complete
            started_utc=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            duration_s=round(lasted_s, 3),
            phase=request.phase,
            roles=request.plan.roles,
            complete=outcome.complete,
            loop_lag_s=outcome.loop_lag_s,
            connect_to=dict(request.options.connect_to),
            ca_given=request.ca_file is not None,
            public_ca_given=request.public_file is not None,
            arguments=list(request.arguments),
            command=request.command,
            detected=list(request.detected),
        ),
        host=host,
        checks=rows,
        causes=causes,
        summary=total,
        proxy_choices=choices(rows, host),
    )
    return redacted(made).report


def with_firewall_evidence(request: AuditRequest, outcome: Outcome, host: Host, rules: PacketFilter) -> Outcome:
    """With what this host's own rules say of attempts that nobody answered, or that were refused."""
    from eset_portcheck.host.own_rules import Explainer, lost

    if not any(lost(one, endpoint.transport, endpoint.port) for endpoint, one in outcome.observations.items()):
        return outcome
    explainer = Explainer(rules, host)
    told = {
        endpoint: explainer.explained(one, endpoint.transport, request.options.dialled(endpoint)[1])
        for endpoint, one in outcome.observations.items()
    }
    return msgspec.structs.replace(outcome, observations=told)


def with_host_evidence(row: Row, host: Host) -> Row:
    """With what this host says of the row beside its own attempts: what the firewall does to clients, what an installed
    component is connected to."""
    told = (
        (host.firewall.predictions or {}).get(f"in/{row.transport.value}/{row.port}")
        if row.direction is Direction.INBOUND
        else None
    )
    more: list[Evidence] = [*([prediction(told)] if told else []), *established(row, host.connections)]
    return msgspec.structs.replace(row, evidence=[*row.evidence, *more]) if more else row


_FAILURES: dict[str, ReasonCode] = {"budget_spent": "BUDGET_SPENT", "interrupted": "INTERRUPTED"}


def row(check: Check, outcome: Outcome) -> Row:
    """A row with its facts; the conclusion is still empty."""
    seen = outcome.observations.get(check.endpoint) if check.endpoint is not None and check.skip is None else None
    reason: ReasonCode | NoReason = check.skip or ""
    if seen is not None and seen.failure is not None:
        reason = _FAILURES[seen.failure.value]
    if seen is not None and seen.error is not None:
        reason = "INTERNAL_ERROR"
    params = msgspec.structs.replace(check.skip_params, error=(seen.error or "") if seen else "")
    return Row(
        **subject_fields(msgspec.structs.replace(check, skip_params=params)),
        verdict=Verdict.UNPROVEN,
        state=State.NOT_TESTED,
        proof=ProofReached(Proof.NONE, check.required_proof),
        full_proof=check.required_proof,
        reason=reason,
        culprit=None,
        confidence=None,
        where=Where(),
        duration_s=seen.duration_s if seen else 0.0,
        attempts=seen.attempts if seen else [],
        evidence=seen.evidence if seen else [],
        findings=[],
    )
