"""This machine, looked at once before anything is dialled."""

from typing import Annotated

import msgspec

from eset_portcheck.model.privacy import (
    Code,
    Facts,
    HostText,
    InterfaceName,
    Path,
    ProcessName,
    Rules,
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


class Host(msgspec.Struct, frozen=True, omit_defaults=True):
    """`default_families`: families with a default route and an address that can use it. `firewall`: what was read of
    the local firewall, {"state": "readable" | "not-permitted" | "not-evaluable" | "absent", ...}. `reserved_ports`: by
    transport, [first, last] of what no program may bind (Windows)."""

    name: HostText = ""
    os: Words = {}
    interfaces: list[Interface] = []
    routes: list[Facts] = []
    default_families: list[Code] = []
    resolvers: list[HostText] = []
    search: list[HostText] = []
    proxies: Words = {}
    proxy_sources: list[ProxySource] = []
    firewall: Rules = {}
    listeners: list[Listening] = []
    eset_products: list[Facts] = []
    connections: list[Connection] = []
    capabilities: Facts = {}
    reserved_ports: dict[Code, list[tuple[int, int]]] = {}
    listeners_complete: bool = True  # False: some owners are hidden from this user
