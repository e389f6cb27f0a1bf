"""MySQL and MariaDB on TCP 3306: the greeting, then one polite log-on of a user that does not exist, which is refused.

Why not hang up after the greeting: the server counts a hang-up as a connection error of this host, and blocks the host
after 100 of them (1129); also after COM_QUIT or a TLS request in place of the log-on, and after an answer of a length
that the plug-in does not know (measured: an empty one to MariaDB's ed25519). A well-formed answer that is refused
(1045) does not count. So: one probe a run, no retry, and each plug-in gets what it can read. An account that does not
exist is met with the plug-in of any account of that server, so every plug-in may be asked of us.

Sources: MySQL client/server protocol, "Connection Phase" (HandshakeV10, HandshakeResponse41, AuthSwitchRequest,
AuthMoreData), "ERR_Packet"; reference manual "Host cache"; MariaDB "Connection", "Authentication plugin - ed25519".
"""

import struct
from collections.abc import Generator

from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, ReadSome, Send, Step
from eset_portcheck.wire.protocol import SPOKEN, Protocol

MAX_PACKET_BYTES = 16384
TEXT_LIMIT = 64
SHORTEST_REST_BYTES = 43  # behind the version: 31 of fixed fields and, in every server since 4.1, 12 of salt
PLUGIN_AUTH = 0x80000
SSL = 0x800
# LONG_PASSWORD, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH: asked for as far as the server offers them,
# PROTOCOL_41 always
_WANTED, _ALWAYS = 0x1 | 0x2000 | 0x8000 | PLUGIN_AUTH, 0x200
_UTF8MB4 = 45
REASONS: dict[int, ReasonCode] = {
    1130: "MYSQL_HOST_NOT_ALLOWED",
    1129: "MYSQL_HOST_BLOCKED",
    1040: "MYSQL_TOO_MANY_CONNECTIONS",
}
# Errors, as a rule at the log-on, that speak of every client's log-on, and not of this unknown user alone.
_TOLD: dict[int, ReasonCode] = {
    3159: "MYSQL_TLS_REQUIRED",
    1251: "MYSQL_CLIENT_TOO_OLD",
    1203: "MYSQL_ACCOUNT_LIMIT",
    1226: "MYSQL_ACCOUNT_LIMIT",
}
_ERR, _OK, _SWITCH = 0xFF, 0x00, 0xFE
_FAST_SUCCESS = b"\x01\x03"  # AuthMoreData of caching_sha2_password: the OK packet follows by itself
_ROUNDS = 8
# What says "no password" and still is of a length that the plug-in can read; everything else takes an empty packet.
_NOTHING = {
    "caching_sha2_password": b"\0",
    "sha256_password": b"\0",
    "mysql_clear_password": b"\0",
    "dialog": b"\0",
    "client_ed25519": bytes(64),
}
_EVERY_DRIVER_KNOWS = ("", "mysql_native_password")


def converse(peer: Peer) -> Conversation:
    head = yield Read(4)
    first = yield Read(_size(head))
    if first[0] == _ERR:
        return {"answer": "error", "code": _code(first)}
    if first[0] != 10 or head[3] != 0:
        raise ValueError("no greeting of protocol 10")
    version, end, rest = first[1:].partition(b"\0")
    if not end:
        raise ValueError("no end of the version")
    capabilities = _capabilities(rest)
    plugin = _plugin(rest) if capabilities & PLUGIN_AUTH else ""
    yield Send(_wrapped(1, _log_on(f"pc{peer.random(6).hex()}", plugin, capabilities)))
    facts: Facts = {"answer": "greeting", "version": version.decode("latin-1")[:TEXT_LIMIT], "plugin": plugin}
    facts |= {"capabilities": f"0x{capabilities:08X}", "tls": bool(capabilities & SSL)}
    return facts | (yield from _refusal())


def _capabilities(rest: bytes) -> int:
    """Lower half at 13 (after connection id, eight bytes of salt, filler), upper half at 18 (after character set and
    status)."""
    if len(rest) < SHORTEST_REST_BYTES:
        raise ValueError("greeting cut short")
    lower, upper = struct.unpack_from("<H3xH", rest, 13)
    return int(lower | upper << 16)


def _plugin(rest: bytes) -> str:
    """The authentication plug-in's name at the end of the greeting (after the second part of the salt, whose size is at
    20)."""
    salt_size = max(13, rest[20] - 8)
    return rest[31 + salt_size :].split(b"\0")[0].decode("latin-1")[:TEXT_LIMIT]


def _log_on(user: str, plugin: str, offered: int) -> bytes:
    """HandshakeResponse41 without a password."""
    capabilities = _WANTED & offered | _ALWAYS
    answer = _NOTHING.get(plugin, b"")
    body = (
        struct.pack("<IIB23x", capabilities, MAX_PACKET_BYTES, _UTF8MB4)
        + user.encode()
        + b"\0"
        + bytes([len(answer)])
        + answer
    )
    return body + plugin.encode("latin-1") + b"\0" if capabilities & PLUGIN_AUTH else body


def _refusal() -> Generator[Step, bytes, Facts]:
    """Read to the end of the log-on, whatever the plug-in asks. The greeting has proven MySQL: a close from here on is
    a fact, no failure."""
    asked: Facts = {}
    for _ in range(_ROUNDS):
        head = yield from _up_to(4)
        packet = (yield from _up_to(_size(head))) if len(head) == 4 else b""
        if not packet or len(packet) < _size(head):
            return asked | {"log_on": "closed"}
        if packet[0] == _ERR:
            return asked | {"log_on": "refused", "refusal": _code(packet)}
        if packet[0] == _OK:
            yield Send(_wrapped(0, b"\x01"))  # COM_QUIT: an anonymous account let us in
            return asked | {"log_on": "accepted", "refusal": 0}
        if packet[0] == _SWITCH:  # another plug-in, asked for by name
            name = packet[1:].split(b"\0")[0].decode("latin-1")
            asked = {"plugin_asked": name[:TEXT_LIMIT]}
            yield Send(_wrapped(head[3] + 1, _NOTHING.get(name, b"")))
        # Any other beginning is the plug-in's own (a question of PAM, say): nothing to add.
        elif packet != _FAST_SUCCESS:
            yield Send(_wrapped(head[3] + 1, b"\0"))
    return asked | {"log_on": "unfinished"}


def _up_to(count: int) -> Generator[Step, bytes, bytes]:
    """`count` bytes, or fewer when the server closes its side before."""
    found = b""
    while len(found) < count and (chunk := (yield ReadSome(count - len(found)))):
        found += chunk
    return found


def _size(head: bytes) -> int:
    """Length of the packet behind this header. Raises ValueError."""
    size = int.from_bytes(head[:3], "little")
    if not 1 <= size <= MAX_PACKET_BYTES:
        raise ValueError("packet length")
    return size


def _wrapped(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number & 0xFF]) + payload


def _code(packet: bytes) -> int:
    """The code of an ERR_Packet. Raises ValueError, struct.error for what is none: server errors begin at 1000 and have
    a text."""
    code = int(struct.unpack_from("<H", packet, 1)[0])
    if not 1000 <= code < 10000 or len(packet) < 4:
        raise ValueError("no error of a server")
    return code


def interpret(facts: Facts) -> Meaning:
    """The first packet may say that this host is not welcome: MySQL is spoken, and the requirement is disproven.

    Another error in its place (a proxy of MySQL without a server behind it, a server that is shutting down) refuses
    everybody. What refuses the log-on is told and takes nothing from what the greeting proved.
    """
    if facts.get("answer") == "error":
        reason = REASONS.get(int(facts["code"]))
        if reason:
            return Meaning(Proof.PROTOCOL, reason, params=Params(code=facts["code"]))
        return Meaning(
            Proof.PROTOCOL, findings=[(_TOLD.get(int(facts["code"]), "SERVICE_REFUSES"), Params(code=facts["code"]))]
        )
    found: list[tuple[ReasonCode, Params]] = []
    told = _TOLD.get(int(facts.get("refusal") or 0))
    if told:
        found.append((told, Params(refusal=facts["refusal"])))
    plugin = str(facts.get("plugin_asked", facts.get("plugin", "")))
    if plugin not in _EVERY_DRIVER_KNOWS:
        found.append(("MYSQL_LOGIN_METHOD", Params(plugin=plugin)))
    return Meaning(Proof.PROTOCOL, findings=found)


PROTOCOL = Protocol(
    name="mysql",
    converse=converse,
    interpret=interpret,
    single_probe=True,
    own_signatures=("mysql",),
    possible_reasons=tuple(
        dict.fromkeys((*SPOKEN, *REASONS.values(), "SERVICE_REFUSES", *_TOLD.values(), "MYSQL_LOGIN_METHOD"))
    ),
    checked={
        "en": (
            "The server sends the first packet: a greeting or an error. Then one complete login of an unknown user is "
            "made, once in each run."
        ),
        "es": (
            "El servidor envía el primer paquete: un saludo o un error. Después se hace un inicio de "
            "sesión completo de un usuario desconocido, una vez por ejecución."
        ),
    },
)
