"""TDS: PRELOGIN byte by byte (MS-TDS 2.2.6.5), and the bounds of its answer."""

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import tds
from eset_portcheck.wire.conversation import Ended, Exchange, Peer, StartTls, UnexpectedBytes

PEER = Peer(host="db.corp.local", port=1433)
VERSION = bytes.fromhex("10000fa00000")  # 16.0.4000


def answer(options: list[tuple[int, bytes]], kind: int = 4, status: int = 1, end: bytes = b"\xff") -> bytes:
    at = 5 * len(options) + 1
    table = values = b""
    for token, value in options:
        table += struct.pack(">BHH", token, at + len(values), len(value))
        values += value
    body = table + end + values
    return struct.pack(">BBHHBB", kind, status, 8 + len(body), 53, 1, 0) + body


def talk(reply: bytes) -> dict[str, Any]:
    exchange = Exchange(tds.converse(PEER))
    exchange.receive(reply)
    assert exchange.facts is not None
    return exchange.facts


def test_prelogin() -> None:
    (sent,) = Exchange(tds.converse(PEER)).out
    # 2.2.3.1: type PRELOGIN, end of message, 41 bytes, no SPID, packet 1, window 0.
    assert sent == (
        bytes.fromhex("12 01 0029 0000 01 00")
        + bytes.fromhex("00 0015 0006")  # VERSION at 21
        + bytes.fromhex("01 001b 0001")  # ENCRYPTION at 27
        + bytes.fromhex("02 001c 0001")  # INSTOPT at 28
        + bytes.fromhex("03 001d 0004")  # THREADID at 29
        + bytes.fromhex("ff")
        + bytes.fromhex("00000000 0000")
        + bytes.fromhex("00")  # ENCRYPT_OFF
        + bytes.fromhex("00")  # no instance
        + bytes.fromhex("00000000")
    )


@pytest.mark.parametrize(
    ("byte", "name"), [(0, "off"), (1, "on"), (2, "not supported"), (3, "required"), (0x80, "0x80")]
)
def test_version_and_encryption(byte: int, name: str) -> None:
    facts = talk(answer([(0, VERSION), (1, bytes([byte])), (2, b"\0"), (3, b""), (4, b"\0")]))
    assert facts == {"version": "16.0.4000", "encryption": name}
    assert (tds.interpret(facts).proof, tds.interpret(facts).reason) == (Proof.PROTOCOL, "PROTOCOL_REPLY")


GOOD = answer([(0, VERSION), (1, b"\0")])


@pytest.mark.parametrize(
    "reply",
    [
        answer([(0, VERSION), (1, b"\0")], kind=0x12),  # our own question sent back
        answer([(0, VERSION), (1, b"\0")], status=0),
        answer([(1, b"\0"), (0, VERSION)]),  # VERSION must be the first
        answer([(0, VERSION)]),
        answer([(0, VERSION[:4]), (1, b"\0")]),
        answer([(0, VERSION), (1, b"\0\0")]),
        answer([]),
        answer([(0, VERSION), (1, b"\0")], end=b""),
        answer([(0, VERSION), *[(1, b"\0")] * 40]),  # a table that does not end
        GOOD[:13] + b"\xff\xff" + GOOD[15:],  # an offset beyond the packet
        GOOD[:15] + b"\xff\xff" + GOOD[17:],  # a length beyond it
        b"\x04\x01\x00\x08" + GOOD[4:],  # no room for a body
        b"\x04\x01\xff\xff" + GOOD[4:],
        b"\x04\x01\x00\x15\0\0\x01\0" + b"\xaa" + bytes(12),  # an ERROR token
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_what_is_no_answer(reply: bytes) -> None:
    with pytest.raises(UnexpectedBytes):
        talk(reply)


def test_a_cut_answer_is_none() -> None:
    exchange = Exchange(tds.converse(PEER))
    exchange.receive(GOOD[:-1])
    exchange.eof()
    assert not exchange.finished


@given(at=st.integers(0, 60), change=st.binary(max_size=3), cut=st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_a_damaged_answer_never_escapes(at: int, change: bytes, cut: int) -> None:
    at %= len(GOOD)
    try:
        exchange = Exchange(tds.converse(PEER))
        exchange.receive(GOOD[:at] + change + GOOD[at + cut :])
        exchange.eof()
    except (UnexpectedBytes, Ended):
        return
    assert exchange.facts is None or set(exchange.facts) == {"version", "encryption"}


def test_the_handshake_stands_in_packets_of_prelogin() -> None:
    packets = tds.PreloginPackets()
    records = bytes(range(256)) * 20  # 5,120 bytes: two packets
    sent = packets.wrap(records)
    assert struct.unpack_from(">BBH", sent) == (0x12, 0, 4096)
    assert struct.unpack_from(">BBH", sent, 4096) == (0x12, 1, len(records) - 4088 + 8)
    other = tds.PreloginPackets()
    assert b"".join(other.unwrap(sent[at : at + 7]) for at in range(0, len(sent), 7)) == records


@pytest.mark.parametrize("broken", [b"HTTP/1.1", b"\x04\x01\0\x08\0\0\0\0", b"\x16\x03\x01\x02\0\0\0\0"])
def test_what_is_no_packet_of_prelogin(broken: bytes) -> None:
    with pytest.raises(ValueError, match="PRELOGIN"):
        tds.PreloginPackets().unwrap(broken)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_hostile_packets_raise_nothing_else(data: bytes) -> None:
    try:
        assert len(tds.PreloginPackets().unwrap(data)) <= len(data)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("byte", "finding"),
    [
        (0, []),
        (1, ["TDS_ENCRYPTION_REQUIRED"]),
        (3, ["TDS_ENCRYPTION_REQUIRED"]),
        (2, ["TDS_ENCRYPTION_NOT_SUPPORTED"]),
    ],
)
def test_the_wish_for_encryption_is_told(byte: int, finding: list[str]) -> None:
    facts = talk(answer([(0, VERSION), (1, bytes([byte]))]))
    assert [code for code, _ in tds.interpret(facts).findings] == finding
    assert tds.encrypts(facts) is (byte != 2)


def test_tls_is_begun_only_where_it_is_offered() -> None:
    none = Exchange(tds.converse_tls(PEER))
    none.receive(answer([(0, VERSION), (1, b"\2")]))
    assert none.facts is not None
    assert none.facts["tls_tried"] == "not offered"
    for worked, word in ((True, "works"), (False, "failed")):
        exchange = Exchange(tds.converse_tls(PEER))
        exchange.receive(answer([(0, VERSION), (1, b"\0")]))
        assert isinstance(exchange.wants, StartTls)
        assert isinstance(exchange.wants.framing, tds.PreloginPackets)
        exchange.secured(worked)
        assert exchange.facts is not None
        assert exchange.facts["tls_tried"] == word
