"""Everything that the page shows, in its order, as plain values: the template only lays it out."""

from typing import NamedTuple

from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html import anchors, machine, picture, remedy, timing
from eset_portcheck.render.html.matrix import Check, Skipped, checks, skipped
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.view import View
from eset_portcheck.render.wording import reason_text

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
    issues: remedy.Issues
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


def compose(view: View) -> Page:
    """`view`: for a verbose reader, so that nothing is folded away that a page can fold itself."""
    report, context, line = view.report, view.context, view.first_line
    names = anchors.of_rows(report)
    places = {id(row): name for row, name in zip(report.checks, names, strict=True)}
    links: dict[str, remedy.Link] = {}
    for row, name in zip(report.checks, names, strict=True):
        links.setdefault(row.id, remedy.Link(context.safe(row.id), name))
    shown = checks(view, places)
    started = context.safe(report.run.started_utc.replace("T", " ").replace("Z", " UTC"))
    return Page(
        language=context.language,
        title=f"{line.who}{line.word}",
        verdict=view.verdict.value,
        word=line.word,
        who=line.who.rstrip(": "),
        why=line.why,
        line=line.text,
        exit=view.exit_sentence,
        report_id=context.safe(report.run.id),
        started=started,
        chips=[Chip(one.verdict.value, LOOKS[one.verdict].glyph, one.text) for one in view.counts],
        facts=_facts(view, started),
        remarks=view.remarks,
        rejudged=[
            Rejudged(links.get(one.id) or remedy.Link(one.name, ""), one.before, one.after)
            for one in view.changed[:_REJUDGED]
        ],
        issues=remedy.issues(view, links),
        picture=picture.picture(view),
        checks=shown,
        filters=_filters(shown, context),
        skipped=skipped(view, places),
        skipped_why=view.why_skipped(view.skipped),
        notes=_notes(view, links),
        chart=timing.chart(view),
        network=machine.network(report, context),
        settings=machine.settings(view),
        codes=_codes(view),
        integrity=machine.integrity(report, context),
        left_out=machine.left_out(report, context),
        tool=context.safe(f"{report.tool.name} {report.tool.version}"),
    )


def _facts(view: View, started: str) -> list[machine.Fact]:
    context, run, host = view.context, view.report.run, view.report.host
    done = [row for row in view.report.checks if row.verdict is not Verdict.SKIP]
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


def _notes(view: View, links: dict[str, remedy.Link]) -> list[Note]:
    """Without what is merely usual: a page has its rows for that."""
    return [
        Note(
            note.code,
            anchors.of_code(note.code),
            note.facts,
            [links[row] for row in note.rows[:_NAMES]],
            max(0, len(note.rows) - _NAMES),
        )
        for note in view.news[: 10 * _NAMES]
    ]


def _codes(view: View) -> list[Code]:
    """Each code of the report once, those of causes first, with all that is known of it."""
    report, context = view.report, view.context
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
    return [row.reason, *(finding.reason for finding in row.findings)]
