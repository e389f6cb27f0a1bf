"""What is public and the same for everybody: names of the vendor's and the platforms' services, and the addresses that
these rows were answered from.

tests/unit/test_redaction.py holds this against the profiles: every fixed target and redirect there is public.
"""

from eset_portcheck.model.addresses import parse_address, parse_host_port
from eset_portcheck.model.report import Report, Row

_PUBLIC = ("eset.com", "eset.eu", "eset.systems", "apple.com", "google.com", "googleapis.com", "gstatic.com")


def is_public_name(name: str) -> bool:
    """A name of theirs, or below it."""
    bare = name.lower().rstrip(".").removeprefix("*.")
    return any(bare == one or bare.endswith(f".{one}") for one in _PUBLIC)


def public_addresses(report: Report) -> frozenset[str]:
    """Global addresses that a public name was dialled at, directly. An address inside of the site is never public,
    whatever name it was given for."""
    moved = {found[0] for text in report.run.connect_to if (found := parse_host_port(text)) is not None}
    return frozenset(
        attempt.address
        for row in report.checks
        if _is_direct(row) and row.target not in moved
        for attempt in row.attempts
        if attempt.address and _is_global(attempt.address)
    )


def _is_direct(row: Row) -> bool:
    return row.via_destination is None and is_public_name(row.target)


def _is_global(text: str) -> bool:
    address = parse_address(text)
    return address is not None and address.is_global
