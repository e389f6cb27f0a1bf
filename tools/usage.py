"""Writes eset_portcheck/usage.py, the text of --help, from the parser. `--check` says whether it is as the parser
is."""

import os
import sys
from pathlib import Path

os.environ["COLUMNS"] = "80"
from eset_portcheck.cli import parser  # the width is read when argparse formats

FILE = Path(__file__).resolve().parents[1] / "eset_portcheck" / "usage.py"


def module() -> str:
    text = parser().format_help().replace("\\", "\\\\")
    about = "The text of --help, made by tools/usage.py: loading argparse to print it would double the time of a start."
    return f'"""{about}"""\n\nTEXT = """\\\n{text}"""\n'


def main() -> int:
    if "--check" in sys.argv:
        return 0 if FILE.read_text() == module() else 1
    FILE.write_text(module())
    return 0


if __name__ == "__main__":
    sys.exit(main())
