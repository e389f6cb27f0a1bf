"""What stands for what, in one report and its map: addresses, names, and numbers for the rest; and how they are found
in free text."""

import re

from eset_portcheck.model.report import Report, to_json
from eset_portcheck.redaction.addresses import Addresses, network_of
from eset_portcheck.redaction.names import Names
from eset_portcheck.redaction.vendor import is_public_name, public_addresses

Tables = dict[str, dict[str, str]]
NUMBERED = ("interface", "file", "fingerprint")

_TAKEN = re.compile(rb"(?i)\b(?:host|sub|domain|name|interface|file|fingerprint)-\d{1,6}\b")
_PSEUDONYM = re.compile(r"(?:interface|file|fingerprint)-\d{1,6}(?:\.\w{1,10})?\Z")
_OWN_WORDS = frozenset({"this-host", "this host", "localhost", ""})
_CODE = re.compile(r"(?:KDC|KRB|STATUS|EAI|ERR|NT|WSA)_[A-Z0-9_]+\Z|E[A-Z]{2,14}\Z")
_ENDPOINT = re.compile(r"(?P<host>\[[^\]]{1,60}\]|[^\s:\[\]]{1,253})(?P<port>:\d{1,5})?\Z")
# An address (not the end of a version: squid/5.7.1.2), a name with dots, or a word.
_TOKEN = re.compile(
    r"(?P<v6>(?<![\w:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:)[0-9A-Fa-f:]{2,39}(?:\d{1,3}(?:\.\d{1,3}){3})?(?:%[\w.-]{1,15})?(?:/\d{1,3})?(?![\w:]))"
    r"|(?P<v4>(?<![\w.])(?<![\w]/)\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?!\.?\d)(?![\w]))"
    r"|(?P<word>[^\W_](?:[\w.-]*\w)?)"
)
_ID_END = re.compile(r"\.(?:tcp|udp)-\d+(?:\.[\w-]+)?\Z")
HOST_LIKE = re.compile(r"(?=.*[A-Za-z])(?:[A-Za-z0-9_-]{1,63}\.)+[A-Za-z]{2,24}\Z")
# last parts of file names and settings: no domain ends so
_FILES = (
    "conf cfg toml json txt md csv html htm xml yaml yml pem crt cer key log exe dll sys so ko py sh ps1 bat ini db "
    "sock service socket target meta jar d"
)
_NO_TOP = frozenset(_FILES.split())
_INTERFACE = re.compile(
    r"(?:lo|eth|en|wl|ww|br|docker|veth|virbr|bond|team|vlan|tun|tap|wg|ppp|ib|sit|dummy)[\w.:@-]{0,14}\Z"
)


class Pseudonyms:
    """`made`: the map of an earlier run: its pseudonyms are used again, and never given anew."""

    def __init__(self, report: Report, made: Tables) -> None:
        self._taken = frozenset(found[0].decode().lower() for found in _TAKEN.finditer(to_json(report)))
        self._names = Names(self._taken)
        self._addresses = Addresses()
        self._written: dict[str, str] = {}  # addresses as they stood -> as they stand
        self._numbered: Tables = {kind: {} for kind in NUMBERED}
        self._public = public_addresses(report)
        self._fixed: frozenset[str] = frozenset()
        for text in made.get("address", {}):
            self.address(text)
        self._fixed = frozenset(self._written.values())
        for kind in ("label", "domain", "sub", "name"):
            for original, pseudonym in made.get(kind, {}).items():
                self._names.adopt(kind, original, pseudonym)
        for kind, table in self._numbered.items():
            table |= made.get(kind, {})
        self._given = self._taken.union(*(table.values() for table in self._numbered.values()))
        self._last = dict.fromkeys(NUMBERED, 0)

    @property
    def map(self) -> Tables:
        return {"address": self._written, **self._names.tables(), **self._numbered}

    @property
    def counts(self) -> dict[str, int]:
        """By the kinds that a reader is told."""
        found = {"address": len(self._written), "name": self._names.count} | {
            kind: len(pairs) for kind, pairs in self._numbered.items()
        }
        return {kind: count for kind, count in found.items() if count}

    def address(self, text: str) -> str:
        """An address or network, perhaps with a zone; what is none stays."""
        if text in self._public or text in self._fixed:
            return text
        if text in self._written:
            return self._written[text]
        found = network_of(text)
        if found is None:
            return text
        address, zone, length = found
        pseudonym = self._addresses.pseudonym(address, length if length != address.max_prefixlen else None)
        zone = "%" + self.interface(zone[1:]) if zone and not zone[1:].isdigit() else zone
        made = f"{pseudonym}{zone}" + (f"/{length}" if length is not None else "")
        if str(pseudonym) != str(address):
            self._written[text] = made
        return made

    def host(self, text: str) -> str:
        """host, host:port, [v6]:port, a list of them, or a word of ours in their place."""
        if text.lower() in _OWN_WORDS or (text.startswith("<") and text.endswith(">")) or _CODE.match(text):
            return text
        if network_of(text):
            return self.address(text)
        if re.search(r"[\s,]", text):
            return re.sub(r"[^\s,]+", lambda match: self.host(match[0]), text)
        match = _ENDPOINT.match(text)
        if match is None:
            return self.free(text)
        host, port = match["host"], match["port"] or ""
        if host.startswith("["):
            inner = host[1:-1]
            return f"[{self.address(inner) if network_of(inner) else self.word(inner)}]{port}"
        if network_of(host):
            return self.address(host) + port
        dot = "." if host.startswith(".") else ""  # no_proxy: .corp.local
        return dot + self._names.host(host.removeprefix(".")) + port

    def word(self, text: str) -> str:
        """A name that is no host's."""
        return self._names.word(text)

    def is_host(self, text: str) -> bool:
        return bool(
            HOST_LIKE.match(text) or text.startswith("*.") or network_of(text) or text.lower() in self._names.labels
        )

    def interface(self, text: str) -> str:
        return text if _INTERFACE.match(text) else self.number("interface", text)

    def number(self, kind: str, text: str, end: str = "") -> str:
        """kind-N, and `end` behind it (the suffix of a file)."""
        if not text or _PSEUDONYM.match(text):
            return text
        table = self._numbered[kind]
        if text not in table:
            table[text] = self._next(kind)
        return table[text] + end

    def _next(self, kind: str) -> str:
        """The lowest number that means nothing yet. Every number is tried once in a report's life: many names cost no
        more each than few."""
        while True:
            self._last[kind] += 1
            made = f"{kind}-{self._last[kind]}"
            if made not in self._given:
                return made

    def free(self, text: str) -> str:
        """Known names and all addresses in a text; and names that nobody gave, if they look like one."""
        return _TOKEN.sub(self._token, text)

    def _token(self, match: re.Match[str]) -> str:
        if match["word"] is None:
            return self.address(match[0])
        word, tail = match["word"], ""
        if end := _ID_END.search(word):
            if match.string[match.start() - 1 : match.start()] != "@":
                return word  # a check id without a value
            word, tail = word[: end.start()], end[0]
        known = self._names.known(word)
        if (
            known is None
            and HOST_LIKE.match(word)
            and not is_public_name(word)
            and word.rpartition(".")[2].lower() not in _NO_TOP
        ):
            known = self._names.host(word)
        return match[0] if known is None else known + tail
