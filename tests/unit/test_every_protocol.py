"""Every protocol: junk never escapes as anything but a named outcome, chunking never changes it, and it ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eset_portcheck import protocols
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.wire.conversation import Ended, Exchange, Peer, ReadDatagram, UnexpectedBytes

PEER = Peer(host="pc7.corp.local", port=445, path="/x", realm="CORP.LOCAL", alpn="h2", random=lambda size: b"\x11" * size, now_s=1_790_000_000.0)
STREAMS = sorted(protocols.BUILT_IN - {"tcp", "tls", "nbns", "nbdgm", "kerberos"})
DATAGRAMS = ["nbns", "kerberos"]

# Beginnings that lead the parsers deep in before the junk comes.
BEGINNINGS = {
    "mqtt": [bytes.fromhex("2002"), bytes.fromhex("207f")],
    "http": [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: "],
    "http_proxy": [b"HTTP/1.1 407 No\r\n"],
    "smb": [bytes.fromhex("00000080fe534d4240000000000000000000010001000000"), bytes.fromhex("00000040ff534d4272")],
    "nbss": [bytes.fromhex("82000000"), bytes.fromhex("8300000182")],
    "ssh": [b"SSH-2.0-x\r\n", b"SSH-2.0-x\r\n\x00\x00\x00\x40\x04\x14"],
    "ldap": [bytes.fromhex("308201610201016482015a"), bytes.fromhex("300c020101650a")],
    "tds": [bytes.fromhex("0401002b00000100")],
    "mysql": [bytes.fromhex("640000000a352e352e35"), bytes.fromhex("45000000ff6a04")],
    "kerberos_tcp": [bytes.fromhex("0000009f7e81"), bytes.fromhex("00000010")],
    "apns": [bytes.fromhex("000006040000000000")],
}
junk = st.binary(max_size=400)


def outcome(name: str, chunks: list[bytes]) -> tuple[str, object]:
    """The end of a conversation with a peer that sends these chunks and hangs up."""
    speaker = protocols.find(name)
    assert speaker is not None
    try:
        exchange = Exchange(speaker.converse(PEER))
        for chunk in chunks:
            if exchange.finished:
                break
            exchange.receive(chunk)
        if not exchange.finished:
            exchange.eof()
    except UnexpectedBytes as error:
        return "unexpected", error.why
    except Ended:
        return "ended", None
    if not exchange.finished:
        return "ended", None
    meaning = speaker.meaning(exchange.facts or {})
    assert meaning.reason in REASONS
    assert all(code in REASONS for code, _ in meaning.findings)
    return "finished", meaning.reason


@pytest.mark.parametrize("name", STREAMS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_junk_ends_in_a_named_outcome(name: str, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([b"", *BEGINNINGS[name]]))
    whole = start + data.draw(junk)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True) if a < b]
    assert outcome(name, [whole] if whole else []) == outcome(name, pieces)


@pytest.mark.parametrize("name", DATAGRAMS)
@given(data=junk)
@settings(max_examples=200, deadline=None)
def test_junk_datagrams_are_passed_over(name: str, data: bytes) -> None:
    speaker = protocols.find(name)
    assert speaker is not None
    exchange = Exchange(speaker.converse(PEER))
    assert isinstance(exchange.wants, ReadDatagram)
    exchange.datagram(data)
    if exchange.finished:
        assert speaker.meaning(exchange.facts or {}).reason in REASONS


@pytest.mark.parametrize("name", STREAMS)
@given(byte=st.integers(0, 255))
@settings(max_examples=30, deadline=None)
def test_an_endless_stream_of_one_byte_ends(name: str, byte: int) -> None:
    speaker = protocols.find(name)
    assert speaker is not None
    exchange = Exchange(speaker.converse(PEER))
    try:
        for _ in range(100):
            if exchange.finished:
                return
            exchange.receive(bytes([byte]) * 4096)
    except (UnexpectedBytes, Ended):
        return
    assert exchange.finished


@pytest.mark.parametrize("name", sorted(protocols.BUILT_IN))
def test_the_house_rules_of_a_protocol(name: str) -> None:
    speaker = protocols.find(name)
    assert speaker is not None
    assert isinstance(speaker.ENCRYPTED, bool)
    assert isinstance(speaker.ALPN, tuple)
    assert "Source" in (speaker.__doc__ or "")


def test_an_unknown_protocol_is_not_built() -> None:
    assert protocols.find("gopher") is None
