"""Files of authorities, before anything is sent: one that holds none would count as given, and nothing would be judged by it."""

import ssl
from pathlib import Path

from eset_portcheck import files, streams
from eset_portcheck.cli.arguments import WrongUse
from eset_portcheck.wire.authorities import NotMozillas, certificates, mozillas

MAX_BYTES = 16 * 2**20


def refuse_unreadable(site_file: str | None, public_file: str | None, *, quiet: bool, judges: bool = True) -> None:
    """Raises WrongUse. `judges`: chains will be, by Mozilla's set where no other was given. Certificates that cannot be read are left out, and counted on
    standard error."""
    for file in (site_file, public_file):
        if file:
            _look(file, quiet)
    if judges and not public_file:
        try:
            mozillas()
        except NotMozillas as error:
            raise WrongUse(f"{error}. Which authorities are public cannot be told; install certifi anew") from None


def _look(file: str, quiet: bool) -> None:
    shown = f"certificate file {file[:120]!a}"
    try:
        text = files.read(Path(file), MAX_BYTES).decode("ascii", "replace")
    except files.Unusable as error:
        raise WrongUse(f"{shown}: {error.args[0]}") from None
    found = certificates(text)
    odd = sum(not _is_read(der) for der in found)
    if odd == len(found):
        raise WrongUse(f"{shown}: contains no PEM certificate" + (f", {odd} that cannot be read" if odd else ""))
    if odd and not quiet:
        streams.tell(f"eset-portcheck: {shown}: {odd} of {len(found)} certificates cannot be read; they are ignored")


def _is_read(der: bytes) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
    except (OSError, ValueError):  # ssl.SSLError is an OSError; b"" a ValueError
        return False
    return True
