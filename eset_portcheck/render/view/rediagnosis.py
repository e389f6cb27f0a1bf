"""What other rules than those of the run made of its facts."""

from typing import NamedTuple

from eset_portcheck.model.report import Rediagnosis, Report
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.text import SENTENCE
from eset_portcheck.render.wording.value_names import ALSO

_NAMED = 6  # checks


class ChangedRow(NamedTuple):
    """`id` is unsafe, for links; `name` is its safe text."""

    id: str
    name: str
    before: str
    after: str


def changed(report: Report, context: RenderContext) -> list[ChangedRow]:
    return [
        ChangedRow(row.id, context.safe(row.id), context.safe(" ".join(row.before)), context.safe(" ".join(row.after)))
        for row in (report.rediagnosis.changed if report.rediagnosis else [])
    ]


def sentences(report: Report, context: RenderContext) -> list[str]:
    """What a reader must know of a report that was judged anew, a sentence each."""
    anew = report.rediagnosis
    if anew is None:
        return []
    found = [
        context.count(
            "{count} row has another result by the rules of {version}",
            "{count} rows have another result by the rules of {version}",
            len(anew.changed),
            version=anew.version,
        )
    ]
    if anew.also:
        what = ", ".join(context.say(ALSO[name]) for name in anew.also if name in ALSO)
        found.append(
            context.say(
                "The file contains results that its facts do not support; computed again: {what}", SENTENCE, what=what
            )
        )
    if anew.missing:
        found.append(missing(anew, context) + ": " + ", ".join(context.safe(name) for name in anew.missing[:_NAMED]))
    if anew.unchecked:
        found.append(unchecked(anew, context))
    if anew.report_id:
        found.append(context.say("Made from report {id}", id=anew.report_id))
    return found


def missing(anew: Rediagnosis, context: RenderContext) -> str:
    return context.count(
        "{count} check of the role is not in the report",
        "{count} checks of the role are not in the report",
        len(anew.missing),
    )


def unchecked(anew: Rediagnosis, context: RenderContext) -> str:
    return context.say(
        "The requirements of these roles come only from the file, because this version does not have their profiles: "
        "{roles}",
        SENTENCE,
        roles=", ".join(context.safe(role, 40) for role in anew.unchecked),
    )
