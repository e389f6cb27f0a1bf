"""How many packets of a capture match each of several display filters: one run of tshark for all of them."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.capture import _DECODE_AS, BAD, Capture
from tests.lab.net import LabError

Wanted = Mapping[str, int | range]
_ROW = re.compile(r"^\|\s*\S+ <> \S+\s*\|(.*)\|$", re.MULTILINE)
MALFORMED = " || ".join(part for part in BAD.split(" || ") if part != "_ws.unreassembled")
"""Of a conversation that one side ended in the middle of a message: only what is wrong in itself."""


def count(capture: Capture, filters: Sequence[str], key_log: Path | None = None) -> dict[str, int]:
    """filter -> packets. A filter must not hold a comma: it separates them."""
    options = [part for rule in _DECODE_AS for part in ("-d", rule)] + (
        ["-o", f"tls.keylog_file:{key_log}"] if key_log else []
    )
    argv = ["tshark", "-n", "-q", "-r", str(capture.file), *options, "-z", ",".join(["io,stat,0", *filters])]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200)
    row = _ROW.search(done.stdout)
    if done.returncode or "| Interval" not in done.stdout:
        raise LabError(f"tshark: {(done.stderr + done.stdout)[-600:]}")
    if row is None:  # not one packet
        return dict.fromkeys(filters, 0)
    # Frames and bytes by turns; a wide title adds empty cells.
    frames = [int(number) for number in re.findall(r"\d+", row[1])][0::2]
    return dict(zip(filters, frames, strict=True))


def differing(capture: Capture, wanted: Wanted, key_log: Path | None = None, bad: str = BAD) -> dict[str, int]:
    """The counts that are not the wanted ones; malformed packets and dissectors' errors are wanted nowhere. Empty: all
    is well."""
    all_wanted = {bad: 0, **wanted}
    found = count(capture, list(all_wanted), key_log)
    return {name: frames for name, frames in found.items() if frames not in _range(all_wanted[name])}


def _range(wanted: int | range) -> range:
    return wanted if isinstance(wanted, range) else range(wanted, wanted + 1)
