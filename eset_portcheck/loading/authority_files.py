"""Files of authorities, before anything is sent: one that holds none would count as given, and nothing would be judged
by it."""

import ssl
from pathlib import Path

from eset_portcheck import files
from eset_portcheck.certificates.authorities import NotMozillas, certificates, mozillas
from eset_portcheck.wrong_use import WrongUse

MAX_BYTES = 16 * 2**20


def refuse_unreadable(site_file: str | None, public_file: str | None, *, judges: bool = True) -> list[str]:
    """Raises WrongUse. `judges`: chains will be, by Mozilla's set where no other was given. What is returned is worth a
    line each: certificates that cannot be read are left out."""
    told = [line for file in (site_file, public_file) if file for line in _look(file)]
    if judges and not public_file:
        try:
            mozillas()
        except NotMozillas as error:
            raise WrongUse(f"{error}. Which authorities are public cannot be told; install certifi anew") from None
    return told


def _look(file: str) -> list[str]:
    shown = f"certificate file {file[:120]!a}"
    try:
        text = files.read(Path(file), MAX_BYTES).decode("ascii", "replace")
    except files.Unusable as error:
        raise WrongUse(f"{shown}: {error.args[0]}") from None
    found = certificates(text)
    odd = sum(not _is_read(der) for der in found)
    if odd == len(found):
        raise WrongUse(f"{shown}: contains no PEM certificate" + (f", {odd} that cannot be read" if odd else ""))
    return [f"{shown}: {odd} of {len(found)} certificates cannot be read; they are ignored"] if odd else []


def _is_read(der: bytes) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
    except (OSError, ValueError):  # ssl.SSLError is an OSError; b"" a ValueError
        return False
    return True
