"""The whole program on one screen: look at this machine, run the plan, judge, report."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from eset_portcheck import __version__, interrupts
from eset_portcheck.diagnose import diagnose, summary
from eset_portcheck.diagnose.installed import established
from eset_portcheck.diagnose.proxies import BRIDGE_PORT, choices
from eset_portcheck.model.finding import Where
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Evidence, Observation
from eset_portcheck.model.plan import Check, Endpoint, Options, Outcome, Plan
from eset_portcheck.model.report import SCHEMA_VERSION, ProfileUsed, ProofReached, Report, Row, Run, Tool
from eset_portcheck.model.subject import subject_fields
from eset_portcheck.model.vocabulary import Direction, Listener, Phase, Proof, State, Verdict
from eset_portcheck.packet_filter.flow import PacketFilter
from eset_portcheck.redaction import redacted
from eset_portcheck.sessions import Credentials


class Order(msgspec.Struct, frozen=True):
    """What is to be audited. `arguments`: the command line without output options, to name the line that tests again. `detected`: options whose values
    are this machine's own."""

    plan: Plan
    profiles: list[ProfileUsed]
    phase: Phase = Phase.AUTO
    ca_file: str | None = None
    public_file: str | None = None
    options: Options = Options()
    arguments: Sequence[str] = ()
    command: str = "check"
    detected: Sequence[str] = ()
    credentials: Credentials | None = None


SLOW_S = 0.6  # a run that lasts longer waits for a silent peer


def audit(order: Order, done: Callable[[Check, Observation], None] | None = None, meanwhile: Callable[[], None] | None = None) -> Report:
    """Blocking. A signal ends it early with a report of what is known. `meanwhile` is called in a thread while a slow run waits (to load a renderer)."""
    from eset_portcheck import host as machine

    checks = order.plan.checks
    ports = frozenset(check.port for check in checks if check.direction is not Direction.OUTBOUND)
    peers = frozenset(check.endpoint.port for check in checks if check.endpoint is not None and check.listener is Listener.SERVER)
    host, rules = machine.survey(ports, peers | {BRIDGE_PORT})
    interrupts.hold()
    started, clock = time.time(), time.perf_counter()
    outcome = _dialled(order, host, done, meanwhile)
    lasted_s = time.perf_counter() - clock
    return conclude(order, host, explained(order, outcome, host, rules), started, lasted_s)


def _dialled(order: Order, host: Host, done: Callable[[Check, Observation], None] | None, meanwhile: Callable[[], None] | None) -> Outcome:
    """A run that dials nothing starts no loop: its imports are most of the time of `ports`."""
    if not any(check.endpoint is not None and check.skip is None for check in order.plan.checks):
        return Outcome({}, complete=True, interrupted=False, loop_lag_s=0.0)
    import asyncio

    return asyncio.run(run(order, host, done, meanwhile))


async def run(order: Order, host: Host, done: Callable[[Check, Observation], None] | None = None, meanwhile: Callable[[], None] | None = None) -> Outcome:
    """The network part, for a caller that has a loop already. A signal ends it; from then on signals wait for the report to be written."""
    import asyncio

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        interrupts.call(lambda: loop.call_soon_threadsafe(task.cancel))
    try:
        return await _run(order, host, done, meanwhile)
    finally:
        interrupts.hold()


async def _run(order: Order, host: Host, done: Callable[[Check, Observation], None] | None, meanwhile: Callable[[], None] | None) -> Outcome:
    import asyncio
    import threading

    from eset_portcheck.deep import DeepSessions
    from eset_portcheck.running import Runner

    if meanwhile is not None:
        asyncio.get_running_loop().call_later(SLOW_S, threading.Thread(target=meanwhile, daemon=True).start)
    by_endpoint: dict[Endpoint, list[Check]] = {}
    for check in order.plan.checks:
        if check.endpoint is not None and check.skip is None:
            by_endpoint.setdefault(check.endpoint, []).append(check)

    def tell(endpoint: Endpoint, observation: Observation) -> None:
        for check in by_endpoint[endpoint] if done else ():
            done(check, observation)  # type: ignore[misc]

    sessions = DeepSessions(order.credentials, order.options) if order.credentials else None
    return await Runner(order.options, host, _Judge(order.public_file, order.ca_file), tell, sessions).run(order.plan.checks)


class _Judge:
    """The judge of chains, made when the first chain comes: its imports are slow."""

    def __init__(self, public_file: str | None, site_file: str | None) -> None:
        self._files = (public_file, site_file)
        self._judge: Any = None

    @property
    def ready(self) -> bool:
        return self._judge is not None

    def judge(self, der: list[bytes], name: str, star_accepted: bool) -> Any:
        if self._judge is None:
            from eset_portcheck.certificates.judge import Judge

            self._judge = Judge(*self._files)
        return self._judge.judge(der, name, star_accepted)


def conclude(order: Order, host: Host, outcome: Outcome, started: float, lasted_s: float) -> Report:
    facts = [beside(row(check, outcome), host) for check in order.plan.checks]
    rows, causes, total = diagnose(facts, host, order.phase, order.command)
    if outcome.interrupted:
        total = summary(rows, interrupted=True)
    made = Report(
        schema_version=SCHEMA_VERSION,
        tool=Tool("eset-portcheck", __version__),
        profiles=order.profiles,
        run=Run(
            id="",  # of the whole, when it is complete
            started_utc=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            duration_s=round(lasted_s, 3),
            phase=order.phase,
            roles=order.plan.roles,
            complete=outcome.complete,
            loop_lag_s=outcome.loop_lag_s,
            connect_to=dict(order.options.connect_to),
            ca_given=order.ca_file is not None,
            arguments=list(order.arguments),
            command=order.command,
            detected=list(order.detected),
        ),
        host=host,
        checks=rows,
        causes=causes,
        summary=total,
        proxy_choices=choices(rows, host),
    )
    return redacted(made).report


def explained(order: Order, outcome: Outcome, host: Host, rules: PacketFilter) -> Outcome:
    """With what this host's own rules say of attempts that nobody answered, or that were refused."""
    from eset_portcheck.host.own_rules import Explainer, lost

    if not any(lost(one, endpoint.transport, endpoint.port) for endpoint, one in outcome.observations.items()):
        return outcome
    explainer = Explainer(rules, host)
    told = {
        endpoint: explainer.explained(one, endpoint.transport, order.options.dialled(endpoint)[1])
        for endpoint, one in outcome.observations.items()
    }
    return msgspec.structs.replace(outcome, observations=told)


def beside(row: Row, host: Host) -> Row:
    """With what this host says of the row beside its own attempts: what the firewall does to clients, what an installed component is connected to."""
    told = host.firewall.get("predictions", {}).get(f"in/{row.transport.value}/{row.port}") if row.direction is Direction.INBOUND else None
    more = [*([Evidence("firewall", facts=told)] if told else []), *established(row, host.connections)]
    return msgspec.structs.replace(row, evidence=[*row.evidence, *more]) if more else row


_FAILURES = {"budget_spent": "BUDGET_SPENT", "interrupted": "INTERRUPTED"}


def row(check: Check, outcome: Outcome) -> Row:
    """A row with its facts; the conclusion is still empty."""
    seen = outcome.observations.get(check.endpoint) if check.endpoint is not None and check.skip is None else None
    reason = check.skip or ""
    if seen is not None and seen.failure is not None:
        reason = _FAILURES[seen.failure.value]
    if seen is not None and seen.error is not None:
        reason = "INTERNAL_ERROR"
    params = dict(check.skip_params) | ({"error": seen.error} if seen and seen.error else {})
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
