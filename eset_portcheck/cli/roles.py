"""`roles`: which roles there are, what they are, where to run them. Nothing is sent."""

import argparse
from typing import Any

from eset_portcheck import streams
from eset_portcheck.cli.language import add_language, put


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "roles",
        help="list the roles",
        description="Lists the roles of a machine. A machine can have several: repeat --role.",
    )
    add_language(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from eset_portcheck import loading
    from eset_portcheck.texts.language import translator

    try:
        profiles = [loading.load_profile(role)[0] for role in loading.ROLES]
    except loading.ProfileError as error:
        for line in error.lines:
            streams.tell(f"eset-portcheck: {line}")
        return 2
    say = translator(arguments.lang)
    lines = []
    for profile in profiles:
        needs = " ".join(f"{value.option} {name.upper()}" for name, value in profile.values.items() if value.required)
        where = say("run on: {place}; needs {options}") if needs else say("run on: {place}")
        lines += [
            f"{profile.role:14} {say(profile.title)}",
            f"{'':14} {where.format(place=say(profile.runs_on), options=needs)}",
        ]
    put("\n".join([*lines, "", say("Ports of one role: eset-portcheck show ROLE")]), arguments)
    return 0
