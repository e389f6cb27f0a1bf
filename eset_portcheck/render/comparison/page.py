"""A comparison as one HTML file, under the same rules and the same style sheet as the report's (`render.html`)."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from eset_portcheck.model.comparison import Comparison
from eset_portcheck.render.comparison.view import view
from eset_portcheck.render.context import RenderContext
from eset_portcheck.render.html import POLICY, digest, stylesheet
from eset_portcheck.render.look import LOOKS


def render(comparison: Comparison, *, language: str = "en") -> str:
    context = RenderContext(verbose=True, language=language)
    made = view(comparison, context)
    return _template().render(
        language=language,
        policy=POLICY.format(digest=digest(stylesheet())),
        style=Markup(stylesheet()),  # noqa: S704  # a file of this package; no value of a report ever gets into it
        say=context.say,
        rows=context.rows,
        glyph={verdict.value: look.glyph for verdict, look in LOOKS.items()},
        name=lambda verdict: "-" if verdict is None else context.word(verdict),
        who=made.who,
        word=made.word,
        look=made.verdict.value,
        counts=made.counts,
        exit=made.exit_sentence,
        runs=made.runs,
        differences=made.differences,
        sections=made.sections,
    )


@cache
def _template() -> Template:
    text = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    loader = FunctionLoader(lambda _name: text)
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html")
