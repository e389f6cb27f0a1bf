"""What is asked of this host's own rules, and what they answer: the same words on every platform."""

from typing import Protocol

import msgspec

from eset_portcheck.model.host import Interface, LocalFirewall, Prediction

ALLOW, DROP, REJECT, CANNOT_TELL = "allow", "drop", "reject", "cannot-tell"


class Flow(msgspec.Struct, frozen=True, omit_defaults=True):
    """`direction` in or out; `port` is the destination's. Addresses: one of these; none given: any other machine.
    Interface None: any but loopback.
    `user`: (user id, group id) of the sending socket, where it is known; only of a flow out. `ports`: first and last of
    those that the client may have (all that is used today). `neighbours` False: the link has no addresses to ask for.
    `program`: path of who listens or sends, where it is known."""

    direction: str
    family: str
    transport: str
    port: int
    source: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()
    interface: str | None = None
    user: tuple[int, int] | None = None
    ports: tuple[int, int] = (32768, 65535)
    neighbours: bool = True
    program: str = ""


class PacketFilter(Protocol):
    """This platform's packet filter; read when first asked, once a run."""

    def facts(self, ports: frozenset[int], interfaces: list[Interface]) -> LocalFirewall:
        """Host.firewall: how the reading went, and what the rules do with these ports from outside. What decides, not
        the rules."""

    def predict(self, flow: Flow) -> Prediction | None:
        """None where the rules could not be read. Raises ValueError for an address that is none."""


__all__ = ["ALLOW", "CANNOT_TELL", "DROP", "REJECT", "Flow", "PacketFilter", "Prediction"]
