"""The rules of Windows Firewall as PowerShell's NetSecurity module writes them in JSON, joined to one condition a rule.
Pure.

Values that are enumerations come as numbers (PowerShell 5.1) or as English words (7, -EnumsAsStrings). What was not
told may be anything. Sources: as in packet_filter/windows.py; ConvertTo-Json.
"""

from collections.abc import Mapping
from typing import Any

from eset_portcheck.packet_filter.windows import PROFILES, TEXT_LIMIT, Condition, WindowsRuleset, text_of

_CATEGORIES = {
    "0": "Public",
    "1": "Private",
    "2": "Domain",
    "Public": "Public",
    "Private": "Private",
    "DomainAuthenticated": "Domain",
}
_FINE = ("1", "OK")
_YES = ("1", "True")
_FILTERS = {
    "port": "ports",
    "address": "addresses",
    "application": "applications",
    "service": "services",
    "interface": "interfaces",
    "interface_type": "interface_types",
    "security": "security",
}


def ruleset(reading: Mapping[str, Any]) -> WindowsRuleset:
    """`reading`: lists of objects by the names that host/windows_firewall.py selects; any of them may be missing or of
    another shape."""
    filters = {name: _joined(reading, key) for name, key in _FILTERS.items()}
    return WindowsRuleset(
        profiles={str(one.get("Name")): one for one in _objects(reading, "profiles")},
        categories={
            str(one.get("InterfaceAlias")): _CATEGORIES.get(str(one.get("NetworkCategory")), "")
            for one in _objects(reading, "connections")
        },
        others=[
            text_of(one.get("displayName")) for one in _objects(reading, "products") if _is_on(one.get("productState"))
        ],
        rules=[
            _condition(rule, filters) for rule in _objects(reading, "rules") if str(rule.get("Enabled", "1")) in _YES
        ],
    )


def _is_on(state: Any) -> bool:
    """Of a product in the security center (second byte: 0x10 on, 0x00 off, 0x01 expired); undocumented, so what is not
    known counts as on."""
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
        name=text_of(rule.get("DisplayName")) or key[:TEXT_LIMIT],
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
    return sum(PROFILES[word] for word in set(words)) if all(word in PROFILES for word in words) else 0
