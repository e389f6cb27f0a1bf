"""Golden bytes by section of the specification, and what the answers of real servers mean (shortened records)."""

import struct
from typing import Any

import pytest

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import apns, kerberos, ldap, mysql, nbdgm, nbns, nbss, smb, ssh, tds
from eset_portcheck.wire import kerberos_messages, ldap_messages, netbios, ntlm, smb2
from eset_portcheck.wire.conversation import Exchange, Peer, UnexpectedBytes

PEER = Peer(
    host="pc7.corp.local",
    port=445,
    realm="CORP.LOCAL",
    alpn="h2",
    random=lambda size: b"\x11" * size,
    now_s=1_000_000_000.0,
)


def said(module: Any, *replies: bytes) -> tuple[list[bytes], dict[str, Any]]:
    exchange = Exchange(module.converse(PEER))
    sent = list(exchange.out)
    exchange.out.clear()
    for reply in replies:
        exchange.receive(reply)
        sent += exchange.out
        exchange.out.clear()
    assert exchange.facts is not None
    return sent, exchange.facts


# -- NetBIOS (RFC 1001 14.1, RFC 1002 4.2.17) ------------------------------------------------
def test_first_level_encoding_as_in_the_rfc() -> None:
    assert netbios.encode_name("FRED", 0x20) == b"\x20EGFCEFEECACACACACACACACACACACACA\0"
    assert netbios.encode_name("*", 0) == b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0"


def test_node_status_and_name_query() -> None:
    exchange = Exchange(nbns.converse(PEER))
    status, query = exchange.out
    assert status == bytes.fromhex("1111 0000 0001 0000 0000 0000") + netbios.encode_name("*", 0) + bytes.fromhex(
        "0021 0001"
    )
    assert query[12:46] == netbios.encode_name("PC7", 0x20)


def test_node_status_reply_without_the_hardware_address() -> None:
    names = b"\x01PC7            \x00\x04\x00"
    body = names + bytes.fromhex("aabbccddeeff") + bytes(40)
    reply = (
        bytes.fromhex("1111 8400 0000 0001 0000 0000")
        + netbios.encode_name("*", 0)
        + bytes.fromhex("0021 0001 00000000")
        + len(body).to_bytes(2, "big")
        + body
    )
    exchange = Exchange(nbns.converse(PEER))
    assert not exchange.datagram(b"\x22" + reply[1:])
    assert exchange.datagram(reply)
    assert exchange.facts == {"answer": "node-status", "names": [{"name": "PC7", "suffix": 0, "group": False}]}


def test_session_request_and_its_refusal() -> None:
    sent, facts = said(nbss, bytes.fromhex("8300000182"))
    assert sent[0][:4] == bytes.fromhex("81000044")
    assert sent[0][4:38] == netbios.encode_name("*SMBSERVER", 0x20)
    meaning = nbss.interpret(facts)
    assert (meaning.proof, meaning.reason) == (Proof.ACCEPTS, "NETBIOS_SESSION_REFUSED")


def test_the_datagram_service_says_nothing() -> None:
    exchange = Exchange(nbdgm.PROTOCOL.converse(PEER))
    assert (exchange.out, exchange.finished) == ([], True)
    assert nbdgm.interpret({}).reason == "ONE_WAY_PROTOCOL"


# -- SMB (MS-CIFS 2.2.4.52, MS-SMB2 2.2.3, 2.2.4) ---------------------------------------------
def smb2_answer(command: int, status: int, body: bytes) -> bytes:
    return netbios.frame(
        b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ16x", 64, 0, status, command, 1, 1, 0, 0, 0, 0, 0) + body
    )


def negotiated(dialect: int, mode: int = 1, capabilities: int = 0, filetime: int = 0) -> bytes:
    return smb2_answer(
        0,
        0,
        struct.pack(
            "<HHHH16sIIIIQQHHI", 65, mode, dialect, 0, bytes(16), capabilities, 0, 0, 0, filetime, 0, 128, 0, 0
        ),
    )


def test_smb_begins_with_both_worlds_by_name() -> None:
    (first,) = Exchange(smb.converse(PEER)).out
    assert first[4:9] == b"\xffSMB\x72"
    assert first.endswith(b"\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???\0")


def test_smb2_negotiate_contexts_are_where_they_are_said_to_be() -> None:
    request = smb2.negotiate(1, bytes(16), bytes(32))
    offset, count = struct.unpack_from("<IH", request, 64 + 28)
    assert (offset % 8, count) == (0, 3)
    kinds = []
    for _ in range(count):
        kind, size = struct.unpack_from("<HH", request, offset)
        kinds.append(kind)
        offset += 8 + size + (-size % 8)
    assert kinds == [1, 2, 8]
    assert struct.unpack_from("<5H", request, 64 + 36) == (0x0202, 0x0210, 0x0300, 0x0302, 0x0311)


def test_smb_dialect_signing_clock_and_challenge() -> None:
    pairs = b"".join(
        struct.pack("<HH", kind, len(text)) + text
        for kind, text in ((1, "PC7".encode("utf-16-le")), (2, "CORP".encode("utf-16-le")), (0, b""))
    )
    token = (
        b"NTLMSSP\0"
        + struct.pack(
            "<IHHII8s8sHHIBBHBBBB",
            2,
            0,
            0,
            56,
            0x02800000,
            bytes(8),
            bytes(8),
            len(pairs),
            len(pairs),
            56,
            10,
            0,
            19045,
            0,
            0,
            0,
            15,
        )
        + pairs
    )
    setup = smb2_answer(1, 0xC0000016, struct.pack("<HHHH", 9, 0, 72, len(token)) + token)
    filetime = int((1_000_000_400 + 11_644_473_600) * 1e7)
    sent, facts = said(smb, negotiated(0x02FF), negotiated(0x0210, mode=3, filetime=filetime), setup)
    assert len(sent) == 3
    assert facts == {
        "signing": "required", "encryption": False, "server_time_utc": "2001-09-09T01:53:20Z", "dialect": "2.1", "skew_s": 400.0,
        "os_build": "10.0.19045", "computer": "PC7", "domain": "CORP",
    }  # fmt: skip
    assert smb.interpret(facts).proof is Proof.PROTOCOL


def test_smb1_alone_is_named() -> None:
    answer = netbios.frame(b"\xffSMB\x72" + bytes(27) + bytes([17]) + struct.pack("<H", 0) + bytes(40))
    _, facts = said(smb, answer)
    assert [code for code, _ in smb.interpret(facts).findings] == ["SMB1_ONLY"]


def test_a_refused_session_still_is_smb() -> None:
    _, facts = said(smb, negotiated(0x0202), smb2_answer(1, 0xC0000022, struct.pack("<HHHHx", 9, 0, 0, 0)))
    assert (facts["logon_status"], smb.interpret(facts).proof) == ("0xC0000022", Proof.PROTOCOL)


def test_no_dialect_that_was_not_offered() -> None:
    with pytest.raises(UnexpectedBytes):
        said(smb, negotiated(0x0999))


def test_filetime() -> None:
    assert ntlm.filetime_s(0) is None
    assert ntlm.filetime_s(116444736000000000) == 0


# -- SSH (RFC 4253 4.2, 7.1) -----------------------------------------------------------------
def test_ssh_after_lines_of_greeting() -> None:
    lists = b"".join(
        len(text).to_bytes(4, "big") + text
        for text in (b"curve25519-sha256,ecdh-sha2-nistp256", b"ssh-ed25519", b"aes128-ctr", *[b""] * 7)
    )
    payload = bytes([20]) + bytes(16) + lists + bytes(5)
    packet = (len(payload) + 5).to_bytes(4, "big") + b"\x04" + payload + bytes(4)
    sent, facts = said(ssh, b"hello\r\nSSH-2.0-OpenSSH_9.2\r\n", packet)
    assert sent[0].startswith(b"SSH-2.0-eset_portcheck_")
    assert (facts["software"], facts["host_key"]) == ("OpenSSH_9.2", ["ssh-ed25519"])


@pytest.mark.parametrize("line", [b"SSH-1.5-old\r\n", b"\n" * 30])
def test_ssh_that_is_none(line: bytes) -> None:
    with pytest.raises((UnexpectedBytes, AssertionError)):
        said(ssh, line)


# -- Kerberos (RFC 4120 5.4.1, 5.9.1) ----------------------------------------------------------
def test_as_request_is_application_10() -> None:
    request = kerberos_messages.as_request("CORP.LOCAL", "x", 7, 1_000_000_000)
    assert request[0] == 0x6A
    assert b"CORP.LOCAL" in request
    assert b"20010909024640Z" in request  # one hour later


def krb_error(code: int, stamp: str = "20010909014640Z") -> bytes:
    error = kerberos_messages.KrbError()
    for name, value in {
        "pvno": 5,
        "msg-type": 30,
        "stime": stamp,
        "susec": 0,
        "error-code": code,
        "realm": "CORP.LOCAL",
    }.items():
        error[name] = value
    error["sname"]["name-type"] = 2
    error["sname"]["name-string"].extend(("krbtgt", "CORP.LOCAL"))
    from eset_portcheck.wire import ber

    return ber.encode(error)


@pytest.mark.parametrize("code", [6, 25, 52, 68, 999])
def test_any_error_proves_a_kdc(code: int) -> None:
    exchange = Exchange(kerberos.converse(PEER))
    assert exchange.datagram(krb_error(code))
    assert exchange.facts is not None
    assert (exchange.facts["code"], kerberos.interpret(exchange.facts).proof) == (code, Proof.PROTOCOL)


@pytest.mark.parametrize(
    ("stamp", "found"),
    [("20010909014640Z", []), ("20010909024640Z", ["KDC_CLOCK_SKEW"]), ("20010909004640Z", ["KDC_CLOCK_SKEW"])],
)
def test_clock_skew(stamp: str, found: list[str]) -> None:
    exchange = Exchange(kerberos.converse(PEER))
    exchange.datagram(krb_error(25, stamp))
    assert exchange.facts is not None
    assert [code for code, _ in kerberos.interpret(exchange.facts).findings] == found


def test_kerberos_over_tcp() -> None:
    exchange = Exchange(kerberos.converse_tcp(PEER))
    message = krb_error(6)
    exchange.receive(len(message).to_bytes(4, "big") + message)
    assert (exchange.facts or {})["code"] == 6


# -- LDAP (RFC 4511 4.5.1) ---------------------------------------------------------------------
def test_ldap_search_of_the_root() -> None:
    (request,) = Exchange(ldap.converse(PEER)).out
    # SEQUENCE, messageID 1, [APPLICATION 3], base "", scope base, never deref, size 1, time 5, no types, present
    # objectClass
    assert request[:6] == bytes.fromhex("3081b6020101")
    assert request[6] == 0x63
    assert bytes.fromhex("0400 0a0100 0a0100 020101 020105 010100 870b") + b"objectClass" in request


@pytest.mark.parametrize(
    ("code", "found"),
    [(0, ["LDAP_SIGNING_UNKNOWN"]), (8, ["LDAP_TLS_REQUIRED"]), (13, ["LDAP_TLS_REQUIRED"]), (48, []), (53, [])],
)
def test_ldap_results(code: int, found: list[str]) -> None:
    done = bytes.fromhex("300c020101") + bytes([0x65, 7, 0x0A, 1, code, 4, 0, 4, 0])
    no_tls = bytes.fromhex("300c020102 7807 0a0102 0400 0400")  # ExtendedResponse, protocolError
    sent, facts = said(ldap, done, *[no_tls] * (code in ldap.NEED_TLS))
    assert sent[-1] == ldap_messages.unbind(4 if code in ldap.NEED_TLS else 2)
    assert ldap_messages.unbind(2) == bytes.fromhex("30050201024200")
    meaning = ldap.interpret(facts)
    assert (meaning.proof, [name for name, _ in meaning.findings]) == (Proof.PROTOCOL, found)


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    deep = b""
    for _ in range(3000):
        size = len(deep)
        head = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
        deep = b"\x30" + head + deep
    with pytest.raises(UnexpectedBytes):
        said(ldap, deep)


# -- TDS (MS-TDS 2.2.6.5), MySQL, HTTP/2 (RFC 9113 3.4) -----------------------------------------
def test_prelogin() -> None:
    assert tds.prelogin() == bytes.fromhex("12010029 0000 0100") + bytes.fromhex(
        "00 0015 0006 01 001b 0001 02 001c 0001 03 001d 0004 ff"
    ) + bytes(12)


def test_prelogin_answer() -> None:
    _, facts = said(tds, bytes.fromhex("0401001a00000100 00000b0006 0100110001 ff 10000fa00000 03"))
    assert facts == {"version": "16.0.4000", "encryption": "required"}


GREETING = (
    b"\x0a"
    b"8.0.36\0"
    + bytes(4)
    + b"12345678\0"
    + struct.pack("<HBHHB", 0xFFFF, 45, 2, 0xC7FF, 21)
    + bytes(10)
    + b"123456789012\0"
    + b"caching_sha2_password\0"
)


def packet(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number]) + payload


def test_mysql_is_refused_politely() -> None:
    sent, facts = said(mysql, packet(0, GREETING), packet(2, b"\xff\x15\x04#28000Access denied"))
    assert sent[0][3] == 1
    assert b"pc111111111111\0\x01\0caching_sha2_password\0" in sent[0]
    assert (facts["version"], facts["plugin"], facts["refusal"]) == ("8.0.36", "caching_sha2_password", 1045)


def test_mysql_switches_the_plugin_when_asked() -> None:
    sent, facts = said(
        mysql,
        packet(0, GREETING),
        packet(2, b"\xfemysql_native_password\0" + bytes(21)),
        packet(4, b"\xff\x15\x04#28000no"),
    )
    assert (sent[1], facts["refusal"]) == (packet(3, b""), 1045)


def test_mysql_lets_an_anonymous_user_in() -> None:
    sent, facts = said(mysql, packet(0, GREETING), packet(2, b"\0\0\0\2\0\0\0"))
    assert (sent[1], facts["refusal"]) == (packet(0, b"\x01"), 0)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1130, "MYSQL_HOST_NOT_ALLOWED"),
        (1129, "MYSQL_HOST_BLOCKED"),
        (1040, "MYSQL_TOO_MANY_CONNECTIONS"),
        (1203, "PROTOCOL_REPLY"),
    ],
)
def test_mysql_errors_in_place_of_the_greeting(code: int, reason: str) -> None:
    _, facts = said(mysql, packet(0, b"\xff" + struct.pack("<H", code) + b"Host 'x' is not allowed"))
    assert mysql.interpret(facts).reason == reason


def test_http2_preface() -> None:
    sent, facts = said(apns, bytes.fromhex("000006040000000000 000300000064"))
    assert sent[0] == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    assert sent[1] == bytes.fromhex("000000040100000000") + bytes.fromhex("000008070000000000") + bytes(8)
    assert facts == {"settings": {"max_concurrent_streams": 100}}


def test_http2_without_alpn_is_none() -> None:
    with pytest.raises(UnexpectedBytes):
        Exchange(apns.converse(Peer(host="x", port=2197)))
