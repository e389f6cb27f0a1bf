"""What no report needs: secrets, user names, hardware addresses, serial numbers. In every report, wherever they stand.

The same value always gets the same pseudonym within a report (two authorities that differ by serial number stay two),
numbered in the order in which the report names them. Words that are pseudonyms already stay as they are.
"""

import ipaddress
import re
from collections.abc import Callable

from eset_portcheck.model.privacy import Privacy
from eset_portcheck.redaction import secrets
from eset_portcheck.redaction.common_words import COMMON_WORDS
from eset_portcheck.redaction.secrets import REMOVED
from eset_portcheck.texts.shell import alike

_HALVES = re.compile("[\ud800-\udfff]")
_LAST_WORD = re.compile(r"[\w.-]{1,64}\Z")
_SIMPLE = re.compile(r"[\w.+|-]{0,64}\Z")  # codes, numbers, times: nothing of the kind fits in
MAX_CHARACTERS = 2048  # of one text; protocols keep a few hundred of what a peer says
COMMAND_CHARACTERS = 16_384
_LEARNED_AT_LEAST = 3  # letters: a shorter user name is looked for where user names stand, not in every text
_NODE_STATUS_NAMES = 57  # bytes before the list of names (RFC 1002 4.2.18)


class Always:
    """The eye of `walk`."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str]] = {"user": {}, "mac": {}, "serial": {}}
        self._secrets = 0
        self._done: dict[tuple[Privacy | None, str], str] = {}  # most texts of a report stand there many times

    def again(self) -> bool:
        """Ready for another pass over the same report; False when it would change nothing."""
        if not self._known["user"]:
            return False
        self._secrets = 0
        self._done.clear()
        return True

    @property
    def counts(self) -> dict[str, int]:
        """How many different values of each kind, and how many different texts with secrets."""
        found = {kind: len(pairs) for kind, pairs in self._known.items() if pairs}
        return found | ({"secret": self._secrets} if self._secrets else {})

    def text(self, kind: Privacy | None, text: str) -> str:
        text = held(kind, text)
        return held(kind, pasteable(kind, text, self._text(kind, text)))

    def _text(self, kind: Privacy | None, text: str) -> str:
        if kind is Privacy.BYTES:
            return self._bytes(text)
        if kind is Privacy.USER:
            return self._account(text)
        if kind in (Privacy.CODE, Privacy.FINGERPRINT) and _SIMPLE.match(text):
            return text
        return self._without_hardware(self._without_secrets(text)) if kind is Privacy.CHECK_ID else self._of(kind, text)

    def arguments(self, words: list[str]) -> list[str]:
        return [held(Privacy.ARGUMENTS, self.free(held(Privacy.ARGUMENTS, word))) for word in words]

    def netbios(self, name: str, *, is_user: bool) -> str:
        name = held(Privacy.HOST, name)
        return held(Privacy.HOST, self._user(name) if is_user else self.free(name))

    def free(self, text: str) -> str:
        """Any text that is not our own."""
        return self._of(None, text)

    def _of(self, kind: Privacy | None, text: str) -> str:
        """The cheap questions come first: most texts have none of it."""
        if not text or (text.isalnum() and text.lower() not in self._known["user"]):
            return text
        if (kind, text) not in self._done:
            self._done[kind, text] = self._searched(kind, text)
        return self._done[kind, text]

    def _searched(self, kind: Privacy | None, text: str) -> str:
        text = self._without_hardware(self._without_secrets(text))
        text = secrets.HOME.sub(lambda match: match[1] + self._user(match[2]), text)
        if kind is not Privacy.COMMAND:
            text = self._without_users(text)
        return text if kind is Privacy.TEXT else self._without_learned(text)

    def _without_secrets(self, text: str) -> str:
        before = text
        for pattern in secrets.SECRETS:
            text = pattern.sub(REMOVED, text)
        text = secrets.HEADER.sub(rf"\1\2{REMOVED}", text)
        if "@" in text:
            text = secrets.USERINFO.sub(rf"\1{REMOVED}@", text)
            text = secrets.PAIR_AT_HOST.sub(f"{REMOVED}@", text)
        if "://" in text:
            text = secrets.QUERY.sub(rf"\1?{REMOVED}", text)
        if "=" in text or ":" in text:
            text = secrets.NAMED_SECRET.sub(
                lambda match: match[0] if match[0].endswith(REMOVED) else match[1] + REMOVED, text
            )
        self._secrets += text != before
        return text

    def _without_hardware(self, text: str) -> str:
        text = secrets.MAC.sub(lambda match: self._number("mac", re.sub(r"[:.-]", "", match[0]).lower()), text)
        if text.count(":") > 1:
            text = secrets.IPV6.sub(lambda match: self._eui64(match[0]), text)
        return secrets.SERIAL.sub(lambda match: match[1] + self._valued("serial", match[2]), text)

    def _without_users(self, text: str) -> str:
        text = secrets.NAMED_USER.sub(lambda match: match[1] + self._valued("user", match[2]), text)
        if "\\" in text:
            text = secrets.DOMAIN_USER.sub(lambda match: match[1] + self._user(match[2]), text)
        if "@" in text:
            text = secrets.MAIL.sub(
                lambda match: match[0] if secrets.NO_MAIL.search(match[2]) else f"{self._user(match[1])}@{match[2]}",
                text,
            )
        return text

    def _without_learned(self, text: str) -> str:
        """User names that were learned elsewhere, as whole words. Names that are words (a user called agent) are left
        alone: they would riddle the text."""
        learned = self._known["user"]

        def one(match: re.Match[str]) -> str:
            word = match[0].lower()
            return (
                learned[word]
                if word in learned and len(word) >= _LEARNED_AT_LEAST and word not in COMMON_WORDS
                else match[0]
            )

        return re.sub(r"[\w.-]*\w", one, text) if learned else text

    def _account(self, text: str) -> str:
        """DOMAIN\\user, user@domain or user."""
        domain, slash, user = text.rpartition("\\")
        if domain.lower() in secrets.COMMON_ACCOUNTS:
            return text
        name, at, rest = user.partition("@")
        return f"{domain}{slash}{self._user(name)}{at}{rest}"

    def _user(self, name: str) -> str:
        return name if name.strip().lower() in secrets.COMMON_ACCOUNTS else self._number("user", name)

    def _valued(self, kind: str, value: str) -> str:
        quote = value[:1] if value[:1] in "\"'" and value[:1] == value[-1:] and len(value) > 1 else ""
        inner = value[1:-1] if quote else value
        if not inner or inner.startswith(REMOVED):
            return value
        return f"{quote}{self._user(inner) if kind == 'user' else self._number(kind, inner)}{quote}"

    def _number(self, kind: str, value: str) -> str:
        if secrets.PSEUDONYM.match(value):
            return value
        known = self._known[kind]
        return known.setdefault(value.lower(), f"{kind}-{len(known) + 1}")

    def _eui64(self, text: str) -> str:
        """An IPv6 address that was made of a hardware address: the latter becomes a number, the network stays."""
        try:
            packed = ipaddress.IPv6Address(text).packed
        except ValueError:
            return text
        if packed[11:13] != b"\xff\xfe" or packed[8:11] == b"\0\0\0":
            return text
        number = int(
            self._number("mac", (bytes([packed[8] ^ 2]) + packed[9:11] + packed[13:16]).hex()).partition("-")[2]
        )
        return str(ipaddress.IPv6Address(packed[:8] + b"\0\0\0\xff\xfe" + number.to_bytes(3, "big")))

    def _bytes(self, text: str) -> str:
        """Masked at their length, so that whoever recognises a service by its first bytes still does."""
        try:
            data = bytes.fromhex(text)
        except ValueError:
            return REMOVED
        if len(data) > _NODE_STATUS_NAMES and data[2] & 0xF8 == 0x80 and data[46:48] == b"\0\x21":
            data = data[: _NODE_STATUS_NAMES - 1]  # names of users and a hardware address follow
        return masked(data, self.free).hex()


def pasteable(kind: Privacy | None, before: str, after: str) -> str:
    """A command is gone whole where what was taken out of it took a quote with it: the rest would be read in another
    way."""
    return REMOVED if kind is Privacy.COMMAND and not alike(before, after) else after


def held(kind: Privacy | None, text: str) -> str:
    """At most MAX_CHARACTERS (of commands and rules COMMAND_CHARACTERS), and nothing that UTF-8 cannot hold: names of
    files and processes are bytes, and come with halves of surrogate pairs."""
    if not text.isascii():
        text = _HALVES.sub("\ufffd", text)
    limit = COMMAND_CHARACTERS if kind in (Privacy.COMMAND, Privacy.RULES) else MAX_CHARACTERS
    if len(text) <= limit:
        return text
    # Half a word would be another word.
    return text[: limit - 65] + _LAST_WORD.sub("", text[limit - 65 : limit - 1]) + "…"


def masked(data: bytes, seen: Callable[[str], str]) -> bytes:
    """Texts in `data` (Latin-1, and UTF-16 as Windows sends) that `seen` would change, overwritten with x where they
    stand."""
    out = bytearray(data)
    for pattern, step in ((rb"[\x20-\x7e]{4,}", 1), (rb"(?:[\x20-\x7e]\0){3,}", 2)):
        for run in re.finditer(pattern, data):
            text = run[0].decode("utf-16-le" if step == 2 else "latin-1")
            for at in _changed(text, seen(text)):
                out[run.start() + at * step] = 0x78
    return bytes(out)


def _changed(before: str, after: str) -> range:
    """The places of `before` from the first to the last word that is another one in `after`: whole words, since two
    words may begin or end alike."""
    if before == after:
        return range(0)
    shorter = min(len(before), len(after))
    start = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    kept = next((at for at in range(shorter - start) if before[-1 - at] != after[-1 - at]), shorter - start)
    end = len(before) - kept
    while start > 0 and _is_inner(before[start - 1]):
        start -= 1
    while end < len(before) and _is_inner(before[end]):
        end += 1
    return range(start, end)


def _is_inner(sign: str) -> bool:
    return sign.isalnum() or sign in "._-"
