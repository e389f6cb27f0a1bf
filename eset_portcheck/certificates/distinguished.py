"""Distinguished names as a report writes them (RFC 4514)."""

from cryptography import x509

LIMIT = 200
"""Characters: a peer's name is as long as it likes."""


def written(name: x509.Name) -> str:
    """Capped; of a name that no text can hold, a remark."""
    try:
        return name.rfc4514_string()[:LIMIT]
    except ValueError:
        return "(unreadable name)"
