"""Kerberos on UDP 88 (and TCP 88, which an over-large reply needs): an AS-REQ for a random client that does not exist.

Any KRB-ERROR proves a KDC: 6 for an unknown client (also what MIT and Samba say of a realm they do not serve), 25 where
pre-authentication is asked, 68 for another realm, 52 where the reply is too big for UDP. Its `stime` shows the KDC's
clock, to a second, without a password.

Sources: RFC 4120 3.1 (AS exchange), 5.4.1 (AS-REQ), 5.4.2 (AS-REP), 5.9.1 (KRB-ERROR), 7.2.1 (UDP), 7.2.2 (TCP), 7.5.9
(codes).
"""

import time

from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire import kerberos_messages
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Read, ReadDatagram, Send
from eset_portcheck.wire.protocol import Protocol

SKEW_LIMIT_S = 300  # RFC 4120 1.6: hosts' clocks are to be loosely synchronised; five minutes is everybody's default
MAX_MESSAGE_BYTES = 65535
SERVICE_UNAVAILABLE = 29
_KRB_ERROR, _AS_REP = 0x7E, 0x6B
CODES = {
    6: "KDC_ERR_C_PRINCIPAL_UNKNOWN",
    7: "KDC_ERR_S_PRINCIPAL_UNKNOWN",
    9: "KDC_ERR_NULL_KEY",
    11: "KDC_ERR_NEVER_VALID",
    12: "KDC_ERR_POLICY",
    13: "KDC_ERR_BADOPTION",
    14: "KDC_ERR_ETYPE_NOSUPP",
    16: "KDC_ERR_PADATA_TYPE_NOSUPP",
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


# RFC 3961 8, RFC 3962 7, RFC 4757 5, RFC 6803 8, RFC 8009 5
ENCRYPTION_TYPES = {
    1: "des-cbc-crc",
    2: "des-cbc-md4",
    3: "des-cbc-md5",
    16: "des3-cbc-sha1",
    17: "aes128-cts-hmac-sha1-96",
    18: "aes256-cts-hmac-sha1-96",
    19: "aes128-cts-hmac-sha256-128",
    20: "aes256-cts-hmac-sha384-192",
    23: "rc4-hmac",
    24: "rc4-hmac-exp",
    25: "camellia128-cts-cmac",
    26: "camellia256-cts-cmac",
}
_WEAK = tuple(ENCRYPTION_TYPES[one] for one in (1, 2, 3, 16, 23, 24))  # RFC 6649, RFC 8429


def _request(peer: Peer) -> bytes:
    nonce = int.from_bytes(peer.random(4), "big") & 0x7FFFFFFF
    return kerberos_messages.as_request(_realm(peer), f"portcheck-{peer.random(6).hex()}", nonce, peer.now_s)


def _realm(peer: Peer) -> str:
    """The realm given, else the upper-cased domain of the KDC's name. A wrong one does no harm: the KDC's answer proves
    it all the same."""
    if peer.realm:
        return peer.realm
    host = peer.host.rstrip(".")
    domain = host.partition(".")[2]
    is_name = ":" not in host and not host.rpartition(".")[2].isdigit()
    return domain.upper() if domain and domain.isascii() and is_name else "UNKNOWN"


def converse(peer: Peer) -> Conversation:
    yield Send(_request(peer))
    return _facts((yield ReadDatagram(lambda data: bool(_facts(data, peer)))), peer)


def converse_tcp(peer: Peer) -> Conversation:
    """The same over TCP: four bytes of length before each message."""
    message = _request(peer)
    yield Send(len(message).to_bytes(4, "big") + message)
    size = int.from_bytes((yield Read(4)), "big")
    if not 1 <= size <= MAX_MESSAGE_BYTES:
        raise ValueError("length")
    return _facts((yield Read(size)), peer)


def _facts(data: bytes, peer: Peer) -> Facts:
    """Raises ValueError, IndexError for what is neither KRB-ERROR nor AS-REP."""
    if data[0] == _AS_REP:
        chosen = kerberos_messages.parse_reply(data)
        return {"message": "AS-REP", "realm_asked": _realm(peer)} | _types(chosen)
    if data[0] != _KRB_ERROR:
        raise ValueError("neither KRB-ERROR nor AS-REP")
    found = kerberos_messages.parse_error(data)
    # The microseconds are no clock: MIT's KDC only adds one to its last in the same second (measured). The middle of
    # the second is off by half of one.
    stime_s = found["stime_s"]
    skew_s = round(stime_s + 0.5 - peer.now_s)
    return {
        "message": "KRB-ERROR",
        "code": found["code"],
        "name": CODES.get(found["code"], "other"),
        "realm": found["realm"],
        "realm_asked": _realm(peer),
        "stime_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stime_s))
        if 0 <= stime_s < 2**33
        else "(impossible)",
        "susec": found["susec"],
        "skew_s": skew_s,  # against the moment of the request: the answer's way is in it
        "skew_accuracy_s": 1,
    } | _types(found["encryption_types"])


def _types(numbers: list[int]) -> Facts:
    names = list(dict.fromkeys(ENCRYPTION_TYPES.get(one, f"type {one}") for one in numbers))
    return {"encryption_types": names} if names else {}


def interpret(facts: Facts) -> Meaning:
    skew_s = facts.get("skew_s")
    found: list[tuple[ReasonCode, Params]] = []
    if isinstance(skew_s, int) and abs(skew_s) > SKEW_LIMIT_S:
        found.append(("KDC_CLOCK_SKEW", Params(skew_s=skew_s, accuracy_s=1, limit_s=SKEW_LIMIT_S)))
    if types := facts.get("encryption_types"):
        weak = all(one in _WEAK for one in types)
        params = Params(encryption_types=list(types))
        found.append(("KERBEROS_WEAK_ENCRYPTION" if weak else "KERBEROS_ENCRYPTION_TYPES", params))
    if facts.get("code") == SERVICE_UNAVAILABLE:
        found.append(("SERVICE_REFUSES", Params(code=SERVICE_UNAVAILABLE)))
    return Meaning(Proof.PROTOCOL, findings=found)


PROTOCOL = Protocol(
    name="kerberos",
    converse=converse,
    interpret=interpret,
    needs_realm=True,
    own_signatures=("kerberos",),
    label="KRB",
    possible_reasons=(
        "PROTOCOL_REPLY",
        "WRONG_PROTOCOL",
        "KDC_CLOCK_SKEW",
        "KERBEROS_WEAK_ENCRYPTION",
        "KERBEROS_ENCRYPTION_TYPES",
        "SERVICE_REFUSES",
    ),
    checked={
        "en": (
            "A request for a user that does not exist. The error reply proves that the service works and gives its "
            "time."
        ),
        "es": (
            "Una petición para un usuario que no existe. El error que vuelve demuestra que el servicio funciona y da "
            "su hora."
        ),
    },
)
