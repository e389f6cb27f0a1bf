"""Who owns each port of this machine, in words: made of the row's own conclusion, for every format. Pure."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Direction, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import SENTENCE
from eset_portcheck.render.wording.words import BIND, KNOWN_PROGRAM

_FREE = ("PORT_FREE", "PORT_NOT_LISTENING")
_ADDRESSES = 4


class PortOwner(NamedTuple):
    """`port`: "2222/tcp"; `text`: who holds it and where."""

    row: Row
    port: str
    text: str


def port_owners(report: Report, context: RenderContext) -> list[PortOwner]:
    """One a row that looks at this machine."""
    return [
        PortOwner(row, f"{context.safe(row.port, 5)}/{row.transport.value}", "; ".join(phrases(row, context)))
        for row in report.checks
        if row.direction is not Direction.OUTBOUND and row.verdict is not Verdict.SKIP
    ]


def phrases(row: Row, context: RenderContext) -> Iterator[str]:
    process = row.where.process
    if process:
        yield from holder(process, context)
        yield from known(row, context)
        yield from bound(process, context)
    elif row.reason == "PORT_RESERVED":
        yield context.say("reserved by the operating system")
    elif (
        row.reason in _FREE
        or any(finding.params.get("listener") == "PORT_FREE" for finding in row.findings)
        or row.reason == "INBOUND_FILTERED"
    ):
        yield context.say("free")
    else:
        yield context.say("not read")


def holder(process: dict[str, Any], context: RenderContext) -> Iterator[str]:
    """Name, process, path, user and start, as far as they are visible."""
    name, pid, path, user = (process.get(key) for key in ("name", "pid", "path", "user"))
    if pid is None:
        if user is None:
            yield context.say("in use; run as root to see the owner")
        else:
            yield context.say("in use by a process of user {user}; run as root to see which one", user=user)
        return
    yield context.say("{name}, process {pid}", name=name or "?", pid=pid)
    if path:
        yield context.safe(path, SENTENCE)
    if user:
        yield context.say("user {user}", user=user)
    if since := process.get("since_utc"):
        yield context.say("since {time}", time=str(since).replace("T", " ").replace("Z", " UTC"))


def known(row: Row, context: RenderContext) -> Iterator[str]:
    """What a program is known as that is not the expected one."""
    word = next((finding.params["known"] for finding in row.findings if "known" in finding.params), None)
    if isinstance(word, str) and word in KNOWN_PROGRAM:
        yield context.say(KNOWN_PROGRAM[word])


def bound(process: dict[str, Any], context: RenderContext) -> Iterator[str]:
    """On which addresses it answers."""
    kind, addresses = process.get("bind"), process.get("addresses")
    if kind == "address" and isinstance(addresses, list):
        yield context.say("on {addresses}", addresses=", ".join(str(address) for address in addresses[:_ADDRESSES]))
    elif isinstance(kind, str) and kind in BIND:
        yield context.say(BIND[kind])
