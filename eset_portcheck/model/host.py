"""This machine, looked at once before anything is dialled."""

from typing import Annotated

import msgspec

from eset_portcheck.model.privacy import (
    Code,
    Facts,
    Fingerprint,
    HostText,
    InterfaceName,
    Path,
    ProcessName,
    Rules,
    RuleText,
    Url,
    User,
    Words,
)

PortNumber = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Listening(msgspec.Struct, frozen=True, omit_defaults=True):
    """One bound socket. `pid` None: the owner is not visible to us (which is not: free). `user`: who made the socket,
    visible without rights on Linux.
    `v6only`: a socket on :: that takes IPv6 alone; None = not told. `home`: of a Tomcat, from its command line, of
    which nothing else is kept."""

    transport: Code
    address: HostText
    port: PortNumber
    pid: int | None = None
    name: ProcessName | None = None
    path: Path | None = None
    since_utc: Code | None = None
    user: User | None = None
    v6only: bool | None = None
    home: Path | None = None


class Connection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A TCP connection that a process of an installed component holds: `address` and `port` of the other end."""

    component: Code
    address: HostText
    port: PortNumber
    local_address: HostText
    pid: int | None = None


class ProxySource(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place where a proxy is set. `source`: "environment", a file, "WinINET", "WinHTTP"; `name`: what it is for
    (http_proxy, https_proxy, all_proxy, AutoConfigURL). `scope`: whom it concerns: "shell", "sessions", "user",
    "services", "component". `pac`: the address of a script, which is not run.
    `credentials`: some stood there and were dropped."""

    source: Path
    name: Code
    proxy: HostText = ""
    bypass: list[HostText] = []
    pac: Url = ""
    scope: Code = ""
    credentials: bool = False


class Interface(msgspec.Struct, frozen=True, omit_defaults=True):
    name: InterfaceName
    addresses: list[HostText] = []
    up: bool = True
    mtu: int | None = None
    point_to_point: bool = False  # a tunnel or a line: no neighbour is asked for its link address


class Prediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this host's rules do with a flow: "allow", "drop", "reject" or "cannot-tell". `rule` is the text of what
    decided, in `chain` of `table` (family and name); `packet`: which of the flow's packets it decided, unless the
    first; `may`: the other ends, where they do not agree."""

    verdict: Code = ""
    rule: RuleText = ""
    table: RuleText = ""
    chain: RuleText = ""
    handle: int | None = None
    packet: Code = ""
    may: list[RuleText] = []


class InboundWay(Prediction, frozen=True, omit_defaults=True, kw_only=True):
    """Of packets of one family to these addresses of this host."""

    family: Code = ""
    interfaces: list[InterfaceName] = []
    addresses: list[HostText] = []


class InboundPrediction(Prediction, frozen=True, omit_defaults=True, kw_only=True):
    """Of a port for all ways in; each of those where they were asked."""

    ways: list[InboundWay] | None = None


class LocalFirewall(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was read of the local firewall. `state`: "readable", "not-permitted", "not-evaluable", "absent" or
    "not-read"; `why`: what kept it from being read or judged. `predictions`: by "in/tcp/2222". `ruleset`: its outline,
    as `nft -j` shapes it; where that is too long, `ruleset_bytes` alone. `ruleset_sha256`: of schema 1.0."""

    state: Code = ""
    source: Code = ""
    why: RuleText = ""
    ruleset: Rules | None = None
    ruleset_bytes: int | None = None
    ruleset_sha256: Fingerprint = ""
    predictions: dict[Code, InboundPrediction] | None = None


NOT_LOOKED_AT = LocalFirewall()


class Host(msgspec.Struct, frozen=True, omit_defaults=True):
    """`default_families`: families with a default route and an address that can use it. `reserved_ports`: by
    transport, [first, last] of what no program may bind (Windows). `outgoing`: connected sockets that have a port
    where nothing listens: no program can bind it meanwhile."""

    name: HostText = ""
    os: Words = {}
    interfaces: list[Interface] = []
    routes: list[Facts] = []
    default_families: list[Code] = []
    resolvers: list[HostText] = []
    search: list[HostText] = []
    proxies: Words = {}
    proxy_sources: list[ProxySource] = []
    firewall: LocalFirewall = NOT_LOOKED_AT
    listeners: list[Listening] = []
    outgoing: list[Listening] = []
    eset_products: list[Facts] = []
    connections: list[Connection] = []
    capabilities: Facts = {}
    reserved_ports: dict[Code, list[tuple[int, int]]] = {}
    listeners_complete: bool = True  # False: some owners are hidden from this user
