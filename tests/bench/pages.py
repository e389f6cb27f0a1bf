"""Render times of reports of any size: the same rows again and again, each with a target of its own."""

import gc
import time
from pathlib import Path

import msgspec

from eset_portcheck.model.report import Report, from_json
from eset_portcheck.render import FORMATS

SAMPLES = Path(__file__).resolve().parents[1] / "unit" / "reports"


def report_of(count: int, sample: str = "dropped") -> Report:
    """`count` rows: those of the sample in turn, ids and targets made distinct; every failed one has a cause."""
    kept = from_json((SAMPLES / f"{sample}.json").read_bytes())
    rows, causes = [], []
    for number in range(count):
        row = kept.checks[number % len(kept.checks)]
        rows.append(msgspec.structs.replace(row, id=f"{row.id}.{number}", target=f"h{number}.{row.target}"))
        if row.verdict.value in ("fail", "warn"):
            causes.append(msgspec.structs.replace(kept.causes[0], id=f"C{number}", explains=[rows[-1].id]))
    return msgspec.structs.replace(kept, checks=rows, causes=causes)


def render_s(count: int, form: str = "html", rounds: int = 3) -> tuple[float, int]:
    """(least processor seconds of some rounds, bytes), after one round that loads and compiles."""
    report = report_of(count)
    settings = {"width": 100, "ascii": False, "colour": False}
    FORMATS[form](report_of(8), **settings)
    took = []
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        made = FORMATS[form](report, **settings)
        took.append(time.process_time() - started)
    return min(took), len(made)
