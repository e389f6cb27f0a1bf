"""Linux (and other POSIX): routes and resolvers from files, ESET components by their folders.

Sources: proc(5) (/proc/net/route, /proc/net/ipv6_route), resolv.conf(5); docs/sources.md#places-of-components.
"""

import sys
from pathlib import Path
from typing import Any

from eset_portcheck.host import programs, sock_diag
from eset_portcheck.model.host import Listening, ProxySource
from eset_portcheck.packet_filter.flow import PacketFilter

_RTF_REJECT = 0x0200
READ_LIMIT_BYTES = 65536
# that can change a packet filter; the two kinds of iptables are different commands where both are installed
FILTER_TOOLS = (
    "nft",
    "iptables",
    "iptables-nft",
    "iptables-legacy",
    "ip6tables",
    "ip6tables-nft",
    "ip6tables-legacy",
    "firewall-cmd",
    "ufw",
)


def routes(root: Path = Path("/")) -> list[dict[str, Any]]:
    """Default routes of both families: {"family", "default", "interface"}."""
    found: list[dict[str, Any]] = []
    for line in _lines(root / "proc/net/route")[1:]:
        fields = line.split()
        if (
            len(fields) > 7
            and fields[1] == "00000000"
            and fields[7] == "00000000"
            and not int(fields[3], 16) & _RTF_REJECT
        ):
            found.append({"family": "ipv4", "default": True, "interface": fields[0]})
    for line in _lines(root / "proc/net/ipv6_route"):
        fields = line.split()
        if (
            len(fields) > 9
            and fields[0] == "0" * 32
            and fields[1] == "00"
            and not int(fields[8], 16) & _RTF_REJECT
            and fields[9] != "lo"
        ):
            found.append({"family": "ipv6", "default": True, "interface": fields[9]})
    return found


def resolvers(root: Path = Path("/"), file: str = "etc/resolv.conf") -> tuple[list[str], list[str]]:
    """(name servers, search list) of resolv.conf, as many as the resolver itself takes."""
    servers: list[str] = []
    search: list[str] = []
    for line in _lines(root / file):
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            servers.append(words[1])
        elif len(words) > 1 and words[0] in ("search", "domain"):
            search = [word.strip(".") for word in words[1:] if word != "."]
    return servers[:3], search[:6]


def asked_by_stub(root: Path = Path("/")) -> list[str]:
    """Name servers that systemd-resolved asks, where it runs here. Source: systemd-resolved.service(8),
    "/ETC/RESOLV.CONF"."""
    return resolvers(root, "run/systemd/resolve/resolv.conf")[0]


# where nothing of this is, no component is: most machines need no reader of its files
_UNITS = ("eraagent", "eraserver", "eramdmcore", "rdsensor", "EsetBridge", "esetbridge")
_TRACES = (
    "opt/eset",
    *(
        f"{folder}/{unit}.service"
        for unit in _UNITS
        for folder in ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
    ),
    *(f"{folder}/*tomcat*" for folder in ("var/lib", "usr/share", "usr/local", "opt")),
)


def eset_products(root: Path = Path("/")) -> list[dict[str, Any]]:
    try:
        if not any(next(root.glob(trace), None) for trace in _TRACES):
            return []
    except OSError:  # a folder on the way is closed: look all the same
        pass
    from eset_portcheck.host import linux_components

    return linux_components.installed(root)


def proxies(products: list[dict[str, Any]], root: Path = Path("/")) -> list[ProxySource]:
    from eset_portcheck.host.disk import Disk
    from eset_portcheck.host.proxies import linux

    return linux(Disk(root), [str(one["unit"]) for one in products if "unit" in one])


def packet_filter(_listeners: list[Listening]) -> PacketFilter:
    from eset_portcheck.host.netfilter import Netfilter  # its reader is loaded only where rules are asked for

    return Netfilter()


def bound(ports: frozenset[int], root: Path = Path("/")) -> dict[sock_diag.Key, dict[str, Any]]:
    """What the kernel tells anybody of sockets on these ports: {"user", "v6only"?}. The user's name is of the file
    alone: asking a directory is traffic."""
    if sys.platform != "linux":
        return {}
    names: dict[str, str] = {}
    for line in _lines(root / "etc/passwd"):
        fields = line.split(":")
        if len(fields) > 2:
            names.setdefault(fields[2], fields[0][:80])
    found = {}
    for key, told in sock_diag.bound(ports).items():
        found[key] = {"user": names.get(str(told.uid), str(told.uid))} | (
            {"v6only": told.v6only} if told.v6only is not None else {}
        )
    return found


def reserved() -> dict[str, list[tuple[int, int]]]:
    """Linux reserves no port from a program that asks for it: ip_local_reserved_ports only keeps them from being given
    out."""
    return {}


def tools() -> list[str]:
    """Which of FILTER_TOOLS are here, also those that a user without rights does not have in PATH."""
    return [name for name in FILTER_TOOLS if programs.found(name)]


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            return file.read(READ_LIMIT_BYTES * 16).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
