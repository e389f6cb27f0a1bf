"""A share by smbprotocol: SMB 2.0.2 to 3.1.1, NTLM, signed or encrypted. Import it only where smbprotocol is installed.

Three parts of the library are replaced. Its transport reserves whatever length a peer announces (up to 4 GiB), and sets
no end to a peer that drips. Its `receive` waits for ever when the reader's thread died at the wrong moment. Its check
of signatures passes over what is not signed, and over whatever calls itself an answer to SESSION_SETUP: a host that
does not know the password could show any share.

Sources: MS-SMB2 2.1 (transport), 2.2.4 (SecurityMode), 2.2.6 (SessionFlags), 3.2.4, 3.2.5.1.3 (signatures of answers),
3.2.5.3.1 (guest sessions); MS-NLMP 2.2.1.3 (AUTHENTICATE).
"""

import contextlib
import logging
import uuid
from typing import Any

from msgspec.structs import replace
from smbprotocol.connection import Connection, Dialects, NtStatus, SecurityMode
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
from smbprotocol.session import Session, SMB2SessionSetupRequest
from smbprotocol.transport import Tcp
from smbprotocol.tree import TreeConnect

from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.sessions import Credentials
from eset_portcheck.sessions.allowance import MESSAGE_BYTES, Allowance, ClientFailed, Flooded, Spent, cause_of
from eset_portcheck.sessions.logons import Permit, Withheld
from eset_portcheck.sessions.ntstatus import refused, refuses
from eset_portcheck.wire import ntlm

_NEVER_S = 3600  # the library's own time-outs are not to come before ours
_FAREWELL_S = 1.0
_PROOF = b"NTLMSSP\0\x03\0\0\0"
_SESSION_SETUP = b"\x01\0"
_GUEST_OR_NULL = 0x03


def check(
    address: str, port: int, host: str, share: str, credentials: Credentials, timeout_s: float, permit: Permit
) -> StageDetail:
    """See admin_share.check."""
    for name in ("smbprotocol", "spnego"):
        # They log user names; a handler that does nothing keeps their children off standard error too.
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    facts = StageDetail(client="smbprotocol", step="connect")
    allowance = Allowance(timeout_s)
    # MS-SMB2 3.3.5.7: with dialect 3.1.1 an unsigned TREE_CONNECT on an unencrypted session is refused, whoever asks
    connection = _Connection(address, port, allowance, permit)
    user = f"{credentials.domain}\\{credentials.user}" if credentials.domain else credentials.user
    try:
        connection.connect(timeout=_NEVER_S)
        facts = replace(facts, step="logon", dialect=f"0x{int(connection.dialect):04X}")
        session = Session(connection, user, credentials.password, require_encryption=False, auth_protocol="ntlm")
        session.connect()
        allowance.renew()
        encrypted = bool(session.encrypt_data)
        # Encryption is a signature too.
        facts = replace(facts, step="tree", signed=encrypted or bool(session.signing_required), encrypted=encrypted)
        tree = TreeConnect(session, rf"\\{host}\{share}")
        tree.connect()
        facts = replace(facts, step="list")
        facts = replace(facts, step="done", entries=_entries(tree))
    except Withheld:
        raise
    except Exception as error:  # the library's tree of errors, pyspnego's, and whatever hostile bytes cause in them
        if facts.step == "logon" and connection.let_in_as_guest:
            return replace(facts, guest=True)
        if (code := _status_behind(error)) is not None:
            return refused(facts, code)
        cause = cause_of(error, ended=(SMBConnectionClosed,), wrong=(SMBException,))
        if cause is None:
            raise
        raise ClientFailed(
            cause, replace(facts, error=type(error).__name__, received_bytes=allowance.received_bytes)
        ) from error
    finally:
        if facts.signed:
            allowance.renew(_FAREWELL_S)
            with contextlib.suppress(Exception):  # a farewell that fails says nothing
                connection.disconnect(close=True)
        connection.end()
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
                try:
                    piece = self._sock.recv(count - len(got))
                except TimeoutError as error:
                    raise Spent from error  # at a time-out the library would send an echo and read on
            if not piece:
                self.close()
                return b""
            self._allowance.take(len(piece))
            got += piece
        return bytes(got)


class _Connection(Connection):  # type: ignore[misc]
    """Takes the bounded transport in place of the one that `connect` makes; waits no longer than its allowance;
    believes nothing unsigned."""

    def __init__(self, address: str, port: int, allowance: Allowance, permit: Permit) -> None:
        self._allowance = allowance
        self._permit = permit
        super().__init__(uuid.uuid4(), address, port, require_signing=True)

    def send(self, message: Any, *arguments: Any, **named: Any) -> Any:
        """Every message but compound ones; a proof of the password only with a permit. Raises Withheld."""
        if isinstance(message, SMB2SessionSetupRequest) and _PROOF in message["buffer"].get_value():
            signs = int(self.server_security_mode) & (
                SecurityMode.SMB2_NEGOTIATE_SIGNING_ENABLED | SecurityMode.SMB2_NEGOTIATE_SIGNING_REQUIRED
            )
            challenge = ntlm.challenge(self._bounded.last) if self._bounded else None
            self._permit.use(
                challenge, str(self.server_guid), signed=bool(signs) and int(self.dialect) >= Dialects.SMB_2_1_0
            )
        return super().send(message, *arguments, **named)

    def receive(
        self,
        request: Any,
        wait: bool = True,
        timeout: float | None = None,  # noqa: ARG002  # the allowance has the deadline
        resolve_symlinks: bool = True,  # noqa: ARG002
    ) -> Any:
        """The answer to a request. Raises Spent, and what ended the reader's thread."""
        while True:
            if not request.response_event.wait(self._allowance.left_s()):
                raise Spent
            with request.response_event_lock:
                self._check_worker_running()
                if not wait or request.response["status"].get_value() != NtStatus.STATUS_PENDING:
                    break
                request.response_event.clear()
            self._check_worker_running()  # a reader that ended just before the clearing will not set the event again
        return super().receive(request, wait=False, resolve_symlinks=False)

    def verify_signature(self, header: Any, session_id: int, force: bool = False) -> None:
        """Of each message that came unencrypted. Once there is a session, whatever the message says of itself. Raises
        SMBException."""
        for session in self.session_table.values():
            if header["status"].get_value() == NtStatus.STATUS_PENDING:
                return  # only says that the answer will come
            if session.encrypt_data:
                raise SMBException("not encrypted")
            session_id, force = session.session_id, True
        super().verify_signature(header, session_id, force)

    def _process_message_thread(self) -> None:
        try:
            super()._process_message_thread()
        except Exception:  # noqa: BLE001  # of its own clearing up, while we add a request; why it ended is told by _t_exc or the closed transport
            for request in list(self.outstanding_requests.values()):
                request.response_event.set()

    def end(self) -> None:
        """Closes the connection, and returns when the reader's thread has ended."""
        if self._bounded is not None:
            with contextlib.suppress(OSError):
                self._bounded.close()
        if self._t_worker is not None:
            self._t_worker.join(_FAREWELL_S)

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
        return (
            last[12:14] == _SESSION_SETUP
            and last[8:12] == bytes(4)
            and len(last) > 66
            and bool(last[66] & _GUEST_OR_NULL)
        )


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
