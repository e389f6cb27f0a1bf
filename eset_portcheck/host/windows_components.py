"""ESET components on Windows: by the paths of their services, with version from the registry and the rest from their
files. Never run by its authors.

Service names differ or are unconfirmed, so the path decides; both are the same in every language of Windows. The facts
come from outside (services, registry, files), so that recorded ones are read by the same code. Source:
docs/sources.md#places-of-components.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from eset_portcheck.host import components, settings
from eset_portcheck.host.components import Source
from eset_portcheck.host.disk import Disk

_PATHS = {
    "agent": re.compile(r"\\ESET\\RemoteAdministrator\\Agent\\", re.IGNORECASE),
    "server": re.compile(r"\\ESET\\RemoteAdministrator\\Server\\", re.IGNORECASE),
    "bridge": re.compile(r"\\ESET\\(ESET ?)?Bridge\\", re.IGNORECASE),
    "mdc": re.compile(r"\\ESET\\RemoteAdministrator\\(MDMCore|MobileDeviceConnector)", re.IGNORECASE),
    "rdsensor": re.compile(r"\\ESET\\(RemoteAdministrator\\)?(RD ?Sensor|Rogue ?Detection ?Sensor)", re.IGNORECASE),
}
_TOMCAT = re.compile(r"^(.*)\\bin\\tomcat\d*w?\.exe$", re.IGNORECASE)
_PROGRAM = re.compile(r'^\s*(?:"([^"]{1,500})"|(.{1,500}?\.exe)\b|(\S{1,500}))', re.IGNORECASE)
REGISTRY = r"SOFTWARE\ESET\RemoteAdministrator\{}\CurrentVersion\Info"  # under HKEY_LOCAL_MACHINE
REGISTRY_NAMES = {"agent": "Agent", "server": "Server"}
Registry = Callable[[str], Mapping[str, object]]
_SERVICES = 5000


def program(command: str) -> str:
    """The executable in a service's command line, without quotes and arguments."""
    told = _PROGRAM.match(command)
    return next((part for part in told.groups() if part), "") if told else ""


def installed(
    services: Iterable[tuple[str, str]], registry: Registry, disk: Disk, program_data: str
) -> list[dict[str, Any]]:
    """`services`: (name, command line); `registry`: key below HKEY_LOCAL_MACHINE -> values; `program_data`:
    %ProgramData%.

    {"component", "path", "service", "version"?, ...} as `components.described` tells them.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, (name, command) in enumerate(services):
        path = program(command)
        home = _TOMCAT.match(path)
        component = next((one for one, path_pattern in _PATHS.items() if path_pattern.search(path)), "")
        if home and "webconsole" not in found:
            console = components.web_console(disk, home[1], "\\")
            found |= {"webconsole": console | {"service": name[:80]}} if console else {}
        elif component and component not in found:
            version = _version(registry, component)
            found[component] = components.described(
                disk, component, path, _sources(component, program_data), service=name[:80], version=version
            )
        if number > _SERVICES:
            break
    return list(found.values())


def _version(registry: Registry, component: str) -> str:
    try:
        told = registry(REGISTRY.format(REGISTRY_NAMES.get(component, component))).get("ProductVersion")
    except OSError:
        return ""
    return told if isinstance(told, str) and re.fullmatch(r"[0-9.]{1,40}", told) else ""


def _sources(component: str, program_data: str) -> list[Source]:
    base = rf"{program_data}\ESET\RemoteAdministrator"
    if component == "agent":
        return [*components.agent_sources(rf"{base}\Agent\EraAgentApplicationData\Logs", "\\")]
    if component == "server":
        return [
            Source(rf"{base}\Server\EraServerApplicationData\Configuration\startupconfiguration.ini", settings.startup)
        ]
    return []
