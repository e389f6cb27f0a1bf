"""Names: what this machine's resolver says (that is what gets dialled), and why, by our own question to each configured
server.

getaddrinfo folds SERVFAIL, REFUSED, garbage and silence into one error; our own query tells them apart.

Sources: RFC 1035 4.1 (messages), RFC 2308 (NXDOMAIN, NODATA). TCP after truncation (RFC 7766) is not needed: an address
in a truncated answer counts.
"""

import asyncio
import random
import socket
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from eset_portcheck.model.addresses import family_of, is_ipv6, parse_address
from eset_portcheck.model.stage_detail import NOTHING, DnsAnswer, StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net.clock import Clock, Expired, shorten
from eset_portcheck.net.failure import classify
from eset_portcheck.net.icmp import listen_for_errors

SEND_AT_S = (0.0, 1.0, 2.2)  # one question and two repetitions inside the stage
MAX_SERVERS = 3
DNS_PORT = 53
# After the operating system has answered, our own question may take this much longer; it only adds facts.
PATIENCE_S = 0.3


Pick = Callable[[Any], list[str]]  # what is taken of an answer


class Resolution(msgspec.Struct, frozen=True):
    """`addresses`: (family, address) in the resolver's order. `failure` None means there is at least one address."""

    addresses: list[tuple[str, str]]
    failure: Failure | None
    detail: StageDetail
    started_s: float
    duration_s: float


def literal(host: str) -> tuple[str, str] | None:
    """(family, address) when the host is an address already."""
    address = parse_address(host)
    return None if address is None else (family_of(address), host)


async def resolve(clock: Clock, host: str, servers: list[str], search: list[str], deadline_s: float) -> Resolution:
    """Never raises for what the network or a server does."""
    started = shorten(clock.now())
    if fixed := literal(host):
        return Resolution([fixed], None, NOTHING, started, 0.0)
    system = asyncio.ensure_future(_ask_system(host))
    own = asyncio.ensure_future(_ask_servers(clock, host, servers[:MAX_SERVERS], search, deadline_s * 0.95))
    try:
        await clock.within(deadline_s, _both(system, own))
    except Expired:
        pass
    finally:
        for task in (system, own):
            if not task.done():
                task.cancel()
    answers = own.result() if own.done() and not own.cancelled() else []
    found, system_word = system.result() if system.done() and not system.cancelled() else ([], "no answer in time")
    failure = None if found else _reason(answers, system_word)
    own_addresses = sorted({address for answer in answers for address in answer.addresses or []})
    nobody_knows = not own_addresses and all(answer.rcode == "NXDOMAIN" for answer in answers)
    disagree = own_addresses and not set(own_addresses) & {address for _, address in found}
    detail = StageDetail(
        name=host,
        os=system_word,
        servers=answers,
        not_in_dns=True if found and answers and nobody_knows else None,
        disagrees=own_addresses[:6] if found and disagree else None,
    )
    return Resolution(found, failure, detail, started, shorten(clock.now() - started))


async def _both(system: "asyncio.Task[Any]", own: "asyncio.Task[Any]") -> None:
    await asyncio.wait({system})
    if system.result()[0]:
        await asyncio.wait({own}, timeout=PATIENCE_S)
    else:
        await asyncio.wait({own})


async def _ask_system(host: str) -> tuple[list[tuple[str, str]], str]:
    """getaddrinfo in a thread of its own that nobody waits for: a dead resolver must not keep the program from
    ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[list[tuple[str, str]], str]] = loop.create_future()

    def settle(result: tuple[list[tuple[str, str]], str]) -> None:
        if not done.done():
            done.set_result(result)

    def ask() -> None:
        result: tuple[list[tuple[str, str]], str]
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            result = (
                [],
                next(
                    (name for name in _GAI_NAMES if getattr(socket, name, None) == error.errno), f"error {error.errno}"
                ),
            )
        except (OSError, UnicodeError) as error:
            result = [], type(error).__name__
        else:
            result = _unique(found), "ok"
        try:
            loop.call_soon_threadsafe(settle, result)
        except RuntimeError:  # the loop has closed meanwhile
            return

    threading.Thread(target=ask, name="getaddrinfo", daemon=True).start()
    return await done


_GAI_NAMES = [f"EAI_{word}" for word in ("NONAME", "NODATA", "AGAIN", "FAIL", "SYSTEM", "MEMORY", "SERVICE", "FAMILY")]


def _unique(found: list[Any]) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for family, _, _, _, address in found:
        word = {socket.AF_INET: "ipv4", socket.AF_INET6: "ipv6"}.get(family)
        if word and (word, address[0]) not in out:
            out.append((word, address[0]))
    return out


async def _ask_servers(
    clock: Clock, host: str, servers: list[str], search: list[str], deadline_s: float
) -> list[DnsAnswer]:
    """One a server and record type."""
    names = [host] if "." in host or not search else [f"{host}.{suffix}" for suffix in search[:2]]
    questions = [(server, name, kind) for server in servers for name in names for kind in ("A", "AAAA")]
    asked = await asyncio.gather(*(ask_server(clock, *question, deadline_s, addresses) for question in questions))
    return [msgspec.structs.replace(answer, addresses=found) for answer, found in asked]


async def ask_server(
    clock: Clock, server: str, name: str, kind: str, deadline_s: float, pick: Pick
) -> tuple[DnsAnswer, list[str] | None]:
    """What the server said, and what `pick` takes of it; None: it gave no answer. Never raises for what the network or
    the server does."""
    started = clock.now()
    found: list[str] | None = None
    answer = DnsAnswer(server=server, name=name, type=kind)
    try:
        rcode, found = await clock.within(deadline_s, _converse(server, name, kind, pick))
        answer = msgspec.structs.replace(answer, rcode=rcode)
    except Expired:
        answer = msgspec.structs.replace(answer, failure=Failure.DNS_TIMEOUT)
    except _NoAnswer as error:
        answer = msgspec.structs.replace(
            answer, failure=error.failure, why=error.why, received_bytes=error.received_bytes, cause=error.cause
        )
    return msgspec.structs.replace(answer, duration_s=shorten(clock.now() - started)), found


class _NoAnswer(Exception):
    """See DnsAnswer."""

    def __init__(
        self, failure: Failure, why: str | None = None, received_bytes: int | None = None, cause: Failure | None = None
    ) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.why = why
        self.received_bytes = received_bytes
        self.cause = cause.value if cause else None


async def _converse(server: str, name: str, kind: str, pick: Pick) -> tuple[str, list[str]]:
    import dns.exception
    import dns.message

    loop = asyncio.get_running_loop()
    try:
        query = dns.message.make_query(name, kind, id=random.getrandbits(16))
        wire = query.to_wire()
    except (dns.exception.DNSException, ValueError) as error:
        raise _NoAnswer(Failure.DNS_BAD_ANSWER, why="the name cannot be asked for") from error
    family = socket.AF_INET6 if is_ipv6(server) else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        listen_for_errors(sock)
        try:
            sock.connect((server, DNS_PORT))
        except OSError as error:
            raise _unreachable(error) from error
        sender = asyncio.ensure_future(_repeat(loop, sock, wire))
        try:
            return await _receive(loop, sock, query, sender, pick)
        finally:
            sender.cancel()


async def _repeat(loop: asyncio.AbstractEventLoop, sock: socket.socket, wire: bytes) -> None:
    last = 0.0
    for at in SEND_AT_S:
        await asyncio.sleep(at - last)
        last = at
        await loop.sock_sendall(sock, wire)


async def _receive(
    loop: asyncio.AbstractEventLoop, sock: socket.socket, query: Any, sender: "asyncio.Task[None]", pick: Pick
) -> tuple[str, list[str]]:
    import dns.exception
    import dns.message
    import dns.rcode

    junk = 0
    while True:
        reading = asyncio.ensure_future(loop.sock_recv(sock, 4096))
        try:
            await asyncio.wait({reading, *([sender] if not sender.done() else [])}, return_when=asyncio.FIRST_COMPLETED)
            if sender.done() and not sender.cancelled() and (problem := sender.exception()) is not None:
                raise problem
            data = await reading
        except OSError as error:
            raise _unreachable(error) from error
        finally:
            reading.cancel()
        try:
            reply = dns.message.from_wire(data, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError, IndexError) as error:
            junk += 1
            if junk < 3 and data[:2] != query.to_wire()[:2]:
                continue
            raise _NoAnswer(Failure.DNS_BAD_ANSWER, received_bytes=len(data)) from error
        if not query.is_response(reply):
            continue  # a late or forged answer: not ours
        return dns.rcode.to_text(reply.rcode()), pick(reply)


def addresses(reply: Any) -> list[str]:
    """A and AAAA."""
    return sorted({item.address for item in of_internet(reply, 1, 28)})[:24]


def of_internet(reply: Any, *kinds: int) -> list[Any]:
    """The records of these types. Of class IN only: the same numbers of other classes hold other things (RFC 1035 3.3,
    3.4)."""
    return [item for rrset in reply.answer if rrset.rdclass == 1 and rrset.rdtype in kinds for item in rrset]


def _unreachable(error: OSError) -> _NoAnswer:
    return _NoAnswer(Failure.DNS_UNREACHABLE, cause=classify(error))


def _reason(answers: list[DnsAnswer], system_word: str) -> Failure:
    """Why there is no address: by the first server that gave a definite answer, else by the first that said anything at
    all."""
    by_rcode = {
        "NXDOMAIN": Failure.DNS_NXDOMAIN,
        "SERVFAIL": Failure.DNS_SERVFAIL,
        "REFUSED": Failure.DNS_REFUSED,
        "NOERROR": Failure.DNS_NO_ADDRESS,
    }
    words = [answer.failure or by_rcode.get(answer.rcode or "", Failure.DNS_BAD_ANSWER) for answer in answers]
    if any(answer.addresses for answer in answers):
        words = [_by_system(system_word)]
    for wanted in (
        Failure.DNS_NXDOMAIN,
        Failure.DNS_NO_ADDRESS,
        Failure.DNS_SERVFAIL,
        Failure.DNS_REFUSED,
        Failure.DNS_BAD_ANSWER,
        Failure.DNS_TIMEOUT,
        Failure.DNS_UNREACHABLE,
    ):
        if wanted in words:
            return wanted
    return _by_system(system_word)


def _by_system(word: str) -> Failure:
    """All that the operating system's word allows."""
    return {
        "EAI_NONAME": Failure.DNS_NXDOMAIN,
        "EAI_NODATA": Failure.DNS_NO_ADDRESS,
        "EAI_AGAIN": Failure.DNS_SERVFAIL,
        "no answer in time": Failure.DNS_TIMEOUT,
    }.get(word, Failure.DNS_BAD_ANSWER)
