"""MQTT 3.1.1: CONNECT, CONNACK, DISCONNECT. Nothing is subscribed or published; no credentials are sent.

Any CONNACK proves the path to a broker: a refusal (codes 1 to 5) is the broker's own word.
An anonymous CONNECT with a random client id and a clean session leaves nothing behind.

Sources: OASIS MQTT 3.1.1 (2014), sections 2.2.3 (remaining length), 3.1 (CONNECT), 3.2 (CONNACK), 3.14 (DISCONNECT);
MQTT 5.0 section 3.2 for brokers that answer in it.
"""

from eset_portcheck.model.params import Params
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, Send
from eset_portcheck.wire.protocol import SPOKEN, Protocol

RETURN_CODES = {  # section 3.2.2.3, table 3.1
    0: "accepted",
    1: "unacceptable protocol version",
    2: "identifier rejected",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorised",
}


def connect(client_id: str, keep_alive_s: int = 60) -> bytes:
    """A CONNECT packet with clean session and nothing else."""
    payload = len(client_id).to_bytes(2, "big") + client_id.encode("ascii")
    body = b"\x00\x04MQTT\x04\x02" + keep_alive_s.to_bytes(2, "big") + payload
    return b"\x10" + remaining_length(len(body)) + body


def remaining_length(size: int) -> bytes:
    """Section 2.2.3: seven bits a byte, least significant first."""
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


def converse(peer: Peer) -> Conversation:
    yield Send(connect("pc" + peer.random(8).hex()))
    head = yield Read(2)
    if head[0] != 0x20 or not 2 <= head[1] <= 0x7F:
        raise ValueError("not a CONNACK")
    body = yield Read(head[1])
    flags, code = body[0], body[1]
    if flags & 0xFE or (head[1] == 2 and code > 5):
        raise ValueError("reserved bits")
    if code == 0:
        yield Send(b"\xe0\x00")
    return {
        "message": "CONNACK",
        "code": code,
        "meaning": RETURN_CODES.get(code, "refused"),
        "session_present": bool(flags & 1),
    }


def interpret(facts: Facts) -> Meaning:
    if facts.get("code") == 0:
        return Meaning(Proof.PROTOCOL)
    params = Params(code=facts.get("code"), meaning=facts.get("meaning"))
    return Meaning(Proof.PROTOCOL, "MQTT_REFUSED", params=params)


PROTOCOL = Protocol(
    name="mqtt",
    converse=converse,
    interpret=interpret,
    encrypted=True,
    own_signatures=("mqtt",),
    second_client="push_session",
    possible_reasons=(*SPOKEN, "MQTT_REFUSED"),
    checked={
        "en": (
            "MQTT inside TLS: one anonymous CONNECT. The checker subscribes to nothing and publishes "
            "nothing. Any CONNACK, even a rejection, proves the path to a broker."
        ),
        "es": (
            "MQTT dentro de TLS: un CONNECT anónimo. El comprobador no se suscribe ni publica nada. "
            "Cualquier CONNACK, incluso un rechazo, demuestra el trayecto hasta un broker."
        ),
    },
)
