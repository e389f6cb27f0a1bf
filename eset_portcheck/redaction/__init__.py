"""What must not leave with a report. Pure: Report in, Report out; the same report always comes out alike.

Every report that the program makes goes through `redacted` once, which takes out what no reader ever needs: secrets,
user names, hardware addresses, serial numbers. `strict` also puts pseudonyms in the place of internal names and
addresses; what stands for what is in the returned map, and nowhere in the report.
"""

from typing import NamedTuple

import msgspec

from eset_portcheck.model.report import Redaction, Report, identified
from eset_portcheck.redaction.always import Always
from eset_portcheck.redaction.walk import rewritten

Map = dict[str, dict[str, str]]
"""kind ("address", "name", ...) -> what stood there -> what stands there now, in the order of appearance."""


class Redacted(NamedTuple):
    """`map`: only of what `strict` replaced. What is always taken out is written down nowhere."""

    report: Report
    map: Map


def redacted(report: Report, *, strict: bool = False, known: Map | None = None) -> Redacted:
    """`known`: a map of an earlier run, whose pseudonyms are used again (two reports can then be compared); it is
    extended in the result.

    Idempotent. The result is a valid report of the same verdicts, with an id of its own.
    """
    always = Always()
    out = rewritten(report, always)
    if always.again():  # user names were learned on the way: a second pass finds them everywhere
        out = rewritten(report, always)
    if not strict and report.run.id and out == report:
        return Redacted(report, known or {})  # made already, and nothing in it: the same report, with the same id
    counts = dict(always.counts)
    made: Map = known or {}
    if strict:
        from eset_portcheck.redaction.strict import Strict  # half of the package: not for every run

        eye = Strict(out, made)
        rewritten(out, eye)
        eye.again()
        out = rewritten(out, eye)
        made = eye.map
        counts |= eye.counts
    before = report.redaction
    counts = {
        kind: max(counts.get(kind, 0), before.replaced.get(kind, 0) if before else 0)
        for kind in (*(before.replaced if before else ()), *counts)
    }
    level = "strict" if strict or (before is not None and before.level == "strict") else "always"
    return Redacted(identified(msgspec.structs.replace(out, redaction=Redaction(level, counts))), made)


__all__ = ["Map", "Redacted", "redacted"]
