"""Every protocol there is: junk and spoilt answers never escape as anything but a named outcome, chunking never changes
it, it ends, it stays small.

A new protocol is found by its name in BUILT_IN. Recorded answers (recorded_replies.py) and beginnings lead the junk
deeper in; both are optional.
"""

import importlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eset_portcheck import protocols
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Ended, Exchange, Peer, ReadDatagram, Step, UnexpectedBytes
from eset_portcheck.wire.protocol import Protocol
from tests.unit.recorded_replies import RECORDED

PEER = Peer(
    host="pc7.corp.local",
    port=445,
    path="/x",
    realm="CORP.LOCAL",
    alpn="h2",
    random=lambda size: b"\x11" * size,
    now_s=1_790_000_000.0,
)
LARGEST_FACTS_BYTES = 16 * 1024

# Beginnings that lead the parsers deep in before the junk comes.
BEGINNINGS = {
    "mqtt": [bytes.fromhex("2002"), bytes.fromhex("207f")],
    "http": [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: "],
    "http_proxy": [b"HTTP/1.1 407 No\r\n"],
    "smb": [
        bytes.fromhex("00000080fe534d4240000000000000000000010001000000"),
        bytes.fromhex("00000040ff534d4272"),
        bytes.fromhex("8500000000000080"),
    ],
    "nbss": [
        bytes.fromhex("82000000"),
        bytes.fromhex("8300000182"),
        bytes.fromhex("84000006"),
        bytes.fromhex("8500000082000000"),
    ],
    "ssh": [b"SSH-2.0-x\r\n", b"SSH-2.0-x\r\n\x00\x00\x00\x40\x04\x14"],
    "ldap": [bytes.fromhex("308201610201016482015a"), bytes.fromhex("300c020101650a")],
    "tds": [bytes.fromhex("0401002b00000100")],
    "mysql": [bytes.fromhex("640000000a352e352e35"), bytes.fromhex("45000000ff6a04")],
    "apns": [bytes.fromhex("000006040000000000")],
}


def protocol_of(name: str) -> Protocol:
    found = protocols.find(name)
    assert found is not None
    return found


def first_wait(name: str) -> Step | None:
    return Exchange(protocol_of(name).converse(PEER)).wants


ALL = sorted(protocols.BUILT_IN)
DATAGRAMS = [name for name in ALL if isinstance(first_wait(name), ReadDatagram)]
STREAMS = [name for name in ALL if first_wait(name) is not None and name not in DATAGRAMS]


def judged(name: str, facts: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """A finished conversation: its reason is a code, its facts fit into a report and are not the peer's to blow up."""
    meaning = protocol_of(name).interpret(facts)
    assert meaning.reason in REASONS
    assert all(code in REASONS for code, _ in meaning.findings)
    for told in (facts, meaning.params, [params for _, params in meaning.findings]):
        assert len(msgspec.json.encode(told)) <= LARGEST_FACTS_BYTES
    return "finished", meaning.reason, facts


def outcome(name: str, chunks: list[bytes]) -> tuple[Any, ...]:
    """The end of a conversation with a peer that sends these chunks and hangs up."""
    try:
        exchange = Exchange(protocol_of(name).converse(PEER))
        for chunk in chunks:
            if exchange.finished:
                break
            exchange.receive(chunk)
        if not exchange.finished:
            exchange.eof()
    except UnexpectedBytes as error:
        return "unexpected", error.why
    except Ended:
        return ("ended",)
    return ("ended",) if exchange.facts is None else judged(name, exchange.facts)


def pieces(data: st.DataObject, whole: bytes) -> list[bytes]:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True) if a < b]


def spoilt(data: st.DataObject, whole: bytes) -> bytes:
    """Some bytes overwritten, a piece taken out or said twice, perhaps cut."""
    out = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(out) - 1)))
        size = data.draw(st.integers(1, 8))
        match data.draw(st.sampled_from(["overwrite", "remove", "repeat", "cut"])):
            case "overwrite":
                out[at : at + size] = data.draw(
                    st.one_of(st.just(b"\xff" * size), st.just(bytes(size)), st.binary(min_size=size, max_size=size))
                )
            case "remove":
                del out[at : at + size]
            case "repeat":
                out[at:at] = out[at : at + size]
            case "cut":
                del out[at:]
    return bytes(out)


@pytest.mark.parametrize("name", STREAMS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_junk_ends_in_a_named_outcome_however_it_is_cut(name: str, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([b"", *BEGINNINGS.get(name, [])]))
    whole = start + data.draw(st.binary(max_size=400))
    assert outcome(name, [whole] if whole else []) == outcome(name, pieces(data, whole))


@pytest.mark.parametrize("name", [one for one in STREAMS if one in RECORDED])
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_spoilt_answers_end_in_a_named_outcome_however_they_are_cut(name: str, data: st.DataObject) -> None:
    whole = spoilt(data, b"".join(data.draw(st.sampled_from(RECORDED[name]))))
    assert outcome(name, [whole] if whole else []) == outcome(name, pieces(data, whole))


@pytest.mark.parametrize("name", [one for one in STREAMS if one in RECORDED])
def test_a_real_answer_byte_by_byte(name: str) -> None:
    for messages in RECORDED[name]:
        whole = outcome(name, [b"".join(messages)])
        assert whole[0] == "finished"
        assert whole == outcome(name, messages) == outcome(name, [bytes([one]) for one in b"".join(messages)])


@pytest.mark.parametrize("name", DATAGRAMS)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_strange_datagrams_are_passed_over_or_judged(name: str, data: st.DataObject) -> None:
    real = [one for messages in RECORDED.get(name, []) for one in messages]
    datagram = (
        data.draw(st.binary(max_size=400))
        if not real or data.draw(st.booleans())
        else spoilt(data, data.draw(st.sampled_from(real)))
    )
    exchange = Exchange(protocol_of(name).converse(PEER))
    assert isinstance(exchange.wants, ReadDatagram)
    taken = exchange.datagram(datagram)
    assert taken is exchange.finished
    if exchange.facts is not None:
        judged(name, exchange.facts)


@pytest.mark.parametrize("name", [one for one in DATAGRAMS if one in RECORDED])
def test_a_real_datagram_is_taken(name: str) -> None:
    for messages in RECORDED[name]:
        exchange = Exchange(protocol_of(name).converse(PEER))
        assert exchange.datagram(messages[0])
        assert judged(name, exchange.facts or {})[1] in REASONS


def endless(name: str, block: bytes) -> bool:
    """Does the conversation end by itself while this is sent without an end?"""
    exchange = Exchange(protocol_of(name).converse(PEER))
    block *= 4096 // len(block) + 1
    try:
        for _ in range(100):
            if exchange.finished:
                return True
            exchange.receive(block)
    except (UnexpectedBytes, Ended):
        return True
    return exchange.finished


@pytest.mark.parametrize("name", STREAMS)
@given(byte=st.integers(0, 255))
@settings(max_examples=30, deadline=None)
def test_an_endless_stream_of_one_byte_ends(name: str, byte: int) -> None:
    assert endless(name, bytes([byte]))


@pytest.mark.parametrize("name", STREAMS)
def test_the_same_message_without_an_end_ends(name: str) -> None:
    blocks = [
        b"\r\n",
        b"x\n",
        b"\x85\0\0\0",
        *BEGINNINGS.get(name, []),
        *(one for messages in RECORDED.get(name, []) for one in messages),
    ]
    assert [block for block in blocks if not endless(name, block)] == []


@pytest.mark.parametrize("name", [*STREAMS, *DATAGRAMS])
def test_an_echo_of_our_own_words_proves_nothing(name: str) -> None:
    exchange = Exchange(protocol_of(name).converse(PEER))
    try:
        while exchange.out and not exchange.finished:
            said = exchange.out.copy()
            exchange.out.clear()
            for one in said:
                if name in DATAGRAMS:
                    exchange.datagram(one)
                else:
                    exchange.receive(one)
    except (UnexpectedBytes, Ended):
        return
    assert not exchange.finished or protocol_of(name).interpret(exchange.facts or {}).proof in (
        Proof.NONE,
        Proof.PATH,
        Proof.ACCEPTS,
    )


@pytest.mark.parametrize("name", ALL)
def test_the_house_rules_of_a_protocol(name: str) -> None:
    protocol = protocol_of(name)
    assert protocol.name == name
    assert set(protocol.checked) == {"en", "es"}
    assert set(protocol.possible_reasons) <= set(REASONS)
    assert {one.reason for one in protocol.openings} <= set(protocol.possible_reasons)
    assert "Source" in (importlib.import_module(f"eset_portcheck.protocols.{name}").__doc__ or "")


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_recorded_answers_belong_to_a_protocol(name: str) -> None:
    assert name in protocols.BUILT_IN


def test_an_unknown_protocol_is_not_built() -> None:
    assert protocols.find("gopher") is None
