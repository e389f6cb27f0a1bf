"""`explain`: a reason code or a row, offline, in four parts: what it is for, what is checked, how to fix, still not
working."""

import argparse
import re
from collections.abc import Callable
from typing import Any

from eset_portcheck import streams
from eset_portcheck.cli.language import add_language, put
from eset_portcheck.texts.language import message

WIDTH = 80
PARTS = (message("What it means"), message("What is checked"), message("How to fix"), message("Still not working"))
FULL_ROWS = 4  # more than this many rows are listed only
Say = Callable[[str], str]
_VALUE = re.compile(r"@.*?(?=\.(?:tcp|udp)-\d+(?:\.|$)|$)")


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "explain",
        help="explain a reason code or a row, and how to fix it",
        description="Explains a reason code or a row of a role. Offline; sends nothing.",
    )
    parser.add_argument(
        "what", nargs="?", metavar="CODE|CHECK-ID", help="TCP_NO_ANSWER, agent.server.tcp-2222, agent.push, agent ..."
    )
    parser.add_argument("--list", action="store_true", help="all reason codes, by rank")
    add_language(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0; 2 for a word that is neither a code nor a row, with the nearest ones."""
    from eset_portcheck.loading import ProfileError
    from eset_portcheck.model.reasons import REASONS

    if arguments.what is None or arguments.list:
        put("\n".join(listing(arguments.lang)), arguments)
        return 0
    code = arguments.what.strip().upper().replace("-", "_")
    if code in REASONS:
        put("\n".join(of_code(code, arguments.lang)), arguments)
        return 0
    try:
        found = rows(arguments.what.strip())
    except ProfileError as error:
        for line in error.lines:
            streams.tell(f"eset-portcheck: {line}")
        return 2
    if not found:
        streams.tell(f"eset-portcheck: {_unknown(arguments.what.strip())}")
        return 2
    put("\n".join(_several(found, arguments.lang)), arguments)
    return 0


def listing(language: str = "en") -> list[str]:
    """Every code under its rank, with its title."""
    from eset_portcheck.model.reasons import REASONS, Rank
    from eset_portcheck.texts import load
    from eset_portcheck.texts.language import translator

    texts, say = load(language), translator(language)
    lines = []
    for rank in (Rank.FAIL, Rank.WARN, Rank.UNPROVEN, Rank.SKIP, Rank.ERROR, Rank.PASS):
        lines += [
            f"{rank.value}:",
            *(f"  {code:<28} {texts[code].title}" for code, one in REASONS.items() if one.rank is rank),
            "",
        ]
    return [*lines, say("More: eset-portcheck explain CODE")]


def of_code(code: str, language: str = "en") -> list[str]:
    from eset_portcheck.model import reasons
    from eset_portcheck.texts import PLACEHOLDERS, load, phrase
    from eset_portcheck.texts.language import translator
    from eset_portcheck.texts.shell import pattern

    text, reason, say = load(language)[code], reasons.reason(code), translator(language)
    about = say("rank: {rank}, usual cause: {culprit}") if reason.culprit else say("rank: {rank}")
    lines = [
        code,
        *_wrap(text.title),
        about.format(rank=reason.rank.value, culprit=reason.culprit.value if reason.culprit else ""),
    ]
    lines += [*_part(0, say), *_wrap(text.meaning, 2), *_part(1, say), *_wrap(text.checked, 2), *_part(2, say)]
    for number, step in enumerate(text.fix, 1):
        lines += _wrap(f"{step.who}: {step.do}", 5, f"  {number}. ")
        both = bool(step.linux and step.windows)
        for system, line in (("Linux", step.linux), ("Windows", step.windows), ("", step.run)):
            if line:
                lines += [*(["       " + system + ":"] if both else []), "       " + pattern(line)]
    named = {name: f"<{name}>" for name in PLACEHOLDERS}
    sent = say("To forward: {sentence}").format(sentence=phrase(text.ask, named, language))
    return [*lines, *_part(3, say), *_wrap(text.still, 2), "", *_wrap(sent, 2)]


def rows(word: str) -> dict[str, Any]:
    """Check id -> (profile, requirement) for an id, or its beginning up to a dot. Values of the site (@pc7) are passed
    over. Raises ProfileError."""
    from eset_portcheck import loading

    wanted = _VALUE.sub("", word).rstrip(".")
    role = wanted.split(".")[0]
    if role not in loading.ROLES:
        return {}
    return {name: found for name, found in _ids(role).items() if name == wanted or name.startswith(wanted + ".")}


def _ids(role: str) -> dict[str, Any]:
    from eset_portcheck.loading import load_profile

    profile, _ = load_profile(role)
    return {
        f"{role}.{one.key}.{one.transport}-{one.port}" + (f".{one.variant}" if one.variant else ""): (profile, one)
        for one in profile.requirement
    }


def _several(found: dict[str, Any], language: str) -> list[str]:
    from eset_portcheck.texts.language import translator

    say = translator(language)
    if len(found) > FULL_ROWS:
        listed = (line for name, (_, one) in found.items() for line in (name, *_wrap(say(one.purpose), 4)))
        return [*listed, "", say("More: eset-portcheck explain CHECK-ID")]
    lines: list[str] = []
    for name, (profile, one) in found.items():
        lines += [*(["", "-" * WIDTH, ""] if lines else []), *of_row(name, profile, one, language)]
    return lines


def of_row(name: str, profile: Any, one: Any, language: str = "en") -> list[str]:
    """What the profile says of a requirement, and what the checker does about it."""
    from eset_portcheck import protocols
    from eset_portcheck.texts import about_rows
    from eset_portcheck.texts.language import translator
    from eset_portcheck.texts.possible import possible
    from eset_portcheck.texts.shell import posix

    words, way, say = about_rows(language), one.direction.value, translator(language)
    about = say("{title}; run on: {place}").format(title=say(profile.title), place=say(profile.runs_on))
    lines = [name, *_wrap(about), *_part(0, say), *_wrap(_sentence(say(one.purpose)), 2)]
    for extra in (words["direction"][way], _needed(profile, one, say), say(one.note) or say(one.retired)):
        lines += _wrap(_sentence(extra), 2) if extra else []
    printed = say('ESET\'s page says: "{text}"').format(text=one.note_as_printed)
    lines += _wrap(printed, 2) if one.note_as_printed else []
    lines += _part(1, say)
    if way == "outbound":
        spoken = protocols.find(one.protocol)
        unknown = say("Protocol test: {protocol}.").format(protocol=one.protocol)
        lines += _wrap(spoken.checked.get(language) or spoken.checked["en"] if spoken else unknown, 2)
        lines += _wrap(words["more"]["proxy"], 2) if one.via else []
        lines += _wrap(words["more"]["login"], 2) if one.proof.value == "authorised" else []
    lines += _wrap(
        say("Required proof: {proof} ({meaning}).").format(
            proof=one.proof.value, meaning=words["proof"][one.proof.value]
        ),
        2,
    )
    lines += ["  " + say("Possible reasons for this row:")]
    for stage, codes in possible(one).items():
        lines += _wrap(" ".join(codes), 6, f"    {say(stage)}: ")
    again = posix("eset-portcheck check --role {role} ... --only «{rows}»", role=profile.role, rows=_pattern(name, one))
    lines += [*_part(2, say), *_wrap(words["next"][way], 2), f"       {again}"]
    if way != "local" and not one.retired:
        lines += [*_wrap(words["next"][f"{way}_rule"], 2), *_wrap(_rule(one, say), 7, "       ")]
    return [*lines, *_part(3, say), *_wrap(words["still"][way], 2)]


def _pattern(name: str, one: Any) -> str:
    """What --only takes: the rows of a repeatable value carry it in their ids."""
    return name.replace(f".{one.key}.", f".{one.key}@*.", 1) if one.repeat else name


def _needed(profile: Any, one: Any, say: Say) -> str:
    """When the row counts, in one sentence."""
    if one.retired:
        return say("never required: retired")
    if one.off:
        return say("not on ESET's page; runs only with --set beyond_page=true; never required")
    if one.beyond_page:
        return say("not on ESET's page, never required")
    if one.required:
        counts = say("required when {condition}") if one.when else say("required")
    else:
        counts = say("not required when {condition}") if one.when else say("not required")
    counts = counts.format(condition=_conditions(profile, one.when, say))
    if one.optional_when:
        counts = say("{counts}, advisory when {condition}").format(
            counts=counts, condition=_conditions(profile, one.optional_when, say)
        )
    if one.group:
        counts = say("{counts}; one of the alternatives of the group {group}").format(counts=counts, group=one.group.id)
    return counts


def _conditions(profile: Any, wanted: dict[str, Any], say: Say) -> str:
    return say(" and ").join(_condition(profile, name, value, say) for name, value in wanted.items())


def _condition(profile: Any, name: str, wanted: Any, say: Say) -> str:
    option = (profile.values[name].option if name in profile.values else "") or name
    if isinstance(wanted, bool):
        return (say("{option} is given") if wanted else say("{option} is not given")).format(option=option)
    return say("{option} is {value}").format(option=option, value=wanted)


def _rule(one: Any, say: Say) -> str:
    """Source, target and port as a line for a firewall request; where a proxy is dialled, the proxy."""
    port = f"{one.transport.value.upper()} {one.port}"
    if one.port_value:
        port = say("{port} (changed by the site value {name})").format(port=port, name=one.port_value)
    if one.direction.value == "inbound":
        return say("{port} from the clients to this machine, stateful").format(port=port)
    bare = one.trust is None
    text = (
        say("{port} from this machine to {target}, stateful")
        if bare
        else say("{port} from this machine to {target}, stateful, without TLS inspection")
    )
    return text.format(port=port, target=f"<{one.via}>" if one.via else one.target)


def _unknown(word: str) -> str:
    import difflib

    from eset_portcheck.loading import ROLES
    from eset_portcheck.model.reasons import REASONS

    codes = difflib.get_close_matches(word.upper().replace("-", "_"), REASONS, n=3)
    ids = [name for role in ROLES for name in _ids(role)]
    short = [name.rsplit(".", 1)[0] for name in ids]
    near = [
        *codes,
        *difflib.get_close_matches(_VALUE.sub("", word.lower()), dict.fromkeys([*ids, *short, *ROLES]), n=3),
    ]
    return f"{word[:60]!a} is no reason code and no row" + (
        f"; close to it: {', '.join(near[:4])}" if near else "; `eset-portcheck explain` lists all codes"
    )


def _part(number: int, say: Say) -> list[str]:
    return ["", say(PARTS[number])]


def _sentence(text: str) -> str:
    """A capital at the front, a full stop at the end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _wrap(text: str, indent: int = 0, first: str | None = None) -> list[str]:
    import textwrap

    blank = " " * indent
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=blank if first is None else first,
        subsequent_indent=blank,
        break_long_words=False,
        break_on_hyphens=False,
    )
