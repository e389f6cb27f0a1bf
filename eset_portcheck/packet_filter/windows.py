"""What Windows Firewall does with a flow: allow, drop, or cannot-tell. Pure: the rules in force go in
(readers/windows.py), nothing is sent.

A block overrides an allow, an allow overrides the profile's default; rules have no order. Each profile that the flow
may meet is asked, and only if all agree is there a verdict. A condition that cannot be evaluated leaves a rule
possible, never sure. Names are localized and decide nothing: only enumerations do, which PowerShell writes as numbers
(5.1) or as English words (7, -EnumsAsStrings).

Taken for granted: a role's program that is not there yet will come under a path of _OF_A_ROLE, or be Windows itself on
the ports of NetBIOS and SMB; nothing here is packaged.
Sources: Get-NetFirewallRule, Get-NetFirewallProfile and the filters of the NetSecurity module; MSFT_NetFirewallRule and
its kin; MS-FASP 2.2.14 (port keywords); Microsoft, "Windows Firewall rules" (precedence).
"""

import ntpath
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from eset_portcheck.model.addresses import IPAddress, parse_network, require_address
from eset_portcheck.packet_filter.flow import ALLOW, CANNOT_TELL, DROP, Flow, Prediction
from eset_portcheck.packet_filter.matching import Truth, either, every

PROFILES = {"Domain": 1, "Private": 2, "Public": 4}
_DIRECTIONS = {"in": ("1", "Inbound"), "out": ("2", "Outbound")}
_BLOCK, _ALLOWS, _BYPASS = ("4", "Block"), ("2", "Allow"), ("3", "AllowBypass")
_NO = ("0", "False")
_ANY = ("any", "", "none", "*")
_PROTOCOLS = {"tcp": "6", "udp": "17"}
_SYSTEM_PORTS = frozenset({137, 138, 139, 445})
_SYSTEM = "system"
_OF_A_ROLE = re.compile(r"\\eset\\|\\apache software foundation\\|tomcat|\\java|nginx|squid", re.IGNORECASE)
TEXT_LIMIT = 120
# Ports that a keyword may stand for; those of RPC and Teredo are taken from the dynamic range.
_DYNAMIC = (49152, 65535)
_KEYWORDS = dict.fromkeys(("rpc", "teredo", "playtodiscovery", "ply2disc"), _DYNAMIC) | dict.fromkeys(
    ("iphttps", "iphttpsin", "iphttpsout"), (443, 443)
)
_KEYWORDS |= dict.fromkeys(("rpcepmap", "rpc-epmap"), (135, 135)) | {"dhcp": (67, 68), "mdns": (5353, 5353)}


class Condition(msgspec.Struct, frozen=True):
    """All that one rule asks for, its filters joined by InstanceID."""

    name: str
    direction: str
    action: str
    profiles: int  # a mask of PROFILES; 0 for all
    sure: bool
    port: Mapping[str, Any] = {}
    address: Mapping[str, Any] = {}
    application: Mapping[str, Any] = {}
    service: Mapping[str, Any] = {}
    interface: Mapping[str, Any] = {}
    interface_type: Mapping[str, Any] = {}
    security: Mapping[str, Any] = {}


class WindowsRuleset(NamedTuple):
    """One reading. `profiles`: settings by name; `categories`: the profile of each connected interface, "" where it is
    none of them; `others`: firewalls of other makers that are on; `rules`: those that are enabled."""

    profiles: Mapping[str, Mapping[str, Any]]
    categories: Mapping[str, str]
    others: Sequence[str]
    rules: Sequence[Condition]


class WindowsRules:
    """`environment`: for the %names% in paths of programs."""

    def __init__(self, ruleset: WindowsRuleset, environment: Mapping[str, str]) -> None:
        self._ruleset = ruleset
        self._environment = {name.lower(): value for name, value in environment.items()}

    def predict(self, flow: Flow) -> Prediction:
        """Raises ValueError for an address that is none."""
        met = [self._in_profile(flow, name) for name in self._met(flow)]
        if not met:
            return Prediction(CANNOT_TELL, "no profile is known")
        unlike = next((one for one in met if one.verdict != met[0].verdict), None)
        told = met[0] if unlike is None else msgspec.structs.replace(unlike, verdict=CANNOT_TELL)
        return (
            Prediction(CANNOT_TELL, f"another firewall is registered: {self._ruleset.others[0]}")
            if self._ruleset.others
            else told
        )

    def _met(self, flow: Flow) -> list[str]:
        """Profiles of the networks that the flow may come through; a network without one is public."""
        if flow.interface is not None:
            return [self._ruleset.categories.get(flow.interface) or "Public"]
        return sorted({category or "Public" for category in self._ruleset.categories.values()}) or list(PROFILES)

    def _in_profile(self, flow: Flow, name: str) -> Prediction:
        profile = self._ruleset.profiles.get(name)
        way, table = ("inbound", f"profile {name}") if flow.direction == "in" else ("outbound", f"profile {name}")
        if profile is None:
            return Prediction(CANNOT_TELL, "the profile was not read", table, way)
        if str(profile.get("Enabled")) in _NO:
            return Prediction(ALLOW, "the firewall is off in this profile", table, way)
        if flow.direction == "in" and str(profile.get("AllowInboundRules")) in _NO:
            return Prediction(DROP, "all inbound connections are blocked, whatever rules allow", table, way)
        aliases = [
            one
            for one in _listed(profile.get("DisabledInterfaceAliases"))
            if one.lower() not in (*_ANY, "notconfigured")
        ]
        if aliases and (flow.interface is None or flow.interface in aliases):
            return Prediction(CANNOT_TELL, "the firewall is off on some interfaces", table, way)
        return self._by_rules(flow, name, table, way)

    def _by_rules(self, flow: Flow, name: str, table: str, way: str) -> Prediction:
        found: dict[tuple[str, Truth], Condition] = {}
        for rule in self._ruleset.rules:
            if rule.direction in _DIRECTIONS[flow.direction] and (not rule.profiles or rule.profiles & PROFILES[name]):
                truth = self._matches(rule, flow)
                kind = "block" if rule.action in _BLOCK else "allow"
                if truth is not False:
                    found.setdefault((kind, truth if rule.action in (*_BLOCK, *_ALLOWS) else None), rule)
        profile = self._ruleset.profiles[name]
        default = str(profile.get("DefaultInboundAction" if flow.direction == "in" else "DefaultOutboundAction"))
        blocks = default in _BLOCK or (default not in _ALLOWS and flow.direction == "in")
        order: list[tuple[str, Truth, str]] = [
            ("block", True, DROP),
            ("block", None, CANNOT_TELL),
            ("allow", True, ALLOW),
        ]
        for kind, sure, verdict in [*order, ("allow", None, CANNOT_TELL)] if blocks else order:
            if (kind, sure) in found:
                return Prediction(verdict, found[kind, sure].name, table, way)
        return Prediction(
            DROP if blocks else ALLOW, f"default {way} action: {'block' if blocks else 'allow'}", table, way
        )

    def _matches(self, rule: Condition, flow: Flow) -> Truth:
        local, remote = (flow.destination, flow.source) if flow.direction == "in" else (flow.source, flow.destination)
        port, other = ("LocalPort", "RemotePort") if flow.direction == "in" else ("RemotePort", "LocalPort")
        answers = [
            None if not rule.sure else True,
            _protocol(rule.port.get("Protocol"), flow.transport),
            _port(rule.port.get(port), flow.port),
            True if _any(rule.port.get(other)) else None,
            True if _any(rule.port.get("DynamicTarget")) or str(rule.port.get("DynamicTarget")) == "0" else None,
            _addresses(rule.address.get("LocalAddress"), local),
            _addresses(rule.address.get("RemoteAddress"), remote),
            self._program(rule, flow),
            _interface(rule.interface.get("InterfaceAlias"), flow.interface),
            True
            if _any(rule.interface_type.get("InterfaceType")) or str(rule.interface_type.get("InterfaceType")) == "0"
            else None,
            _security(rule.security),
        ]
        return every(answers)

    def _program(self, rule: Condition, flow: Flow) -> Truth:
        if not _any(rule.application.get("Package")):
            return False
        wanted, service = text_of(rule.application.get("Program"), 400), rule.service.get("Service")
        program = flow.program or (_SYSTEM if flow.direction == "in" and flow.port in _SYSTEM_PORTS else "")
        by_service: Truth = True if _any(service) else None
        if _any(wanted):
            return by_service
        path = self._expanded(wanted)
        if program:
            return every((by_service, path == ntpath.normcase(program)))
        return None if _OF_A_ROLE.search(path) else False

    def _expanded(self, path: str) -> str:
        return ntpath.normcase(re.sub(r"%([^%]+)%", lambda one: self._environment.get(one[1].lower(), one[0]), path))


def text_of(value: Any, limit: int = TEXT_LIMIT) -> str:
    return value[:limit] if isinstance(value, str) else ""


def _listed(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [str(one) for one in found if one is not None]


def _any(value: Any) -> bool:
    return all(one.strip().lower() in _ANY for one in _listed(value))


def _protocol(value: Any, transport: str) -> Truth:
    text = str(value).lower()
    return True if _any(value) else text in (transport, _PROTOCOLS[transport])


def _port(value: Any, port: int) -> Truth:
    return True if _any(value) else either(_one_port(one.strip().lower(), port) for one in _listed(value))


def _one_port(text: str, port: int) -> Truth:
    if text.isdigit():
        return int(text) == port
    if found := re.fullmatch(r"(\d+)-(\d+)", text):
        return int(found[1]) <= port <= int(found[2])
    first, last = _KEYWORDS.get(text, (0, 65535))
    return None if first <= port <= last else False


def _addresses(value: Any, known: Iterable[str]) -> Truth:
    """Are all of the known addresses among them? None known: anybody's."""
    if _any(value):
        return True
    addresses = [require_address(text) for text in known]
    if not addresses:
        return None
    answers = {either(_one_address(one.strip(), address) for one in _listed(value)) for address in addresses}
    return answers.pop() if len(answers) == 1 else None


def _one_address(text: str, address: IPAddress) -> Truth:
    first, _, last = text.partition("-")
    low, high = parse_network(first.strip()), parse_network((last or first).strip())
    if low is None or high is None:
        return None  # LocalSubnet, DNS, Internet ...: this host's own configuration decides
    return low.version == address.version == high.version and int(low.network_address) <= int(address) <= int(
        high.broadcast_address
    )


def _interface(value: Any, interface: str | None) -> Truth:
    return True if _any(value) else None if interface is None else interface in _listed(value)


def _security(one: Mapping[str, Any]) -> Truth:
    """Rules for authenticated or encrypted connections, or for certain users and computers, let nobody in without."""
    plain = all(
        str(one.get(name, "0")) in ("0", "NotRequired", "False")
        for name in ("Authentication", "Encryption", "OverrideBlockRules")
    )
    return True if plain and all(_any(one.get(name)) for name in ("LocalUser", "RemoteUser", "RemoteMachine")) else None
