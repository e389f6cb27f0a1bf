"""`python -m eset_portcheck` and the console script. `--version` and `--help` cost next to nothing: no argument parser
is loaded for them."""

import sys

from eset_portcheck import __version__, import_path


def main() -> None:
    """Ends the process. Before the signals' handlers stands only what keeps the working directory out of our
    imports."""
    import_path.without_working_directory()
    from eset_portcheck import interrupts, streams

    code = 4
    try:
        interrupts.stand()
        streams.prepare()
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:
        code = interrupts.CODE
    except SystemExit as end:  # of argparse
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 2
    interrupts.leave(streams.settled(code, otherwise=2))


def _run(words: list[str]) -> int:
    from eset_portcheck import streams

    if words in (["--version"], ["-V"]):
        streams.put(f"eset-portcheck {__version__}")
        return 0
    if words in (["--help"], ["-h"]):
        from eset_portcheck.usage import TEXT

        streams.put(TEXT.removesuffix("\n"))
        return 0
    from eset_portcheck.cli import run

    return run(words)


if __name__ == "__main__":
    main()
