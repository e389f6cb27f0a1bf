"""What this host's rules let in on the role's ports, for every way in: the facts of Host.firewall. Pure.

A way in is an address of this host that others can reach. Rules are asked coarsely first (all addresses of a family,
any interface), and address by address only where that does not tell: most rule sets do not care.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from eset_portcheck.model.addresses import family_of, is_beyond_link, parse_address
from eset_portcheck.model.host import InboundPrediction, InboundWay, Interface, LocalFirewall
from eset_portcheck.packet_filter.flow import ALLOW, CANNOT_TELL, DROP, REJECT, Flow, Prediction

MAX_WAYS = 16  # that are asked one by one
MAX_OUTLINE_BYTES = 16384
# Networks inside this machine: containers and virtual machines. Clients of the role come from elsewhere.
_INSIDE = re.compile(
    r"(lo|docker\d+|br-[0-9a-f]{12}|veth.*|virbr\d.*|vnet\d+|lxcbr\d+|lxdbr\d+|cni.*|flannel.*|cali.*|podman\d+|vmnet\d+|vboxnet\d+)\Z"
)


Ask = Callable[[Flow], Prediction]


class Way(NamedTuple):
    family: str
    interface: str
    address: str
    neighbours: bool = True


def ways_in(interfaces: Iterable[Interface]) -> list[Way]:
    """Addresses that other machines can dial: not loopback, not link-local, not of a network inside this machine."""
    found: list[Way] = []
    for interface in interfaces:
        if not interface.up or _INSIDE.match(interface.name):
            continue
        for text in interface.addresses:
            address = parse_address(text)
            if address is not None and is_beyond_link(address):
                found.append(Way(family_of(address), interface.name, str(address), not interface.point_to_point))
    return found


def inbound(ask: Ask, ports: Iterable[int], interfaces: Iterable[Interface]) -> dict[str, InboundPrediction]:
    """By "in/tcp/2222". Ways that do not agree make "cannot-tell"; the list tells which differ."""
    ways = ways_in(interfaces)
    return {
        f"in/{transport}/{port}": _port(ask, transport, port, ways)
        for port in sorted(ports)
        for transport in ("tcp", "udp")
    }


def _port(ask: Ask, transport: str, port: int, ways: list[Way]) -> InboundPrediction:
    told: dict[str, tuple[Prediction, list[Way]]] = {}
    for kind in dict.fromkeys((way.family, way.neighbours) for way in ways):
        mine = [way for way in ways if (way.family, way.neighbours) == kind]
        for prediction, some in _alike(ask, transport, port, mine):
            key = f"{kind} {msgspec.json.encode(prediction).decode()}"
            told[key] = (prediction, [*told[key][1], *some] if key in told else some)
    if not told:
        return InboundPrediction(CANNOT_TELL, "no address that others can reach", ways=[])
    answers = [prediction for prediction, _ in told.values()]
    asked = [_way(prediction, some) for prediction, some in told.values()]
    return InboundPrediction(**msgspec.structs.asdict(overall(answers)), ways=asked)


def _alike(ask: Ask, transport: str, port: int, ways: list[Way]) -> list[tuple[Prediction, list[Way]]]:
    flow = Flow(
        "in",
        ways[0].family,
        transport,
        port,
        destination=tuple(way.address for way in ways),
        neighbours=ways[0].neighbours,
    )
    coarse = ask(flow)
    if coarse.verdict != CANNOT_TELL or len(ways) > MAX_WAYS:
        return [(coarse, ways)]
    return [
        (ask(msgspec.structs.replace(flow, destination=(way.address,), interface=way.interface)), [way]) for way in ways
    ]


def overall(answers: list[Prediction]) -> Prediction:
    """One verdict where all agree; denied ways agree whether by drop or by reject."""
    if all(one.verdict == ALLOW for one in answers) or all(one.verdict in (DROP, REJECT) for one in answers):
        return answers[0]
    unsure = next((one for one in answers if one.verdict == CANNOT_TELL), None)
    return unsure or msgspec.structs.replace(next(one for one in answers if one.verdict != ALLOW), verdict=CANNOT_TELL)


def _way(prediction: Prediction, ways: list[Way]) -> InboundWay:
    return InboundWay(
        **msgspec.structs.asdict(prediction),
        family=ways[0].family,
        interfaces=sorted({way.interface for way in ways}),
        addresses=[way.address for way in ways][:MAX_WAYS],
    )


def within(told: LocalFirewall, kept: list[dict[str, Any]]) -> LocalFirewall:
    """With the outline of a rule set; where it is too long, only its length."""
    size = len(msgspec.json.encode(kept))
    if size > MAX_OUTLINE_BYTES:
        return msgspec.structs.replace(told, ruleset_bytes=size)
    return msgspec.structs.replace(told, ruleset=kept or None)
