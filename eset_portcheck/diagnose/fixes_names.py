"""Commands for names and their resolvers. They only look; zones and access lists are text for whoever
runs the resolver. Pure.

Sources: dig(1); named.conf(5) "allow-query"; unbound.conf(5) "access-control".
"""

from collections.abc import Callable

import msgspec

from eset_portcheck.diagnose.fixes_case import DNS, HERE, Advice, Case, source_of
from eset_portcheck.diagnose.fixes_commands import Command, Flow
from eset_portcheck.model.addresses import is_ipv6
from eset_portcheck.model.concerned import is_internet
from eset_portcheck.model.vocabulary import Culprit
from eset_portcheck.texts.shell import posix, powershell
from eset_portcheck.texts.values import Address, HostName, Port, address, host_name

_NAMES = 4


def _ask(one: Case, name: HostName, server: Address | None = None) -> Command:
    if one.on_windows:
        line = (
            "Resolve-DnsName {name} -Type A_AAAA -Server {server}" if server else "Resolve-DnsName {name} -Type A_AAAA"
        )
        return Command("powershell", powershell(line, name=name, server=server))
    line = "dig @{server} {name} A @{server} {name} AAAA" if server else "dig {name} A {name} AAAA"
    return Command("dig", posix(line, name=name, server=server))


def _names(one: Case) -> list[HostName]:
    asked = [finding.params.name for row in one.group for finding in row.findings if finding.params.name is not None]
    asked = asked or [row.target for row in one.group]
    return list(dict.fromkeys(name for name in map(host_name, asked) if name))[:_NAMES]


def _resolver(one: Case) -> Address | None:
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
        version = 6 if is_ipv6(server) else 4
        flows = [
            Flow(version, transport, source_of(one.host, version), (server,), Port(53)) for transport in ("udp", "tcp")
        ]
    return msgspec.structs.replace(one, flows=flows)


def _missing_record(one: Case) -> Advice:
    if not is_internet(one.lead):
        yield from ((DNS, Command("zone-file", f"{name.rstrip('.')}. IN A ADDRESS")) for name in _names(one))
    yield from asked_names(one)


def _resolver_refuses(one: Case) -> Advice:
    server = _resolver(one)
    source = source_of(one.host, 6 if server and is_ipv6(server) else 4)
    if source:
        yield DNS, Command("named.conf", f"allow-query {{ {source}; }}; allow-recursion {{ {source}; }};")
        yield DNS, Command("unbound.conf", f"access-control: {source}/{128 if is_ipv6(source) else 32} allow")
    yield from asked_names(one)


def _resolver_fails(one: Case) -> Advice:
    server = _resolver(one)
    for name in _names(one)[:1]:
        if server and not one.on_windows:
            yield DNS, Command("dig", posix("dig +cd @{server} {name} A", server=server, name=name))
    yield from asked_names(one)


def _no_address(one: Case) -> Advice:
    """Where the servers do hold an address, it is this machine that does not ask them."""
    if one.lead.culprit is Culprit.LOCAL_HOST:
        yield from own_sources(one)
    else:
        yield from _missing_record(one)


def own_sources(one: Case) -> Advice:
    """What this machine says of the name by itself: its hosts file, and which sources it uses."""
    for name in _names(one)[:1]:
        if one.on_windows:
            yield HERE, Command("powershell", powershell("Resolve-DnsName {name}", name=name))
            yield HERE, Command("powershell", powershell("Resolve-DnsName {name} -NoHostsFile", name=name))
            continue
        yield (
            HERE,
            Command("grep", posix("grep -n -F -e {name} /etc/hosts; grep ^hosts: /etc/nsswitch.conf", name=name)),
        )
        yield HERE, Command("getent", posix("getent ahosts {name}", name=name))
    yield from asked_names(one)


BY_REASON: dict[str, Callable[[Case], Advice]] = {
    "DNS_NXDOMAIN": _missing_record,
    "DNS_NO_ADDRESS": _no_address,
    "DNS_SLOW": asked_names,
    "DNS_SINKHOLED": own_sources,
    "DNS_REFUSED": _resolver_refuses,
    "DNS_SERVFAIL": _resolver_fails,
    "DNS_BAD_ANSWER": asked_names,
}
