"""A share by pysmb, for hosts that know SMB1 only. Import it only where pysmb is installed.

It signs where the host can, and checks no signature of an answer: what it tells is the word of whoever answered. So a
log-on needs a permit for unsigned ones, and no host gets a second proof on one connection.

The library tells "refused" and nothing more; what the host answered is read from its messages as they pass. A host that
offers no extended security would get an answer by NTLMv1, which can be turned back into the password: no log-on is made
there.

Sources: MS-CIFS 2.2.3.1 (status), MS-SMB 2.2.4.5.2 (extended security), 2.2.4.6.2 (Action); MS-SMB2 2.2.6
(SessionFlags).
"""

import logging
from typing import Any

from msgspec.structs import replace
from nmb.nmb_structs import NMBError
from smb.base import NotConnectedError, NotReadyError, SMBTimeout
from smb.securityblob import BadSecurityBlobError, UnsupportedSecurityProvider
from smb.smb2_constants import SMB2_COM_SESSION_SETUP
from smb.smb_constants import SMB_COM_SESSION_SETUP_ANDX
from smb.smb_structs import OperationFailure, ProtocolError, UnsupportedFeature
from smb.SMBConnection import SMBConnection

from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.sessions import Credentials
from eset_portcheck.sessions.allowance import Allowance, ClientFailed, Spent, cause_of
from eset_portcheck.sessions.logons import WEAK, Permit, Withheld
from eset_portcheck.sessions.ntstatus import refused, refuses
from eset_portcheck.wire import ntlm

_WRONG = (
    ProtocolError,
    OperationFailure,
    NMBError,
    BadSecurityBlobError,
    UnsupportedSecurityProvider,
    UnsupportedFeature,
    NotReadyError,
)


def check(
    address: str, port: int, host: str, share: str, credentials: Credentials, timeout_s: float, permit: Permit
) -> StageDetail:
    """See admin_share.check."""
    logging.getLogger("SMB").disabled = True
    for name in ("SMB", "NMB"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    facts = StageDetail(client="pysmb", step="logon")
    allowance = Allowance(timeout_s)
    connection = _Connection(credentials, _called(host), port, allowance, permit)
    try:
        accepted = connection.connect(address, port, timeout=timeout_s)
        if connection.guest:
            return replace(facts, guest=True)
        if accepted:
            allowance.renew()
            facts = replace(
                facts,
                step="tree",
                dialect="SMB2" if connection.isUsingSMB2 else "NT LM 0.12",
                signed=bool(connection.is_signing_active),
                encrypted=False,
            )
            entries = len(connection.listPath(share, "/", timeout=timeout_s))
            return replace(facts, entries=entries, step="done")
    except Withheld:
        raise
    except Exception as error:  # the library's several trees of errors, and whatever hostile bytes cause in it
        if connection.refusal is None:
            cause = cause_of(error, ended=(NotConnectedError,), wrong=_WRONG)
            if isinstance(error, SMBTimeout):
                cause = Failure.TIMEOUT
            if cause is None:
                raise
            raise ClientFailed(cause, replace(facts, error=type(error).__name__)) from error
    finally:
        connection.close()
    if connection.refusal is None:
        raise ClientFailed(Failure.UNEXPECTED_BYTES, replace(facts, error="refused without a status"))
    return refused(facts, connection.refusal)


def _called(host: str) -> str:
    """The host's NetBIOS name where it was given by name."""
    return host.partition(".")[0].upper()[:15] if not host[:1].isdigit() and ":" not in host else "*SMBSERVER"


class _Connection(SMBConnection):  # type: ignore[misc]
    """Remembers the first status that refused (`refusal`) and whether the host let us in as a guest (`guest`); ends
    with its allowance."""

    def __init__(self, credentials: Credentials, called: str, port: int, allowance: Allowance, permit: Permit) -> None:
        self.refusal: int | None = None
        self.guest = False
        self._allowance = allowance
        self._permit = permit
        super().__init__(
            credentials.user, credentials.password, "PORTCHECK", called, domain=credentials.domain, use_ntlm_v2=True,
            sign_options=SMBConnection.SIGN_WHEN_SUPPORTED, is_direct_tcp=port != 139,
        )  # fmt: skip

    def _updateState_SMB1(self, message: Any) -> Any:  # noqa: N802  # the library's name
        self._note(int(message.status.internal_value))
        if message.isReply and message.command == SMB_COM_SESSION_SETUP_ANDX and not message.status.hasError:
            self.guest = bool(message.payload.action & 1)
        return super()._updateState_SMB1(message)

    def _updateState_SMB2(self, message: Any) -> Any:  # noqa: N802
        self._note(int(message.status))
        if message.isReply and message.command == SMB2_COM_SESSION_SETUP and message.status == 0:
            self.guest = bool(message.payload.isGuestSession or message.payload.isAnonymousSession)
        return super()._updateState_SMB2(message)

    def _note(self, status: int) -> None:
        if self.refusal is None and refuses(status):
            self.refusal = status

    def _handleNegotiateResponse_SMB1(self, message: Any) -> Any:  # noqa: N802
        if not (message.hasExtendedSecurity or message.payload.supportsExtendedSecurity):
            raise Withheld(WEAK)
        return super()._handleNegotiateResponse_SMB1(message)

    def _handleSessionChallenge_SMB1(self, message: Any, ntlm_token: Any) -> Any:  # noqa: N802
        self._permit.use(ntlm.challenge(bytes(ntlm_token)), signed=False)
        return super()._handleSessionChallenge_SMB1(message, ntlm_token)

    def _handleSessionChallenge_SMB2(self, message: Any, ntlm_token: Any) -> Any:  # noqa: N802
        self._permit.use(ntlm.challenge(bytes(ntlm_token)), signed=False)
        return super()._handleSessionChallenge_SMB2(message, ntlm_token)

    def onNMBSessionFailed(self) -> None:  # noqa: N802
        raise NotConnectedError  # the library would wait for more

    def _pollForNetBIOSPacket(self, timeout: float) -> None:  # noqa: ARG002, N802
        super()._pollForNetBIOSPacket(self._allowance.left_s())

    def _poll_for_data(self, expiry_time: float, read_len: int, data: bytes, timeout: float, poller: Any) -> Any:
        try:
            self._allowance.take(read_len)
        except Spent as error:
            raise SMBTimeout from error
        return super()._poll_for_data(
            expiry_time=expiry_time, read_len=read_len, data=data, timeout=timeout, poller=poller
        )
