"""What a chain is worth: OpenSSL's own verdict against three sets of authorities, the dates, the names. No network.

Imported only once a chain was received, and run in a thread: importing cryptography and loading the Mozilla set costs tens of milliseconds.

Sources: RFC 5280 section 6 (path validation, by OpenSSL through pyOpenSSL); RFC 6125 section 6.4 (names), RFC 9525 (no partial wildcards);
certifi (Mozilla's roots).
"""

import hashlib
import ipaddress
import os
import ssl
import threading
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import crypto

from eset_portcheck import files
from eset_portcheck.model.observation import Certificate, TlsFacts
from eset_portcheck.wire.authorities import NotMozillas, certificates, mozillas
from eset_portcheck.wire.distinguished import LIMIT as NAME_LIMIT
from eset_portcheck.wire.distinguished import written

# A peer's odd certificate is a fact of the report, not a line on standard error.
warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME (x509_vfy.h); pyOpenSSL does not name it
# What reading a peer's extensions may raise: two of a kind, a kind of name nobody knows, bytes that are none.
_BAD_EXTENSIONS = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError, TypeError)
MAX_CHAIN = 10
MAX_BUNDLE_BYTES = 16 * 2**20  # every public authority there is takes less than one
_OS_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class Link(NamedTuple):
    """What is asked of a certificate on the path. `hash`: that its signature was made with; "unknown" for one that cannot be read that far."""

    not_before: datetime
    not_after: datetime
    hash: str


class Judge:
    """Three sets of authorities: public (Mozilla, or SSL_CERT_FILE in its place), site (--ca-file), this machine's own store."""

    ready = True

    def __init__(self, public_file: str | None, site_file: str | None) -> None:
        self._public_file = public_file
        self._site_file = site_file
        self._lock = threading.Lock()
        self._anchors: dict[str, list[bytes] | None] = {}

    def judge(self, der: list[bytes], name: str, star_accepted: bool) -> TlsFacts:
        """Facts of the chain, leaf first. `star_accepted`: ESET's rule for site certificates, where the host field may be `*` or stand in the CN."""
        leaf = _parse(der[0]) if der else None
        if leaf is None:  # whatever stands behind it: the peer proved to hold the key of the first certificate, and of no other
            return TlsFacts(name=name, chain=[_unreadable(one) for one in der[:1]], public="untrusted" if der else None)
        chain = [leaf, *(certificate for one in der[1:MAX_CHAIN] if (certificate := _parse(one)) is not None)]
        now = datetime.now(UTC)
        with self._lock:  # the bundles are read once
            public, path = self._ask("public", chain)
            site, site_path = self._ask("site", chain)
            os_store, _ = self._ask("os", chain) if public != "trusted" else (None, [])
        dated = path or site_path or [Link(leaf.not_valid_before_utc, leaf.not_valid_after_utc, "")]
        return TlsFacts(
            name=name,
            chain=[_describe(certificate) for certificate in chain],
            public=public,
            site=site,
            os_store=os_store,
            name_matches=matches(leaf, name, star_accepted=star_accepted),
            expired=any(one.not_after < now for one in dated),
            not_yet_valid=any(one.not_before > now for one in dated),
            expires_in_days=round((leaf.not_valid_after_utc - now).total_seconds() / 86400, 1),
        )

    def _ask(self, which: str, chain: list[x509.Certificate]) -> tuple[str | None, list[Link]]:
        """(verdict, path to the anchor). None where there is no such set. Signatures and constraints only: dates of the path are judged apart."""
        if which not in self._anchors:
            self._anchors[which] = self._load(which)
        anchors = self._anchors[which]
        if anchors is None:
            return None, []
        return _verify(_store(anchors, chain), chain)

    def _load(self, which: str) -> list[bytes] | None:
        if which == "public":
            return _anchors(self._public_file) if self._public_file else _mozillas_anchors()
        if which == "site":
            file = self._site_file or os.environ.get("SSL_CERT_FILE")
            return _anchors(file) if file else None
        default = ssl.get_default_verify_paths().openssl_cafile
        return _anchors(next((one for one in (default, *_OS_BUNDLES) if Path(one).is_file()), ""))


def _anchors(file: str) -> list[bytes] | None:
    """The certificates of a PEM bundle, DER; None when it cannot be read or holds none."""
    try:
        text = files.read(Path(file), MAX_BUNDLE_BYTES).decode("ascii", "replace")
    except files.Unusable:
        return None
    return [der for der in certificates(text) if der] or None


def _mozillas_anchors() -> list[bytes]:
    """No authority at all where certifi's file is not Mozilla's: then nothing is public. The command line refuses to start before that."""
    try:
        return certificates(mozillas())
    except NotMozillas:
        return []


def _store(anchors: list[bytes], chain: list[x509.Certificate]) -> crypto.X509Store:
    """A store of those anchors that could have signed something in this chain: a public set has 140 of them, and OpenSSL needs two megabytes for all.

    OpenSSL reads each by itself: what it cannot read is no anchor, and costs the others nothing. cryptography is not asked, which may refuse what OpenSSL
    reads (roots with the serial number 0 are in Mozilla's set).
    """
    store = crypto.X509Store()
    # PARTIAL_CHAIN: a site may hand out an intermediate as its authority
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN | _NO_CHECK_TIME)
    names = {certificate.issuer.public_bytes() for certificate in chain} | {certificate.subject.public_bytes() for certificate in chain}
    for der in anchors:
        if any(name in der for name in names):
            try:
                store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, der))
            except (ValueError, crypto.Error):
                continue
    return store


def _link(certificate: crypto.X509) -> Link:
    """By OpenSSL where cryptography refuses it: an anchor is not asked for more than its dates."""
    try:
        read = certificate.to_cryptography()
        return Link(read.not_valid_before_utc, read.not_valid_after_utc, _hash(read))
    except (ValueError, CryptographyDeprecationWarning):
        algorithm = certificate.get_signature_algorithm().decode("ascii", "replace").lower()
        weak = next((one for one in ("sha1", "md5") if one in algorithm), "unknown")
        return Link(_time(certificate.get_notBefore()), _time(certificate.get_notAfter()), weak)


def _time(text: bytes | None) -> datetime:
    """YYYYMMDDhhmmssZ (RFC 5280 4.1.2.5.2). Raises ValueError."""
    return datetime.strptime((text or b"").decode("ascii", "replace"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _verify(store: crypto.X509Store, chain: list[x509.Certificate]) -> tuple[str, list[Link]]:
    """(trusted, untrusted, or weak: it holds only by SHA-1 or MD5; the path)."""
    leaf, others = chain[0], chain[1:]
    try:
        context = crypto.X509StoreContext(store, crypto.X509.from_cryptography(leaf), [crypto.X509.from_cryptography(one) for one in others] or None)
        path = [_link(one) for one in context.get_verified_chain()]
    except (crypto.X509StoreContextError, crypto.Error, ValueError):
        return "untrusted", []
    if not _for_servers(leaf):
        return "untrusted", []
    return ("weak" if any(one.hash in ("sha1", "md5") for one in path[:-1]) else "trusted"), path


def _for_servers(leaf: x509.Certificate) -> bool:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except _BAD_EXTENSIONS:
        return False
    return ExtendedKeyUsageOID.SERVER_AUTH in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage


def _hash(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    return algorithm.name if algorithm else "none"


def _parse(der: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_der_x509_certificate(der)
        # parsed on first use
        _ = certificate.not_valid_after_utc, certificate.not_valid_before_utc, certificate.subject.public_bytes(), certificate.issuer.public_bytes()
    except (ValueError, x509.InvalidVersion, CryptographyDeprecationWarning):
        return None
    return certificate


def _unreadable(der: bytes) -> Certificate:
    return Certificate(subject="", issuer="", not_before_utc="", not_after_utc="", sha256=hashlib.sha256(der).hexdigest(), key="unreadable")


def _describe(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        subject=written(certificate.subject),
        issuer=written(certificate.issuer),
        not_before_utc=certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        not_after_utc=certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        names=[name[:NAME_LIMIT] for name in _names(certificate)[:20]],
        signature=_hash(certificate),
        key=_key(certificate),
        self_signed=certificate.subject == certificate.issuer,
    )


def _key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    return "DSA" if isinstance(key, dsa.DSAPublicKey) else type(key).__name__.removesuffix("PublicKey")


def _names(certificate: x509.Certificate) -> list[str]:
    """DNS names and addresses of the subjectAltName."""
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *_BAD_EXTENSIONS):
        return []
    return [*alternative.get_values_for_type(x509.DNSName), *map(str, alternative.get_values_for_type(x509.IPAddress))]


def _common_names(certificate: x509.Certificate) -> list[str]:
    return [str(part.value) for part in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def matches(certificate: x509.Certificate, name: str, *, star_accepted: bool) -> bool:
    """Is the certificate for `name` (a host name or an address)?

    `star_accepted` adds ESET's rule for certificates of the site's own authority: `*` covers every host, and without a subjectAltName the common name
    counts, where the product writes "Server at HOST".
    """
    offered = _names(certificate)
    if star_accepted and not offered:
        offered = [part.removeprefix("Server at ").strip() for part in _common_names(certificate)]
        offered = [one for part in offered for one in part.replace(",", " ").replace(";", " ").split()]
    if star_accepted and "*" in offered:
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return any(_dns_match(pattern, name) for pattern in offered)
    return any(_same_address(one, address) for one in offered)


def _same_address(text: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return ipaddress.ip_address(text) == address
    except ValueError:
        return False


def _dns_match(pattern: str, name: str) -> bool:
    """RFC 9525 section 6.3: the wildcard is the whole left-most label and stands for exactly one."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern == name:
        return bool(name)
    head, _, rest = pattern.partition(".")
    if head != "*" or "." not in rest:
        return False
    label, _, remainder = name.partition(".")
    return bool(label) and remainder == rest
