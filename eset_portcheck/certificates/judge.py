"""What a chain is worth: OpenSSL's own verdict against three sets of authorities, the dates, the names. No network.

Imported only once a chain was received, and run in a thread: importing cryptography and loading the Mozilla set costs
tens of milliseconds.
"""

import threading
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from eset_portcheck.certificates import sets
from eset_portcheck.certificates.facts import described, parsed, unreadable
from eset_portcheck.certificates.names import matches
from eset_portcheck.certificates.path import Link, store_of, verified
from eset_portcheck.model.observation import TlsFacts

# A peer's odd certificate is a fact of the report, not a line on standard error.
warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)

MAX_CHAIN = 10


class Judge:
    """Three sets of authorities: public (Mozilla's, or the file in its place), site (--ca-file), this machine's (its
    store, SSL_CERT_FILE, SSL_CERT_DIR). `pins`: SHA-256 digests of certificates that the site's servers may show,
    lower-case hexadecimal."""

    ready = True

    def __init__(self, public_file: str | None, site_file: str | None, pins: Iterable[str] = ()) -> None:
        self._public_file = public_file
        self._site_file = site_file
        self._pins = frozenset(pins)
        self._lock = threading.Lock()
        self._anchors: dict[str, list[bytes] | None] = {}

    def judge(self, der: list[bytes], name: str, star_accepted: bool) -> TlsFacts:
        """Facts of the chain, leaf first. `star_accepted`: ESET's rule for site certificates, where the host field may
        be `*` or stand in the CN."""
        leaf = parsed(der[0]) if der else None
        # Whatever stands behind it: the peer proved to hold the key of the first certificate, and of no other.
        if leaf is None:
            odd = [unreadable(one) for one in der[:1]]
            pinned = any(one.sha256 in self._pins for one in odd) if self._pins and odd else None
            return TlsFacts(name=name, chain=odd, public="untrusted" if der else None, pinned=pinned)
        chain = [leaf, *(certificate for one in der[1:MAX_CHAIN] if (certificate := parsed(one)) is not None)]
        now = datetime.now(UTC)
        with self._lock:  # the bundles are read once
            public, path = self._ask("public", chain)
            site, site_path = self._ask("site", chain)
            os_store, source = self._ask_this_machine(chain) if public != "trusted" else (None, "")
        dated = path or site_path or [Link(leaf.not_valid_before_utc, leaf.not_valid_after_utc, "")]
        facts = [described(certificate) for certificate in chain]
        return TlsFacts(
            name=name,
            chain=facts,
            public=public,
            site=site,
            os_store=os_store,
            trusted_through=source,
            pinned=facts[0].sha256 in self._pins if self._pins else None,
            name_matches=matches(leaf, name, star_accepted=star_accepted),
            expired=any(one.not_after < now for one in dated),
            not_yet_valid=any(one.not_before > now for one in dated),
            expires_in_days=round((leaf.not_valid_after_utc - now).total_seconds() / 86400, 1),
            age_days=round((now - leaf.not_valid_before_utc).total_seconds() / 86400, 5),
        )

    def _ask_this_machine(self, chain: list[x509.Certificate]) -> tuple[str | None, str]:
        """(verdict of the first source that trusts it, its name; else of the last that there is, and nothing)."""
        told: str | None = None
        for source in (sets.SYSTEM, sets.FILE, sets.FOLDER):
            verdict, _ = self._ask(source, chain)
            if verdict == "trusted":
                return verdict, source
            told = verdict or told
        return told, ""

    def _ask(self, which: str, chain: list[x509.Certificate]) -> tuple[str | None, list[Link]]:
        """(verdict, path to the anchor). None where there is no such set. Signatures and constraints only: dates of the
        path are judged apart."""
        if which not in self._anchors:
            self._anchors[which] = self._load(which)
        anchors = self._anchors[which]
        if anchors is None:
            return None, []
        return verified(store_of(anchors, chain), chain)

    def _load(self, which: str) -> list[bytes] | None:
        if which == "public":
            return sets.public(self._public_file)
        return sets.of_site(self._site_file) if which == "site" else sets.of_this_machine(which)
