"""OpenSSL's word on a chain: does a path lead from it to one of these authorities? Dates of the path are told, not
judged. Pure.

Source: RFC 5280 section 6 (path validation, by OpenSSL through pyOpenSSL).
"""

from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from eset_portcheck.certificates.facts import signature_hash
from eset_portcheck.certificates.names import BAD_EXTENSIONS

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME (x509_vfy.h); pyOpenSSL does not name it


class Link(NamedTuple):
    """What is asked of a certificate on the path. `hash`: that its signature was made with; "unknown" for one that
    cannot be read that far."""

    not_before: datetime
    not_after: datetime
    hash: str


def verified(store: crypto.X509Store, chain: list[x509.Certificate]) -> tuple[str, list[Link]]:
    """(trusted, untrusted, or weak: it holds only by SHA-1 or MD5; the path)."""
    leaf, others = chain[0], chain[1:]
    try:
        context = crypto.X509StoreContext(
            store, crypto.X509.from_cryptography(leaf), [crypto.X509.from_cryptography(one) for one in others] or None
        )
        path = [_link(one) for one in context.get_verified_chain()]
    except (crypto.X509StoreContextError, crypto.Error, ValueError):
        return "untrusted", []
    if not _for_servers(leaf):
        return "untrusted", []
    return ("weak" if any(one.hash in ("sha1", "md5") for one in path[:-1]) else "trusted"), path


def store_of(anchors: list[bytes], chain: list[x509.Certificate]) -> crypto.X509Store:
    """A store of those anchors that could have signed something in this chain: a public set has 140 of them, and
    OpenSSL needs two megabytes for all.

    OpenSSL reads each by itself: what it cannot read is no anchor, and costs the others nothing. cryptography is not
    asked, which may refuse what OpenSSL reads (roots with the serial number 0 are in Mozilla's set).
    """
    store = crypto.X509Store()
    # PARTIAL_CHAIN: a site may hand out an intermediate as its authority
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN | _NO_CHECK_TIME)
    names = {certificate.issuer.public_bytes() for certificate in chain} | {
        certificate.subject.public_bytes() for certificate in chain
    }
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
        return Link(read.not_valid_before_utc, read.not_valid_after_utc, signature_hash(read))
    except (ValueError, CryptographyDeprecationWarning):
        algorithm = certificate.get_signature_algorithm().decode("ascii", "replace").lower()
        weak = next((one for one in ("sha1", "md5") if one in algorithm), "unknown")
        return Link(_time(certificate.get_notBefore()), _time(certificate.get_notAfter()), weak)


def _time(text: bytes | None) -> datetime:
    """YYYYMMDDhhmmssZ (RFC 5280 4.1.2.5.2). Raises ValueError."""
    return datetime.strptime((text or b"").decode("ascii", "replace"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _for_servers(leaf: x509.Certificate) -> bool:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except BAD_EXTENSIONS:
        return False
    return ExtendedKeyUsageOID.SERVER_AUTH in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage
