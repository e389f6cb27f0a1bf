"""What was seen in a row, stage by stage; what that shows and what it does not. Facts only: no phrase says more than
was measured."""

from collections.abc import Iterator
from typing import NamedTuple

from eset_portcheck import texts
from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Direction, Stage, Transport, Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html.page_terms import CLIENT_CERTIFICATE, EXTRA, JUDGED, LACKS, SHOWS, STAGE
from eset_portcheck.render.wording import evidence_phrases, parameters, reason_text
from eset_portcheck.render.wording.track import furthest, marked

_BYTES = 64  # of what a peer that spoke out of turn sent first
_ADDRESSES = 12


class Line(NamedTuple):
    """`is_broken`: the stage that the verdict is about."""

    what: str
    time: str
    seen: str
    is_broken: bool


class Tried(NamedTuple):
    """One address: its stages in order."""

    address: str
    lines: list[Line]


class Judgement(NamedTuple):
    """`shows` and `lacks` are empty where the row whose anchor is `as_in` says it for the same code."""

    shows: str
    lacks: str
    as_in: str


def tried(row: Row, context: RenderContext) -> list[Tried]:
    found = [
        Tried(context.safe(one.address or ""), list(_stages(row, one, context))) for one in row.attempts[:_ADDRESSES]
    ]
    return [one for one in found if one.lines]


def observed(row: Row, system: object, context: RenderContext) -> list[Line]:
    """Observations made only to find out why; this host's own facts for rows in which nothing is sent. `system`:
    of this machine, as the report names it."""
    lines = [
        Line(
            context.say(EXTRA[piece.kind]) if piece.kind in EXTRA else context.safe(piece.kind, 40),
            "",
            "; ".join(evidence_phrases.evidence(piece, context)),
            False,
        )
        for piece in row.evidence[:_ADDRESSES]
    ]
    lines = [one for one in lines if one.seen]
    if row.direction is not Direction.OUTBOUND:
        own = evidence_phrases.of_row(row, system, context)
        lines += [Line(context.say("this machine"), "", one, False) for one in own]
    return lines


def _stages(row: Row, attempt: Attempt, context: RenderContext) -> Iterator[Line]:
    if attempt.untested is not None:
        yield Line(context.say("not tested"), "", context.safe(attempt.untested), False)
    meant = marked(row) if attempt is furthest(row) else None
    for record in attempt.stages:
        broken = record.failure is not None
        is_given = record.stage is Stage.RESOLVE and attempt.address == row.target  # the target is an address
        if (record.stage is Stage.ROUTE or is_given) and not broken:
            continue
        udp = record.stage is Stage.HANDSHAKE and row.transport is Transport.UDP
        name = context.say("query and answer") if udp else context.say(STAGE[record.stage])
        facts = [evidence_phrases.end_of(record, context)] if broken else []
        facts += [one for one in _facts(row, attempt, record, context) if one]
        yield Line(
            name,
            context.lasted(record.duration_s) or "0 ms",
            "; ".join(dict.fromkeys(facts)),
            broken or record.stage is meant,
        )


def _facts(row: Row, attempt: Attempt, record: StageRecord, context: RenderContext) -> Iterator[str]:
    if record.stage is Stage.RESOLVE:
        yield from evidence_phrases.answers(record, context)
        if not record.failure and not record.detail.servers:
            yield context.say("{name} is {address}", name=row.target, address=attempt.address or "?")
    elif record.stage is Stage.CONNECT and not record.failure:
        yield (
            context.say("accepted, from {source}", source=attempt.source_address)
            if attempt.source_address
            else context.say("accepted")
        )
    elif record.stage is Stage.TUNNEL and not record.failure:
        yield context.say("the proxy accepts; this proves nothing behind it")
    elif record.stage is Stage.TLS:
        yield from _tls(attempt, context)
    elif record.stage in (Stage.HANDSHAKE, Stage.SESSION) and attempt.reply and not record.failure:
        yield from list(parameters.named(attempt.reply, context, frozenset(("redirects", "html"))))[:8]
    if record.failure:
        yield from evidence_phrases.icmp(attempt, context)
        if row.verdict is not Verdict.PASS and attempt.transcript:
            yield from _first_bytes(attempt, context)
    if record.stage is not Stage.RESOLVE:
        yield from list(parameters.named(record.detail.as_table(), context, frozenset(("name", "servers", "os"))))[:6]


def _tls(attempt: Attempt, context: RenderContext) -> Iterator[str]:
    tls = attempt.tls
    if tls is None:
        return
    yield " ".join(context.safe(one, 60) for one in (tls.version, tls.cipher) if one)
    yield from evidence_phrases.certificate(attempt, context)
    for by, said in (
        (context.say("public authorities"), tls.public),
        (context.say("the site's authority"), tls.site),
        (context.say("this machine's store"), tls.os_store),
    ):
        if said:
            yield f"{by}: {context.say(JUDGED[said]) if said in JUDGED else context.safe(said, 40)}"
    if tls.client_certificate in CLIENT_CERTIFICATE:
        yield context.say(CLIENT_CERTIFICATE[tls.client_certificate])


def _first_bytes(attempt: Attempt, context: RenderContext) -> Iterator[str]:
    try:
        first = bytes.fromhex(((attempt.transcript and attempt.transcript.first_bytes) or "")[: 2 * _BYTES])
    except ValueError:
        return
    if first:
        yield context.say("first bytes: {bytes}", 4 * _BYTES, bytes=first.decode("latin-1"))


def judged(row: Row, explained: dict[str, str], anchor: str, context: RenderContext) -> Judgement:
    """A passing row by the rung that it reached, every other by its code; the long text once a code (`explained`:
    code -> anchor, filled here)."""
    rung = row.proof.reached.value
    if row.verdict is Verdict.PASS and row.direction is Direction.OUTBOUND and rung in SHOWS:
        return Judgement(context.say(SHOWS[rung]), context.say(LACKS[rung]), "")
    first = explained.setdefault(row.reason, anchor)
    if first != anchor:
        return Judgement("", "", first)
    return Judgement(
        reason_text.meaning(row.reason, RenderContext(context.ascii_only, False, context.language)),
        reason_text.checked(row.reason, context),
        "",
    )


def needed(row: Row, context: RenderContext) -> str:
    """What this row must show, in a sentence."""
    try:
        table = texts.about_rows(context.language)
    except LookupError:
        table = texts.about_rows()
    return table["proof"].get(row.proof.required.value, row.proof.required.value)
