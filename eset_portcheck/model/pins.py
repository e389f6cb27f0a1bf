"""Fingerprints of certificates as somebody gives them: `sha256:` and 64 hexadecimal digits, with or without colons
between the pairs, as openssl-x509(1) -fingerprint prints them. Pure."""

import re

_PIN = re.compile(r"(?:sha256|sha256 fingerprint)[:=]([0-9a-f]{64})", re.IGNORECASE)
_COLONS = re.compile(r"(?<=[0-9a-fA-F]{2}):(?=[0-9a-fA-F]{2})")


class NoPin(ValueError):
    """It is no such fingerprint."""


def pin_of(text: str) -> str:
    """64 hexadecimal digits, lower case. Raises NoPin."""
    algorithm, separator, digits = text.strip().partition("=" if "=" in text else ":")
    match = _PIN.fullmatch(algorithm + separator + _COLONS.sub("", digits))
    if match is None:
        raise NoPin("sha256: and 64 hexadecimal digits are needed")
    return match[1].lower()


def as_option(pin: str) -> str:
    """As the option takes it."""
    return f"sha256:{pin}"
