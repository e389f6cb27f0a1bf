"""What a report looks like outside: one function a format, loaded only when it is asked for (rich costs more than the whole JSON path).

Nothing here touches the network, the clock or the terminal: a report and settings go in, bytes come out.
"""

from collections.abc import Callable
from typing import Any

from eset_portcheck.model.report import Report, to_json

Render = Callable[..., bytes]
"""(report, *, width, ascii, colour, verbose, quiet, language, written, live) -> bytes; each format takes what concerns it.

`live`: the report is that of the run that is ending here. Any other one is a stranger's: its command line is only data."""


def _table(report: Report, *, ascii: bool = False, **settings: Any) -> bytes:  # noqa: A002  # the option's name
    from eset_portcheck.render import table

    return table.render(report, ascii=ascii, **settings).encode("ascii" if ascii else "utf-8", "backslashreplace")


def _json(report: Report, **_settings: Any) -> bytes:
    return to_json(report)


def _markdown(report: Report, *, language: str = "en", verbose: bool = False, quiet: bool = False, live: bool = False, **_settings: Any) -> bytes:
    from eset_portcheck.render import markdown

    return markdown.render(report, language=language, verbose=verbose, quiet=quiet, live=live).encode()


def _csv(report: Report, **_settings: Any) -> bytes:
    from eset_portcheck.render import comma_separated

    return comma_separated.render(report).encode()


def _html(report: Report, *, language: str = "en", live: bool = False, **_settings: Any) -> bytes:
    from eset_portcheck.render import html

    return html.render(report, language=language, live=live).encode("utf-8")


FORMATS: dict[str, Render] = {"table": _table, "json": _json, "md": _markdown, "csv": _csv, "html": _html}
SUFFIXES = {"txt": "table", "json": "json", "md": "md", "csv": "csv", "html": "html"}
