"""MySQL and MariaDB on TCP 3306: the greeting, then one polite log-on of a user that does not exist, which is refused.

Why not hang up after the greeting: the server counts a hang-up as a connection error of this host, and blocks the host after 100 of them (1129); also
after COM_QUIT or a TLS request in place of the log-on. A complete answer that is refused (1045) does not count. So: one probe a run, no retry.

Sources: MySQL client/server protocol, "Connection Phase" (HandshakeV10, HandshakeResponse41, AuthSwitchRequest), "ERR_Packet"; reference manual "Host cache".
"""

import struct
from collections.abc import Generator

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send, Step

ENCRYPTED = False
ALPN: tuple[str, ...] = ()

MAX_PACKET_BYTES = 16384
TEXT_LIMIT = 64
# LONG_PASSWORD, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH
_CAPABILITIES = 0x1 | 0x200 | 0x2000 | 0x8000 | 0x80000
REASONS = {1130: "MYSQL_HOST_NOT_ALLOWED", 1129: "MYSQL_HOST_BLOCKED", 1040: "MYSQL_TOO_MANY_CONNECTIONS"}
_ROUNDS = 4


def _packet() -> Generator[Step, bytes, tuple[int, bytes]]:
    head = yield Read(4)
    size = int.from_bytes(head[:3], "little")
    if not 1 <= size <= MAX_PACKET_BYTES:
        raise ValueError("packet length")
    return head[3], (yield Read(size))


def converse(peer: Peer) -> Conversation:
    number, greeting = yield from _packet()
    if greeting[0] == 0xFF:
        return {"answer": "error", "code": _code(greeting)}
    if greeting[0] != 10 or number != 0:
        raise ValueError("no greeting of protocol 10")
    version, _, rest = greeting[1:].partition(b"\0")
    facts: Facts = {"answer": "greeting", "version": version.decode("latin-1")[:TEXT_LIMIT], "plugin": _plugin(rest)}
    facts["tls"] = bool(struct.unpack_from("<H", rest, 13)[0] & 0x800)
    yield Send(_wrapped(number + 1, _log_on(f"pc{peer.random(6).hex()}", facts["plugin"])))
    return facts | (yield from _refusal())


def _plugin(rest: bytes) -> str:
    """The authentication plug-in's name at the end of the greeting (after id, salt and reserved bytes)."""
    if len(rest) < 31:
        return ""
    salt_size = max(13, rest[20] - 8)
    return rest[31 + salt_size :].split(b"\0")[0].decode("latin-1")[:TEXT_LIMIT]


def _log_on(user: str, plugin: str) -> bytes:
    """HandshakeResponse41 without a password."""
    return struct.pack("<IIB23x", _CAPABILITIES, MAX_PACKET_BYTES, 45) + user.encode() + b"\0" + _no_password(plugin) + plugin.encode("latin-1") + b"\0"


def _no_password(plugin: str) -> bytes:
    """The empty answer, behind its length: plug-ins of the SHA-2 family spell it as one zero byte."""
    return b"\x01\0" if "sha2" in plugin or "sha256" in plugin else b"\0"


def _wrapped(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number & 0xFF]) + payload


def _refusal() -> Generator[Step, bytes, Facts]:
    """Read to the end of the log-on, whatever the plug-in asks."""
    for _ in range(_ROUNDS):
        number, packet = yield from _packet()
        if packet[0] == 0xFF:
            return {"refusal": _code(packet)}
        if packet[0] == 0x00:
            yield Send(_wrapped(0, b"\x01"))  # COM_QUIT: an anonymous account let us in
            return {"refusal": 0}
        if packet[0] == 0xFE:  # another plug-in, asked for by name
            name = packet[1:].split(b"\0")[0].decode("latin-1")
            yield Send(_wrapped(number + 1, _no_password(name)[1:]))
        elif packet[0] == 0x01:  # more data of the plug-in: nothing to add
            yield Send(_wrapped(number + 1, b"\0"))
        else:
            raise ValueError("no packet of the connection phase")
    raise ValueError("no end of the log-on")


def _code(packet: bytes) -> int:
    return int(struct.unpack_from("<H", packet, 1)[0])


def meaning(facts: Facts) -> Meaning:
    """The first packet may say that this host is not welcome: MySQL is spoken, and the requirement is disproven."""
    if facts.get("answer") == "error":
        reason = REASONS.get(int(facts["code"]))
        if reason:
            return Meaning(Proof.PROTOCOL, reason, params={"code": facts["code"]})
        return Meaning(Proof.PROTOCOL, params={"code": facts["code"]})
    return Meaning(Proof.PROTOCOL)
