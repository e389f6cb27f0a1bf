"""Lines that can be copied: ids that are never cut, commands that a shell still understands after the break."""

import shlex

_POSIX = ("'", '"')
# PowerShell takes the typographic quotes for its own: each ends what another of its kind began.
_POWERSHELL = ("'\u2018\u2019\u201a\u201b", '"\u201c\u201d\u201e')


def flowed(parts: list[str], width: int, gap: str = "   ") -> list[str]:
    """Short pieces side by side, none of them broken."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(gap) + len(part) <= width:
            lines[-1] += gap + part
        else:
            lines.append(part)
    return lines


def broken(command: str, width: int, *, continued: bool) -> list[str]:
    """A command in lines that can still be pasted: broken after a pipe or semicolon outside of quotes, and before an
    option with a backslash if the shell knows it (`continued`: a POSIX shell, else one of Windows)."""
    out: list[str] = []
    for piece in _pieces(command, _POSIX if continued else _POWERSHELL):
        if out and len(out[-1]) + 1 + len(piece) <= width:
            out[-1] += " " + piece
        else:
            out.append(piece)
    if not continued or not command.startswith("eset-portcheck "):
        return out
    return [line for piece in out for line in _continued(piece, width)]


def _pieces(command: str, quotes: tuple[str, str]) -> list[str]:
    """Cut after each pipe and semicolon that a blank follows, outside of quotes: a line that began inside of them would
    be read as a command."""
    pieces, start, ends = [], 0, ""
    for at, sign in enumerate(command):
        if ends:
            ends = "" if sign in ends else ends
        elif opened := next((kind for kind in quotes if sign in kind), ""):
            ends = opened
        elif sign in "|;" and command[at + 1 : at + 2] == " ":
            pieces.append(command[start : at + 1])
            start = at + 2
    return [*pieces, command[start:]]


def _continued(piece: str, width: int) -> list[str]:
    """Broken between whole options only; a line that the shell would read in another way stays whole."""
    try:
        words = shlex.split(piece)
    except ValueError:
        return [piece]
    if len(piece) <= width or shlex.join(words) != piece:
        return [piece]
    out: list[list[str]] = [[]]
    for number, word in enumerate(words):
        value = words[number + 1 : number + 2] if word.startswith("-") else []
        if out[-1] and word.startswith("-") and len(shlex.join([*out[-1], word, *value])) + 4 > width:
            out.append([])
        out[-1].append(word)
    lines = [("  " if number else "") + shlex.join(line) for number, line in enumerate(out)]
    return [*(line + " \\" for line in lines[:-1]), lines[-1]]
