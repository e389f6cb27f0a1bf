# a script beside the pages, no package
"""Draws the README's picture: a report as the terminal shows it, as SVG, without any font or address of elsewhere.

python docs/make_picture.py tests/unit/reports/dropped.json docs/matrix.svg
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # runs in a fresh checkout, without an installation

from eset_portcheck.model.report import from_json
from eset_portcheck.render import table
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.terminal import console_for

WIDTH = 118
_ELSEWHERE = re.compile(r"@font-face\s*\{[^}]*\}\s*|<!--.*?-->\s*", re.DOTALL)
_PIECE = re.compile(
    r'(<text class="matrix-r\d+" x=")([\d.]+)("[^>]*? textLength=")([\d.]+)("[^>]*>)'
    r"((?:&#160;)*)([^<]*?)((?:&#160;)*)(</text>)"
)
_BLANK = len("&#160;")


def picture(data: bytes, width: int = WIDTH) -> str:
    """An SVG document. Lines that are longer than the picture is wide are wrapped."""
    console = console_for(width, colour=True, record=True)
    for line in table.compose(from_json(data), RenderContext(), console):
        console.print(line)
    drawn = console.export_svg(title="eset-portcheck", unique_id="matrix")
    cell = float(re.search(r"textLength=\"([\d.]+)\"[^>]*>\n</text>", drawn)[1])  # type: ignore[index]  # every line ends in one
    drawn = _PIECE.sub(lambda piece: _shifted(piece, cell), _ELSEWHERE.sub("", drawn))
    lines = drawn.replace("Fira Code, monospace", "ui-monospace, monospace").splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip()) + "\n"


def _shifted(piece: re.Match[str], cell: float) -> str:
    """Some viewers drop blanks at the ends of a text: it begins at its first letter instead."""
    before, after = len(piece[6]) // _BLANK, len(piece[8]) // _BLANK
    if not piece[7]:
        return ""
    x = float(piece[2]) + before * cell
    length = float(piece[4]) - (before + after) * cell
    return f"{piece[1]}{x:g}{piece[3]}{length:g}{piece[5]}{piece[7]}{piece[9]}"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(picture(Path(sys.argv[1]).read_bytes()), encoding="utf-8")
