"""What is told of this machine beside its rows: who holds its ports, which proxy counts for which destination. Pure
text, for every format."""

from collections.abc import Iterator
from typing import NamedTuple

from eset_portcheck.model.report import ProxyIgnored, Report
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.port_owners import port_owners
from eset_portcheck.render.words import IGNORED


class Entry(NamedTuple):
    """`verdict`: in whose look `what` stands, if in any."""

    what: str
    told: str
    verdict: Verdict | None = None


def sections(report: Report, context: RenderContext) -> Iterator[tuple[str, list[Entry]]]:
    """(title, entries): the ports where they were the question, and both when all is wanted."""
    if context.verbose or report.run.command == "ports":
        yield (
            context.say("PORTS OF THIS MACHINE"),
            [Entry(f"{port:9}", who, row.verdict) for row, port, who in port_owners(report, context)],
        )
    if context.verbose:
        yield (
            context.say("PROXIES"),
            [
                Entry(context.safe(one.target), "; ".join(_choice(one.via, one.ignored, context)))
                for one in report.proxy_choices
            ],
        )


def _choice(via: str, ignored: list[ProxyIgnored], context: RenderContext) -> Iterator[str]:
    """What counts and why, then what does not count and why not."""
    if via:
        yield context.say("through the given proxy {proxy}", proxy=via)
    else:
        yield context.say("direct: no --proxy given")
    for one in ignored:
        why = context.say(IGNORED[one.why]) if one.why in IGNORED else context.safe(one.why)
        yield context.say(
            "{name} {proxy} ({source}): {why}", name=one.name, proxy=one.proxy, source=one.source, why=why
        )
