"""Apple push: HTTP/2 as far as the server's SETTINGS, byte by byte (RFC 9113)."""

from typing import Any

import pytest

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import apns
from eset_portcheck.wire.conversation import Exchange, Peer, UnexpectedBytes

PEER = Peer(host="api.push.apple.com", port=2197, alpn="h2")


def settings_frame(body: bytes = b"", flags: int = 0, stream: int = 0, kind: int = 4, size: int | None = None) -> bytes:
    return (
        (len(body) if size is None else size).to_bytes(3, "big")
        + bytes([kind, flags])
        + stream.to_bytes(4, "big")
        + body
    )


def talk(reply: bytes) -> tuple[list[bytes], dict[str, Any]]:
    exchange = Exchange(apns.converse(PEER))
    exchange.receive(reply)
    assert exchange.facts is not None
    return exchange.out, exchange.facts


def test_it_is_http2_by_tls() -> None:
    assert (apns.PROTOCOL.encrypted, apns.PROTOCOL.alpn) == (True, ("h2",))


def test_preface_acknowledgement_and_goodbye() -> None:
    """3.4 preface and empty SETTINGS; 6.5.3 ACK; 6.8 GOAWAY: last stream 0, NO_ERROR."""
    sent, _ = talk(settings_frame())
    assert sent == [
        bytes.fromhex("505249202a20485454502f322e300d0a0d0a534d0d0a0d0a") + bytes.fromhex("000000 04 00 00000000"),
        bytes.fromhex("000000 04 01 00000000") + bytes.fromhex("000008 07 00 00000000 00000000 00000000"),
    ]


def test_settings_by_name() -> None:
    """6.5.2; those that nobody knows are passed over."""
    _, facts = talk(
        settings_frame(bytes.fromhex("000100001000 000300000001 0004ffffffff 00060000ffff abcd00000001"))
        + settings_frame(bytes(4), kind=8, stream=1)
    )
    assert facts == {
        "settings": {
            "header_table_size": 4096,
            "max_concurrent_streams": 1,
            "initial_window_size": 0xFFFFFFFF,
            "max_header_list_size": 65535,
        }
    }
    assert (apns.interpret(facts).proof, apns.interpret(facts).reason) == (Proof.PROTOCOL, "PROTOCOL_REPLY")


def test_the_reserved_bit_is_ignored() -> None:
    assert talk(settings_frame(stream=0x80000000))[1] == {"settings": {}}


@pytest.mark.parametrize(
    "reply",
    [
        settings_frame(flags=1),  # an acknowledgement of ours is not the server's preface
        settings_frame(stream=1),
        settings_frame(bytes(5)),  # no multiple of six
        settings_frame(size=16386),
        settings_frame(size=0xFFFFFF),
        settings_frame(bytes(8), kind=7),  # GOAWAY
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        apns.PREFACE + settings_frame(),  # our own words sent back
    ],
)
def test_what_is_no_preface_of_a_server(reply: bytes) -> None:
    with pytest.raises(UnexpectedBytes):
        talk(reply)


@pytest.mark.parametrize("alpn", [None, "http/1.1", "h2c"])
def test_without_h2_nothing_is_said(alpn: str | None) -> None:
    with pytest.raises(UnexpectedBytes):
        Exchange(apns.converse(Peer(host="api.push.apple.com", port=2197, alpn=alpn)))
