"""Which service speaks, by its first bytes. Precise signatures only: unknown bytes stay unknown, because a wrong name is a lie.

Sources: RFC 4253 4.2 (SSH), RFC 9112 4 (HTTP), RFC 8446 5.1 (TLS record), RFC 9113 4.1 (HTTP/2 frame), greetings of RFC 5321 4.2, RFC 959 4.2,
RFC 1939 3, RFC 3501 7.1; MySQL client/server protocol (initial handshake, ERR packet), MS-SMB 2.2.3.1, MS-SMB2 2.2.1, RFC 1002 4.3 (NetBIOS
session), MS-RDPBCGR 2.2.1.2 (TPKT), MS-TDS 2.2.3.1, RFC 6143 7.1.1 (RFB), RFC 4511 4.1.1 (LDAP), RFC 4120 5.9.1 (KRB-ERROR), MQTT 3.1.1 3.2,
AMQP 0-9-1 4.2.2, RFC 2812, RFC 854.
"""

import re

_BANNERS = [
    ("ssh", re.compile(rb"SSH-[12]\.\d+-")),
    ("http", re.compile(rb"HTTP/[012](\.\d)? \d{3}[ \r\n]|HTTP/[012](\.\d)? \d{3}$")),
    ("rtsp", re.compile(rb"RTSP/1\.0 \d{3} ")),
    ("sip", re.compile(rb"SIP/2\.0 \d{3} ")),
    ("smtp", re.compile(rb"220[ -][^\r\n]*\b(E?SMTP|Postfix|Exim|sendmail)\b", re.IGNORECASE)),
    ("ftp", re.compile(rb"220[ -][^\r\n]*\b(FTP|FileZilla|vsFTPd|ProFTPD)\b", re.IGNORECASE)),
    ("pop3", re.compile(rb"\+OK[ \r]")),
    ("imap", re.compile(rb"\* (OK|PREAUTH|BYE) ")),
    ("vnc", re.compile(rb"RFB \d{3}\.\d{3}\n")),
    ("amqp", re.compile(rb"AMQP[\x00-\x03]")),
    ("redis", re.compile(rb"-(ERR|NOAUTH|DENIED) ")),
    ("irc", re.compile(rb":\S+ (NOTICE|\d{3}) |NOTICE AUTH ")),
    ("rsync", re.compile(rb"@RSYNCD: \d")),
]


def recognise(first_bytes: bytes) -> str | None:
    """The service's name in lower case, or None. Takes what came first (64 bytes are enough)."""
    for name, pattern in _BANNERS:
        if pattern.match(first_bytes):
            return name
    for name, known in _BINARY.items():
        if len(first_bytes) >= 4 and known(first_bytes):
            return name
    return None


def _tls(b: bytes) -> bool:
    """A handshake or alert record of version 3.x whose length is possible."""
    return b[0] in (21, 22) and b[1] == 3 and b[2] <= 4 and len(b) >= 5 and 2 <= int.from_bytes(b[3:5], "big") <= 16640


def _smb(b: bytes) -> bool:
    return b[0] == 0 and b[4:8] in (b"\xfeSMB", b"\xffSMB", b"\xfdSMB")


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
    """A TPKT with an X.224 connection confirm (0xD0)."""
    return b[:2] == b"\x03\0" and len(b) >= 6 and b[5] == 0xD0


def _tds(b: bytes) -> bool:
    """A tabular response (type 4), last packet, with a PRELOGIN option list or an error token."""
    return b[:2] == b"\x04\x01" and len(b) >= 9 and 9 <= int.from_bytes(b[2:4], "big") <= 4096 and b[8] in (0x00, 0xAA)


def _ldap(b: bytes) -> bool:
    """An LDAPMessage: SEQUENCE, INTEGER id, then a response of the application class."""
    at = 2 if b[1] < 0x80 else 2 + (b[1] & 0x7F)
    if b[0] != 0x30 or b[1] == 0x80 or at > 6 or len(b) < at + 5 or b[at] != 0x02 or not 1 <= b[at + 1] <= 4:
        return False
    tag = at + 2 + b[at + 1]
    return len(b) > tag and b[tag] in (0x61, 0x64, 0x65, 0x78)


def _kerberos(b: bytes) -> bool:
    """KRB-ERROR (APPLICATION 30), bare or behind TCP's length, with pvno 5."""
    start = 4 if b[0] == 0 else 0
    return len(b) > start and b[start] == 0x7E and b"\xa0\x03\x02\x01\x05" in b[start : start + 16]


def _mqtt(b: bytes) -> bool:
    return len(b) == 4 and b[:2] == b"\x20\x02" and b[2] in (0, 1) and b[3] <= 5


def _http2(b: bytes) -> bool:
    """A SETTINGS frame on stream 0, as every server begins."""
    return len(b) >= 9 and b[3] == 4 and b[4] in (0, 1) and b[5:9] == b"\0\0\0\0" and int.from_bytes(b[:3], "big") % 6 == 0


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
