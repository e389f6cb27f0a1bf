"""Commands that let exactly one cause's flows through a packet filter, each with the command that takes it back. Pure.

Every word in them is ours: addresses went through ipaddress, ports are integers, names of tables and chains are identifiers of nft.
An accept ends its own base chain and no other (nft(8), "CHAINS"), so a rule goes to the head of every base chain of the hook that may refuse.
Where those are not known, the machine on which the command is pasted is asked itself. Chains of iptables in nf_tables are left to iptables: it
reads a rule that it did not write wrong (1.8.9 shows a set of addresses and ports as "accept all").
Sources: nft(8), iptables(8), iptables-extensions(8), ufw(8), firewall-cmd(1), New-NetFirewallRule.
"""

import shlex
import zlib
from collections.abc import Iterable
from typing import NamedTuple

LIMIT_CHARACTERS = 1900  # what is longer is cut when shown
_NFT_FAMILIES = {4: ("ip",), 6: ("ip6",), 0: ("ip", "ip6")}


class Flow(NamedTuple):
    """`version` 4, 6, or 0 for both (then without addresses). `source` None: this host's own packets, or anybody's."""

    version: int
    transport: str
    source: str | None
    addresses: tuple[str, ...]
    port: int
    name: str = ""


class Hole(NamedTuple):
    """Where packets are to pass. `reply`: those that answer."""

    hook: str
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


def nft(flows: list[Flow], holes: list[Hole], chains: list[Chain] | None) -> Command | None:
    """`chains` None: not known, the command looks for filter chains by itself. None where no chain is nft's."""
    name = mark(flows)
    end = f'counter accept comment "{name}"'
    if chains is None:
        programs = [_where(hole, flow.version, f"{_nft_match(flow, hole)} {end}") for hole in holes for flow in flows]
        head = '$1=="table"{f=$2;t=$2" "$3} $1=="chain"{c=$2} '
        command = f"nft list chains | awk {shlex.quote(head + ' '.join(programs))} | nft -f -"
    else:
        rules = [
            f"insert rule {chain.family} {chain.table} {chain.name} {_nft_match(flow, hole)} {end}"
            for hole in holes
            for flow in flows
            for chain in chains
            if chain.tool == "nft" and chain.hook == hole.hook and chain.family in ("inet", *_NFT_FAMILIES[flow.version])
        ]
        if not rules:
            return None
        command = f"nft {shlex.quote('; '.join(rules))}"
    return Command("nft", command, _nft_undo(name))


def _where(hole: Hole, version: int, rule: str) -> str:
    """awk: this rule for every filter chain of the hook that is not iptables' own."""
    families = "||".join(f'f=="{one}"' for one in _NFT_FAMILIES[version])
    rule = rule.replace('"', '\\"')
    return f'$2=="filter"&&$4=="{hole.hook}"&&(f=="inet"||({families})&&c!="{hole.hook.upper()}"){{print "insert rule "t" "c" {rule}"}}'


def _nft_undo(name: str) -> str:
    quoted = f'"comment \\"{name}\\""'
    program = f'$1=="table"{{t=$2" "$3}} $1=="chain"{{c=$2}} index($0,{quoted}){{print "delete rule "t" "c" handle "$NF}}'
    return f"nft -a list ruleset | awk {shlex.quote(program)} | nft -f -"


def _nft_match(flow: Flow, hole: Hole) -> str:
    there, back = ("saddr", "daddr") if hole.reply else ("daddr", "saddr")
    family = "ip6" if flow.version == 6 else "ip"
    words = []
    if flow.source:
        words.append(f"{family} {back} {flow.source}")
    if flow.addresses:
        words.append(f"{family} {there} " + (flow.addresses[0] if len(flow.addresses) == 1 else f"{{ {', '.join(flow.addresses)} }}"))
    words.append(f"{flow.transport} {'sport' if hole.reply else 'dport'} {flow.port}")
    return " ".join([*words, *(["ct state established"] if hole.reply else [])])


def iptables(flows: list[Flow], holes: list[Hole], chains: list[Chain] | None, tools: frozenset[str]) -> Command | None:
    """`tools`: which are there, empty where not known. None where no chain is iptables'."""
    places: list[tuple[str, str, str]] = []
    for hole in holes:
        for flow in flows:
            for family in _NFT_FAMILIES[flow.version]:
                places += [
                    (_iptables_name(chain, tools) + _table(chain.table), chain.name, _iptables_match(flow, hole))
                    for chain in (_usual(hole.hook, family) if chains is None else chains)
                    if chain.tool != "nft" and chain.hook == hole.hook and chain.family == family
                ]
    if not places:
        return None
    both = chains is None and {"iptables-nft", "iptables-legacy"} <= tools
    command = " && ".join(_variants(program, f"-I {chain} 1 {match} -j ACCEPT", both) for program, chain, match in places)
    undo = "; ".join(_variants(program, f"-D {chain} {match} -j ACCEPT", both) for program, chain, match in places)
    return Command("iptables", command, undo)


def _variants(program: str, arguments: str, both: bool) -> str:
    """Of the two variants the one for nf_tables, and the old one only where the kernel has its tables: asking it would make them."""
    if not both:
        return f"{program} {arguments}"
    old = program.replace("-nft", "-legacy")
    listed = f"/proc/net/{program.removesuffix('-nft').replace('tables', '_tables')}_names"
    return f"for p in {program} $(grep -qs filter {listed} && echo {old}); do $p {arguments}; done"


def _usual(hook: str, family: str) -> list[Chain]:
    return [Chain(family, "filter", hook.upper(), hook, "iptables")]


def _table(table: str) -> str:
    return "" if table == "filter" else f" -t {table}"


def _iptables_name(chain: Chain, tools: frozenset[str]) -> str:
    """The plain name serves where it is not known which of the two variants it is."""
    name = "ip6tables" if chain.family == "ip6" else "iptables"
    variant = f"iptables-{'legacy' if chain.tool == 'iptables-legacy' else 'nft'}"
    return variant.replace("iptables", name) if variant in tools else name


def _iptables_match(flow: Flow, hole: Hole) -> str:
    there, back = ("-s", "-d") if hole.reply else ("-d", "-s")
    words = [f"-p {flow.transport}"]
    words += [f"{back} {flow.source}"] if flow.source else []
    words += [f"{there} {','.join(flow.addresses)}"] if flow.addresses else []
    words.append(f"{'--sport' if hole.reply else '--dport'} {flow.port}")
    return " ".join([*words, *(["-m conntrack --ctstate ESTABLISHED"] if hole.reply else [])])


def ufw(flows: list[Flow], direction: str) -> Command:
    """`direction` in or out. ufw's own rules last beyond a restart."""
    name = mark(flows)
    rules = [f"allow {direction} proto {flow.transport} to {address} port {flow.port}" for flow in flows for address in flow.addresses or ("any",)]
    command = "; ".join(f"ufw show added | grep -qF '{rule}' || ufw prepend {rule} comment '{name}'" for rule in rules)
    # a rule that was there before is not ours to take away
    held = f"ufw show added | grep -qF \"comment '{name}'\""
    return Command("ufw", command, f"{held} && {{ {'; '.join(f'ufw delete {rule}' for rule in rules)}; }}")


def firewalld(flows: list[Flow]) -> Command:
    """Inbound, in the zone that is the default; beyond a restart too. A rich rule of a priority of its own is nobody else's to take away."""
    rules = [f"rule priority=-1234 port port={flow.port} protocol={flow.transport} accept" for flow in flows]
    return Command(
        "firewall-cmd",
        " && ".join(f"firewall-cmd --add-rich-rule='{rule}' && firewall-cmd --permanent --add-rich-rule='{rule}'" for rule in rules),
        "; ".join(f"firewall-cmd --remove-rich-rule='{rule}'; firewall-cmd --permanent --remove-rich-rule='{rule}'" for rule in rules),
    )


def powershell(flows: list[Flow], direction: str) -> Command:
    """`direction` Inbound or Outbound. A blocking rule wins over it on Windows; it opens what is shut by default."""
    name = mark(flows)
    made = [
        f"New-NetFirewallRule -DisplayName '{name}' -Direction {direction} -Action Allow -Protocol {flow.transport.upper()}"
        f" {'-LocalPort' if direction == 'Inbound' else '-RemotePort'} {flow.port}{_remote(flow, direction)}"
        for flow in flows
    ]
    return Command("powershell", "; ".join(made), f"Remove-NetFirewallRule -DisplayName '{name}'")


def _remote(flow: Flow, direction: str) -> str:
    addresses = ((flow.source,) if flow.source else ()) if direction == "Inbound" else flow.addresses
    return f" -RemoteAddress {','.join(addresses)}" if addresses else ""


def request(flows: list[Flow], wish: str = "stateful, without inspection") -> Command | None:
    """The line that every network team understands, whatever its firewall is."""
    lines = [
        f"allow {flow.transport.upper()} from {flow.source} to {', '.join(flow.addresses)}{f' ({flow.name})' if flow.name else ''} port {flow.port}, {wish}"
        for flow in flows
        if flow.source and flow.addresses
    ]
    return Command("request", "; ".join(lines)) if lines else None


def clamp(flows: list[Flow]) -> list[Command]:
    """For a router: connections of these flows agree on segments that pass its smallest link, in a table of their own."""
    name = f"eset_portcheck_{mark(flows)[-8:]}"
    ways = [(flow, hole) for flow in flows for hole in (Hole("forward"), Hole("forward", reply=True))]
    matches = [f"{_nft_match(flow, hole).removesuffix(' ct state established')} tcp flags syn tcp option maxseg size set rt mtu" for flow, hole in ways]
    rules = "; ".join(f"add rule inet {name} c {match}" for match in matches)
    table = f"add table inet {name}; add chain inet {name} c {{ type filter hook forward priority -150; }}; {rules}"
    old = [
        ("ip6tables" if flow.version == 6 else "iptables")
        + f" -t mangle {{}} FORWARD {_iptables_match(flow, hole).removesuffix(' -m conntrack --ctstate ESTABLISHED')}"
        + " --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"
        for flow, hole in ways
    ]
    return [
        Command("nft", f"nft {shlex.quote(table)}", f"nft delete table inet {name}"),
        Command("iptables", " && ".join(one.format("-A") for one in old), "; ".join(one.format("-D") for one in old)),
    ]
