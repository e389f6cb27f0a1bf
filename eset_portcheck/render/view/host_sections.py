"""What stands of this machine beside its rows: who holds its ports, which proxy counts for which destination."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from eset_portcheck.model.report import ProxyIgnored, Report
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.wording.port_owners import PortOwner
from eset_portcheck.render.wording.value_names import IGNORED


class Entry(NamedTuple):
    """`verdict`: in whose look `label` stands, if in any."""

    label: str
    text: str
    verdict: Verdict | None = None


class Section(NamedTuple):
    title: str
    entries: list[Entry]


def sections(report: Report, owners: Sequence[PortOwner], context: RenderContext) -> list[Section]:
    """The ports where they were the question, and both when all is wanted; only those with entries."""
    found = []
    if owners and (context.verbose or report.run.command == "ports"):
        ports = [Entry(f"{owner.port:9}", owner.text, owner.row.verdict) for owner in owners]
        found.append(Section(context.say("PORTS OF THIS MACHINE"), ports))
    if report.proxy_choices and context.verbose:
        choices = [
            Entry(context.safe(choice.target), "; ".join(_choice(choice.via, choice.ignored, context)))
            for choice in report.proxy_choices
        ]
        found.append(Section(context.say("PROXIES"), choices))
    return found


def _choice(via: str, ignored: list[ProxyIgnored], context: RenderContext) -> Iterator[str]:
    """What counts and why, then what does not count and why not."""
    if via:
        yield context.say("through the given proxy {proxy}", proxy=via)
    else:
        yield context.say("direct: no --proxy given")
    for proxy in ignored:
        why = context.say(IGNORED[proxy.why]) if proxy.why in IGNORED else context.safe(proxy.why)
        yield context.say(
            "{name} {proxy} ({source}): {why}", name=proxy.name, proxy=proxy.proxy, source=proxy.source, why=why
        )
