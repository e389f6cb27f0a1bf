"""Credentials for ADMIN$: from a file that only its owner can read, or asked for on a terminal. Never from the command line or the environment."""

import os
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

from eset_portcheck.cli.arguments import WrongUse
from eset_portcheck.sessions import Credentials

KEYS = ("user", "password", "domain")


def from_file(name: str) -> Credentials:
    """Raises WrongUse; its words never repeat what the file holds."""
    place = "--credentials-file"  # not its name: it may be the password itself, typed in the wrong place
    try:
        with Path(name).open("rb") as file:
            # Windows has no such bits; there the file's access list is the owner's business (docs/windows.md)
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise WrongUse(f"{place}: others can read it; chmod 600 it first")
            data = file.read(65536)
    except OSError as error:
        raise WrongUse(f"{place}: cannot be read: {error.strerror or type(error).__name__}") from error
    try:
        values: dict[str, Any] = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise WrongUse(f"{place}: not TOML (its text is not shown here)") from None
    if unknown := [key for key in values if key not in KEYS]:
        raise WrongUse(f"{place}: {len(unknown)} unknown key(s); allowed: {', '.join(KEYS)}")
    for key in ("user", "password"):
        if not isinstance(values.get(key), str) or not values[key]:
            raise WrongUse(f"{place}: {key} is missing or empty")
    if not isinstance(values.get("domain", ""), str):
        raise WrongUse(f"{place}: domain must be text")
    return Credentials(values["user"], values["password"], values.get("domain", ""))


def from_terminal() -> Credentials:
    """Asks on the terminal; where there is none, that is wrong use."""
    if not sys.stdin.isatty():
        raise WrongUse("--ask-credentials: standard input is no terminal; use --credentials-file")
    import getpass

    sys.stderr.write("Account for ADMIN$ (DOMAIN\\user or user): ")
    sys.stderr.flush()
    name = sys.stdin.readline().strip()
    domain, _, user = name.rpartition("\\")
    password = getpass.getpass("Password: ", stream=sys.stderr)
    if not user or not password:
        raise WrongUse("--ask-credentials: user and password are needed")
    return Credentials(user, password, domain)
