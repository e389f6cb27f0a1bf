"""Which extra observation a broken stage calls for. They come after the deciding connection (or while it is silent) and
never improve a verdict.

connect silent -> TTL walk and other ports of the same host; connect refused, or rejected in the target's name ->
distance; TLS or handshake silent -> the same with small segments; reset on our first bytes -> a second, silent
connection, and the protocol's other beginning where it has one; anything doubtful behind an accepted
connection -> how far away whoever accepted it is; an answer in a proxy's name -> the same request for a host
that cannot exist; a replication port that did what it should -> a large first message.
"""

import asyncio
import secrets
import socket
from collections.abc import Mapping, Sequence

import msgspec

from eset_portcheck.model.addresses import same_address
from eset_portcheck.model.evidence import (
    AlternativeOpeningTried,
    Answer,
    Continued,
    ControlPorts,
    Distance,
    Evidence,
    PortAnswer,
    ProxyControl,
    SilentControl,
    SilentEnd,
    SmallSegments,
)
from eset_portcheck.model.evidence_limits import CONTROL_PORTS
from eset_portcheck.model.observation import StageRecord, TlsFacts
from eset_portcheck.model.vocabulary import Failure, Stage, Transport
from eset_portcheck.net.clock import Expired, shorten
from eset_portcheck.net.dial import Dial
from eset_portcheck.net.distance import HopDistance
from eset_portcheck.net.icmp import listen_for_errors, read_errors
from eset_portcheck.net.interfaces import FAMILIES, Attempting
from eset_portcheck.net.uploads import large_hello
from eset_portcheck.net.walk import walk
from eset_portcheck.wire.protocol import AlternativeOpening

SMALL_SEGMENT_BYTES = 536  # RFC 1122 4.2.2.6: what every path carries
SPARE_PORT = 2229  # compared with when nothing else is planned on that address
HOLD_S = 1.0
ONE_SYN_S = 0.9  # shorter than the kernel's first repetition of a SYN

_OF_A_PROXY = (407, 502, 503, 504)  # statuses that only a proxy has a use for
_ALIKE = ("status", "server", "body_sha256")
_DOUBTFUL = (
    Failure.CONNECTION_RESET,
    Failure.EOF,
    Failure.NOT_TLS,
    Failure.UNEXPECTED_BYTES,
    Failure.TOO_LARGE,
    Failure.TLS_ALERT,
    Failure.TLS_FAILED,
)


def _begins_anew(other: AlternativeOpening, record: StageRecord) -> bool:
    """Our first words were cut; or, where another beginning is inside TLS, the answer to words in the clear was a TLS
    alert."""
    came = record.detail.first_bytes or ""
    cut = record.failure in (Failure.CONNECTION_RESET, Failure.EOF) and came == other.after.hex()
    return cut or (other.encrypted and came.startswith("1503"))


def _by_a_router(dial: Attempting) -> bool:
    """Host unreachable (RFC 792 3/1, RFC 4443 1/3) by another than the host: a rule, or a router that seeks the host in
    vain. Whether the host answers at all tells."""
    icmp = dial.icmp
    if icmp is None or icmp.local or same_address(icmp.sender, dial.address):
        return False
    return (icmp.version, icmp.type, icmp.code) in ((4, 3, 1), (6, 1, 3))


class EvidenceCollector:
    """`planned`: host name or address -> TCP ports of this run's endpoints there."""

    def __init__(self, planned: Mapping[str, Sequence[int]]) -> None:
        self._planned = planned

    async def of_silence(self, dial: Attempting, stage: Stage) -> list[Evidence]:
        if dial.endpoint.transport is not Transport.TCP:
            return []
        if stage is Stage.CONNECT:
            left = dial.context.timeout_s - 1.5
            walking = walk(dial.context.clock, FAMILIES[dial.family], dial.address, dial.port, max(1.0, left - 0.2))
            found = await asyncio.gather(walking, self._controls(dial, ONE_SYN_S))
            return [one for one in found if one is not None]
        if stage in (Stage.TUNNEL, Stage.TLS, Stage.HANDSHAKE) and not dial.protocol.single_probe:
            asked = (
                [self._who_accepted(dial)]
                if stage is Stage.TUNNEL
                else [self._who_accepted(dial), self._small_segments(dial, stage)]
            )
            return [one for some in await asyncio.gather(*asked) for one in some]
        return []

    async def of_failure(self, dial: Attempting, record: StageRecord) -> list[Evidence]:
        tcp = dial.endpoint.transport is Transport.TCP
        refused = tcp and record.stage is Stage.CONNECT and record.failure is Failure.CONNECTION_REFUSED
        if _by_a_router(dial):
            return [await self._controls(dial, ONE_SYN_S)]
        if refused or (dial.icmp is not None and record.stage in (Stage.CONNECT, Stage.HANDSHAKE)):
            return [*await self._distance(dial, record)]
        if not tcp:
            return []
        behind = record.stage in (Stage.TUNNEL, Stage.TLS, Stage.HANDSHAKE)
        if not behind or dial.protocol.single_probe or record.failure not in _DOUBTFUL:
            return []
        cut = record.failure in (Failure.CONNECTION_RESET, Failure.EOF) and not record.detail.received_bytes
        control = [await self._silent_control(dial)] if cut and not dial.endpoint.proxy else []
        others = dial.protocol.openings if record.stage is Stage.HANDSHAKE and not dial.endpoint.proxy else ()
        wanted = [one for one in others if _begins_anew(one, record)]
        return [*control, *await self._who_accepted(dial), *[await self._otherwise(dial, one) for one in wanted]]

    async def of_success(self, dial: Attempting) -> tuple[list[Evidence], TlsFacts | None]:
        """What a protocol has to try afterwards, and the certificate that it showed. Where TLS came about and nothing
        is said in it, but clients will say much: whether large packets get there."""
        tried = dial.protocol.continuation
        if tried is not None and dial.reply and not dial.endpoint.proxy and tried.wanted(dial.reply):
            context = msgspec.structs.replace(dial.context, collector=None, sessions=None)
            attempt = await Dial(context, dial.endpoint, dial.protocol, dial.target, opening=tried).run()
            failed = attempt.failed.failure if attempt.failed else None
            return [Continued(address=dial.address, reply=attempt.reply or {}, failure=failed)], attempt.tls
        return [*await self._of_reply(dial), *await self._uploads(dial)], None

    async def _uploads(self, dial: Attempting) -> list[Evidence]:
        tls = next((record for record in dial.records if record.stage is Stage.TLS), None)
        if tls is None or tls.failure is not None or not dial.endpoint.uploads:
            return []
        return [*await large_hello(dial, tls.duration_s)]

    async def _of_reply(self, dial: Attempting) -> list[Evidence]:
        """A conversation that ended well: a web server answers requests in a proxy's form too."""
        status = (dial.reply or {}).get("status")
        if not dial.protocol.speaks_to_proxy or status in _OF_A_PROXY:
            return []
        impossible = f"eset-portcheck-{secrets.token_hex(4)}.invalid"
        attempt = await Dial(
            msgspec.structs.replace(dial.context, collector=None, sessions=None),
            msgspec.structs.replace(dial.endpoint, host=impossible, server_name=None),
            dial.protocol,
            dial.target,
        ).run()
        real, other = dial.reply or {}, attempt.reply or {}
        return [
            ProxyControl(
                address=dial.address,
                status=other.get("status"),
                content=str(other.get("content", "")),
                alike=bool(other) and all(other.get(name) == real.get(name) for name in _ALIKE),
                failure=attempt.failed.failure if attempt.failed else None,
            )
        ]

    async def _otherwise(self, dial: Attempting, other: AlternativeOpening) -> AlternativeOpeningTried:
        """One more connection, begun in another way that the protocol knows."""
        attempt = await Dial(
            msgspec.structs.replace(dial.context, collector=None, sessions=None),
            dial.endpoint,
            dial.protocol,
            dial.target,
            opening=other,
        ).run()
        failed = attempt.failed
        return AlternativeOpeningTried(
            address=dial.address,
            reason=other.reason,
            completed=failed is None and attempt.reply is not None,
            stage=failed.stage if failed else None,
            failure=failed.failure if failed else None,
            reply=None if failed else attempt.reply,
        )

    def _other_ports(self, dial: Attempting) -> list[int]:
        """Two at most: what else this run uses there, then a port that should be closed."""
        hosts = {dial.address, dial.endpoint.proxy[0] if dial.endpoint.proxy else dial.endpoint.host}
        own = dial.port if dial.endpoint.transport is Transport.TCP else None
        planned = [port for host in hosts for port in self._planned.get(host, ()) if port != own]
        return [*dict.fromkeys(planned), SPARE_PORT][:CONTROL_PORTS]

    async def _controls(self, dial: Attempting, deadline_s: float) -> ControlPorts:
        """Does the same host answer on other ports? A refusal is an answer."""

        async def ask(port: int) -> PortAnswer:
            clock = dial.context.clock
            started = clock.now()
            answer: Answer
            with socket.socket(FAMILIES[dial.family], socket.SOCK_STREAM) as sock:
                sock.setblocking(False)
                listen_for_errors(sock)
                try:
                    await clock.within(deadline_s, asyncio.get_running_loop().sock_connect(sock, (dial.address, port)))
                    answer = "accepted"
                except Expired:
                    answer = "silent"
                except ConnectionRefusedError:
                    answer = "rejected" if read_errors(sock, 0.0) else "refused"
                except OSError:
                    answer = "unreachable"
            return PortAnswer(port, answer, shorten(clock.now() - started))

        answers = await asyncio.gather(*(ask(port) for port in self._other_ports(dial)))
        return ControlPorts(address=dial.address, ports=list(answers))

    async def _distance(self, dial: Attempting, record: StageRecord) -> list[Distance]:
        """For a RST, and for an ICMP reject that bears the target's own address."""
        icmp = dial.icmp
        if icmp is not None and (icmp.local or not same_address(icmp.sender, dial.address)):
            return []
        hop_distance = HopDistance(dial.context.clock, FAMILIES[dial.family], dial.address, record.duration_s)
        planned = [port for port in self._other_ports(dial) if port != SPARE_PORT]
        found = await hop_distance.measure(dial.port if icmp is None else None, planned)
        return [found] if found else []

    async def _who_accepted(self, dial: Attempting) -> list[Distance]:
        """How far away is whoever took the connection and then did not do what the service does? A transparent proxy
        accepts for everybody."""
        connect = next((record for record in dial.records if record.stage is Stage.CONNECT), None)
        hop_distance = HopDistance(
            dial.context.clock, FAMILIES[dial.family], dial.address, connect.duration_s if connect else 0.2
        )
        found = await hop_distance.measure(None, (), accepted_port=dial.port)
        return [found] if found else []

    async def _small_segments(self, dial: Attempting, stage: Stage) -> list[SmallSegments]:
        """One more connection that asks for segments of 536 bytes: if it gets past the silent stage, large packets
        vanish on the path."""
        context = msgspec.structs.replace(
            dial.context, collector=None, timeout_s=max(1.0, dial.context.timeout_s - 1.5)
        )
        again = Dial(context, dial.endpoint, dial.protocol, dial.target, maximum_segment=SMALL_SEGMENT_BYTES)
        attempt = await again.run()
        record = attempt.stage(stage)
        found = SmallSegments(
            address=dial.address,
            segment_bytes=SMALL_SEGMENT_BYTES,
            stage=stage,
            completed=record is not None and record.failure is None,
            failure=attempt.failed.failure if attempt.failed else None,
        )
        return [found]

    async def _silent_control(self, dial: Attempting) -> SilentControl:
        """A second connection on which nothing is sent: does it live for a second?"""
        clock = dial.context.clock
        loop = asyncio.get_running_loop()
        with socket.socket(FAMILIES[dial.family], socket.SOCK_STREAM) as sock:
            sock.setblocking(False)
            started = clock.now()
            end: SilentEnd = "open"
            try:
                await clock.within(dial.context.timeout_s, loop.sock_connect(sock, dial.sockaddr))
                data = await clock.within(HOLD_S, loop.sock_recv(sock, 256))
                end = "spoke" if data else "closed"
            except Expired:
                end = "open" if clock.now() - started >= HOLD_S else "silent"
            except ConnectionResetError:
                end = "reset"
            except OSError:
                end = "refused"
        return SilentControl(address=dial.address, end=end, after_s=shorten(clock.now() - started))
