"""Commands beside packet filters: names, routes, proxies, certificates, services, shares, databases. Most only look; what changes has its undo. Pure.

Words in capitals (ADDRESS, GATEWAY, USER ...) are for whoever pastes the line; as they stand the line fails without doing anything.
Sources: dig(1), ip-route(8), squid.conf's documentation (acl, http_access), openssl-s_client(1), MySQL reference manual (host cache).
"""

import shlex
import zlib
from collections.abc import Callable, Iterator

import msgspec

from eset_portcheck.diagnose.fixes_case import Case, address, host_name, is_internet, source_of
from eset_portcheck.diagnose.fixes_commands import Command, Flow
from eset_portcheck.model.vocabulary import Direction, Listener

Advice = Iterator[tuple[str, Command]]
HERE, NETWORK, SERVER, DNS, PROXY, DATABASE = "this-host", "network-team", "server-admin", "dns-admin", "proxy-admin", "database-admin"
_UNITS = {Listener.SERVER: ("eraserver", "*ESET*"), Listener.WEBCONSOLE: ("tomcat*", "*Tomcat*")}
_LSA = r"reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0"
_SQUID = "/etc/squid/squid.conf"
_NAMES = 4


def _ask(one: Case, name: str, server: str | None = None) -> Command:
    if one.on_windows:
        return Command("powershell", f"Resolve-DnsName {name} -Type A_AAAA" + (f" -Server {server}" if server else ""))
    at = f"@{server} " if server else ""
    return Command("dig", f"dig {at}{name} A {at}{name} AAAA")


def _names(one: Case) -> list[str]:
    asked = [finding.params["name"] for row in one.group for finding in row.findings if "name" in finding.params] or [row.target for row in one.group]
    return list(dict.fromkeys(name for name in map(host_name, asked) if name))[:_NAMES]


def _resolver(one: Case) -> str | None:
    return address(one.lead.where.address)


def asked_names(one: Case) -> Advice:
    """The resolver that failed, and the others that this host has: which one to ask."""
    server = _resolver(one)
    others = [other for other in map(address, one.host.resolvers) if other and other != server]
    for name in _names(one)[:1]:
        yield from ((HERE, _ask(one, name, asked)) for asked in dict.fromkeys([server, *others]))


def questions(one: Case) -> Case:
    """The flows of the questions themselves: UDP and TCP 53 to the resolver."""
    server = _resolver(one)
    flows = []
    if server:
        version = 6 if ":" in server else 4
        flows = [Flow(version, transport, source_of(one.host, version), (server,), 53) for transport in ("udp", "tcp")]
    return msgspec.structs.replace(one, flows=flows)


def _missing_record(one: Case) -> Advice:
    if not is_internet(one.lead):
        yield from ((DNS, Command("zone-file", f"{name.rstrip('.')}. IN A ADDRESS")) for name in _names(one))
    yield from asked_names(one)


def _resolver_refuses(one: Case) -> Advice:
    server = _resolver(one)
    source = source_of(one.host, 6 if server and ":" in server else 4)
    if source:
        yield DNS, Command("named.conf", f"allow-query {{ {source}; }}; allow-recursion {{ {source}; }};")
        yield DNS, Command("unbound.conf", f"access-control: {source}/{128 if ':' in source else 32} allow")
    yield from asked_names(one)


def _resolver_fails(one: Case) -> Advice:
    server = _resolver(one)
    for name in _names(one)[:1]:
        if server and not one.on_windows:
            yield DNS, Command("dig", f"dig +cd @{server} {name} A")
    yield from asked_names(one)


def _route(one: Case) -> Advice:
    """The route that is taken; then one for exactly these addresses."""
    for flow in one.flows:
        for target in flow.addresses[:_NAMES]:
            bits = 128 if flow.version == 6 else 32
            if one.on_windows:
                add, six = (f"route -6 add {target}/{bits} GATEWAY", "-6 ") if flow.version == 6 else (f"route add {target} mask 255.255.255.255 GATEWAY", "")
                yield HERE, Command("powershell", f"Find-NetRoute -RemoteIPAddress {target}")
                yield HERE, Command("route", add, f"route {six}delete {target}")
                continue
            ip = f"ip -{flow.version}"
            yield HERE, Command("ip", f"{ip} route get {target}; {ip} route show table all to match {target}; {ip} rule")
            yield HERE, Command("ip", f"{ip} route add {target}/{bits} via GATEWAY", f"{ip} route del {target}/{bits} via GATEWAY")


def _router(one: Case) -> Advice:
    """For the router that sent the message, which the cause names."""
    for flow in one.flows:
        for target in flow.addresses[:_NAMES]:
            origin = f" from {flow.source} iif INTERFACE" if flow.source else ""
            yield NETWORK, Command("ip", f"ip -{flow.version} route get {target}{origin}")
        if flow.source and flow.addresses:
            yield NETWORK, Command("request", f"route {', '.join(flow.addresses)} from {flow.source} and back")


def _neighbour(one: Case) -> Advice:
    for flow in one.flows:
        for target in flow.addresses[:_NAMES]:
            if one.on_windows:
                yield HERE, Command("powershell", f"Find-NetRoute -RemoteIPAddress {target}; Get-NetNeighbor -IPAddress {target}")
            else:
                yield HERE, Command("ip", f"ip -{flow.version} route get {target}; ip -{flow.version} neigh show to {target}")
    yield from _ports(one, SERVER)


def listening(one: Case, who: str = SERVER) -> Advice:
    """Does the service listen, and on which address?"""
    yield from _ports(one, who)
    unit, pattern = _UNITS.get(one.lead.listener, ("", ""))
    if unit and who != PROXY:
        yield who, Command("systemctl", f"systemctl --no-pager status {shlex.quote(unit) if '*' in unit else unit}")
        yield who, Command("powershell", f"Get-Service -DisplayName '{pattern}'")


def _ports(one: Case, who: str, *, windows: bool = True, linux: bool = True) -> Advice:
    for transport, port in dict.fromkeys((row.transport.value, row.port) for row in one.group if 0 < row.port < 65536):
        if linux:
            yield who, Command("ss", f"ss -Hln{transport[0]}p 'sport = :{port}'")
        if windows and transport == "tcp":
            yield who, Command("powershell", f"Get-NetTCPConnection -State Listen -LocalPort {port}")
        elif windows:
            yield who, Command("powershell", f"Get-NetUDPEndpoint -LocalPort {port}")


def _refused_by_host(one: Case) -> Advice:
    if not is_internet(one.lead):
        yield from listening(one)


def _own_port(one: Case) -> Advice:
    """A port of this machine: who holds it, and where."""
    yield from _ports(one, HERE, windows=one.on_windows, linux=not one.on_windows)
    pid = (one.lead.where.process or {}).get("pid")
    if isinstance(pid, int) and pid > 0:
        yield HERE, Command("powershell", f"Get-Process -Id {pid}") if one.on_windows else Command("ps", f"ps -o pid,user,lstart,args -p {pid}")


def _own_service(one: Case) -> Advice:
    yield from _own_port(one)
    unit, pattern = _UNITS.get(one.lead.listener, ("", ""))
    if one.on_windows:
        yield HERE, Command("powershell", f"Get-Service -DisplayName '{pattern or '*ESET*'}'")
    elif unit == "eraserver":
        yield HERE, Command("systemctl", f"systemctl start {unit}", f"systemctl stop {unit}")


def _reserved(one: Case) -> Advice:
    for transport, port in dict.fromkeys((row.transport.value, row.port) for row in one.group if 0 < row.port < 65536):
        table = f"netsh int ipv4 {{}} excludedportrange protocol={transport} startport={port} numberofports=1 store=persistent"
        yield HERE, Command("netsh", f"netsh int ipv4 show excludedportrange protocol={transport}")
        yield HERE, Command("netsh", f"net stop winnat; {table.format('add')}; net start winnat", table.format("delete"))


def _destinations(one: Case) -> list[tuple[str, int]]:
    """(host, port) behind the proxy, of every row of the cause."""
    found = []
    for row in one.group:
        host, _, port = (row.via_destination or "").rpartition(":")
        host = host.strip("[]")
        if (host_name(host) or address(host)) and port.isascii() and port.isdigit() and 0 < int(port) < 65536:
            found.append((host.rstrip("."), int(port)))
    return list(dict.fromkeys(found))


def _proxy_rule(one: Case) -> Advice:
    """squid: CONNECT from this host to these destinations, ahead of every other http_access line, so without log-in too."""
    wanted = _destinations(one)
    source = one.source
    if source is None or not wanted:
        return
    names = f"eset_portcheck_{zlib.crc32(repr((source, wanted)).encode()):08x}"
    lines = [f"acl {names}_src src {source}", f"acl {names}_connect method CONNECT"]
    for number, (host, port) in enumerate(wanted):
        kind = "dst" if address(host) else "dstdomain"
        acl = f"{names}_{number}"
        lines += [f"acl {acl} {kind} {host}", f"acl {acl}_port port {port}", f"http_access allow {names}_connect {names}_src {acl} {acl}_port"]
    script = "0,/^http_access /{/^http_access /i " + r"\n".join(lines)  # GNU sed: the text ends with this -e
    insert = f"sed -i -e {shlex.quote(script)} -e '}}' {_SQUID} && squid -k reconfigure"
    yield PROXY, Command("squid", insert, f"sed -i '/{names}/d' {_SQUID} && squid -k reconfigure")
    for host, port in wanted:
        yield PROXY, Command("request", f"allow CONNECT from {source} to {host}:{port}, without log-in")


def _proxy_exit(one: Case) -> Advice:
    """The proxy itself does not get there."""
    proxy = next((target for flow in one.flows for target in flow.addresses), None)
    for attempt in one.lead.attempts:
        proxy = proxy or address(attempt.address)
    for host, port in _destinations(one):
        yield PROXY, Command("openssl", f"openssl s_client -connect {host}:{port} </dev/null")
        if proxy:
            yield NETWORK, Command("request", f"allow TCP from {proxy} to {host} port {port}, stateful, without inspection")


def chain(one: Case) -> Advice:
    """The certificates as they are sent: issuer, names, dates."""
    row = one.lead
    host, port = row.target, row.port
    if row.via_destination:
        host, port = next(iter(_destinations(one)), ("", 0))
    if not (host_name(host) or address(host)) or not 0 < port < 65536:
        return
    name = f" -servername {host}" if host_name(host) else ""
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    through = f" -proxy {row.target}:{row.port}" if row.via_destination and host_name(row.target) else ""
    fields = "-noout -subject -issuer -dates -ext subjectAltName"
    yield HERE, Command("openssl", f"openssl s_client -connect {shlex.quote(shown)}{name}{through} -showcerts </dev/null | openssl x509 {fields}")


def _authority(one: Case) -> Advice:
    """Which file: the site's own authority, to be had from whoever runs ESET PROTECT."""
    if not is_internet(one.lead):
        yield HERE, Command("eset-portcheck", f"{one.verify} --ca-file authority.pem".strip())
    yield from chain(one)


def _clock(one: Case) -> Advice:
    yield HERE, Command("w32tm", "w32tm /query /status") if one.on_windows else Command("timedatectl", "timedatectl status")
    if one.reason != "KDC_CLOCK_SKEW":
        yield from chain(one)


def _shares(line: str) -> Callable[[Case], Advice]:
    def advise(_: Case) -> Advice:
        yield SERVER, Command("powershell", line)

    return advise


def _database_account(one: Case) -> Advice:
    if one.source:
        account = f"'USER'@'{one.source}'"
        yield DATABASE, Command("sql", f"CREATE USER {account} IDENTIFIED BY 'PASSWORD'; GRANT ALL ON DATABASE.* TO {account};", f"DROP USER {account};")
    yield DATABASE, Command("sql", "SELECT user, host FROM mysql.user;")


def _database_hosts(_: Case) -> Advice:
    yield DATABASE, Command("mysqladmin", "mysqladmin flush-hosts")
    yield DATABASE, Command("sql", "TRUNCATE TABLE performance_schema.host_cache;")


def _database_connections(_: Case) -> Advice:
    yield DATABASE, Command("sql", "SHOW STATUS LIKE 'Threads_connected'; SHOW VARIABLES LIKE 'max_connections'; SHOW PROCESSLIST;")


def _bound(one: Case) -> Advice:
    yield from _own_port(one) if one.lead.direction is not Direction.OUTBOUND else _ports(one, SERVER)


BY_REASON: dict[str, Callable[[Case], Advice]] = {
    **dict.fromkeys(("DNS_NXDOMAIN", "DNS_NO_ADDRESS"), _missing_record),
    "DNS_REFUSED": _resolver_refuses,
    "DNS_SERVFAIL": _resolver_fails,
    "DNS_BAD_ANSWER": asked_names,
    **dict.fromkeys(("NO_ROUTE", "ROUTE_PROHIBITED"), _route),
    **dict.fromkeys(("NET_UNREACHABLE", "TTL_EXPIRED"), _router),
    "HOST_DOWN": _neighbour,
    "REFUSED_BY_HOST": _refused_by_host,
    **dict.fromkeys(("PROXY_REFUSED_CONNECT", "PROXY_AUTH_REQUIRED"), _proxy_rule),
    "PROXY_UPSTREAM_FAILED": _proxy_exit,
    "TLS_UNKNOWN_CA": _authority,
    **dict.fromkeys(("TLS_WRONG_NAME", "TLS_EXPIRES_SOON"), chain),
    **dict.fromkeys(("TLS_EXPIRED", "TLS_NOT_YET_VALID", "KDC_CLOCK_SKEW"), _clock),
    "SMB_LOGON_FAILURE": _shares("Get-LocalUser; Get-LocalGroupMember -SID S-1-5-32-544"),
    "SMB_ACCOUNT_LOCKED": _shares("Search-ADAccount -LockedOut"),
    "SMB_ACCESS_DENIED": _shares("Get-LocalGroupMember -SID S-1-5-32-544"),
    "SMB_SHARE_MISSING": _shares("Get-SmbShare -Special $true; Get-Service LanmanServer"),
    "SMB_NTLM_BLOCKED": _shares(_LSA),
    "SMB1_ONLY": _shares("Get-SmbServerConfiguration | Select-Object EnableSMB1Protocol, EnableSMB2Protocol"),
    "MYSQL_HOST_NOT_ALLOWED": _database_account,
    "MYSQL_HOST_BLOCKED": _database_hosts,
    "MYSQL_TOO_MANY_CONNECTIONS": _database_connections,
    "PORT_NOT_LISTENING": _own_service,
    "PORT_RESERVED": _reserved,
    **dict.fromkeys(("PORT_IN_USE_BY_OTHER", "LISTENS_LOOPBACK_ONLY", "LISTENS_IPV6_ONLY", "LISTENS_BEYOND_LOOPBACK", "OWNER_UNEXPECTED"), _bound),
}
