"""What all parts of a rendered report share: how wide the character set is, which language, how much is wanted."""

import msgspec

from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render import look
from eset_portcheck.render.text import NAME, safe
from eset_portcheck.render.words import words


class Pen(msgspec.Struct, frozen=True):
    """`ascii_only`: nothing beyond ASCII leaves; remote letters beyond it become escapes."""

    ascii_only: bool = False
    verbose: bool = False
    language: str = "en"

    @property
    def signs(self) -> look.Signs:
        return look.ASCII if self.ascii_only else look.UNICODE

    def safe(self, value: object, limit: int = NAME) -> str:
        return safe(value, limit, ascii_only=self.ascii_only)

    def word(self, key: str, **values: object) -> str:
        """A phrase of ours; values are made safe before they are put in."""
        phrase = words(self.language).get(key, key)
        return phrase.format(**{name: self.safe(value) for name, value in values.items()}) if values else phrase

    def glyph(self, verdict: Verdict) -> str:
        return look.glyph(verdict, ascii_only=self.ascii_only)

    def rows(self, count: int) -> str:
        return self.word("one-row") if count == 1 else self.word("rows", count=count)

    def lasted(self, seconds: float) -> str:
        """66 ms, 5.0 s; nothing for what did not happen."""
        if seconds <= 0:
            return ""
        return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"
