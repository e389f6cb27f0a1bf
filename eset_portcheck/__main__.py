"""`python -m eset_portcheck` and the console script. `--version` and `--help` cost next to nothing: no argument parser is loaded for them."""

import sys

from eset_portcheck import __version__, import_path


def main() -> int:
    import_path.without_working_directory()
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"eset-portcheck {__version__}\n")
        return 0
    if sys.argv[1:] in (["--help"], ["-h"]):
        from eset_portcheck.usage import TEXT

        sys.stdout.write(TEXT)
        return 0
    from eset_portcheck.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
