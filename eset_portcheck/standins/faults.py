"""What a stand-in site can have wrong with it: a word, a line of explanation, and what stands in place of the healthy
service.

A service is known by its kind (SERVER, PUSH ...): one fault may hit several kinds, and applies to the roles that use
one of them.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from eset_portcheck.standins import misbehaving, web
from eset_portcheck.standins.broker import broker
from eset_portcheck.standins.certificates import EXPIRED, VALID, Authority, ClientCertificate, Period, server_context
from eset_portcheck.standins.proxy import Policy, proxy
from eset_portcheck.standins.server import replication
from eset_portcheck.standins.serving import Address, Handler, closed_port, serve, silent_port

SERVER, PUSH, PUSH_FAILOVER, REPOSITORY, UPDATES, VENDOR, PROXY = (
    "server",
    "push",
    "push-failover",
    "repository",
    "updates",
    "vendor",
    "proxy",
)


class Ground(NamedTuple):
    """What the services of one site share. `destinations` ("host:port" -> address) is what its proxy reaches."""

    authority: Authority
    stranger: Authority
    destinations: dict[str, Address]


# The second argument is the host name that is played.
Opening = Callable[[Ground, str], AbstractAsyncContextManager[Address]]


class Fault(NamedTuple):
    text: str
    instead: dict[str, Opening]


def _tls(
    handler: Handler,
    *,
    inspected: bool = False,
    period: Period = VALID,
    host: str | None = None,
    client_certificate: ClientCertificate = "none",
) -> Opening:
    """TLS by the site's authority, or by a stranger (`inspected`); the certificate is for the host played, or for
    another."""

    def opening(ground: Ground, name: str) -> AbstractAsyncContextManager[Address]:
        issuer = ground.stranger if inspected else ground.authority
        leaf = issuer.issue([host or name], period=period)
        return serve(
            handler, tls=server_context(leaf, client_certificate=client_certificate, authority=ground.authority)
        )

    return opening


def _plain(handler: Handler) -> Opening:
    return lambda _ground, _name: serve(handler)


def _proxy(policy: Policy) -> Opening:
    return lambda ground, _name: serve(proxy(ground.destinations, policy))


def _closed(_ground: Ground, _name: str) -> AbstractAsyncContextManager[Address]:
    return closed_port()


def _silent(_ground: Ground, _name: str) -> AbstractAsyncContextManager[Address]:
    return silent_port()


HEALTHY: dict[str, Opening] = {
    SERVER: _tls(replication, client_certificate="required"),
    PUSH: _tls(broker()),
    PUSH_FAILOVER: _tls(broker()),
    REPOSITORY: _plain(web.website(web.repository)),
    UPDATES: _plain(web.website(web.updates)),
    VENDOR: _tls(replication),
    PROXY: _proxy(Policy.OPEN),
}

_PORTAL, _PAGE = _plain(web.website(web.portal())), _plain(web.website(web.filter_page))
_INSPECTED = _tls(broker(), inspected=True)

FAULTS: dict[str, Fault] = {
    "push": Fault("push port 8883 is closed; 443 is used", {PUSH: _closed}),
    "broker": Fault("both push ports, 8883 and 443, are closed", {PUSH: _closed, PUSH_FAILOVER: _closed}),
    "proxy": Fault("the proxy requires a login (407)", {PROXY: _proxy(Policy.AUTHENTICATE)}),
    "proxy-connect": Fault("the proxy refuses CONNECT (403)", {PROXY: _proxy(Policy.NO_CONNECT)}),
    "proxy-upstream": Fault("the proxy cannot reach any destination (503)", {PROXY: _proxy(Policy.UNAVAILABLE)}),
    "proxy-down": Fault("nothing listens on the proxy's port", {PROXY: _closed}),
    "repository": Fault("a captive portal instead of the repository", {REPOSITORY: _PORTAL, UPDATES: _PORTAL}),
    "filter": Fault("a web filter's page instead of the repository", {REPOSITORY: _PAGE, UPDATES: _PAGE}),
    "server": Fault("nothing listens on the server's port", {SERVER: _closed}),
    "silent": Fault("the server's port does not answer (on Linux)", {SERVER: _silent}),
    "tls": Fault("TLS to the server is intercepted: another authority", {SERVER: _tls(replication, inspected=True)}),
    "inspection": Fault(
        "one TLS inspection device in every connection",
        {
            SERVER: _tls(replication, inspected=True),
            PUSH: _INSPECTED,
            PUSH_FAILOVER: _INSPECTED,
            VENDOR: _tls(replication, inspected=True),
        },
    ),
    "certificate": Fault("the server's certificate has expired", {SERVER: _tls(replication, period=EXPIRED)}),
    "name": Fault(
        "the server's certificate is for another name", {SERVER: _tls(replication, host="old-server.demo.example")}
    ),
    "tarpit": Fault("the server's port accepts and does not answer", {SERVER: _plain(misbehaving.tarpit)}),
    "close": Fault("the server's port accepts and closes", {SERVER: _plain(misbehaving.accept_close)}),
    "reset": Fault("the server's port accepts and resets", {SERVER: _plain(misbehaving.accept_reset)}),
    "hello": Fault("a device resets when it sees a ClientHello", {SERVER: _plain(misbehaving.reset_on_first_bytes)}),
    "half": Fault("the server closes in the middle of a TLS record", {SERVER: _plain(misbehaving.half_record)}),
    "drip": Fault(
        "the server answers one byte a second",
        {SERVER: _plain(misbehaving.slow_drip(b"\x16\x03\x03\x40\x00" + bytes(64)))},
    ),
    "garbage": Fault("random bytes on the server's port", {SERVER: _plain(misbehaving.garbage)}),
    "junk": Fault("16 MiB of useless data from the server's port", {SERVER: _plain(misbehaving.junk(16))}),
    "ssh": Fault("an SSH server on the server's port", {SERVER: _plain(misbehaving.banner(misbehaving.SSH_BANNER))}),
    "smtp": Fault("a mail server on the server's port", {SERVER: _plain(misbehaving.banner(misbehaving.SMTP_BANNER))}),
    "mysql": Fault(
        "a MySQL server on the server's port", {SERVER: _plain(misbehaving.banner(misbehaving.mysql_greeting()))}
    ),
}
