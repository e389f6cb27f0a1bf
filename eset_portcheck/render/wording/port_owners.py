"""Who owns each port of this machine, in words: made of the row's own conclusion, for every format. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from eset_portcheck import texts
from eset_portcheck.model.finding import PortHolder
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import Direction, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import SENTENCE
from eset_portcheck.render.wording.value_names import BIND, KNOWN_PROGRAM

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
        PortOwner(
            row, f"{context.safe(row.port, 5)}/{row.transport.value}", "; ".join(phrases(row, report.host.os, context))
        )
        for row in report.checks
        if row.direction is not Direction.OUTBOUND and row.verdict is not Verdict.SKIP
    ]


def phrases(row: Row, system: object, context: RenderContext) -> Iterator[str]:
    """`system`: of this machine, as the report names it."""
    process = row.where.process
    if process:
        yield from holder(process, system, context)
        yield from known(row, context)
        yield from bound(process, context)
    elif row.reason == "PORT_RESERVED":
        yield context.say("reserved by the operating system")
    elif (
        row.reason in _FREE
        or any(finding.params.listener == "PORT_FREE" for finding in row.findings)
        or row.reason == "INBOUND_FILTERED"
    ):
        yield context.say("free")
    else:
        yield context.say("not read")


def holder(process: PortHolder, system: object, context: RenderContext) -> Iterator[str]:
    """Name, process, path, user and start, as far as they are visible."""
    if process.pid is None:
        superuser = context.say(texts.superuser(system))
        if process.user is None:
            yield context.say("in use; run as {superuser} to see the owner", superuser=superuser)
        else:
            yield context.say(
                "in use by a process of user {user}; run as {superuser} to see which one",
                user=process.user,
                superuser=superuser,
            )
        return
    yield context.say("{name}, process {pid}", name=process.name or "?", pid=process.pid)
    if process.path:
        yield context.safe(process.path, SENTENCE)
    if process.user:
        yield context.say("user {user}", user=process.user)
    if process.since_utc:
        yield context.say("since {time}", time=process.since_utc.replace("T", " ").replace("Z", " UTC"))


def known(row: Row, context: RenderContext) -> Iterator[str]:
    """What a program is known as that is not the expected one."""
    word = next((one.params.known for one in row.findings if one.params.known), "")
    if word in KNOWN_PROGRAM:
        yield context.say(KNOWN_PROGRAM[word])


def bound(process: PortHolder, context: RenderContext) -> Iterator[str]:
    """On which addresses it answers."""
    if process.bind == "address" and process.addresses is not None:
        yield context.say("on {addresses}", addresses=", ".join(process.addresses[:_ADDRESSES]))
    elif process.bind in BIND:
        yield context.say(BIND[process.bind])
