"""Installed ESET components: which, where, which version, and what their own files say of servers, ports and databases.
Files only; no traffic.

The same reading for every platform: a platform names the places, this module reads them.
Source: docs/sources.md#places-of-components.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from eset_portcheck.host import settings
from eset_portcheck.host.disk import Disk

Reader = Callable[[str], dict[str, Any]]
PATH_LIMIT = 260


class Source(NamedTuple):
    """A file of a component. `tail`: only its end counts (a log)."""

    path: str
    read: Reader
    tail: bool = False


def described(disk: Disk, component: str, path: str, sources: Iterable[Source], **known: Any) -> dict[str, Any]:
    """{"component", "path", "version"?, "servers"?, "port"?, "database"?, "database_kind"?, "read"?, "closed"?, ...}.

    Earlier sources win; servers of all sources are kept, in their order. `read`: files that told something; `closed`:
    files that this user may not read.
    """
    told: dict[str, Any] = {"component": component, "path": path[:PATH_LIMIT]} | {
        name: value for name, value in known.items() if value
    }
    servers: list[str] = []
    read: list[str] = []
    before = len(disk.closed)
    for source in sources:
        found = source.read(disk.text(source.path, tail=source.tail))
        servers += found.pop("servers", []) if disk.exists(source.path) else []
        found = {name: value for name, value in found.items() if name not in told}
        read += [source.path] if found or servers else []
        told |= found
    closed = disk.closed[before:]
    lists = {"servers": list(dict.fromkeys(servers)), "read": read, "closed": closed}
    return told | {name: value for name, value in lists.items() if value}


def agent_sources(logs: str, sep: str) -> list[Source]:
    """status.html names the server of the last replication, the log those that were tried."""
    return [
        Source(f"{logs}{sep}status.html", settings.status),
        Source(f"{logs}{sep}trace.log", settings.trace, tail=True),
    ]


_CONSOLE = "webapps/era/WEB-INF/classes/sk/eset/era/g2webconsole/server/modules/config/EraWebServerConfig.properties"


def web_console(disk: Disk, home: str, sep: str = "/") -> dict[str, Any] | None:
    """The Web Console in the Tomcat of this folder, if it is there."""
    path = sep.join([home, "webapps", "era"])
    if not (disk.exists(path) or disk.exists(f"{path}.war")):
        return None
    sources = [
        Source(home + sep + _CONSOLE.replace("/", sep), settings.web_console),
        Source(sep.join([home, "conf", "server.xml"]), settings.tomcat),
    ]
    return described(disk, "webconsole", path, sources)
