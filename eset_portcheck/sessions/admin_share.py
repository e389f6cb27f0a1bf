"""ADMIN$ as the remote installation uses it: log on once, connect to the share, list its root, log off. One attempt;
nothing is written.

smbprotocol speaks SMB 2.0.2 to 3.1.1, always signed or encrypted, and believes no answer that is neither; pysmb is for
hosts that know SMB1 only, and believes what it is told. Both block: run in a thread. Neither logs on without a permit,
which it uses when the proof of the password leaves.

Sources: MS-SMB2 3.2.4 (session setup, tree connect, query directory), MS-ERREF 2.3 (NTSTATUS).
"""

from importlib import import_module

from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.sessions import Credentials, Missing
from eset_portcheck.sessions.logons import Permit

SHARE = "ADMIN$"


def check(
    address: str,
    port: int,
    host: str,
    credentials: Credentials,
    timeout_s: float,
    permit: Permit,
    *,
    smb1: bool = False,
) -> StageDetail:
    """Facts: client, step (logon, tree, list, done), status (NTSTATUS name) and status_code where the host refused,
    dialect, signed, encrypted, guest.

    Two steps of `timeout_s` each at most: up to the log-on's end, and the share; then a farewell of a second. No thread
    outlives them. Raises Missing when the library is not installed, Withheld when the permit forbade the log-on,
    ClientFailed when the host gave no answer that the library could use.
    """
    package, client = ("pysmb", "by_pysmb") if smb1 else ("smbprotocol", "by_smbprotocol")
    try:
        import_module("smb.SMBConnection" if smb1 else "smbprotocol.connection")
    except ImportError as error:
        raise Missing(package) from error
    facts: StageDetail = import_module(f"eset_portcheck.sessions.{client}").check(
        address, port, host, SHARE, credentials, timeout_s, permit
    )
    return facts
