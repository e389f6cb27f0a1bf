"""What was seen in a row, stage by stage; what that shows and what it does not. Facts only: no phrase says more than was measured."""

from collections.abc import Iterator
from typing import NamedTuple

from eset_portcheck import texts
from eset_portcheck.model.observation import Attempt, StageRecord
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Direction, Stage, Transport, Verdict
from eset_portcheck.render import parameters, seen, voice
from eset_portcheck.render.html.words import CLIENT_CERTIFICATE, EXTRA, JUDGED, LACKS, SHOWS, STAGE
from eset_portcheck.render.pen import Pen
from eset_portcheck.render.track import furthest, marked

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


def tried(row: Row, pen: Pen) -> list[Tried]:
    found = [Tried(pen.safe(one.address or ""), list(_stages(row, one, pen))) for one in row.attempts[:_ADDRESSES]]
    return [one for one in found if one.lines]


def observed(row: Row, pen: Pen) -> list[Line]:
    """Observations made only to find out why; this host's own facts for rows in which nothing is sent."""
    lines = [
        Line(pen.say(EXTRA[piece.kind]) if piece.kind in EXTRA else pen.safe(piece.kind, 40), "", "; ".join(seen.evidence(piece, pen)), False)
        for piece in row.evidence[:_ADDRESSES]
    ]
    lines = [one for one in lines if one.seen]
    if row.direction is not Direction.OUTBOUND:
        lines += [Line(pen.say("this machine"), "", one, False) for one in seen.seen(row, pen)]
    return lines


def _stages(row: Row, attempt: Attempt, pen: Pen) -> Iterator[Line]:
    if attempt.untested is not None:
        yield Line(pen.say("not tested"), "", pen.safe(attempt.untested), False)
    meant = marked(row) if attempt is furthest(row) else None
    for record in attempt.stages:
        broken = record.failure is not None
        is_given = record.stage is Stage.RESOLVE and attempt.address == row.target  # the target is an address
        if (record.stage is Stage.ROUTE or is_given) and not broken:
            continue
        udp = record.stage is Stage.HANDSHAKE and row.transport is Transport.UDP
        name = pen.say("query and answer") if udp else pen.say(STAGE[record.stage])
        facts = [seen.end_of(record, pen)] if broken else []
        facts += [one for one in _facts(row, attempt, record, pen) if one]
        yield Line(name, pen.lasted(record.duration_s) or "0 ms", "; ".join(dict.fromkeys(facts)), broken or record.stage is meant)


def _facts(row: Row, attempt: Attempt, record: StageRecord, pen: Pen) -> Iterator[str]:
    if record.stage is Stage.RESOLVE:
        yield from seen.answers(record, pen)
        if not record.failure and not record.detail.get("servers"):
            yield pen.say("{name} is {address}", name=row.target, address=attempt.address or "?")
    elif record.stage is Stage.CONNECT and not record.failure:
        yield pen.say("accepted, from {source}", source=attempt.source_address) if attempt.source_address else pen.say("accepted")
    elif record.stage is Stage.TUNNEL and not record.failure:
        yield pen.say("the proxy accepts; this proves nothing behind it")
    elif record.stage is Stage.TLS:
        yield from _tls(attempt, pen)
    elif record.stage in (Stage.HANDSHAKE, Stage.SESSION) and attempt.reply and not record.failure:
        yield from list(parameters.named(attempt.reply, pen, frozenset(("redirects", "html"))))[:8]
    if record.failure:
        yield from seen.icmp(attempt, pen)
        if row.verdict is not Verdict.PASS and attempt.transcript:
            yield from _first_bytes(attempt, pen)
    if record.stage is not Stage.RESOLVE:
        yield from list(parameters.named(record.detail, pen, frozenset(("name", "servers", "os"))))[:6]


def _tls(attempt: Attempt, pen: Pen) -> Iterator[str]:
    tls = attempt.tls
    if tls is None:
        return
    yield " ".join(pen.safe(one, 60) for one in (tls.version, tls.cipher) if one)
    yield from seen.certificate(attempt, pen)
    for by, said in (
        (pen.say("public authorities"), tls.public),
        (pen.say("the site's authority"), tls.site),
        (pen.say("this machine's store"), tls.os_store),
    ):
        if said:
            yield f"{by}: {pen.say(JUDGED[said]) if said in JUDGED else pen.safe(said, 40)}"
    if tls.client_certificate in CLIENT_CERTIFICATE:
        yield pen.say(CLIENT_CERTIFICATE[tls.client_certificate])


def _first_bytes(attempt: Attempt, pen: Pen) -> Iterator[str]:
    try:
        first = bytes.fromhex(str((attempt.transcript or {}).get("first_bytes", ""))[: 2 * _BYTES])
    except ValueError:
        return
    if first:
        yield pen.say("first bytes: {bytes}", 4 * _BYTES, bytes=first.decode("latin-1"))


def judged(row: Row, told: dict[str, str], anchor: str, pen: Pen) -> Judgement:
    """A passing row by the rung that it reached, every other by its code; the long text once a code (`told`: code -> anchor, filled here)."""
    rung = row.proof.reached.value
    if row.verdict is Verdict.PASS and row.direction is Direction.OUTBOUND and rung in SHOWS:
        return Judgement(pen.say(SHOWS[rung]), pen.say(LACKS[rung]), "")
    first = told.setdefault(row.reason, anchor)
    if first != anchor:
        return Judgement("", "", first)
    return Judgement(voice.meaning(row.reason, Pen(pen.ascii_only, False, pen.language)), voice.checked(row.reason, pen), "")


def needed(row: Row, pen: Pen) -> str:
    """What this row must show, in a sentence."""
    try:
        table = texts.about_rows(pen.language)
    except LookupError:
        table = texts.about_rows()
    return table["proof"].get(row.proof.required.value, row.proof.required.value)
