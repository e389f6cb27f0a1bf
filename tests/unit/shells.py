"""Shells as judges of printed lines: what programs a line starts and with which arguments, by dash and bash themselves,
by a grammar of PowerShell, and by the documented rules of PowerShell's strings and of cmd with Microsoft's C
runtime."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import tree_sitter
import tree_sitter_powershell

STUBS = [
    "awk",
    "cat",
    "chmod",
    "chronyc",
    "curl",
    "dig",
    "eset-portcheck",
    "firewall-cmd",
    "getent",
    "grep",
    "head",
    "hostname",
    "ip",
    "ip6tables",
    "ip6tables-legacy",
    "ip6tables-nft",
    "iptables",
    "iptables-legacy",
    "iptables-nft",
    "journalctl",
    "mysqladmin",
    "nc",
    "nft",
    "nmblookup",
    "nslookup",
    "openssl",
    "pip",
    "ping",
    "ps",
    "resolvectl",
    "sed",
    "squid",
    "ss",
    "sudo",
    "systemctl",
    "tail",
    "tcpdump",
    "timedatectl",
    "traceroute",
    "ufw",
    "uptime",
    "xxd",
]
SHELLS = {
    name: [path, *options]
    for name, options in (("dash", []), ("bash", []), ("bash with history", ["-o", "history", "-o", "histexpand"]))
    if (path := shutil.which(name.split()[0]))
}
DEADLINE_S = 300
Started = list[tuple[str, ...]]  # programs with their arguments, in any order: those of a pipe start together

_STUB = '#!/bin/sh\nexec 2>&1\n{ printf "%s\\0" "${0##*/}" "$@"; } > "$STUB_LOG/$STUB_LINE.$STUB_EXIT.$$"\nexit "$STUB_EXIT"\n'


def run(shell: str, lines: Iterable[str], folder: Path) -> list[Started]:
    """What each line starts: once where every program succeeds, once where every one fails. Raises AssertionError for
    whatever else happens."""
    lines = list(lines)
    programs, work, log = (folder / name for name in ("programs", "home", "log"))
    for one in (programs, work, log):
        one.mkdir(parents=True)
    for name in STUBS:
        (programs / name).write_text(_STUB)
        (programs / name).chmod(0o755)
    for code in ("0", "1"):
        script = folder / f"script.{code}"
        script.write_bytes(
            b"".join(f"export STUB_LINE={number}\n{line}\n".encode() for number, line in enumerate(lines))
        )
        environment = {
            "PATH": str(programs),
            "HOME": str(work),
            "STUB_LOG": str(log),
            "STUB_EXIT": code,
            "LC_ALL": "C.UTF-8",
            "HISTFILE": "",
        }
        done = subprocess.run(
            [*SHELLS[shell], str(script)],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert done.stderr == b"", (shell, done.stderr[:2000])
    assert not list(work.iterdir()), "a line made a file"
    assert {one.name for one in programs.iterdir()} == set(STUBS)
    started: list[Started] = [[] for _ in lines]
    seen: list[set[tuple[str, ...]]] = [set() for _ in lines]
    for record in sorted(log.iterdir(), key=lambda path: path.name):
        number = int(record.name.partition(".")[0])
        words = tuple(record.read_bytes().decode().split("\0")[:-1])
        if words not in seen[number]:
            seen[number].add(words)
            started[number].append(words)
    return [sorted(one) for one in started]


# ----------------------------------------------------------------------------------------------------------------
# PowerShell, by a grammar

_GRAMMAR = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
_WORDS = frozenset(
    {
        "command_name",
        "command_parameter",
        "generic_token",
        "verbatim_string_characters",
        "decimal_integer_literal",
        "simple_name",
        "variable",
    }
)
_LIVE = frozenset(
    {
        "expandable_string_literal",
        "sub_expression",
        "variable",
        "script_block_expression",
        "redirection",
        "member_access",
        "command",
        "pipeline",
        "invokation_expression",
    }
)


def by_grammar(line: str) -> tuple[list[str], list[str]]:
    """(words with strings read, what is more than a word) in the order of the line. Raises AssertionError for a line
    that is none.

    The grammar does not know a list of bare names (Select-Object A, B): what follows the comma is left out."""
    line = re.sub(r"(, [A-Z]\w+)+", "", line)
    tree = _GRAMMAR.parse(line.encode())
    assert not tree.root_node.has_error, line
    words, live = [], []
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.type in _LIVE:
            live.append(node.type)
        if node.type in _WORDS:
            text = (node.text or b"").decode()
            words.append(
                re.sub("(['\u2018-\u201b])['\u2018-\u201b]", r"\1", text[1:-1])
                if node.type.startswith("verbatim")
                else text
            )
        else:
            waiting += reversed(node.children)
    return words, live


_QUOTES, _DOUBLE = "'\u2018\u2019\u201a\u201b", '"\u201c\u201d\u201e'


def by_powershell(line: str) -> list[str]:
    """Words of a line that holds no expression. about_Quoting_Rules and the tokenizer: a quote of either kind in a
    string of its kind is doubled, in double quotes `$` and the backtick are obeyed (none may be there). Raises
    AssertionError for whatever the shell would obey."""
    words, word, place = [], "", 0
    while place < len(line):
        sign = line[place]
        kind = next((kind for kind in (_QUOTES, _DOUBLE) if sign in kind), "")
        if kind and not word:
            place += 1
            while True:
                assert place < len(line), ("unfinished", line)
                assert kind == _QUOTES or line[place] not in "$`", line
                if line[place] in kind:
                    if line[place + 1 : place + 2] and line[place + 1] in kind:
                        place += 1
                    else:
                        break
                word += line[place]
                place += 1
            place += 1
            assert place == len(line) or line[place] in " ,", line
            words, word = [*words, word], ""
        elif sign in " ,":
            words, word, place = [*words, *([word] if word else [])], "", place + 1
        else:
            assert sign not in ";|&<>(){}$`#", line
            assert not kind, line
            assert word or sign != "@", line
            word, place = word + sign, place + 1
    return [*words, *([word] if word else [])]


# ---------------------------------------------------------------------------------------------------------------- cmd


def by_cmd(line: str) -> list[str]:
    """Words of one simple command line. Phases of cmd: %NAME% first, wherever it stands (none may be there), then ^ & |
    < > ( ) outside of double quotes (none may be there either), ! where delayed expansion is on; then the program's own
    runtime: backslashes count only before a double quote."""
    assert not set("%!\r\n") & set(line), line
    words, word, quoted, began = [], "", False, False
    place = 0
    while place < len(line):
        sign = line[place]
        slashes = len(re.match(r"\\*", line[place:])[0])  # type: ignore[index]  # matches always
        if slashes and line[place + slashes : place + slashes + 1] == '"':
            word += "\\" * (slashes // 2)
            place += slashes
            if slashes % 2:
                word, place = word + '"', place + 1
            continue
        if sign == '"':
            quoted, began = not quoted, True
        elif sign in " \t" and not quoted:
            words, word, began = [*words, *([word] if word or began else [])], "", False
        else:
            assert quoted or sign not in "^&|<>();,", line
            word += sign
        place += 1
    assert not quoted, line
    return [*words, *([word] if word or began else [])]


def executable() -> bool:
    return os.name == "posix" and "dash" in SHELLS
