"""Lines that can be copied: ids that are never cut, commands that a shell still understands after the break."""

import re
import shlex


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
    """A command in lines that can still be pasted: broken after a pipe or semicolon, and before an option with a backslash if the shell knows it."""
    out: list[str] = []
    for piece in re.split(r"(?<=[|;]) ", command):
        if out and (len(out[-1]) + 1 + len(piece) <= width or _is_quoting(out[-1])):
            out[-1] += " " + piece
        else:
            out.append(piece)
    if not continued or not command.startswith("eset-portcheck "):
        return out
    return [line for piece in out for line in _continued(piece, width)]


def _is_quoting(text: str) -> bool:
    return any(text.count(quote) % 2 for quote in "'\"")


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
