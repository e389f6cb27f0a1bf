"""The report as one HTML file: no script, nothing loaded from elsewhere, one style sheet that a content security policy
admits by its digest.

Every value of a report goes through `RenderContext` (capped, controls and bidi signs as escapes) and then through the
template's own escaping. Without its style sheet (previewers of ticket systems) the page is headings, lists and one
table, in the order in which it is to be read. Sources: HTML Living Standard (details, fragment navigation); Content
Security Policy Level 3, 4.2.1 and 8.3 (hashes, meta element); WCAG 2.2.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from eset_portcheck.model.report import Report
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html.page import compose
from eset_portcheck.render.view import View

POLICY = "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def render(report: Report, *, language: str = "en", live: bool = False) -> str:
    context = RenderContext(verbose=True, language=language, live=live)
    style = stylesheet()
    policy = POLICY.format(digest=digest(style))
    ours = Markup(style)  # noqa: S704  # a file of this package; no value of a report ever gets into it
    return _template().render(
        page=compose(View(report, context)), say=context.say, count=context.count, style=ours, policy=policy
    )


@cache
def stylesheet() -> str:
    """As it stands in the page: one line, so that no program that passes the file on can break the digest by changing
    line ends."""
    lines = (line.strip() for line in _file("style.css").splitlines())
    return "".join(line for line in lines if not line.startswith("/*"))  # a comment has a line of its own


def digest(text: str) -> str:
    """SHA-256 as a content security policy writes it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _template() -> Template:
    return Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    ).get_template("report.html")


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
