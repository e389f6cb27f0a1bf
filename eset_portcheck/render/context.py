"""What all parts of a rendered report share: how wide the character set is, which language, how much is wanted."""

import msgspec

from eset_portcheck.model.vocabulary import Verdict
from eset_portcheck.render import look
from eset_portcheck.render.text import NAME, SENTENCE, safe
from eset_portcheck.texts.language import DECIMAL_SIGN, counter, plain, translator


class RenderContext(msgspec.Struct, frozen=True):
    """`ascii_only`: nothing beyond ASCII leaves; our own letters lose their accents, remote ones become escapes.
    `live`: the report is that of the run that is ending here, so its command line is our own."""

    ascii_only: bool = False
    verbose: bool = False
    language: str = "en"
    live: bool = False

    @property
    def signs(self) -> look.Signs:
        return look.ASCII if self.ascii_only else look.UNICODE

    def safe(self, value: object, limit: int = NAME) -> str:
        return safe(value, limit, ascii_only=self.ascii_only)

    def say(self, text: str, limit: int = NAME, /, **values: object) -> str:
        """An English text of ours in the reader's language; values are made safe, each at most `limit` characters,
        before they are put in."""
        return self._filled(translator(self.language)(text), values, limit)

    def ours(self, text: str) -> str:
        """A text of ours that is already in the reader's language, before values go in."""
        return plain(text) if self.ascii_only else text

    def own(self, text: str) -> str:
        """A text of a profile, as it stands in a report: ours are translated, those of others stay as they are."""
        said = translator(self.language)(text)
        return self.safe(self.ours(said) if said != text else said, SENTENCE)

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """The form of the text that goes with {count}; a literal for one, a literal for many."""
        return self._filled(counter(self.language)(one, many, count), values | {"count": count}, NAME)

    def _filled(self, text: str, values: dict[str, object], limit: int) -> str:
        return (
            self.ours(text).format(**{name: self.safe(value, limit) for name, value in values.items()})
            if values
            else self.ours(text)
        )

    def glyph(self, verdict: Verdict) -> str:
        return look.glyph(verdict, ascii_only=self.ascii_only)

    def word(self, verdict: Verdict) -> str:
        """The verdict as the matrix prints it."""
        return self.say(look.LOOKS[verdict].word)

    def rows(self, count: int) -> str:
        return self.count("{count} row", "{count} rows", count)

    def lasted(self, seconds: float) -> str:
        """66 ms, 5.0 s (5,0 s in Spanish); nothing for what did not happen."""
        if seconds <= 0:
            return ""
        return (
            f"{seconds * 1000:.0f} ms"
            if seconds < 0.9995
            else f"{seconds:.1f} s".replace(".", DECIMAL_SIGN[self.language])
        )
