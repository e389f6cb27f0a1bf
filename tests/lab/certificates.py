"""Certificates of the laboratory: its own authority, a rogue one, and server certificates good and bad.

Files NAME.pem and NAME.key in one folder: ca, rogue (authorities); good, big (RSA 4096, many names: a chain too large
for one small packet), expired, notyet, soon (10 days left), wronghost (by ca); mitm (the good names by rogue).
"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.lab.topology import NAMES

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Authority(NamedTuple):
    certificate: x509.Certificate
    key: Key


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Laboratory"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )


def _all_names() -> list[x509.GeneralName]:
    wildcard = "*.push.apple.com"
    names = [wildcard, *(name for name in NAMES if not name.endswith(wildcard[1:]))]
    addresses = sorted({address for answers in NAMES.values() for address in answers})
    return [*map(x509.DNSName, names), *(x509.IPAddress(ip_address(address)) for address in addresses)]


def _builder(
    subject: str, issuer: x509.Name, key: Key, issuer_key: Key, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _authority(name: str, now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = _builder(name, _subject(name), key, key, now - timedelta(days=900), now + timedelta(days=400))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(
        usage, critical=True
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def _server(
    by: Authority, name: str, key: Key, names: list[x509.GeneralName], start: datetime, end: datetime
) -> x509.Certificate:
    builder = _builder(f"{name}.lab.test", by.certificate.subject, key, by.key, start, end)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False).sign(
        by.key, hashes.SHA256()
    )


def _write(folder: Path, name: str, certificate: x509.Certificate, key: Key) -> None:
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.key").write_bytes(private)
    (folder / f"{name}.key").chmod(0o644)  # squid and others read it after they gave up root


def issue(folder: Path) -> None:
    """Makes all of them; the folder must exist."""
    now = datetime.now(UTC).replace(microsecond=0)
    day = timedelta(days=1)
    ca, rogue = _authority("Laboratory CA", now), _authority("Rogue CA", now)
    _write(folder, "ca", *ca)
    _write(folder, "rogue", *rogue)
    everything = _all_names()
    other: list[x509.GeneralName] = [x509.DNSName("other.example.test")]
    for name, by, names, start, end in (
        ("good", ca, everything, now - day, now + 390 * day),
        ("big", ca, everything, now - day, now + 390 * day),
        ("expired", ca, everything, now - 800 * day, now - 410 * day),
        ("notyet", ca, everything, now + 100 * day, now + 390 * day),
        ("soon", ca, everything, now - 80 * day, now + 10 * day),
        ("wronghost", ca, other, now - day, now + 390 * day),
        ("mitm", rogue, everything, now - day, now + 390 * day),
    ):
        key: Key = rsa.generate_private_key(65537, 4096) if name == "big" else ec.generate_private_key(ec.SECP256R1())
        _write(folder, name, _server(by, name, key, names, start, end), key)
