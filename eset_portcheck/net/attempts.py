"""One address: an attempt, once more where it ended in silence, and what the routing table says where nobody answered.

A required row must not fail for one lost packet. Who refuses, resets or shows a wrong certificate is asked once: that
was an answer.
"""

import msgspec

from eset_portcheck.model.evidence import Evidence, Retried, SmallSegments
from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.vocabulary import Failure, Stage, Transport
from eset_portcheck.net.clock import Expired
from eset_portcheck.net.dial import Dial
from eset_portcheck.net.interfaces import Attempting, Collector
from eset_portcheck.net.routes import route_to

_NOBODY = (Failure.TIMEOUT, Failure.HOST_UNREACHABLE, Failure.NETWORK_UNREACHABLE)
_REPEATED = (Stage.CONNECT, Stage.TUNNEL, Stage.TLS, Stage.HANDSHAKE)


class _WithoutWalks:
    """Of the second attempt: what silence calls for was gathered for the first."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    async def of_silence(self, _dial: Attempting, _stage: Stage) -> list[Evidence]:
        return []

    async def of_failure(self, dial: Attempting, record: StageRecord) -> list[Evidence]:
        return [*await self._collector.of_failure(dial, record)]


async def attempted(dial: Dial, resolved: StageRecord, end_s: float) -> Attempt:
    """`end_s`: on the run's clock; no second attempt goes beyond it. Evidence is added to that of `dial`."""
    attempt = await dial.run([resolved])
    if _silence(dial, attempt):
        attempt = await _once_more(dial, attempt, resolved, end_s)
    record = attempt.failed
    if record is not None and record.stage in (Stage.CONNECT, Stage.HANDSHAKE) and record.failure in _NOBODY:
        route = route_to(dial.address)
        dial.evidence += [route] if route else []
    return attempt


def _silence(dial: Dial, attempt: Attempt) -> bool:
    """Of TCP: datagrams are repeated inside of their stage, and their silence fails nothing."""
    record = attempt.failed
    if record is None or record.failure is not Failure.TIMEOUT or record.stage not in _REPEATED:
        return False
    if dial.endpoint.transport is Transport.UDP or record.detail.received_bytes:
        return False
    explained = any(isinstance(one, SmallSegments) and one.completed for one in dial.evidence)
    return not explained and (record.stage is Stage.CONNECT or not dial.protocol.single_probe)


async def _once_more(dial: Dial, first: Attempt, resolved: StageRecord, end_s: float) -> Attempt:
    context, record = dial.context, first.failed
    left_s = end_s - context.clock.now()
    if record is None or left_s < context.timeout_s:
        return first
    quiet = _WithoutWalks(context.collector) if context.collector else None
    again = Dial(msgspec.structs.replace(context, collector=quiet), dial.endpoint, dial.protocol, dial.target)
    try:
        second = await context.clock.within(left_s, again.run([resolved]))
    except Expired:
        return first
    told = Retried(address=dial.address, stage=record.stage, passed=second.failed is None)
    if _silence(again, second) and second.failed is not None and second.failed.stage is record.stage:
        dial.evidence.append(told)
        return first
    dial.evidence[:] = [*again.evidence, told]
    dial.reply = again.reply
    return second
