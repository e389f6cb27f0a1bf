"""What the observer asks each server: raw bytes written here from the specifications, sharing nothing with the program.

Sources: RFC 4120 5.4.1 (AS-REQ), [MS-SMB2] 2.2.3 (NEGOTIATE), RFC 1002 4.2.17 (NBSTAT), MQTT 3.1.1 3.1 (CONNECT), RFC
4511 4.2 (bind).
"""

import os
import re
import struct

from tests.lab.observation import Observation
from tests.lab.topology import (
    DATABASE,
    DATABASE_STRICT,
    DC,
    DC_STRICT,
    DEAD,
    INTERNET,
    PROXY_NO_CONNECT,
    PROXY_OPEN,
    PROXY_PASSWORD,
    SERVER,
    SERVER_MTLS12,
    SERVER_MTLS13,
    TARGET,
    TARGET_NO_NTLM,
    TARGET_SIGNED,
)  # fmt: skip


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)])
    return bytes([tag]) + length + body


def _integer(value: int) -> bytes:
    return _tlv(2, value.to_bytes(max(1, (value.bit_length() + 8) // 8), "big"))


def _principal(kind: int, *parts: str) -> bytes:
    return _tlv(
        0x30, _tlv(0xA0, _integer(kind)), _tlv(0xA1, _tlv(0x30, *(_tlv(0x1B, part.encode()) for part in parts)))
    )


def as_req(realm: str, user: str) -> str:
    """Hex of a Kerberos AS-REQ without pre-authentication."""
    body = _tlv(
        0x30, _tlv(0xA0, _tlv(3, b"\0\0\0\0\x10")), _tlv(0xA1, _principal(1, user)), _tlv(0xA2, _tlv(0x1B, realm.encode())),
        _tlv(0xA3, _principal(2, "krbtgt", realm)), _tlv(0xA5, _tlv(0x18, b"20370913024805Z")), _tlv(0xA7, _integer(0x1234567)),
        _tlv(0xA8, _tlv(0x30, _integer(18), _integer(17), _integer(23))),
    )  # fmt: skip
    return _tlv(0x6A, _tlv(0x30, _tlv(0xA1, _integer(5)), _tlv(0xA2, _integer(10)), _tlv(0xA4, body))).hex()


def smb2_negotiate(*dialects: int) -> str:
    header = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ16x", 64, 0, 0, 0, 31, 0, 0, 0, 0, 0, 0)
    body = struct.pack("<HHHHI16sQ", 36, len(dialects), 1, 0, 0, os.urandom(16), 0) + struct.pack(
        f"<{len(dialects)}H", *dialects
    )
    return (struct.pack(">I", len(header + body)) + header + body).hex()


def tcp(host: str, port: int, *options: str, healthy: object = None) -> Observation:
    return Observation(("tcp", host, str(port), *options), healthy)


def udp(host: str, port: int, payload: str, healthy: object = None) -> Observation:
    return Observation(("udp", host, str(port), "--send", payload), healthy)


MQTT_CONNECT = "101000044d5154540402003c00046c616231"
NBSTAT = "123400000001000000000000" + "20" + (b"CK" + b"A" * 30).hex() + "00" + "0021" + "0001"
LDAP_ANONYMOUS_BIND = "300c020101600702010304008000"
HTTP_GET = r"GET {} HTTP/1.0\r\nHost: x\r\n\r\n"
HTTP_CONNECT = r"CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n"
DIALECTS = (0x0202, 0x0210, 0x0300, 0x0302)

BYTES = {"tls": re.compile("^TLSv1"), "bytes": range(1, 1 << 20)}
AGENT_PORT = tcp(
    SERVER, 2222, "--tls", "server.lab.test", "--send", HTTP_GET.format("/"), "--read", "200", healthy=BYTES
)
UPLOAD = tcp(
    SERVER,
    2222,
    "--tls",
    "server.lab.test",
    "--send",
    HTTP_GET.format("/" + 3000 * "a"),
    "--read",
    "200",
    healthy=BYTES,
)
AGENT_PORT_BY_NAME = Observation(("tcp", "server.lab.test", *AGENT_PORT.asks[2:]), {"addr": "fd77:2::2", **BYTES})
CLOSED_PORT = tcp(SERVER, 2224)
DEAD_ADDRESS = tcp(DEAD, 2222, "--timeout", "5")
MTLS13 = tcp(SERVER_MTLS13, 2222, "--tls", "server.lab.test", "--send", HTTP_GET.format("/"), "--read", "200")
MTLS12 = tcp(SERVER_MTLS12, 2222, *MTLS13.asks[3:])
_MQTT = ("--tls", "epns.eset.com", "--send", MQTT_CONNECT, "--read", "4")
PUSH = tcp(INTERNET, 8883, *_MQTT, healthy={"hex": "20020000"})
PUSH_443 = tcp(INTERNET, 443, *_MQTT, healthy={"hex": "20020000"})
REPOSITORY = tcp(
    INTERNET, 80, "--send", HTTP_GET.format("/v1/info.meta"), "--read", "400", healthy={"text": re.compile(r"^HTTP/1.1 200 .*repository stand-in")}
)  # fmt: skip
_CONNECT = ("--send", HTTP_CONNECT.format(f"{INTERNET}:8883"), "--read", "200")
PROXY = tcp(PROXY_OPEN, 3128, *_CONNECT, healthy={"text": re.compile("^HTTP/1.1 200")})
PROXY_407 = tcp(PROXY_PASSWORD, 3128, *_CONNECT)
PROXY_403 = tcp(PROXY_NO_CONNECT, 3128, *_CONNECT)
PUSH_NAME = Observation(("name", "epns.eset.com."), {"addrs": INTERNET})
KERBEROS = udp(DC, 88, as_req("LAB.TEST", "portcheck-nobody"), {"reply": range(20, 4096)})
NOT_A_KDC = udp(TARGET, 88, as_req("LAB.TEST", "portcheck-nobody"))
LDAP = tcp(
    DC, 389, "--send", LDAP_ANONYMOUS_BIND, "--read", "100", healthy={"hex": re.compile("^300c02010161070a0100")}
)
LDAP_STRICT = tcp(DC_STRICT, 389, "--send", LDAP_ANONYMOUS_BIND, "--read", "100")
_SMB = ("--send", smb2_negotiate(*DIALECTS), "--read", "128")
SMB = tcp(TARGET, 445, *_SMB, healthy={"hex": re.compile("^00......fe534d42")})
SMB_SIGNED = tcp(TARGET_SIGNED, 445, *_SMB)
SMB_NO_NTLM = tcp(TARGET_NO_NTLM, 445, *_SMB)
NETBIOS = udp(TARGET, 137, NBSTAT, {"reply": range(50, 4096)})
SSH = tcp(TARGET, 22, "--read", "40", healthy={"text": re.compile("^SSH-2.0-OpenSSH")})
MYSQL = tcp(DATABASE, 3306, "--read", "200", healthy={"text": re.compile("10[.]11")})
MYSQL_STRICT = tcp(DATABASE_STRICT, 3306, "--read", "200")
