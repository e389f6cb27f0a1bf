"""What names an authority of Mozilla's set, and therefore nobody's own: the only names and fingerprints of certificates
that a strict report keeps.

Decided against the set itself, never by what a report says of its chains: "trusted" may mean a set that SSL_CERT_FILE
put in its place, and a report that was read from a file may say anything. Of an intermediate a report holds names and a
digest, which prove nothing, so its names go.
"""

import hashlib
import warnings
from functools import cache

from eset_portcheck.certificates.authorities import NotMozillas, certificates, mozillas
from eset_portcheck.certificates.distinguished import written


@cache
def public_anchors() -> frozenset[str]:
    """Distinguished names, as a report writes them, and SHA-256 digests in hexadecimal. Empty where the set cannot be
    had: then nothing is kept."""
    from cryptography import x509
    from cryptography.utils import CryptographyDeprecationWarning

    try:
        ders = certificates(mozillas())
    except NotMozillas:
        return frozenset()
    kept: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for der in ders:
            try:
                name = written(x509.load_der_x509_certificate(der).subject)
            except (ValueError, CryptographyDeprecationWarning):  # an odd root: nothing of it is kept
                continue
            kept |= {name, hashlib.sha256(der).hexdigest()}
    return frozenset(kept)
