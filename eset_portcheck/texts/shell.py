"""A command line as one line that can be pasted. Source: the shell's own rules in `shlex`; tilde expansion (POSIX.1-2024, Shell, 2.6.1)."""

import shlex
from collections.abc import Iterable

HOME = "~/"


def joined(words: Iterable[str]) -> str:
    """Quoted where a shell needs it. A file in the user's own folder is named by ~/, which works only outside of quotes."""
    return " ".join(HOME + shlex.quote(word[2:]) if word.startswith(HOME) and len(word) > len(HOME) else shlex.quote(word) for word in words)
