"""What the files of installed components say of servers, databases and versions. Text in, facts out; nothing here
raises for what a file holds.

Formats are known from public installations, not from documents, so every reader is lenient: what it does not understand
it leaves out, and what it takes is checked as a host and port. Passwords stand in some of these files: only the named
values are ever kept. Sources: docs/sources.md#places-of-components; ODBC connection strings: Microsoft,
SQLDriverConnect, "Comments"; Tomcat's server.xml: Apache Tomcat, "The HTTP Connector".
"""

import html
import re
from collections.abc import Iterable
from typing import Any

from eset_portcheck.model.addresses import host_port
from eset_portcheck.model.site import SiteError, host_and_port

AGENT_PORT, CONSOLE_PORT = 2222, 2223
_LINES = 20_000
_STANZA = 16_384  # characters of one package's entry
_STRING = 8192  # characters of a connection string
_ITEMS, _ITEM = 500, 2000  # of a page: how many, and characters of each
_SERVERS = 8
_TAG = re.compile(r"<[^<>]{0,400}>")
# English as public scripts read it; the others are the usual translations, unconfirmed
_REMOTE = re.compile(
    r"(remote host|host remoto|equipo remoto|servidor remoto|hôte distant|remotehost)\s?:\s?(\S+)", re.IGNORECASE
)
_LOGGED = (
    re.compile(r"""host:\s*"([^"\s]{1,255})"\s*port:\s*(\d{1,5})"""),
    re.compile(r"\bConnection:\s*(\[?[0-9A-Za-z._:-]{1,255}?\]?):(\d{1,5})\b(?=[,\s\]]|$)"),
)
_CONNECTOR = re.compile(r"<Connector\b([^<>]{0,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([A-Za-z]{1,40})\s*=\s*["']([^"']{0,200})["']""")


def pairs(text: str, mark: str = "=") -> dict[str, str]:
    """`name=value` lines as config.cfg, .ini and .properties have them; comments and sections are passed over, the last
    of a name wins."""
    found: dict[str, str] = {}
    for line in text.splitlines()[:_LINES]:
        name, sign, value = line.strip().partition(mark)
        if sign and name and name[0] not in "#;![":
            found[name.strip().lower()[:80]] = value.strip()
    return found


def server_address(host: str, number: str | int | None, default: int) -> str | None:
    """host:port ([v6]:port), checked; None for what is none."""
    try:
        name, given = host_and_port(host.strip().strip("\"'"), "")
        port = given or int(number or default)
    except (SiteError, ValueError):
        return None
    if not 1 <= port <= 65535:
        return None
    return host_port(name, port)


def config(text: str) -> dict[str, Any]:
    """config.cfg: {"version"?}."""
    version = pairs(text).get("productversion", "").strip("\"'")
    return {"version": version} if re.fullmatch(r"[0-9.]{1,40}", version) else {}


def startup(text: str) -> dict[str, Any]:
    """StartupConfiguration.ini of the Server: {"database"?, "database_kind"?}. The string holds a password; its server
    and port are all that is taken."""
    values = pairs(text)
    # Of a repeated keyword the first counts.
    given = dict(reversed(connection_string(values.get("databaseconnectionstring", ""))))
    kind = _database_kind(f"{values.get('databasetype', '')} {given.get('driver', '')}")
    server = given.get("server") or given.get("host") or given.get("data source") or given.get("address") or ""
    server = server.removeprefix("tcp:").partition("\\")[0] + (
        "," + server.rpartition(",")[2] if "\\" in server and "," in server else ""
    )
    name, _, number = server.partition(",")  # SQL Server's way to name a port
    number = number.strip() or given.get("port", "")
    if not kind or not name:
        return {"database_kind": kind} if kind else {}
    local = {"(local)": "localhost", ".": "localhost"}.get(name.strip().lower(), name)
    found = server_address(local, number if number.isdigit() else None, 1433 if kind == "mssql" else 3306)
    return ({"database": found} if found else {}) | {"database_kind": kind}


def _database_kind(words: str) -> str | None:
    told = words.lower()
    if "mysql" in told or "maria" in told:
        return "mysql"
    return "mssql" if "sql server" in told or "mssql" in told or "sql native client" in told else None


def connection_string(text: str) -> list[tuple[str, str]]:
    """(name, value) of an ODBC connection string; a value in braces may hold semicolons and doubled braces."""
    found: list[tuple[str, str]] = []
    rest = text[:_STRING]
    while rest:
        name, sign, rest = rest.partition("=")
        rest = rest.lstrip()
        if rest.startswith("{"):
            value, rest = _braced(rest)
            rest = rest.partition(";")[2]
        else:
            value, _, rest = rest.partition(";")
        if sign:
            found.append((name.strip(" ;").lower()[:80], value.strip()[:512]))
    return found


def _braced(text: str) -> tuple[str, str]:
    """(the value, what follows its closing brace)."""
    value, at = "", 1
    while True:
        end = text.find("}", at)
        if end < 0:
            return value + text[at:], ""
        value += text[at:end]
        if text[end : end + 2] != "}}":
            return value, text[end + 1 :]
        value, at = value + "}", end + 2


def package_version(status: str, package: str) -> dict[str, Any]:
    """dpkg's status file: {"version"?} of an installed package. Source: dpkg-query(1), deb-control(5)."""
    at = f"\n{status}".find(f"\nPackage: {package}\n")
    stanza = status[max(0, at - 1) : max(0, at - 1) + _STANZA].partition("\n\n")[0] if at >= 0 else ""
    version = re.search(r"^Version: ([0-9A-Za-z.+:~-]{1,60})$", stanza, re.MULTILINE)
    return {"version": version[1]} if version and "\nStatus: install ok installed" in stanza else {}


def web_console(text: str) -> dict[str, Any]:
    """EraWebServerConfig.properties: {"servers": [host:port]}; its default is this machine."""
    values = pairs(text)
    found = server_address(
        values.get("server_address") or "localhost", _number(values.get("server_port")), CONSOLE_PORT
    )
    return {"servers": [found]} if found else {}


def tomcat(text: str) -> dict[str, Any]:
    """Tomcat's server.xml: {"port"?}: of the first connector that speaks TLS, else of the first that speaks HTTP."""
    ports: dict[bool, int] = {}
    first, *commented = text.split("<!--")
    live = first + "".join(part.partition("-->")[2] for part in commented)
    for one in _CONNECTOR.findall(live):
        said = {name.lower(): value for name, value in _ATTRIBUTE.findall(one)}
        number = _number(said.get("port"))
        if number and "ajp" not in said.get("protocol", "").lower():
            ports.setdefault(
                said.get("sslenabled", "").lower() == "true" or said.get("scheme", "").lower() == "https", number
            )
    port = ports.get(True) or ports.get(False)
    return {"port": port} if port else {}


def status(text: str) -> dict[str, Any]:
    """status.html of the Agent: {"servers"?}: the server of its last replication. Escaped and translated in ways that
    are not known."""
    for item in re.split(r"</li\s?>", text, maxsplit=_ITEMS, flags=re.IGNORECASE):
        said = html.unescape(_TAG.sub(" ", item[-_ITEM:]))
        told = _REMOTE.search(" ".join(said.split()))
        found = server_address(told[2].rstrip(",;"), None, AGENT_PORT) if told else None
        if found:
            return {"servers": [found]}
    return {}


def trace(text: str) -> dict[str, Any]:
    """The end of trace.log of the Agent: {"servers"?}: those that it named when a connection failed or stood, last
    first."""
    named = [
        (match.start(), server_address(match[1].strip("[]"), match[2], AGENT_PORT))
        for pattern in _LOGGED
        for match in pattern.finditer(text)
    ]
    return _servers(found for _, found in sorted(named, key=lambda one: -one[0]))


def _servers(found: Iterable[str | None]) -> dict[str, Any]:
    servers = list(dict.fromkeys(one for one in found if one))[:_SERVERS]
    return {"servers": servers} if servers else {}


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,5}", text.strip()) and 1 <= int(text) <= 65535 else None
