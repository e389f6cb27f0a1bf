"""Rows of this machine: who holds a port, is it the right one, can others reach it. Pure: facts of one host snapshot in, no traffic.

A connect to this machine's own address goes over loopback and proves nothing of the network, so an inbound row passes only with the firewall's yes.
Source: the project's contract, "Inbound rows" and "Phase"; facts 4.5 and 4.6 for names of processes.
"""

import ipaddress
import re
from typing import Any

from eset_portcheck.model.finding import Conclusion, Finding, Where
from eset_portcheck.model.host import Host, Listening
from eset_portcheck.model.reasons import REASONS
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Confidence, Culprit, Direction, Listener, Phase, Proof, State, Verdict

_PRODUCT_PATHS = {
    Listener.SERVER: re.compile(r"/opt/eset/RemoteAdministrator/Server/|\\ESET\\RemoteAdministrator\\Server\\", re.IGNORECASE),
    Listener.BRIDGE: re.compile(r"/opt/eset/bridge/|\\ESET\\(ESET )?Bridge\\", re.IGNORECASE),
    Listener.MDC: re.compile(r"/opt/eset/RemoteAdministrator/MDMCore/|\\ESET\\RemoteAdministrator\\(MDMCore|MobileDeviceConnector)", re.IGNORECASE),
    Listener.WEBCONSOLE: re.compile(r"/tomcat|\\Apache Software Foundation\\|\\Tomcat", re.IGNORECASE),
}
# The page: other traffic goes through the operating system's own processes.
_SYSTEM_NAMES = frozenset({"system", "smbd", "nmbd", "samba", "svchost.exe"})
_SYSTEM_PORTS = frozenset({137, 138, 139, 445})
_WINDOWS_SYSTEM_PID = 4
_ALLOWED, _DENIED = "allow", ("drop", "reject")


def judge_inbound(row: Row, host: Host, phase: Phase) -> Conclusion:
    """One listening row. `phase` auto: post where the component is installed here, else pre."""
    local = row.direction is Direction.LOCAL
    holders = [one for one in host.listeners if one.port == row.port and one.transport == row.transport]
    if not _read(host):
        return _unproven("OWNER_NOT_VISIBLE", {"why": "listeners of this machine could not be read"})
    after = _after_installation(row, host, phase)
    if not holders:
        return _free(row, host) if not after else _absent(row)
    owners = {_kind(row, one) for one in holders}
    where = Where(process=_process(holders[0]))
    if "other" in owners:
        stranger = next(one for one in holders if _kind(row, one) == "other")
        return _failed("PORT_IN_USE_BY_OTHER", State.OPEN, Where(process=_process(stranger)), {"process": stranger.name or "", "port": row.port})
    if owners == {"hidden"}:
        return _unproven("OWNER_NOT_VISIBLE", {"port": row.port}, State.OPEN, where)
    loopback_only = all(_is_loopback(one.address) for one in holders)
    if local:
        return _inside(holders, where)
    if loopback_only:
        return _failed("LISTENS_LOOPBACK_ONLY", State.CLOSED, where, {"addresses": [one.address for one in holders]})
    findings = [Finding("OWNER_UNEXPECTED", params={"process": holders[0].name or ""})] if "plausible" in owners else []
    return _reach(row, host, "PORT_HELD_BY_PRODUCT", State.OPEN, where, findings)


def _read(host: Host) -> bool:
    return "listeners" not in host.capabilities.get("unread", {})


def _after_installation(row: Row, host: Host, phase: Phase) -> bool:
    if row.listener is Listener.FOREIGN:
        return True  # the operating system's own ports are there before and after
    if phase is Phase.AUTO:
        return any(product.get("component") == row.listener.value for product in host.eset_products)
    return phase is Phase.POST


def _kind(row: Row, holder: Listening) -> str:
    """product, plausible, hidden (owner not visible to us) or other."""
    name, path = (holder.name or "").lower(), holder.path or ""
    if row.listener is Listener.FOREIGN and row.port in _SYSTEM_PORTS:
        if name in _SYSTEM_NAMES or holder.pid == _WINDOWS_SYSTEM_PID:
            return "product"
        return "hidden" if holder.pid is None else "other"
    expected = _PRODUCT_PATHS.get(row.listener)
    if expected is not None and path and expected.search(path):
        return "product"
    if row.listener is Listener.WEBCONSOLE and name.startswith(("java", "tomcat")):
        return "plausible"  # Tomcat runs inside a JVM whose path says nothing
    return "hidden" if holder.pid is None or not (path or name) else "other"


def _free(row: Row, host: Host) -> Conclusion:
    excluded = host.firewall.get("excluded_ports", [])
    if any(first <= row.port <= last for first, last in excluded):
        return _failed("PORT_RESERVED", State.CLOSED, Where(), {"port": row.port})
    if row.direction is Direction.LOCAL:
        return Conclusion(Verdict.PASS, State.CLOSED, Proof.ACCEPTS, "PORT_FREE")
    return _reach(row, host, "PORT_FREE", State.CLOSED, Where(), [])


def _absent(row: Row) -> Conclusion:
    return _failed("PORT_NOT_LISTENING", State.CLOSED, Where(), {"port": row.port})


def _inside(holders: list[Listening], where: Where) -> Conclusion:
    """A port for this host only: a bind beyond loopback works, but shows it to others."""
    exposed = [one.address for one in holders if not _is_loopback(one.address)]
    if exposed:
        finding = Finding("OWNER_UNEXPECTED", params={"addresses": exposed})
        return Conclusion(Verdict.WARN, State.OPEN, Proof.ACCEPTS, "OWNER_UNEXPECTED", Culprit.LOCAL_HOST, Confidence.PROVEN, where, [finding])
    return Conclusion(Verdict.PASS, State.OPEN, Proof.ACCEPTS, "PORT_HELD_BY_PRODUCT", where=where)


def _reach(row: Row, host: Host, reason: str, state: State, where: Where, findings: list[Finding]) -> Conclusion:
    """The listener is right; only the firewall's word makes it a pass."""
    predicted = host.firewall.get("predictions", {}).get(f"in/{row.transport.value}/{row.port}", {})
    answer = predicted.get("verdict")
    if answer in _DENIED:
        rule = {name: predicted[name] for name in ("rule", "table", "chain") if predicted.get(name)}
        return _failed("INBOUND_FILTERED", State.FILTERED, where, {**rule, "action": answer})
    if answer != _ALLOWED:
        told = Finding("REACH_NOT_TESTED", params={"firewall": host.firewall.get("state", "not-read"), "listener": reason})
        return Conclusion(Verdict.UNPROVEN, state, Proof.PATH, "REACH_NOT_TESTED", Culprit.UNKNOWN, Confidence.POSSIBLE, where, [told, *findings])
    verdict = Verdict.WARN if findings else Verdict.PASS
    return Conclusion(verdict, state, Proof.ACCEPTS, findings[0].reason if findings else reason, where=where, findings=findings)


def _failed(reason: str, state: State, where: Where, params: dict[str, Any]) -> Conclusion:
    return Conclusion(Verdict.FAIL, state, Proof.NONE, reason, REASONS[reason].culprit, Confidence.PROVEN, where, [Finding(reason, params=params)])


def _unproven(reason: str, params: dict[str, Any], state: State = State.NOT_TESTED, where: Where | None = None) -> Conclusion:
    found = [Finding(reason, params=params), Finding("REACH_NOT_TESTED")]
    return Conclusion(Verdict.UNPROVEN, state, Proof.NONE, reason, Culprit.UNKNOWN, Confidence.POSSIBLE, where or Where(), found)


def _process(holder: Listening) -> dict[str, Any] | None:
    told = {"pid": holder.pid, "name": holder.name, "path": holder.path}
    return {name: value for name, value in told.items() if value is not None} or None


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.split("%")[0]).is_loopback
    except ValueError:
        return False
