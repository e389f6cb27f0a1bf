"""A whole site on loopback for one role: every service that the role needs, healthy or with one fault, and the
redirects that lead there.

The names are real (epns.eset.com) or reserved for examples (RFC 2606, demo.example); nothing resolves them:
`connect_to` leads each to its port here.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from eset_portcheck.model.addresses import host_port
from eset_portcheck.standins.certificates import Authority
from eset_portcheck.standins.faults import (
    FAULTS,
    HEALTHY,
    PROXY,
    PUSH,
    PUSH_FAILOVER,
    REPOSITORY,
    SERVER,
    UPDATES,
    VENDOR,
    Fault,
    Ground,
)

PROTECT, BRIDGE, MDC = "protect.demo.example", "bridge.demo.example", "mdc.demo.example"

# The proxy comes last: it reaches those before it.
_PUSH = {"epns.eset.com:8883": PUSH, "epns.eset.com:443": PUSH_FAILOVER}
_REPOSITORY = {"repository.eset.com:80": REPOSITORY}
_APPLE = "1-courier.push.apple.com"
_GOOGLE = "mtalk.google.com"

SERVICES: dict[str, dict[str, str]] = {
    "agent": {f"{PROTECT}:2222": SERVER, **_PUSH, **_REPOSITORY, f"{BRIDGE}:3128": PROXY},
    "bridge": {
        f"{PROTECT}:2222": SERVER,
        **_PUSH,
        **_REPOSITORY,
        "r.edtd.eset.com:443": VENDOR,
        "d.edtd.eset.com:443": VENDOR,
    },
    "webconsole": {f"{PROTECT}:2223": SERVER},
    "mobile-device": {
        **{f"{MDC}:{port}": SERVER for port in (9980, 9981)},
        **{f"{_APPLE}:{port}": VENDOR for port in (5223, 443)},
        **{f"{_GOOGLE}:{port}": VENDOR for port in (443, 5228, 5229, 5230)},
        **{f"{host}.eset.com:443": VENDOR for host in ("edf", "i1.c", "i3.c", "ts", "play")},
        "suppreq.eset.eu:443": VENDOR,
        "update.eset.com:80": UPDATES,
        "go.eset.eu:80": UPDATES,
    },
}
_VALUES = {
    "agent": {"server": PROTECT, "proxy": BRIDGE},
    "bridge": {"server": PROTECT},
    "webconsole": {"server": PROTECT},
    "mobile-device": {"mdc": MDC},
}


class StandInSite(NamedTuple):
    """`values`: the site values (server, proxy ...). `connect_to`: "host:port" -> "127.0.0.1:port". `ca_file`: signs
    all that is healthy."""

    role: str
    values: dict[str, str]
    connect_to: dict[str, str]
    ca_file: str


def faults(role: str) -> dict[str, Fault]:
    """The faults that this role would notice. Raises KeyError for a role that has no stand-ins."""
    kinds = set(SERVICES[role].values())
    return {name: fault for name, fault in FAULTS.items() if kinds & set(fault.instead)}


@asynccontextmanager
async def stand_in_site(role: str, broken: str | None = None) -> AsyncIterator[StandInSite]:
    """Open all, yield, close all. Raises KeyError for a role or fault that is not there; OSError when a port cannot be
    had."""
    instead = faults(role)[broken].instead if broken else {}
    ground = Ground(Authority(), Authority("Inspecting Firewall CA"), {})
    with tempfile.TemporaryDirectory(prefix="eset-portcheck-") as directory:  # mode 0700
        ca_file = _written(ground.authority.pem, Path(directory, "ca.pem"))
        async with AsyncExitStack() as stack:
            for service, kind in SERVICES[role].items():
                opening = instead.get(kind) or HEALTHY[kind]
                ground.destinations[service] = await stack.enter_async_context(
                    opening(ground, service.rpartition(":")[0])
                )
            connect_to = {service: host_port(*address) for service, address in ground.destinations.items()}
            yield StandInSite(role, _VALUES[role], connect_to, ca_file)


def _written(pem: bytes, path: Path) -> str:
    path.write_bytes(pem)
    return str(path)
