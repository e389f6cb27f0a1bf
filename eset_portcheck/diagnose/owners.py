"""Who holds a port: the component of the row, the operating system, somebody else, or somebody who is not visible to
this user. Pure.

A path decides, a name alone does not: what is seen of a process by its name only is hidden, unless the name is a known
stranger's.
Source: docs/sources.md#places-of-components, #the-ports-page (the operating system's own processes).
"""

import re
from enum import StrEnum

from eset_portcheck.diagnose.known_programs import CONTAINER, IN_FRONT_OF_TOMCAT, WINDOWS_SYSTEM_PID, known_program
from eset_portcheck.model.host import Host, Listening
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Listener, Phase

_PRODUCT_PATHS = {
    Listener.SERVER: re.compile(
        r"^/opt/eset/RemoteAdministrator/Server/|^[A-Z]:\\.*\\ESET\\RemoteAdministrator\\Server\\", re.IGNORECASE
    ),
    Listener.BRIDGE: re.compile(r"^/opt/eset/(eset)?bridge/|^[A-Z]:\\.*\\ESET\\(ESET ?)?Bridge\\", re.IGNORECASE),
    Listener.MDC: re.compile(
        r"^/opt/eset/RemoteAdministrator/MDMCore/|^[A-Z]:\\.*\\ESET\\RemoteAdministrator\\(MDMCore|MobileDeviceConnector)",
        re.IGNORECASE,
    ),
}
_TOMCAT = re.compile(r"^(.*[/\\])bin[/\\]tomcat\d*w?\.exe$", re.IGNORECASE)
_SYSTEM_NAMES = frozenset({"system", "smbd", "nmbd", "samba", "svchost.exe"})
_SYSTEM_PLACES = re.compile(r"^/(usr|opt|s?bin|lib\d*|nix/store|snap)/|^[A-Z]:\\Windows\\", re.IGNORECASE)
SYSTEM_PORTS = frozenset({137, 138, 139, 445})


class Owner(StrEnum):
    PRODUCT = "product"
    SYSTEM = "system"
    PLAUSIBLE = "plausible"  # may well be the product's, and nothing seen says so for sure
    HIDDEN = "hidden"
    OTHER = "other"


def owner(row: Row, holder: Listening, host: Host, phase: Phase) -> Owner:
    name, path = (holder.name or "").lower(), holder.path or ""
    if row.listener is Listener.FOREIGN:
        return _of_the_system(row, holder, name)
    expected = _PRODUCT_PATHS.get(row.listener)
    if expected is not None and expected.search(path):
        return Owner.PRODUCT
    known = known_program(holder)
    if known == CONTAINER and phase is not Phase.PRE:
        return Owner.HIDDEN  # what runs inside is not seen from here
    if row.listener is Listener.WEBCONSOLE:
        return _tomcat(holder, known, host, phase)
    if known is not None:
        return Owner.OTHER
    return Owner.OTHER if path else Owner.HIDDEN


def _of_the_system(row: Row, holder: Listening, name: str) -> Owner:
    if row.port not in SYSTEM_PORTS:
        return Owner.HIDDEN if holder.pid is None else Owner.PLAUSIBLE  # the row names no program
    if holder.pid == WINDOWS_SYSTEM_PID and name == "system":
        return Owner.SYSTEM
    if name in _SYSTEM_NAMES:  # a name is free to be chosen; a path that is known must fit it
        return Owner.SYSTEM if not holder.path or _SYSTEM_PLACES.search(holder.path) else Owner.PLAUSIBLE
    return Owner.HIDDEN if not name else Owner.OTHER


def _tomcat(holder: Listening, known: str | None, host: Host, phase: Phase) -> Owner:
    """The console is a guest of Tomcat: only a Tomcat whose folder holds it is the product."""
    consoles = [
        str(one.get("path", "")) for one in host.eset_products if one.get("component") == Listener.WEBCONSOLE.value
    ]
    program = _TOMCAT.match(holder.path or "")
    home = holder.home or (program[1] if program else "")
    if home and any(_under(one, home) for one in consoles):
        return Owner.PRODUCT
    may_be = known in ("tomcat", "java") or (known in IN_FRONT_OF_TOMCAT and bool(consoles))
    if may_be and phase is not Phase.PRE and not (home and consoles):
        return Owner.PLAUSIBLE
    return Owner.OTHER if known is not None or holder.path else Owner.HIDDEN


def _under(path: str, folder: str) -> bool:
    flat = folder.replace("\\", "/").rstrip("/").lower()
    return bool(flat) and path.replace("\\", "/").lower().startswith(f"{flat}/")
