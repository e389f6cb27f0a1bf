"""What this host's rules let in on the role's ports, for every way in: the facts of Host.firewall. Pure.

A way in is an address of this host that others can reach. Rules are asked coarsely first (all addresses of a family, any interface), and address
by address only where that does not tell: most rule sets do not care.
"""

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from eset_portcheck.host.firewall import ALLOW, CANNOT_TELL, DROP, REJECT, Prediction, predict
from eset_portcheck.host.packet import Flow
from eset_portcheck.host.ruleset import Ruleset
from eset_portcheck.model.host import Host, Interface
from eset_portcheck.model.observation import Attempt, Evidence

MAX_WAYS = 16
MAX_RULESET_BYTES = 65536
# Networks inside this machine: containers and virtual machines. Clients of the role come from elsewhere.
_INSIDE = re.compile(r"(lo|docker\d+|br-[0-9a-f]{12}|veth.*|virbr\d.*|vnet\d+|lxcbr\d+|lxdbr\d+|cni.*|flannel.*|cali.*|podman\d+|vmnet\d+|vboxnet\d+)\Z")
_HOOKS = frozenset({"ingress", "prerouting", "input", "output", "postrouting", "egress"})
_NOISE = frozenset({"counter", "log", "last"})
_UNSAID = frozenset({"comment", "index"})


class Way(NamedTuple):
    family: str
    interface: str
    address: str


def ways_in(interfaces: Iterable[Interface]) -> list[Way]:
    """Addresses that other machines can dial: not loopback, not link-local, not of a network inside this machine."""
    found: list[Way] = []
    for interface in interfaces:
        if not interface.up or _INSIDE.match(interface.name):
            continue
        for text in interface.addresses:
            try:
                address = ipaddress.ip_address(text.split("%")[0])
            except ValueError:
                continue
            if not (address.is_loopback or address.is_link_local):
                found.append(Way(f"ipv{address.version}", interface.name, str(address)))
    return found[:MAX_WAYS]


def inbound(ruleset: Ruleset, ports: Iterable[int], interfaces: Iterable[Interface]) -> dict[str, dict[str, Any]]:
    """"in/tcp/2222" -> {"verdict", and of the rule that decided "rule" "table" "chain" "handle", "ways": [{"family", "interfaces", "addresses",
    "verdict", ...}]}. Ways that do not agree make "cannot-tell"; the list tells which differ."""
    ways = ways_in(interfaces)
    return {f"in/{transport}/{port}": _port(ruleset, transport, port, ways) for port in sorted(ports) for transport in ("tcp", "udp")}


def _port(ruleset: Ruleset, transport: str, port: int, ways: list[Way]) -> dict[str, Any]:
    told: dict[str, tuple[Prediction, list[Way]]] = {}
    for family in ("ipv4", "ipv6"):
        mine = [way for way in ways if way.family == family]
        for prediction, some in _family(ruleset, transport, port, mine) if mine else ():
            key = f"{family} {msgspec.json.encode(prediction).decode()}"
            told[key] = (prediction, [*told[key][1], *some] if key in told else some)
    if not told:
        return {"verdict": CANNOT_TELL, "rule": "no address that others can reach", "ways": []}
    answers = [prediction for prediction, _ in told.values()]
    return {**msgspec.to_builtins(overall(answers)), "ways": [_way(prediction, some) for prediction, some in told.values()]}


def _family(ruleset: Ruleset, transport: str, port: int, ways: list[Way]) -> list[tuple[Prediction, list[Way]]]:
    flow = Flow("in", ways[0].family, transport, port, destination=tuple(way.address for way in ways))
    coarse = predict(ruleset, flow)
    if coarse.verdict != CANNOT_TELL:
        return [(coarse, ways)]
    return [(predict(ruleset, msgspec.structs.replace(flow, destination=(way.address,), interface=way.interface)), [way]) for way in ways]


def overall(answers: list[Prediction]) -> Prediction:
    """One verdict where all agree; denied ways agree whether by drop or by reject."""
    if all(one.verdict == ALLOW for one in answers) or all(one.verdict in (DROP, REJECT) for one in answers):
        return answers[0]
    unsure = next((one for one in answers if one.verdict == CANNOT_TELL), None)
    return unsure or msgspec.structs.replace(next(one for one in answers if one.verdict != ALLOW), verdict=CANNOT_TELL)


def _way(prediction: Prediction, ways: list[Way]) -> dict[str, Any]:
    places: dict[str, Any] = {"family": ways[0].family, "interfaces": sorted({way.interface for way in ways}), "addresses": [way.address for way in ways]}
    return {**places, **msgspec.to_builtins(prediction)}


def outbound(host: Host, transport: str, port: int, attempt: Attempt) -> Evidence | None:
    """Evidence of kind "firewall": what this host's rules do with an attempt's packets, both ways. None where they were not read whole."""
    state, objects = host.firewall.get("state"), host.firewall.get("ruleset", [])
    if attempt.address is None or state not in ("readable", "absent") or (state == "readable" and "ruleset" not in host.firewall):
        return None
    target, source = attempt.address.split("%")[0], (attempt.source_address or "").split("%")[0]
    if ipaddress.ip_address(target).is_loopback:
        return None
    device = next((one.name for one in host.interfaces if source and source in [text.split("%")[0] for text in one.addresses]), None)
    family = f"ipv{ipaddress.ip_address(target).version}"
    told = predict(Ruleset(objects), Flow("out", family, transport, port, (source,) if source else (), (target,), device))
    return Evidence("firewall", attempt.address, msgspec.to_builtins(told))


def compact(objects: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The part of a ruleset that decides about flows of this host itself, in nft's own JSON: no counters, logs, comments or forwarding."""
    listed = [(kind, what) for one in objects for kind, what in one.items() if isinstance(what, dict)]
    words: dict[tuple[str, ...], set[str]] = {_name(what, "name"): set() for kind, what in listed if kind != "rule"}
    for kind, what in listed:
        if kind in ("rule", "map"):
            words.setdefault(_name(what, "chain" if kind == "rule" else "name"), set()).update(_words(what.get("expr"), what.get("elem")))
    wanted = {_name(what, "name") for kind, what in listed if kind == "chain" and what.get("hook") in _HOOKS}
    reached: set[tuple[str, ...]] = set()
    while wanted:
        key = wanted.pop()
        reached.add(key)
        wanted |= {(*key[:2], word) for word in words[key] if (*key[:2], word) in words} - reached
    return [
        {kind: {name: _quiet(value) for name, value in what.items() if name not in _UNSAID}}
        for kind, what in listed
        if kind == "table" or _name(what, "chain" if kind == "rule" else "name") in reached
    ]


def _name(what: dict[str, Any], last: str) -> tuple[str, ...]:
    return tuple(str(what.get(part, "")) for part in ("family", "table", last))


def _words(*values: Any) -> Iterable[str]:
    """All text within, names of sets without their sign: more than the names of chains and sets, never less."""
    for value in values:
        if isinstance(value, str):
            yield value.removeprefix("@")
        elif isinstance(value, dict):
            yield from _words(*value.values())
        elif isinstance(value, list):
            yield from _words(*value)


def _quiet(value: Any) -> Any:
    """Statements that decide; elements of sets without times and comments."""
    if not isinstance(value, list):
        return value
    kept = [one for one in value if not (isinstance(one, dict) and _NOISE & set(one))]
    return [_quiet_element(one) if isinstance(one, dict) else one for one in kept]


def _quiet_element(one: dict[str, Any]) -> Any:
    inner = one.get("elem")
    if not isinstance(inner, dict):
        return one
    return {"elem": {name: value for name, value in inner.items() if name not in ("timeout", "expires", "comment", "counter")}}


def facts(state: str, source: str, why: str, objects: tuple[dict[str, Any], ...], ports: frozenset[int], interfaces: list[Interface]) -> dict[str, Any]:
    """Host.firewall. The rules stay in it, so that a later judge can ask them anew, unless they are too many: then only their digest does."""
    told: dict[str, Any] = {"state": state} | ({"source": source} if source else {}) | ({"why": why} if why else {})
    if state not in ("readable", "absent"):
        return told
    kept = compact(objects)
    written = msgspec.json.encode(kept)
    if kept:
        told |= {"ruleset_sha256": hashlib.sha256(written).hexdigest()}
        told |= {"ruleset": kept} if len(written) <= MAX_RULESET_BYTES else {"ruleset_bytes": len(written)}
    if ports:
        told["predictions"] = inbound(Ruleset(objects), ports, interfaces)
    return told
