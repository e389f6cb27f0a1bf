"""`roles`: which roles there are, what they are, where to run them. Nothing is sent."""

import argparse
from typing import Any


def register(commands: Any) -> None:
    parser = commands.add_parser("roles", help="list the roles", description="The roles a machine can have. They combine: --role may repeat.")
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    import sys

    from eset_portcheck import loading

    try:
        profiles = [loading.load_profile(role)[0] for role in loading.ROLES]
    except loading.ProfileError as error:
        for line in error.lines:
            print(f"eset-portcheck: {line}", file=sys.stderr)
        return 2
    for profile in profiles:
        needs = " ".join(f"{value.option} {name.upper()}" for name, value in profile.values.items() if value.required)
        print(f"{profile.role:14} {profile.title}")
        print(f"{'':14} run on: {profile.runs_on}" + (f"; needs {needs}" if needs else ""))
    print("\nThe port table of one: eset-portcheck show ROLE")
    return 0
