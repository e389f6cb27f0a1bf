"""Roles and site values from the components that are installed here: what nobody said and the machine knows. Pure;
everything can be overridden."""

from collections.abc import Iterable
from typing import Any

import msgspec

from eset_portcheck.loading import ROLES
from eset_portcheck.model.addresses import is_loopback
from eset_portcheck.model.site import SiteError, host_and_port

CONSOLE_PORT = 2223
# components with a role of the same name that asks for a value which no file of theirs holds
NEEDS_TARGET = {"rdsensor": "--target"}


class Value(msgspec.Struct, frozen=True):
    """A site value with the file that says so."""

    value: str
    source: str


def roles(products: Iterable[dict[str, Any]]) -> list[str]:
    """In the order of the list of roles."""
    components = {one.get("component") for one in products}
    return [role for role in ROLES if role in components]


def closed(products: Iterable[dict[str, Any]]) -> list[str]:
    """Files that would say more to a user with more rights."""
    return [str(path) for one in products for path in one.get("closed", [])]


def values(products: list[dict[str, Any]], chosen: list[str], this_host: str = "") -> dict[str, Value]:
    """Site values by their names, for these roles. `this_host`: a database of that name is not on another machine."""
    by_component = {str(one.get("component")): one for one in products}
    agent, server, console = (by_component.get(name, {}) for name in ("agent", "server", "webconsole"))
    found: dict[str, Value] = {}
    if "agent" in chosen and agent.get("servers"):
        found["server"] = Value(agent["servers"][0], _source(agent, "status.html", "trace.log"))
    if "webconsole" in chosen and console.get("servers"):
        host, port = host_and_port(console["servers"][0], "")
        where = _source(console, "EraWebServerConfig.properties")
        # The Agent's own, where both are here: one server, and never by way of loopback.
        found.setdefault("server", Value(host, where))
        if port not in (None, CONSOLE_PORT):
            found["console_port"] = Value(str(port), where)
    if "webconsole" in chosen and console.get("port"):
        found["webconsole_port"] = Value(str(console["port"]), _source(console, "server.xml"))
    if "server" in chosen and server.get("database") and not _is_here(server["database"], this_host):
        where = _source(server, "startupconfiguration.ini")
        found |= {"database": Value(server["database"], where), "database_kind": Value(server["database_kind"], where)}
    return found


def _source(product: dict[str, Any], *names: str) -> str:
    """Of the files that told something, the one that this value is from."""
    read = [str(path) for path in product.get("read", [])]
    return next(
        (path for name in names for path in read if path.lower().endswith(name.lower())), read[0] if read else ""
    )


def _is_here(address: str, this_host: str) -> bool:
    try:
        host, _ = host_and_port(address, "")
    except SiteError:
        return True
    names = {"localhost", this_host.lower(), this_host.lower().partition(".")[0]} - {""}
    return is_loopback(host) or host in names
