"""`show ROLE`: the port table of one role, and a starter site file. Nothing is sent."""

import argparse
import json
import sys
import textwrap
from typing import Any

WIDTH = 80
_POLICY = {"chain": "one after the other", "any": "one is enough"}


def register(commands: Any) -> None:
    parser = commands.add_parser("show", help="the port table of one role", description="Every row of a role: port, direction, target, what must be proven.")
    parser.add_argument("role", metavar="ROLE")
    parser.add_argument("--site-template", action="store_true", help="print a starter site file for --site instead")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from eset_portcheck import loading

    try:
        profile, _ = loading.load_profile(arguments.role)
    except loading.ProfileError as error:
        for line in error.lines:
            print(f"eset-portcheck: {line}", file=sys.stderr)
        return 2
    print(site_template(profile) if arguments.site_template else table(profile), end="")
    return 0


def table(profile: Any) -> str:
    """Plain text, 80 columns."""
    lines = textwrap.wrap(profile.title, WIDTH)
    lines += [*textwrap.wrap(f"profile {profile.role} {profile.version}; run on: {profile.runs_on}", WIDTH), ""]
    for one in profile.requirement:
        arrow = {"outbound": "->", "inbound": "<-", "local": "--"}[one.direction.value]
        port = f"{one.transport.value} {one.port}" + ("*" if one.port_value else "")
        target = f"<{one.via}> -> {one.target}:{one.via_port}" if one.via else one.target
        lines.append(f"{arrow} {port:10} {target:34} {one.protocol:10} {_need(one)}")
        lines += _indented(one.purpose)
        lines += _indented(f"{_place(one)}; source {one.source}")
        told = {
            "only if": _conditions(one.when),
            "advisory if": _conditions(one.optional_when),
            "alternatives": f"{one.group.id} ({_POLICY[one.group.policy]})" if one.group else "",
            "retired": one.retired,
            "note": one.note,
            "as printed": one.note_as_printed,
        }
        for label, text in told.items():
            if text:
                lines += _indented(f"{label}: {text}")
    lines += ["", "-> this host opens the connection, <- this host listens, -- inside this host", "* the port is a site value and may differ"]
    return "\n".join(lines) + "\n"


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="     ", subsequent_indent="       ", break_on_hyphens=False)


def _need(one: Any) -> str:
    kind = "off" if one.off else "required" if one.required and not one.beyond_page and not one.retired else "advisory"
    return f"{kind}, {one.proof.value}"


def _place(one: Any) -> str:
    if one.page_row:
        return f"page row {one.page_row}"
    return "beyond the page" if one.beyond_page else "the page prints no row for it"


def _conditions(when: dict[str, Any]) -> str:
    from eset_portcheck.model.site import DERIVED

    return ", ".join(_condition(*DERIVED.get(name, (name, "")), value) for name, value in when.items())


def _condition(name: str, derived: str, value: Any) -> str:
    if derived:
        suits = f"{name} is {derived}" if value else f"{name} is not {derived}"
        return f"{suits} or not given" if name == "platform" or not value else suits
    if isinstance(value, bool):
        return f"{name} is {'given' if value else 'not given'}"
    return f"{name} is {value}"


def site_template(profile: Any) -> str:
    """TOML that loads as it is: everything that is a guess is a comment."""
    lines = [f"# Site values for role {profile.role}: eset-portcheck check --role {profile.role} --site FILE.toml", ""]
    for name, value in profile.values.items():
        lines += textwrap.wrap(f"# {value.meaning} ({value.option})" if value.option else f"# {value.meaning}", WIDTH, subsequent_indent="# ")
        known = value.default if value.default is not None else int(value.example) if name.endswith("_port") else value.example
        lines.append(f"# {name} = {json.dumps([known] if name == 'target' else known)}")  # JSON's true, 5, "text" and list are TOML's too
        lines.append("")
    lines += ["# Dial another address for a destination (the name is still checked):", "# [connect_to]", '# "epns.eset.com:8883" = "127.0.0.1:18883"']
    return "\n".join(lines) + "\n"
