"""Draws docs/house.svg, the picture of the layers, from the import contracts in pyproject.toml and the first sentences
of the packages.

`--check` writes nothing and exits 1 when the picture is not as the contracts are. Standard library only; the same input
gives the same bytes.
"""

import ast
import sys
import tomllib
from html import escape
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "house.svg"
PACKAGE = "eset_portcheck"

WIDTH, MARGIN, GAP, PAD = 1160, 24, 12, 12
PER_ROW = 5
LINE, NAME, SMALL = 17, 15, 12.5
HEAD = 74
# mean width of a letter of a sans-serif face, in its size; wide enough for those that GitHub and browsers choose
LETTER = 0.56
COLOURS = {"pure": ("#e6f4ea", "#1e7e45"), "world": ("#eaf1fb", "#2b5fa8")}
TITLE, FONT = "The layers of eset-portcheck", "ui-sans-serif, system-ui, sans-serif"
INK, FAINT, BAND = "#1b1f24", "#57606a", "#f6f8fa"


class Box(NamedTuple):
    name: str
    purpose: str
    pure: bool


def contract(project: dict[str, Any], kind: str) -> dict[str, Any]:
    """The first import contract of a kind. Raises LookupError when there is none."""
    for one in project["tool"]["importlinter"]["contracts"]:
        if one["type"] == kind:
            return dict(one)
    raise LookupError(f"pyproject.toml: no import contract of type {kind}")


def layers(project: dict[str, Any], root: Path = ROOT) -> list[list[Box]]:
    """Highest first; `pure` as the contract of forbidden imports says."""
    pure = set(contract(project, "forbidden")["source_modules"])
    found = []
    for line in contract(project, "layers")["layers"]:
        modules = [one.strip() for one in line.split("|")]
        found.append([Box(one.removeprefix(f"{PACKAGE}."), purpose(root, one), one in pure) for one in modules])
    return found


def purpose(root: Path, module: str) -> str:
    """The first sentence of a module's docstring. Raises ValueError for a module without one."""
    path = root.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    told = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    if not told:
        raise ValueError(f"{module}: no docstring")
    paragraph = " ".join(told.split("\n\n")[0].split()).replace("`", "")
    return paragraph.split(". ")[0].rstrip(".")


def wrapped(text: str, width: float) -> list[str]:
    """Lines that fit, by the mean width of letters."""
    fits = int(width / (SMALL * LETTER))
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > fits:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def picture(found: list[list[Box]]) -> str:
    """An SVG document: a band a layer, a box a package."""
    parts: list[str] = []
    y = float(HEAD)
    for number, boxes in enumerate(found):
        drawn, height = band(boxes, y, columns(len(boxes)))
        parts.append(
            f'<rect x="{MARGIN}" y="{y:g}" width="{WIDTH - 2 * MARGIN}" height="{height:g}" rx="8" fill="{BAND}"/>'
        )
        parts += drawn
        y += height
        if number < len(found) - 1:
            parts.append(arrow(WIDTH / 2, y + 2, y + 20))
            y += 22
    return "\n".join([*heading(found, y + MARGIN), *parts, "</svg>", ""])


def columns(count: int) -> int:
    """Boxes side by side, so that the rows of a band are equally full."""
    return ceil(count / ceil(count / PER_ROW))


def band(boxes: list[Box], y: float, abreast: int) -> tuple[list[str], float]:
    """(elements, height of the band that starts at y); as many rows of boxes as are needed."""
    inside = WIDTH - 2 * MARGIN - 2 * PAD
    wide = (inside - (abreast - 1) * GAP) / abreast
    parts, top = [], y + PAD
    for first in range(0, len(boxes), abreast):
        row = boxes[first : first + abreast]
        lines = [wrapped(one.purpose, wide - 2 * PAD - 6) for one in row]
        high = NAME + 26 + LINE * max(map(len, lines))
        for number, (one, said) in enumerate(zip(row, lines, strict=True)):
            parts += box(one, said, MARGIN + PAD + number * (wide + GAP), top, wide, high)
        top += high + GAP
    return parts, top - GAP + PAD - y


def box(one: Box, said: list[str], x: float, y: float, wide: float, high: float) -> list[str]:
    fill, edge = COLOURS["pure" if one.pure else "world"]
    parts = [
        f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="5" fill="{fill}" stroke="{edge}"/>',
        f'<rect x="{x:g}" y="{y:g}" width="6" height="{high:g}" rx="3" fill="{edge}"/>',
        (
            f'<text x="{x + PAD + 6:g}" y="{y + 24:g}" font-size="{NAME}" font-weight="600" '
            f'fill="{INK}">{escape(one.name)}</text>'
        ),
    ]
    for number, line in enumerate(said):
        parts.append(
            f'<text x="{x + PAD + 6:g}" y="{y + 44 + number * LINE:g}" font-size="{SMALL}" '
            f'fill="{FAINT}">{escape(line)}</text>'
        )
    return parts


def arrow(x: float, start: float, end: float) -> str:
    line = f"M{x:g} {start:g}V{end - 2:g}M{x - 5:g} {end - 7:g}L{x:g} {end - 1:g}L{x + 5:g} {end - 7:g}"
    return f'<path d="{line}" fill="none" stroke="{FAINT}" stroke-width="1.6"/>'


def heading(found: list[list[Box]], height: float) -> list[str]:
    """The root element with a description for those who do not see it, the title, what the colours mean."""
    order = "; ".join(", ".join(one.name for one in boxes) for boxes in found)
    rule = "A layer imports what stands below it; packages of one layer do not know each other."
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" font-family="{FONT}" '
    opening += 'role="img" aria-labelledby="title order">'
    return [
        opening,
        f'<title id="title">{TITLE}</title>',
        f'<desc id="order">From top to bottom: {escape(order)}.</desc>',
        f'<rect width="{WIDTH}" height="{height:g}" rx="10" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="34" font-size="20" font-weight="700" fill="{INK}">{TITLE}</text>',
        f'<text x="{MARGIN}" y="56" font-size="{SMALL}" fill="{FAINT}">{rule}</text>',
        *legend(20, "pure", "pure: no network, event loop or process (by contract)"),
        *legend(44, "world", "may read this machine, files or the network"),
    ]


def legend(y: float, kind: str, words: str) -> list[str]:
    fill, edge = COLOURS[kind]
    return [
        f'<rect x="700" y="{y:g}" width="16" height="16" rx="3" fill="{fill}" stroke="{edge}"/>',
        f'<text x="724" y="{y + 13:g}" font-size="{SMALL}" fill="{INK}">{words}</text>',
    ]


def main(arguments: list[str]) -> int:
    drawn = picture(layers(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))))
    if "--check" in arguments:
        if not FILE.is_file() or FILE.read_text(encoding="utf-8") != drawn:
            sys.stderr.write("docs/house.svg is not as the import contracts are: make docs\n")
            return 1
        return 0
    FILE.write_text(drawn, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
