"""One issue for a terminal or a text file: a title, then lines with a label each. Commands stand on lines of their own,
so that they can be copied."""

from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render.lines import broken, flowed
from eset_portcheck.render.look import LOOKS
from eset_portcheck.render.terminal import cut, paragraph
from eset_portcheck.render.view import View
from eset_portcheck.render.view.issues import Issue
from eset_portcheck.render.wording.value_names import LABEL

_LABEL = 10  # cells of the labels' column
_INDENT = 2
_LINK = "cyan"
_LEAST = 20  # cells of a headline before its code is cut


class IssueLayout:
    def __init__(self, view: View, console: Console) -> None:
        self._context = view.context
        self._console = console
        # a shell that goes on after a backslash
        self._is_posix = "windows" not in str(view.report.host.os).lower()
        self._width = max(20, console.width - _INDENT - _LABEL)

    def lines(self, issue: Issue) -> Iterable[Text]:
        context = self._context
        style = LOOKS[issue.verdict].style
        title = Text().append(f"{issue.number or context.glyph(issue.verdict)} ", style).append(issue.headline, "bold")
        if issue.code != issue.headline:
            title.append(f"  {issue.code}", "dim")
        if not issue.required:
            title.append("  ", "dim").append(context.say("(not required)"), "dim")
        yield from paragraph(title, self._console, _INDENT)
        is_proof = issue.verdict is Verdict.UNPROVEN
        for label, text in (
            ("seen", "; ".join(issue.seen)),
            ("means", issue.means),
            ("who", issue.who),
            ("where", issue.where),
        ):
            yield from self._labelled(label, text)
        label = "proof" if is_proof else "do"
        for step in issue.do:
            who = f"{step.who}: " if step.who else ""
            yield from self._labelled(label, who + step.do)
            for command in step.commands:
                yield from self._command("", command)
            label = ""
            if step.undo:
                yield from self._labelled("", context.say("undo:"))
                yield from self._command("", step.undo)
        yield from self._labelled("ask", issue.ask)
        yield from self._command("retry", issue.again)
        label = "explains" if len(issue.rows) > 1 else "row"
        for number, line in enumerate(flowed(issue.explains, self._width, " ")):  # ids are for copying: never broken
            yield self._label("" if number else label).append(line)

    def brief(self, issue: Issue) -> Iterable[Text]:
        """At most five lines. Only the command to test again may be longer than the console is wide."""
        context = self._context
        style = LOOKS[issue.verdict].style
        end = "" if issue.code == issue.headline else f"  {issue.code}"
        end += f"  {context.rows(len(issue.rows))}" if len(issue.rows) > 1 else ""
        end += "" if issue.required else "  " + context.say("(not required)")
        start = Text().append(f"{issue.number or context.glyph(issue.verdict)} ", style).append(issue.headline, "bold")
        room = self._console.width - cell_len(end)
        yield cut(cut(start, max(room, _LEAST), context.signs.ellipsis).append(end, "dim"), *self._whole)
        step = issue.do[0] if issue.do else None
        do = (f"{step.who}: " if step.who else "") + step.do if step else issue.ask
        if step and step.commands and do.endswith(":"):
            do += f" {step.commands[0]}"
        lines = [
            self._label(label).append(text)
            for label, text in (
                ("seen", "; ".join(issue.seen)),
                ("who", "; ".join(part for part in (issue.who, issue.where) if part)),
                ("proof" if issue.verdict is Verdict.UNPROVEN else "do", do),
                ("row", "" if issue.again else "".join(flowed(issue.explains, self._width, " ")[:1])),
            )
            if text
        ]
        yield from (cut(line, *self._whole) for line in lines)
        if issue.again:
            yield self._label("retry").append(issue.again, _LINK)

    @property
    def _whole(self) -> tuple[int, str]:
        return self._console.width, self._context.signs.ellipsis

    def _labelled(self, label: str, text: str) -> Iterable[Text]:
        lines: Iterable[Text] = Text(text).wrap(self._console, self._width, overflow="fold") if text else []
        for number, line in enumerate(lines):
            line.rstrip()
            yield self._label("" if number else label).append_text(line)

    def _command(self, label: str, command: str) -> Iterable[Text]:
        lines = broken(command, self._width, continued=self._is_posix) if command else []
        for number, line in enumerate(lines):
            yield self._label("" if number else label).append(line, _LINK)

    def _label(self, label: str) -> Text:
        word = self._context.say(LABEL[label]) if label else ""
        return Text().append(" " * _INDENT + word.ljust(_LABEL), "dim")
