"""What dialling needs of others: a protocol that speaks, a judge of chains, an address."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from eset_portcheck.model.observation import TlsFacts
from eset_portcheck.wire.conversation import Conversation, Peer


class Speaker(Protocol):
    """What dialling needs of a protocol (protocols/__init__.py says more)."""

    ENCRYPTED: bool
    ALPN: tuple[str, ...]

    @property
    def converse(self) -> Callable[[Peer], Conversation]: ...


class Judge(Protocol):
    @property
    def ready(self) -> bool:
        """Its slow imports are done: a judgement now takes a millisecond."""
        ...

    def judge(self, der: list[bytes], name: str, star_accepted: bool) -> TlsFacts: ...


class Target(msgspec.Struct, frozen=True):
    """The very address that is dialled: the endpoint's, its proxy's, or where `[connect_to]` leads."""

    family: str
    address: str
    port: int
