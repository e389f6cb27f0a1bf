"""An independent observer: raw facts (errno, ICMP, timing, bytes) as one JSON line, no conclusion.

It shares no code with the program under test and runs as a script of its own inside a namespace.
  observer.py tcp HOST PORT [--tls NAME] [--send BYTES] [--read N] [--timeout S]
  observer.py udp HOST PORT --send HEX [--timeout S]
  observer.py name HOST
BYTES: hexadecimal, or text with Python's escapes.
"""

import argparse
import calendar
import errno
import json
import os
import re
import select
import socket
import ssl
import struct
import time
from typing import Any

IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000
ORIGIN = {0: "none", 1: "local", 2: "icmp", 3: "icmp6"}
KRB_ERROR_STIME = re.compile(rb"\xa4\x11\x18\x0f(\d{14}Z)")  # RFC 4120 5.9.1, stime [4] KerberosTime
Facts = dict[str, Any]


def error_queue(sock: socket.socket) -> list[Facts]:
    """ICMP errors that the kernel kept for this socket. Source: ip(7), struct sock_extended_err."""
    found: list[Facts] = []
    sock.setblocking(False)  # with a time-out Python would first wait for ordinary bytes
    while True:
        try:
            _, ancillary, _, _ = sock.recvmsg(512, 512, MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except OSError:
            return found
        for level, kind, value in ancillary:
            if (level, kind) not in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)):
                continue
            number, origin, icmp_type, code, _, more, _ = struct.unpack("IBBBBII", value[:16])
            fact: Facts = {
                "errno": errno.errorcode.get(number, number),
                "origin": ORIGIN.get(origin, origin),
                "type": icmp_type,
                "code": code,
            }
            if more:
                fact["mtu"] = more
            if len(value) >= 24 and struct.unpack("H", value[16:18])[0] == socket.AF_INET:
                fact["from"] = socket.inet_ntoa(value[20:24])
            found.append(fact)


def want_errors(sock: socket.socket) -> None:
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def payload(text: str) -> bytes:
    if text and len(text) % 2 == 0 and all(sign in "0123456789abcdef" for sign in text):
        return bytes.fromhex(text)
    return text.encode().decode("unicode_escape").encode("latin1")


def since(start: float) -> float:
    return round((time.monotonic() - start) * 1e3, 1)


def tcp(asked: argparse.Namespace) -> Facts:
    try:
        family, _, _, _, address = socket.getaddrinfo(asked.host, asked.port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        return {"gai": error.args[0]}
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    want_errors(sock)
    start = time.monotonic()
    failed = sock.connect_ex(address)
    if failed == errno.EINPROGRESS:
        ready = select.select([], [sock], [], asked.timeout)[1]
        failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if ready else -1
    facts: Facts = {
        "addr": address[0],
        "connect": {-1: "timeout", 0: "ok"}.get(failed) or errno.errorcode[failed],
        "connect_ms": since(start),
        "icmp": error_queue(sock),
    }
    if not failed:
        sock.settimeout(asked.timeout)
        try:
            converse(sock, asked, facts)
        except ssl.SSLCertVerificationError as error:
            facts["error"] = f"cert verify {error.verify_code}"
        except ssl.SSLEOFError:  # its reason has a name in some builds of Python only
            facts["error"] = "EOF"
        except ssl.SSLError as error:
            facts["error"] = f"SSL {error.reason}"
        except TimeoutError:
            facts["error"] = "timeout"
        except OSError as error:
            facts["error"] = errno.errorcode.get(error.errno or 0, str(error))
    facts["total_ms"] = since(start)
    return facts


def converse(sock: socket.socket, asked: argparse.Namespace, facts: Facts) -> None:
    if asked.tls:
        context = ssl.create_default_context(cafile=asked.ca)
        if asked.alpn:
            context.set_alpn_protocols(asked.alpn.split(","))
        facts["stage"] = "tls"
        wrapped = context.wrap_socket(sock, server_hostname=asked.tls)
        facts |= {"tls": wrapped.version(), "alpn": wrapped.selected_alpn_protocol()}
        sock = wrapped
    facts["stage"] = "bytes"
    if asked.send:
        sock.sendall(payload(asked.send))
    if asked.read:
        got = sock.recv(asked.read)
        text = "".join(chr(byte) if 31 < byte < 127 else "." for byte in got[:400])
        facts |= {"bytes": len(got), "hex": got[:64].hex(), "text": text}
        if not got:
            facts["error"] = "FIN"


def udp(asked: argparse.Namespace) -> Facts:
    family, _, _, _, address = socket.getaddrinfo(asked.host, asked.port, type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(family, socket.SOCK_DGRAM)
    want_errors(sock)
    sock.settimeout(asked.timeout)
    facts: Facts = {}
    start = time.monotonic()
    try:
        sock.connect(address)
        sock.send(payload(asked.send))
        got = sock.recv(4096)
        facts |= {"reply": len(got), "hex": got[:60].hex()}
        if stamp := KRB_ERROR_STIME.search(got):
            facts["kdc_skew_s"] = round(
                calendar.timegm(time.strptime(stamp[1].decode(), "%Y%m%d%H%M%SZ")) - time.time()
            )
    except TimeoutError:
        facts["error"] = "timeout"
    except OSError as error:
        facts["error"] = errno.errorcode.get(error.errno or 0, str(error))
    return facts | {"ms": since(start), "icmp": error_queue(sock)}


def name(asked: argparse.Namespace) -> Facts:
    start = time.monotonic()
    try:
        facts: Facts = {"addrs": sorted({str(found[4][0]) for found in socket.getaddrinfo(asked.host, None)})}
    except socket.gaierror as error:
        facts = {"gai": error.args[0]}
    return facts | {"ms": since(start)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["tcp", "udp", "name"])
    parser.add_argument("host")
    parser.add_argument("port", type=int, nargs="?", default=0)
    parser.add_argument("--tls")
    parser.add_argument("--ca", default=os.environ.get("LAB_CA"))
    parser.add_argument("--alpn")
    parser.add_argument("--send", default="")
    parser.add_argument("--read", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=1.5)
    asked = parser.parse_args()
    print(json.dumps({"tcp": tcp, "udp": udp, "name": name}[asked.kind](asked)))


if __name__ == "__main__":
    main()
