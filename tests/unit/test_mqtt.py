"""Golden bytes of MQTT 3.1.1 and what a CONNACK means."""

import pytest

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import mqtt
from eset_portcheck.wire.conversation import Exchange, Peer, UnexpectedBytes

PEER = Peer(host="epns.eset.com", port=8883, random=lambda size: b"\x01" * size)


def test_connect_as_in_section_3_1() -> None:
    exchange = Exchange(mqtt.converse(PEER))
    # fixed header; protocol name MQTT, level 4, clean session, keep-alive 60; client id of 18 characters
    assert exchange.out == [bytes.fromhex("101e 0004 4d515454 04 02 003c 0012") + b"pc" + b"01" * 8]


@pytest.mark.parametrize(
    ("size", "encoded"), [(0, "00"), (127, "7f"), (128, "8001"), (16383, "ff7f"), (16384, "808001")]
)
def test_remaining_length_as_in_table_2_4(size: int, encoded: str) -> None:
    assert mqtt.remaining_length(size) == bytes.fromhex(encoded)


def test_accepted_then_disconnect() -> None:
    exchange = Exchange(mqtt.converse(PEER))
    exchange.out.clear()
    exchange.receive(bytes.fromhex("20020000"))
    assert exchange.out == [bytes.fromhex("e000")]
    meaning = mqtt.interpret(exchange.facts or {})
    assert (meaning.proof, meaning.reason) == (Proof.PROTOCOL, "PROTOCOL_REPLY")


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_any_refusal_proves_the_path(code: int) -> None:
    exchange = Exchange(mqtt.converse(PEER))
    exchange.receive(bytes([0x20, 2, 0, code]))
    meaning = mqtt.interpret(exchange.facts or {})
    assert (meaning.proof, meaning.reason, meaning.params.code) == (Proof.PROTOCOL, "MQTT_REFUSED", code)


@pytest.mark.parametrize("reply", ["2002", "20020200", "20020006", "30020000", "2001", "485454502f312e31"])
def test_no_connack_is_no_proof(reply: str) -> None:
    exchange = Exchange(mqtt.converse(PEER))
    try:
        exchange.receive(bytes.fromhex(reply))
        exchange.eof()
    except UnexpectedBytes:
        return
    assert not exchange.finished
