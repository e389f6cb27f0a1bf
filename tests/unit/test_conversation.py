"""The exchange: the one place where a parser's errors become a named outcome."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.wire.conversation import (
    Conversation,
    Ended,
    Exchange,
    Read,
    ReadDatagram,
    ReadSome,
    ReadUntil,
    Send,
    UnexpectedBytes,
)


def greeting() -> Conversation:
    yield Send(b"HELLO\n")
    line = yield ReadUntil(b"\n", 64)
    size = yield Read(2)
    body = yield Read(int.from_bytes(size, "big"))
    return {"line": line.decode("ascii"), "body": body}


WIRE = b"hi\n\x00\x03abcsurplus"


@given(st.lists(st.integers(1, 5), min_size=0, max_size=30))
def test_chunking_never_changes_the_outcome(sizes: list[int]) -> None:
    exchange = Exchange(greeting())
    assert exchange.out == [b"HELLO\n"]
    rest = WIRE
    for size in sizes:
        exchange.receive(rest[:size])
        rest = rest[size:]
    exchange.receive(rest)
    assert exchange.facts == {"line": "hi\n", "body": b"abc"}
    assert exchange.surplus == b"surplus"


def test_early_end_is_not_finished() -> None:
    exchange = Exchange(greeting())
    exchange.receive(b"hi\n\x00")
    exchange.eof()
    assert not exchange.finished


@pytest.mark.parametrize("error", [ValueError, IndexError, KeyError, OverflowError])
def test_a_parsers_errors_are_translated(error: type[Exception]) -> None:
    def parser() -> Conversation:
        yield Read(1)
        raise error("peer's text must not appear")

    exchange = Exchange(parser())
    with pytest.raises(UnexpectedBytes) as caught:
        exchange.receive(b"x")
    assert "peer" not in caught.value.why


def test_a_bug_of_ours_stays_visible() -> None:
    def parser() -> Conversation:
        yield Read(1)
        raise AttributeError

    exchange = Exchange(parser())
    with pytest.raises(AttributeError):
        exchange.receive(b"x")


def test_eof_error_says_that_the_peer_ended() -> None:
    def parser() -> Conversation:
        if not (yield ReadSome()):
            raise EOFError
        return {}

    exchange = Exchange(parser())
    with pytest.raises(Ended):
        exchange.eof()


@pytest.mark.parametrize(
    ("step", "data"),
    [(Read(-1), b""), (Read(1 << 30), b"x"), (ReadUntil(b"\n", 8), b"123456789"), (ReadUntil(b"\n", 8), b"12345678")],
)
def test_hostile_lengths_end_at_once(step: Read | ReadUntil, data: bytes) -> None:
    def parser() -> Conversation:
        yield step
        return {}

    exchange = Exchange(parser())
    with pytest.raises(UnexpectedBytes):
        exchange.receive(data)


def test_a_strange_datagram_is_passed_over() -> None:
    def ask(accept: Callable[[bytes], bool]) -> Conversation:
        yield Send(b"?")
        return {"answer": (yield ReadDatagram(accept))}

    exchange = Exchange(ask(lambda data: data[3] == 1))
    assert not exchange.datagram(b"")  # an IndexError in accept is a no
    assert not exchange.datagram(b"\0\0\0\0")
    assert exchange.datagram(b"\0\0\0\1")
    assert exchange.facts == {"answer": b"\0\0\0\1"}
