"""LDAP: the search byte by byte, what real directories answer, refusals by name, and hostile BER."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eset_portcheck.model.params import Params
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import ldap
from eset_portcheck.wire import ldap_messages
from eset_portcheck.wire.conversation import Ended, Exchange, Peer, StartTls, UnexpectedBytes

PEER = Peer(host="dc.corp.local", port=389)
UNBIND = bytes.fromhex("3005 020102 4200")  # RFC 4511 4.3
STARTTLS = bytes.fromhex("301d020102 7718 8016") + b"1.3.6.1.4.1.1466.20037"  # RFC 4511 4.14.1
NOTICE = b"1.3.6.1.4.1.1466.20036"


def tlv(tag: int, *parts: bytes) -> bytes:
    """An independent encoder for the tests."""
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x84" + len(body).to_bytes(4, "big")  # Active Directory's form
    return bytes([tag]) + size + body


def message(number: int, operation: bytes, controls: bytes = b"") -> bytes:
    return tlv(0x30, tlv(2, bytes([number])), operation, controls)


def attribute(name: bytes, *values: bytes) -> bytes:
    return tlv(0x30, tlv(4, name), tlv(0x31, *(tlv(4, value) for value in values)))


def entry(*attributes: bytes, number: int = 1) -> bytes:
    return message(number, tlv(0x64, tlv(4), tlv(0x30, *attributes)))


def result(
    code: bytes = b"\0", number: int = 1, tag: int = 0x65, more: bytes = b"", text: bytes = b"", controls: bytes = b""
) -> bytes:
    return message(number, tlv(tag, tlv(10, code), tlv(4), tlv(4, text), more), controls)


def notice(code: bytes, name: bytes = NOTICE) -> bytes:
    return result(code, number=0, tag=0x78, more=tlv(0x8A, name) if name else b"")


def talk(*replies: bytes) -> tuple[list[bytes], dict[str, Any]]:
    exchange = Exchange(ldap.converse(PEER))
    exchange.out.clear()
    for reply in replies:
        exchange.receive(reply)
    assert exchange.facts is not None
    assert len(msgspec.json.encode(exchange.facts)) < 16 * 1024
    return exchange.out, exchange.facts


def refused(*replies: bytes) -> bool:
    exchange = Exchange(ldap.converse(PEER))
    try:
        for reply in replies:
            exchange.receive(reply)
        exchange.eof()
    except (UnexpectedBytes, Ended):
        return True
    return not exchange.finished


def test_search_request() -> None:
    """RFC 4511 4.5.1."""
    (sent,) = Exchange(ldap.converse(PEER)).out
    names = [b"supportedLDAPVersion", b"namingContexts", b"defaultNamingContext", b"supportedExtension", b"supportedSASLMechanisms", b"currentTime",
             b"dnsHostName", b"vendorName"]  # fmt: skip
    asked = b"".join(tlv(4, name) for name in names)
    # baseObject "", scope baseObject, neverDerefAliases, size 1, time 5 s, typesOnly false, filter (objectClass=*)
    search = (
        tlv(4)
        + bytes.fromhex("0a0100 0a0100 020101 020105 010100")
        + tlv(0x87, b"objectClass")
        + b"\x30\x81"
        + bytes([len(asked)])
        + asked
    )
    body = bytes.fromhex("020101 63 81") + bytes([len(search)]) + search
    assert sent == b"\x30\x81" + bytes([len(body)]) + body


def test_unbind_request() -> None:
    assert ldap_messages.unbind(2) == UNBIND


def test_what_the_root_tells() -> None:
    root = entry(
        attribute(b"supportedldapversion", b"3", b"2"),  # RFC 4512 2.5: names are case-insensitive
        attribute(b"namingContexts", b"DC=corp,DC=local"),
        attribute(b"defaultNamingContext", b"DC=corp,DC=local"),
        attribute(b"supportedExtension", *(b"1.2.%d" % one for one in range(60)), b"1.3.6.1.4.1.1466.20037"),
        attribute(b"supportedSASLMechanisms", b"GSSAPI", b"GSS-SPNEGO"),
        attribute(b"currentTime", b"20010909014640.0Z"),
        attribute(b"dnsHostName", b"dc.corp.local"),
        attribute(b"somethingElse", b"x"),
        attribute(b"vendorName"),  # no value
    )
    sent, facts = talk(root, result())
    assert sent == [UNBIND]
    assert facts == {
        "supportedLDAPVersion": ["3", "2"], "namingContexts": ["DC=corp,DC=local"], "supportedSASLMechanisms": ["GSSAPI", "GSS-SPNEGO"],
        "defaultNamingContext": "DC=corp,DC=local", "currentTime": "20010909014640.0Z", "dnsHostName": "dc.corp.local", "starttls": True,
        "skew_s": 1_000_000_000, "result": 0, "result_name": "success", "answer": "done",
    }  # fmt: skip
    assert (ldap.interpret(facts).proof, ldap.interpret(facts).findings) == (
        Proof.PROTOCOL,
        [("LDAP_SIGNING_UNKNOWN", Params())],
    )


def test_no_starttls() -> None:
    assert talk(entry(attribute(b"supportedExtension", b"1.2.3")), result())[1]["starttls"] is False
    assert talk(entry(), result())[1]["starttls"] is False


@pytest.mark.parametrize(
    ("code", "name", "findings"),
    [
        (1, "operationsError", []),
        (8, "strongerAuthRequired", ["LDAP_TLS_REQUIRED"]),
        (13, "confidentialityRequired", ["LDAP_TLS_REQUIRED"]),
        (48, "inappropriateAuthentication", []),
        (50, "insufficientAccessRights", []),
        (53, "unwillingToPerform", []),
        (120, "unknown", []),
    ],
)
def test_a_refusal_is_the_directory_s_own_word(code: int, name: str, findings: list[str]) -> None:
    for reply, answer in ((result(bytes([code])), "done"), (notice(bytes([code])), "disconnection")):
        asks_tls = bool(findings) and answer == "done"
        sent, facts = talk(reply, *[result(b"\x02", number=2, tag=0x78)] * asks_tls)
        assert (facts["result"], facts["result_name"], facts["answer"]) == (code, name, answer)
        assert facts.get("starttls_tried") == ("refused" if asks_tls else None)
        # Nobody listens after a notice.
        assert sent == ([STARTTLS, ldap_messages.unbind(4)] if asks_tls else [UNBIND] if answer == "done" else [])
        meaning = ldap.interpret(facts)
        assert (meaning.proof, [found for found, _ in meaning.findings]) == (Proof.PROTOCOL, findings)


REFUSED, AGREED = result(b"\x0d"), result(number=2, tag=0x78)


def test_starttls_where_the_directory_demands_it() -> None:
    exchange = Exchange(ldap.converse(PEER))
    exchange.receive(REFUSED)
    exchange.out.clear()
    exchange.receive(AGREED)
    assert isinstance(exchange.wants, StartTls)
    exchange.secured(True)
    (asked,) = exchange.out
    assert b"\x02\x01\x03\x63" in asked  # the same search, message 3
    exchange.out.clear()
    exchange.receive(entry(attribute(b"namingContexts", b"dc=x"), number=3) + result(number=3))
    assert exchange.out == [ldap_messages.unbind(4)]
    assert exchange.facts == {
        "namingContexts": ["dc=x"], "starttls": True, "starttls_tried": "works", "starttls_result": 0,
        "result": 13, "result_name": "confidentialityRequired", "answer": "done",
    }  # fmt: skip
    assert ldap.interpret(exchange.facts).findings == [
        ("LDAP_TLS_REQUIRED", Params(result=13, result_name="confidentialityRequired", starttls_tried="works"))
    ]


def test_starttls_that_came_to_nothing() -> None:
    exchange = Exchange(ldap.converse(PEER))
    exchange.receive(REFUSED + AGREED)
    exchange.out.clear()
    exchange.secured(False)
    assert (exchange.out, exchange.finished) == ([], True), "nobody is there to take leave of"
    assert exchange.facts == {
        "result": 13,
        "result_name": "confidentialityRequired",
        "answer": "done",
        "starttls_tried": "failed",
    }


def test_a_hang_up_instead_of_starttls() -> None:
    exchange = Exchange(ldap.converse(PEER))
    exchange.receive(REFUSED)
    exchange.eof()
    assert (exchange.facts or {})["starttls_tried"] == "closed"


@pytest.mark.parametrize(
    "answer", [result(number=1, tag=0x78), result(number=2), entry(number=2), result(number=2, tag=0x61)]
)
def test_another_answer_to_starttls_is_none(answer: bytes) -> None:
    assert refused(REFUSED, answer)


def test_a_notice_without_its_name() -> None:
    assert talk(notice(b"\x34", b""))[1]["result"] == 52


def test_referral_continuation_notification_and_controls() -> None:
    referral = tlv(0xA3, tlv(4, b"ldap://other/"))
    continuation = message(1, tlv(0x73, tlv(4, b"ldap://other/")))
    controls = tlv(0xA0, tlv(0x30, tlv(4, b"1.2.3"), tlv(1, b"\xff")))
    _, facts = talk(notice(b"\0", b"1.2.3.4"), continuation, result(b"\x0a", more=referral, controls=controls))
    assert (facts["result_name"], facts["answer"]) == ("referral", "done")


@pytest.mark.parametrize(
    "reply",
    [
        result(number=2),
        result(number=0),
        entry(number=0) + result(),
        result(number=1, tag=0x78),
        result(tag=0x61),  # BindResponse
        message(1, tlv(0x73, tlv(4, b"ldap://other/"))) * 20,
        result(b"\xff"),  # a negative code
        result(b"\x7f" * 5000),  # no number that a report can hold
        tlv(0x30, tlv(2, b"\x7f" * 5000), tlv(0x65, tlv(10, b"\0"), tlv(4), tlv(4))),
        result(more=b"\x04\x00"),
        b"\x30\x80" + result()[2:] + b"\0\0",  # indefinite length
        b"\x30\x85\0\0\0\0\x0c" + result()[2:],
        b"\x30\x84\x7f\xff\xff\xff",
        entry(*[attribute(b"a")] * 3000) + result(),  # too many elements
        entry(attribute(b"namingContexts", *[b""] * 30_000)) + result(),
        b"\x30\x0c\x02\x01\x01\x65\x20\x0a\x01\x00\x04\x00\x04\x00",  # longer than its parent
        b"HTTP/1.1 400 Bad Request\r\n",
        b"0\x0c\x02\x01\x01",
    ],
)
def test_what_is_no_answer(reply: bytes) -> None:
    assert refused(reply)


def test_our_own_question_sent_back_is_no_answer() -> None:
    assert refused(Exchange(ldap.converse(PEER)).out[0])


@pytest.mark.parametrize("tag", [0x30, 0x24, 0xA0])
def test_nesting_is_bounded_before_anything_recurses(tag: int) -> None:
    deep = b""
    while len(deep) < 50_000:
        deep = tlv(tag, deep)
    assert refused(message(1, deep))
    assert refused(result(controls=tlv(0xA0, deep)))
    assert refused(entry(tlv(0x30, tlv(4, b"namingContexts"), tlv(0x31, deep))))


def test_the_peer_s_texts_are_capped() -> None:
    _, facts = talk(
        entry(attribute(b"namingContexts", *[b"x" * 1000] * 50), attribute(b"dnsHostName", b"\xff" * 9000)),
        result(text=b"y" * 9000),
    )
    assert (len(facts["namingContexts"]), len(facts["namingContexts"][0]), len(facts["dnsHostName"])) == (8, 128, 128)


@given(at=st.integers(0, 400), change=st.binary(max_size=4), cut=st.integers(0, 4), chunk=st.integers(1, 50))
@settings(max_examples=500, deadline=None)
def test_a_damaged_answer_never_escapes(at: int, change: bytes, cut: int, chunk: int) -> None:
    whole = entry(
        attribute(b"namingContexts", b"dc=x"), attribute(b"supportedExtension", b"1.3.6.1.4.1.1466.20037")
    ) + result(controls=tlv(0xA0, tlv(0x30, tlv(4, b"1"))))
    at %= len(whole)
    whole = whole[:at] + change + whole[at + cut :]
    try:
        exchange = Exchange(ldap.converse(PEER))
        for start in range(0, len(whole), chunk):
            exchange.receive(whole[start : start + chunk])
        exchange.eof()
    except (UnexpectedBytes, Ended):
        return
    if exchange.facts is not None:
        assert msgspec.json.encode(exchange.facts)
        assert ldap.interpret(exchange.facts).proof is Proof.PROTOCOL


def test_starttls_that_is_only_offered_is_tried_apart_from_the_search() -> None:
    """For its certificate: on another connection, which asks nothing else."""
    assert ldap.PROTOCOL.continuation is not None
    assert ldap.PROTOCOL.continuation.wanted({"starttls": True, "result": 0})
    assert not ldap.PROTOCOL.continuation.wanted({"starttls": False, "result": 0})
    assert not ldap.PROTOCOL.continuation.wanted({"starttls": True, "starttls_tried": "works"})
    exchange = Exchange(ldap.converse_starttls(PEER))
    assert len(exchange.out) == 1
    exchange.receive(bytes.fromhex("300c020101 7807 0a0100 0400 0400"))
    exchange.secured(True)
    assert exchange.facts == {"starttls_tried": "works"}
    refused = Exchange(ldap.converse_starttls(PEER))
    refused.receive(bytes.fromhex("300c020101 7807 0a0134 0400 0400"))  # unavailable: it has no certificate
    assert refused.facts == {"starttls_tried": "refused"}
