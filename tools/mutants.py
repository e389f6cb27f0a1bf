"""Do the tests notice when the code is wrong? Runs mutants of the rooms that decide (pyproject.toml, [tool.mutmut]) and
says how many were killed.

    tools/mutants.py [--only FILE ...] [--sample N] [--seed N] [--jobs N]

Verdicts are kept in mutants/: killed mutants are not run again, so an interrupted run is taken up where it ended. After
a change that could make tests weaker, delete that folder. A mutant that no test runs, and one that came to no verdict,
counts as not killed; those that nobody could notice stand in tests/equivalent_mutants.toml, each with why. Exits 1
below FLOOR_PERCENT. Decision record: docs/decisions/0031-mutants.md.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from math import sqrt
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "mutants"
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.toml"
FLOOR_PERCENT = 85
AT_ONCE = 1000  # names on one command line
_KILLED = frozenset({1, 3, 24, 36, 152, 255, -24})  # a failed test, an error of pytest, or a loop that does not end
_NO_TEST = frozenset({5, 33})


class Score(NamedTuple):
    killed: int
    total: int

    @property
    def percent(self) -> float:
        return 100 * self.killed / self.total if self.total else 100.0

    def between(self) -> tuple[float, float]:
        """In percent: where the score of all mutants lies, by a sample, in 19 cases of 20. Source: Wilson (1927), score
        interval."""
        if not self.total:
            return 0.0, 100.0
        z, n, p = 1.96, self.total, self.killed / self.total
        middle = p + z * z / (2 * n)
        width = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return 100 * (middle - width) / (1 + z * z / n), 100 * (middle + width) / (1 + z * z / n)


def mutmut(*arguments: str) -> int:
    """Its spinner is for terminals, and is passed over."""
    program = Path(sys.executable).with_name("mutmut")
    return subprocess.run([str(program), *arguments], cwd=ROOT, check=False, stdout=subprocess.DEVNULL).returncode


def verdicts(folder: Path = FOLDER) -> dict[str, dict[str, int | None]]:
    """{file of the project: {mutant: how its tests ended, None before they ran}}."""
    found = {}
    for path in sorted(folder.glob("eset_portcheck/**/*.py.meta")):
        told = json.loads(path.read_text(encoding="utf-8"))
        found[path.relative_to(folder).as_posix().removesuffix(".meta")] = dict(told["exit_code_by_key"])
    return found


def chosen(known: Mapping[str, Mapping[str, int | None]], only: Iterable[str], sample: int, seed: int) -> list[str]:
    """Mutants of the files, or below the folders, of `only`; of these `sample` (0: all), the same ones for the same
    seed. Raises LookupError."""
    wanted = [one.rstrip("/") for one in only]
    names = [
        name
        for file, ones in known.items()
        if not wanted or any(file == one or file.startswith(f"{one}/") for one in wanted)
        for name in ones
    ]
    if not names:
        raise LookupError(f"no mutants of {', '.join(wanted) or 'anything'}")
    names.sort()
    return sorted(random.Random(seed).sample(names, sample)) if 0 < sample < len(names) else names


def difference(name: str) -> tuple[str, str]:
    """(lines that the mutant takes away, lines that it puts there)."""
    program = Path(sys.executable).with_name("mutmut")
    told = subprocess.run(
        [str(program), "show", name], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    changed = [line for line in told if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]
    before, after = (" ".join(line[1:].strip() for line in changed if line[0] == sign) for sign in "-+")
    return before, after


def function(name: str) -> str:
    """`eset_portcheck.wire.ber.x__length` of `eset_portcheck.wire.ber.x__length__mutmut_3`; numbers change with every
    edit."""
    return name.rpartition("__mutmut_")[0]


def equivalents(file: Path = EQUIVALENT) -> set[tuple[str, str, str]]:
    """(function, before, after) of mutants that behave as the code does."""
    listed = tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", [])
    return {(one["function"], one["before"], one["after"]) for one in listed if one["why"]}


def run(names: list[str], jobs: int) -> None:
    for first in range(0, len(names), AT_ONCE):
        mutmut("run", f"--max-children={jobs}", *names[first : first + AT_ONCE])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], help="files or folders, as eset_portcheck/wire/ber.py")
    parser.add_argument("--sample", type=int, default=0, help="so many, chosen by chance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    # Of no name it makes all mutants and finds out which tests run which function; then it complains.
    mutmut("run", "none")
    try:
        names = chosen(verdicts(), given.only, given.sample, given.seed)
    except LookupError as error:
        sys.stderr.write(f"{error}; if mutmut itself fails: {Path(sys.executable).with_name('mutmut')} run\n")
        return 2
    ended = {name: code for ones in verdicts().values() for name, code in ones.items()}
    run([name for name in names if ended[name] not in _KILLED], given.jobs)
    ended = {name: code for ones in verdicts().values() for name, code in ones.items()}
    nobody_notices, alike = equivalents(), 0
    for name in names:
        if ended[name] in _KILLED:
            continue
        before, after = difference(name)
        if (function(name), before, after) in nobody_notices:
            alike += 1
            continue
        how = "survived" if ended[name] == 0 else "no test" if ended[name] in _NO_TEST else "no verdict"
        sys.stdout.write(f"{how}: {name}\n  - {before}\n  + {after}\n")
    score = Score(sum(ended[name] in _KILLED for name in names), len(names) - alike)
    low, high = score.between()
    about = f" (all: {low:.0f} to {high:.0f} %)" if given.sample else ""
    sys.stdout.write(
        f"{score.killed} of {score.total} killed: {score.percent:.1f} %{about}; {alike} equivalent; floor "
        f"{FLOOR_PERCENT} %\n"
    )
    return 0 if score.percent >= FLOOR_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
