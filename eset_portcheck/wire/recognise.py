"""Which service speaks, by its first bytes. Precise signatures only: unknown bytes stay unknown, because a wrong name
is a lie.

A signature is of what a *server* says: where a protocol marks its answers (SMB's reply bit, TLS' ServerHello, LDAP's
response tags), an echo of our own request is nobody's voice. Where two services share a word ("-ERR" of Redis and POP3,
a bare "+OK"), it names neither.

Sources: RFC 4253 4.2 (SSH), RFC 9112 4 (HTTP) and RFC 1945 3.1 (HTTP/0.9: a page without a status line, sent to what is
no request), RFC 8446 5.1 and 6 (TLS record, alert), RFC 9113 6.5 (SETTINGS), greetings of RFC 5321 4.2, RFC 959 4.2,
RFC 1939 4, RFC 3501 7.1; RFC 2326 7 (RTSP), RFC 3261 7.2 (SIP), RFC 2812 (IRC), RFC 854 (telnet), RFC 6143 7.1.1 (VNC);
MySQL client/server protocol (initial handshake, ERR packet), PostgreSQL protocol 3.0 (ErrorResponse), RESP (Redis
errors), AMQP 0-9-1 4.2.2 and 1.0 2.2, MQTT 3.1.1 and 5.0 3.2 (CONNACK), AJP 1.3 (packets to the web server), MS-CIFS
2.2.3.1, MS-SMB2 2.2.1, RFC 1002 4.3 (NetBIOS session), MS-RDPBCGR 2.2.1.2 (connection confirm in TPKT), MS-TDS 2.2.3.1
and 2.2.6.5, RFC 4511 4.1.1 and 4.2 to 4.12 (LDAP), RFC 4120 5.4.2 and 5.9.1 (AS-REP, KRB-ERROR).
"""

import re

_BANNERS = [
    ("ssh", re.compile(rb"SSH-[12]\.\d+-")),
    ("http", re.compile(rb"HTTP/[012](\.\d)? \d{3}([ \r\n]|$)|(?i:<!DOCTYPE HTML|<HTML)[ >\r\n]")),
    ("rtsp", re.compile(rb"RTSP/[12]\.0 \d{3} ")),
    ("sip", re.compile(rb"SIP/2\.0 \d{3} ")),
    ("smtp", re.compile(rb"(220|421|554)[ -][^\r\n]*\b(E?SMTP|Postfix|Exim|sendmail)\b", re.IGNORECASE)),
    ("ftp", re.compile(rb"(220|421)[ -][^\r\n]*\b(FTP|FTPd|FileZilla|vsFTPd|ProFTPD|Pure-FTPd)\b", re.IGNORECASE)),
    ("pop3", re.compile(rb"\+OK [!-~]")),
    ("imap", re.compile(rb"\* (OK|PREAUTH|BYE) ")),
    ("vnc", re.compile(rb"RFB \d{3}\.\d{3}\n")),
    ("amqp", re.compile(rb"AMQP[\0-\3][\0\1][\0-\n]{2}")),
    (
        "redis",
        re.compile(
            rb"-(ERR (unknown command|wrong number of arguments|Protocol error)|NOAUTH |LOADING Redis|DENIED Redis)"
        ),
    ),
    ("postgresql", re.compile(rb"E\0\0[\0-\x10][^\0]S[^\0]{1,20}\0(V(ERROR|FATAL|PANIC)\0)?C[0-9A-Z]{5}\0", re.DOTALL)),
    ("irc", re.compile(rb":\S+ (NOTICE \S+ :|\d{3} )|NOTICE AUTH |ERROR :Closing Link")),
    ("rsync", re.compile(rb"@RSYNCD: \d")),
    ("ajp", re.compile(rb"AB(\0\x01\x09|\0\x02\x05[\0\1]|[\0-\x20][^\0-\x03]\x04[\0-\2])", re.DOTALL)),
]


def recognise(first_bytes: bytes) -> str | None:
    """The service's name in lower case, or None. Takes what came first (64 bytes are enough). Never raises, never
    repeats what the peer sent."""
    for name, pattern in _BANNERS:
        if pattern.match(first_bytes):
            return name
    for name, known in _BINARY.items():
        if len(first_bytes) >= 4 and known(first_bytes):
            return name
    return None


def _tls(b: bytes) -> bool:
    """A whole alert in the clear, or a record that begins with a server's first word (HelloRequest, ServerHello): a
    ClientHello is none."""
    if len(b) < 6 or b[1] != 3 or b[2] > 4:
        return False
    size = int.from_bytes(b[3:5], "big")
    if b[0] == 21:
        return size == 2 and b[5] in (1, 2)
    return b[0] == 22 and 4 <= size <= 16640 and b[5] in (0, 2)


def _smb(b: bytes) -> bool:
    """In a NetBIOS frame, with the bit that marks answers: SMB1 Flags 0x80, SMB2 SERVER_TO_REDIR."""
    if b[0] != 0 or len(b) < 24:
        return False
    if b[4:8] == b"\xffSMB":
        return bool(b[13] & 0x80)
    return b[4:10] == b"\xfeSMB\x40\0" and bool(b[20] & 0x01)


def _netbios_session(b: bytes) -> bool:
    """Positive (0x82), negative (0x83) and keep-alive (0x85) packets; a negative one carries a known code."""
    if b[:4] in (b"\x82\0\0\0", b"\x85\0\0\0"):
        return len(b) == 4
    return b[:4] == b"\x83\0\0\x01" and len(b) == 5 and b[4] in (0x80, 0x81, 0x82, 0x83, 0x8F)


def _mysql(b: bytes) -> bool:
    """A greeting of protocol 10 with a printable version, or an ERR packet in its place."""
    size, number = int.from_bytes(b[:3], "little"), b[3]
    if number != 0 or len(b) < 8:
        return False
    if b[4] == 0x0A and 40 <= size <= 1024:
        version = b[5:].split(b"\0")[0]
        return len(version) >= 5 and version[:1].isdigit() and all(32 < one < 127 for one in version)
    return b[4] == 0xFF and 7 <= size <= 1024 and 1000 <= int.from_bytes(b[5:7], "little") <= 5000


def _rdp(b: bytes) -> bool:
    """A connection confirm of class 0 with RDP's own negotiation answer, or the short one of old servers. Other
    services over TPKT send other ones."""
    if b[:4] == b"\x03\0\0\x13":
        return len(b) == 19 and b[4:7] == b"\x0e\xd0\0" and b[11] in (2, 3) and b[13:15] == b"\x08\0"
    return b == b"\x03\0\0\x0b\x06\xd0\0\0\x12\x34\0"


def _tds(b: bytes) -> bool:
    """A tabular response (type 4), last packet, with PRELOGIN's VERSION (6 bytes, first option) or an error token."""
    if b[:2] != b"\x04\x01" or len(b) < 13 or b[7] != 0 or not 13 <= int.from_bytes(b[2:4], "big") <= 4096:
        return False
    return b[8] == 0xAA or (b[8] == 0 and b[11:13] == b"\0\x06")


def _ldap(b: bytes) -> bool:
    """An LDAPMessage: SEQUENCE, INTEGER id, then a response: bind, entry, done, reference, extended."""
    at = 2 if b[1] < 0x80 else 2 + (b[1] & 0x7F)
    if b[0] != 0x30 or b[1] == 0x80 or at > 6 or len(b) < at + 5 or b[at] != 0x02 or not 1 <= b[at + 1] <= 4:
        return False
    tag = at + 2 + b[at + 1]
    return len(b) > tag and b[tag] in (0x61, 0x64, 0x65, 0x73, 0x78)


def _kerberos(b: bytes) -> bool:
    """KRB-ERROR (APPLICATION 30) or AS-REP (APPLICATION 11), bare or behind TCP's length, with pvno 5 and its own
    message type."""
    start = 4 if b[0] == 0 else 0
    kind = {0x7E: 30, 0x6B: 11}.get(b[start] if len(b) > start else 0)
    return kind is not None and b"\xa0\x03\x02\x01\x05\xa1\x03\x02\x01" + bytes([kind]) in b[start : start + 24]


def _mqtt(b: bytes) -> bool:
    """CONNACK of 3.1.1 (codes 0 to 5, a session only with 0) or of 5.0 (reason 0 or 0x80 up, properties to the end)."""
    if b[0] != 0x20 or b[1] != len(b) - 2 or b[2] > 1 or (b[2] and b[3]):
        return False
    return b[3] <= 5 if len(b) == 4 else (b[3] == 0 or 0x80 <= b[3] <= 0x9F) and b[4] == len(b) - 5


def _http2(b: bytes) -> bool:
    """A SETTINGS frame on stream 0 with settings in it, as servers begin. An empty one is too like any count in front
    of zeros."""
    size = int.from_bytes(b[:3], "big")
    return (
        len(b) >= 11
        and b[3:9] == b"\x04\0\0\0\0\0"
        and 0 < size <= 96
        and size % 6 == 0
        and b[9] == 0
        and 1 <= b[10] <= 16
    )


def _telnet(b: bytes) -> bool:
    """IAC with WILL, WONT, DO or DONT, twice."""
    return b[0] == 0xFF and 0xFB <= b[1] <= 0xFE and len(b) >= 6 and b[3] == 0xFF and 0xFB <= b[4] <= 0xFE


_BINARY = {
    "tls": _tls,
    "smb": _smb,
    "netbios-session": _netbios_session,
    "mysql": _mysql,
    "rdp": _rdp,
    "tds": _tds,
    "ldap": _ldap,
    "kerberos": _kerberos,
    "mqtt": _mqtt,
    "http2": _http2,
    "telnet": _telnet,
}
