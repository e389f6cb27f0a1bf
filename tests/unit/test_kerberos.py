"""Kerberos: the AS-REQ byte by byte, what counts as a KDC's answer and what does not, and the clock."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eset_portcheck.model.params import Params
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import kerberos
from eset_portcheck.wire import ber, kerberos_messages
from eset_portcheck.wire.conversation import Exchange, Peer, UnexpectedBytes

NOW_S = 1_000_000_000.0  # 2001-09-09T01:46:40Z
PEER = Peer(host="dc.corp.local", port=88, realm="CORP.LOCAL", random=lambda size: b"\x7a" * size, now_s=NOW_S)


def tlv(tag: int, *parts: bytes) -> bytes:
    """An independent encoder for the tests: DER, up to 65535 bytes."""
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    octets = 1 if len(body) < 256 else 2
    return bytes([tag, 0x80 | octets]) + len(body).to_bytes(octets, "big") + body


def principal(kind: int, *names: bytes) -> bytes:
    return tlv(0x30, tlv(0xA0, tlv(2, bytes([kind]))), tlv(0xA1, tlv(0x30, *(tlv(0x1B, name) for name in names))))


def krb_error(**changed: bytes) -> bytes:
    """RFC 4120 5.9.1; a field is replaced by name."""
    fields = {
        "pvno": tlv(0xA0, tlv(2, b"\x05")),
        "msg_type": tlv(0xA1, tlv(2, b"\x1e")),
        "stime": tlv(0xA4, tlv(0x18, b"20010909014640Z")),
        "susec": tlv(0xA5, tlv(2, b"\x07\xa1\x20")),  # 500000
        "code": tlv(0xA6, tlv(2, b"\x06")),
        "realm": tlv(0xA9, tlv(0x1B, b"CORP.LOCAL")),
        "sname": tlv(0xAA, principal(2, b"krbtgt", b"CORP.LOCAL")),
    } | changed
    return tlv(0x7E, tlv(0x30, *fields.values()))


def encrypted() -> bytes:
    return tlv(0x30, tlv(0xA0, tlv(2, b"\x12")), tlv(0xA1, tlv(2, b"\x01")), tlv(0xA2, tlv(4, bytes(60))))


def as_rep(pvno: bytes = b"\x05", padata: bytes = b"") -> bytes:
    """RFC 4120 5.4.2."""
    ticket = tlv(
        0x61,
        tlv(
            0x30,
            tlv(0xA0, tlv(2, b"\x05")),
            tlv(0xA1, tlv(0x1B, b"X")),
            tlv(0xA2, principal(2, b"krbtgt", b"X")),
            tlv(0xA3, encrypted()),
        ),
    )
    return tlv(
        0x6B,
        tlv(
            0x30,
            tlv(0xA0, tlv(2, pvno)),
            tlv(0xA1, tlv(2, b"\x0b")),
            padata,
            tlv(0xA3, tlv(0x1B, b"X")),
            tlv(0xA4, principal(1, b"u")),
            tlv(0xA5, ticket),
            tlv(0xA6, encrypted()),
        ),
    )


def answered(data: bytes, peer: Peer = PEER) -> dict[str, Any] | None:
    exchange = Exchange(kerberos.converse(peer))
    assert exchange.datagram(data) is exchange.finished
    return exchange.facts


def test_as_request() -> None:
    """RFC 4120 5.4.1, 5.2.2 (principals), 5.2.3 (time), 5.2.4, 5.2.8 (flags), 7.5.8 (types of names)."""
    (request,) = Exchange(kerberos.converse(PEER)).out
    assert request == tlv(
        0x6A,
        tlv(
            0x30,
            tlv(0xA1, tlv(2, b"\x05")),  # pvno
            tlv(0xA2, tlv(2, b"\x0a")),  # msg-type
            tlv(
                0xA4,
                tlv(
                    0x30,
                    tlv(0xA0, tlv(3, bytes.fromhex("00 00000010"))),  # renewable-ok
                    tlv(0xA1, principal(1, b"portcheck-7a7a7a7a7a7a")),
                    tlv(0xA2, tlv(0x1B, b"CORP.LOCAL")),
                    tlv(0xA3, principal(2, b"krbtgt", b"CORP.LOCAL")),
                    tlv(0xA5, tlv(0x18, b"20010909024640Z")),
                    tlv(0xA7, tlv(2, bytes.fromhex("7a7a7a7a"))),
                    tlv(0xA8, tlv(0x30, *(tlv(2, bytes([one])) for one in (18, 17, 20, 19, 23)))),
                ),
            ),
        ),
    )
    assert len(request) < 1400  # one datagram


@pytest.mark.parametrize(
    ("host", "realm", "asked"),
    [
        ("dc.corp.local", "LAB.TEST", "LAB.TEST"),
        ("dc.corp.local", None, "CORP.LOCAL"),
        ("dc.corp.local.", None, "CORP.LOCAL"),
        ("dc", None, "UNKNOWN"),
        ("10.1.2.3", None, "UNKNOWN"),
        ("fd77::1", None, "UNKNOWN"),
        ("dc.müller.example", None, "UNKNOWN"),
    ],
)
def test_the_realm_asked_for(host: str, realm: str | None, asked: str) -> None:
    peer = Peer(host=host, port=88, realm=realm, now_s=NOW_S)
    facts = answered(krb_error(), peer)
    assert facts is not None
    assert facts["realm_asked"] == asked
    assert asked.encode() in Exchange(kerberos.converse(peer)).out[0]


def test_facts_of_an_error() -> None:
    assert answered(krb_error()) == {
        "message": "KRB-ERROR", "code": 6, "name": "KDC_ERR_C_PRINCIPAL_UNKNOWN", "realm": "CORP.LOCAL", "realm_asked": "CORP.LOCAL",
        "stime_utc": "2001-09-09T01:46:40Z", "susec": 500000, "skew_s": 0, "skew_accuracy_s": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (6, "KDC_ERR_C_PRINCIPAL_UNKNOWN"),
        (25, "KDC_ERR_PREAUTH_REQUIRED"),
        (52, "KRB_ERR_RESPONSE_TOO_BIG"),
        (68, "KDC_ERR_WRONG_REALM"),
        (99, "other"),
    ],
)
def test_any_error_is_a_kdc(code: int, name: str) -> None:
    facts = answered(krb_error(code=tlv(0xA6, tlv(2, bytes([code])))))
    assert facts is not None
    assert (facts["name"], kerberos.interpret(facts).proof, kerberos.interpret(facts).reason) == (
        name,
        Proof.PROTOCOL,
        "PROTOCOL_REPLY",
    )


def test_a_ticket_is_a_kdc_too() -> None:
    padata = tlv(0xA2, tlv(0x30, tlv(0x30, tlv(0xA1, tlv(2, b"\x13")), tlv(0xA2, tlv(4, b"x")))))
    for reply in (as_rep(), as_rep(padata=padata)):
        assert answered(reply) == {
            "message": "AS-REP",
            "realm_asked": "CORP.LOCAL",
            "encryption_types": ["aes256-cts-hmac-sha1-96"],
        }


def etypes(kind: int, *numbers: int, junk: bytes = b"") -> bytes:
    """The e-data field: METHOD-DATA with one ETYPE-INFO2 (19) or ETYPE-INFO (11)."""
    entries = [
        tlv(0x30, tlv(0xA0, tlv(2, bytes([one]))), tlv(0xA1, tlv(0x1B if kind == 19 else 4, b"CORP.LOCALuser")))
        for one in numbers
    ]
    padata = tlv(0x30, tlv(0xA1, tlv(2, bytes([kind]))), tlv(0xA2, tlv(4, junk or tlv(0x30, *entries))))
    return tlv(0xAC, tlv(4, tlv(0x30, tlv(0x30, tlv(0xA1, tlv(2, b"\x02")), tlv(0xA2, tlv(4, b""))), padata)))


@pytest.mark.parametrize("kind", [19, 11])
@pytest.mark.parametrize(
    ("numbers", "names", "finding"),
    [
        ((18, 17, 23), ["aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96", "rc4-hmac"], "KERBEROS_ENCRYPTION_TYPES"),
        ((23,), ["rc4-hmac"], "KERBEROS_WEAK_ENCRYPTION"),
        ((23, 3, 1), ["rc4-hmac", "des-cbc-md5", "des-cbc-crc"], "KERBEROS_WEAK_ENCRYPTION"),
        ((99, 23), ["type 99", "rc4-hmac"], "KERBEROS_ENCRYPTION_TYPES"),
    ],
)
def test_encryption_types_that_the_kdc_names(
    kind: int, numbers: tuple[int, ...], names: list[str], finding: str
) -> None:
    facts = answered(krb_error(code=tlv(0xA6, tlv(2, b"\x19")), e_data=etypes(kind, *numbers)))
    assert facts is not None
    assert (facts["code"], facts["encryption_types"]) == (25, names)
    found = [(code, params) for code, params in kerberos.interpret(facts | {"skew_s": 0}).findings]
    assert found == [(finding, Params(encryption_types=names))]


@pytest.mark.parametrize(
    "e_data",
    [
        b"",
        tlv(0xAC, tlv(4, b"")),
        tlv(0xAC, tlv(4, b"\x30\x80junk")),  # what AD puts there of its own
        etypes(2),
        etypes(19, junk=b"\x30\x03\x02\x01"),
    ],
)
def test_other_contents_of_e_data_are_as_good(e_data: bytes) -> None:
    facts = answered(krb_error(e_data=e_data))
    assert facts is not None
    assert "encryption_types" not in facts


def test_endless_types_are_capped() -> None:
    facts = answered(krb_error(e_data=etypes(19, *range(1, 100))))
    assert facts is not None
    assert len(facts["encryption_types"]) == 16


def later(seconds: int, susec: bytes = b"\x07\xa1\x20") -> dict[str, Any]:
    import time

    stamp = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(NOW_S + seconds)).encode()
    facts = answered(krb_error(stime=tlv(0xA4, tlv(0x18, stamp)), susec=tlv(0xA5, tlv(2, susec))))
    assert facts is not None
    return facts


@pytest.mark.parametrize(
    ("seconds", "found"), [(0, 0), (300, 0), (302, 1), (-300, 0), (-302, 1), (3600, 1), (-3600, 1)]
)
def test_the_clock(seconds: int, found: int) -> None:
    facts = later(seconds)
    assert abs(facts["skew_s"] - seconds) <= 1
    findings = kerberos.interpret(facts).findings
    assert len(findings) == found
    for name, params in findings:
        assert (name, params.skew_s) == ("KDC_CLOCK_SKEW", facts["skew_s"])


@pytest.mark.parametrize("susec", [b"\0", b"\x01", b"\x0f\x42\x3f"])
def test_microseconds_do_not_move_the_clock(susec: bytes) -> None:
    """MIT's are a counter within the second, and others leave them at zero."""
    assert later(10, susec)["skew_s"] == later(10)["skew_s"]


@pytest.mark.parametrize(
    "junk",
    [
        b"k",  # the tag of an AS-REP, and no more
        b"k" * 200,
        b"~",
        b"",
        as_rep(pvno=b"\x04"),
        as_rep() + b"\0",
        as_rep()[:-1],
        krb_error()[:-1],
        krb_error() + b"\0",
        krb_error(pvno=tlv(0xA0, tlv(2, b"\x04"))),
        krb_error(msg_type=tlv(0xA1, tlv(2, b"\x1d"))),
        krb_error(realm=b""),
        krb_error(stime=tlv(0xA4, tlv(0x18, b"2001 9 9 14640Z"))),
        krb_error(stime=tlv(0xA4, tlv(0x18, b"20010909014640.1Z"))),
        krb_error(stime=tlv(0xA4, tlv(0x18, b"20011309014640Z"))),
        krb_error(stime=tlv(0xA4, tlv(0x18, "٢٠٠١٠٩٠٩".encode()))),
        krb_error(code=tlv(0xA6, tlv(2, b"\x7f" * 9))),  # no Int32
        krb_error(code=tlv(0xA6, tlv(2, b"\x7f" * 5000))),  # no number that a report can hold
        krb_error(susec=tlv(0xA5, tlv(2, b"\x0f\x42\x40"))),  # 1000000
        krb_error(sname=tlv(0xAA, principal(2, *[b""] * 9000))),  # too many elements
        b"\x7e\x80" + krb_error()[2:] + b"\0\0",  # indefinite length
    ],
)
def test_what_is_no_answer_of_a_kdc(junk: bytes) -> None:
    assert answered(junk) is None


def test_our_own_question_sent_back_is_no_answer() -> None:
    assert answered(Exchange(kerberos.converse(PEER)).out[0]) is None


@pytest.mark.parametrize("year", [b"00010101000000Z", b"99991231235959Z"])
def test_an_impossible_clock_is_said_to_be_so(year: bytes) -> None:
    facts = answered(krb_error(stime=tlv(0xA4, tlv(0x18, year))))
    assert facts is not None
    assert facts["stime_utc"] == "(impossible)"
    assert [name for name, _ in kerberos.interpret(facts).findings] == ["KDC_CLOCK_SKEW"]
    assert json.loads(msgspec.json.encode(facts)) == facts


@pytest.mark.parametrize("tag", [0x30, 0x3B, 0xA9])
def test_nesting_is_bounded_before_anything_recurses(tag: int) -> None:
    deep = b""
    while len(deep) < 50_000:
        deep = tlv(tag, deep)
    assert answered(krb_error(realm=tlv(0xA9, deep))) is None
    with pytest.raises(ValueError, match="too deep"):
        ber.decode(deep, kerberos_messages.KrbError())


def test_over_tcp() -> None:
    """RFC 4120 7.2.2."""
    exchange = Exchange(kerberos.converse_tcp(PEER))
    (sent,) = exchange.out
    assert int.from_bytes(sent[:4], "big") == len(sent) - 4
    for byte in len(krb_error()).to_bytes(4, "big") + krb_error():
        assert not exchange.finished
        exchange.receive(bytes([byte]))
    assert exchange.facts == answered(krb_error())


@pytest.mark.parametrize("length", [0, 65536, 0x80000001])  # the highest bit is reserved
def test_a_length_that_cannot_be(length: int) -> None:
    exchange = Exchange(kerberos.converse_tcp(PEER))
    with pytest.raises(UnexpectedBytes):
        exchange.receive(length.to_bytes(4, "big"))


@given(
    message=st.sampled_from([krb_error(), as_rep()]),
    at=st.integers(0, 400),
    change=st.binary(max_size=4),
    cut=st.integers(0, 4),
)
@settings(max_examples=500, deadline=None)
def test_a_damaged_answer_never_escapes(message: bytes, at: int, change: bytes, cut: int) -> None:
    at %= len(message)
    facts = answered(message[:at] + change + message[at + cut :])
    if facts is not None:
        assert msgspec.json.encode(facts)
        assert kerberos.interpret(facts).proof is Proof.PROTOCOL
