"""The words for people: one text a reason code, read by renderers, `explain` and the pages in docs/reasons. Everything
else holds codes.

Templates know the placeholders {target} {port} {transport} {address} {interval} {source}, {destination} behind a proxy,
and {superuser} of this machine. In `headline` and `ask`, a part in square brackets is left out when one of its
placeholders has no value; elsewhere a plain word such as "the target" stands in. Values may come from the network, so
they are capped and made printable here. In commands they stand as `shell` and `values` allow.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from eset_portcheck.texts import shell, values
from eset_portcheck.texts.language import message, plain, translator
from eset_portcheck.texts.quoting import Shell

FILES = {"en": ("reasons.toml", "checks.toml"), "es": ("reasons.es.toml", "checks.es.toml")}
PLACEHOLDERS = ("target", "port", "transport", "address", "interval", "source", "destination", "superuser")
MAX_VALUE_CHARACTERS = 80
THIS_HOST = message("this host")  # how reports name the near end of an interval
SUPERUSER = message("root or administrator")  # of a system that is not known
_ADMINISTRATOR = message("administrator")
_AND = {"en": "and", "es": "y"}
_UNKNOWN = {
    "en": {
        "target": "the target",
        "port": "the port",
        "address": "its address",
        "source": "this machine",
        "destination": "the destination",
        "superuser": SUPERUSER,
        "interval": "",
        "transport": "",
    },
    "es": {
        "target": "el destino",
        "port": "el puerto",
        "address": "su dirección",
        "source": "este equipo",
        "destination": "el destino",
        "superuser": "root o administrador",
        "interval": "",
        "transport": "",
    },
}

# `interval` is for sentences: two ends are no word of a command.
_PARSED: dict[str, Callable[[object], shell.Value]] = {
    "target": values.host, "port": values.port, "transport": values.transport, "address": values.host,
    "source": values.host, "proxy": values.host, "proxy_port": values.port,
}  # fmt: skip
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_MELTING = re.compile(r"\b([Aa]|[Dd]e) el\b")  # Spanish: de + el = del, a + el = al


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing to do. `linux`, `windows`: a command for a POSIX shell, for PowerShell; `run`: one of this program, or
    one that is the same everywhere. `only`: makes sense where this program runs on that system.

    Commands are templates: see `shell`."""

    who: str
    do: str
    linux: str = ""
    windows: str = ""
    run: str = ""
    only: Literal["", "windows"] = ""


class ReasonText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`title` <= 60 characters, `headline` <= 70 (a template), `ask` one sentence for the responsible team (a
    template)."""

    title: str
    headline: str
    meaning: str
    checked: str
    fix: list[Step]
    still: str
    ask: str


class Sentences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ReasonText in another language. `fix`: what to do, a sentence a step; who does it and which command stand in
    the English text.

    `english`: digest of the English sentences that were translated, so that a test can tell when they changed.
    """

    title: str
    headline: str
    meaning: str
    checked: str
    fix: list[str]
    still: str
    ask: str
    english: str = ""


@cache
def load(language: str = "en") -> dict[str, ReasonText]:
    """All codes of a language; one without a translation is there in English. Raises LookupError for a language that
    has no texts."""
    english = {code: msgspec.convert(entry, ReasonText) for code, entry in _table("en", 0).items()}
    if language == "en":
        return english
    own = {code: msgspec.convert(entry, Sentences) for code, entry in _table(language, 0).items()}
    return {code: _translated(text, own[code], language) if code in own else text for code, text in english.items()}


def _translated(text: ReasonText, own: Sentences, language: str) -> ReasonText:
    say = translator(language)
    steps = [
        msgspec.structs.replace(step, who=say(step.who), do=do) for step, do in zip(text.fix, own.fix, strict=True)
    ]
    return ReasonText(own.title, own.headline, own.meaning, own.checked, steps, own.still, own.ask)


@cache
def about_rows(language: str = "en") -> dict[str, dict[str, str]]:
    """Words about the rows of a profile: "direction", "proof", "protocol" ... -> word of the profile -> sentence.
    Raises LookupError likewise."""
    return msgspec.convert(_table(language, 1), dict[str, dict[str, str]])


def _table(language: str, which: int) -> dict[str, Any]:
    if language not in FILES:
        raise LookupError(f"{language}: no texts in this language; there are {', '.join(FILES)}")
    text = files(__name__).joinpath(FILES[language][which]).read_text(encoding="utf-8")
    return {name: _flowing(entry) for name, entry in tomllib.loads(text).items()}


def headline(code: str, params: Mapping[str, Any], language: str = "en") -> str:
    """The cause in one line. A code that this version does not know (a report from a newer one) stays as it is."""
    text = load(language).get(code)
    return phrase(text.headline, params, language) if text else printable(code)


def ask(code: str, params: Mapping[str, Any], language: str = "en") -> str:
    """The sentence to send to whoever can change it; empty for a code that this version does not know."""
    text = load(language).get(code)
    return phrase(text.ask, params, language) if text else ""


def phrase(template: str, params: Mapping[str, Any], language: str = "en", *, ascii_only: bool = False) -> str:
    """Fill a sentence. A part in square brackets goes when one of its values is missing; outside of brackets a plain
    word takes its place.

    `ascii_only`: the sentence loses its accents, the values keep theirs.
    """
    known = {
        name: _spoken(name, params[name], language) for name in PLACEHOLDERS if params.get(name) not in (None, "", [])
    }

    def part(match: re.Match[str]) -> str:
        if match[1].strip() == "({address})" and known.get("address") == known.get("target"):
            return ""  # the target was given as an address
        return match[1] if all(name in known for name in _PLACEHOLDER.findall(match[1])) else ""

    kept = _OPTIONAL.sub(part, template).strip()
    worded = " ".join(
        _PLACEHOLDER.sub(lambda match: match[0] if match[1] in known else _UNKNOWN[language][match[1]], kept).split()
    )
    if language == "es":
        worded = _MELTING.sub(lambda match: match[1] + "l", worded)
    if ascii_only:
        worded = plain(worded)
    # Values go in last and are never read again: a bracket or brace in one of them is just text.
    said = " ".join(_PLACEHOLDER.sub(lambda match: known[match[1]], worded).split())
    stands_in = kept.startswith("{") and not said.startswith(tuple(known.values()))
    return said[:1].upper() + said[1:] if stands_in else said


def superuser(system: object) -> str:
    """Who sees the owners of all sockets on a machine of that system (any text or table that names it), in English;
    both where no system is named."""
    if not system:
        return SUPERUSER
    return _ADMINISTRATOR if shell.shell_of(system) is Shell.WINDOWS else "root"


_OVER_UDP = (
    (re.compile(r"\bss -lt(?=n)"), "ss -lu"),
    (re.compile(r"Get-NetTCPConnection -State Listen\b"), "Get-NetUDPEndpoint"),
    (re.compile(r"/tcp\b"), "/udp"),
    (re.compile(r"-Protocol TCP\b"), "-Protocol UDP"),
    (re.compile(r"protocol=tcp\b"), "protocol=udp"),
    (re.compile(r"\bnc -vz\b"), "nc -vzu"),
    (re.compile(r"\btraceroute -n -T\b"), "traceroute -n -U"),
)


def over_udp(template: str) -> str:
    """The same command for a UDP port; none where its program knows TCP only (Test-NetConnection -Port). Sources:
    ss(8), Get-NetUDPEndpoint, nc(1), traceroute(8)."""
    if "Test-NetConnection" in template or "openssl s_client" in template:
        return ""
    for tcp, udp in _OVER_UDP:
        template = tcp.sub(udp, template)
    return template


def through_proxy(template: str) -> str:
    """The same command, led through {proxy}:{proxy_port}. What cannot be led through one is left out: names and routes
    behind a proxy are the proxy's own. Sources: openssl-s_client(1) -proxy; curl(1) -x."""
    led = []
    for line in template.split("; "):
        if "{target}" not in line:
            led.append(line)
        elif line.startswith("openssl s_client "):
            led.append(line.replace("openssl s_client ", "openssl s_client -proxy {proxy}:{proxy_port} ", 1))
        elif line.startswith(("curl ", "curl.exe ")):
            program, _, rest = line.partition(" ")
            led.append(f"{program} -x http://{{proxy}}:{{proxy_port}} {rest}")
    return "; ".join(led)


def command(template: str, params: Mapping[str, Any], pasted_into: Shell = Shell.SH) -> str:
    """Fill a command for a shell. What does not parse as what it should be (a port is an integer, a host name no
    sentence) stands as <name>."""
    return shell.filled(template, {name: parse(params.get(name)) for name, parse in _PARSED.items()}, pasted_into)


def printable(text: str) -> str:
    """Capped; control and bidi characters as escapes."""
    safe = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii")
        for sign in text[: MAX_VALUE_CHARACTERS + 1]
    )
    return safe if len(safe) <= MAX_VALUE_CHARACTERS else safe[: MAX_VALUE_CHARACTERS - 3] + "..."


def _spoken(name: str, value: Any, language: str) -> str:
    if name == "interval" and isinstance(value, (list, tuple)):
        ends = [translator(language)(THIS_HOST) if end == THIS_HOST else printable(str(end)) for end in value]
        return f" {_AND[language]} ".join(ends)
    text = printable(translator(language)(str(value)) if name == "superuser" else str(value))
    return text.upper() if name == "transport" and not text.startswith("<") else text


def _flowing(value: Any) -> Any:
    """Line breaks in the file are there for whoever edits it: every text becomes one flowing paragraph."""
    if isinstance(value, dict):
        return {key: item if key in ("linux", "windows", "run") else _flowing(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_flowing(item) for item in value]
    return " ".join(value.split()) if isinstance(value, str) else value
