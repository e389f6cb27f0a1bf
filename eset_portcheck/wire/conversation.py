"""A protocol as a generator: it yields what it wants, receives what came, returns facts.

    def converse(peer: Peer) -> Conversation:
        yield Send(hello())
        head = yield Read(4)
        body = yield Read(length_of(head))
        return {"message": parse(body)}

No clock, no socket and no try/except in there: a parser's ValueError, IndexError, struct.error (and the like) becomes
`UnexpectedBytes` in `Exchange`, in one place; an EOFError raised by a conversation becomes `Ended`.
"""

import struct
from collections.abc import Callable, Generator
from typing import Any, Protocol

import msgspec

from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.vocabulary import Proof

Facts = dict[str, Any]


class Peer(msgspec.Struct, frozen=True):
    """What a protocol may know of the other end. `host` is the name as given (SNI, Host header); `random` makes ids:
    fixed in tests."""

    host: str
    port: int
    path: str = "/"
    redirects: tuple[str, ...] = ()  # host suffixes a redirect may lead to
    realm: str | None = None
    alpn: str | None = None  # negotiated in TLS
    random: Callable[[int], bytes] = bytes
    now_s: float = 0.0  # wall clock, seconds since 1970


class Send(msgspec.Struct, frozen=True):
    """Write these bytes (TCP) or send this datagram (UDP; repeated by the network layer until a reply is accepted)."""

    data: bytes


class Read(msgspec.Struct, frozen=True):
    """Exactly `count` bytes."""

    count: int


class ReadUntil(msgspec.Struct, frozen=True):
    """Up to and including `marker`; more than `limit` bytes without it is an error."""

    marker: bytes
    limit: int = 16384


class ReadSome(msgspec.Struct, frozen=True):
    """At least one byte, at most `limit`; b"" once the peer has closed its side."""

    limit: int = 16384


class ReadDatagram(msgspec.Struct, frozen=True):
    """One datagram for which `accept` is true; others (late answers, strangers) are passed over."""

    accept: Callable[[bytes], bool]


class Framing(Protocol):
    """Records of TLS inside a protocol's own packets."""

    def wrap(self, records: bytes) -> bytes: ...

    def unwrap(self, received: bytes) -> bytes:
        """The records in what came, as far as packets are complete; the rest is kept. Raises ValueError."""
        ...


class StartTls(msgspec.Struct, frozen=True):
    """Continue inside TLS on the same connection (after the protocol agreed to it). Gives b"" when TLS came to nothing:
    then nothing more can be said. `framing`: where records do not stand on the stream as they are; fresh for each."""

    framing: Framing | None = None


Step = Send | Read | ReadUntil | ReadSome | ReadDatagram | StartTls
Conversation = Generator[Step, bytes, Facts]


class Meaning(msgspec.Struct, frozen=True):
    """What the facts of a finished conversation prove. `reason` is a code of the contract; `findings` are codes with
    parameters.

    `disproves` False: a reason of fail rank that explains why more was not proven, without showing the opposite (a 404
    from the repository).
    """

    proof: Proof
    reason: ReasonCode = "PROTOCOL_REPLY"
    disproves: bool = True
    findings: list[tuple[ReasonCode, Params]] = []
    params: Params = NOTHING


class UnexpectedBytes(Exception):
    """The peer's bytes are not this protocol. `why` names the place in our words, never the peer's text."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Ended(Exception):
    """The peer closed its side although the conversation needed more."""


# What a parser fed with hostile bytes may raise; anything else is a bug of ours and must be seen as one.
PARSER_ERRORS = (ValueError, IndexError, KeyError, struct.error, UnicodeError, OverflowError)

MAX_BUFFER_BYTES = 256 * 1024
MAX_CONVERSATION_BYTES = 1024 * 1024  # in all; the longest answer that anybody waits for is a sixteenth of it


class Exchange:
    """Drives one conversation without any I/O.

    `wants` is the step that is waiting for input (None once finished), `out` the bytes to be sent now. Feed with
    `receive` and `eof`.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._buffer = bytearray()
        self._closed = False
        self.wants: Step | None = None
        self.out: list[bytes] = []
        self.facts: Facts | None = None
        self.received_bytes = 0
        self.first_bytes = b""
        self._advance(None)

    @property
    def finished(self) -> bool:
        return self.facts is not None

    @property
    def surplus(self) -> bytes:
        """Bytes that came and were not asked for: they belong to whatever speaks next on this connection."""
        return bytes(self._buffer)

    def receive(self, data: bytes) -> None:
        """Take bytes from the stream (any chunking gives the same result)."""
        self._note(data)
        if self.received_bytes > MAX_CONVERSATION_BYTES:
            raise UnexpectedBytes("more bytes than any answer needs")
        self._buffer += data
        self._feed()

    def datagram(self, data: bytes) -> bool:
        """Take one datagram; False when it is not the one waited for."""
        if not isinstance(self.wants, ReadDatagram):
            return False
        try:
            mine = self.wants.accept(data)
        except PARSER_ERRORS:
            mine = False
        if mine:
            self._note(data)
            self._advance(data)
        return mine

    def eof(self) -> None:
        """The peer closed its side. `finished` stays False when the conversation needed more."""
        self._closed = True
        self._feed()

    def secured(self, worked: bool) -> None:
        """What became of a StartTls step."""
        self._advance(b"\x01" if worked else b"")

    def _note(self, data: bytes) -> None:
        self.received_bytes += len(data)
        if len(self.first_bytes) < 256:
            self.first_bytes += data[: 256 - len(self.first_bytes)]

    def _feed(self) -> None:
        while (chunk := self._take()) is not None:
            self._advance(chunk)

    def _take(self) -> bytes | None:
        """The input the waiting step asks for, once it is complete."""
        size: int | None = None
        match self.wants:
            case Read(count):
                if count < 0 or count > MAX_BUFFER_BYTES:
                    raise UnexpectedBytes(f"a length of {count} bytes")
                size = count if len(self._buffer) >= count else None
            case ReadUntil(marker, limit):
                at = self._buffer.find(marker, 0, limit)
                if at >= 0:
                    size = at + len(marker)
                elif len(self._buffer) >= limit:
                    raise UnexpectedBytes(f"no end of line within {limit} bytes")
            case ReadSome(limit):
                size = min(len(self._buffer), limit) if self._buffer or self._closed else None
        if size is None:
            return None
        chunk = bytes(self._buffer[:size])
        del self._buffer[:size]
        return chunk

    def _advance(self, data: bytes | None) -> None:
        """Run the generator up to its next wait."""
        self.wants = None
        try:
            step = next(self._conversation) if data is None else self._conversation.send(data)
            while isinstance(step, Send):
                self.out.append(step.data)
                step = self._conversation.send(b"")
        except StopIteration as end:
            self.facts = end.value
        except EOFError as error:
            raise Ended from error
        except PARSER_ERRORS as error:
            raise UnexpectedBytes(type(error).__name__) from error
        else:
            self.wants = step
