"""LDAP on TCP 389: an anonymous search of the rootDSE and an unbind. No bind, no password.

Any well-formed answer proves LDAP; a directory that refuses to talk without TLS says so by its result code.

Sources: RFC 4511 4.5 (search), 4.1.9 and appendix A (result codes), 4.4.1 (notice of disconnection); RFC 4512 5.1 (rootDSE).
"""

from typing import Any

from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire import ber, ldap_messages
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer, Send

ENCRYPTED = False
ALPN: tuple[str, ...] = ()

START_TLS = "1.3.6.1.4.1.1466.20037"
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
RESULTS = {
    0: "success",
    1: "operationsError",
    8: "strongerAuthRequired",
    13: "confidentialityRequired",
    48: "inappropriateAuthentication",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
}
NEED_TLS = (8, 13)
MESSAGES = 8
TEXT_LIMIT = 128


def converse(_peer: Peer) -> Conversation:
    yield Send(ldap_messages.search_root(1, ATTRIBUTES))
    facts: Facts = {}
    for _ in range(MESSAGES):
        number, kind, operation = ldap_messages.parse((yield from ber.read_message(0x30)))
        if kind == "entry" and number == 1:
            facts |= _root(operation)
        elif kind in ("done", "extended") and number in (0, 1):
            code = int(operation["resultCode"])
            yield Send(ldap_messages.unbind(2))
            return facts | {"result": code, "result_name": RESULTS.get(code, "other"), "answer": "disconnection" if kind == "extended" else kind}
        elif kind != "reference":
            raise ValueError("an answer to another question")
    raise ValueError("no end of the search")


def _root(entry: Any) -> Facts:
    """What the rootDSE tells; values are the peer's text."""
    values: dict[str, list[str]] = {}
    for attribute in list(entry["attributes"])[:64]:
        name = bytes(attribute["type"]).decode("ascii", "replace")
        if name in ATTRIBUTES:
            values[name] = [bytes(value).decode("utf-8", "replace")[:TEXT_LIMIT] for value in list(attribute["vals"])[:40]]
    facts: Facts = {name: values[name][:8] for name in ("supportedLDAPVersion", "namingContexts", "supportedSASLMechanisms") if name in values}
    facts |= {name: values[name][0] for name in ("defaultNamingContext", "currentTime", "dnsHostName", "vendorName") if values.get(name)}
    return facts | {"starttls": START_TLS in values.get("supportedExtension", [])}


def meaning(facts: Facts) -> Meaning:
    if facts.get("result") in NEED_TLS:
        return Meaning(Proof.PROTOCOL, findings=[("LDAP_TLS_REQUIRED", {"result": facts["result"], "result_name": facts.get("result_name", "")})])
    return Meaning(Proof.PROTOCOL)
