"""Commands beside packet filters: names, routes, proxies, certificates, services. Most only look; what changes has its
undo. Pure.

Words in capitals (ADDRESS, GATEWAY, USER ...) are for whoever pastes the line; as they stand the line fails without
doing anything. Sources: dig(1), ip-route(8), squid.conf's documentation (acl, http_access), openssl-s_client(1).
"""

import re
import zlib
from collections.abc import Callable

from eset_portcheck.diagnose.fixes_case import HERE, NETWORK, PROXY, SERVER, Advice, Case
from eset_portcheck.diagnose.fixes_commands import Command
from eset_portcheck.model.addresses import host_port, parse_host_port
from eset_portcheck.model.concerned import concerned, destination, is_internet
from eset_portcheck.model.vocabulary import Direction, Listener
from eset_portcheck.texts.quoting import Shell
from eset_portcheck.texts.shell import filled, posix, powershell
from eset_portcheck.texts.values import Address, HostName, Port, address, host_name, number, port

_UNITS = {Listener.SERVER: ("eraserver", "*ESET*"), Listener.WEBCONSOLE: ("tomcat*", "*Tomcat*")}
_SQUID = "/etc/squid/squid.conf"
_NAMES = 4
_DIGITS = re.compile(r"[0-9]{1,5}")
_ADD_ROUTE, _REMOVE_ROUTE = (
    "ip -{version} route add {target}/{bits} via GATEWAY",
    "ip -{version} route del {target}/{bits} via GATEWAY",
)


def _route(one: Case) -> Advice:
    """The route that is taken; then one for exactly these addresses."""
    for flow in one.flows:
        for target in flow.addresses[:_NAMES]:
            bits = 128 if flow.version == 6 else 32
            if one.on_windows:
                yield HERE, Command("powershell", powershell("Find-NetRoute -RemoteIPAddress {target}", target=target))
                yield HERE, _windows_route(flow.version, target)
                continue
            look = (
                "ip -{version} route get {target}; ip -{version} route show table all to match {target}; ip "
                "-{version} rule"
            )
            yield HERE, Command("ip", posix(look, version=flow.version, target=target))
            add, remove = (
                posix(line, version=flow.version, target=target, bits=bits) for line in (_ADD_ROUTE, _REMOVE_ROUTE)
            )
            yield HERE, Command("ip", add, remove)


def _windows_route(version: int, target: Address) -> Command:
    add, remove = ("route -6 add {target}/128 GATEWAY", "route -6 delete {target}")
    if version == 4:
        add, remove = ("route add {target} mask 255.255.255.255 GATEWAY", "route delete {target}")
    return Command("route", *(filled(line, {"target": target}, Shell.WINDOWS) for line in (add, remove)))


def _router(one: Case) -> Advice:
    """For the router that sent the message, which the cause names."""
    for flow in one.flows:
        for target in flow.addresses[:_NAMES]:
            line = (
                "ip -{version} route get {target} from {source} iif INTERFACE"
                if flow.source
                else "ip -{version} route get {target}"
            )
            yield NETWORK, Command("ip", posix(line, version=flow.version, target=target, source=flow.source))
        if flow.source and flow.addresses:
            yield NETWORK, Command("request", f"route {', '.join(flow.addresses)} from {flow.source} and back")


def _gateway(one: Case) -> Advice:
    """Which way the packets take, and who is asked for in vain there."""
    yield from list(_route(one))[:1]
    gateway = address(one.lead.where.address)
    if gateway is None:
        return
    line, shell = (
        ("Get-NetNeighbor -IPAddress {gateway}", powershell)
        if one.on_windows
        else ("ip neigh show to {gateway}", posix)
    )
    yield HERE, Command("powershell" if one.on_windows else "ip", shell(line, gateway=gateway))


def _neighbour(one: Case) -> Advice:
    for flow in one.flows:
        for target in flow.addresses[:_NAMES]:
            if one.on_windows:
                yield (
                    HERE,
                    Command(
                        "powershell",
                        powershell(
                            "Find-NetRoute -RemoteIPAddress {target}; Get-NetNeighbor -IPAddress {target}",
                            target=target,
                        ),
                    ),
                )
            else:
                line = "ip -{version} route get {target}; ip -{version} neigh show to {target}"
                yield HERE, Command("ip", posix(line, version=flow.version, target=target))
    yield from _ports(one, SERVER)


def listening(one: Case, who: str = SERVER) -> Advice:
    """Does the service listen, and on which address?"""
    yield from _ports(one, who)
    # what a site has behind its proxy is the Server
    unit, pattern = _UNITS.get(Listener.SERVER if one.lead.where.via else one.lead.listener, ("", ""))
    if unit and who != PROXY:
        yield who, Command("systemctl", posix("systemctl --no-pager status {unit}", unit=unit))
        yield who, Command("powershell", powershell("Get-Service -DisplayName «{pattern}»", pattern=pattern))


def _ports(one: Case, who: str, *, windows: bool = True, linux: bool = True) -> Advice:
    if who != HERE and one.at_a_vendors:
        return
    linux = linux and not (who == SERVER and one.of_windows)
    for transport, wanted in _numbers(one):
        if linux:
            yield who, Command("ss", posix("ss -l{kind}np «sport = :{port}»", kind=transport[0], port=wanted))
        if windows and transport == "tcp":
            yield (
                who,
                Command("powershell", powershell("Get-NetTCPConnection -State Listen -LocalPort {port}", port=wanted)),
            )
        elif windows:
            yield who, Command("powershell", powershell("Get-NetUDPEndpoint -LocalPort {port}", port=wanted))


def _numbers(one: Case) -> list[tuple[str, Port]]:
    """(transport, port) of every row of the cause."""
    ports = [(row.transport.value, port(concerned(row, row.where).port)) for row in one.group]
    return list(dict.fromkeys((transport, wanted) for transport, wanted in ports if wanted))


def _refused_by_host(one: Case) -> Advice:
    if not is_internet(one.lead):
        yield from listening(one)


def _own_port(one: Case) -> Advice:
    """A port of this machine: who holds it, and where."""
    yield from _ports(one, HERE, windows=one.on_windows, linux=not one.on_windows)
    pid = number(one.lead.where.process.pid) if one.lead.where.process else None
    if pid and one.on_windows:
        yield HERE, Command("powershell", powershell("Get-Process -Id {pid}", pid=pid))
    elif pid:
        yield HERE, Command("ps", posix("ps -o pid,user,lstart,args -p {pid}", pid=pid))


def _own_service(one: Case) -> Advice:
    yield from _own_port(one)
    unit, pattern = _UNITS.get(one.lead.listener, ("", ""))
    if one.on_windows:
        yield (
            HERE,
            Command("powershell", powershell("Get-Service -DisplayName «{pattern}»", pattern=pattern or "*ESET*")),
        )
    elif unit == "eraserver":
        yield (
            HERE,
            Command("systemctl", posix("systemctl start {unit}", unit=unit), posix("systemctl stop {unit}", unit=unit)),
        )


def _reserved(one: Case) -> Advice:
    show = "netsh int ipv4 show excludedportrange protocol={transport}"
    table = (
        "netsh int ipv4 {action} excludedportrange protocol={transport} startport={port} numberofports=1 "
        "store=persistent"
    )
    for transport, wanted in _numbers(one):
        yield HERE, Command("netsh", powershell(show, transport=transport))
        add = powershell(f"net stop winnat; {table}; net start winnat", action="add", transport=transport, port=wanted)
        yield HERE, Command("netsh", add, powershell(table, action="delete", transport=transport, port=wanted))


def _destinations(one: Case) -> list[tuple[Address | HostName, Port]]:
    """(host, port) behind the proxy, of every row of the cause."""
    found: list[tuple[Address | HostName, Port]] = []
    for row in one.group:
        host, number = parse_host_port(row.via_destination or "") or ("", 0)
        named = host_name(host.rstrip(".")) or address(host)
        wanted = port(number)
        if named and wanted:
            found.append((named, wanted))
    return list(dict.fromkeys(found))


def _proxy_rule(one: Case) -> Advice:
    """squid: CONNECT from this host to these destinations, ahead of every other http_access line, so without log-in
    too."""
    wanted = _destinations(one)
    source = one.source
    if source is None or not wanted:
        return
    names = f"eset_portcheck_{zlib.crc32(repr((source, wanted)).encode()):08x}"
    lines = [f"acl {names}_src src {source}", f"acl {names}_connect method CONNECT"]
    for place, (host, its_port) in enumerate(wanted):
        kind = "dst" if address(host) else "dstdomain"
        acl = f"{names}_{place}"
        lines += [
            f"acl {acl} {kind} {host}",
            f"acl {acl}_port port {its_port}",
            f"http_access allow {names}_connect {names}_src {acl} {acl}_port",
        ]
    script = "0,/^http_access /{/^http_access /i " + r"\n".join(lines)  # GNU sed: the text ends with this -e
    insert = posix("sed -i -e {script} -e «{end}» {file} && squid -k reconfigure", script=script, end="}", file=_SQUID)
    yield (
        PROXY,
        Command(
            "squid", insert, posix("sed -i {script} {file} && squid -k reconfigure", script=f"/{names}/d", file=_SQUID)
        ),
    )
    for host, its_port in wanted:
        yield PROXY, Command("request", f"allow CONNECT from {source} to {host_port(host, its_port)}, without log-in")


def _proxy_exit(one: Case) -> Advice:
    """The proxy itself does not get there."""
    proxy = next((found for attempt in one.lead.attempts if (found := address(attempt.address))), None)
    plain = {destination(row) for row in one.group if row.protocol == "http_proxy"}
    for host, its_port in _destinations(one):
        if (host, its_port) in plain:
            look, tool = "curl -sv -o /dev/null http://{host}:{port}/", "curl"
        else:
            look, tool = "openssl s_client -connect {host}:{port} </dev/null", "openssl"
        yield PROXY, Command(tool, posix(look, host=host, port=its_port))
        if proxy:
            yield (
                NETWORK,
                Command("request", f"allow TCP from {proxy} to {host} port {its_port}, stateful, without inspection"),
            )


def chain(one: Case) -> Advice:
    """The certificates as they are sent: issuer, names, dates."""
    row = one.lead
    host, wanted = host_name(row.target) or address(row.target), port(row.port)
    if row.via_destination:
        host, wanted = next(iter(_destinations(one)), (None, None))
    if host is None or wanted is None:
        return
    proxy, its_port = host_name(row.target), port(row.port)
    line = "openssl s_client -connect {host}:{port}"
    line += " -servername {host}" if host_name(host) else ""
    line += " -proxy {proxy}:{its_port}" if row.via_destination and proxy and its_port else ""
    line += " -showcerts </dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName"
    yield HERE, Command("openssl", posix(line, host=host, port=wanted, proxy=proxy, its_port=its_port))


def _authority(one: Case) -> Advice:
    """Which file: the site's own authority, to be had from whoever runs ESET PROTECT."""
    if not is_internet(one.lead):
        yield HERE, Command("eset-portcheck", f"{one.verify} --ca-file authority.pem".strip())
    yield from chain(one)


def _clock(one: Case) -> Advice:
    yield (
        HERE,
        Command("w32tm", "w32tm /query /status") if one.on_windows else Command("timedatectl", "timedatectl status"),
    )
    if one.reason not in ("KDC_CLOCK_SKEW", "CLOCK_SKEW"):
        yield from chain(one)


def _bound(one: Case) -> Advice:
    yield from _own_port(one) if one.lead.direction is not Direction.OUTBOUND else _ports(one, SERVER)


BY_REASON: dict[str, Callable[[Case], Advice]] = {
    **dict.fromkeys(("NO_ROUTE", "ROUTE_PROHIBITED"), _route),
    **dict.fromkeys(("NET_UNREACHABLE", "TTL_EXPIRED"), _router),
    "HOST_DOWN": _neighbour,
    "GATEWAY_DOWN": _gateway,
    "REFUSED_BY_HOST": _refused_by_host,
    **dict.fromkeys(("PROXY_REFUSED_CONNECT", "PROXY_AUTH_REQUIRED"), _proxy_rule),
    "PROXY_UPSTREAM_FAILED": _proxy_exit,
    "TLS_UNKNOWN_CA": _authority,
    **dict.fromkeys(("TLS_WRONG_NAME", "TLS_EXPIRES_SOON"), chain),
    **dict.fromkeys(("TLS_EXPIRED", "TLS_NOT_YET_VALID", "KDC_CLOCK_SKEW", "CLOCK_SKEW"), _clock),
    "PORT_NOT_LISTENING": _own_service,
    "PORT_RESERVED": _reserved,
    **dict.fromkeys(
        (
            "PORT_IN_USE_BY_OTHER",
            "LISTENS_LOOPBACK_ONLY",
            "LISTENS_IPV6_ONLY",
            "LISTENS_BEYOND_LOOPBACK",
            "OWNER_UNEXPECTED",
        ),
        _bound,
    ),
}
