"""SSH on TCP 22: the identification line and the server's KEXINIT; then the connection is closed. No key exchange, no
log-on.

Sources: RFC 4253 4.2 (identification; other lines may come before it), 5.1 (1.99 is 2.0 with an older world beside it),
6 (binary packet), 7.1 (KEXINIT).
"""

from eset_portcheck import __version__
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, ReadUntil, Send
from eset_portcheck.wire.protocol import Protocol

LINE_BYTES = 255
LINE_BEFORE_BYTES = 1024
LINES_BEFORE = 20
MAX_PACKET_BYTES = 35000
SOFTWARE_LIMIT = 120
KEXINIT, COOKIE_BYTES, LISTS, AFTER_LISTS_BYTES = 20, 16, 10, 5
NAMES_KEPT, NAME_LIMIT = 16, 64
# Which of the ten lists are kept: both directions are alike in practice, so the server's own suffices.
_KEPT = {0: "kex", 1: "host_key", 3: "cipher", 5: "mac"}


def converse(_peer: Peer) -> Conversation:
    line = b""
    for _ in range(LINES_BEFORE + 1):
        line = yield ReadUntil(b"\n", LINE_BEFORE_BYTES)
        if line.startswith(b"SSH-"):
            break
    version, separator, software = line.removeprefix(b"SSH-").rstrip(b"\r\n").decode("latin-1").partition("-")
    if not line.startswith(b"SSH-") or len(line) > LINE_BYTES or not separator or version not in ("2.0", "1.99"):
        raise ValueError("no identification of SSH 2")
    yield Send(f"SSH-2.0-eset_portcheck_{__version__}\r\n".encode("ascii"))
    size = int.from_bytes((yield Read(4)), "big")
    if not 2 + COOKIE_BYTES + 4 * LISTS + AFTER_LISTS_BYTES <= size <= MAX_PACKET_BYTES:
        raise ValueError("packet length")
    packet = yield Read(size)
    padding = packet[0]
    payload = packet[1 : max(1, size - padding)]
    if padding < 4 or not payload or payload[0] != KEXINIT:
        raise ValueError("no KEXINIT")
    return {"version": version, "software": software[:SOFTWARE_LIMIT]} | name_lists(payload[1 + COOKIE_BYTES :])


def name_lists(body: bytes) -> dict[str, list[str]]:
    """The ten name-lists of KEXINIT, which must all be there, and of four of them the first names. Raises
    ValueError."""
    found: dict[str, list[str]] = {}
    at = 0
    for number in range(LISTS):
        size = int.from_bytes(body[at : at + 4], "big")
        text = body[at + 4 : at + 4 + size].decode("ascii")
        if number in _KEPT:
            found[_KEPT[number]] = [one[:NAME_LIMIT] for one in text.split(",")[:NAMES_KEPT] if one]
        at += 4 + size
    if len(body) - at < AFTER_LISTS_BYTES:
        raise ValueError("cut short")
    return found


def interpret(_facts: Facts) -> Meaning:
    return Meaning(Proof.PROTOCOL)


PROTOCOL = Protocol(
    name="ssh",
    converse=converse,
    interpret=interpret,
    own_signatures=("ssh",),
    second_client="ssh_login",
    checked={
        "en": (
            "The SSH server's greeting line is read. There is no login. For the sensor, a refusal from the host "
            "itself is an answer too."
        ),
        "es": (
            "Se lee la línea de saludo del servidor SSH. No se inicia sesión. Para el sensor, un rechazo del propio "
            "host también es una respuesta."
        ),
    },
)
