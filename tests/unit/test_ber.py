"""BER before any parser sees it: every bound at its edge."""

import pytest
from pyasn1.type import univ

from eset_portcheck.wire import ber
from eset_portcheck.wire.conversation import Read


def tlv(tag: int, body: bytes) -> bytes:
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


def nested(depth: int) -> bytes:
    """`depth` sequences inside of each other, the innermost with one integer."""
    inner = tlv(2, b"\1")
    for _ in range(depth):
        inner = tlv(0x30, inner)
    return inner


def test_the_deepest_message_is_read_and_a_deeper_one_is_not() -> None:
    ber._check_shape(nested(ber.MAX_DEPTH - 1))
    with pytest.raises(ValueError, match="too deep"):
        ber._check_shape(nested(ber.MAX_DEPTH))


def test_the_most_elements_are_read_and_one_more_is_not() -> None:
    """Small ones in one sequence, which counts too."""
    ber._check_shape(tlv(0x30, b"\5\0" * (ber.MAX_ELEMENTS - 1)))
    with pytest.raises(ValueError, match="too many elements"):
        ber._check_shape(tlv(0x30, b"\5\0" * ber.MAX_ELEMENTS))


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x03\x04\x02ab",  # the string ends behind the sequence
        b"\x30\x05\x30\x02\x04\x01a",  # two levels down
        b"\x30\x7f\x05\x00",  # the sequence ends behind the message
        b"\x04\x05abcd",
    ],
)
def test_nothing_is_longer_than_what_it_stands_in(data: bytes) -> None:
    with pytest.raises(ValueError, match="longer than its parent"):
        ber._check_shape(data)
    with pytest.raises(ValueError, match="longer than its parent"):
        ber.decode(data, univ.Any())


def test_a_child_may_end_where_its_parent_does() -> None:
    ber._check_shape(b"\x30\x07\x30\x05\x04\x03abc")
    ber._check_shape(b"\x30\x04\x30\x00\x05\x00")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\x1f\x01\x00", "tag number"),
        (b"\x30\x80\x00\x00", "length form"),
        (b"\x04\x85\0\0\0\0\x01a", "length form"),
        (b"\x04\x82\x01", "cut short"),
        (bytes(ber.MAX_MESSAGE_BYTES + 1), "message too long"),
    ],
)
def test_forms_that_nobody_needs(data: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ber._check_shape(data)


@pytest.mark.parametrize("octets", [1, 2, 3, 4])
def test_lengths_of_the_long_form(octets: int) -> None:
    data = bytes([4, 0x80 | octets]) + (3).to_bytes(octets, "big") + b"abc"
    assert bytes(ber.decode(data, univ.OctetString())) == b"abc"


def test_a_message_of_the_largest_size_is_asked_for_and_a_larger_one_is_not() -> None:
    def asked(size: int) -> list[int]:
        reading = ber.read_message(0x30)
        wanted = [next(reading), reading.send(b"\x30\x83"), reading.send(size.to_bytes(3, "big"))]
        assert all(isinstance(one, Read) for one in wanted)
        return [one.count for one in wanted]

    assert asked(ber.MAX_MESSAGE_BYTES) == [2, 3, ber.MAX_MESSAGE_BYTES]
    with pytest.raises(ValueError, match="message too long"):
        asked(ber.MAX_MESSAGE_BYTES + 1)


def test_a_message_whose_first_byte_was_read_already() -> None:
    reading = ber.read_message(0x30, b"\x30")
    assert next(reading).count == 1
    assert reading.send(b"\x02").count == 2
    with pytest.raises(StopIteration) as ended:
        reading.send(b"\x05\x00")
    assert ended.value.value == b"\x30\x02\x05\x00"


def test_another_tag_is_refused_and_so_is_what_stands_behind_a_message() -> None:
    reading = ber.read_message(0x30)
    next(reading)
    with pytest.raises(ValueError, match="another tag"):
        reading.send(b"\x31\x00")
    with pytest.raises(ValueError, match="bytes behind"):
        ber.decode(b"\x05\x00\x05\x00", univ.Null())
    with pytest.raises(ValueError, match="not of this type"):
        ber.decode(b"\x05\x00", univ.Integer())
