"""What is told of this machine beside its rows: who holds its ports, which proxy counts for which destination. Pure text, for every format."""

from collections.abc import Iterator
from typing import NamedTuple

from eset_portcheck.model.report import ProxyIgnored, Report
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.pen import Pen
from eset_portcheck.render.port_owners import port_owners
from eset_portcheck.render.words import IGNORED


class Entry(NamedTuple):
    """`verdict`: in whose look `what` stands, if in any."""

    what: str
    told: str
    verdict: Verdict | None = None


def sections(report: Report, pen: Pen) -> Iterator[tuple[str, list[Entry]]]:
    """(title, entries): the ports where they were the question, and both when all is wanted."""
    if pen.verbose or report.run.command == "ports":
        yield pen.say("PORTS OF THIS MACHINE"), [Entry(f"{port:9}", who, row.verdict) for row, port, who in port_owners(report, pen)]
    if pen.verbose:
        yield pen.say("PROXIES"), [Entry(pen.safe(one.target), "; ".join(_choice(one.via, one.ignored, pen))) for one in report.proxy_choices]


def _choice(via: str, ignored: list[ProxyIgnored], pen: Pen) -> Iterator[str]:
    """What counts and why, then what does not count and why not."""
    if via:
        yield pen.say("through the given proxy {proxy}", proxy=via)
    else:
        yield pen.say("direct: no --proxy given")
    for one in ignored:
        why = pen.say(IGNORED[one.why]) if one.why in IGNORED else pen.safe(one.why)
        yield pen.say("{name} {proxy} ({source}): {why}", name=one.name, proxy=one.proxy, source=one.source, why=why)
