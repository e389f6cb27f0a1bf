"""Writes docs/roles/*.md from the profiles; --check says whether they are as the profiles are."""

import sys
from pathlib import Path

from eset_portcheck.cli.show import table
from eset_portcheck.loading import ROLES, load_profile

FOLDER = Path(__file__).parent / "roles"


def page(role: str) -> str:
    profile, _ = load_profile(role)
    return f"# {profile.title}\n\nGenerated from `profiles/{role}.toml`.\n\n```\n{table(profile)}```\n"


def main() -> int:
    if "--check" in sys.argv:
        stale = [
            role
            for role in ROLES
            if not (FOLDER / f"{role}.md").is_file() or (FOLDER / f"{role}.md").read_text() != page(role)
        ]
        for role in stale:
            sys.stderr.write(f"docs/roles/{role}.md is stale: make docs\n")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for role in ROLES:
        (FOLDER / f"{role}.md").write_text(page(role))
    return 0


if __name__ == "__main__":
    sys.exit(main())
