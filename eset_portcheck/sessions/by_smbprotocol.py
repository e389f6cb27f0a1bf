"""A share by smbprotocol: SMB 2.0.2 to 3.1.1, NTLM, signed or encrypted. Import it only where smbprotocol is installed.

The library's transport is replaced: its own one reserves whatever length a peer announces (up to 4 GiB), and sets no end to a peer that drips.

Sources: MS-SMB2 2.1 (transport), 2.2.6 (SessionFlags), 3.2.4, 3.2.5.3.1 (guest sessions).
"""

import logging
import uuid
from typing import Any

from smbprotocol.connection import Connection
from smbprotocol.exceptions import SMBConnectionClosed, SMBException
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
from smbprotocol.session import Session
from smbprotocol.transport import Tcp
from smbprotocol.tree import TreeConnect

from eset_portcheck.sessions import Credentials
from eset_portcheck.sessions.allowance import MESSAGE_BYTES, Allowance, Broke, Flooded, cause_of
from eset_portcheck.sessions.ntstatus import named, refuses

_NEVER_S = 3600  # the library's own time-outs are not to come before ours
_SESSION_SETUP = b"\x01\0"
_GUEST_OR_NULL = 0x03


def check(address: str, port: int, host: str, share: str, credentials: Credentials, timeout_s: float) -> dict[str, Any]:
    """See admin_share.check."""
    for name in ("smbprotocol", "spnego"):
        logger = logging.getLogger(name)  # they log user names; a handler that does nothing keeps their children off standard error too
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    facts: dict[str, Any] = {"client": "smbprotocol", "step": "connect"}
    allowance = Allowance(timeout_s)
    # MS-SMB2 3.3.5.7: with dialect 3.1.1 an unsigned TREE_CONNECT on an unencrypted session is refused, whoever asks
    connection = _Connection(address, port, allowance)
    user = f"{credentials.domain}\\{credentials.user}" if credentials.domain else credentials.user
    try:
        connection.connect(timeout=_NEVER_S)
        facts |= {"step": "logon", "dialect": f"0x{int(connection.dialect):04X}"}
        session = Session(connection, user, credentials.password, require_encryption=False, auth_protocol="ntlm")
        session.connect()
        allowance.renew()
        facts |= {"step": "tree", "signed": bool(session.signing_required), "encrypted": bool(session.encrypt_data)}
        tree = TreeConnect(session, rf"\\{host}\{share}")
        tree.connect()
        facts["step"] = "list"
        facts["entries"] = _entries(tree)
        facts["step"] = "done"
    except Exception as error:  # the library's tree of errors, pyspnego's, and whatever hostile bytes cause in them
        if connection.let_in_as_guest:
            return facts | {"guest": True}
        if (code := _status_behind(error)) is not None:
            return facts | named(code)
        cause = cause_of(error, ended=(SMBConnectionClosed,), wrong=(SMBException,))
        if cause is None:
            raise
        raise Broke(cause, error=type(error).__name__, received_bytes=allowance.received_bytes, **facts) from error
    finally:
        try:
            connection.disconnect(close=True, timeout=1)
        except Exception:  # noqa: BLE001  # a farewell that fails says nothing
            facts.setdefault("farewell", "failed")
    return facts


class _Bounded(Tcp):  # type: ignore[misc]
    """The library's transport with an end: `allowance` bounds its time and bytes. The last message stays in `last`."""

    def __init__(self, server: str, port: int, allowance: Allowance) -> None:
        super().__init__(server, port, allowance.left_s())
        self._allowance = allowance
        self.last = b""

    def recv(self, timeout: float) -> bytes:  # noqa: ARG002  # the library's signature
        """One message; b"" at the end of the connection. Raises Spent, Flooded, OSError."""
        size = int.from_bytes(self._exactly(4), "big")
        if size > MESSAGE_BYTES:
            raise Flooded
        self.last = self._exactly(size)
        return self.last

    def _exactly(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count:
            with self._close_lock:  # `close` waits for it before it takes the socket away
                if not self.connected:
                    return b""
                self._sock.settimeout(self._allowance.left_s())
                piece = self._sock.recv(count - len(got))
            if not piece:
                self.close()
                return b""
            self._allowance.take(len(piece))
            got += piece
        return bytes(got)


class _Connection(Connection):  # type: ignore[misc]
    """Takes the bounded transport in place of the one that `connect` makes."""

    def __init__(self, address: str, port: int, allowance: Allowance) -> None:
        self._allowance = allowance
        super().__init__(uuid.uuid4(), address, port, require_signing=True)

    @property
    def transport(self) -> _Bounded | None:
        return self._bounded

    @transport.setter
    def transport(self, made: Tcp | None) -> None:
        self._bounded = None if made is None else _Bounded(made.server, made.port, self._allowance)

    @property
    def let_in_as_guest(self) -> bool:
        """The host accepted the log-on, but not as that account (a guest cannot sign, so the library stops there)."""
        last = self._bounded.last if self._bounded else b""
        return last[12:14] == _SESSION_SETUP and last[8:12] == bytes(4) and len(last) > 66 and bool(last[66] & _GUEST_OR_NULL)


def _status_behind(error: BaseException) -> int | None:
    """The NTSTATUS that an exception carries or wraps."""
    one: BaseException | None = error
    while one is not None:
        code = getattr(one, "status", None)
        if isinstance(code, int) and refuses(int(code)):
            return int(code)
        one = one.__cause__ or one.__context__
    return None


def _entries(tree: Any) -> int:
    """How many entries the root of the share shows (at most one answer's worth)."""
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
