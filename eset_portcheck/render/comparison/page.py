"""A comparison as one HTML file, under the same rules and the same style sheet as the report's (`render.html`)."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from eset_portcheck.model.comparison import Change, Comparison
from eset_portcheck.render.comparison import entries
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html import POLICY, digest, stylesheet
from eset_portcheck.render.look import LOOKS

_FOLDED = (Change.SAME, Change.NOT_RUN)


def render(comparison: Comparison, *, language: str = "en") -> str:
    context = RenderContext(verbose=True, language=language)
    who, word, _ = entries.first_line(comparison, context)
    return _template().render(
        language=language,
        policy=POLICY.format(digest=digest(stylesheet())),
        style=Markup(stylesheet()),  # noqa: S704  # a file of this package; no value of a report ever gets into it
        say=context.say,
        rows=context.rows,
        glyph={verdict.value: look.glyph for verdict, look in LOOKS.items()},
        name=lambda verdict: "-" if verdict is None else context.word(verdict),
        who=who,
        word=word,
        look=entries.verdict(comparison).value,
        counts=entries.counts(comparison, context),
        exit=entries.exit_sentence(comparison, context),
        runs=entries.runs(comparison, context),
        differences=entries.differences(comparison, context),
        sections=[{**one._asdict(), "folded": one.change in _FOLDED} for one in entries.sections(comparison, context)],
    )


@cache
def _template() -> Template:
    text = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    loader = FunctionLoader(lambda _name: text)
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html")
