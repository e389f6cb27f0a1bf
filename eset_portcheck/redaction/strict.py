"""Pseudonyms for what is the site's own: names, addresses, certificates. For a report that goes to somebody who needs
the facts, not the site.

The eye of `walk`, for a report that `Always` went over. The first pass learns every name where a name is sure to stand,
the second finds it in free text too.
"""

import re
import shlex

from eset_portcheck.model.privacy import Privacy
from eset_portcheck.model.report import Report
from eset_portcheck.redaction.addresses import network_of
from eset_portcheck.redaction.always import held, masked, pasteable
from eset_portcheck.redaction.anchors import public_anchors
from eset_portcheck.redaction.peers import algorithm, software
from eset_portcheck.redaction.pseudonyms import Pseudonyms, Tables
from eset_portcheck.redaction.secrets import REMOVED
from eset_portcheck.wire.recognise import recognise

_ID = re.compile(
    r"(?P<head>[a-z0-9-]+(?:\.[\w-]+)?)@(?P<value>.*?)(?P<tail>(?:\.(?:tcp|udp)-\d+(?:\.[\w-]+)?)?(?:#\d+)?)\Z",
    re.DOTALL,
)
_ID_LIMIT = 200
_SYSTEM_PLACE = re.compile(
    r"(?i)/(?:usr|opt|bin|sbin|lib\w*|etc|var|proc|sys|run|snap|nix|system)/"
    r"|[a-z]:\\(?:windows|program files(?: \(x86\))?|programdata)\\|\\(?:device|systemroot)\\"
)
_PREFIXES = (0, 4, 8, 16, 24, 32, 48, 64)  # bytes
_MARK = re.compile(r"(eset[-_]portcheck[ _])([0-9a-f]{8})(?![0-9a-f])")
_FILE_OPTIONS = frozenset({"--profile", "--site", "--ca-file", "--public-ca-file", "--credentials-file"})
_FILES = re.compile(
    r"((?:--profile|--site|--ca-file|--public-ca-file|--credentials-file) )((?:'[^']*'|\"[^\"]*\"|[^\s'\"])+)"
)
_HOST_OPTIONS = frozenset({"--server", "--database", "--proxy", "--domain-controller", "--realm", "--mdc", "--target"})
_CODE_LIMIT = 64


class Strict:
    """`made`: the map of an earlier run, which is extended."""

    def __init__(self, report: Report, made: Tables) -> None:
        self._known = Pseudonyms(report, made)
        self._kept = public_anchors()
        self._marks: dict[str, str] = {}
        self._done: dict[tuple[Privacy | None, str], str] = {}

    @property
    def map(self) -> Tables:
        return self._known.map

    @property
    def counts(self) -> dict[str, int]:
        return self._known.counts

    def text(self, kind: Privacy | None, text: str) -> str:
        if (kind, text) not in self._done:
            self._done[kind, text] = held(kind, pasteable(kind, text, self._text(kind, text)))
        return self._done[kind, text]

    def again(self) -> None:
        """Ready for another pass over the same report, which finds what this one learned."""
        self._done.clear()

    def _text(self, kind: Privacy | None, text: str) -> str:  # noqa: C901  # one line a class
        match kind:
            case Privacy.HOST:
                return self._known.host(text)
            case Privacy.CODE:
                is_word = len(text) <= _CODE_LIMIT and not re.search(r"[\s.:@]", text)
                return text if is_word else self._known.free(text)
            case Privacy.TEXT | Privacy.RULES | Privacy.PROCESS:
                return self._known.free(text)
            case Privacy.COMMAND:
                return _MARK.sub(
                    lambda match: match[1] + self._mark(match[2]), self._known.free(_FILES.sub(self._named_file, text))
                )
            case Privacy.CHECK_ID:
                return self._id(text)
            case Privacy.DN:
                return self._name(text)
            case Privacy.PEER:
                return self._known.address(text) if network_of(text) else software(self._known.free(text))
            case Privacy.ALGORITHM:
                return algorithm(text)
            case Privacy.VIA:
                return self._via(text)
            case Privacy.FINGERPRINT:
                return text if text in self._kept else self._known.number("fingerprint", text)
            case Privacy.URL:
                return self._url(text)
            case Privacy.PATH:
                return self._path(text)
            case Privacy.INTERFACE:
                return self._known.interface(text)
            case Privacy.BYTES:
                return self._bytes(text)
            case Privacy.USER:
                return text  # `Always` was there
        return text if not text or text.isdigit() else REMOVED

    def arguments(self, words: list[str]) -> list[str]:
        out: list[str] = []
        option = ""
        for word in words:
            out.append(held(Privacy.ARGUMENTS, self._argument(option, word)))
            option = word if word.startswith("--") else ""
        return out

    def netbios(self, name: str, *, is_user: bool) -> str:
        return name if is_user or name.startswith("\x01") or "__" in name else self._known.host(name)

    def _argument(self, option: str, word: str) -> str:
        if option in _FILE_OPTIONS:
            return self._file(word)
        if option in _HOST_OPTIONS:
            return self._known.host(word)
        if option == "--product-version":
            return word
        if option == "--pin":
            algorithm, colon, digest = word.partition(":")
            return algorithm + colon + self._known.number("fingerprint", digest)
        if option == "--set":
            name, equals, value = word.partition("=")
            is_plain = name == "product_version" or re.fullmatch(
                r"\d{1,5}|true|false|yes|no|ios|android|mssql|mysql", value
            )
            return name + equals + (value if is_plain else self._known.host(value))
        return self._id(word) if "@" in word else self._known.free(word)

    def _file(self, text: str) -> str:
        suffix = re.search(r"\.\w{1,10}\Z", text)
        return self._known.number("file", text, suffix[0] if suffix else "")

    def _named_file(self, match: re.Match[str]) -> str:
        """As the command line quoted it."""
        try:
            (word,) = shlex.split(match[2])
        except ValueError:
            return match[1] + REMOVED
        return match[1] + self._file(word)

    def _mark(self, text: str) -> str:
        """Rules of ours bear a mark that is made of their addresses: whoever guesses those could prove the guess by
        it."""
        return text if text.startswith("0000") else self._marks.setdefault(text, f"{len(self._marks) + 1:08x}")

    def _id(self, text: str) -> str:
        match = _ID.match(text)
        if match:
            return f"{match['head']}@{self._known.host(match['value'])}{match['tail']}"
        return text if "@" not in text and len(text) <= _ID_LIMIT else self._known.free(text)

    def _name(self, text: str) -> str:
        """A distinguished name: attribute types and the country stay, and whole names of authorities in Mozilla's
        set."""
        if text in self._kept or not text:
            return text
        parts = re.split(r"(?<!\\)([,+/])", text)
        return "".join(part if number % 2 else self._attribute(part) for number, part in enumerate(parts))

    def _attribute(self, part: str) -> str:
        name, equals, value = part.partition("=")
        if not equals:
            return self._known.host(part) if part.strip() else part
        kind = name.strip().upper()
        if kind == "C" or not value or value.startswith(("serial-", REMOVED)):
            return part
        is_host = kind == "DC" or self._known.is_host(value)
        return name + equals + (self._known.host(value) if is_host else self._known.word(value))

    def _path(self, text: str) -> str:
        if _SYSTEM_PLACE.match(text) or not re.search(r"[\\/]", text):
            return self._known.free(text)
        return "..." + self._known.free(re.split(r"(?=[\\/])", text)[-1])

    def _url(self, text: str) -> str:
        match = re.match(r"(?i)([a-z][a-z0-9+.-]{1,20}://)([^/?#\s]*)", text)
        return f"{match[1]}{self._known.host(match[2])}/" if match else ("/" if text.startswith("/") else REMOVED)

    def _via(self, text: str) -> str:
        """1.1 proxy01 (squid/5.7), 1.1 other"""
        hops = [re.match(r"\s*(\S{1,20})\s+([^\s,()]+)(.*)\Z", hop, re.DOTALL) for hop in text.split(",")]
        return ", ".join(
            f"{hop[1]} {self._known.host(hop[2])}" + (f" {software(hop[3].strip())}" if hop[3].strip() else "")
            for hop in hops
            if hop
        )

    def _bytes(self, text: str) -> str:
        """As many of the first bytes as name the service, names in them overwritten."""
        try:
            data = bytes.fromhex(text)
        except ValueError:
            return REMOVED
        service = recognise(data)
        hidden = masked(data, self._known.free)
        if recognise(hidden) != service:
            return ""  # its name hangs on what must not be shown
        shortest = next((size for size in _PREFIXES if recognise(hidden[:size]) == service), len(hidden))
        return hidden[:shortest].hex()
