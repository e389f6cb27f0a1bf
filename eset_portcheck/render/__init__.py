"""What a report looks like outside: one function a format, loaded only when it is asked for (rich costs more than the
whole JSON path).

Nothing here touches the network, the clock or the terminal: a report and settings go in, bytes come out.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

from eset_portcheck.model.report import Report, to_json
from eset_portcheck.wrong_use import WrongUse

Render = Callable[..., bytes]
"""(report, *, width, ascii, colour, verbose, quiet, language, written, live) -> bytes; each format takes what concerns
it.

`live`: the report is that of the run that is ending here. Any other one is a stranger's: its command line is only
data."""


def _table(report: Report, *, ascii: bool = False, **settings: Any) -> bytes:  # noqa: A002  # the option's name
    from eset_portcheck.render import table

    return table.render(report, ascii=ascii, **settings).encode("ascii" if ascii else "utf-8", "backslashreplace")


def _json(report: Report, **_settings: Any) -> bytes:
    return to_json(report)


def _markdown(
    report: Report,
    *,
    language: str = "en",
    verbose: bool = False,
    quiet: bool = False,
    live: bool = False,
    **_settings: Any,
) -> bytes:
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


def render(
    report: Report,
    *,
    format: Literal["table", "json", "md", "csv", "html"] = "table",  # noqa: A002  # the option's name
    lang: Literal["en", "es"] = "en",
    width: int = 100,
    ascii: bool = False,  # noqa: A002  # the option's name
    color: bool = False,
    verbose: bool = False,
    quiet: bool = False,
    live: bool = False,
) -> str:
    """A report as text; each format takes what concerns it. Encode it as UTF-8 and write it with newline="" (CSV has
    line ends of its own).

    `width` in columns, at least 40; `live`: the report was made by this very process. Any other one is a stranger's,
    and its command line is only data. Raises WrongUse for a format or language that is not there.
    """
    from eset_portcheck.texts.language import LANGUAGES

    for name, value, words in (("format", format, tuple(FORMATS)), ("lang", lang, LANGUAGES)):
        if value not in words:
            raise WrongUse(f"{name}: {str(value)[:20]!a} is none of {', '.join(words)}")
    made = FORMATS[format](
        report,
        width=max(40, width),
        ascii=ascii,
        colour=color,
        verbose=verbose,
        quiet=quiet,
        language=lang,
        written=[],
        live=live,
    )
    return made.decode()


class _Callable(ModuleType):
    """`eset_portcheck.render` is this room and the public function: whichever was imported first, it can be called.
    Source: the Python reference, 3.3.2.1."""

    __call__ = staticmethod(render)


sys.modules[__name__].__class__ = _Callable
