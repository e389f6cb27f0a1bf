"""Names: what this machine's resolver says (that is what gets dialled), and why, by our own question to each configured
server.

getaddrinfo folds SERVFAIL, REFUSED, garbage and silence into one error, and waits for one lost answer as for all: our
own query tells them apart. Where the operating system is late and our own query holds an address, that is dialled.
Where it says no although a server says yes, it is asked once more, and then believed.

Sources: RFC 1035 4.1 (messages), RFC 2308 (NXDOMAIN, NODATA); resolv.conf(5) (time-outs of the resolver).
"""

import asyncio
import socket
import threading
from typing import Any

import msgspec

from eset_portcheck.model.addresses import family_of, parse_address
from eset_portcheck.model.evidence import NameResolution
from eset_portcheck.model.stage_detail import NOTHING, DnsAnswer, StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net import local_names
from eset_portcheck.net.clock import Clock, Expired, shorten
from eset_portcheck.net.interfaces import FAMILIES
from eset_portcheck.net.name_failure import SYSTEM_LATE, why_no_address
from eset_portcheck.net.name_query import addresses, ask_server

DEADLINE_S = 10.0  # of a name: two rounds of a resolver with the usual time-out
MAX_SERVERS = 3
# After the operating system has answered, our own question may take this much longer; it only adds facts.
PATIENCE_S = 0.3
OS_LATE_S = 1.5  # a resolver that answers later has waited for somebody in vain


_Questions = dict[tuple[str, str, str], "asyncio.Task[tuple[DnsAnswer, list[str] | None]]"]
"""(server, name, record type) -> the question that is under way."""


class Resolution(msgspec.Struct, frozen=True):
    """`addresses`: (family, address) in the resolver's order. `failure` None means there is at least one address.
    `notable`: where it was slow, repeated, or decided by this machine's own files."""

    addresses: list[tuple[str, str]]
    failure: Failure | None
    detail: StageDetail
    started_s: float
    duration_s: float
    notable: NameResolution | None = None


class _System(msgspec.Struct):
    """What the operating system has said so far."""

    found: list[tuple[str, str]] = []
    word: str = SYSTEM_LATE
    after_s: float | None = None  # of its first answer
    again: bool = False


def literal(host: str) -> tuple[str, str] | None:
    """(family, address) when the host is an address already."""
    address = parse_address(host)
    return None if address is None else (family_of(address), host)


async def resolve(
    clock: Clock,
    host: str,
    servers: list[str],
    search: list[str],
    families: tuple[str, ...] = ("ipv6", "ipv4"),
    deadline_s: float = DEADLINE_S,
) -> Resolution:
    """Never raises for what the network or a server does."""
    started = shorten(clock.now())
    if fixed := literal(host):
        return Resolution([fixed], None, NOTHING, started, 0.0)
    kinds = ["A" if family == "ipv4" else "AAAA" for family in sorted(families)]
    questions = _questions(clock, host, servers[:MAX_SERVERS], search, kinds, deadline_s * 0.95)
    system = _System()
    try:
        await clock.within(deadline_s, _both(clock, host, families, system, questions))
    except Expired:
        pass
    finally:
        for task in questions.values():
            task.cancel()
    lasted_s = shorten(clock.now() - started)
    return _resolution(host, system, _answers(questions, lasted_s), families, (started, lasted_s))


def _resolution(
    host: str,
    system: _System,
    answers: list[DnsAnswer],
    families: tuple[str, ...],
    times: tuple[float, float],
) -> Resolution:
    own = sorted({address for answer in answers for address in answer.addresses or []})
    found, failure = system.found, None if system.found else why_no_address(answers, system.word)
    late = system.after_s is None or system.after_s > OS_LATE_S
    used_own = bool(own) and not found and late and system.word in (SYSTEM_LATE, "EAI_AGAIN")
    nobody_knows = bool(answers) and not own and all(answer.rcode == "NXDOMAIN" for answer in answers)
    disagree = bool(own) and not set(own) & {address for _, address in found}
    detail = StageDetail(
        name=host,
        os=system.word,
        servers=answers,
        not_in_dns=True if found and nobody_knows else None,
        disagrees=own[:6] if found and disagree else None,
    )
    if used_own:
        found, failure = _in_order(own, families), None
    by_hosts = bool(local_names.hosts_file(host))
    notable = None
    if late or by_hosts or (failure and own):
        notable = NameResolution(
            name=host,
            used="own-query" if used_own else "os" if found else "none",
            os_after_s=system.after_s,
            repeated=system.again,
            hosts_file=by_hosts,
            sources=local_names.sources(),
        )
    return Resolution(found, failure, detail, *times, notable)


def _in_order(own: list[str], families: tuple[str, ...]) -> list[tuple[str, str]]:
    told = [one for address in own if (one := literal(address)) is not None]
    return [one for family in families for one in told if one[0] == family]


async def _both(
    clock: Clock,
    host: str,
    families: tuple[str, ...],
    system: _System,
    questions: _Questions,
) -> None:
    """Fills `system` as answers come: what is known when the time is over stays."""
    started = clock.now()
    family = FAMILIES[families[0]] if len(families) == 1 else socket.AF_UNSPEC
    system.found, system.word = await _ask_system(host, family)
    system.after_s = shorten(clock.now() - started)
    if system.found:
        if questions:
            await asyncio.wait(questions.values(), timeout=PATIENCE_S)
        return
    await _told(questions)
    own = any(task.result()[1] for task in questions.values() if task.done())
    other_family = family != socket.AF_UNSPEC and system.word != "EAI_AGAIN"
    if not own and not other_family:
        return
    system.again = True
    found, word = await _ask_system(host, socket.AF_UNSPEC)  # also the other family: then it is known that it is there
    if found or own:
        system.found, system.word = found, word


async def _told(questions: _Questions) -> None:
    """Until every server has answered, or one has answered everything and the others had their chance."""
    while pending := [task for task in questions.values() if not task.done()]:
        silent = {
            server for (server, _, _), task in questions.items() if not task.done() or task.result()[0].rcode is None
        }
        if {server for server, _, _ in questions} - silent:
            await asyncio.wait(pending, timeout=PATIENCE_S)
            return
        await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)


async def _ask_system(host: str, family: int) -> tuple[list[tuple[str, str]], str]:
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
            found = socket.getaddrinfo(host, None, family, socket.SOCK_STREAM)
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


def _questions(
    clock: Clock, host: str, servers: list[str], search: list[str], kinds: list[str], deadline_s: float
) -> _Questions:
    """A question for each server, name and record type, under way."""
    names = [host] if "." in host or not search else [f"{host}.{suffix}" for suffix in search[:2]]
    return {
        question: asyncio.ensure_future(ask_server(clock, *question, deadline_s, addresses))
        for question in ((server, name, kind) for server in servers for name in names for kind in kinds)
    }


def _answers(questions: _Questions, lasted_s: float) -> list[DnsAnswer]:
    """One a question. One that was not waited for says nothing."""
    told: list[DnsAnswer] = []
    for (server, name, kind), task in questions.items():
        if task.done() and not task.cancelled():
            answer, found = task.result()
            told.append(msgspec.structs.replace(answer, addresses=found))
        elif lasted_s >= OS_LATE_S:
            told.append(
                DnsAnswer(server=server, name=name, type=kind, failure=Failure.DNS_TIMEOUT, duration_s=lasted_s)
            )
    return told
