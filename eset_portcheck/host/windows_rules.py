"""What Windows Firewall does with a flow: allow, drop, or cannot-tell. Pure: the rules in force go in as PowerShell tells them, nothing is sent.

A block overrides an allow, an allow overrides the profile's default; rules have no order. Each profile that the flow may meet is asked, and only if
all agree is there a verdict. A condition that cannot be evaluated leaves a rule possible, never sure. Names are localized and decide nothing: only
enumerations do, which PowerShell writes as numbers (5.1) or as English words (7, -EnumsAsStrings).

Taken for granted: a role's program that is not there yet will come under a path of _OF_A_ROLE, or be Windows itself on the ports of NetBIOS and
SMB; nothing here is packaged.
Sources: Get-NetFirewallRule, Get-NetFirewallProfile and the filters of the NetSecurity module; MSFT_NetFirewallRule and its kin; MS-FASP 2.2.14
(port keywords); Microsoft, "Windows Firewall rules" (precedence).
"""

import ipaddress
import ntpath
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from eset_portcheck.host.matching import Truth, either, every
from eset_portcheck.host.rules import ALLOW, CANNOT_TELL, DROP, Flow, Prediction

_PROFILES = {"Domain": 1, "Private": 2, "Public": 4}
_CATEGORIES = {"0": "Public", "1": "Private", "2": "Domain", "Public": "Public", "Private": "Private", "DomainAuthenticated": "Domain"}
_DIRECTIONS = {"in": ("1", "Inbound"), "out": ("2", "Outbound")}
_BLOCK, _ALLOWS, _BYPASS = ("4", "Block"), ("2", "Allow"), ("3", "AllowBypass")
_YES, _NO = ("1", "True"), ("0", "False")
_FINE = ("1", "OK")
_ANY = ("any", "", "none", "*")
_PROTOCOLS = {"tcp": "6", "udp": "17"}
_SYSTEM_PORTS = frozenset({137, 138, 139, 445})
_SYSTEM = "system"
_OF_A_ROLE = re.compile(r"\\eset\\|\\apache software foundation\\|tomcat|\\java|nginx|squid", re.IGNORECASE)
_TEXT = 120
# Ports that a keyword may stand for; those of RPC and Teredo are taken from the dynamic range.
_DYNAMIC = (49152, 65535)
_KEYWORDS = dict.fromkeys(("rpc", "teredo", "playtodiscovery", "ply2disc"), _DYNAMIC) | dict.fromkeys(("iphttps", "iphttpsin", "iphttpsout"), (443, 443))
_KEYWORDS |= dict.fromkeys(("rpcepmap", "rpc-epmap"), (135, 135)) | {"dhcp": (67, 68), "mdns": (5353, 5353)}


class Condition(msgspec.Struct, frozen=True):
    """All that one rule asks for, its filters joined by InstanceID."""

    name: str
    direction: str
    action: str
    profiles: int  # a mask of _PROFILES; 0 for all
    sure: bool
    port: Mapping[str, Any] = {}
    address: Mapping[str, Any] = {}
    application: Mapping[str, Any] = {}
    service: Mapping[str, Any] = {}
    interface: Mapping[str, Any] = {}
    interface_type: Mapping[str, Any] = {}
    security: Mapping[str, Any] = {}


class WindowsRules:
    """Rules of one reading. `environment`: for the %names% in paths of programs."""

    def __init__(self, reading: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._profiles = {str(one.get("Name")): one for one in _objects(reading, "profiles")}
        self._categories = {str(one.get("InterfaceAlias")): _CATEGORIES.get(str(one.get("NetworkCategory")), "") for one in _objects(reading, "connections")}
        self.others = [_text(one.get("displayName")) for one in _objects(reading, "products") if _is_on(one.get("productState"))]
        self._environment = {name.lower(): value for name, value in environment.items()}
        filters = {name: _joined(reading, key) for name, key in _FILTERS.items()}
        self._rules = [_condition(rule, filters) for rule in _objects(reading, "rules") if str(rule.get("Enabled", "1")) in _YES]

    def predict(self, flow: Flow) -> Prediction:
        """Raises ValueError for an address that is none."""
        met = [self._in_profile(flow, name) for name in self._met(flow)]
        if not met:
            return Prediction(CANNOT_TELL, "no profile is known")
        unlike = next((one for one in met if one.verdict != met[0].verdict), None)
        told = met[0] if unlike is None else msgspec.structs.replace(unlike, verdict=CANNOT_TELL)
        return Prediction(CANNOT_TELL, f"another firewall is registered: {self.others[0]}") if self.others else told

    def _met(self, flow: Flow) -> list[str]:
        """Profiles of the networks that the flow may come through; a network without one is public."""
        if flow.interface is not None:
            return [self._categories.get(flow.interface) or "Public"]
        return sorted({category or "Public" for category in self._categories.values()}) or list(_PROFILES)

    def _in_profile(self, flow: Flow, name: str) -> Prediction:
        profile = self._profiles.get(name)
        way, table = ("inbound", f"profile {name}") if flow.direction == "in" else ("outbound", f"profile {name}")
        if profile is None:
            return Prediction(CANNOT_TELL, "the profile was not read", table, way)
        if str(profile.get("Enabled")) in _NO:
            return Prediction(ALLOW, "the firewall is off in this profile", table, way)
        if flow.direction == "in" and str(profile.get("AllowInboundRules")) in _NO:
            return Prediction(DROP, "all inbound connections are blocked, whatever rules allow", table, way)
        aliases = [one for one in _listed(profile.get("DisabledInterfaceAliases")) if one.lower() not in (*_ANY, "notconfigured")]
        if aliases and (flow.interface is None or flow.interface in aliases):
            return Prediction(CANNOT_TELL, "the firewall is off on some interfaces", table, way)
        return self._by_rules(flow, name, table, way)

    def _by_rules(self, flow: Flow, name: str, table: str, way: str) -> Prediction:
        found: dict[tuple[str, Truth], Condition] = {}
        for rule in self._rules:
            if rule.direction in _DIRECTIONS[flow.direction] and (not rule.profiles or rule.profiles & _PROFILES[name]):
                truth = self._matches(rule, flow)
                kind = "block" if rule.action in _BLOCK else "allow"
                if truth is not False:
                    found.setdefault((kind, truth if rule.action in (*_BLOCK, *_ALLOWS) else None), rule)
        profile = self._profiles[name]
        default = str(profile.get("DefaultInboundAction" if flow.direction == "in" else "DefaultOutboundAction"))
        blocks = default in _BLOCK or (default not in _ALLOWS and flow.direction == "in")
        order: list[tuple[str, Truth, str]] = [("block", True, DROP), ("block", None, CANNOT_TELL), ("allow", True, ALLOW)]
        for kind, sure, verdict in [*order, ("allow", None, CANNOT_TELL)] if blocks else order:
            if (kind, sure) in found:
                return Prediction(verdict, found[kind, sure].name, table, way)
        return Prediction(DROP if blocks else ALLOW, f"default {way} action: {'block' if blocks else 'allow'}", table, way)

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
            True if _any(rule.interface_type.get("InterfaceType")) or str(rule.interface_type.get("InterfaceType")) == "0" else None,
            _security(rule.security),
        ]
        return every(answers)

    def _program(self, rule: Condition, flow: Flow) -> Truth:
        if not _any(rule.application.get("Package")):
            return False
        wanted, service = _text(rule.application.get("Program"), 400), rule.service.get("Service")
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


_FILTERS = {
    "port": "ports",
    "address": "addresses",
    "application": "applications",
    "service": "services",
    "interface": "interfaces",
    "interface_type": "interface_types",
    "security": "security",
}


def _is_on(state: Any) -> bool:
    """Of a product in the security center (second byte: 0x10 on, 0x00 off, 0x01 expired); undocumented, so what is not known counts as on."""
    return not isinstance(state, int) or (state >> 8) & 0xF0 != 0


def _objects(reading: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """PowerShell writes a list of one without its brackets."""
    found = reading.get(name)
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def _joined(reading: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    return {str(one.get("InstanceID")): one for one in _objects(reading, name)}


def _condition(rule: Mapping[str, Any], filters: Mapping[str, Mapping[str, dict[str, Any]]]) -> Condition:
    key = str(rule.get("InstanceID"))
    parts = {name: some.get(key) for name, some in filters.items()}
    complete = all(part is not None for part in parts.values())  # a filter that was not told may hold any condition
    return Condition(
        name=_text(rule.get("DisplayName")) or key[:_TEXT],
        direction=str(rule.get("Direction")),
        action=str(rule.get("Action")),
        profiles=_mask(rule.get("Profile", rule.get("Profiles"))),
        sure=complete and str(rule.get("PrimaryStatus", "1")) in _FINE,
        **{name: part for name, part in parts.items() if part is not None},
    )


def _mask(value: Any) -> int:
    """A number, or words in any order: "Domain, Private". What is not known is every profile."""
    text = str(value)
    if text.isdigit():
        return int(text) & 7
    words = [word.strip() for word in text.split(",")]
    return sum(_PROFILES[word] for word in set(words)) if all(word in _PROFILES for word in words) else 0


def _text(value: Any, limit: int = _TEXT) -> str:
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
    addresses = [ipaddress.ip_address(one) for one in known]
    if not addresses:
        return None
    answers = {either(_one_address(one.strip(), address) for one in _listed(value)) for address in addresses}
    return answers.pop() if len(answers) == 1 else None


def _one_address(text: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Truth:
    first, _, last = text.partition("-")
    try:
        low, high = (ipaddress.ip_network(one.strip(), strict=False) for one in (first, last or first))
    except ValueError:
        return None  # LocalSubnet, DNS, Internet ...: this host's own configuration decides
    return low.version == address.version == high.version and int(low.network_address) <= int(address) <= int(high.broadcast_address)


def _interface(value: Any, interface: str | None) -> Truth:
    return True if _any(value) else None if interface is None else interface in _listed(value)


def _security(one: Mapping[str, Any]) -> Truth:
    """Rules for authenticated or encrypted connections, or for certain users and computers, let nobody in without."""
    plain = all(str(one.get(name, "0")) in ("0", "NotRequired", "False") for name in ("Authentication", "Encryption", "OverrideBlockRules"))
    return True if plain and all(_any(one.get(name)) for name in ("LocalUser", "RemoteUser", "RemoteMachine")) else None
