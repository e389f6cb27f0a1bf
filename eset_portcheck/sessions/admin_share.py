"""ADMIN$ as the remote installation uses it: log on once, connect to the share, list its root, log off. One attempt; nothing is written.

smbprotocol speaks SMB 2.0.2 to 3.1.1 with signing and encryption; pysmb is for hosts that know SMB1 or 2.0.2 only. Both block: run in a thread.

Sources: MS-SMB2 3.2.4 (session setup, tree connect, query directory), MS-ERREF 2.3 (NTSTATUS).
"""

import logging
import uuid
from typing import Any

from eset_portcheck.sessions import Credentials, Missing

SHARE = "ADMIN$"
Facts = dict[str, Any]

# The statuses that administrators meet, by number; anything else is shown as its number.
STATUS_NAMES = {
    0xC0000022: "STATUS_ACCESS_DENIED",
    0xC000005E: "STATUS_NO_LOGON_SERVERS",
    0xC0000064: "STATUS_NO_SUCH_USER",
    0xC000006A: "STATUS_WRONG_PASSWORD",
    0xC000006D: "STATUS_LOGON_FAILURE",
    0xC000006E: "STATUS_ACCOUNT_RESTRICTION",
    0xC000006F: "STATUS_INVALID_LOGON_HOURS",
    0xC0000070: "STATUS_INVALID_WORKSTATION",
    0xC0000071: "STATUS_PASSWORD_EXPIRED",
    0xC0000072: "STATUS_ACCOUNT_DISABLED",
    0xC00000BB: "STATUS_NOT_SUPPORTED",
    0xC00000CC: "STATUS_BAD_NETWORK_NAME",
    0xC0000133: "STATUS_TIME_DIFFERENCE_AT_DC",
    0xC000015B: "STATUS_LOGON_TYPE_NOT_GRANTED",
    0xC000018D: "STATUS_TRUSTED_RELATIONSHIP_FAILURE",
    0xC0000193: "STATUS_ACCOUNT_EXPIRED",
    0xC0000224: "STATUS_PASSWORD_MUST_CHANGE",
    0xC0000234: "STATUS_ACCOUNT_LOCKED_OUT",
    0xC0000413: "STATUS_AUTHENTICATION_FIREWALL_FAILED",
    0xC0000418: "STATUS_NTLM_BLOCKED",
}


def check(address: str, port: int, host: str, credentials: Credentials, timeout_s: float, *, old_dialects: bool = False) -> Facts:
    """Facts: client, step (logon, tree, list, done), status (NTSTATUS name) and status_code where one was given, dialect, signed, encrypted.

    Raises Missing when the library is not installed. Network errors come back as {"error": class name}.
    """
    return _by_pysmb(address, port, host, credentials, timeout_s) if old_dialects else _by_smbprotocol(address, port, host, credentials, timeout_s)


def status(code: int) -> dict[str, Any]:
    code &= 0xFFFFFFFF
    return {"status_code": code, "status": STATUS_NAMES.get(code, f"0x{code:08X}")}


def _by_smbprotocol(address: str, port: int, host: str, credentials: Credentials, timeout_s: float) -> Facts:
    try:
        from smbprotocol.connection import Connection
        from smbprotocol.exceptions import SMBAuthenticationError, SMBException, SMBResponseException
        from smbprotocol.session import Session
        from smbprotocol.tree import TreeConnect
    except ImportError as error:
        raise Missing("smbprotocol") from error
    for name in ("smbprotocol", "spnego"):
        logger = logging.getLogger(name)  # they log user names; a handler that does nothing keeps their children off standard error too
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    facts: Facts = {"client": "smbprotocol", "step": "connect"}
    # MS-SMB2 3.3.5.7: with dialect 3.1.1 an unsigned TREE_CONNECT on an unencrypted session is refused, whoever asks
    connection = Connection(uuid.uuid4(), address, port, require_signing=True)
    user = f"{credentials.domain}\\{credentials.user}" if credentials.domain else credentials.user
    try:
        connection.connect(timeout=timeout_s)
        facts |= {"step": "logon", "dialect": f"0x{int(connection.dialect):04X}"}
        session = Session(connection, user, credentials.password, require_encryption=False, auth_protocol="ntlm")
        session.connect()
        facts |= {"step": "tree", "signed": bool(session.signing_required), "encrypted": bool(session.encrypt_data)}
        tree = TreeConnect(session, rf"\\{host}\{SHARE}")
        tree.connect()
        facts["step"] = "list"
        facts["entries"] = _entries(tree)
        facts["step"] = "done"
    except SMBResponseException as error:
        facts |= status(int(error.status))
    except SMBAuthenticationError as error:
        facts |= _status_behind(error)
    except (SMBException, OSError, ValueError) as error:
        facts |= _status_behind(error)
    except Exception as error:  # noqa: BLE001  # pyspnego's own tree of errors, and whatever hostile bytes cause in the library
        facts |= _status_behind(error)
    finally:
        try:
            connection.disconnect(close=True, timeout=1)
        except Exception:  # noqa: BLE001  # a farewell that fails says nothing
            facts.setdefault("farewell", "failed")
    return facts


def _status_behind(error: BaseException) -> dict[str, Any]:
    """The NTSTATUS that another exception wraps, else the class of the error (never its text: it may hold names)."""
    seen: BaseException | None = error
    while seen is not None:
        code = getattr(seen, "status", None)
        if isinstance(code, int):
            return status(int(code))
        seen = seen.__cause__ or seen.__context__
    return {"error": type(error).__name__}


def _entries(tree: Any) -> int:
    """How many entries the root of the share shows (at most one answer's worth)."""
    from smbprotocol.file_info import FileInformationClass
    from smbprotocol.open import (
        CreateDisposition,
        CreateOptions,
        DirectoryAccessMask,
        FileAttributes,
        ImpersonationLevel,
        Open,
        ShareAccess,
    )

    folder = Open(tree, "")
    folder.create(
        ImpersonationLevel.Impersonation,
        DirectoryAccessMask.FILE_LIST_DIRECTORY | DirectoryAccessMask.FILE_READ_ATTRIBUTES,
        FileAttributes.FILE_ATTRIBUTE_DIRECTORY,
        ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE,
        CreateDisposition.FILE_OPEN,
        CreateOptions.FILE_DIRECTORY_FILE,
    )
    try:
        return len(folder.query_directory("*", FileInformationClass.FILE_NAMES_INFORMATION))
    finally:
        folder.close()


def _by_pysmb(address: str, port: int, host: str, credentials: Credentials, timeout_s: float) -> Facts:
    try:
        from smb.base import NotReadyError, SMBTimeout
        from smb.smb_structs import OperationFailure, ProtocolError
        from smb.SMBConnection import SMBConnection
    except ImportError as error:
        raise Missing("pysmb") from error
    logging.getLogger("SMB").disabled = True
    facts: Facts = {"client": "pysmb", "step": "logon"}
    called = host.partition(".")[0].upper()[:15] if not host[:1].isdigit() else "*SMBSERVER"
    connection = SMBConnection(
        credentials.user, credentials.password, "PORTCHECK", called, domain=credentials.domain, use_ntlm_v2=True, is_direct_tcp=port == 445
    )
    try:
        if not connection.connect(address, port, timeout=timeout_s):
            return facts | status(0xC000006D)
        facts |= {"step": "tree", "dialect": "SMB2" if connection.isUsingSMB2 else "NT LM 0.12"}
        facts["entries"] = len(connection.listPath(SHARE, "/", timeout=timeout_s))
        facts["step"] = "done"
    except OperationFailure as error:
        facts |= _last_status(error)
    except (ProtocolError, NotReadyError, SMBTimeout, OSError) as error:
        facts["error"] = type(error).__name__
    except Exception as error:  # noqa: BLE001  # whatever hostile bytes cause in the library
        facts["error"] = type(error).__name__
    finally:
        connection.close()
    return facts


def _last_status(error: Any) -> dict[str, Any]:
    """The first NTSTATUS of an error in the messages that pysmb kept."""
    for message in getattr(error, "smb_messages", []):
        code = getattr(message, "status", 0)
        number = code if isinstance(code, int) else getattr(code, "internal_value", 0)
        if number & 0xC0000000 == 0xC0000000 and number != 0xC0000016:
            return status(number)
    return {"error": "OperationFailure"}
