"""What dialling needs of others: a judge of chains, an address."""

from typing import Protocol

import msgspec

from eset_portcheck.model.observation import TlsFacts


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
