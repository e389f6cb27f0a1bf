"""What only the page says of the report's vocabulary, one table each. As in `wording.value_names`, the English text is
the key of the catalogues."""

from eset_portcheck.texts.language import message

SURE = {
    "proven": message("proven: the evidence allows no other explanation"),
    "likely": message("likely: the best explanation, but not the only one"),
    "possible": message("possible: one of several explanations that look the same from here"),
    "": message("the failure is certain; its cause cannot be found from here"),
}
STAGE = {
    "resolve": message("name lookup"),
    "route": message("route"),
    "connect": message("connection"),
    "tunnel": message("CONNECT through the proxy"),
    "tls": message("TLS handshake"),
    "handshake": message("answer of the service"),
    "session": message("login"),
}
# What a passing row proves, by how far it got, and what that leaves open.
SHOWS = {
    "name": message("The name resolves."),
    "route": message("This machine has a route to the address."),
    "path": message("The host itself answers on this port."),
    "accepts": message("A device or program accepts connections on this port."),
    "tls": message("The other end completes a TLS handshake on this port."),
    "protocol": message("The service answers in its own protocol."),
    "product": message("The service is the expected one, by its content or by its certificate."),
    "authorised": message("A login with the given account succeeds."),
}
LACKS = {
    "name": message("Whether this machine has a route to the address."),
    "route": message("Whether the host answers on this port."),
    "path": message("Whether a service listens there: a refusal by the host counts as an answer."),
    "accepts": message("Which service it is: an open port is not a service."),
    "tls": message("Which program is behind TLS, and whether it would accept this client."),
    "protocol": message(
        "Whether it is the expected host, and whether it would accept this client's account or licence."
    ),
    "product": message("Whether it would accept this client's account or licence: there was no login."),
    "authorised": message("Whether the account may do all that the product will need."),
}
EXTRA = {
    "control": message("other ports of the address"),
    "ttl-walk": message("routers on the path"),
    "distance": message("distance of the answers"),
    "small-segments": message("small packets"),
    "silent-control": message("second connection without data"),
    "proxy-control": message("request for a host that cannot exist"),
    "dns": message("DNS servers"),
    "firewall": message("this machine's firewall"),
    "established": message("connections that already exist"),
}
JUDGED = {
    "trusted": message("trusted"),
    "untrusted": message("not trusted"),
    "weak": message("too weak"),
}
CLIENT_CERTIFICATE = {
    "required": message("a client certificate is required"),
    "requested": message("a client certificate is asked for"),
    "not-requested": message("no client certificate is asked for"),
}
FIREWALL = {
    "readable": message("read"),
    "not-read": message("not read"),
    "not-permitted": message("not readable for this user"),
    "not-evaluable": message("read, but too complex to evaluate"),
    "absent": message("none"),
}
CAPABILITY = {
    "error_queue": message("sender of ICMP errors"),
    "minimum_ttl": message("distance of answers"),
    "ttl_walk": message("routers on the path"),
}
PHASE = {
    "pre": message("before installation of the other end"),
    "post": message("after installation"),
    "auto": message("remote services installed; own ports as found"),
}
