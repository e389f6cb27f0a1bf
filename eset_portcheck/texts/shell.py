"""Command lines to paste: made of words, or of a template of ours and typed values. The one place where anything is put
into a line for a shell. Pure.

A template is a line as the shell takes it, with two signs of its own:

    {name}              a value; always a whole word, or a part of one: {target}:{port}
    «sport = :{port}»   one word, blanks and all, which is quoted as the shell wants it

Quotes go around the whole word, by the value; a value inside of quotes of the text's own is refused, and so is one
beside a sign that a shell obeys. What is missing, or cannot be said to that shell, stands as <name>.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from eset_portcheck.model.addresses import is_ipv6
from eset_portcheck.texts.quoting import QUOTES, Shell, Unquotable, bare, powershell_string, sh

HOME = "~/"
LINE_CHARACTERS = (
    1900  # what is longer is cut when shown, and a line that is cut inside of quotes takes the next one in
)
MORE = "..."  # stands for words that had no room; no command takes it for anything
_OPEN, _CLOSE = "\u00ab", "\u00bb"
_NAME = re.compile(r"\{([a-z_]+)\}")
# A word with a value: up to a blank or a sign that ends words in every shell.
_WORD = re.compile(
    rf"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}|([^\s;|&<>(){_OPEN}{_CLOSE}]*\{{[a-z_]+\}}[^\s;|&<>(){_OPEN}{_CLOSE}]*)"
)
_LIVE = frozenset("$`;|&<>()!")
_OBEYED = re.compile(r"['\"`]|\$[({A-Za-z_]|%")
_ADDRESS_AND_PORT = re.compile(r"(//|)\{([a-z_]+)\}(?=:|/|\Z)")

Value = str | int | Sequence[str] | None


def joined(words: Iterable[str], shell: Shell = Shell.SH) -> str:
    """Quoted where the shell needs it. A file in the user's own folder is named by ~/, which works only outside of
    quotes, and in POSIX shells."""
    line = ""
    for word in words:
        made = (
            _home(word)
            if shell is Shell.SH and word.startswith(HOME) and len(word) > len(HOME)
            else _quoted(word, "value", shell)
        )
        longer = f"{line} {made}" if line else made
        if len((longer + MORE).encode("ascii", "backslashreplace")) > LINE_CHARACTERS:
            return f"{line} {MORE}"
        line = longer
    return line


def alike(line: str, other: str) -> bool:
    """Are both lines as many words and the same signs that a shell obeys, whatever the words say? For who replaces
    something in a finished line."""
    return line == other or _shape(line) == _shape(other)


def _shape(line: str) -> tuple[int, str, str]:
    words, obeyed, quote, before = 0, "", "", " "
    for sign in line:
        if not quote and before == " " and sign != " ":
            words += 1
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in _LIVE or not sign.isprintable():
            obeyed += sign
        before = "x" if quote else sign
    return words, obeyed, quote


def shell_of(system: object) -> Shell:
    """Where lines of this program are pasted on a machine of that system: any text or table that names Windows, or
    not."""
    return Shell.WINDOWS if "windows" in str(system).lower() else Shell.SH


def posix(template: str, /, **values: Value) -> str:
    return filled(template, values, Shell.SH)


def powershell(template: str, /, **values: Value) -> str:
    """A sequence is a list of strings: 'a','b'."""
    return filled(template, values, Shell.POWERSHELL)


def filled(template: str, values: Mapping[str, Value], shell: Shell) -> str:
    """A sequence stands for several words, alone in its place. Raises ValueError for a template that is wrong: a fault
    of ours."""
    check(template)
    return _WORD.sub(lambda match: _word(match[1], match[2], values, shell), template)


def pattern(template: str) -> str:
    """The same for a page: every value as <name>."""
    check(template)
    return _WORD.sub(lambda match: sh(_named(match[1])) if match[1] is not None else _named(match[2]), template)


@lru_cache(maxsize=1024)
def check(template: str) -> None:
    """Raises ValueError: a value inside of quotes or of something that a shell runs, or beside what it obeys."""
    if (quoted := _outside(template)) is not None:
        raise ValueError(f"a value inside of quotes: {quoted}")
    for match in _WORD.finditer(template):
        if match[2] is not None and _OBEYED.search(_NAME.sub("x", match[2])):
            raise ValueError(f"a value beside a sign that a shell obeys: {match[2]}")
    if _OPEN in (rest := _WORD.sub("", template)) or _CLOSE in rest or _NAME.search(rest):
        raise ValueError(f"no word: {template}")


def _outside(template: str) -> str | None:
    """The first value or declared word that stands inside of quotes or backticks, or of $( ) or @( )."""
    quote, depth, position = "", 0, 0
    while position < len(template):
        sign = template[position]
        if (quote or depth) and (_NAME.match(template, position) or sign == _OPEN):
            return template[position:]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"`":
            quote = sign
        elif sign == _OPEN:
            position = max(position, template.find(_CLOSE, position))
        elif sign == "(":
            depth += bool(depth or template[position - 1 : position] in ("$", "@"))
        elif sign == ")":
            depth -= bool(depth)
        position += 1
    return None


def _word(declared: str | None, plain: str | None, values: Mapping[str, Value], shell: Shell) -> str:
    text = plain or declared or ""
    alone = _NAME.fullmatch(text)
    given = values.get(alone[1]) if alone else None
    if alone and given is not None and not isinstance(given, (str, int)):
        return _several(given, alone[1], shell)
    parts = {name: _said(values.get(name)) for name in _NAME.findall(text)}
    missing = any(part is None for part in parts.values())
    word = _NAME.sub(
        lambda match: parts[match[1]] or f"<{match[1]}>",
        _ADDRESS_AND_PORT.sub(lambda match: _bracketed(match, parts), text),
    )
    if word.startswith("-") and not text.startswith("-"):
        word = _named(text)  # no value becomes an option
    if plain is not None and not missing and all(bare(shell, part) for part in parts.values() if part):
        whole = word if "[" not in word else _quoted(word, "", shell)
    elif declared is not None and shell is Shell.POWERSHELL:
        whole = _string(word, _named(text))
    else:
        whole = _quoted(word, _named(text)[:80], shell)
    return whole


def _bracketed(match: re.Match[str], parts: Mapping[str, str | None]) -> str:
    """An IPv6 address before a port or in a URL."""
    given = parts.get(match[2]) or ""
    wanted = is_ipv6(given) and (match[1] or match.string[match.end() : match.end() + 1] == ":")
    return f"{match[1]}[{{{match[2]}}}]" if wanted else match[0]


def _said(given: Value) -> str | None:
    if given is None or given == "" or isinstance(given, bool):
        return None
    return str(given)


def _several(given: Sequence[str], name: str, shell: Shell) -> str:
    words = [_string(one, f"<{name}>") if shell is Shell.POWERSHELL else _quoted(one, name, shell) for one in given]
    return ("," if shell is Shell.POWERSHELL else " ").join(words) or _quoted(f"<{name}>", "", shell)


def _named(text: str) -> str:
    return _NAME.sub(lambda match: f"<{match[1]}>", text)


def _string(word: str, instead: str) -> str:
    try:
        return powershell_string(word)
    except Unquotable:
        return powershell_string(instead)


def _quoted(word: str, instead: str, shell: Shell) -> str:
    """The word, or <instead>, in quotes: as it stands, that would be a file to read from."""
    try:
        return QUOTES[shell](word)
    except Unquotable:
        return QUOTES[shell](instead if "<" in instead else f"<{instead}>")


def _home(word: str) -> str:
    return HOME + _quoted(word.removeprefix(HOME), "value", Shell.SH)
