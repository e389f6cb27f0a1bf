"""Windows: name servers from the registry by dnspython, ESET components by the paths of their services. Never run by its authors: see docs/windows.md.

Sources: facts 4.5 (service binary paths; several service names there are unconfirmed, so the path decides).
"""

import re
from collections.abc import Iterable
from typing import Any

from eset_portcheck.host.rules import Flow, Prediction, Rules
from eset_portcheck.model.host import Interface

_PLACES = {
    "agent": re.compile(r"\\ESET\\RemoteAdministrator\\Agent\\", re.IGNORECASE),
    "server": re.compile(r"\\ESET\\RemoteAdministrator\\Server\\", re.IGNORECASE),
    "bridge": re.compile(r"\\ESET\\(ESET )?Bridge\\", re.IGNORECASE),
    "mdc": re.compile(r"\\ESET\\RemoteAdministrator\\(MDMCore|MobileDeviceConnector)", re.IGNORECASE),
    "rdsensor": re.compile(r"\\ESET\\(RemoteAdministrator\\)?(RD ?Sensor|Rogue Detection Sensor)", re.IGNORECASE),
}

RANGES_LIMIT = 2000
COMMAND_TIMEOUT_S = 5.0


def routes() -> list[dict[str, Any]]:
    """Not read on Windows: both families are tried, and the route stage tells."""
    return []


def resolvers() -> tuple[list[str], list[str]]:
    import dns.resolver

    settings = dns.resolver.Resolver()
    return [str(one) for one in settings.nameservers[:3]], [str(one).strip(".") for one in settings.search[:6]]


class NotRead:
    """The firewall of Windows is not read here: nothing is claimed."""

    def facts(self, _ports: frozenset[int], _interfaces: list[Interface]) -> dict[str, Any]:
        return {"state": "not-read"}

    def predict(self, _flow: Flow) -> Prediction | None:
        return None


def packet_filter() -> Rules:
    return NotRead()


def bound(_ports: frozenset[int]) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Nothing beside what psutil tells: whether a socket on :: takes IPv4 too cannot be seen from outside on Windows."""
    return {}


def reserved() -> dict[str, list[tuple[int, int]]]:
    """Port ranges that no program may bind. Needs no rights. Raises OSError where netsh does not answer."""
    return {transport: excluded(_netsh("int", "ipv4", "show", "excludedportrange", f"protocol={transport}")) for transport in ("tcp", "udp")}


def excluded(text: str) -> list[tuple[int, int]]:
    """[first, last] from netsh's table, in any language of Windows: only lines that begin with two ports count.

    Source: `netsh interface ipv4 show excludedportrange` (a star marks what an administrator reserved for a program of his own).
    """
    found = []
    for line in text.splitlines()[:RANGES_LIMIT]:
        told = re.match(r"\s*(\d{1,5})\s+(\d{1,5})\s*(\*?)\s*$", line)
        # an administered exclusion (star) is there so that one chosen program can take the port: nobody is kept out of it by surprise
        if told and not told[3] and int(told[1]) <= int(told[2]) <= 65535:
            found.append((int(told[1]), int(told[2])))
    return found


def _netsh(*words: str) -> str:
    import subprocess

    try:
        done = subprocess.run(["netsh", *words], capture_output=True, timeout=COMMAND_TIMEOUT_S, check=True, stdin=subprocess.DEVNULL)
    except subprocess.SubprocessError as error:
        raise OSError(type(error).__name__) from None
    return done.stdout.decode("ascii", "replace")  # numbers are all that is read


def tools() -> list[str]:
    """Not looked for: PowerShell is always there."""
    return []


def eset_products() -> list[dict[str, Any]]:
    import psutil

    return by_services((service.name(), service.binpath()) for service in psutil.win_service_iter())  # type: ignore[attr-defined,unused-ignore]


def by_services(services: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Components by (service name, binary path): {"component", "path", "service"}."""
    found: dict[str, dict[str, Any]] = {}
    for name, path in services:
        for component, place in _PLACES.items():
            if component not in found and place.search(path):
                found[component] = {"component": component, "path": path[:260], "service": name[:80]}
    return list(found.values())
