"""Commands that let exactly one cause's flows through a packet filter, each with the command that takes it back. Pure.

Every word in them is ours or of a type of its own (texts.values): addresses went through ipaddress, ports are integers,
names of tables and chains are identifiers of nft. `texts.shell` puts them into a line.
An accept ends its own base chain and no other (nft(8), "CHAINS"), so a rule goes to the head of every base chain of the
hook that may refuse. Where those are not known, the machine on which the command is pasted is asked itself. Chains of
iptables in nf_tables are left to iptables: it reads a rule that it did not write wrong (1.8.9 shows a set of addresses
and ports as "accept all"). Sources: nft(8), iptables(8), iptables-extensions(8), ufw(8), firewall-cmd(1),
New-NetFirewallRule.
"""

import zlib
from collections.abc import Iterable
from typing import NamedTuple

from eset_portcheck.texts.shell import posix
from eset_portcheck.texts.shell import powershell as in_powershell
from eset_portcheck.texts.values import Address, HostName, Port

LIMIT_CHARACTERS = 1900  # what is longer is cut when shown
_BOTH = (
    "for p in iptables-nft $(grep -qs filter /proc/net/ip_tables_names && echo iptables-legacy); do $p {arguments}; "
    "done"
)
_BOTH_V6 = _BOTH.replace("iptables", "ip6tables").replace("ip_tables", "ip6_tables")
_NFT_FAMILIES = {4: ("ip",), 6: ("ip6",), 0: ("ip", "ip6")}


class Flow(NamedTuple):
    """`version` 4, 6, or 0 for both (then without addresses). `source` None: this host's own packets, or anybody's."""

    version: int
    transport: str
    source: Address | None
    addresses: tuple[Address, ...]
    port: Port
    name: HostName | None = None


class Hook(NamedTuple):
    """Where packets are to pass, by its name in nft. `reply`: those that answer."""

    name: str
    reply: bool = False


class Chain(NamedTuple):
    """A base chain that may refuse. `tool`: nft, iptables (in nf_tables) or iptables-legacy."""

    family: str
    table: str
    name: str
    hook: str
    tool: str = "nft"


class Command(NamedTuple):
    tool: str
    command: str
    undo: str = ""


def mark(flows: Iterable[Flow]) -> str:
    """Names the rules of a cause, alike in every run."""
    return f"eset-portcheck {zlib.crc32(repr([flow[:5] for flow in flows]).encode()):08x}"


def nft(flows: list[Flow], hooks: list[Hook], chains: list[Chain] | None) -> Command | None:
    """`chains` None: not known, the command looks for filter chains by itself. None where no chain is nft's."""
    name = mark(flows)
    end = f'counter accept comment "{name}"'
    if chains is None:
        programs = [_where(hook, flow.version, f"{_nft_match(flow, hook)} {end}") for hook in hooks for flow in flows]
        head = '$1=="table"{f=$2;t=$2" "$3} $1=="chain"{c=$2} '
        command = posix("nft list chains | awk {program} | nft -f -", program=head + " ".join(programs))
    else:
        rules = [
            f"insert rule {chain.family} {chain.table} {chain.name} {_nft_match(flow, hook)} {end}"
            for hook in hooks
            for flow in flows
            for chain in chains
            if chain.tool == "nft"
            and chain.hook == hook.name
            and chain.family in ("inet", *_NFT_FAMILIES[flow.version])
        ]
        if not rules:
            return None
        command = posix("nft {rules}", rules="; ".join(rules))
    return Command("nft", command, _nft_undo(name))


def _where(hook: Hook, version: int, rule: str) -> str:
    """awk: this rule for every filter chain of the hook that is not iptables' own."""
    families = "||".join(f'f=="{one}"' for one in _NFT_FAMILIES[version])
    rule = rule.replace('"', '\\"')
    return (
        f'$2=="filter"&&$4=="{hook.name}"&&(f=="inet"||({families})&&c!="{hook.name.upper()}"){{print "insert'
        f' rule "t" "c" {rule}"}}'
    )


def _nft_undo(name: str) -> str:
    quoted = f'"comment \\"{name}\\""'
    program = (
        f'$1=="table"{{t=$2" "$3}} $1=="chain"{{c=$2}} index($0,{quoted}){{print "delete rule "t" "c" handle "$NF}}'
    )
    return posix("nft -a list ruleset | awk {program} | nft -f -", program=program)


def _nft_match(flow: Flow, hook: Hook) -> str:
    there, back = ("saddr", "daddr") if hook.reply else ("daddr", "saddr")
    family = "ip6" if flow.version == 6 else "ip"
    words = []
    if flow.source:
        words.append(f"{family} {back} {flow.source}")
    if flow.addresses:
        words.append(
            f"{family} {there} "
            + (flow.addresses[0] if len(flow.addresses) == 1 else f"{{ {', '.join(flow.addresses)} }}")
        )
    words.append(f"{flow.transport} {'sport' if hook.reply else 'dport'} {flow.port}")
    return " ".join([*words, *(["ct state established"] if hook.reply else [])])


def iptables(flows: list[Flow], hooks: list[Hook], chains: list[Chain] | None, tools: frozenset[str]) -> Command | None:
    """`tools`: which are there, empty where not known. None where no chain is iptables'."""
    places: list[tuple[str, list[str], str, list[str]]] = []
    for hook in hooks:
        for flow in flows:
            for family in _NFT_FAMILIES[flow.version]:
                places += [
                    (_iptables_name(chain, tools), _table(chain.table), chain.name, _iptables_match(flow, hook))
                    for chain in (_usual(hook.name, family) if chains is None else chains)
                    if chain.tool != "nft" and chain.hook == hook.name and chain.family == family
                ]
    if not places:
        return None
    both = chains is None and {"iptables-nft", "iptables-legacy"} <= tools
    command = " && ".join(
        _variants(program, [*table, "-I", chain, "1", *match, "-j", "ACCEPT"], both=both)
        for program, table, chain, match in places
    )
    undo = "; ".join(
        _variants(program, [*table, "-D", chain, *match, "-j", "ACCEPT"], both=both)
        for program, table, chain, match in places
    )
    return Command("iptables", command, undo)


def _variants(program: str, arguments: list[str], *, both: bool) -> str:
    """Of the two variants the one for nf_tables, and the old one only where the kernel has its tables: asking it would
    make them."""
    if not both:
        return posix("{program} {arguments}", program=program, arguments=arguments)
    return posix(_BOTH_V6 if program.startswith("ip6") else _BOTH, arguments=arguments)


def _usual(hook: str, family: str) -> list[Chain]:
    return [Chain(family, "filter", hook.upper(), hook, "iptables")]


def _table(table: str) -> list[str]:
    return [] if table == "filter" else ["-t", table]


def _iptables_name(chain: Chain, tools: frozenset[str]) -> str:
    """The plain name serves where it is not known which of the two variants it is."""
    name = "ip6tables" if chain.family == "ip6" else "iptables"
    variant = f"iptables-{'legacy' if chain.tool == 'iptables-legacy' else 'nft'}"
    return variant.replace("iptables", name) if variant in tools else name


def _iptables_match(flow: Flow, hook: Hook, *, tracked: bool = True) -> list[str]:
    """`tracked`: of replies, only to what was let through."""
    there, back = ("-s", "-d") if hook.reply else ("-d", "-s")
    words = ["-p", flow.transport]
    words += [back, flow.source] if flow.source else []
    words += [there, ",".join(flow.addresses)] if flow.addresses else []
    words += ["--sport" if hook.reply else "--dport", str(flow.port)]
    return [*words, *(["-m", "conntrack", "--ctstate", "ESTABLISHED"] if hook.reply and tracked else [])]


def ufw(flows: list[Flow], direction: str) -> Command:
    """`direction` in or out. ufw's own rules last beyond a restart."""
    name = mark(flows)
    ends = [(flow, address) for flow in flows for address in flow.addresses or ("any",)]
    rules = [
        ["allow", direction, "proto", flow.transport, "to", address, "port", str(flow.port)] for flow, address in ends
    ]
    add = "ufw show added | grep -qF {line} || ufw prepend {rule} comment {name}"
    made = [posix(add, line=" ".join(rule), rule=rule, name=name) for rule in rules]
    # a rule that was there before is not ours to take away
    held = posix("ufw show added | grep -qF «comment '{name}'»", name=name)
    taken = "; ".join(posix("ufw delete {rule}", rule=rule) for rule in rules)
    return Command("ufw", "; ".join(made), f"{held} && {{ {taken}; }}")


def firewalld(flows: list[Flow]) -> Command:
    """Inbound, in the zone that is the default; beyond a restart too. A rich rule of a priority of its own is nobody
    else's to take away."""
    rules = [f"rule priority=-1234 port port={flow.port} protocol={flow.transport} accept" for flow in flows]
    add = "firewall-cmd «--add-rich-rule={rule}» && firewall-cmd --permanent «--add-rich-rule={rule}»"
    remove = "firewall-cmd «--remove-rich-rule={rule}»; firewall-cmd --permanent «--remove-rich-rule={rule}»"
    return Command(
        "firewall-cmd",
        " && ".join(posix(add, rule=rule) for rule in rules),
        "; ".join(posix(remove, rule=rule) for rule in rules),
    )


def powershell(flows: list[Flow], direction: str) -> Command:
    """`direction` Inbound or Outbound. A blocking rule wins over it on Windows; it opens what is shut by default."""
    name = mark(flows)
    head = "New-NetFirewallRule -DisplayName «{name}» -Direction {direction} -Action Allow -Protocol {transport}"
    made = []
    for flow in flows:
        addresses = ((flow.source,) if flow.source else ()) if direction == "Inbound" else flow.addresses
        ends = " -LocalPort {port}" if direction == "Inbound" else " -RemotePort {port}"
        line = head + ends + (" -RemoteAddress {addresses}" if addresses else "")
        made.append(
            in_powershell(
                line,
                name=name,
                direction=direction,
                transport=flow.transport.upper(),
                port=flow.port,
                addresses=addresses,
            )
        )
    return Command(
        "powershell", "; ".join(made), in_powershell("Remove-NetFirewallRule -DisplayName «{name}»", name=name)
    )


def request(flows: list[Flow], wish: str = "stateful, without inspection") -> Command | None:
    """The line that every network team understands, whatever its firewall is."""
    lines = [
        f"allow {flow.transport.upper()} from {flow.source} to {_other_end(flow)} port {flow.port}, {wish}"
        for flow in flows
        if flow.source and (flow.addresses or flow.name)
    ]
    return Command("request", "; ".join(lines)) if lines else None


def _other_end(flow: Flow) -> str:
    """Addresses, and the name that they are of; the name alone where a proxy looks it up."""
    if not flow.addresses:
        return str(flow.name)
    return f"{', '.join(flow.addresses)}{f' ({flow.name})' if flow.name else ''}"


def clamp(flows: list[Flow]) -> list[Command]:
    """For a router: connections of these flows agree on segments that pass its smallest link, in a table of their
    own."""
    name = f"eset_portcheck_{mark(flows)[-8:]}"
    ways = [(flow, hook) for flow in flows for hook in (Hook("forward"), Hook("forward", reply=True))]
    matches = [
        f"{_nft_match(flow, hook).removesuffix(' ct state established')} tcp flags syn tcp option maxseg size set rt "
        "mtu"
        for flow, hook in ways
    ]
    rules = "; ".join(f"add rule inet {name} c {match}" for match in matches)
    table = f"add table inet {name}; add chain inet {name} c {{ type filter hook forward priority -150; }}; {rules}"
    clamped = ["--tcp-flags", "SYN,RST", "SYN", "-j", "TCPMSS", "--clamp-mss-to-pmtu"]
    add, remove = (
        [
            posix(
                "{program} {arguments}",
                program="ip6tables" if flow.version == 6 else "iptables",
                arguments=["-t", "mangle", action, "FORWARD", *_iptables_match(flow, hook, tracked=False), *clamped],
            )
            for flow, hook in ways
        ]
        for action in ("-A", "-D")
    )
    return [
        Command("nft", posix("nft {table}", table=table), posix("nft delete table inet {name}", name=name)),
        Command("iptables", " && ".join(add), "; ".join(remove)),
    ]
