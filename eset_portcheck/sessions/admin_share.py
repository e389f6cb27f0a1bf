"""ADMIN$ as the remote installation uses it: log on once, connect to the share, list its root, log off. One attempt; nothing is written.

smbprotocol speaks SMB 2.0.2 to 3.1.1 with signing and encryption; pysmb is for hosts that know SMB1 or 2.0.2 only. Both block: run in a thread.

Sources: MS-SMB2 3.2.4 (session setup, tree connect, query directory), MS-ERREF 2.3 (NTSTATUS).
"""

from importlib import import_module
from typing import Any

from eset_portcheck.sessions import Credentials, Missing

SHARE = "ADMIN$"
Facts = dict[str, Any]


def check(address: str, port: int, host: str, credentials: Credentials, timeout_s: float, *, old_dialects: bool = False) -> Facts:
    """Facts: client, step (logon, tree, list, done), status (NTSTATUS name) and status_code where the host refused, dialect, signed, encrypted, guest.

    Two steps of `timeout_s` each at most: up to the log-on's end, and the share. Raises Missing when the library is not installed, Broke when the
    host gave no answer that the library could use.
    """
    package, client = ("pysmb", "by_pysmb") if old_dialects else ("smbprotocol", "by_smbprotocol")
    try:
        import_module("smb.SMBConnection" if old_dialects else "smbprotocol.connection")
    except ImportError as error:
        raise Missing(package) from error
    facts: Facts = import_module(f"eset_portcheck.sessions.{client}").check(address, port, host, SHARE, credentials, timeout_s)
    return facts
