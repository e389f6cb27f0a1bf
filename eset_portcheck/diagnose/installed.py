"""What an installed component says of a row: which server it is configured for, and that it holds a connection right
now. Pure.

Both stand beside the row's own attempt and improve nothing. A server that is only perhaps another one is not called
another one. Sources: docs/contract.md#rules (one connection decides a row); docs/sources.md#places-of-components.
"""

from typing import Final

import msgspec

from eset_portcheck.model.addresses import canonical, is_address
from eset_portcheck.model.evidence import Established
from eset_portcheck.model.finding import Conclusion, Finding
from eset_portcheck.model.host import Connection, Host
from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.report import Row
from eset_portcheck.model.site import SiteError, host_and_port
from eset_portcheck.model.vocabulary import Confidence, Direction, Listener, Phase, Transport, Verdict

DIFFERS: Final = "CONFIGURED_SERVER_DIFFERS"
CONNECTED: Final = "AGENT_CONNECTED"
_CONFIGURED = ("agent", "webconsole")  # roles whose own component has files that name the server
_SERVERS = 4


def to_server(row: Row) -> bool:
    """Is it a row that leads straight to the Server?"""
    return (
        row.direction is Direction.OUTBOUND
        and row.transport is Transport.TCP
        and row.listener is Listener.SERVER
        and row.via_destination is None
    )


def established(row: Row, connections: list[Connection]) -> list[Established]:
    """Connections of installed components to an address that this row was tried on."""
    tried = {canonical(attempt.address) for attempt in row.attempts if attempt.address} | {canonical(row.target)}
    return [
        Established(address=one.address, component=one.component, port=one.port, pid=one.pid)
        for one in connections
        if to_server(row) and one.port == row.port and canonical(one.address) in tried
    ]


def findings(row: Row, host: Host, phase: Phase) -> list[Finding]:
    if phase is Phase.PRE or not to_server(row):
        return []
    found = [
        Finding(CONNECTED, evidence=[f"{row.id}#{number}"], params=Params(component=one.component, address=one.address))
        for number, one in enumerate(row.evidence)
        if isinstance(one, Established)
    ][:1]
    servers = _configured(row, host)
    if servers and all(_is_other(row, one) for one in servers):
        found.append(Finding(DIFFERS, params=Params(configured=servers[:_SERVERS])))
    return found


def blamed(said: Conclusion) -> Conclusion:
    """A warning whose reason is the other configuration is this machine's matter."""
    if said.verdict is not Verdict.WARN or said.reason != DIFFERS:
        return said
    return msgspec.structs.replace(said, culprit=REASONS[DIFFERS].culprit, confidence=Confidence.LIKELY)


def _configured(row: Row, host: Host) -> list[str]:
    if row.role not in _CONFIGURED:
        return []
    told: list[object] = next(
        (list(one.get("servers", [])) for one in host.eset_products if one.get("component") == row.role), []
    )
    return [one for one in told if isinstance(one, str)]


def _is_other(row: Row, configured: str) -> bool:
    """Is it certainly another one? A name and an address cannot be compared without asking somebody, nor a short name
    and a full one."""
    try:
        name, port = host_and_port(configured, "")
    except SiteError:
        return False
    given, known = canonical(row.target), canonical(name)
    if given == known:
        return port != row.port
    if is_address(known):
        tried = {canonical(attempt.address) for attempt in row.attempts if attempt.address}
        return bool(tried) and known not in tried
    if is_address(given) or _is_loopback_name(given) or _is_loopback_name(known):
        return False
    short = "." not in given or "." not in known
    return given.partition(".")[0] != known.partition(".")[0] if short else True


def _is_loopback_name(text: str) -> bool:
    return text == "localhost" or text.endswith(".localhost")
