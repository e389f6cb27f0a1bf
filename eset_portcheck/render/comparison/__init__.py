"""A comparison of two reports as it looks outside: one function a format, loaded only when asked for."""

from collections.abc import Callable
from typing import Any

from eset_portcheck.model.comparison import Comparison, to_json

Render = Callable[..., bytes]
"""(comparison, *, width, ascii, colour, verbose, quiet, language, written) -> bytes; each format takes what concerns
it."""


def _table(comparison: Comparison, *, ascii: bool = False, **settings: Any) -> bytes:  # noqa: A002  # the option's name
    from eset_portcheck.render.comparison import table

    return table.render(comparison, ascii=ascii, **settings).encode("ascii" if ascii else "utf-8", "backslashreplace")


def _json(comparison: Comparison, **_settings: Any) -> bytes:
    return to_json(comparison)


def _markdown(
    comparison: Comparison, *, language: str = "en", verbose: bool = False, quiet: bool = False, **_settings: Any
) -> bytes:
    from eset_portcheck.render.comparison import markdown

    return markdown.render(comparison, language=language, verbose=verbose, quiet=quiet).encode()


def _html(comparison: Comparison, *, language: str = "en", **_settings: Any) -> bytes:
    from eset_portcheck.render.comparison import page

    return page.render(comparison, language=language).encode()


FORMATS: dict[str, Render] = {"table": _table, "json": _json, "md": _markdown, "html": _html}
SUFFIXES = {"txt": "table", "json": "json", "md": "md", "html": "html"}
