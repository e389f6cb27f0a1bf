"""Everything that the page shows, in its order, as plain values: the template only lays it out."""

from collections import Counter
from typing import NamedTuple

import msgspec

from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.vocabulary import WORST_FIRST, Verdict
from eset_portcheck.render import issues, outcome, reason_text
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html import anchors, machine, picture, remedy, timing
from eset_portcheck.render.html.matrix import Check, Skipped, checks, skipped
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.remarks import remarks
from eset_portcheck.render.words import COUNT

_NAMES = 6
_REJUDGED = 200


class Chip(NamedTuple):
    verdict: str
    glyph: str
    text: str


class Code(NamedTuple):
    code: str
    anchor: str
    title: str
    text: str


class Filter(NamedTuple):
    """`key`: what the style sheet knows it by."""

    key: str
    label: str


class Note(NamedTuple):
    code: str
    anchor: str
    facts: str
    rows: list[remedy.Link]
    more: int


class Rejudged(NamedTuple):
    row: remedy.Link
    before: str
    after: str


class Page(NamedTuple):
    language: str
    title: str
    verdict: str
    word: str
    who: str
    why: str
    line: str
    exit: str
    report_id: str
    started: str
    chips: list[Chip]
    facts: list[machine.Fact]
    remarks: list[str]
    rejudged: list[Rejudged]
    told: remedy.Told
    picture: picture.Picture | None
    checks: list[Check]
    filters: list[Filter]
    skipped: list[Skipped]
    skipped_why: str
    notes: list[Note]
    chart: timing.Chart | None
    network: list[machine.Fact]
    settings: list[machine.Fact]
    codes: list[Code]
    integrity: list[machine.Fact]
    left_out: list[machine.Fact]
    tool: str


def compose(report: Report, context: RenderContext) -> Page:
    """`pen`: verbose, so that nothing is folded away that a page can fold itself."""
    names = anchors.of_rows(report)
    places = {id(row): name for row, name in zip(report.checks, names, strict=True)}
    links: dict[str, remedy.Link] = {}
    for row, name in zip(report.checks, names, strict=True):
        links.setdefault(row.id, remedy.Link(context.safe(row.id), name))
    _, verdict = outcome.overall(report)
    who, word, why, again = outcome.first_line(report, context)
    shown, skips = checks(report, places, context), [row for row in report.checks if row.verdict is Verdict.SKIP]
    started = context.safe(report.run.started_utc.replace("T", " ").replace("Z", " UTC"))
    return Page(
        language=context.language,
        title=f"{who}{word}",
        verdict=verdict.value,
        word=word,
        who=who.rstrip(": "),
        why=_why(report, why.strip(":; "), context),
        line=f"{who}{word}{why}{again}",
        exit=outcome.exit_sentence(report, context),
        report_id=context.safe(report.run.id),
        started=started,
        chips=_chips(report, context),
        facts=_facts(report, started, context),
        remarks=remarks(report, context),
        rejudged=_rejudged(report, links, context),
        told=remedy.told(report, links, context),
        picture=picture.picture(report, context),
        checks=shown,
        filters=_filters(shown, context),
        skipped=skipped(report, places, context),
        skipped_why=issues.skipped(skips, context) if skips else "",
        notes=_notes(report, links, context),
        chart=timing.chart(report, context),
        network=machine.network(report, context),
        settings=machine.settings(report, context),
        codes=_codes(report, context),
        integrity=machine.integrity(report, context),
        left_out=machine.left_out(report, context),
        tool=context.safe(f"{report.tool.name} {report.tool.version}"),
    )


def _why(report: Report, first: str, context: RenderContext) -> str:
    rest = len(report.causes) - 1
    return (
        context.count("{why}, and {count} more cause", "{why}, and {count} more causes", rest, why=first)
        if rest > 0
        else first
    )


def _chips(report: Report, context: RenderContext) -> list[Chip]:
    seen = Counter(row.verdict for row in report.checks)
    return [
        Chip(one.value, LOOKS[one].glyph, context.count(*COUNT[one.value], seen[one]))
        for one in WORST_FIRST
        if seen[one]
    ]


def _facts(report: Report, started: str, context: RenderContext) -> list[machine.Fact]:
    run, host = report.run, report.host
    done = [row for row in report.checks if row.verdict is not Verdict.SKIP]
    required = sum(row.required for row in done)
    sites = list(
        dict.fromkeys(
            context.safe(row.target)
            for row in done
            if row.target_key in ("server", "proxy", "mdc", "dc", "database", "target")
        )
    )
    system = " ".join(" ".join(str(host.os.get(name, "")) for name in ("name", "system", "release")).split())
    return [
        machine.Fact(
            context.say("Machine"), [context.safe(host.name or "?"), *([context.safe(system)] if system else [])]
        ),
        machine.Fact(
            context.say("Role"),
            [context.safe(", ".join(run.roles)), context.say("phase {phase}", phase=run.phase.value)],
        ),
        *(
            [
                machine.Fact(
                    context.say("Site"),
                    sites[:3] + ([context.say("and {count} more", count=len(sites) - 3)] if len(sites) > 3 else []),
                )
            ]
            if sites
            else []
        ),
        machine.Fact(context.say("Tested"), [started, context.lasted(run.duration_s)]),
        machine.Fact(
            context.say("Checks"),
            [
                context.count("{count} check", "{count} checks", len(done)),
                context.count("{count} required", "{count} required", required),
            ],
        ),
    ]


def _rejudged(report: Report, links: dict[str, remedy.Link], context: RenderContext) -> list[Rejudged]:
    """What today's rules made of its facts, where that is not what the run said."""
    changed = report.rediagnosis.changed if report.rediagnosis else []
    return [
        Rejudged(
            links.get(one.id) or remedy.Link(context.safe(one.id), ""),
            context.safe(" ".join(one.before)),
            context.safe(" ".join(one.after)),
        )
        for one in changed[:_REJUDGED]
    ]


def _filters(shown: list[Check], context: RenderContext) -> list[Filter]:
    """Only those that would hide something and leave something."""
    counted = (
        ("open", context.say("Not passed"), sum(one.verdict != "pass" for one in shown)),
        ("fail", context.say("Failed"), sum(one.verdict in ("fail", "error") for one in shown)),
        ("req", context.say("Required"), sum(one.required for one in shown)),
    )
    useful = [Filter(key, f"{label} {number}") for key, label, number in counted if 0 < number < len(shown)]
    everything = context.say("All")
    return [Filter("all", f"{everything} {len(shown)}"), *useful] if useful else []


def _notes(report: Report, links: dict[str, remedy.Link], context: RenderContext) -> list[Note]:
    brief = msgspec.structs.replace(context, verbose=False)
    return [
        Note(code, anchors.of_code(code), facts, [links[one] for one in ids[:_NAMES]], max(0, len(ids) - _NAMES))
        for code, facts, ids in issues.notes(report, brief)[: 10 * _NAMES]
    ]


def _codes(report: Report, context: RenderContext) -> list[Code]:
    """Each code of the report once, those of causes first, with all that is known of it."""
    order: list[str] = [cause.reason for cause in report.causes]
    order += [code for row in report.checks if row.verdict is not Verdict.SKIP for code in _of_row(row)]
    return [
        Code(
            context.safe(code),
            anchors.of_code(code),
            reason_text.title(code, context),
            reason_text.meaning(code, context),
        )
        for code in dict.fromkeys(order)
        if anchors.of_code(code)
    ]


def _of_row(row: Row) -> list[str]:
    return [row.reason, *(one.reason for one in row.findings)]
