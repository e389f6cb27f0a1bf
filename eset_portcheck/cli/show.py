"""`show ROLE`: the port table of one role, and a starter site file. Nothing is sent."""

import argparse
import json
import textwrap
from collections.abc import Callable
from typing import Any

from eset_portcheck import streams
from eset_portcheck.cli.language import add_language, put
from eset_portcheck.texts.language import message, translator

WIDTH = 80
_POLICY = {"chain": message("in order"), "any": message("any one")}

Say = Callable[[str], str]


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "show",
        help="list the ports of one role",
        description="Lists every row of a role: port, direction, target, required proof.",
    )
    parser.add_argument("role", metavar="ROLE")
    parser.add_argument("--site-template", action="store_true", help="print a template for --site instead")
    add_language(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from eset_portcheck import loading

    try:
        profile, _ = loading.load_profile(arguments.role)
    except loading.ProfileError as error:
        for line in error.lines:
            streams.tell(f"eset-portcheck: {line}")
        return 2
    shown = site_template(profile, arguments.lang) if arguments.site_template else table(profile, arguments.lang)
    put(shown.rstrip("\n"), arguments)
    return 0


def table(profile: Any, language: str = "en") -> str:
    """Plain text, 80 columns."""
    say = translator(language)
    lines = textwrap.wrap(say(profile.title), WIDTH)
    about = say("profile {role} {version}; run on: {place}").format(
        role=profile.role, version=profile.version, place=say(profile.runs_on)
    )
    lines += [*textwrap.wrap(about, WIDTH), ""]
    for one in profile.requirement:
        arrow = {"outbound": "->", "inbound": "<-", "local": "--"}[one.direction.value]
        port = f"{one.transport.value} {one.port}" + ("*" if one.port_value else "")
        target = f"<{one.via}> -> {one.target}:{one.via_port}" if one.via else one.target
        lines.append(f"{arrow} {port:10} {target:34} {one.protocol:10} {_need(one, say)}")
        lines += _indented(say(one.purpose))
        lines += _indented(
            say("{page_row}; source {source}").format(page_row=_page_row(one, say), source=say(one.source))
        )
        told = (
            (say("only if: {text}"), _conditions(one.when, say)),
            (say("advisory if: {text}"), _conditions(one.optional_when, say)),
            (say("alternatives: {text}"), f"{one.group.id} ({say(_POLICY[one.group.policy])})" if one.group else ""),
            (say("retired: {text}"), say(one.retired)),
            (say("note: {text}"), say(one.note)),
            (say("ESET's text: {text}"), one.note_as_printed),
        )
        for label, text in told:
            lines += _indented(label.format(text=text)) if text else []
    legend = [
        say("-> this host connects, <- this host listens, -- inside this host"),
        say("* site value: your port may differ"),
    ]
    return "\n".join([*lines, "", *(line for text in legend for line in textwrap.wrap(text, WIDTH))]) + "\n"


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="     ", subsequent_indent="       ", break_on_hyphens=False)


def _need(one: Any, say: Say) -> str:
    if one.off:
        kind = say("off, {proof}")
    elif one.required and not one.beyond_page and not one.retired:
        kind = say("required, {proof}")
    else:
        kind = say("advisory, {proof}")
    return kind.format(proof=one.proof.value)


def _page_row(one: Any, say: Say) -> str:
    if one.page_row:
        return say("row {row} of ESET's page").format(row=one.page_row)
    return say("not on ESET's page") if one.beyond_page else say("no row on ESET's page")


def _conditions(when: dict[str, Any], say: Say) -> str:
    from eset_portcheck.model.site import DERIVED

    return ", ".join(_condition(*DERIVED.get(name, (name, "")), value, say) for name, value in when.items())


def _condition(name: str, derived: str, value: Any, say: Say) -> str:
    if derived:
        if not value:
            text = say("{option} is not {value} or not given")
        elif name == "platform":
            text = say("{option} is {value} or not given")
        else:
            text = say("{option} is {value}")
        return text.format(option=name, value=derived)
    if isinstance(value, bool):
        return (say("{option} is given") if value else say("{option} is not given")).format(option=name)
    return say("{option} is {value}").format(option=name, value=value)


def site_template(profile: Any, language: str = "en") -> str:
    """TOML that loads as it is: everything that is a guess is a comment."""
    say = translator(language)
    lines = [
        "# "
        + say("Site values for role {role}: eset-portcheck check --role {role} --site FILE.toml").format(
            role=profile.role
        ),
        "",
    ]
    for name, value in profile.values.items():
        lines += textwrap.wrap(
            f"# {say(value.meaning)}" + (f" ({value.option})" if value.option else ""), WIDTH, subsequent_indent="# "
        )
        known = (
            value.default
            if value.default is not None
            else int(value.example)
            if name.endswith("_port")
            else value.example
        )
        # JSON's true, 5, "text" and list are TOML's too.
        lines.append(f"# {name} = {json.dumps([known] if name == 'target' else known)}")
        lines.append("")
    lines += ["# " + say("Test override: connect to another address (the name is still checked):")]
    lines += ["# [connect_to]", '# "epns.eset.com:8883" = "127.0.0.1:18883"']
    return "\n".join(lines) + "\n"
