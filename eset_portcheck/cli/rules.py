"""`rules`: least-privilege firewall rules for a role. Nothing is sent, unless names are to be resolved."""

import argparse
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from eset_portcheck import streams
from eset_portcheck.cli import arguments as shared
from eset_portcheck.cli import language
from eset_portcheck.cli.files_of_one import begun, write

NOTATIONS = ("nft", "powershell", "csv", "md")
REQUESTS = ("csv", "md")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")
_FAMILIES = ("inet", "ip", "ip6")


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "rules",
        help="print least-privilege firewall rules",
        description=(
            "Prints the firewall rules that a role needs on this machine. Changes nothing; looks names up only with "
            "--resolve."
        ),
        epilog="Exit: 0 printed, 2 wrong use.",
    )
    shared.add_site(parser)
    group = parser.add_argument_group("the rules")
    group.add_argument(
        "--for",
        dest="notation",
        choices=NOTATIONS,
        required=True,
        help="nft: Linux; powershell: Windows; csv, md: a change request",
    )
    group.add_argument(
        "--from",
        dest="source",
        action="append",
        default=[],
        metavar="NETWORK",
        help="clients of this machine (repeatable; default: any); in a change request also the source of outbound rows",
    )
    group.add_argument(
        "--resolve", action="store_true", help="resolve names now and open only their addresses; these may change"
    )
    group.add_argument(
        "--resolver",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="DNS server to allow (repeatable; default: those of this machine)",
    )
    group.add_argument(
        "--all", action="store_true", help="also rows that are not on ESET's page, and direct rows when a proxy is used"
    )
    group.add_argument(
        "--from-report", metavar="FILE.json", help="a change request for what a report tried; - reads standard input"
    )
    group.add_argument("--failed", action="store_true", help="with --from-report: only what failed")
    group.add_argument("-o", "--output", metavar="FILE", help="write FILE, whole or not at all, instead of printing")
    group.add_argument("--undo", action="store_true", help="print only the commands that remove the rules")
    language.add_language(group)
    nft = parser.add_argument_group("nft only")
    nft.add_argument(
        "--into",
        metavar="'FAMILY TABLE IN OUT'",
        help="add to these chains, e.g. 'inet filter input output' (- for none), not a new filter",
    )
    nft.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="TRANSPORT/PORT",
        help="also keep open inbound, e.g. tcp/22 (repeatable)",
    )
    nft.add_argument(
        "--keep-out",
        action="append",
        default=[],
        metavar="TRANSPORT/PORT",
        help="also keep open outbound, e.g. udp/123 (repeatable)",
    )
    nft.add_argument("--dhcp", action="store_true", help="this machine gets its addresses by DHCP")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    try:
        target_chains, kept = _target_chains(arguments), _kept(arguments)
        file = begun(Path(arguments.output), replace=True) if arguments.output else None
        if arguments.from_report or arguments.failed:
            text = _of_report(arguments)
        elif arguments.undo and arguments.notation not in REQUESTS:
            text = _undo(arguments, target_chains)
        else:
            text = _written(arguments, target_chains, kept)
        if file is not None:
            write(file, text.encode("ascii"), replace=True)
            return 0
    except shared.WrongUse as error:
        return shared.refuse(error)
    streams.put_bytes(text.encode("ascii"))
    return 0


def _of_report(arguments: argparse.Namespace) -> str:
    """Raises WrongUse."""
    from eset_portcheck import __version__, host
    from eset_portcheck.cli.report import read
    from eset_portcheck.rules import remarks, reported
    from eset_portcheck.texts.language import translator

    if not arguments.from_report:
        raise shared.WrongUse("--failed: only with --from-report")
    if arguments.notation not in REQUESTS:
        raise shared.WrongUse(f"--from-report is a change request: --for {' or '.join(REQUESTS)}")
    if arguments.resolve or arguments.resolver:
        raise shared.WrongUse("--resolve, --resolver: a report holds the addresses that were tried")
    sources = [_network(one) for one in arguments.source]
    report, say = read(arguments.from_report), translator(arguments.lang)
    needed = reported.reported(report, sources, failed=arguments.failed)
    here = report.host.name or "this-host"
    if not needed.openings:
        left = [f"{name[:120]!a}: {remarks.no_rule(say)}" for name, _ in needed.left_out[:20]]
        raise shared.WrongUse("nothing in this report needs a firewall rule", *left)
    made_by = f"eset-portcheck {__version__}: report {report.run.id[:40]}, {report.run.started_utc[:40]}"
    head = remarks.head(needed, made_by, here, say)
    return _request(arguments, needed, here, host.addresses(report.host), head, say)


def _request(arguments: argparse.Namespace, needed: Any, here: str, own: Any, head: Any, say: Any) -> str:
    from eset_portcheck.rules import change_request, markdown

    if arguments.notation == "md":
        return markdown.table(needed, here, own, head, say, undo=arguments.undo)
    return change_request.table(needed, here, own, say, undo=arguments.undo)


def _undo(arguments: argparse.Namespace, target_chains: Any) -> str:
    if arguments.notation == "powershell":
        from eset_portcheck.rules import powershell

        return powershell.UNDO + "\r\n"
    from eset_portcheck.rules import nft

    return (nft.undo_into(target_chains) if target_chains else nft.undo_whole()) + "\n"


def _written(arguments: argparse.Namespace, target_chains: Any, kept: Any) -> str:
    """Raises WrongUse."""
    from eset_portcheck import __version__, host, planning, rules
    from eset_portcheck.rules import nft, powershell, remarks
    from eset_portcheck.texts.language import translator

    profiles, used, site, *_ = shared.load(arguments)
    if lacking := planning.missing(profiles, site):
        raise shared.WrongUse(*lacking)
    sources, resolvers = [_network(one) for one in arguments.source], _resolvers(arguments.resolver)
    plan, redirects, say = planning.plan(profiles, site), dict(site.connect_to), translator(arguments.lang)
    known = _looked_up(rules.names(plan, redirects, everything=arguments.all)) if arguments.resolve else {}
    seen = host.look(frozenset())
    here = seen.name or "this-host"
    needed = rules.needs(
        plan, known, sources, resolvers or host.name_servers(seen.resolvers), redirects, everything=arguments.all
    )
    if not needed.openings:
        raise shared.WrongUse("no row of this role needs a firewall rule")
    made_by = f"eset-portcheck {__version__}: {', '.join(f'{one.role} {one.version}' for one in used)}"
    head = remarks.head(needed, made_by, here, say)
    if arguments.notation in REQUESTS:
        return _request(arguments, rules.asked_from(needed, sources), here, host.addresses(seen), head, say)
    if arguments.notation == "powershell":
        return powershell.script(needed, head, say)
    if target_chains:
        return nft.into(needed, target_chains, head, say)
    _warn_of_ssh(kept)
    return nft.whole(needed, kept, [*head, *remarks.present(_chains(seen), say)], say)


def _chains(seen: Any) -> list[tuple[str, str, str, str, str]]:
    """Chains of this machine that may refuse something already: (family, table, name, hook, tool)."""
    from eset_portcheck.diagnose.fixes_case import base_chains
    from eset_portcheck.rules.nft import TABLE

    return [one for one in base_chains(seen) or [] if one.table != TABLE and one.hook in ("input", "output")]


def _warn_of_ssh(kept: Any) -> None:
    """A filter that cuts the very session in which it was asked for deserves a word."""
    words = os.environ.get("SSH_CONNECTION", "").split()
    if len(words) == 4 and words[3].isascii() and words[3].isdigit() and ("tcp", int(words[3])) not in kept.inward:
        streams.tell(
            f"eset-portcheck: you are logged in by SSH on port {int(words[3])}; these rules would block it: use "
            f"--keep tcp/{int(words[3])}"
        )


def _target_chains(arguments: argparse.Namespace) -> Any:
    if arguments.notation != "nft" and (arguments.into or arguments.keep or arguments.keep_out or arguments.dhcp):
        raise shared.WrongUse("--into, --keep, --keep-out and --dhcp are only for nft")
    if not arguments.into:
        return None
    words = arguments.into.split()
    if arguments.keep or arguments.keep_out or arguments.dhcp:
        raise shared.WrongUse("--keep, --keep-out, --dhcp: not with --into, which blocks nothing")
    chains = [word for word in words[2:] if word != "-"]
    if (
        len(words) != 4
        or words[0] not in _FAMILIES
        or not chains
        or not all(_WORD.match(word) for word in (words[1], *chains))
    ):
        raise shared.WrongUse(
            f"--into {arguments.into[:80]!a}: give 'FAMILY TABLE IN OUT', e.g. 'inet filter input output'"
        )
    from eset_portcheck.rules.nft import IPTABLES_CHAINS, TargetChains

    if words[0] != "inet" and words[1] == "filter" and IPTABLES_CHAINS & set(words[2:]):
        raise shared.WrongUse(
            f"--into {arguments.into[:80]!a}: these are chains of iptables, which misreads rules that other tools wrote"
        )
    return TargetChains(*words)


def _kept(arguments: argparse.Namespace) -> Any:
    from eset_portcheck.rules.nft import Kept

    inward = [_port("--keep", one) for one in arguments.keep]
    return Kept(inward, [_port("--keep-out", one) for one in arguments.keep_out], arguments.dhcp)


def _port(option: str, text: str) -> tuple[str, int]:
    transport, slash, port = text.partition("/")
    if (
        not slash
        or transport not in ("tcp", "udp")
        or not re.fullmatch(r"[0-9]{1,5}", port)
        or not 0 < int(port) < 65536
    ):
        raise shared.WrongUse(f"{option} {text[:60]!a}: give TRANSPORT/PORT, e.g. tcp/22")
    return transport, int(port)


def _network(text: str) -> str:
    from eset_portcheck.model.addresses import parse_network

    network = parse_network(text)
    if network is None:
        raise shared.WrongUse(f"--from {text[:60]!a}: not a network such as 10.1.0.0/16")
    return str(network)


def _resolvers(given: list[str]) -> list[str]:
    from eset_portcheck.model.addresses import is_address, is_loopback

    for text in given:
        if not is_address(text):
            raise shared.WrongUse(f"--resolver {text[:60]!a}: no address")
        if is_loopback(text):
            raise shared.WrongUse(f"--resolver {text[:60]!a}: this machine itself; give the DNS servers that it uses")
    return given


def _looked_up(names: list[str]) -> dict[str, list[str]]:
    """Addresses of each name by the operating system's resolver; none where it has none."""
    known: dict[str, list[str]] = {}
    for name in names:
        known[name] = _addresses(name)
        if not known[name]:
            streams.tell(f"eset-portcheck: --resolve: {name} does not resolve here; no rule opens it")
    return known


def _addresses(name: str) -> list[str]:
    """In a thread that nobody waits for: while getaddrinfo waits for a dead resolver, no signal would be looked at."""
    import queue
    import socket
    import threading

    from eset_portcheck.model.addresses import without_zone

    answer: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP)
            answer.put(sorted({without_zone(str(sockaddr[0])) for *_, sockaddr in found}))
        except (OSError, UnicodeError):
            answer.put([])

    threading.Thread(target=ask, daemon=True).start()
    while True:
        with suppress(queue.Empty):
            return answer.get(timeout=0.2)  # Windows looks at signals only between two of these
