"""Windows: name servers from the registry by dnspython, ESET components by the paths of their services. Never run by
its authors: see docs/windows.md.

Sources: docs/sources.md#places-of-components (names of services are unconfirmed: the path decides).
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from typing import Any

from eset_portcheck.model.host import Listening, ProxySource
from eset_portcheck.packet_filter.flow import PacketFilter

RANGES_LIMIT = 2000
VALUES_LIMIT = 200
COMMAND_TIMEOUT_S = 5.0
READ_LIMIT_BYTES = 2**20


def routes() -> list[dict[str, Any]]:
    """Not read on Windows: both families are tried, and the route stage tells."""
    return []


def resolvers() -> tuple[list[str], list[str]]:
    import dns.resolver

    settings = dns.resolver.Resolver()
    return [str(one) for one in settings.nameservers[:3]], [str(one).strip(".") for one in settings.search[:6]]


def packet_filter(listeners: list[Listening]) -> PacketFilter:
    from eset_portcheck.host.windows_firewall import WindowsFirewall

    return WindowsFirewall(listeners)


def bound(_ports: frozenset[int]) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Nothing beside what psutil tells: whether a socket on :: takes IPv4 too cannot be seen from outside on
    Windows."""
    return {}


def reserved() -> dict[str, list[tuple[int, int]]]:
    """Port ranges that no program may bind. Needs no rights. Raises OSError where netsh does not answer."""
    return {
        transport: excluded(_netsh("int", "ipv4", "show", "excludedportrange", f"protocol={transport}"))
        for transport in ("tcp", "udp")
    }


def excluded(text: str) -> list[tuple[int, int]]:
    """[first, last] from netsh's table, in any language of Windows: only lines that begin with two ports count.

    Source: `netsh interface ipv4 show excludedportrange` (a star marks what an administrator reserved for a program of
    his own).
    """
    found = []
    for line in text.splitlines()[:RANGES_LIMIT]:
        told = re.match(r"\s*(\d{1,5})\s+(\d{1,5})\s*(\*?)\s*$", line)
        # an administered exclusion (star) is there so that one chosen program can take the port: nobody is kept out of
        # it by surprise
        if told and not told[3] and int(told[1]) <= int(told[2]) <= 65535:
            found.append((int(told[1]), int(told[2])))
    return found


def _netsh(*words: str) -> str:
    from eset_portcheck.host.commands import NotListed, listed

    try:
        told = listed(["netsh", *words], time.monotonic() + COMMAND_TIMEOUT_S, READ_LIMIT_BYTES)
    except NotListed as error:
        raise OSError(str(error)) from None
    return told.decode("ascii", "replace")  # numbers are all that is read


def tools() -> list[str]:
    """Not looked for: PowerShell is always there."""
    return []


def eset_products() -> list[dict[str, Any]]:
    """Needs no rights for the services and their versions; the files of the Agent may be closed to users."""
    import psutil

    from eset_portcheck.host import windows_components
    from eset_portcheck.host.disk import Disk

    def services() -> Iterator[tuple[str, str]]:
        for service in psutil.win_service_iter():  # type: ignore[attr-defined,unused-ignore]
            try:
                yield service.name(), service.binpath()
            except (psutil.Error, OSError):  # one that is closed, or was removed meanwhile, hides no other
                continue

    return windows_components.installed(services(), registry, Disk(), os.environ.get("PROGRAMDATA", r"C:\ProgramData"))


def proxies(_products: list[dict[str, Any]]) -> list[ProxySource]:
    """WinINET is the user's own, WinHTTP what services see. Needs no rights."""
    from eset_portcheck.host.proxies import WINHTTP, WININET, winhttp, wininet

    found: list[ProxySource] = []
    with contextlib.suppress(OSError):  # never set
        found += wininet(registry(WININET, user=True))
    with contextlib.suppress(OSError):
        found += winhttp(registry(WINHTTP).get("WinHttpSettings"))
    return found


def registry(key: str, *, user: bool = False) -> dict[str, object]:
    """The values of a key below HKEY_LOCAL_MACHINE (HKEY_CURRENT_USER), of the 64-bit view. Raises OSError."""
    import winreg

    found: dict[str, object] = {}
    top = winreg.HKEY_CURRENT_USER if user else winreg.HKEY_LOCAL_MACHINE  # type: ignore[attr-defined,unused-ignore]
    with winreg.OpenKey(top, key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as opened:  # type: ignore[attr-defined,unused-ignore]
        for number in range(VALUES_LIMIT):
            try:
                name, value, _ = winreg.EnumValue(opened, number)  # type: ignore[attr-defined,unused-ignore]
            except OSError:
                break
            found[name] = value
    return found
