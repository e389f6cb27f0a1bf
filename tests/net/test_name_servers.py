"""Our own question to a name server that answers whatever it likes: a word for it, in time, and nothing escapes."""

import asyncio
import random
import socket
from typing import Any

import dns.message
import dns.rrset
import pytest

from eset_portcheck.model.stage_detail import DnsAnswer
from eset_portcheck.net import name_query
from eset_portcheck.net.clock import Clock
from eset_portcheck.net.realm import kdcs

CHAOS = [("CH", "A", "elsewhere.example. 511"), ("CH", "TXT", '"x"')]


def answered(query: bytes, *records: tuple[str, str, str]) -> bytes:
    asked = dns.message.from_wire(query)
    reply = dns.message.make_response(asked)
    reply.answer += [dns.rrset.from_text(asked.question[0].name, 60, *record) for record in records]
    return reply.to_wire()


async def ask(
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
    kind: str = "A",
    pick: Any = name_query.addresses,
    timeout_s: float = 30.0,
) -> tuple[DnsAnswer, list[str] | None]:
    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, address: Any) -> None:
            for one in answer(data):
                self.transport.sendto(one, address)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    monkeypatch.setattr(name_query, "DNS_PORT", transport.get_extra_info("sockname")[1])
    try:
        return await name_query.ask_server(Clock(), "127.0.0.1", "name.lab.test", kind, timeout_s, pick)
    finally:
        transport.close()


async def test_records_of_other_classes_are_no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    told, found = await ask(
        monkeypatch, lambda query: [answered(query, *CHAOS, ("IN", "A", "192.0.2.1"), ("IN", "AAAA", "2001:db8::1"))]
    )
    assert (told.rcode, found) == ("NOERROR", ["192.0.2.1", "2001:db8::1"])


async def test_records_of_other_classes_name_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    _, found = await ask(
        monkeypatch,
        lambda query: [answered(query, ("CH", "TYPE33", r"\# 4 00000000"), ("IN", "SRV", "1 1 88 kdc.lab.test."))],
        "SRV",
        kdcs,
    )
    assert found == ["kdc.lab.test"]


@pytest.mark.parametrize("kind", ["A", "SRV"])
async def test_spoilt_answers_have_a_word(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    dice = random.Random(kind)
    record = ("IN", "A", "192.0.2.1") if kind == "A" else ("IN", "SRV", "1 1 88 kdc.lab.test.")

    def spoilt(query: bytes) -> list[bytes]:
        whole = bytearray(answered(query, record))
        for _ in range(dice.randint(1, 4)):
            whole[dice.randrange(2, len(whole))] = dice.randrange(256)
        # What is not ours is passed over.
        return [
            bytes(whole[: dice.randint(2, len(whole))] if dice.random() < 0.3 else whole),
            answered(query, record),
        ]

    for _ in range(150):
        told, _ = await ask(monkeypatch, spoilt, kind, kdcs if kind == "SRV" else name_query.addresses)
        assert told.said not in ("", "dns_timeout"), told


async def test_a_flood_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    told, _ = await ask(monkeypatch, lambda query: [query] * 5000, timeout_s=1.0)  # questions, which are no answers
    assert told.failure in ("dns_timeout", "dns_bad_answer")


@pytest.mark.parametrize("ends", ["refused to send", "silence"])
async def test_no_closed_socket_stays_with_the_event_loop(monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    """The next socket gets the number of the closed one: a loop that still watches it cannot connect (ENOENT)."""
    loop = asyncio.get_running_loop()
    if ends == "refused to send":

        async def refused(*_: Any) -> None:
            await asyncio.sleep(0.01)
            raise PermissionError(1, "by an own rule")

        monkeypatch.setattr(loop, "sock_sendall", refused)
    closed_before_leaving: list[int] = []
    close = socket.socket.close

    def closing(sock: socket.socket) -> None:
        selector: Any = loop
        number = sock.fileno()
        if number >= 0 and number in selector._selector.get_map():
            closed_before_leaving.append(number)
        close(sock)

    monkeypatch.setattr(socket.socket, "close", closing)
    told, _ = await ask(monkeypatch, lambda query: [], timeout_s=0.2)
    assert told.failure == ("dns_unreachable" if ends == "refused to send" else "dns_timeout")
    assert closed_before_leaving == []
