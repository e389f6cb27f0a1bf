"""This machine, the run and the file itself: what a reader must know to trust the rest, as pairs of a label and its values."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from eset_portcheck.model.host import Host
from eset_portcheck.model.report import Report, to_json
from eset_portcheck.render.html.words import CAPABILITY, FIREWALL, PHASE
from eset_portcheck.render.outcome import not_repeated
from eset_portcheck.render.pen import Pen
from eset_portcheck.render.text import COMMAND
from eset_portcheck.texts.shell import joined, shell_of

_MANY = 8


class Fact(NamedTuple):
    """`code`: commands, digests and the like, shown in a fixed-width font."""

    label: str
    values: list[str]
    code: bool = False


def network(report: Report, pen: Pen) -> list[Fact]:
    return [one for one in _network(report.host, pen) if one.values]


def _network(host: Host, pen: Pen) -> Iterator[Fact]:
    yield Fact(pen.say("Name"), [pen.safe(host.name)] if host.name else [])
    yield Fact(pen.say("System"), [pen.safe(" ".join(str(part) for part in host.os.values()))] if host.os else [])
    yield Fact(
        pen.say("Addresses"),
        _few([_interface(one.name, one.addresses, one.mtu, pen) for one in host.interfaces if one.up and one.addresses and one.name != "lo"], pen),
    )
    yield Fact(pen.say("Default routes"), [family.replace("ip", "IP") for family in map(pen.safe, host.default_families[:4])] or [pen.say("none")])
    yield Fact(pen.say("DNS servers"), _few([pen.safe(one) for one in host.resolvers], pen))
    yield Fact(pen.say("Search domains"), _few([pen.safe(one) for one in host.search], pen))
    yield Fact(pen.say("Proxy settings"), _few([pen.safe(f"{name} {value}") for name, value in host.proxies.items()], pen))


def _interface(name: str, addresses: list[str], mtu: int | None, pen: Pen) -> str:
    listed = ", ".join(addresses[:_MANY])
    return pen.say("{name}: {addresses} (MTU {mtu})", name=name, addresses=listed, mtu=mtu) if mtu else pen.safe(f"{name}: {listed}")


def settings(report: Report, pen: Pen) -> list[Fact]:
    """What can change a result though the network stays the same."""
    return [one for one in _settings(report, pen) if one.values]


def _settings(report: Report, pen: Pen) -> Iterator[Fact]:
    host, run = report.host, report.run
    state = str(host.firewall.get("state", ""))
    yield Fact(pen.say("This machine's firewall"), [pen.say(FIREWALL[state]) if state in FIREWALL else pen.safe(state, 40)] if state else [])
    held = [pen.safe(f"{one.transport} {one.address}:{one.port} {one.name or '?'}" + (f" ({one.pid})" if one.pid else "")) for one in host.listeners]
    yield Fact(pen.say("Ports in use here"), _few(held, pen))
    products = [pen.safe(" ".join(str(one.get(part, "")) for part in ("name", "version")).strip() or str(one)) for one in host.eset_products]
    yield Fact(pen.say("ESET products"), _few(products, pen) or [pen.say("none found")])
    can = [pen.say(word) for name, word in CAPABILITY.items() if host.capabilities.get(name)]
    yield Fact(pen.say("Evidence this system gives"), [", ".join(can) if can else pen.say("only the connection itself")])
    yield Fact(pen.say("Phase"), [f"{run.phase.value}: {pen.say(PHASE[run.phase.value])}"])
    authority = pen.say("given") if run.ca_given else pen.say("not given: TLS of the site's servers counts only as likely")
    yield Fact(pen.say("Certificate authority of the site"), [authority])
    moved = [pen.safe(f"{one} {pen.signs.arrow} {to}") for one, to in run.connect_to.items()]
    yield Fact(pen.say("Test overrides"), _few(moved, pen))
    yield Fact(pen.say("Delay in the checker itself"), [pen.lasted(run.loop_lag_s) or "0 ms"])
    line = joined(["eset-portcheck", run.command, *run.arguments], shell_of(host.os))
    yield Fact(pen.say("Command, as the file says") if not_repeated(report, pen) else pen.say("Command"), [pen.safe(line, COMMAND)], True)


def integrity(report: Report, pen: Pen) -> list[Fact]:
    """How a reader can tell that this page, the JSON and the ticket speak of the same run."""
    digest = hashlib.sha256(to_json(report)).hexdigest()
    profiles = [f"{pen.safe(one.role)} {pen.safe(one.version)}, sha256 {pen.safe(one.sha256[:16])}, {pen.own(one.source)}" for one in report.profiles[:_MANY]]
    return [
        Fact(pen.say("Report"), [pen.safe(report.run.id)], True),
        Fact(pen.say("SHA-256 of its JSON file"), [digest], True),
        Fact(pen.say("Evaluate its facts again"), ["eset-portcheck report FILE.json --rediagnose"], True),
        Fact(pen.say("Format"), [pen.say("schema {version}; the JSON is the report, this page only shows it", version=report.schema_version)]),
        Fact(pen.say("Made by"), [pen.safe(f"{report.tool.name} {report.tool.version}")]),
        Fact(pen.say("Profiles"), profiles),
        Fact(pen.say("Signature"), [pen.say("none: the digest detects changes, it does not identify an author")]),
    ]


def left_out(report: Report, pen: Pen) -> list[Fact]:
    done = report.redaction
    counts = [pen.safe(f"{kind} {count}") for kind, count in done.replaced.items() if count] if done else []
    facts = [Fact(pen.say("Never in a report"), [pen.say("passwords, tokens, proxy credentials, private keys, user names, MAC addresses, serial numbers")])]
    if done is not None and done.level == "strict":
        facts.append(Fact(pen.say("Also replaced by pseudonyms"), [pen.say("names and addresses of the site, names in certificates, banners")]))
    else:
        kept = pen.say("names and addresses of machines, names in certificates, the first bytes of wrong answers")
        facts.append(Fact(pen.say("Kept, because it is needed to fix problems"), [kept]))
        facts.append(Fact(pen.say("To replace these too"), ["eset-portcheck report FILE.json --redact strict -o FILE.html"], True))
    return [*facts, Fact(pen.say("Values replaced here"), [", ".join(counts)])] if counts else facts


def _few(values: list[str], pen: Pen) -> list[str]:
    rest = len(values) - _MANY
    return values if rest <= 0 else [*values[:_MANY], pen.say("and {count} more", count=rest)]
