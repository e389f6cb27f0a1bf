"""Windows: the firewall's rules in force, read by one run of PowerShell. Changes nothing. Never run by its authors on
Windows: see docs/windows.md.

Reading takes seconds there, so it is done only for a role that listens, or after an attempt was lost.
Sources: Get-NetFirewallRule (-PolicyStore ActiveStore) and the filters of the NetSecurity module; about_Powershell_exe;
ConvertTo-Json.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from eset_portcheck.host.commands import NotListed, listed
from eset_portcheck.model.host import Interface, Listening, LocalFirewall
from eset_portcheck.packet_filter import predictions
from eset_portcheck.packet_filter.flow import Flow, Prediction
from eset_portcheck.packet_filter.readers import windows
from eset_portcheck.packet_filter.windows import WindowsRules

DEADLINE_S = 15.0
READ_LIMIT_BYTES = 8 * 2**20
_SELECTED = {
    "profiles": (
        "Get-NetFirewallProfile @s | select "
        "Name,Enabled,DefaultInboundAction,DefaultOutboundAction,AllowInboundRules,DisabledInterfaceAliases"
    ),
    "connections": "Get-NetConnectionProfile | select InterfaceAlias,NetworkCategory",
    "products": (
        "Get-CimInstance -Namespace root/SecurityCenter2 -ClassName FirewallProduct -EA 0 | select "
        "displayName,productState"
    ),
    "rules": (
        "Get-NetFirewallRule @s | ? Enabled -eq True | select "
        "InstanceID,DisplayName,Enabled,Profile,Direction,Action,PrimaryStatus"
    ),
    "ports": "Get-NetFirewallPortFilter @s | select InstanceID,Protocol,LocalPort,RemotePort,DynamicTarget",
    "addresses": "Get-NetFirewallAddressFilter @s | select InstanceID,LocalAddress,RemoteAddress",
    "applications": "Get-NetFirewallApplicationFilter @s | select InstanceID,Program,Package",
    "services": "Get-NetFirewallServiceFilter @s | select InstanceID,Service",
    "interfaces": "Get-NetFirewallInterfaceFilter @s | select InstanceID,InterfaceAlias",
    "interface_types": "Get-NetFirewallInterfaceTypeFilter @s | select InstanceID,InterfaceType",
    "security": (
        "Get-NetFirewallSecurityFilter @s | select "
        "InstanceID,Authentication,Encryption,OverrideBlockRules,LocalUser,RemoteUser,RemoteMachine"
    ),
}
SCRIPT = (
    "$ErrorActionPreference='Stop';$s=@{PolicyStore='ActiveStore'};[Console]::OutputEncoding=[Text.UTF8Encoding]::new($false);"
    f"[pscustomobject]@{{{';'.join(f'{name}=@({command})' for name, command in _SELECTED.items())}}} | ConvertTo-Json "
    "-Depth 4 -Compress"
)


class Reading(NamedTuple):
    """`state`: readable, not-permitted, or not-evaluable with `why`."""

    state: str
    why: str = ""
    told: Mapping[str, Any] = MappingProxyType({})


def read() -> Reading:
    """Never raises for what a machine can lack."""
    try:
        text = listed(
            ["powershell", "-NoProfile", "-NonInteractive", "-Command", SCRIPT],
            time.monotonic() + DEADLINE_S,
            READ_LIMIT_BYTES,
        )
    except NotListed as error:
        return Reading("not-evaluable", str(error))
    return parsed(text)


def parsed(text: bytes) -> Reading:
    try:
        told = msgspec.json.decode(text.strip().removeprefix(b"\xef\xbb\xbf"), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return Reading("not-evaluable", "unreadable-json")
    if not told.get("profiles"):
        return Reading("not-permitted")
    return Reading("readable", told=told)


class WindowsFirewall:
    """`reader`: what reads the rules, once and only when they are asked for."""

    def __init__(self, listeners: Iterable[Listening] = (), reader: Callable[[], Reading] = read) -> None:
        self._reader = reader
        self._programs: dict[tuple[str, int], set[str]] = {}
        for one in listeners:
            self._programs.setdefault((one.transport, one.port), set()).add(one.path or "")

    @cached_property
    def _reading(self) -> Reading:
        return self._reader()

    @cached_property
    def _rules(self) -> WindowsRules:
        return WindowsRules(windows.ruleset(self._reading.told), os.environ)

    def facts(self, ports: frozenset[int], interfaces: list[Interface]) -> LocalFirewall:
        if not ports:
            return LocalFirewall(state="not-read")
        told = self._reading
        found = LocalFirewall(state=told.state, source="powershell", why=told.why)
        if told.state != "readable":
            return found
        return msgspec.structs.replace(found, predictions=predictions.inbound(self._ask, ports, interfaces))

    def predict(self, flow: Flow) -> Prediction | None:
        return self._ask(flow) if self._reading.state == "readable" else None

    def _ask(self, flow: Flow) -> Prediction:
        programs = self._programs.get((flow.transport, flow.port), set()) if flow.direction == "in" else set()
        return self._rules.predict(
            msgspec.structs.replace(flow, program=next(iter(programs))) if len(programs) == 1 else flow
        )
