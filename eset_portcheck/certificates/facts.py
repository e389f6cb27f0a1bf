"""One certificate as a report tells of it. Whatever a peer put into it, nothing here raises. Pure."""

import hashlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from eset_portcheck.certificates.distinguished import LIMIT as NAME_LIMIT
from eset_portcheck.certificates.distinguished import written
from eset_portcheck.certificates.names import of_subject
from eset_portcheck.model.observation import Certificate


def parsed(der: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_der_x509_certificate(der)
        # parsed on first use
        _ = (
            certificate.not_valid_after_utc,
            certificate.not_valid_before_utc,
            certificate.subject.public_bytes(),
            certificate.issuer.public_bytes(),
        )
    except (ValueError, x509.InvalidVersion, CryptographyDeprecationWarning):
        return None
    return certificate


def unreadable(der: bytes) -> Certificate:
    return Certificate(
        subject="",
        issuer="",
        not_before_utc="",
        not_after_utc="",
        sha256=hashlib.sha256(der).hexdigest(),
        key="unreadable",
    )


def described(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        subject=written(certificate.subject),
        issuer=written(certificate.issuer),
        not_before_utc=certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        not_after_utc=certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        names=[name[:NAME_LIMIT] for name in of_subject(certificate)[:20]],
        signature=signature_hash(certificate),
        key=_key(certificate),
        self_signed=certificate.subject == certificate.issuer,
    )


def signature_hash(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    return algorithm.name if algorithm else "none"


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
