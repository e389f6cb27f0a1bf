"""The lists of versions that are made of pyproject.toml: the oldest that it allows, and the ones that were tested.

    python tools/requirements.py oldest          name==lower bound, of every direct requirement (`make test-oldest`)
    python tools/requirements.py constraints     name==version, of everything in this interpreter's environment that the
    project needs (`make constraints`) python tools/requirements.py version         the project's own (`make sbom`)

The first two are constraints in pip's sense (`pip install -c`): they say which version, never where it comes from.
"""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
PYTHONS = ("3.11.0", "3.12.0", "3.13.0", "3.14.0")
_BOUNDED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)>=(?P<version>[0-9][0-9A-Za-z.]*)\Z")
HEADER = """\
# The versions that `make run`, `make test` and CI use: made by `make constraints` from an environment that passed
# the tests, not by hand.
# Good for Python 3.11 to 3.14. What only another system needs is not named: nobody tested it here.
"""


def direct() -> dict[str, str]:
    """name -> lower bound, of the project and all its extras. Raises ValueError for a requirement without one, and for
    two bounds of one name."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    found: dict[str, str] = {}
    for text in [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]:
        match = _BOUNDED.match(text)
        if match is None:
            raise ValueError(f"{text}: write NAME>=VERSION")
        name = canonical(match["name"])
        if found.setdefault(name, match["version"]) != match["version"]:
            raise ValueError(f"{name}: two lower bounds")
    return found


def canonical(name: str) -> str:
    """As package indexes compare names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, str]:
    """name -> version of the direct requirements and of all that they need here. Raises LookupError for one that is
    missing, or that does not install on one of PYTHONS (tools/held.txt holds such a package back)."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    found: dict[str, str] = {}
    waiting = [Requirement(name) for name in direct()]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonical(wanted.name)
        try:
            there = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise LookupError(f"{name} is not installed") from None
        pythons = SpecifierSet(there.metadata["Requires-Python"] or "")
        if not all(one in pythons for one in PYTHONS):
            raise LookupError(f"{name} {there.version} is for Python {pythons} only: hold it back in tools/held.txt")
        found[name] = there.version
        for extra in ("", *wanted.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            needs = [Requirement(text) for text in there.requires or ()]
            waiting += [one for one in needs if one.marker is None or one.marker.evaluate({"extra": extra})]
    return found


def main() -> int:
    match sys.argv[1:]:
        case ["oldest"]:
            sys.stdout.write("".join(f"{name}=={version}\n" for name, version in sorted(direct().items())))
        case ["constraints"]:
            sys.stdout.write(HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(installed().items())))
        case ["version"]:
            version = re.findall(
                r'^__version__ = "([^"]+)"',
                (PROJECT.parent / "eset_portcheck/__init__.py").read_text("utf-8"),
                re.MULTILINE,
            )[0]
            sys.stdout.write(f"{version}\n")
        case _:
            sys.stderr.write(str(__doc__))
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
