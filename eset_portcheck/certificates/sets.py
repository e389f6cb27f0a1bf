"""The three sets of authorities that a chain is put to, never mixed: the public ones (Mozilla's, or a file in their
place), the site's own, and what this machine trusts.

Source: openssl-env(7) for SSL_CERT_FILE and SSL_CERT_DIR; docs/contract.md#certificates.
"""

import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

from eset_portcheck import files
from eset_portcheck.certificates.authorities import NotMozillas, certificates, mozillas

MAX_BUNDLE_BYTES = 16 * 2**20  # every public authority there is takes less than one
MAX_FILES = 2000  # of a folder of authorities
SYSTEM, FILE, FOLDER = "system", "SSL_CERT_FILE", "SSL_CERT_DIR"
_OS_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def public(file: str | None) -> list[bytes] | None:
    """Mozilla's, unless there is a file in its place."""
    return _anchors(file) if file else _mozillas_anchors()


def of_site(file: str | None) -> list[bytes] | None:
    """None where no authority was given."""
    return _anchors(file) if file else None


def of_this_machine(source: str) -> list[bytes] | None:
    """`source`: SYSTEM for the operating system's store, FILE or FOLDER for what that variable names; None where there
    is none."""
    if source == FILE:
        file = os.environ.get(FILE)
        return _anchors(file) if file else None
    if source == FOLDER:
        return [der for folder in os.environ.get(FOLDER, "").split(os.pathsep) for der in _of_folder(folder)] or None
    if sys.platform == "win32":
        return [der for der, encoding, _ in ssl.enum_certificates("ROOT") if encoding == "x509_asn"] or None
    default = ssl.get_default_verify_paths().openssl_cafile
    return _anchors(next((one for one in (default, *_OS_BUNDLES) if Path(one).is_file()), ""))


def _anchors(file: str) -> list[bytes] | None:
    """The certificates of a PEM bundle, DER; None when it cannot be read or holds none."""
    try:
        text = files.read(Path(file), MAX_BUNDLE_BYTES).decode("ascii", "replace")
    except files.Unusable:
        return None
    return [der for der in certificates(text) if der] or None


def _of_folder(folder: str) -> Iterator[bytes]:
    try:
        found = sorted(Path(folder).iterdir())[:MAX_FILES] if folder else []
    except OSError:
        return
    for file in found:
        yield from _anchors(str(file)) or ()


def _mozillas_anchors() -> list[bytes]:
    """No authority at all where certifi's file is not Mozilla's: then nothing is public. The command line refuses to
    start before that."""
    try:
        return certificates(mozillas())
    except NotMozillas:
        return []
