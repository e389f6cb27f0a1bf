"""NetBIOS: golden bytes by section of RFC 1001 and 1002, for the name service, the session service and the silent
datagram service."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.model.vocabulary import Proof, Stage, Verdict
from eset_portcheck.protocols import nbdgm, nbns, nbss
from eset_portcheck.wire import netbios
from eset_portcheck.wire.conversation import PARSER_ERRORS, Exchange, Peer, UnexpectedBytes
from tests.unit.recorded_replies import RECORDED
from tests.unit.rows import attempt, judged, row

STATUS_ID, QUERY_ID = b"\x12\x34", b"\x56\x78"


def peer(host: str = "pc7.corp.local") -> Peer:
    ids = iter((STATUS_ID, QUERY_ID))
    return Peer(host=host, port=137, random=lambda size: next(ids))


# -- names (RFC 1001 14.1, RFC 1002 4.1) --------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "suffix", "encoded"),
    [
        ("FRED", 0x20, b"EGFCEFEECACACACACACACACACACACACA"),
        ("fred", 0x20, b"EGFCEFEECACACACACACACACACACACACA"),
        ("*", 0, b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("*SMBSERVER", 0x20, b"CKFDENECFDEFFCFGEFFCCACACACACACA"),
        ("A-NAME-LONGER-THAN-15", 0x00, b"EBCNEOEBENEFCNEMEPEOEHEFFCCNFEAA"),
    ],
)
def test_first_level_encoding(name: str, suffix: int, encoded: bytes) -> None:
    assert netbios.encode_name(name, suffix) == b"\x20" + encoded + b"\0"


# -- name service (RFC 1002 4.2) -----------------------------------------------------------------
def test_node_status_request_and_name_query() -> None:
    """4.2.17 and 4.2.12: one question, no flags, NBSTAT (0x21) and NB (0x20), class IN."""
    status, query = Exchange(nbns.converse(peer())).out
    assert status == STATUS_ID + bytes.fromhex(
        "00000001000000000000"
    ) + b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0" + bytes.fromhex("00210001")
    assert query == QUERY_ID + bytes.fromhex("00000001000000000000") + netbios.encode_name("PC7", 0x20) + bytes.fromhex(
        "00200001"
    )


@pytest.mark.parametrize("host", ["10.77.5.2", "fd77:5::2", "büro.corp.local"])
def test_what_has_no_netbios_name_is_not_asked_for_one(host: str) -> None:
    assert len(Exchange(nbns.converse(peer(host))).out) == 1


def record(
    body: bytes, kind: int = 0x21, transaction: bytes = STATUS_ID, flags: str = "8400", name: bytes | None = None
) -> bytes:
    name = netbios.encode_name("*", 0) if name is None else name
    return (
        transaction
        + bytes.fromhex(flags)
        + bytes.fromhex("0000000100000000")
        + name
        + struct.pack(">HHIH", kind, 1, 0, len(body))
        + body
    )


def status_body(*names: tuple[bytes, int, int]) -> bytes:
    """4.2.18: count, names of 15 bytes with suffix and flags, then statistics that begin with the unit id."""
    rows = b"".join(name.ljust(15) + bytes([suffix]) + flags.to_bytes(2, "big") for name, suffix, flags in names)
    return bytes([len(names)]) + rows + bytes.fromhex("aabbccddeeff") + bytes(40)


def heard(*datagrams: bytes) -> dict[str, Any] | None:
    exchange = Exchange(nbns.converse(peer()))
    for one in datagrams:
        exchange.datagram(one)
    return exchange.facts


def test_node_status_response_without_the_hardware_address() -> None:
    facts = heard(record(status_body((b"PC7", 0x00, 0x0400), (b"PC7", 0x20, 0x0400), (b"CORP", 0x1E, 0x8400))))
    assert facts == {
        "answer": "node-status",
        "names": [
            {"name": "PC7", "suffix": 0x00, "group": False},
            {"name": "PC7", "suffix": 0x20, "group": False},
            {"name": "CORP", "suffix": 0x1E, "group": True},
        ],
    }
    assert "aabbcc" not in repr(facts)
    assert nbns.interpret(facts).proof is Proof.PROTOCOL


def test_the_name_may_come_as_a_pointer_or_with_a_scope() -> None:
    body = status_body((b"PC7", 0, 0x0400))
    assert heard(record(body, name=b"\xc0\x0c")) is not None
    assert heard(record(body, name=netbios.encode_name("*", 0)[:-1] + b"\x04corp\x05local\0")) is not None


def test_names_may_end_where_the_record_does() -> None:
    one = b"PC7".ljust(15) + b"\0\4\0"
    assert [name["name"] for name in netbios._names(b"\1" + one)] == ["PC7"]
    with pytest.raises(ValueError, match="cut short"):
        netbios._names(b"\1" + one[:-1])


def test_at_most_32_names_are_kept() -> None:
    facts = heard(record(status_body(*((b"N%d" % n, n, 0x0400) for n in range(200)))))
    assert facts is not None
    assert len(facts["names"]) == 32


def test_positive_and_negative_name_query_responses() -> None:
    """4.2.13: address entries of six bytes; 4.2.14: a code and no answer record that counts."""
    name = netbios.encode_name("PC7", 0x20)
    assert heard(record(bytes.fromhex("00000a4d0502"), 0x20, QUERY_ID, "8500", name)) == {
        "answer": "name",
        "group": False,
    }
    assert heard(record(bytes.fromhex("80000a4d0502"), 0x20, QUERY_ID, "8500", name)) == {
        "answer": "name",
        "group": True,
    }
    negative = QUERY_ID + bytes.fromhex("85830000000000000000") + name + bytes.fromhex("000a0001000000000000")
    assert heard(negative) == {"answer": "negative", "code": 3, "meaning": "name not known"}


GOOD = record(status_body((b"PC7", 0, 0x0400)))


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        GOOD[:11],
        b"\x99\x99" + GOOD[2:],  # somebody else's answer
        GOOD[:2] + b"\x04\x00" + GOOD[4:],  # a request
        GOOD[:2] + b"\xac\x00" + GOOD[4:],  # a registration's response
        GOOD[:6] + b"\0\0" + GOOD[8:],  # no record
        STATUS_ID
        + bytes.fromhex("81850001000000000000")
        + netbios.encode_name("*", 0)
        + bytes.fromhex("00210001"),  # a DNS server refuses, with the question
        STATUS_ID + bytes.fromhex("81840000000000000000"),  # another one, without
        STATUS_ID + bytes.fromhex("85830000000000000000"),  # a refusal of no name
        GOOD[:-60],  # shorter than it says
        GOOD[:-1],
        record(b"\x05" + bytes(18)),  # five names announced, one there
        record(b"\xc8" + bytes(18 * 40)),  # 200 announced, more there than are kept
        record(b""),
        record(bytes(5), 0x20),
        record(bytes(6), 0x01),  # an A record
        record(status_body((b"PC7", 0, 0x0400)), name=b"\x80abc"),
        record(status_body((b"PC7", 0, 0x0400)), name=b"\x3f" * 300),
        record(status_body((b"PC7", 0, 0x0400)), name=(b"\x3f" + bytes(63)) * 5 + b"\0"),  # over 255 bytes
    ],
)
def test_what_is_no_answer_is_passed_over_and_a_good_one_still_taken(datagram: bytes) -> None:
    assert heard(datagram) is None
    assert heard(datagram, GOOD) is not None


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    try:
        netbios.parse_reply(STATUS_ID + b"\x84\0\0\0\0\1" + data)
    except PARSER_ERRORS:
        pass


def test_recorded_node_status() -> None:
    facts = netbios.parse_reply(RECORDED["nbns"][0][0])
    assert [(one["name"], one["suffix"], one["group"]) for one in facts["names"]][:3] == [
        ("TARGET", 0, False),
        ("TARGET", 3, False),
        ("TARGET", 0x20, False),
    ]


# -- session service (RFC 1002 4.3) ---------------------------------------------------------------
def test_session_request() -> None:
    """4.3.2: type 0x81, no flags, 68 bytes: called and calling name."""
    (first,) = Exchange(nbss.converse(Peer(host="pc7", port=139))).out
    assert (
        first
        == bytes.fromhex("81000044") + b"\x20CKFDENECFDEFFCFGEFFCCACACACACACA\0\x20FAEPFCFEEDEIEFEDELCACACACACACAAA\0"
    )


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0x80, "not listening on called name"),
        (0x81, "not listening for calling name"),
        (0x82, "called name not present"),
        (0x83, "insufficient resources"),
        (0x8F, "unspecified error"),
        (0x90, "unknown code"),
    ],
)
def test_negative_session_response(code: int, text: str) -> None:
    """4.3.4. NetBIOS was spoken, SMB was not heard: no more than an accepted connection, and nothing disproved."""
    exchange = Exchange(nbss.converse(Peer(host="pc7", port=139)))
    exchange.receive(b"\x83\0\0\x01" + bytes([code]))
    assert exchange.facts == {"netbios_session": "refused", "code": code, "meaning": text}
    meaning = nbss.interpret(exchange.facts)
    assert (meaning.proof, meaning.reason) == (Proof.ACCEPTS, "NETBIOS_SESSION_REFUSED")
    assert meaning.params.as_table() == exchange.facts


@pytest.mark.parametrize(
    ("facts", "verdict", "reached"),
    [
        (
            {"netbios_session": "refused", "code": 0x82, "meaning": "called name not present"},
            Verdict.UNPROVEN,
            Proof.ACCEPTS,
        ),
        ({"netbios_session": "retargeted"}, Verdict.UNPROVEN, Proof.ACCEPTS),
        ({"netbios_session": "granted", "dialect": "3.1.1", "signing": "enabled"}, Verdict.PASS, Proof.PROTOCOL),
    ],
)
def test_a_netbios_session_is_no_log_on(facts: dict[str, Any], verdict: Verdict, reached: Proof) -> None:
    """Granted or refused, nobody was authorised: the row goes as far as SMB was heard."""
    seen = attempt(Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.HANDSHAKE, reply=facts)
    (found,) = judged(row(seen, required=Proof.PROTOCOL, protocol="nbss", port=139))
    assert (found.verdict, found.proof.reached) == (verdict, reached)


def test_retarget_is_told_not_followed() -> None:
    exchange = Exchange(nbss.converse(Peer(host="pc7", port=139)))
    exchange.receive(bytes.fromhex("84000006 0a4d0502 008b".replace(" ", "")))
    assert exchange.facts == {"netbios_session": "retargeted"}
    assert nbss.interpret(exchange.facts).proof is Proof.ACCEPTS


def test_a_granted_session_leads_to_smb() -> None:
    for messages in RECORDED["nbss"]:
        exchange = Exchange(nbss.converse(Peer(host="pc7", port=139, random=lambda size: b"\x11" * size)))
        exchange.receive(messages[0])
        assert exchange.out[1][4:8] == b"\xffSMB"
        for one in messages[1:]:
            exchange.receive(netbios.KEEP_ALIVE + one)  # 4.3.7: may stand before any message
        assert exchange.facts is not None
        assert (exchange.facts["netbios_session"], exchange.facts["dialect"]) == ("granted", "3.1.1")
        assert nbss.interpret(exchange.facts).proof is Proof.PROTOCOL


@pytest.mark.parametrize(
    "reply", ["82000001", "82010000", "83000002", "84000007", "00000000", "81000044", netbios.KEEP_ALIVE.hex() * 9]
)
def test_what_is_no_session_response(reply: str) -> None:
    exchange = Exchange(nbss.converse(Peer(host="pc7", port=139)))
    with pytest.raises(UnexpectedBytes):
        exchange.receive(bytes.fromhex(reply))


@given(st.binary(min_size=4, max_size=4))
def test_frame_length_is_possible_or_refused(head: bytes) -> None:
    try:
        assert 4 <= netbios.frame_length(head) <= 65536
    except ValueError:
        return
    assert head[0] == 0


# -- datagram service -------------------------------------------------------------------------
def test_the_datagram_service_is_one_way() -> None:
    exchange = Exchange(nbdgm.PROTOCOL.converse(Peer(host="pc7", port=138)))
    assert (exchange.out, exchange.finished, nbdgm.PROTOCOL.one_way) == ([], True, True)
    assert (nbdgm.interpret({}).proof, nbdgm.interpret({}).reason) == (Proof.NONE, "ONE_WAY_PROTOCOL")
