"""ESET components on Linux: by their folders, else by their systemd units.

Sources: docs/sources.md#places-of-components; systemd.unit(5) for the folders of units.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

from eset_portcheck.host import components, settings
from eset_portcheck.host.components import Source
from eset_portcheck.host.disk import Disk

_UNIT_FOLDERS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
_WANTED = "etc/systemd/system/multi-user.target.wants"
_TOMCATS = (
    "/var/lib/tomcat*/webapps",
    "/usr/share/tomcat*/webapps",
    "/usr/local/tomcat*/webapps",
    "/opt/tomcat*/webapps",
    "/opt/apache-tomcat*/webapps",
)
_STATUS_BYTES = 8 * 1024 * 1024
_ETC, _LOG = "/etc/opt/eset/RemoteAdministrator", "/var/log/eset/RemoteAdministrator"


class Footprint(NamedTuple):
    """`marks`: any of them is there where it is installed; `units`: names of its service."""

    marks: tuple[str, ...]
    units: tuple[str, ...]
    sources: tuple[Source, ...] = ()


FOOTPRINTS = {
    "agent": Footprint(
        ("/opt/eset/RemoteAdministrator/Agent/ERAAgent",),
        ("eraagent",),
        (Source(f"{_ETC}/Agent/config.cfg", settings.config), *components.agent_sources(f"{_LOG}/Agent", "/")),
    ),
    "server": Footprint(
        ("/opt/eset/RemoteAdministrator/Server/ERAServer",),
        ("eraserver",),
        (
            Source(f"{_ETC}/Server/config.cfg", settings.config),
            Source(f"{_ETC}/Server/StartupConfiguration.ini", settings.startup),
        ),
    ),
    "mdc": Footprint(
        ("/opt/eset/RemoteAdministrator/MDMCore",),
        ("eramdmcore",),
        (Source(f"{_ETC}/MDMCore/config.cfg", settings.config),),
    ),
    "rdsensor": Footprint(
        ("/opt/eset/RogueDetectionSensor",),
        ("rdsensor",),
        (Source("/etc/opt/eset/RogueDetectionSensor/config.cfg", settings.config),),
    ),
    "bridge": Footprint(
        ("/opt/eset/bridge", "/opt/eset/esetbridge", "/opt/eset/EsetBridge"), ("EsetBridge", "esetbridge")
    ),
}


def installed(root: Path = Path("/")) -> list[dict[str, Any]]:
    """Components: {"component", "path", "unit"?, "enabled"?, ...} as `components.described` tells them."""
    disk = Disk(root)
    found = []
    for component, footprint in FOOTPRINTS.items():
        unit, program = _unit(disk, footprint.units)
        path = next((mark for mark in footprint.marks if disk.exists(mark)), program)
        if path:
            enabled = bool(unit) and disk.exists(f"/{_WANTED}/{unit}.service")
            told = components.described(disk, component, path, footprint.sources, unit=unit, enabled=enabled)
            found.append(told if "version" in told else told | _packaged(disk, path))
    consoles = (
        components.web_console(disk, home.removesuffix("/webapps"))
        for pattern in _TOMCATS
        for home in disk.glob(pattern)
    )
    found += [one for one in consoles if one is not None][:1]
    return found


def _unit(disk: Disk, names: tuple[str, ...]) -> tuple[str, str]:
    """(unit, its program when that is there). A unit whose program is gone is a leftover."""
    for name in names:
        for folder in _UNIT_FOLDERS:
            text = disk.text(f"/{folder}/{name}.service")
            started = re.search(r"^ExecStart\s*=\s*[-@:+!]{0,3}(/\S{1,250})", text, re.MULTILINE)
            if started:
                return name, started[1] if disk.exists(started[1]) else ""
    return "", ""


def _packaged(disk: Disk, path: str) -> dict[str, Any]:
    """{"package", "version"} of the Debian package that owns the path. Other package systems keep databases that are
    not read."""
    for name in disk.glob("/var/lib/dpkg/info/*[Ee][Ss][Ee][Tt]*.list") + disk.glob("/var/lib/dpkg/info/era*.list"):
        if path in disk.text(name).splitlines():
            package = name.rpartition("/")[2].removesuffix(".list").partition(":")[0]
            version = settings.package_version(disk.text("/var/lib/dpkg/status", limit_bytes=_STATUS_BYTES), package)
            return {"package": package[:80]} | version if version else {}
    return {}
