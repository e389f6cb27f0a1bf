"""`--lang`: the reader's language. Never taken from the environment: the same command gives the same text
everywhere."""

import argparse
import sys
from typing import Any

from eset_portcheck import streams

LANGUAGES = ("en", "es")  # texts.language.LANGUAGES, without its cost


def add_language(parser: Any) -> None:
    """To a parser or a group of its options."""
    parser.add_argument(
        "--lang", choices=LANGUAGES, default="en", help="language of texts (default: en); JSON has codes only"
    )


def put(text: str, arguments: argparse.Namespace) -> None:
    """To standard output; letters lose their accents where it takes ASCII only."""
    from eset_portcheck.texts.language import plain

    is_wide = "utf" in (sys.stdout.encoding or "").lower()
    streams.put(text if is_wide or arguments.lang == "en" else plain(text))
