"""SSH on TCP 22: the identification line and the server's KEXINIT; then the connection is closed. No key exchange, no log-on.

Sources: RFC 4253 4.2 (identification; other lines may come before it), 6 (binary packet), 7.1 (KEXINIT).
"""

from eset_portcheck import __version__
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, ReadUntil, Send

ENCRYPTED = False
ALPN: tuple[str, ...] = ()

LINE_BYTES = 255
LINES_BEFORE = 20
MAX_PACKET_BYTES = 35000
KEXINIT = 20
_LISTS = ("kex", "host_key", "cipher")


def converse(_peer: Peer) -> Conversation:
    for _ in range(LINES_BEFORE):
        line = yield ReadUntil(b"\n", LINE_BYTES + 1)
        if line.startswith(b"SSH-"):
            break
    version, _, software = line.rstrip(b"\r\n")[4:].decode("latin-1").partition("-")
    if version not in ("2.0", "1.99"):
        raise ValueError("not SSH 2")
    yield Send(f"SSH-2.0-eset_portcheck_{__version__}\r\n".encode())
    size = int.from_bytes((yield Read(4)), "big")
    if not 22 <= size <= MAX_PACKET_BYTES:
        raise ValueError("packet length")
    packet = yield Read(size)
    payload = packet[1 : size - packet[0]]
    if payload[0] != KEXINIT:
        raise ValueError("no KEXINIT")
    return {"version": version, "software": software[:120]} | _lists(payload[17:])


def _lists(body: bytes) -> dict[str, list[str]]:
    """The first name-lists of KEXINIT, six names each."""
    found = {}
    at = 0
    for name in _LISTS:
        size = int.from_bytes(body[at : at + 4], "big")
        if at + 4 + size > len(body):
            raise ValueError("name-list cut short")
        found[name] = [one[:64] for one in body[at + 4 : at + 4 + size].decode("ascii").split(",")[:6]]
        at += 4 + size
    return found


def meaning(_facts: Facts) -> Meaning:
    return Meaning(Proof.PROTOCOL)
