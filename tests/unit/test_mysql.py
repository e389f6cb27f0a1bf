"""MySQL: the log-on, byte by byte, what each plug-in is answered, and how little it takes to prove the server and how
much to disprove it."""

import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eset_portcheck.model.params import Params
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import mysql
from eset_portcheck.wire.conversation import Ended, Exchange, Peer, UnexpectedBytes

PEER = Peer(host="db.corp.local", port=3306, random=lambda size: b"\xab" * size)
ALL = 0xC7FFFFFF


def packet(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number]) + payload


def greeting(plugin: bytes = b"mysql_native_password", capabilities: int = ALL, version: bytes = b"8.0.36") -> bytes:
    """HandshakeV10."""
    numbers = struct.pack("<HBHHB", capabilities & 0xFFFF, 45, 2, capabilities >> 16, 21)
    return (
        b"\x0a" + version + b"\0" + bytes(4) + b"12345678\0" + numbers + bytes(10) + b"123456789012\0" + plugin + b"\0"
    )


def error(code: int, text: bytes = b"#28000Access denied") -> bytes:
    return b"\xff" + struct.pack("<H", code) + text


def talk(*packets: bytes, close: bool = False) -> tuple[list[bytes], dict[str, Any]]:
    exchange = Exchange(mysql.converse(PEER))
    for one in packets:
        exchange.receive(one)
    if close:
        exchange.eof()
    assert exchange.facts is not None
    assert len(msgspec.json.encode(exchange.facts)) < 1024
    return exchange.out, exchange.facts


def test_handshake_response_41() -> None:
    sent, facts = talk(packet(0, greeting()), packet(2, error(1045)))
    assert sent == [
        bytes.fromhex("46000001")  # 70 bytes, sequence 1
        # LONG_PASSWORD, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH; no SSL, no CONNECT_WITH_DB
        + bytes.fromhex("01a20800")
        + bytes.fromhex("00400000 2d") + bytes(23)  # largest packet, utf8mb4, reserved
        + b"pcabababababab\0" + b"\0" + b"mysql_native_password\0"  # user, answer of no bytes, plug-in
    ]  # fmt: skip
    assert facts == {
        "answer": "greeting", "version": "8.0.36", "plugin": "mysql_native_password", "capabilities": "0xC7FFFFFF", "tls": True,
        "log_on": "refused", "refusal": 1045,
    }  # fmt: skip
    assert mysql.interpret(facts).reason == "PROTOCOL_REPLY"


def test_nothing_is_asked_that_the_server_does_not_offer() -> None:
    sent, facts = talk(packet(0, greeting(capabilities=0xF7FF)), packet(2, error(1045)))  # no PLUGIN_AUTH, no SSL
    assert sent[0][4:8] == bytes.fromhex("01a20000")
    assert sent[0].endswith(b"pcabababababab\0\0")
    assert (facts["plugin"], facts["tls"]) == ("", False)


@pytest.mark.parametrize(
    ("plugin", "answer"),
    [
        (b"mysql_native_password", b""),
        (b"mysql_old_password", b""),
        (b"caching_sha2_password", b"\0"),
        (b"sha256_password", b"\0"),
        (b"mysql_clear_password", b"\0"),
        (b"dialog", b"\0"),
        (b"client_ed25519", bytes(64)),
        (b"never_heard_of", b""),
    ],
)
def test_each_plugin_gets_what_it_can_read(plugin: bytes, answer: bytes) -> None:
    """At the greeting behind a length, at a switch as a packet of its own. Another length would count against this
    host."""
    sent, _ = talk(packet(0, greeting(plugin)), packet(2, error(1045)))
    assert sent[0].endswith(b"pcabababababab\0" + bytes([len(answer)]) + answer + plugin + b"\0")
    sent, facts = talk(
        packet(0, greeting()), packet(2, b"\xfe" + plugin + b"\0saltsaltsaltsaltsalt\0"), packet(4, error(1698))
    )
    assert (sent[1], facts["refusal"]) == (packet(3, answer), 1698)


def test_old_switch_without_a_name() -> None:
    sent, _ = talk(packet(0, greeting()), packet(2, b"\xfe"), packet(4, error(1251)))
    assert sent[1] == packet(3, b"")


def test_a_question_of_pam_is_answered_with_nothing() -> None:
    sent, facts = talk(
        packet(0, greeting()),
        packet(2, b"\xfedialog\0\x05Password: "),
        packet(4, b"\x02Again: "),
        packet(6, error(1045)),
    )
    assert (sent[1:], facts["refusal"]) == ([packet(3, b"\0"), packet(5, b"\0")], 1045)


def test_fast_success_is_followed_by_ok_without_a_word() -> None:
    sent, facts = talk(
        packet(0, greeting(b"caching_sha2_password")), packet(2, b"\x01\x03"), packet(3, b"\0\0\0\2\0\0\0")
    )
    assert (sent[1:], facts["log_on"]) == ([packet(0, b"\x01")], "accepted")  # COM_QUIT


@pytest.mark.parametrize("code", [1045, 1251, 1698, 3118, 3159])
def test_whatever_the_refusal_it_is_mysql(code: int) -> None:
    _, facts = talk(packet(0, greeting()), packet(2, error(code)))
    assert (facts["refusal"], mysql.interpret(facts).proof, mysql.interpret(facts).reason) == (
        code,
        Proof.PROTOCOL,
        "PROTOCOL_REPLY",
    )


@pytest.mark.parametrize("rest", [b"", b"\x07", b"\x07\0\0\2\xff"])
def test_a_hang_up_after_the_greeting_does_not_unprove_it(rest: bytes) -> None:
    _, facts = talk(packet(0, greeting()), rest, close=True)
    assert (facts["log_on"], mysql.interpret(facts).proof) == ("closed", Proof.PROTOCOL)


def test_endless_questions_end() -> None:
    _, facts = talk(packet(0, greeting()), *[packet(2, b"\x01more")] * 20)
    assert facts["log_on"] == "unfinished"


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1130, "MYSQL_HOST_NOT_ALLOWED"), (1129, "MYSQL_HOST_BLOCKED"), (1040, "MYSQL_TOO_MANY_CONNECTIONS")],
)
def test_the_first_packet_may_turn_this_host_away(code: int, reason: str) -> None:
    sent, facts = talk(packet(0, error(code, b"Host '10.1.1.1' ...")))
    assert (sent, facts) == ([], {"answer": "error", "code": code})
    meaning = mysql.interpret(facts)
    assert (meaning.proof, meaning.reason, meaning.disproves) == (Proof.PROTOCOL, reason, True)


def test_the_error_of_a_real_full_server() -> None:
    """MariaDB 10.11, recorded."""
    _, facts = talk(bytes.fromhex("17000000ff1004546f6f206d616e7920636f6e6e656374696f6e73"))
    assert mysql.interpret(facts).reason == "MYSQL_TOO_MANY_CONNECTIONS"


@pytest.mark.parametrize(
    "hostile",
    [
        packet(0, b"\xff\0\0x"),  # code 0
        packet(0, b"\xff\x10\x04"),  # no text
        packet(0, b"\xff"),
        packet(0, b"\x09" + greeting()[1:]),  # protocol 9
        packet(1, greeting()),  # a greeting begins the sequence
        packet(0, b"\x0a" + b"8" * 60),  # the version has no end
        packet(0, greeting()[:30]),  # cut short inside itself
        b"\0\0\0\0",  # an empty packet
        b"\xff\xff\xff\0",  # 16 MiB
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_what_is_no_mysql(hostile: bytes) -> None:
    exchange = Exchange(mysql.converse(PEER))
    try:
        exchange.receive(hostile)
        exchange.eof()
    except UnexpectedBytes:
        return
    assert not exchange.finished


def test_the_version_is_capped() -> None:
    _, facts = talk(packet(0, greeting(plugin=b"p" * 5000, version=b"9" * 5000)), close=True)
    assert (len(facts["version"]), len(facts["plugin"])) == (64, 64)


@given(at=st.integers(0, 90), byte=st.integers(0, 255), rest=st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_a_damaged_greeting_never_escapes(at: int, byte: int, rest: bytes) -> None:
    whole = bytearray(packet(0, greeting()))
    whole[at % len(whole)] = byte
    try:
        exchange = Exchange(mysql.converse(PEER))
        exchange.receive(bytes(whole) + rest)
        exchange.eof()
    except (UnexpectedBytes, Ended):
        return
    assert exchange.facts is None or msgspec.json.encode(exchange.facts)


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        (3159, "MYSQL_TLS_REQUIRED"),
        (1251, "MYSQL_CLIENT_TOO_OLD"),
        (1203, "MYSQL_ACCOUNT_LIMIT"),
        (1226, "MYSQL_ACCOUNT_LIMIT"),
    ],
)
def test_what_refuses_every_log_on_is_told(code: int, finding: str) -> None:
    """It takes nothing from what the greeting proved."""
    _, facts = talk(packet(0, greeting()), packet(2, error(code)))
    meaning = mysql.interpret(facts)
    assert (meaning.reason, meaning.findings) == ("PROTOCOL_REPLY", [(finding, Params(refusal=code))])


@pytest.mark.parametrize(
    ("code", "finding"), [(1203, "MYSQL_ACCOUNT_LIMIT"), (3159, "MYSQL_TLS_REQUIRED"), (1047, "SERVICE_REFUSES")]
)
def test_an_error_in_place_of_the_greeting_is_told(code: int, finding: str) -> None:
    _, facts = talk(packet(0, error(code)))
    assert mysql.interpret(facts).findings == [(finding, Params(code=code))]


def test_the_limit_of_a_real_server() -> None:
    """MariaDB 10.11 with an anonymous account of one connection, recorded."""
    text = b"#42000User '' has exceeded the 'max_user_connections' resource (current value: 1)"
    _, facts = talk(packet(0, greeting()), packet(2, error(1226, text)))
    assert mysql.interpret(facts).findings == [("MYSQL_ACCOUNT_LIMIT", Params(refusal=1226))]


def test_a_login_method_that_not_every_driver_knows_is_named() -> None:
    """That of the greeting, or the one asked for at the log-on; the refusal's finding goes first."""
    _, facts = talk(packet(0, greeting(b"caching_sha2_password")), packet(2, error(3159)))
    assert mysql.interpret(facts).findings == [
        ("MYSQL_TLS_REQUIRED", Params(refusal=3159)),
        ("MYSQL_LOGIN_METHOD", Params(plugin="caching_sha2_password")),
    ]
    switched = packet(2, b"\xfeauth_socket\0salt\0")
    _, facts = talk(packet(0, greeting()), switched, packet(4, error(1698)))
    assert (facts["plugin"], facts["plugin_asked"]) == ("mysql_native_password", "auth_socket")
    assert mysql.interpret(facts).findings == [("MYSQL_LOGIN_METHOD", Params(plugin="auth_socket"))]
    back = packet(2, b"\xfemysql_native_password\0salt\0")
    _, facts = talk(packet(0, greeting(b"caching_sha2_password")), back, packet(4, error(1045)))
    assert mysql.interpret(facts).findings == []
