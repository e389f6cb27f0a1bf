"""A name: the operating system and our own question side by side, and which of them is believed."""

import asyncio
import struct
from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net import name_query, resolve
from eset_portcheck.net.clock import Clock

NAME, ADDRESS = "name.lab.test", "192.0.2.7"
SERVER = "127.0.0.1"
Answer = Callable[[Any, str], bytes | None]  # the question, its record type -> what is sent, None: nothing
Said = tuple[list[tuple[str, str]], str]


def reply(asked: Any, *addresses: str, rcode: int = 0, cut: bool = False) -> bytes:
    made = dns.message.make_response(asked)
    made.set_rcode(dns.rcode.Rcode(rcode))
    if cut:
        made.flags |= dns.flags.TC
    made.answer += [dns.rrset.from_text(asked.question[0].name, 60, "IN", "A", one) for one in addresses]
    return made.to_wire()


def healthy(asked: Any, kind: str) -> bytes:
    return reply(asked, *([ADDRESS] if kind == "A" else []))


@asynccontextmanager
async def name_server(monkeypatch: pytest.MonkeyPatch, answer: Answer, by_tcp: Answer | None = None) -> Any:
    class Udp(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, address: Any) -> None:
            asked = dns.message.from_wire(data)
            kinds.append(dns.rdatatype.to_text(asked.question[0].rdtype))
            said = answer(asked, kinds[-1])
            if said is not None:
                self.transport.sendto(said, address)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        asked = dns.message.from_wire(await reader.readexactly(length))
        said = by_tcp(asked, dns.rdatatype.to_text(asked.question[0].rdtype)) if by_tcp else None
        if said is not None:
            writer.write(struct.pack("!H", len(said)) + said)
            await writer.drain()
        writer.close()

    kinds: list[str] = []
    async with AsyncExitStack() as stack:
        tcp = await asyncio.start_server(converse, SERVER, 0)
        stack.callback(tcp.close)
        port = tcp.sockets[0].getsockname()[1]
        if by_tcp is None:
            tcp.close()
        udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(Udp, local_addr=(SERVER, port))
        stack.callback(udp.close)
        monkeypatch.setattr(name_query, "DNS_PORT", port)
        yield kinds


def system(monkeypatch: pytest.MonkeyPatch, *answers: Said | None) -> list[int]:
    """What getaddrinfo says, in turn; None: it never comes back. The families that were asked for are listed."""
    asked: list[int] = []

    async def ask(_host: str, family: int) -> Said:
        asked.append(family)
        said = answers[min(len(asked), len(answers)) - 1]
        if said is None:
            await asyncio.Event().wait()
            raise AssertionError
        return said

    monkeypatch.setattr(resolve, "_ask_system", ask)
    return asked


async def resolved(deadline_s: float = 20.0, **options: Any) -> resolve.Resolution:
    return await resolve.resolve(Clock(), NAME, [SERVER], [], deadline_s=deadline_s, **options)


async def test_our_own_answer_is_dialled_where_the_operating_system_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def swallowed(asked: Any, kind: str) -> bytes | None:
        return healthy(asked, kind) if kind == "A" else None

    system(monkeypatch, None)
    async with name_server(monkeypatch, swallowed):
        found = await resolved(deadline_s=2.0)
    assert (found.failure, found.addresses) == (None, [("ipv4", ADDRESS)])
    assert found.notable is not None
    assert (found.notable.used, found.notable.os_after_s) == ("own-query", None)
    assert {one.type: one.said for one in found.detail.servers or []} == {"A": "NOERROR", "AAAA": "dns_timeout"}


async def test_a_no_is_asked_for_twice_before_this_machine_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = system(monkeypatch, ([], "EAI_NONAME"))
    async with name_server(monkeypatch, healthy):
        found = await resolved()
    assert (found.failure, len(asked)) == (Failure.DNS_NO_ADDRESS, 2)
    assert found.notable is not None
    assert (found.notable.used, found.notable.repeated) == ("none", True)


async def test_a_no_that_was_chance_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    system(monkeypatch, ([], "EAI_AGAIN"), ([("ipv4", ADDRESS)], "ok"))
    async with name_server(monkeypatch, healthy):
        found = await resolved()
    assert (found.failure, found.addresses) == (None, [("ipv4", ADDRESS)])


async def test_what_a_server_did_not_answer_counts_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def half(asked: Any, kind: str) -> bytes:
        return healthy(asked, kind) if kind == "A" else reply(asked, rcode=2)

    system(monkeypatch, ([], "EAI_AGAIN"))
    async with name_server(monkeypatch, half):
        assert (await resolved()).failure is Failure.DNS_SERVFAIL


async def test_an_answer_that_was_cut_off_is_fetched_by_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(asked: Any, _kind: str) -> bytes:
        return reply(asked, cut=True)

    system(monkeypatch, ([], "EAI_AGAIN"))
    async with name_server(monkeypatch, cut, healthy):
        found = await resolved()
    assert [one.addresses for one in found.detail.servers or [] if one.type == "A"] == [[ADDRESS]]
    async with name_server(monkeypatch, cut):  # nothing listens on TCP
        found = await resolved()
    assert found.failure is Failure.DNS_BAD_ANSWER
    assert {one.why for one in found.detail.servers or []} == {name_query.CUT_OFF}


async def test_only_the_families_that_are_wanted_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    system(monkeypatch, ([("ipv4", ADDRESS)], "ok"))
    async with name_server(monkeypatch, healthy) as kinds:
        await resolved(families=("ipv4",))
    assert set(kinds) == {"A"}


async def test_a_name_of_the_other_family_is_known_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """-6 and a name with IPv4 addresses only: not "the name does not exist"."""
    system(monkeypatch, ([], "EAI_NONAME"), ([("ipv4", ADDRESS)], "ok"))
    async with name_server(monkeypatch, healthy):
        found = await resolved(families=("ipv6",))
    assert (found.failure, found.addresses) == (None, [("ipv4", ADDRESS)])
