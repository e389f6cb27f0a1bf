"""The sets of authorities that a chain is put to, read from files: Mozilla's or another public one, the site's own,
this machine's store."""

import os
import ssl
from pathlib import Path

from eset_portcheck import files
from eset_portcheck.certificates.authorities import NotMozillas, certificates, mozillas

MAX_BUNDLE_BYTES = 16 * 2**20  # every public authority there is takes less than one
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
    given = file or os.environ.get("SSL_CERT_FILE")
    return _anchors(given) if given else None


def of_this_machine() -> list[bytes] | None:
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
    """No authority at all where certifi's file is not Mozilla's: then nothing is public. The command line refuses to
    start before that."""
    try:
        return certificates(mozillas())
    except NotMozillas:
        return []
