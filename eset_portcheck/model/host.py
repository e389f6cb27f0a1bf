"""This machine, looked at once before anything is dialled."""

from typing import Annotated, Any

import msgspec

PortNumber = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Listening(msgspec.Struct, frozen=True, omit_defaults=True):
    """One bound socket. `pid` None: the owner is not visible to us (which is not: free). `user`: who made the socket, visible without rights on Linux.
    `v6only`: a socket on :: that takes IPv6 alone; None = not told. `home`: of a Tomcat, from its command line, of which nothing else is kept."""

    transport: str
    address: str
    port: PortNumber
    pid: int | None = None
    name: str | None = None
    path: str | None = None
    since_utc: str | None = None
    user: str | None = None
    v6only: bool | None = None
    home: str | None = None


class Connection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A TCP connection that a process of an installed component holds: `address` and `port` of the other end."""

    component: str
    address: str
    port: PortNumber
    local_address: str
    pid: int | None = None


class ProxySource(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place where a proxy is set. `source`: "environment", a file, "WinINET", "WinHTTP"; `name`: what it is for (http_proxy, https_proxy, all_proxy,
    AutoConfigURL). `scope`: whom it concerns: "shell", "sessions", "user", "services", "component". `pac`: the address of a script, which is not run.
    `credentials`: some stood there and were dropped."""

    source: str
    name: str
    proxy: str = ""
    bypass: list[str] = []
    pac: str = ""
    scope: str = ""
    credentials: bool = False


class Interface(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    addresses: list[str] = []
    up: bool = True
    mtu: int | None = None
    point_to_point: bool = False  # a tunnel or a line: no neighbour is asked for its link address


class Host(msgspec.Struct, frozen=True, omit_defaults=True):
    """`default_families`: families with a default route and an address that can use it. `firewall`: what was read of the local firewall,
    {"state": "readable" | "not-permitted" | "not-evaluable" | "absent", ...}. `reserved_ports`: by transport, [first, last] of what no program may bind
    (Windows)."""

    name: str = ""
    os: dict[str, str] = {}
    interfaces: list[Interface] = []
    routes: list[dict[str, Any]] = []
    default_families: list[str] = []
    resolvers: list[str] = []
    search: list[str] = []
    proxies: dict[str, str] = {}
    proxy_sources: list[ProxySource] = []
    firewall: dict[str, Any] = {}
    listeners: list[Listening] = []
    eset_products: list[dict[str, Any]] = []
    connections: list[Connection] = []
    capabilities: dict[str, Any] = {}
    reserved_ports: dict[str, list[tuple[int, int]]] = {}
    listeners_complete: bool = True  # False: some owners are hidden from this user
