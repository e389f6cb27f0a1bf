"""This machine, looked at once before anything is dialled: listeners of the role's ports, interfaces, routes,
resolvers, proxies, ESET components.

No traffic. A part that cannot be read is named in `capabilities` and leaves its field empty; nothing here raises. The
platform is chosen in one place.
"""

import os
import socket
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from eset_portcheck.host import everywhere
from eset_portcheck.model.addresses import is_loopback
from eset_portcheck.model.host import Connection, Host, Interface, Listening, LocalFirewall, ProxySource
from eset_portcheck.packet_filter.flow import PacketFilter
from eset_portcheck.packet_filter.predictions import ways_in

if sys.platform == "win32":
    from eset_portcheck.host import windows as platform
else:
    from eset_portcheck.host import linux as platform

T = TypeVar("T")


class Survey(NamedTuple):
    """`rules`: of this host's packet filter, for flows that are known only when names were resolved. They are no part
    of the report."""

    host: Host
    rules: PacketFilter


def look(ports: frozenset[int], peers: frozenset[int] = frozenset()) -> Host:
    """`ports`: those of the role's inbound and local rows; `peers`: ports of ESET components elsewhere that its rows
    lead to. Other sockets are nobody's business."""
    return survey(ports, peers).host


def survey(ports: frozenset[int], peers: frozenset[int] = frozenset()) -> Survey:
    """As `look`."""
    unread: dict[str, str] = {}

    def part(name: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except Exception as error:  # noqa: BLE001  # a locked-down machine must not hide the rest
            unread[name] = type(error).__name__
            return otherwise

    nothing: list[dict[str, Any]] = []
    products = part("eset_products", lambda: platform.eset_products(), nothing)
    untold: dict[tuple[str, str, int], dict[str, Any]] = {}
    kernel = part("sockets", lambda: platform.bound(ports), untold) if ports else untold
    no_sockets: list[Any] = []
    table = part("listeners", everywhere.sockets, no_sockets) if ports or (peers and products) else no_sockets
    nobody: tuple[list[Listening], bool] = ([], not ports)
    listeners, complete = (
        part("listeners", lambda: everywhere.listeners(table, ports, kernel), nobody) if ports else nobody
    )
    idle: list[Listening] = []
    outgoing = part("outgoing", lambda: everywhere.outgoing(table, ports, listeners), idle)
    unheld = ports - {one.port for one in listeners}
    products = (
        part("elsewhere", lambda: everywhere.elsewhere(table, ports, products), products)
        if unheld and products
        else products
    )
    nobodys: list[Connection] = []
    connections = (
        part("connections", lambda: everywhere.connections(table, peers, products), nobodys)
        if peers and products
        else nobodys
    )
    nowhere: dict[str, list[tuple[int, int]]] = {}
    reserved = part("reserved_ports", lambda: platform.reserved(), nowhere) if ports else nowhere
    no_interfaces: list[Interface] = []
    interfaces = part("interfaces", everywhere.interfaces, no_interfaces)
    routes = part("routes", lambda: platform.routes(), nothing)
    no_names: tuple[list[str], list[str]] = ([], [])
    resolvers, search = part("resolvers", lambda: platform.resolvers(), no_names)
    on_linux = sys.platform == "linux"
    capabilities: dict[str, Any] = {"error_queue": on_linux, "minimum_ttl": on_linux, "ttl_walk": on_linux}
    no_tools: list[str] = []
    no_proxies: list[ProxySource] = []
    not_read = LocalFirewall(state="not-read")
    capabilities |= {"root": _is_root(), "tools": part("tools", lambda: platform.tools(), no_tools)}
    rules = platform.packet_filter(listeners)
    host = Host(
        name=part("name", socket.gethostname, ""),
        os=part("os", everywhere.system, {}),
        interfaces=interfaces,
        routes=routes,
        default_families=part(
            "default_families", lambda: everywhere.default_families(routes, interfaces), ["ipv4", "ipv6"]
        ),
        resolvers=resolvers,
        search=search,
        proxies=part("proxies", everywhere.proxies, {}),
        proxy_sources=[
            *part("environment", everywhere.proxy_sources, no_proxies),
            *part("system_proxies", lambda: platform.proxies(products), no_proxies),
        ],
        firewall=part("firewall", lambda: rules.facts(ports, interfaces), not_read),
        listeners=listeners,
        outgoing=outgoing,
        eset_products=products,
        connections=connections,
        reserved_ports=reserved,
        listeners_complete=complete,
        capabilities=capabilities | ({"unread": unread} if unread else {}),  # the last: by now every part was tried
    )
    return Survey(host, rules)


def installed() -> list[dict[str, Any]]:
    """The ESET components of this machine, as in `Host.eset_products`; nothing where they cannot be read."""
    try:
        return platform.eset_products()
    except Exception:  # noqa: BLE001  # nothing depends on them: who wants a role can name it
        return []


def name_servers(resolvers: list[str]) -> list[str]:
    """Those on other machines: where all of `resolvers` are this machine itself, the ones that its own resolver says it
    asks. Empty: not known."""
    others = [address for address in resolvers if not is_loopback(address)]
    if others or sys.platform == "win32":
        return others
    return [address for address in platform.asked_by_stub() if not is_loopback(address)]


def addresses(seen: Host) -> list[str]:
    """Of this machine, as others dial it."""
    return [way.address for way in ways_in(seen.interfaces)]


def _is_root() -> bool:
    if sys.platform == "win32":
        return False
    return os.geteuid() == 0
