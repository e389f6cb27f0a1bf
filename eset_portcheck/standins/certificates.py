"""A throw-away public-key infrastructure: an authority, and leaves that are right or wrong on purpose. Keys are EC
P-256.

Sources: RFC 5280 4.2 (extensions), 4.1.2.5 (validity); RFC 9525 6 (names).
"""

import ssl
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from eset_portcheck.model.addresses import parse_address

ClientCertificate = Literal["none", "optional", "required"]
Version = Literal["1.2", "1.3"]


class Period(NamedTuple):
    """Validity in days from now."""

    begins: float
    ends: float


VALID = Period(-1, 90)
EXPIRED = Period(-400, -35)
NOT_YET_VALID = Period(2, 90)
EXPIRES_SOON = Period(-80, 10)


class Leaf(NamedTuple):
    certificate_pem: bytes
    key_pem: bytes


class Authority:
    """A root that exists in memory only. Two of them are strangers to each other."""

    def __init__(self, common_name: str = "Demo Certification Authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(common_name)
        public = self._key.public_key()
        builder = _builder(self._name, self._name, public, Period(-1000, 3650))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        self._certificate = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(public), critical=False
        ).sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self._certificate.public_bytes(Encoding.PEM)

    def issue(self, names: Sequence[str], *, period: Period = VALID, common_name: str | None = None) -> Leaf:
        """A certificate for servers and clients. `names`: host names (`*` too, as ESET writes it) and addresses; none =
        no subjectAltName."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(
            _name(common_name or (names[0] if names else "nameless")), self._name, key.public_key(), period
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
            )
        return Leaf(
            builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )


def server_context(
    leaf: Leaf,
    *,
    client_certificate: ClientCertificate = "none",
    authority: Authority | None = None,
    version: Version | None = None,
    alpn: Sequence[str] = (),
) -> ssl.SSLContext:
    """A server's side of TLS. `authority` signs the clients whose certificate is accepted; `version` None: 1.2 and
    1.3."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, leaf)
    if version is not None:
        only = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
        context.minimum_version = context.maximum_version = only
    if authority is not None:
        context.load_verify_locations(cadata=authority.pem.decode("ascii"))
    context.verify_mode = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}[
        client_certificate
    ]
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def _load(context: ssl.SSLContext, leaf: Leaf) -> None:
    """The ssl module reads keys from files only: one lies in a directory of mode 0700 for this moment."""
    with tempfile.TemporaryDirectory(prefix="eset-portcheck-") as directory:
        file = Path(directory, "leaf.pem")
        file.touch(mode=0o600)
        file.write_bytes(leaf.key_pem + leaf.certificate_pem)
        context.load_cert_chain(file)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, period: Period
) -> x509.CertificateBuilder:
    now = datetime.now(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder(
            subject_name=subject, issuer_name=issuer, public_key=key, serial_number=x509.random_serial_number()
        )
        .not_valid_before(now + timedelta(days=period.begins))
        .not_valid_after(now + timedelta(days=period.ends))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "eset-portcheck demo"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _general(name: str) -> x509.GeneralName:
    address = parse_address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
