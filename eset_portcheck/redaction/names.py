"""Pseudonyms for host names and domains: pc7.site2.corp.local -> host-1.sub-1.domain-1.example.

The last two labels are the domain, because that is what the rules look at when they ask whether two names have one
owner. The first label of a longer name is a host wherever it stands: PC7, pc7 and pc7.corp.local are one. Capitals stay
capitals (NetBIOS names, realms).
"""

import re

from eset_portcheck.redaction.common_words import COMMON_WORDS
from eset_portcheck.redaction.vendor import is_public_name

TOP = "example"  # reserved (RFC 2606)
_PSEUDONYM = re.compile(r"(?:host|sub|domain|name)-\d{1,6}\Z", re.IGNORECASE)
_LABEL = re.compile(r"[^\s.:/@\[\](){}<>'\"=,;]{1,63}\Z")
_SHORTEST = 3  # letters of a bare name that is looked for in free text


class Names:
    """Name -> pseudonym; grows with what it is asked for. `taken`: pseudonyms that stand in the report already, which
    mean what they mean."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}
        self.labels: dict[str, str] = {}  # bare label, lower case -> host-N
        self.domains: dict[str, str] = {}  # two labels -> domain-N.example
        self._subs: dict[str, str] = {}
        self.other: dict[str, str] = {}  # anything else that names somebody: parts of distinguished names

    def host(self, name: str) -> str:
        """A host name or domain, in whatever case; a leading *. and a final dot stay."""
        if not any(sign.isalnum() for sign in name) or is_public_name(name):
            return name
        star, bare = ("*.", name[2:]) if name.startswith("*.") else ("", name)
        bare, dot = (bare[:-1], ".") if bare.endswith(".") else (bare, "")
        labels = bare.split(".")
        if not all(_LABEL.match(label) for label in labels):
            return self.word(name)
        if len(labels) == 1:
            return star + self._cased(bare, self._label(bare.lower())) + dot
        domain = self._domain(".".join(labels[-2:]).lower())
        front = [self._label(labels[0].lower())] if len(labels) > 2 and not star else []
        middle = labels[len(front) : -2]
        return (
            star + self._cased(bare, ".".join([*front, *(self._sub(label.lower()) for label in middle), domain])) + dot
        )

    def word(self, text: str) -> str:
        """A name of any other kind: of an authority, an organisation."""
        if _PSEUDONYM.match(text):
            return text
        if text not in self.other:
            self.other[text] = self._number("name")
        return self.other[text]

    def known(self, name: str) -> str | None:
        """What a word in free text stands for; None when it is no name that the report gives elsewhere."""
        bare = name.lower().rstrip(".")
        if "." not in bare:
            return (
                self._cased(name, self.labels[bare])
                if bare in self.labels and len(bare) >= _SHORTEST and bare not in COMMON_WORDS
                else None
            )
        if is_public_name(bare):
            return None
        if ".".join(bare.split(".")[-2:]) in self.domains:
            return self.host(name)
        return None

    @property
    def count(self) -> int:
        return len({*self.labels.values(), *self._subs.values(), *self.domains.values(), *self.other.values()})

    def adopt(self, kind: str, original: str, pseudonym: str) -> None:
        """One line of an earlier map."""
        table = {"label": self.labels, "domain": self.domains, "sub": self._subs, "name": self.other}.get(kind)
        if table is not None:
            table[original] = pseudonym
            self._taken.add(pseudonym.partition(".")[0].lower())

    def tables(self) -> dict[str, dict[str, str]]:
        return {"label": self.labels, "domain": self.domains, "sub": self._subs, "name": self.other}

    def _label(self, label: str) -> str:
        if _PSEUDONYM.match(label) or label.startswith("_"):  # of a service: _kerberos._udp
            return label
        if label not in self.labels:
            self.labels[label] = self._number("host")
        return self.labels[label]

    def _sub(self, label: str) -> str:
        if _PSEUDONYM.match(label) or label.startswith("_"):
            return label
        if label not in self._subs:
            self._subs[label] = self._number("sub")
        return self._subs[label]

    def _domain(self, domain: str) -> str:
        first, _, last = domain.partition(".")
        if _PSEUDONYM.match(first) and last == TOP:
            return domain
        if domain not in self.domains:
            number = self._number("domain")
            self.domains[domain] = f"{number}.{TOP}"
            self.labels.setdefault(first, number)  # a NetBIOS domain is named after the DNS domain
        return self.domains[domain]

    def _number(self, kind: str) -> str:
        while True:
            self._next[kind] = self._next.get(kind, 0) + 1
            made = f"{kind}-{self._next[kind]}"
            if made not in self._taken:
                return made

    @staticmethod
    def _cased(before: str, after: str) -> str:
        return after.upper() if before.isupper() else after
