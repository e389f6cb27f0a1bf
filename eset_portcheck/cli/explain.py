"""`explain`: a reason code or a row, offline, in four parts: what it is for, what is checked, how to fix, still not working."""

import argparse
import re
import sys
from typing import Any

WIDTH = 80
PARTS = ("What it is for", "What is checked", "How to fix", "Still not working")
FULL_ROWS = 4  # more than this many rows are listed only
_VALUE = re.compile(r"@.*?(?=\.(?:tcp|udp)-\d+(?:\.|$)|$)")


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "explain",
        help="what a reason code or a row means, and what to do",
        description="Explains a reason code or a row of a role. Offline; sends nothing.",
    )
    parser.add_argument("what", nargs="?", metavar="CODE|CHECK-ID", help="TCP_NO_ANSWER, agent.server.tcp-2222, agent.push, agent ...")
    parser.add_argument("--list", action="store_true", help="all reason codes, by rank")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0; 2 for a word that is neither a code nor a row, with the nearest ones."""
    from eset_portcheck.loading import ProfileError
    from eset_portcheck.model.reasons import REASONS

    if arguments.what is None or arguments.list:
        print("\n".join(listing()))
        return 0
    code = arguments.what.strip().upper().replace("-", "_")
    if code in REASONS:
        print("\n".join(of_code(code)))
        return 0
    try:
        found = rows(arguments.what.strip())
    except ProfileError as error:
        for line in error.lines:
            print(f"eset-portcheck: {line}", file=sys.stderr)
        return 2
    if not found:
        print(f"eset-portcheck: {_unknown(arguments.what.strip())}", file=sys.stderr)
        return 2
    print("\n".join(_several(found)))
    return 0


def listing() -> list[str]:
    """Every code under its rank, with its title."""
    from eset_portcheck.model.reasons import REASONS, Rank
    from eset_portcheck.texts import load

    texts = load()
    lines = []
    for rank in (Rank.FAIL, Rank.WARN, Rank.UNPROVEN, Rank.SKIP, Rank.ERROR, Rank.PASS):
        lines += [f"{rank.value}:", *(f"  {code:<28} {texts[code].title}" for code, one in REASONS.items() if one.rank is rank), ""]
    return [*lines, "eset-portcheck explain CODE tells more."]


def of_code(code: str) -> list[str]:
    from eset_portcheck.model.reasons import REASONS
    from eset_portcheck.texts import PLACEHOLDERS, command, load, phrase

    text, reason = load()[code], REASONS[code]
    usual = f", usual culprit: {reason.culprit.value}" if reason.culprit else ""
    lines = [code, *_wrap(text.title), f"rank: {reason.rank.value}{usual}"]
    lines += [*_part(0), *_wrap(text.meaning, 2), *_part(1), *_wrap(text.checked, 2), *_part(2)]
    for number, step in enumerate(text.fix, 1):
        lines += _wrap(f"{step.who}: {command(step.do, {})}", 5, f"  {number}. ")
        both = bool(step.linux and step.windows)
        for system, line in (("Linux", step.linux), ("Windows", step.windows), ("", step.run)):
            if line:
                lines += [*(["       " + system + ":"] if both else []), "       " + command(line, {})]
    named = {name: f"<{name}>" for name in PLACEHOLDERS}
    return [*lines, *_part(3), *_wrap(text.still, 2), "", *_wrap(phrase(text.ask, named), 2, "  To send on: ")]


def rows(word: str) -> dict[str, Any]:
    """Check id -> (profile, requirement) for an id, or its beginning up to a dot. Values of the site (@pc7) are passed over. Raises ProfileError."""
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
        f"{role}.{one.key}.{one.transport}-{one.port}" + (f".{one.variant}" if one.variant else ""): (profile, one) for one in profile.requirement
    }


def _several(found: dict[str, Any]) -> list[str]:
    if len(found) > FULL_ROWS:
        return [
            *(line for name, (_, one) in found.items() for line in (name, *_wrap(one.purpose, 4))),
            "",
            "eset-portcheck explain CHECK-ID tells more.",
        ]
    lines: list[str] = []
    for name, (profile, one) in found.items():
        lines += [*(["", "-" * WIDTH, ""] if lines else []), *of_row(name, profile, one)]
    return lines


def of_row(name: str, profile: Any, one: Any) -> list[str]:
    """What the profile says of a requirement, and what the checker does about it."""
    from eset_portcheck.texts import about_rows
    from eset_portcheck.texts.possible import possible

    words, way = about_rows(), one.direction.value
    lines = [name, *_wrap(f"{profile.title}; run it on: {profile.runs_on}"), *_part(0), *_wrap(_sentence(one.purpose), 2)]
    for extra in (words["direction"][way], _needed(profile, one), one.note or one.retired):
        lines += _wrap(_sentence(extra), 2) if extra else []
    lines += _wrap(f'The vendor\'s page prints here: "{one.note_as_printed}"', 2) if one.note_as_printed else []
    lines += _part(1)
    if way == "outbound":
        lines += _wrap(words["protocol"].get(one.protocol, f"A conversation in {one.protocol}."), 2)
        lines += _wrap(words["more"]["proxy"], 2) if one.via else []
        lines += _wrap(words["more"]["login"], 2) if one.proof.value == "authorised" else []
    lines += _wrap(f"Required proof: {one.proof.value} ({words['proof'][one.proof.value]}).", 2)
    lines += ["  Reasons that the row can give:"]
    for stage, codes in possible(one).items():
        lines += _wrap(" ".join(codes), 6, f"    {stage}: ")
    lines += [*_part(2), *_wrap(words["next"][way], 2), f"       eset-portcheck check --role {profile.role} ... --only '{_pattern(name, one)}'"]
    if way != "local" and not one.retired:
        lines += [*_wrap(words["next"][f"{way}_rule"], 2), *_wrap(_rule(one), 7, "       ")]
    return [*lines, *_part(3), *_wrap(words["still"][way], 2)]


def _pattern(name: str, one: Any) -> str:
    """What --only takes: the rows of a repeatable value carry it in their ids."""
    return name.replace(f".{one.key}.", f".{one.key}@*.", 1) if one.repeat else name


def _needed(profile: Any, one: Any) -> str:
    """When the row counts, in one sentence."""
    if one.retired:
        return "never required: it is history"
    if one.off:
        return "beyond the vendor's list of ports, run only with --set beyond_page=true, never required"
    if one.beyond_page:
        return "beyond the vendor's list of ports, never required"
    condition = " and ".join(_condition(profile, name, wanted) for name, wanted in one.when.items())
    counts = ("required" if one.required else "not required") + (f" when {condition}" if condition else "")
    advisory = " and ".join(_condition(profile, name, wanted) for name, wanted in one.optional_when.items())
    member = f"; one of the alternatives of the group {one.group.id}" if one.group else ""
    return counts + (f", advisory when {advisory}" if advisory else "") + member


def _condition(profile: Any, name: str, wanted: Any) -> str:
    option = (profile.values[name].option if name in profile.values else "") or name
    if isinstance(wanted, bool):
        return f"{option} is {'given' if wanted else 'not given'}"
    return f"{option} is {wanted}"


def _rule(one: Any) -> str:
    """Source, target and port as a line for a firewall request; where a proxy is dialled, the proxy."""
    changed = f" (changed by the site value {one.port_value})" if one.port_value else ""
    port = f"{one.transport.value.upper()} {one.port}{changed}"
    if one.direction.value == "inbound":
        return f"{port} from those who connect to this machine, stateful"
    return f"{port} from this machine to {f'<{one.via}>' if one.via else one.target}, stateful" + (
        "" if one.trust is None else ", without TLS inspection"
    )


def _unknown(word: str) -> str:
    import difflib

    from eset_portcheck.loading import ROLES
    from eset_portcheck.model.reasons import REASONS

    codes = difflib.get_close_matches(word.upper().replace("-", "_"), REASONS, n=3)
    ids = [name for role in ROLES for name in _ids(role)]
    short = [name.rsplit(".", 1)[0] for name in ids]
    near = [*codes, *difflib.get_close_matches(_VALUE.sub("", word.lower()), dict.fromkeys([*ids, *short, *ROLES]), n=3)]
    return f"{word[:60]!a} is no reason code and no row" + (
        f"; close to it: {', '.join(near[:4])}" if near else "; `eset-portcheck explain` lists all codes"
    )


def _part(number: int) -> list[str]:
    return ["", PARTS[number]]


def _sentence(text: str) -> str:
    """A capital at the front, a full stop at the end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _wrap(text: str, indent: int = 0, first: str | None = None) -> list[str]:
    import textwrap

    blank = " " * indent
    return textwrap.wrap(
        text, WIDTH, initial_indent=blank if first is None else first, subsequent_indent=blank, break_long_words=False, break_on_hyphens=False
    )
