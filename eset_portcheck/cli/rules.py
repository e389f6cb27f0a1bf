"""`rules`: least-privilege firewall rules for a role. Nothing is sent, unless names are to be resolved."""

import argparse
import re
import sys
from typing import Any

from eset_portcheck.cli import arguments as shared

NOTATIONS = ("nft", "powershell", "csv")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")
_FAMILIES = ("inet", "ip", "ip6")


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "rules",
        help="least-privilege firewall rules",
        description="Prints the rules that a role needs of this machine's firewall. Nothing is changed; names are looked up only when asked to.",
        epilog="Exit: 0 printed, 2 wrong use.",
    )
    shared.add_site(parser)
    group = parser.add_argument_group("the rules")
    group.add_argument("--for", dest="notation", choices=NOTATIONS, required=True, help="nft: Linux; powershell: Windows; csv: a change request")
    group.add_argument("--from", dest="source", action="append", default=[], metavar="NETWORK", help="clients of this machine (repeatable; default: any)")
    group.add_argument("--resolve", action="store_true", help="look names up now and open their addresses only; they may change")
    group.add_argument("--resolver", action="append", default=[], metavar="ADDRESS", help="DNS server to allow (repeatable; default: those of this machine)")
    group.add_argument("--into", metavar="'FAMILY TABLE IN OUT'", help="nft: into these chains, as 'inet filter input output', not a filter of its own")
    group.add_argument("--keep", action="append", default=[], metavar="TRANSPORT/PORT", help="nft: stays open inward besides, as tcp/22 (repeatable)")
    group.add_argument("--all", action="store_true", help="also rows beyond the page, and direct rows beside a proxy")
    group.add_argument("--undo", action="store_true", help="print only what takes them back")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    try:
        place = _place(arguments)
        text = _undo(arguments, place) if arguments.undo else _written(arguments, place)
    except shared.WrongUse as error:
        return shared.refuse(error)
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("ascii"))
    sys.stdout.buffer.flush()
    return 0


def _undo(arguments: argparse.Namespace, place: Any) -> str:
    if arguments.notation == "csv":
        raise shared.WrongUse("--undo: a change request has none")
    if arguments.notation == "powershell":
        from eset_portcheck.rules import powershell

        return powershell.UNDO + "\r\n"
    from eset_portcheck.rules import nft

    return (nft.undo_into(place) if place else nft.undo_whole()) + "\n"


def _written(arguments: argparse.Namespace, place: Any) -> str:
    """Raises WrongUse."""
    from eset_portcheck import __version__, planning, rules

    profiles, used, site = shared.load(arguments)
    if lacking := planning.missing(profiles, site):
        raise shared.WrongUse(*lacking)
    keep = [_kept(one) for one in arguments.keep]
    sources = [_network(one) for one in arguments.source]
    plan = planning.plan(profiles, site)
    names = {check.endpoint.proxy[0] if check.endpoint.proxy else check.endpoint.host for check in plan.checks if check.endpoint}
    known, unknown = _looked_up(names) if arguments.resolve else ({}, [])
    resolvers, here = _this_host(arguments)
    needed = rules.needs(plan, known, sources, resolvers, dict(site.connect_to), everything=arguments.all)
    if not needed.openings:
        raise shared.WrongUse("no row of this role needs the firewall")
    head = [f"eset-portcheck {__version__}: {', '.join(f'{one.role} {one.version}' for one in used)}"]
    head += [f"for {rules.printable(here, 80)}; {len(needed.openings)} openings"]
    wide = sorted({one.name for one in needed.openings if not one.inbound and not one.addresses})
    head += [f"any destination, as only the name is known (--resolve looks it up): {rules.printable(name, 100)}" for name in wide]
    head += [f"not to be resolved: {rules.printable(name, 100)}" for name in unknown]
    head += [f"left out: {rules.printable(one, 100)} ({why})" for one, why in needed.left_out if why in ("ADVISORY", "BEYOND_PAGE", "VALUE_MISSING")]
    if arguments.notation == "csv":
        from eset_portcheck.rules import change_request

        return change_request.table(needed, here)
    if arguments.notation == "powershell":
        from eset_portcheck.rules import powershell

        return powershell.script(needed, head)
    from eset_portcheck.rules import nft

    return nft.into(needed, place, head) if place else nft.whole(needed, keep, head)


def _place(arguments: argparse.Namespace) -> Any:
    if arguments.notation != "nft" and (arguments.into or arguments.keep):
        raise shared.WrongUse("--into and --keep are for nft")
    if not arguments.into:
        return None
    words = arguments.into.split()
    if arguments.keep:
        raise shared.WrongUse("--keep: with --into nothing is shut")
    if len(words) != 4 or words[0] not in _FAMILIES or not all(_WORD.match(word) for word in words[1:]):
        raise shared.WrongUse(f"--into {arguments.into[:80]!a}: 'FAMILY TABLE IN OUT' is needed, as 'inet filter input output'")
    from eset_portcheck.rules.nft import Place

    return Place(*words)


def _kept(text: str) -> tuple[str, int]:
    transport, slash, port = text.partition("/")
    if not slash or transport not in ("tcp", "udp") or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise shared.WrongUse(f"--keep {text[:60]!a}: TRANSPORT/PORT is needed, as tcp/22")
    return transport, int(port)


def _network(text: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise shared.WrongUse(f"--from {text[:60]!a}: no network, as 10.1.0.0/16") from None


def _looked_up(names: set[str]) -> tuple[dict[str, list[str]], list[str]]:
    """(addresses of each name, names that have none), by the operating system's resolver."""
    import socket

    known: dict[str, list[str]] = {}
    unknown: list[str] = []
    for name in sorted(names):
        try:
            known[name] = sorted({str(one[4][0]).split("%")[0] for one in socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP)})
        except (OSError, UnicodeError):
            unknown.append(name)
    return known, unknown


def _this_host(arguments: argparse.Namespace) -> tuple[list[str], str]:
    """(resolvers, what others call this machine)."""
    import ipaddress

    from eset_portcheck import host

    for one in arguments.resolver:
        try:
            ipaddress.ip_address(one)
        except ValueError:
            raise shared.WrongUse(f"--resolver {one[:60]!a}: no address") from None
    seen = host.look(frozenset())
    return arguments.resolver or seen.resolvers, seen.name or "this machine"
