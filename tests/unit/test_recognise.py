"""Names of services by their first bytes; junk, echoes of our own requests and words that two services share have
none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck import protocols
from eset_portcheck.wire.conversation import Exchange, Peer
from eset_portcheck.wire.recognise import _BANNERS, _BINARY, recognise

# What servers said (samba 4.17, OpenSSH 9.2, nginx 1.22, MariaDB 10.11, MIT krb5, slapd 2.5, redis 7.0, Python's
# http.server), or by the specification.
KNOWN = {
    b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n": "ssh",
    b"SSH-1.99-Cisco-1.25\n": "ssh",
    b"HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\n": "http",
    b"HTTP/1.1 200": "http",
    b'<!DOCTYPE HTML>\n<html lang="en">\n    <head>\n': "http",
    b"<html>\r\n<head><title>400 The plain HTTP request": "http",
    b"RTSP/1.0 400 Bad Request\r\n": "rtsp",
    b"SIP/2.0 400 Bad Request\r\n": "sip",
    b"220 mail.lab.test ESMTP Postfix\r\n": "smtp",
    b"554 mail.lab.test ESMTP not accepting messages\r\n": "smtp",
    b"220 (vsFTPd 3.0.3)\r\n": "ftp",
    b"220-Microsoft FTP Service\r\n": "ftp",
    b"220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n": "ftp",
    b"+OK Dovecot ready.\r\n": "pop3",
    b"* OK [CAPABILITY IMAP4rev1] ready\r\n": "imap",
    b"RFB 003.008\n": "vnc",
    b"AMQP\x00\x00\x09\x01": "amqp",
    b"AMQP\x00\x01\x00\x00": "amqp",
    b"-ERR unknown command 'xyz', with args beginning with: \r\n": "redis",
    b"-ERR wrong number of arguments for 'get' command\r\n": "redis",
    b"-DENIED Redis is running in protected mode": "redis",
    b"-NOAUTH Authentication required.\r\n": "redis",
    b"E\0\0\0\x8eSFATAL\0VFATAL\0C0A000\0Munsupported frontend protocol": "postgresql",
    b"E\0\0\0\x6cSFATAL\0C08P01\0Minvalid length of startup packet": "postgresql",
    b":irc.lab.test NOTICE * :*** Looking up your hostname...\r\n": "irc",
    b"NOTICE AUTH :*** Looking up your hostname\r\n": "irc",
    b"ERROR :Closing Link: 10.0.0.1 (Bad user info)\r\n": "irc",
    b"@RSYNCD: 31.0 sha512\n": "rsync",
    b"AB\x00\x01\x09": "ajp",
    b"AB\x00\x2c\x04\x01\x94\x00\x09Not Found": "ajp",
    bytes.fromhex("15030300020228"): "tls",
    bytes.fromhex("15030100020246"): "tls",
    bytes.fromhex("160303004a0200004603036553"): "tls",
    bytes.fromhex("000000f0fe534d4240000000000000000000010001000000000000000000000000000000"): "smb",
    bytes.fromhex("00000083ff534d4272000000009853c8000000000000000000000000fffffffe00000000"): "smb",
    bytes.fromhex("8300000182"): "netbios-session",
    bytes.fromhex("82000000"): "netbios-session",
    bytes.fromhex("640000000a352e352e352d31302e31312e31392d4d6172696144422d302b64656231327531000c000000"): "mysql",
    bytes.fromhex("44000000ff6a04486f7374202731302e37372e312e3227206973206e6f74"): "mysql",
    bytes.fromhex("030000130ed000001234000200080002000000"): "rdp",
    bytes.fromhex("030000130ed000001234000300080005000000"): "rdp",
    bytes.fromhex("0300000b06d00000123400"): "rdp",
    bytes.fromhex("0401002500000100000015000601001b000102001c000103001d0000ff"): "tds",
    bytes.fromhex("300c02010161070a010004000400"): "ldap",
    bytes.fromhex("3024020101651f0a010d04000418636f6e666964656e7469616c6974792072657175697265"): "ldap",
    bytes.fromhex("7e819c308199a003020105a10302011ea411180f3230323631313234"): "kerberos",
    bytes.fromhex("0000009f7e819c308199a003020105a10302011ea411180f3230323631313234"): "kerberos",
    bytes.fromhex("20020000"): "mqtt",
    bytes.fromhex("20020005"): "mqtt",
    bytes.fromhex("2003008700"): "mqtt",
    bytes.fromhex("000006040000000000000300000064"): "http2",
    bytes.fromhex("fffd18fffd20fffd23fffd27"): "telnet",
}

# SMB2, and no answer.
UNKNOWN = [
    b"",
    b"\0",
    b"220 hello\r\n",
    b"HTTP",
    b"+OK\r\n",  # Redis, NATS and POP3 alike
    b"-ERR too many connections\r\n",  # POP3 or Redis
    b"ERROR\r\n",
    b"AMQP",
    b"MQTT",
    bytes(range(41, 105)),
    b"\x16\x03\x03",
    bytes.fromhex("16030100c8010000c403"),  # a ClientHello: our own, come back
    bytes.fromhex("170303002a0000000000"),  # application data
    bytes.fromhex("1503030030a1b2c3d4e5"),  # an alert that nobody could have encrypted yet
    bytes.fromhex("00000049fe534d4240000000"),  # cut before the bit that marks an answer
    bytes.fromhex("000000c8fe534d424000010000000000000001000000000000000000010000000000000000000000"),
    bytes.fromhex("30800201016100"),  # indefinite length: not allowed in LDAP
    bytes.fromhex("302902010004067075626c6963a21c"),  # SNMP
    bytes.fromhex("0300001611d00001001400c1020100c2020102c0010a"),  # S7 over the same TPKT
    bytes.fromhex("030000130ed00001001400c00109c1020100c2"),  # the same, as long as RDP's
    bytes.fromhex("0000000400000000000001"),
    bytes.fromhex("000000040000000000"),  # a count and zeros, as an empty SETTINGS frame
    bytes.fromhex("20020105"),  # a session kept never goes with a refusal
]


@pytest.mark.parametrize(("first", "name"), KNOWN.items())
def test_known_services(first: bytes, name: str) -> None:
    assert recognise(first[:64]) == name


@pytest.mark.parametrize("first", UNKNOWN)
def test_no_guessing(first: bytes) -> None:
    assert recognise(first) is None


def test_every_signature_is_tried() -> None:
    assert {name for name, _ in _BANNERS} | set(_BINARY) == set(KNOWN.values())


@pytest.mark.parametrize("name", sorted(protocols.BUILT_IN))
def test_an_echo_of_our_own_request_is_nobody(name: str) -> None:
    known = protocols.find(name)
    assert known is not None
    for request in Exchange(known.converse(Peer(host="pc7", port=1, alpn="h2", realm="LAB.TEST"))).out:
        assert recognise(request[:64]) is None


@given(
    st.binary(max_size=64),
    st.sampled_from(
        [b"", b"\0\0\0\x40", b"\x16\x03\x03", b"\x30\x0c\x02", b"E\0\0\0", b"AB", b"\x20\x02", b"220 ", b"\xff\xfb"]
    ),
)
def test_junk_never_raises(first: bytes, start: bytes) -> None:
    assert recognise(start + first) in {None, *KNOWN.values()}


@pytest.mark.parametrize("first", KNOWN)
def test_cut_anywhere_it_is_the_same_service_or_none(first: bytes) -> None:
    assert {recognise(first[:size]) for size in range(len(first) + 1)} <= {None, KNOWN[first]}
