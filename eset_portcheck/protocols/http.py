"""HTTP GET of one path: status and content, so that a portal or a filter's page cannot pass for the real thing.

Sources: RFC 9110 15 (status codes), RFC 6585 6 (511 network authentication required).
"""

from urllib.parse import urlsplit

from eset_portcheck.model.params import Params
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.wire import clocks, http1
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer
from eset_portcheck.wire.protocol import SPOKEN, Protocol


def converse(peer: Peer) -> Conversation:
    facts = yield from http1.get(peer.host, peer.port, peer.path)
    facts |= clocks.of_http(facts, peer.now_s)
    return facts | {"asked": peer.host} | ({"redirects": list(peer.redirects)} if peer.redirects else {})


def interpret(facts: Facts) -> Meaning:
    """200 with an index of ESET's is the product's content; signs of somebody else disprove it; the rest proves HTTP
    and no more."""
    status = int(facts["status"])
    body = facts["content"] if "content" in facts else _content_of_old(facts)
    params = Params(
        status=status,
        location=facts.get("location"),
        server=facts.get("server"),
        content_type=facts.get("content_type"),
        content=facts.get("content"),
    )
    if status == 511 or (300 <= status < 400 and _leads_away(facts)):
        return Meaning(Proof.PROTOCOL, "CAPTIVE_PORTAL", params=params)
    if 200 <= status < 300:
        if body == "html":
            return Meaning(Proof.PROTOCOL, "CAPTIVE_PORTAL", params=params)
        if body == "index":
            return Meaning(Proof.PRODUCT, params=params)
        return Meaning(Proof.PROTOCOL, "WRONG_CONTENT", disproves=False, params=params)
    # 404: the service may have moved its index. 3xx: to a host the row expects. 401 and a plain 403: an update server
    # without credentials. A 403 in HTML cannot be told from a filter's page.
    harmless = status in (401, 404, 410) or 300 <= status < 400 or (status == 403 and body != "html")
    return Meaning(Proof.PROTOCOL, "WRONG_CONTENT", disproves=not harmless, params=params)


def _content_of_old(facts: Facts) -> str:
    """Reports of schema 1.2 and before only say whether the body was HTML: they stay judged as they were."""
    return "html" if facts.get("html") else "index" if facts.get("body_bytes") else "empty"


def _leads_away(facts: Facts) -> bool:
    """A redirect to another host, unless the row expects it (a suffix of the vendor's)."""
    asked = str(facts.get("asked", "")).lower()
    try:
        host = (urlsplit(str(facts.get("location", ""))).hostname or asked).lower()
    except ValueError:
        return True
    allowed = [str(suffix) for suffix in facts.get("redirects", [])]
    return host != asked and not any(host == suffix or host.endswith("." + suffix) for suffix in allowed)


PROTOCOL = Protocol(
    name="http",
    converse=converse,
    interpret=interpret,
    own_signatures=("http",),
    possible_reasons=(*SPOKEN, "CAPTIVE_PORTAL", "WRONG_CONTENT"),
    checked={
        "en": (
            "One small file is downloaded by HTTP. A redirect to another host, or an HTML page instead of the file, "
            "comes from a portal or a filter. Any other content than an index of ESET's proves nothing."
        ),
        "es": (
            "Se descarga un archivo pequeño por HTTP. Una redirección a otro host, o una página HTML en lugar del "
            "archivo, viene de un portal o de un filtro. Cualquier otro contenido que no sea un índice de ESET no "
            "demuestra nada."
        ),
    },
)
