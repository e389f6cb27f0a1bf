"""Is a certificate for this host? DNS names and addresses of the subjectAltName, and ESET's own rule beside them. Pure.

Sources: RFC 6125 section 6.4 (names), RFC 9525 (no partial wildcards);
docs/decisions/0029-host-names-are-matched-by-our-own-lines.md.
"""

from cryptography import x509
from cryptography.x509.oid import NameOID

from eset_portcheck.model.addresses import parse_address

# What reading a peer's extensions may raise: two of a kind, a kind of name nobody knows, bytes that are none.
BAD_EXTENSIONS = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError, TypeError)


def of_subject(certificate: x509.Certificate) -> list[str]:
    """DNS names and addresses of the subjectAltName."""
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *BAD_EXTENSIONS):
        return []
    return [*alternative.get_values_for_type(x509.DNSName), *map(str, alternative.get_values_for_type(x509.IPAddress))]


def _common_names(certificate: x509.Certificate) -> list[str]:
    return [str(part.value) for part in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def matches(certificate: x509.Certificate, name: str, *, star_accepted: bool) -> bool:
    """Is the certificate for `name` (a host name or an address)?

    `star_accepted` adds ESET's rule for certificates of the site's own authority: `*` covers every host, and without a
    subjectAltName the common name counts, where the product writes "Server at HOST".
    """
    offered = of_subject(certificate)
    if star_accepted and not offered:
        offered = [part.removeprefix("Server at ").strip() for part in _common_names(certificate)]
        offered = [one for part in offered for one in part.replace(",", " ").replace(";", " ").split()]
    if star_accepted and "*" in offered:
        return True
    address = parse_address(name)
    if address is None:
        return any(_dns_match(pattern, name) for pattern in offered)
    return any("%" not in pattern and parse_address(pattern) == address for pattern in offered)


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
