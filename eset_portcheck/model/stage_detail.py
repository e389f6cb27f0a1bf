"""What a stage's record says beside its failure: one structure for all stages, of which each fills its own fields.
None: not seen, or nothing to say; it is not written.
"""

import msgspec

from eset_portcheck.model.partial import Partial
from eset_portcheck.model.privacy import Code, HexBytes, HostText, PeerText, Url, Via
from eset_portcheck.model.vocabulary import Failure

NO_WAY = "this machine has no route to it"


class DnsAnswer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one DNS server said to our own question for one record type: `rcode`, or the `failure` with what is known
    of it (`cause`: the failure that an ICMP error of the way there means; with `why` NO_WAY that of this machine's own
    route lookup, and nothing was sent)."""

    server: HostText
    name: HostText = ""
    type: Code = ""
    rcode: Code | None = None
    failure: Failure | None = None
    addresses: list[HostText] | None = None
    why: Code | None = None
    received_bytes: int | None = None
    cause: Code | None = None
    duration_s: float | None = None

    @property
    def said(self) -> str:
        """The word of the answer, or of its absence; empty in a report that holds neither."""
        return self.rcode or self.failure or ""


class StageDetail(Partial, frozen=True, omit_defaults=True, kw_only=True):
    """`status`: of HTTP a number, of a full client the name of an NTSTATUS. Sizes are bytes."""

    # any stage
    errno: Code | None = None
    why: Code | None = None
    received_bytes: int | None = None
    first_bytes: HexBytes | None = None
    # a name: as asked for, the word of the operating system's resolver, and what our own questions brought
    name: HostText | None = None
    os: Code | None = None
    servers: list[DnsAnswer] | None = None
    not_in_dns: bool | None = None
    disagrees: list[HostText] | None = None
    # TLS: the alert's number, OpenSSL's symbolic reason
    alert: int | None = None
    openssl: Code | None = None
    # datagrams of the same address that belong to no question
    strangers: int | None = None
    # a proxy's answer: see wire/http1.py
    status: int | Code | None = None
    server: PeerText | None = None
    content_type: PeerText | None = None
    location: Url | None = None
    via: Via | None = None
    date: PeerText | None = None
    proxy_authenticate: PeerText | None = None
    x_squid_error: PeerText | None = None
    # a full client: see sessions/admin_share.py
    package: Code | None = None
    install: Code | None = None
    client: Code | None = None
    step: Code | None = None
    error: Code | None = None
    tried_on: HostText | None = None
    status_code: int | None = None
    dialect: Code | None = None
    signed: bool | None = None
    encrypted: bool | None = None
    guest: bool | None = None
    entries: int | None = None


NOTHING = StageDetail()
