"""The TLS stage: shake hands with everything, remember everything, judge nothing on the wire.

Verification is off and old versions are allowed *while talking*, so that the chain of a refused or outdated peer is
seen; what it is worth is judged apart (trust.py), at full strength.

Sources: RFC 8446 (TLS 1.3) 4.3.2, 6.2; RFC 5246 (TLS 1.2) 7.2, 7.4.4.
"""

import ssl
import warnings

from eset_portcheck.model.stage_detail import StageDetail
from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.net.channel import TlsChannel, watch_messages
from eset_portcheck.net.clock import Clock, Expired
from eset_portcheck.net.failure import StageFailed

# After a TLS 1.3 handshake the demand for a client certificate shows only at the first read.
AFTERWORD_S = 1.0
_ENCODING_DER = 2  # _ssl.ENCODING_DER
_CLIENT_CERTIFICATE_ALERTS = {116}  # certificate_required
# In TLS 1.2 a server that got our empty certificate list says one of these (RFC 5246 7.4.6), if it had asked for one.
_REFUSED_EMPTY_CERTIFICATE = {40, 42, 116}  # handshake_failure, bad_certificate, certificate_required


class Contexts:
    """One context per ALPN list and run: making one costs more than a handshake."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, ...], ssl.SSLContext] = {}
        self.sees_messages = True

    def get(self, alpn: tuple[str, ...]) -> ssl.SSLContext:
        if alpn not in self._made:
            self._made[alpn] = self._make(alpn)
        return self._made[alpn]

    def _make(self, alpn: tuple[str, ...]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
        if alpn:
            context.set_alpn_protocols(list(alpn))
        self.sees_messages = watch_messages(context)
        return context


class Handshake:
    """Facts of one handshake; `certificates` is the chain as sent, DER, leaf first (may be there although the handshake
    failed)."""

    def __init__(self, channel: TlsChannel, sees_messages: bool) -> None:
        self._channel = channel
        self._sees_messages = sees_messages
        self._demanded = False
        self.version: str | None = None
        self.cipher: str | None = None
        self.alpn: str | None = None

    @property
    def certificates(self) -> list[bytes]:
        return _chain(self._channel.tls)

    @property
    def client_certificate(self) -> str | None:
        if self._demanded:
            return "required"
        if self._channel.certificate_requested:
            return "requested"
        return "not-requested" if self._sees_messages and self.version else None

    async def shake(self) -> None:
        """Raises StageFailed with what was seen. A demanded client certificate is no failure: the peer speaks TLS and
        answered."""
        channel = self._channel
        try:
            await channel.handshake()
        except ssl.SSLError as error:
            if self._refused_for_want_of_certificate(error):
                self._demanded = True
                self._note()
                return
            raise self._broken(error) from error
        except OSError as error:
            raise StageFailed.of(error, self._seen()) from error
        self._note()

    async def attempted(self) -> TlsChannel | None:
        """The channel once TLS is up, or None: where TLS is an offer, its failure breaks nothing by itself."""
        try:
            await self.shake()
        except StageFailed:
            return None
        return self._channel

    def _note(self) -> None:
        """What was agreed, noted now: OpenSSL forgets it once an alert has come."""
        tls = self._channel.tls
        suite = tls.cipher()
        self.version = tls.version() or self._channel.version_seen
        self.cipher, self.alpn = suite[0] if suite else None, tls.selected_alpn_protocol()

    async def listen(self, clock: Clock, wait_s: float = AFTERWORD_S) -> None:
        """The afterword: only where a certificate was asked for (or nobody can tell), and only TLS 1.3 hides the
        demand."""
        if (
            self._demanded
            or self.version != "TLSv1.3"
            or (self._sees_messages and not self._channel.certificate_requested)
        ):
            return
        try:
            await clock.within(wait_s, self._channel.receive())
        except ssl.SSLError as error:
            self._demanded = bool(_CLIENT_CERTIFICATE_ALERTS & self._alerts(error))
        except (Expired, OSError, StageFailed):
            return

    def note(self, error: ssl.SSLError) -> bool:
        """An error of a later read: True when it is the late demand for a client certificate."""
        if _CLIENT_CERTIFICATE_ALERTS & self._alerts(error):
            self._demanded = True
        return self._demanded

    def _alerts(self, error: ssl.SSLError) -> set[int]:
        return set(self._channel.alerts) | _alert_of(error)

    def _refused_for_want_of_certificate(self, error: ssl.SSLError) -> bool:
        alerts = self._alerts(error)
        if _CLIENT_CERTIFICATE_ALERTS & alerts:
            return True
        return bool(self._channel.certificate_requested and alerts & _REFUSED_EMPTY_CERTIFICATE)

    def _seen(self) -> StageDetail:
        first = self._channel.first_bytes
        return StageDetail(received_bytes=self._channel.received_bytes, first_bytes=first[:64].hex() or None)

    def _broken(self, error: ssl.SSLError) -> StageFailed:
        channel = self._channel
        seen = self._seen()
        alerts = self._alerts(error)
        if not _looks_like_tls(channel.first_bytes):
            return StageFailed(Failure.NOT_TLS, seen)
        if alerts:
            return StageFailed(Failure.TLS_ALERT, StageDetail(alert=min(alerts)).onto(seen))
        return StageFailed(Failure.TLS_FAILED, StageDetail(openssl=error.reason).onto(seen))


def _looks_like_tls(first: bytes) -> bool:
    """A TLS record: content type 20 to 24, major version 3 (RFC 8446 5.1)."""
    return not first or (20 <= first[0] <= 24 and (len(first) < 2 or first[1] == 3))


def _alert_of(error: ssl.SSLError) -> set[int]:
    """The alert's number by OpenSSL's symbolic reason, for where the message hook is gone."""
    known = {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED": 116,
        "SSLV3_ALERT_HANDSHAKE_FAILURE": 40,
        "SSLV3_ALERT_BAD_CERTIFICATE": 42,
        "TLSV1_ALERT_PROTOCOL_VERSION": 70,
        "TLSV1_ALERT_INTERNAL_ERROR": 80,
        "TLSV1_ALERT_ACCESS_DENIED": 49,
        "TLSV1_UNRECOGNIZED_NAME": 112,
        "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": 120,
        "TLSV1_ALERT_INSUFFICIENT_SECURITY": 71,
        "TLSV1_ALERT_UNKNOWN_CA": 48,
        "SSLV3_ALERT_UNEXPECTED_MESSAGE": 10,
    }
    return {known[error.reason]} if error.reason in known else set()


def _chain(tls: ssl.SSLObject) -> list[bytes]:
    """The chain as the peer sent it. Public from Python 3.13 on; before, from the wrapped object; at worst the leaf
    alone."""
    public = getattr(tls, "get_unverified_chain", None)
    try:
        if public is not None:
            return list(public() or [])
        inner = tls._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # noqa: SLF001
        return [
            certificate.public_bytes(_ENCODING_DER) if not isinstance(certificate, bytes) else certificate
            for certificate in inner or []
        ]
    except (AttributeError, ValueError, TypeError, ssl.SSLError):
        pass
    try:
        leaf = tls.getpeercert(binary_form=True)
    except (ValueError, ssl.SSLError):
        return []
    return [leaf] if leaf else []
