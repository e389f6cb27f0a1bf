"""Names of services by their first bytes; junk has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eset_portcheck.wire.recognise import recognise

KNOWN = {
    b"SSH-2.0-OpenSSH_9.2p1\r\n": "ssh",
    b"HTTP/1.1 400 Bad Request\r\n": "http",
    b"220 mail.lab.test ESMTP Postfix\r\n": "smtp",
    b"220 (vsFTPd 3.0.3)\r\n": "ftp",
    b"+OK ready\r\n": "pop3",
    b"* OK IMAP4rev1\r\n": "imap",
    b"RFB 003.008\n": "vnc",
    b"-ERR unknown command\r\n": "redis",
    bytes.fromhex("15030300020228"): "tls",
    bytes.fromhex("160303004a02000046"): "tls",
    bytes.fromhex("00000049fe534d4240000000"): "smb",
    bytes.fromhex("8300000182"): "netbios-session",
    bytes.fromhex("5b0000000a31302e31312e362d4d61726961444200"): "mysql",
    bytes.fromhex("45000000ff6a04486f737420"): "mysql",
    bytes.fromhex("030000130ed00000123400"): "rdp",
    bytes.fromhex("0401002500000100000015000601001b"): "tds",
    bytes.fromhex("300c02010161070a010004000400"): "ldap",
    bytes.fromhex("20020005"): "mqtt",
    bytes.fromhex("000006040000000000000300000064"): "http2",
    bytes.fromhex("fffd18fffd20"): "telnet",
}


@pytest.mark.parametrize(("first", "name"), KNOWN.items())
def test_known_services(first: bytes, name: str) -> None:
    assert recognise(first) == name


@pytest.mark.parametrize("first", [b"", b"\0", b"220 hello\r\n", b"HTTP", bytes(range(41, 105)), b"\x16\x03\x03", b"\x30\x80\x02\x01\x01", b"MQTT"])
def test_no_guessing(first: bytes) -> None:
    assert recognise(first) is None


@given(st.binary(max_size=64))
def test_junk_never_raises(first: bytes) -> None:
    recognise(first)
