"""One word of a command line in the notation of a shell, so that the shell reads exactly that word. Pure.

What a shell cannot be given safely is refused: cmd has no quoting for % and ", and nobody pastes a line with a control
character whole. Sources: POSIX.1-2024, Shell Command Language 2.2 (quoting) and 2.6.1 (tilde); zshexpn(1), "=
EXPANSION"; about_Quoting_Rules and about_Parsing of PowerShell, which takes U+2018 to U+201E for quotes; "Parsing C
command-line arguments" of Microsoft's C runtime; `cmd /?`.
"""

import re
import shlex
import unicodedata
from collections.abc import Callable
from enum import StrEnum

# PowerShell: each ends a single-quoted string, doubled it stands for itself.
_SINGLE = re.compile("['\u2018\u2019\u201a\u201b]")
_PLAIN = re.compile(r"[A-Za-z_\\/][A-Za-z0-9_./\\=@-]*|-{1,2}[A-Za-z][A-Za-z0-9_-]*")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}|[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_EXPANDED = frozenset('%!"$`')  # inside of double quotes, by cmd or by PowerShell


class Shell(StrEnum):
    """Who reads a line. `windows`: PowerShell and cmd, whichever it is pasted into."""

    SH = "sh"
    POWERSHELL = "powershell"
    CMD = "cmd"
    WINDOWS = "windows"


class Unquotable(ValueError):
    """A word that this shell cannot be given."""


def _whole(text: str) -> str:
    """Raises Unquotable for a word that would not survive the way from a report through a screen into a shell:
    controls, line ends, invisible signs."""
    if not text.isprintable():
        raise Unquotable("not printable")
    return text


def sh(text: str) -> str:
    """As it stands where no shell reads anything into it, else in single quotes. Also right for bash with history
    expansion, ksh and zsh."""
    quoted = shlex.quote(_whole(text))
    return f"'{text}'" if quoted == text and text.startswith("=") else quoted  # zsh: =word is the path of a program


def powershell(text: str) -> str:
    """As it stands where it is one plain word and no number in disguise (1kb, 1e3), else in single quotes, where
    nothing is expanded."""
    if _PLAIN.fullmatch(text) or _NUMBER.fullmatch(text):
        return text
    return powershell_string(text)


def powershell_string(text: str) -> str:
    """In single quotes always."""
    return "'" + _SINGLE.sub(lambda match: match[0] * 2, _whole(text)) + "'"


def cmd(text: str) -> str:
    """As it stands or in double quotes, for cmd and the C runtime of the program that it starts."""
    return _in_double_quotes(text, frozenset('%!"'))


def windows(text: str) -> str:
    """Read alike by PowerShell and cmd."""
    return _in_double_quotes(text, _EXPANDED)


def _in_double_quotes(text: str, refused: frozenset[str]) -> str:
    if _PLAIN.fullmatch(text) or _NUMBER.fullmatch(text):
        return text
    # a program of an old code page gets the nearest sign that it has: a fullwidth quote becomes a quote; U+201C to
    # U+201E are quotes of PowerShell
    nearest = unicodedata.normalize("NFKC", _whole(text))
    if (
        refused & set(nearest)
        or text.endswith("\\")
        or any(sign in text for sign in "\u201c\u201d\u201e\u201f\u2033\u2036\u02ba")
    ):
        raise Unquotable("cannot be quoted for cmd")
    return f'"{text}"'


QUOTES: dict[Shell, Callable[[str], str]] = {
    Shell.SH: sh,
    Shell.POWERSHELL: powershell,
    Shell.CMD: cmd,
    Shell.WINDOWS: windows,
}


def bare(shell: Shell, text: str) -> bool:
    """Does the word need no quotes? False for one that this shell cannot be given."""
    try:
        return QUOTES[shell](text) == text
    except Unquotable:
        return False
