"""LDAP on TCP 389: an anonymous search of the rootDSE and an unbind. No bind, no password.

A well-formed answer to our question proves LDAP; a directory that refuses to talk without TLS says so by its result
code. Only then StartTLS is begun on the same connection and the question asked again inside: what comes of the offer is
told (`starttls_tried`), and a refusal takes nothing from what is proven. Where StartTLS is only offered, it is begun on
a connection of its own that decides nothing, for its certificate. Signing and channel binding show at a log-on alone.

Sources: RFC 4511 4.3 (unbind), 4.5 (search), 4.1.9 and appendix A (result codes), 4.4 and 4.4.1 (unsolicited
notification, notice of disconnection), 4.14 (StartTLS); RFC 4512 5.1 (rootDSE), 2.5 (attribute names are
case-insensitive).
"""

from typing import Any

from eset_portcheck.model.params import NOTHING, Params
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire import ber, clocks, ldap_messages
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, ReadSome, Send, StartTls
from eset_portcheck.wire.protocol import SPOKEN, Continuation, Protocol

START_TLS = "1.3.6.1.4.1.1466.20037"
DISCONNECTION = "1.3.6.1.4.1.1466.20036"
ATTRIBUTES = (
    "supportedLDAPVersion",
    "namingContexts",
    "defaultNamingContext",
    "supportedExtension",
    "supportedSASLMechanisms",
    "currentTime",
    "dnsHostName",
    "vendorName",
)
_NAMES = {name.lower(): name for name in ATTRIBUTES}
RESULTS = {
    0: "success",
    1: "operationsError",
    2: "protocolError",
    7: "authMethodNotSupported",
    8: "strongerAuthRequired",
    10: "referral",
    11: "adminLimitExceeded",
    13: "confidentialityRequired",
    32: "noSuchObject",
    48: "inappropriateAuthentication",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
    80: "other",
}
NEED_TLS = (8, 13)
CANNOT = (51, 52)  # busy, unavailable: nobody is served now
SEARCH, START, INSIDE = 1, 2, 3  # our message ids
MESSAGES = 8  # an entry and its end; the rest is room for references and notifications
TEXT_LIMIT = 128


def converse(peer: Peer) -> Conversation:
    facts = yield from _asked()
    return facts | clocks.of_ldap(facts, peer.now_s)


def _asked() -> Conversation:
    facts = yield from _search(SEARCH)
    if facts["answer"] != "done":
        return facts  # nobody listens after a notice
    last = SEARCH + 1
    if facts["result"] in NEED_TLS:
        inside = yield from _inside_tls()
        if "result" in inside:  # the refusal in the clear stays the row's answer; what the root tells is added
            inside |= {"starttls": True, "starttls_result": inside["result"]} | {
                name: facts[name] for name in ("result", "result_name", "answer")
            }
        facts |= inside
        if facts["starttls_tried"] in ("closed", "failed"):
            return facts
        last = INSIDE + 1
    yield Send(ldap_messages.unbind(last))
    return facts


def _search(number: int) -> Conversation:
    yield Send(ldap_messages.search_root(number, ATTRIBUTES))
    facts: Facts = {}
    for _ in range(MESSAGES):
        answered, kind, operation = ldap_messages.parse((yield from ber.read_message(0x30)))
        if (answered, kind) == (number, "entry"):
            facts |= _root(operation)
        elif (answered, kind) == (number, "done"):
            return facts | _result(operation, "done")
        elif (answered, kind) == (0, "extended") and ldap_messages.response_name(operation) in (DISCONNECTION, ""):
            return facts | _result(operation, "disconnection")
        elif (answered, kind) not in ((number, "reference"), (0, "extended")):
            raise ValueError("an answer to another question")
        # a continuation, or a notification of a kind we do not know, may be passed over
    raise ValueError("no end of the search")


def _inside_tls() -> Conversation:
    """StartTLS, and the search inside. `starttls_tried`: works; closed, refused, failed (no TLS came of it)."""
    facts = yield from _start_tls(START)
    return facts if facts["starttls_tried"] != "works" else (yield from _search(INSIDE)) | facts


def _start_tls(number_of_it: int) -> Conversation:
    yield Send(ldap_messages.extended(number_of_it, START_TLS))
    first = yield ReadSome(1)
    if not first:
        return {"starttls_tried": "closed"}
    number, kind, operation = ldap_messages.parse((yield from ber.read_message(0x30, first)))
    if kind != "extended" or number not in (0, number_of_it):
        raise ValueError("an answer to another question")
    if number != number_of_it or int(operation["resultCode"]):
        return {"starttls_tried": "refused"}
    if not (yield StartTls()):
        return {"starttls_tried": "failed"}
    return {"starttls_tried": "works"}


def _result(operation: Any, answer: str) -> Facts:
    code = int(operation["resultCode"])
    return {"result": code, "result_name": RESULTS.get(code, "unknown"), "answer": answer}


def _root(entry: Any) -> Facts:
    """What the rootDSE tells; values are the peer's text."""
    values: dict[str, list[str]] = {}
    for attribute in entry["attributes"]:
        name = _NAMES.get(bytes(attribute["type"]).decode("ascii", "replace").lower())
        if name:
            values[name] = [bytes(value).decode("utf-8", "replace")[:TEXT_LIMIT] for value in attribute["vals"]]
    facts: Facts = {
        name: values[name][:8]
        for name in ("supportedLDAPVersion", "namingContexts", "supportedSASLMechanisms")
        if name in values
    }
    facts |= {
        name: values[name][0]
        for name in ("defaultNamingContext", "currentTime", "dnsHostName", "vendorName")
        if values.get(name)
    }
    return facts | {"starttls": START_TLS in values.get("supportedExtension", [])}


def converse_starttls(_peer: Peer) -> Conversation:
    """StartTLS alone, for the certificate behind it. `starttls_tried`: works; closed, refused, failed."""
    facts = yield from _start_tls(SEARCH)
    if facts["starttls_tried"] in ("works", "refused"):
        yield Send(ldap_messages.unbind(SEARCH + 1))
    return facts


def _offered(facts: Facts) -> bool:
    """And not tried already, because plain LDAP was refused."""
    return bool(facts.get("starttls")) and "starttls_tried" not in facts


def interpret(facts: Facts) -> Meaning:
    if facts.get("result") in NEED_TLS:
        params = Params(
            result=facts["result"],
            result_name=facts.get("result_name"),
            starttls_tried=facts.get("starttls_tried"),
        )
        return Meaning(Proof.PROTOCOL, findings=[("LDAP_TLS_REQUIRED", params)])
    if facts.get("result") in CANNOT:
        params = Params(result=facts["result"], result_name=facts.get("result_name", ""))
        return Meaning(Proof.PROTOCOL, findings=[("SERVICE_REFUSES", params)])
    if facts.get("result") == 0:  # it answered like to everybody, so nothing is known of log-ons
        return Meaning(Proof.PROTOCOL, findings=[("LDAP_SIGNING_UNKNOWN", NOTHING)])
    return Meaning(Proof.PROTOCOL)


PROTOCOL = Protocol(
    name="ldap",
    converse=converse,
    interpret=interpret,
    own_signatures=("ldap",),
    continuation=Continuation(converse=converse_starttls, wanted=_offered),
    possible_reasons=(
        *SPOKEN,
        "LDAP_TLS_REQUIRED",
        "LDAP_SIGNING_UNKNOWN",
        "SERVICE_REFUSES",
        "TLS_UNKNOWN_CA",
        "TLS_WRONG_NAME",
        "TLS_EXPIRED",
        "TLS_NOT_YET_VALID",
        "TLS_EXPIRES_SOON",
    ),
    checked={
        "en": (
            "An anonymous query of the directory's root entry. No account is used. If StartTLS is offered, it is begun "
            "on a second connection, for the certificate."
        ),
        "es": (
            "Una consulta anónima de la entrada raíz del directorio. No se usa ninguna cuenta. Si se ofrece StartTLS, "
            "se inicia en otra conexión, por el certificado."
        ),
    },
)
