"""This machine, the run and the file itself: what a reader must know to trust the rest, as pairs of a label and its
values."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from eset_portcheck.model.addresses import host_port
from eset_portcheck.model.host import Host
from eset_portcheck.model.report import Report, to_json
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html.page_terms import CAPABILITY, FIREWALL, PHASE
from eset_portcheck.render.text import COMMAND
from eset_portcheck.render.view import View
from eset_portcheck.texts.shell import joined, shell_of

_MANY = 8


class Fact(NamedTuple):
    """`code`: commands, digests and the like, shown in a fixed-width font."""

    label: str
    values: list[str]
    code: bool = False


def network(report: Report, context: RenderContext) -> list[Fact]:
    return [one for one in _network(report.host, context) if one.values]


def _network(host: Host, context: RenderContext) -> Iterator[Fact]:
    yield Fact(context.say("Name"), [context.safe(host.name)] if host.name else [])
    yield Fact(
        context.say("System"), [context.safe(" ".join(str(part) for part in host.os.values()))] if host.os else []
    )
    yield Fact(
        context.say("Addresses"),
        _few(
            [
                _interface(one.name, one.addresses, one.mtu, context)
                for one in host.interfaces
                if one.up and one.addresses and one.name != "lo"
            ],
            context,
        ),
    )
    yield Fact(
        context.say("Default routes"),
        [family.replace("ip", "IP") for family in map(context.safe, host.default_families[:4])]
        or [context.say("none")],
    )
    yield Fact(context.say("DNS servers"), _few([context.safe(one) for one in host.resolvers], context))
    yield Fact(context.say("Search domains"), _few([context.safe(one) for one in host.search], context))
    yield Fact(
        context.say("Proxy settings"),
        _few([context.safe(f"{name} {value}") for name, value in host.proxies.items()], context),
    )


def _interface(name: str, addresses: list[str], mtu: int | None, context: RenderContext) -> str:
    listed = ", ".join(addresses[:_MANY])
    return (
        context.say("{name}: {addresses} (MTU {mtu})", name=name, addresses=listed, mtu=mtu)
        if mtu
        else context.safe(f"{name}: {listed}")
    )


def settings(view: View) -> list[Fact]:
    """What can change a result though the network stays the same."""
    return [fact for fact in _settings(view) if fact.values]


def _settings(view: View) -> Iterator[Fact]:
    context, host, run = view.context, view.report.host, view.report.run
    state = host.firewall.state
    yield Fact(
        context.say("This machine's firewall"),
        [context.say(FIREWALL[state]) if state in FIREWALL else context.safe(state, 40)] if state else [],
    )
    held = [
        context.safe(
            f"{one.transport} {host_port(one.address, one.port)} {one.name or '?'}"
            + (f" ({one.pid})" if one.pid else "")
        )
        for one in host.listeners
    ]
    yield Fact(context.say("Ports in use here"), _few(held, context))
    products = [
        context.safe(" ".join(str(one.get(part, "")) for part in ("name", "version")).strip() or str(one))
        for one in host.eset_products
    ]
    yield Fact(context.say("ESET products"), _few(products, context) or [context.say("none found")])
    can = [context.say(word) for name, word in CAPABILITY.items() if host.capabilities.get(name)]
    yield Fact(
        context.say("Evidence this system gives"),
        [", ".join(can) if can else context.say("only the connection itself")],
    )
    yield Fact(context.say("Phase"), [f"{run.phase.value}: {context.say(PHASE[run.phase.value])}"])
    authority = (
        context.say("given")
        if run.ca_given
        else context.say("not given: TLS of the site's servers counts only as likely")
    )
    yield Fact(context.say("Certificate authority of the site"), [authority])
    if run.public_ca_given:
        yield Fact(context.say("Public authorities"), [context.say("from a file, not Mozilla's")])
    moved = [context.safe(f"{one} {context.signs.arrow} {to}") for one, to in run.connect_to.items()]
    yield Fact(context.say("Test overrides"), _few(moved, context))
    yield Fact(context.say("Delay in the checker itself"), [context.lasted(run.loop_lag_s) or "0 ms"])
    line = joined(["eset-portcheck", run.command, *run.arguments], shell_of(host.os))
    yield Fact(
        context.say("Command, as the file says") if view.not_repeated else context.say("Command"),
        [context.safe(line, COMMAND)],
        True,
    )


def integrity(report: Report, context: RenderContext) -> list[Fact]:
    """How a reader can tell that this page, the JSON and the ticket speak of the same run."""
    digest = hashlib.sha256(to_json(report)).hexdigest()
    profiles = [
        f"{context.safe(one.role)} {context.safe(one.version)}, sha256 {context.safe(one.sha256[:16])}, "
        f"{context.own(one.source)}"
        for one in report.profiles[:_MANY]
    ]
    return [
        Fact(context.say("Report"), [context.safe(report.run.id)], True),
        Fact(context.say("SHA-256 of its JSON file"), [digest], True),
        Fact(context.say("Evaluate its facts again"), ["eset-portcheck report FILE.json --rediagnose"], True),
        Fact(
            context.say("Format"),
            [
                context.say(
                    "schema {version}; the JSON is the report, this page only shows it", version=report.schema_version
                )
            ],
        ),
        Fact(context.say("Made by"), [context.safe(f"{report.tool.name} {report.tool.version}")]),
        Fact(context.say("Profiles"), profiles),
        Fact(
            context.say("Signature"), [context.say("none: the digest detects changes, it does not identify an author")]
        ),
    ]


def left_out(report: Report, context: RenderContext) -> list[Fact]:
    done = report.redaction
    counts = [context.safe(f"{kind} {count}") for kind, count in done.replaced.items() if count] if done else []
    facts = [
        Fact(
            context.say("Never in a report"),
            [
                context.say(
                    "passwords, tokens, proxy credentials, private keys, user names, MAC addresses, serial numbers"
                )
            ],
        )
    ]
    if done is not None and done.level == "strict":
        facts.append(
            Fact(
                context.say("Also replaced by pseudonyms"),
                [context.say("names and addresses of the site, names in certificates, banners")],
            )
        )
    else:
        kept = context.say("names and addresses of machines, names in certificates, the first bytes of wrong answers")
        facts.append(Fact(context.say("Kept, because it is needed to fix problems"), [kept]))
        facts.append(
            Fact(
                context.say("To replace these too"),
                ["eset-portcheck report FILE.json --redact strict -o FILE.html"],
                True,
            )
        )
    return [*facts, Fact(context.say("Values replaced here"), [", ".join(counts)])] if counts else facts


def _few(values: list[str], context: RenderContext) -> list[str]:
    rest = len(values) - _MANY
    return values if rest <= 0 else [*values[:_MANY], context.say("and {count} more", count=rest)]
