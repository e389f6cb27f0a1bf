"""Extra observations, made only where needed: one structure a kind. In a report each is flat, its kind first: {"kind":
"ttl-walk", "address": ...}.

Evidence may weaken a conclusion or place it, never improve a verdict. A hop limit is that of IPv4 (TTL) or IPv6, as it
was left when a packet arrived or as it was sent. Times are seconds.
"""

from typing import Annotated, Literal

import msgspec

from eset_portcheck.model.host import PortNumber, Prediction
from eset_portcheck.model.privacy import Algorithm, Code, Facts, Fingerprint, HostText, InterfaceName, Text
from eset_portcheck.model.vocabulary import Failure, Stage

HopLimit = Annotated[int, msgspec.Meta(ge=1, le=255)]
Answer = Literal["accepted", "refused", "rejected", "silent", "unreachable"]
SilentEnd = Literal["open", "spoke", "closed", "silent", "reset", "refused"]
HelloEnd = Literal["answered", "silent", "ended"]
NeighbourState = Literal["reachable", "stale", "delay", "probe", "incomplete", "failed", "other"]
RuleVerdict = Literal["allow", "drop", "reject", "cannot-tell"]


class Piece(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="kind"):
    """`address`: the one that was dialled; None: of the whole row."""

    address: HostText | None = None

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)


class Hop(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """A router that let a packet of this hop limit die."""

    ttl: HopLimit
    sender: HostText | None
    after_s: float


class Reject(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """Another ICMP error in answer to a packet of this hop limit."""

    ttl: HopLimit
    sender: HostText | None
    after_s: float
    type: int
    code: int


class TtlWalk(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="ttl-walk"):
    """`probed`: hop limits from 1 up. `reached`: those that got an answer of TCP."""

    hops: list[Hop]
    probed: int
    duration_s: float | None = None
    other: list[Reject] = []
    reached: list[HopLimit] = []


class PortAnswer(msgspec.Struct, frozen=True):
    port: PortNumber
    answer: Answer
    after_s: float


class ControlPorts(Piece, frozen=True, kw_only=True, tag="control"):
    """Does the same address answer on other ports? A refusal is an answer."""

    ports: list[PortAnswer]


class DistanceControl(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer that surely comes from the address itself, and the hop limit it arrived with."""

    how: Literal["udp-port-unreachable", "echo", "open-port"]
    ttl: HopLimit
    port: PortNumber | None = None


class Distance(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="distance"):
    """The hop limit left in the RST (`refused_ttl`) or the SYN-ACK (`accepted_ttl`), to be held against the controls;
    None: not measured."""

    controls: list[DistanceControl]
    duration_s: float | None = None
    accepted_ttl: HopLimit | None = None
    refused_ttl: HopLimit | None = None


class SmallSegments(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="small-segments"):
    """The same with a maximum segment of `segment_bytes`: did it get past the `stage` that was silent?"""

    segment_bytes: int
    stage: Stage
    completed: bool
    failure: Failure | None = None


class LargeHello(Piece, frozen=True, kw_only=True, tag="large-hello"):
    """A ClientHello padded to `hello_bytes` got no answer, where the plain one did. `again`: the same once more;
    `in_pieces`: the same bytes in packets no larger than the plain one's."""

    hello_bytes: int
    again: HelloEnd
    in_pieces: HelloEnd
    duration_s: float

    @property
    def lost_for_its_size(self) -> bool:
        return self.again == "silent" and self.in_pieces == "answered"


class SilentControl(Piece, frozen=True, kw_only=True, tag="silent-control"):
    """A second connection on which nothing is sent."""

    end: SilentEnd
    after_s: float


class AlternativeOpeningTried(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="otherwise"):
    """The conversation begun in another way that the protocol knows. `reason`: the code that says so; `reply`: what was
    learned, when it completed."""

    reason: Code
    completed: bool
    stage: Stage | None = None
    failure: Failure | None = None
    reply: Facts | None = None


class Continued(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="continued"):
    """What was tried on another connection after a conversation that ended well, as StartTLS. The certificate that it
    showed is the attempt's."""

    reply: Facts
    failure: Failure | None = None


class ProxyControl(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="proxy-control"):
    """The same request for a host that cannot exist (RFC 6761 6.4), which no proxy can bring. `alike`: status, server
    and body were those of the real answer."""

    status: int | None = None
    content: Code = ""
    alike: bool = False
    failure: Failure | None = None


class WayIn(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the rules do with packets of one family to these addresses of this host."""

    family: Code
    interfaces: list[InterfaceName]
    addresses: list[HostText]
    verdict: RuleVerdict
    rule: Text = ""
    table: Text = ""
    chain: Text = ""
    handle: int | None = None
    packet: Code = ""
    may: list[Text] = []


class FirewallPrediction(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="firewall"):
    """What this host's own rules do with these packets. `rule` is the text of what decided, in `chain` of `table`;
    `packet`: which of the flow's packets, unless the first; `may`: the other ends, where they do not agree. `why`: a
    fault of ours, by its class. `ways`: of an inbound row, each way in."""

    verdict: RuleVerdict
    rule: Text = ""
    table: Text = ""
    chain: Text = ""
    handle: int | None = None
    packet: Code = ""
    may: list[Text] = []
    why: Code = ""
    ways: list[WayIn] | None = None


def prediction(told: Prediction, address: str | None = None) -> FirewallPrediction:
    """`told`: what a packet filter's evaluator says of a flow. Raises msgspec.ValidationError where its verdict is no
    word of ours."""
    return msgspec.convert(msgspec.to_builtins(told) | {"kind": "firewall", "address": address}, FirewallPrediction)


class Realm(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="realm"):
    """The Kerberos realm by SRV records: the domains `asked`, what was found (None: nothing), and its controllers."""

    asked: list[HostText]
    realm: HostText | None = None
    kdcs: list[HostText] = []


class NameResolution(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="name-resolution"):
    """What was notable about a name. `used`: whose answer was dialled. `os_after_s`: when the operating system's
    resolver first answered (None: not in time); `repeated`: it was asked twice. `hosts_file`: the file of that name
    holds it; `sources`: of names, by nsswitch.conf."""

    name: HostText
    used: Literal["os", "own-query", "none"]
    os_after_s: float | None = None
    repeated: bool = False
    hosts_file: bool = False
    sources: list[Code] = []


class Route(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="route"):
    """How this machine's routing table leads to the address. `gateway` None: none is used. `connected`: the address
    belongs to a network of the interface itself. `neighbour`: what the kernel knows of the link address of the gateway
    (or of the address itself)."""

    gateway: HostText | None = None
    interface: InterfaceName | None = None
    connected: bool = False
    neighbour: NeighbourState | None = None


class Retransmitted(Piece, frozen=True, kw_only=True, tag="retransmitted"):
    """The connection stood after `syns` repeated SYNs, `connect_s` after the first."""

    syns: int
    connect_s: float


class Retried(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="retried"):
    """The first attempt at this address ended in silence at `stage`; the whole attempt was made once more. `passed`:
    the second got to its end. The attempt of the row is the second where it went otherwise, else the first."""

    stage: Stage
    passed: bool


class AddressesLeftOut(Piece, frozen=True, kw_only=True, tag="addresses"):
    not_dialled: int


class OneWay(Piece, frozen=True, kw_only=True, tag="one-way"):
    """Nothing was sent: the protocol has no answer."""


class SecondOpinion(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="second-opinion"):
    """What another client saw. `missing`, `install`: it is not installed. `error`: the class of what it raised. `code`:
    of MQTT's refusal."""

    client: Code = ""
    connected: bool | None = None
    held_s: float | None = None
    code: int | None = None
    host_key: Algorithm | None = None
    host_key_sha256: Fingerprint | None = None
    methods: list[Code] | None = None
    missing: Code = ""
    install: Code = ""
    error: Code = ""


class Established(Piece, frozen=True, omit_defaults=True, kw_only=True, tag="established"):
    """A connection that an installed component holds right now."""

    component: Code
    port: PortNumber
    pid: int | None = None


Evidence = (
    TtlWalk
    | ControlPorts
    | Distance
    | SmallSegments
    | LargeHello
    | SilentControl
    | ProxyControl
    | AlternativeOpeningTried
    | Continued
    | FirewallPrediction
    | Realm
    | NameResolution
    | Route
    | Retransmitted
    | Retried
    | AddressesLeftOut
    | OneWay
    | SecondOpinion
    | Established
)
