"""Fills the generated blocks of docs/contract.md: the vocabulary, the reason codes, the fields of a report. `--check`
says whether they are as the code is.

A block stands between `<!-- made: NAME -->` and `<!-- end -->`; everything else in the page is written by hand and held
by tests/docs/test_contract.py.
"""

import re
import sys
import typing
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from eset_portcheck.model.reasons import REASONS, Rank
from eset_portcheck.model.report import Report
from eset_portcheck.model.vocabulary import Confidence, Culprit, Direction, Listener, Stage
from eset_portcheck.texts import load

PAGE = Path(__file__).resolve().parent / "contract.md"
BLOCK = re.compile(r"(<!-- made: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
RANKS = {
    Rank.PASS: "Pass, and findings that only inform",
    Rank.WARN: "Warn: works now, at risk",
    Rank.UNPROVEN: "Unproven from here",
    Rank.FAIL: "Fail: shown not to work",
    Rank.ERROR: "Error: the checker's own",
    Rank.SKIP: "Skip",
}
WORDS: dict[str, type[StrEnum]] = {
    "`direction`": Direction,
    "`listener`": Listener,
    "`stage`, in order": Stage,
    "`culprit`": Culprit,
    "`confidence`": Confidence,
}


def words() -> str:
    rows = [f"| {name} | {' '.join(f'`{one.value}`' for one in kind)} |" for name, kind in WORDS.items()]
    return "\n".join(["| field | values |", "|---|---|", *rows]) + "\n"


def reasons() -> str:
    """A table a rank; the code leads to its page."""
    texts, lines = load(), []
    for rank, title in RANKS.items():
        lines += [f"**{title}**", "", "| code | says | usual cause |", "|---|---|---|"]
        for code in sorted(code for code, one in REASONS.items() if one.rank is rank):
            culprit = REASONS[code].culprit
            lines.append(
                f"| [`{code}`](reasons/{code}.md) | {texts[code].title.replace('|', chr(92) + '|')} | "
                f"{culprit.value if culprit else ''} |"
            )
        lines.append("")
    return "\n".join(lines)


def report() -> str:
    """The fields of a report as an outline; `?` may be missing."""
    return "\n".join(["```", *_outline(Report, 0), "```"]) + "\n"


def _outline(kind: type[msgspec.Struct], depth: int) -> Iterator[str]:
    omits = kind.__struct_config__.omit_defaults
    hints = typing.get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        inner, many = _structures(hints[field.name])
        may_miss = "?" if omits and not field.required else ""
        yield f"{'  ' * depth}{field.encode_name}{may_miss}{'[]' if many else ''}"
        for one in inner:
            config = one.__struct_config__
            if config.tag_field is not None:
                yield f"{'  ' * (depth + 1)}{config.tag_field}: {config.tag}"
            yield from _outline(one, depth + 1 + (config.tag_field is not None))


def _structures(kind: Any) -> tuple[list[type[msgspec.Struct]], bool]:
    """(the structures somewhere in a type, one of which stands there; is it a list of such)."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind], False
    found = [one for part in typing.get_args(kind) for one in _structures(part)[0]]
    return found, typing.get_origin(kind) in (list, tuple)


MAKERS: dict[str, Callable[[], str]] = {"words": words, "reasons": reasons, "report": report}


def filled(text: str) -> str:
    """The page with every block made anew. Raises KeyError for a block that nobody makes."""
    return BLOCK.sub(lambda block: f"{block[1]}{MAKERS[block[2]]()}{block[3]}", text)


def main(arguments: list[str]) -> int:
    have = PAGE.read_text(encoding="utf-8")
    if "--check" in arguments:
        if have != filled(have):
            sys.stderr.write("docs/contract.md is not as the code is: make docs\n")
            return 1
        return 0
    PAGE.write_text(filled(have), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
