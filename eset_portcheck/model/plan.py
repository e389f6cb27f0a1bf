"""A plan is profiles resolved for one site: one Check a cell of the matrix."""

from collections.abc import Mapping

import msgspec

from eset_portcheck.model.addresses import host_port, parse_host_port
from eset_portcheck.model.observation import Observation
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.subject import Subject
from eset_portcheck.model.vocabulary import Proof, Transport, Trust


class Endpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is dialled, with all that changes the bytes sent: checks with equal endpoints share one observation."""

    transport: Transport
    host: str
    port: int
    protocol: str
    proxy: tuple[str, int] | None = None  # dial this, CONNECT to host:port (or GET through it, protocol http_proxy)
    server_name: str | None = None  # for SNI, Host and certificate judgement
    path: str | None = None
    alpn: tuple[str, ...] = ()
    trust: Trust | None = None
    realm: str | None = None
    session: str | None = None  # a deep check by a full client behind the handshake: "admin-share"
    encrypted: bool = False  # a TLS stage before the handshake
    redirects: tuple[str, ...] = ()  # host suffixes a redirect may lead to
    uploads: bool = False  # clients send much over it: a large first message is tried after the handshake


class Check(Subject, frozen=True, omit_defaults=True, kw_only=True):
    """One row. `skip` is a reason code of rank skip or unproven: the row exists but is not run."""

    required_proof: Proof
    page_port: int = 0
    value: str | None = None  # which of a repeatable option's values
    advisory: bool = False  # not needed as the site is: a direct row where a proxy is given
    endpoint: Endpoint | None = None
    internet: bool = False
    skip: ReasonCode | None = None


class Plan(msgspec.Struct, frozen=True):
    roles: list[str]
    checks: list[Check]


class Options(msgspec.Struct, frozen=True):
    """`timeout_s` a stage, `budget_s` the run; `families` in order of wish; `connect_to` curl's meaning: "host:port" ->
    "host:port".
    `allow_unsigned_logon`: the account also goes where SMB does not sign, or only below 2.1.
    `evidence`: more connections where a row fails."""

    timeout_s: float = 4.0
    budget_s: float = 60.0
    families: tuple[str, ...] = ("ipv6", "ipv4")
    all_addresses: bool = False
    connect_to: Mapping[str, str] = {}
    deep: bool = False
    allow_unsigned_logon: bool = False
    evidence: bool = True

    def dialled(self, endpoint: Endpoint) -> tuple[str, int]:
        """(host or address, port) that is connected to: the proxy's where there is one, or what stands in `connect_to`
        for it."""
        host, port = endpoint.proxy or (endpoint.host, endpoint.port)
        target = self.connect_to.get(host_port(host, port))
        if target is None:
            return host, port
        if (found := parse_host_port(target)) is None:
            raise ValueError("connect_to: not host:port")
        return found


class Outcome(msgspec.Struct, frozen=True):
    """What a run of the plan has seen, by endpoint."""

    observations: dict[Endpoint, Observation]
    complete: bool
    interrupted: bool
    loop_lag_s: float
