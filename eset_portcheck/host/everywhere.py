"""What psutil and the standard library tell alike on every platform."""

import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from eset_portcheck.host.proxies import of_names, proxy_address
from eset_portcheck.model.addresses import family_of, is_beyond_link, parse_address
from eset_portcheck.model.host import Connection, Interface, Listening, ProxySource

_PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_TOMCAT = "-Dcatalina.base="
TEXT_LIMIT = 260
ARGUMENT_LIMIT = 1000
CONNECTIONS_LIMIT = 64
PORTS_LIMIT = 16


def sockets() -> list[Any]:
    """Every TCP and UDP socket of this machine, as psutil tells them; owners that this user may not see are None."""
    import psutil

    return list(psutil.net_connections(kind="inet"))


def listeners(
    table: list[Any], ports: frozenset[int], kernel: Mapping[tuple[str, str, int], dict[str, Any]] | None = None
) -> tuple[list[Listening], bool]:
    """(sockets bound to one of the ports, are all their owners visible). TCP in LISTEN, UDP bound. `kernel`: what this
    platform tells besides."""
    import psutil

    more = kernel or {}
    found: list[Listening] = []
    complete = True
    seen: set[tuple[str, str, int, int | None]] = set()
    for one in table:
        tcp = one.type == socket.SOCK_STREAM
        if (
            not one.laddr
            or one.laddr.port not in ports
            or (tcp and one.status != psutil.CONN_LISTEN)
            or (not tcp and one.raddr)
        ):
            continue
        key = ("tcp" if tcp else "udp", one.laddr.ip, one.laddr.port, one.pid)
        if key in seen:
            continue
        seen.add(key)
        complete = complete and one.pid is not None
        found.append(
            Listening(transport=key[0], address=key[1], port=key[2], **_owner(one.pid), **more.get(key[:3], {}))
        )
    return sorted(found, key=lambda one: (one.port, one.transport, one.address)), complete


def outgoing(table: list[Any], ports: frozenset[int], known: list[Listening]) -> list[Listening]:
    """Connected sockets on one of the ports on which nothing of their transport listens: connections that were given
    the port as their own. While they last, bind() of it fails (bind(2), EADDRINUSE). What is being closed is passed
    over: servers bind beside it with SO_REUSEADDR (socket(7))."""
    import psutil

    lasting = (psutil.CONN_ESTABLISHED, psutil.CONN_SYN_SENT, psutil.CONN_CLOSE_WAIT)
    held = {(one.transport, one.port) for one in known}
    found: dict[tuple[str, int], Listening] = {}
    for one in table:
        if not one.laddr or not one.raddr or one.laddr.port not in ports:
            continue
        tcp = one.type == socket.SOCK_STREAM
        key = ("tcp" if tcp else "udp", one.laddr.port)
        if key not in held and key not in found and (not tcp or one.status in lasting):
            found[key] = Listening(key[0], one.laddr.ip, key[1], **_owner(one.pid))
    return list(found.values())


def connections(table: list[Any], peers: frozenset[int], products: list[dict[str, Any]]) -> list[Connection]:
    """TCP connections that processes of installed components hold to one of the ports. Others are nobody's business."""
    import psutil

    found: list[Connection] = []
    for one in table:
        if (
            one.type != socket.SOCK_STREAM
            or one.status != psutil.CONN_ESTABLISHED
            or not one.raddr
            or one.raddr.port not in peers
            or one.pid is None
        ):
            continue
        component = _component(one.pid, products)
        if component and len(found) < CONNECTIONS_LIMIT:
            found.append(Connection(component, one.raddr.ip, one.raddr.port, one.laddr.ip, one.pid))
    return found


def elsewhere(table: list[Any], ports: frozenset[int], products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The products, with the ports that their processes listen on beside those that were asked for: {"listens":
    ["tcp/2300"]}."""
    import psutil

    seen: dict[str, set[str]] = {}
    for one in table:
        if one.status == psutil.CONN_LISTEN and one.pid is not None and one.laddr.port not in ports:
            component = _component(one.pid, products)
            if component:
                seen.setdefault(component, set()).add(f"tcp/{one.laddr.port}")
    return [
        {**one, "listens": sorted(seen[one["component"]])[:PORTS_LIMIT]} if one["component"] in seen else one
        for one in products
    ]


def _component(pid: int, products: list[dict[str, Any]]) -> str | None:
    """Whose process it is, by its executable: the component's own, or one below its folder."""
    import psutil

    try:
        path = _flat(psutil.Process(pid).exe())
    except (psutil.Error, OSError):
        return None
    for one in products:
        folder = _flat(str(one.get("path", "")))
        if folder and (path == folder or path.startswith(f"{folder}/")):
            return str(one["component"])
    return None


def _flat(path: str) -> str:
    return path.replace("\\", "/").lower() if sys.platform == "win32" else path


def _owner(pid: int | None) -> dict[str, Any]:
    """Name, path and start of a process; what this user may not see stays away (which does not mean: free)."""
    import psutil

    if pid is None:
        return {}
    told: dict[str, Any] = {"pid": pid}
    try:
        process = psutil.Process(pid)
        told["name"] = process.name()[:TEXT_LIMIT]
        told["since_utc"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(process.create_time()))
        told["path"] = process.exe()[:TEXT_LIMIT] or None
        if told["name"].lower().startswith("java"):
            told["home"] = tomcat_home(process.cmdline())
    except (psutil.Error, OSError):
        pass
    return told


def tomcat_home(words: Sequence[str]) -> str | None:
    """CATALINA_BASE in a JVM's command line; its other options may hold passwords, and are not kept. Source: Tomcat's
    RUNNING.txt."""
    value = next((word.removeprefix(_TOMCAT) for word in words[:ARGUMENT_LIMIT] if word.startswith(_TOMCAT)), "")
    return value[:TEXT_LIMIT] or None


def interfaces() -> list[Interface]:
    """Addresses of each interface; hardware addresses are left out on purpose."""
    import psutil

    stats = psutil.net_if_stats()
    return [
        Interface(
            name=name[:80],
            addresses=[one.address for one in addresses if one.family in (socket.AF_INET, socket.AF_INET6)],
            up=stats[name].isup if name in stats else True,
            mtu=stats[name].mtu if name in stats else None,
            point_to_point=name in stats
            and bool({"pointopoint", "noarp"} & set(getattr(stats[name], "flags", "").split(","))),
        )
        for name, addresses in psutil.net_if_addrs().items()
    ]


def default_families(routes: list[dict[str, Any]], known: list[Interface]) -> list[str]:
    """Families with a default route and an address beyond link and loopback. Where routes cannot be read, both are
    tried."""
    if not routes and sys.platform != "linux":
        return ["ipv4", "ipv6"]
    usable = set()
    for interface in known:
        for text in interface.addresses:
            address = parse_address(text)
            if address is not None and is_beyond_link(address):
                usable.add(family_of(address))
    return [
        family
        for family in ("ipv4", "ipv6")
        if family in usable and any(route["family"] == family and route.get("default") for route in routes)
    ]


def system() -> dict[str, str]:
    """Never platform.*: on Windows it starts a shell."""
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        return {"name": "Windows", "release": f"{version.major}.{version.minor}.{version.build}"}
    told = os.uname()
    return {"name": told.sysname, "release": told.release, "machine": told.machine}


def proxies() -> dict[str, str]:
    """Proxies of the environment, without user names and passwords."""
    found = {}
    for name in _PROXY_NAMES:
        value = os.environ.get(name) or os.environ.get(name.upper())
        if value:
            found[name] = value[:TEXT_LIMIT] if name == "no_proxy" else proxy_address(value)[0]
    return found


def proxy_sources() -> list[ProxySource]:
    """Those of the environment that this program was started in."""
    return of_names(
        {name: value for name, value in os.environ.items() if name.lower() in _PROXY_NAMES}, "environment", "shell"
    )
