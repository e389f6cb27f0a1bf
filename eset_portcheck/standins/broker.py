"""An MQTT 3.1.1 broker that has nothing to tell: it greets, answers pings and lets go. It refuses subscriptions and
forgets what is published.

Sources: OASIS MQTT 3.1.1 (2014): 2.2 (fixed header), 3.1 (CONNECT), 3.2 (CONNACK), 3.3.5 (a broker that does not
authorise a PUBLISH acknowledges it all the same), 3.9 (SUBACK), 3.12 (PINGREQ), 3.14 (DISCONNECT); numbers in brackets
are the standard's normative statements.
"""

import asyncio

import msgspec

from eset_portcheck.standins.serving import Handler
from eset_portcheck.standins.stream import Stream

ACCEPTED, UNACCEPTABLE_VERSION, IDENTIFIER_REJECTED, SERVER_UNAVAILABLE, BAD_USER_OR_PASSWORD, NOT_AUTHORISED = range(6)
MAX_PACKET_BYTES = 65536
HELLO_DEADLINE_S = 30.0

(
    CONNECT,
    CONNACK,
    PUBLISH,
    PUBACK,
    PUBREC,
    PUBREL,
    PUBCOMP,
    SUBSCRIBE,
    SUBACK,
    UNSUBSCRIBE,
    UNSUBACK,
    PINGREQ,
    PINGRESP,
    DISCONNECT,
) = range(1, 15)
_SUBSCRIPTION_FAILED = 0x80


class Connect(msgspec.Struct, frozen=True):
    """A CONNECT packet."""

    level: int
    clean_session: bool
    keep_alive_s: int
    client_id: str
    will_topic: str | None = None
    will_message: bytes | None = None
    user: str | None = None
    password: bytes | None = None


class _Fields:
    """Reads a packet's body from front to back; raises ValueError where it ends too early."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def take(self, count: int) -> bytes:
        if len(self._body) < count:
            raise ValueError("packet too short")
        part, self._body = self._body[:count], self._body[count:]
        return part

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def binary(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        text = self.binary().decode("utf-8")  # UnicodeDecodeError is a ValueError
        if "\0" in text:
            raise ValueError("U+0000 in a string")  # [MQTT-1.5.3-2]
        return text

    @property
    def left(self) -> int:
        return len(self._body)


def parse_connect(body: bytes) -> Connect:
    """Raises ValueError for what the standard forbids. A level other than 4 is returned with the rest unread."""
    fields = _Fields(body)
    if fields.text() != "MQTT":
        raise ValueError("protocol name")
    level = fields.number(1)
    if level != 4:
        return Connect(level, clean_session=False, keep_alive_s=0, client_id="")
    flags = fields.number(1)
    will, quality, retain = bool(flags & 0x04), flags >> 3 & 3, bool(flags & 0x20)
    if flags & 0x01 or quality == 3 or (not will and (quality or retain)) or (flags & 0x40 and not flags & 0x80):
        raise ValueError("connect flags")  # [MQTT-3.1.2-3], -11 to -15, -22
    keep_alive_s = fields.number(2)
    connect = Connect(
        level=level,
        clean_session=bool(flags & 0x02),
        keep_alive_s=keep_alive_s,
        client_id=fields.text(),
        will_topic=fields.text() if will else None,
        will_message=fields.binary() if will else None,
        user=fields.text() if flags & 0x80 else None,
        password=fields.binary() if flags & 0x40 else None,
    )
    if fields.left:
        raise ValueError("bytes after the payload")
    return connect


async def read_packet(stream: Stream) -> tuple[int, int, bytes]:
    """(type, flags, body). Raises ValueError for a length that is malformed or beyond MAX_PACKET_BYTES, EOFError at the
    end."""
    head = (await stream.exactly(1))[0]
    size = 0
    for shift in (0, 7, 14, 21):
        digit = (await stream.exactly(1))[0]
        size |= (digit & 0x7F) << shift
        if not digit & 0x80:
            break
    else:
        raise ValueError("remaining length of more than four bytes")
    if size > MAX_PACKET_BYTES:
        raise ValueError("packet too large")
    return head >> 4, head & 0x0F, await stream.exactly(size)


def broker(code: int = ACCEPTED, *, credentials: tuple[str, bytes] | None = None) -> Handler:
    """A handler. `code` is its CONNACK for everybody; with `credentials` (user, password) strangers get 4 (wrong) or 5
    (none given)."""

    async def handle(stream: Stream) -> None:
        try:
            async with asyncio.timeout(HELLO_DEADLINE_S):
                kind, flags, body = await read_packet(stream)
            if kind != CONNECT or flags:
                return  # [MQTT-3.1.0-1]
            connect = parse_connect(body)
            answer = _answer(connect, code, credentials)
            await stream.send(bytes([CONNACK << 4, 2, 0, answer]))
            if answer == ACCEPTED:
                await _session(stream, connect.keep_alive_s)
        except ValueError:
            return  # [MQTT-4.8.0-1]: a protocol violation closes the connection

    return handle


def _answer(connect: Connect, code: int, credentials: tuple[str, bytes] | None) -> int:
    if connect.level != 4:
        return UNACCEPTABLE_VERSION
    if not connect.client_id and not connect.clean_session:
        return IDENTIFIER_REJECTED  # [MQTT-3.1.3-8]
    if credentials is not None and (connect.user, connect.password) != credentials:
        return NOT_AUTHORISED if connect.user is None else BAD_USER_OR_PASSWORD
    return code


async def _session(stream: Stream, keep_alive_s: int) -> None:
    """Until DISCONNECT, the end, a violation (ValueError), or one and a half keep-alive intervals of silence
    [MQTT-3.1.2-24]."""
    while True:
        async with asyncio.timeout(1.5 * keep_alive_s or None):
            kind, flags, body = await read_packet(stream)
        if kind == DISCONNECT:
            return
        if kind in (SUBSCRIBE, UNSUBSCRIBE, PUBREL) and flags != 2:
            raise ValueError("reserved flags")
        reply = _reply(kind, flags, _Fields(body))
        if reply:
            await stream.send(bytes([reply[0], len(reply) - 1]) + reply[1:])


def _reply(kind: int, flags: int, fields: _Fields) -> bytes:
    """First byte and body of what a packet is answered with, or nothing."""
    match kind:
        case 12:
            return bytes([PINGRESP << 4])
        case 3:
            quality = flags >> 1 & 3
            if quality == 3:
                raise ValueError("quality of service")  # [MQTT-3.3.1-4]
            fields.text()
            return bytes([(PUBACK if quality == 1 else PUBREC) << 4]) + fields.take(2) if quality else b""
        case 6:
            return bytes([PUBCOMP << 4]) + fields.take(2)
        case 8:
            packet_id = fields.take(2)
            filters = 0
            while fields.left:
                fields.text()
                if fields.number(1) > 2:
                    raise ValueError("quality of service")
                filters += 1
            if not 0 < filters < 120:
                raise ValueError("number of filters")
            return bytes([SUBACK << 4]) + packet_id + bytes([_SUBSCRIPTION_FAILED]) * filters
        case 10:
            return bytes([UNSUBACK << 4]) + fields.take(2)
    raise ValueError("packet type")
