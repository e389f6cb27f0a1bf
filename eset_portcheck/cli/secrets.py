"""Credentials for ADMIN$: from a file that belongs to the user who runs and is closed to all others, or asked for on a
terminal.

Never from the command line or the environment.
"""

import sys
import tomllib
from pathlib import Path
from typing import Any

from eset_portcheck import interrupts
from eset_portcheck.cli.arguments import WrongUse
from eset_portcheck.files import Unusable, read
from eset_portcheck.sessions import Credentials

KEYS = ("user", "password", "domain")
MAX_BYTES = 65536


def from_file(name: str) -> Credentials:
    """Raises WrongUse; its words never repeat what the file holds."""
    option = "--credentials-file"  # not its name: it may be the password itself, typed in the wrong place
    try:
        data = read(Path(name), MAX_BYTES, private=True)
    except Unusable as error:
        raise WrongUse(f"{option}: {error.args[0]}") from None
    try:
        values: dict[str, Any] = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise WrongUse(f"{option}: not valid TOML (its text is not shown here)") from None
    if unknown := [key for key in values if key not in KEYS]:
        raise WrongUse(f"{option}: {len(unknown)} unknown key(s); allowed: {', '.join(KEYS)}")
    for key in ("user", "password"):
        if not isinstance(values.get(key), str) or not values[key]:
            raise WrongUse(f"{option}: {key} is missing or empty")
    if not isinstance(values.get("domain", ""), str):
        raise WrongUse(f"{option}: domain must be text")
    return Credentials(values["user"], values["password"], values.get("domain", ""))


def from_terminal() -> Credentials:
    """Asks on the terminal; where there is none, that is wrong use."""
    if not sys.stdin.isatty():
        raise WrongUse("--ask-credentials: standard input is not a terminal; use --credentials-file")
    import getpass

    sys.stderr.write("Account for ADMIN$ (DOMAIN\\user or user): ")
    sys.stderr.flush()
    with interrupts.Raising():  # the terminal echoes again
        name = sys.stdin.readline().strip()
        password = getpass.getpass("Password: ", stream=sys.stderr)
    domain, _, user = name.rpartition("\\")
    if not user or not password:
        raise WrongUse("--ask-credentials: enter user and password")
    return Credentials(user, password, domain)
