"""Kerberos on UDP 88 (and TCP 88, which an over-large reply needs): an AS-REQ for a random client that does not exist.

Any KRB-ERROR proves a KDC: 6 for an unknown client (also what MIT and Samba say of a realm they do not serve), 25 where pre-authentication is asked,
68 for another realm, 52 where the reply is too big for UDP. Its `stime` shows the KDC's clock, to a second, without a password.

Sources: RFC 4120 3.1 (AS exchange), 5.9.1 (KRB-ERROR), 7.2.1 (UDP), 7.2.2 (TCP), 7.5.9 (codes).
"""

import time

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire import kerberos_messages
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, ReadDatagram, Send

ENCRYPTED = False
ALPN: tuple[str, ...] = ()

SKEW_LIMIT_S = 300  # RFC 4120 1.6: hosts' clocks are to be loosely synchronised; five minutes is everybody's default
MAX_MESSAGE_BYTES = 65535
_KRB_ERROR, _AS_REP = 0x7E, 0x6B
CODES = {
    6: "KDC_ERR_C_PRINCIPAL_UNKNOWN",
    7: "KDC_ERR_S_PRINCIPAL_UNKNOWN",
    12: "KDC_ERR_POLICY",
    14: "KDC_ERR_ETYPE_NOSUPP",
    18: "KDC_ERR_CLIENT_REVOKED",
    24: "KDC_ERR_PREAUTH_FAILED",
    25: "KDC_ERR_PREAUTH_REQUIRED",
    29: "KDC_ERR_SVC_UNAVAILABLE",
    37: "KRB_AP_ERR_SKEW",
    52: "KRB_ERR_RESPONSE_TOO_BIG",
    60: "KRB_ERR_GENERIC",
    61: "KRB_ERR_FIELD_TOOLONG",
    68: "KDC_ERR_WRONG_REALM",
}


def _request(peer: Peer) -> bytes:
    nonce = int.from_bytes(peer.random(4), "big") & 0x7FFFFFFF
    return kerberos_messages.as_request(_realm(peer), f"portcheck-{peer.random(6).hex()}", nonce, peer.now_s)


def _realm(peer: Peer) -> str:
    return peer.realm or "UNKNOWN.INVALID"


def converse(peer: Peer) -> Conversation:
    yield Send(_request(peer))
    return _facts((yield ReadDatagram(lambda data: bool(_facts(data)))), peer)


def converse_tcp(peer: Peer) -> Conversation:
    """The same over TCP: four bytes of length before each message."""
    message = _request(peer)
    yield Send(len(message).to_bytes(4, "big") + message)
    size = int.from_bytes((yield Read(4)), "big")
    if not 1 <= size <= MAX_MESSAGE_BYTES:
        raise ValueError("length")
    return _facts((yield Read(size)), peer)


def _facts(data: bytes, peer: Peer | None = None) -> Facts:
    """Raises ValueError for what is neither KRB-ERROR nor AS-REP."""
    if data[0] == _AS_REP:
        return {"message": "AS-REP"}
    if data[0] != _KRB_ERROR:
        raise ValueError("neither KRB-ERROR nor AS-REP")
    found = kerberos_messages.parse_error(data)
    facts: Facts = {"message": "KRB-ERROR", "code": found["code"], "name": CODES.get(found["code"], "other"), "realm": found["realm"]}
    facts["stime_utc"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(found["stime_s"])) if 0 <= found["stime_s"] < 2**33 else "(impossible)"
    if peer is not None:
        # stime has whole seconds: the true skew is within one second of this
        facts |= {"skew_s": round(found["stime_s"] + 0.5 - peer.now_s), "skew_accuracy_s": 1, "realm_asked": _realm(peer)}
    return facts


def meaning(facts: Facts) -> Meaning:
    skew_s = facts.get("skew_s")
    if isinstance(skew_s, int) and abs(skew_s) > SKEW_LIMIT_S:
        return Meaning(Proof.PROTOCOL, findings=[("KDC_CLOCK_SKEW", {"skew_s": skew_s, "accuracy_s": 1, "limit_s": SKEW_LIMIT_S})])
    return Meaning(Proof.PROTOCOL)
