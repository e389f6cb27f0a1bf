"""`python -m eset_portcheck` and the console script. `--version` costs next to nothing: it imports nothing."""

import sys

from eset_portcheck import __version__


def main() -> int:
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"eset-portcheck {__version__}\n")
        return 0
    from eset_portcheck.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
