"""From checks to observations: names asked once, equal endpoints dialled once, every address of every family this host
can route, one budget."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from eset_portcheck import protocols
from eset_portcheck.deep import second_opinion
from eset_portcheck.model.bug import location
from eset_portcheck.model.evidence import AddressesLeftOut, Evidence, OneWay, Realm
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Attempt, Observation, StageRecord
from eset_portcheck.model.plan import Check, Endpoint, Options, Outcome
from eset_portcheck.model.vocabulary import Failure, Stage
from eset_portcheck.net.attempts import attempted
from eset_portcheck.net.clock import Clock
from eset_portcheck.net.dial import Dial
from eset_portcheck.net.evidence import EvidenceCollector
from eset_portcheck.net.interfaces import FAMILIES, DialContext, Judge, Sessions, Target
from eset_portcheck.net.realm import find_realm
from eset_portcheck.net.resolve import Resolution, resolve
from eset_portcheck.net.routes import routes_to
from eset_portcheck.net.tls import Contexts

ADDRESSES_PER_FAMILY = 3
SETTLE_S = 0.5  # of the budget, so that what is known is told
CONCURRENT = 64  # attempts at a time; each may hold a few sockets more for evidence
Done = Callable[[Endpoint, Observation], None]


class Runner:
    """One run. Not to be used twice."""

    def __init__(
        self, options: Options, host: Host, judge: Judge, done: Done | None = None, sessions: Sessions | None = None
    ) -> None:
        self._options = options
        self._sessions = sessions
        self._host = host
        self._judge = judge
        self._done = done
        self._clock = Clock()
        self._names: dict[str, asyncio.Task[Resolution]] = {}
        self._realms: dict[str, asyncio.Task[Realm]] = {}
        self._free = asyncio.Semaphore(CONCURRENT)

    async def run(self, checks: Iterable[Check]) -> Outcome:
        endpoints = list(
            dict.fromkeys(check.endpoint for check in checks if check.endpoint is not None and check.skip is None)
        )
        context = DialContext(
            self._clock,
            Contexts(),
            self._judge,
            self._options.timeout_s,
            EvidenceCollector(_planned(endpoints)) if self._options.evidence else None,
            self._sessions,
        )
        watch = asyncio.ensure_future(self._clock.watch())
        tasks = {asyncio.ensure_future(self._observe(context, endpoint)): endpoint for endpoint in endpoints}
        found: dict[Endpoint, Observation] = {}
        interrupted = False
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self._options.budget_s)
        except asyncio.CancelledError:
            interrupted = True
        finally:
            pending = [task for task in tasks if not task.done()]
            names = [task for task in (*self._names.values(), *self._realms.values()) if not task.done()]
            for task in (*pending, *names, watch):
                task.cancel()
            interrupted |= await _ended([*pending, *names, watch])
        for task, endpoint in tasks.items():
            if task in pending or task.cancelled():
                found[endpoint] = Observation(failure=Failure.INTERRUPTED if interrupted else Failure.BUDGET_SPENT)
            else:
                found[endpoint] = task.result()
        return Outcome(found, complete=not pending, interrupted=interrupted, loop_lag_s=round(self._clock.lag_s, 4))

    async def _observe(self, context: DialContext, endpoint: Endpoint) -> Observation:
        """Never raises: a bug of ours is an observation too, and hides no other row."""
        started = self._clock.now()
        try:
            found = await self._dial(context, endpoint)
        except Exception as error:  # noqa: BLE001
            found = Observation(error=location(error))
        found = msgspec.structs.replace(found, duration_s=round(self._clock.now() - started, 4))
        if self._done is not None:
            with contextlib.suppress(OSError):  # progress on a closed stderr must not break the run
                self._done(endpoint, found)
        return found

    async def _dial(self, context: DialContext, endpoint: Endpoint) -> Observation:
        protocol = protocols.find(endpoint.protocol)
        if protocol is None:
            return Observation(error=f"no descriptor of {endpoint.protocol}")
        if protocol.one_way:
            return Observation(evidence=[OneWay()])
        host, port = self._options.dialled(endpoint)
        resolution = await self._resolve(host)
        record = _resolved(resolution)
        notable: list[Evidence] = [resolution.notable] if resolution.notable else []
        if resolution.failure is not None:
            ways = routes_to(answer.server for answer in resolution.detail.servers or [] if answer.failure)
            return Observation(attempts=[Attempt(stages=[record])], evidence=[*notable, *ways])
        chosen, evidence = self._choose(resolution.addresses)
        if not chosen:
            return Observation(attempts=[Attempt(stages=[_without_family(record)])], evidence=notable)
        evidence = [*notable, *evidence]
        if endpoint.realm is None and protocol.needs_realm:
            found_realm = await self._realm(endpoint.host)
            endpoint, evidence = msgspec.structs.replace(endpoint, realm=found_realm.realm), [*evidence, found_realm]
        usable = {family for family, address in chosen if self._routable(family, address, port)} or {
            family for family, _ in chosen
        }
        dials = [
            Dial(context, endpoint, protocol, Target(family, address, port))
            if family in usable
            else Attempt(address, family, untested="no-default-route")
            for family, address in chosen
        ]
        attempts = await asyncio.gather(*(self._attempt(one, record) for one in dials))
        found = [piece for one in dials if isinstance(one, Dial) for piece in one.evidence]
        return Observation(attempts=list(attempts), evidence=[*evidence, *found])

    async def _attempt(self, dial: Dial | Attempt, resolved: StageRecord) -> Attempt:
        if isinstance(dial, Attempt):
            return msgspec.structs.replace(dial, stages=[resolved])
        async with self._free:
            attempt = await attempted(dial, resolved, self._options.budget_s - SETTLE_S)
            if self._options.deep:
                dial.evidence += await second_opinion(dial, attempt)
            return attempt

    async def _resolve(self, host: str) -> Resolution:
        if host not in self._names:
            servers, search = self._host.resolvers, self._host.search
            self._names[host] = asyncio.ensure_future(
                resolve(self._clock, host, servers, search, self._options.families)
            )
        return await asyncio.shield(self._names[host])

    async def _realm(self, host: str) -> Realm:
        """By SRV records, once a run for each controller."""
        if host not in self._realms:
            self._realms[host] = asyncio.ensure_future(
                find_realm(self._clock, host, self._host.resolvers, self._host.search)
            )
        return await asyncio.shield(self._realms[host])

    def _choose(self, addresses: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[Evidence]]:
        wanted = [one for one in addresses if one[0] in self._options.families]
        if self._options.all_addresses:
            return wanted, []
        chosen = [
            one for family in FAMILIES for one in [pair for pair in wanted if pair[0] == family][:ADDRESSES_PER_FAMILY]
        ]
        left_out = len(wanted) - len(chosen)
        return chosen, [AddressesLeftOut(not_dialled=left_out)] if left_out else []

    def _routable(self, family: str, address: str, port: int) -> bool:
        """Sends nothing. A family that has a default route here is tested whatever happens; another only if this very
        address has a route."""
        if family in self._host.default_families:
            return True
        try:
            with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as sock:
                sock.connect((address, port))
        except OSError:
            return False
        return True


async def _ended(tasks: list[asyncio.Task[Any]]) -> bool:
    """Waits for tasks that were cancelled; True when we were cancelled meanwhile: what is known is not thrown away for
    that."""
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        await asyncio.wait(tasks)
        return True
    return False


def _planned(endpoints: list[Endpoint]) -> dict[str, list[int]]:
    """TCP ports of this run by the host that is dialled; never ports where a second connection would do harm."""
    ports: dict[str, list[int]] = {}
    for endpoint in endpoints:
        host, port = endpoint.proxy or (endpoint.host, endpoint.port)
        protocol = protocols.find(endpoint.protocol)
        if endpoint.transport == "tcp" and protocol is not None and not protocol.single_probe:
            ports.setdefault(host, []).append(port)
    return ports


def _resolved(resolution: Resolution) -> StageRecord:
    return StageRecord(
        stage=Stage.RESOLVE,
        started_s=resolution.started_s,
        duration_s=resolution.duration_s,
        failure=resolution.failure,
        detail=resolution.detail,
    )


def _without_family(record: StageRecord) -> StageRecord:
    return msgspec.structs.replace(
        record,
        failure=Failure.DNS_NO_ADDRESS,
        detail=msgspec.structs.replace(record.detail, why="no address of the family asked for"),
    )
