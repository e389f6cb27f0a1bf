"""An HTTP forward proxy (ESET Bridge, Squid, Apache): a GET through it by absolute URI. CONNECT is a stage of its own
(net/tunnel).

The proxy's refusals are named by status; everything else is judged as the destination's own answer, which is what came
through.

Sources: RFC 9110 15.5.8 (407), 15.6.3-5 (502, 503, 504); RFC 9112 3.2.2 (absolute form).
"""

from eset_portcheck.model.params import Params
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import http
from eset_portcheck.wire import clocks, http1
from eset_portcheck.wire.conversation import Conversation, Facts, Meaning, Peer
from eset_portcheck.wire.protocol import SPOKEN, Protocol


def converse(peer: Peer) -> Conversation:
    target = f"http://{http1.authority(peer.host, peer.port, 80)}{peer.path}"
    facts = yield from http1.get(peer.host, peer.port, target)
    facts |= clocks.of_http(facts, peer.now_s)
    return facts | {"asked": peer.host} | ({"redirects": list(peer.redirects)} if peer.redirects else {})


def interpret(facts: Facts) -> Meaning:
    status = int(facts["status"])
    refusal = refused_by_proxy(status)
    if refusal:
        params = Params(
            status=status,
            server=facts.get("server"),
            via=facts.get("via"),
            proxy_authenticate=facts.get("proxy_authenticate"),
            x_squid_error=facts.get("x_squid_error"),
        )
        return Meaning(Proof.PROTOCOL, refusal, params=params)
    return http.interpret(facts)


def refused_by_proxy(status: int) -> ReasonCode | None:
    """The contract's reason for a status that a proxy gives of its own accord."""
    if status == 407:
        return "PROXY_AUTH_REQUIRED"
    if status in (403, 405):
        return "PROXY_REFUSED_CONNECT"
    return "PROXY_UPSTREAM_FAILED" if status in (502, 503, 504) else None


PROTOCOL = Protocol(
    name="http_proxy",
    converse=converse,
    interpret=interpret,
    speaks_to_proxy=True,
    own_signatures=("http",),
    label="HTTP",
    possible_reasons=(*SPOKEN, "CAPTIVE_PORTAL", "WRONG_CONTENT"),
    checked={
        "en": "One small file is downloaded through the proxy. The reply counts as the destination's own answer.",
        "es": "Se descarga un archivo pequeño a través del proxy. La respuesta cuenta como la del propio destino.",
    },
)
