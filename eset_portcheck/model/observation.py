"""What was seen: facts only, in the shape in which they stand in the report.

Times are seconds relative to the start of the run (`started_s`) or lengths (`duration_s`, `after_s`).
"""

import msgspec

from eset_portcheck.model.evidence import Evidence
from eset_portcheck.model.privacy import Code, DistinguishedName, Facts, Fingerprint, HexBytes, HostText, Text
from eset_portcheck.model.stage_detail import NOTHING, StageDetail
from eset_portcheck.model.vocabulary import Failure, Stage


class Icmp(msgspec.Struct, frozen=True, omit_defaults=True, rename={"sender": "from"}):
    """One ICMP error read from the socket's error queue. `ttl` is the hop limit that was left when it arrived.

    Source: RFC 792, RFC 4443; ip(7) IP_RECVERR.
    """

    type: int
    code: int
    sender: HostText | None = None
    after_s: float = 0.0
    version: int = 4
    ttl: int | None = None
    local: bool = False  # the kernel's own record (SO_EE_ORIGIN_LOCAL), no packet came


class Certificate(msgspec.Struct, frozen=True, omit_defaults=True):
    """One certificate as sent by the peer; names are hostile text."""

    subject: DistinguishedName
    issuer: DistinguishedName
    not_before_utc: Code
    not_after_utc: Code
    sha256: Fingerprint
    names: list[HostText] = []
    signature: Code = ""
    key: Code = ""
    self_signed: bool = False


class TlsFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the handshake showed, and what three judges of trust said of the chain.

    `public`, `site`, `os_store`: "trusted", "untrusted" or "weak" against the public set (Mozilla's, or the file given
    in its place), the site's own authority, this machine's store; None = not asked. `trusted_through`: what of this
    machine trusts it ("system", "SSL_CERT_FILE", "SSL_CERT_DIR"). `pinned`: the leaf's fingerprint is one of those
    given; None = none was. `name` is the name that was asked for; `name_matches` under the rules of RFC 6125 (and
    ESET's `*` for site certificates). `age_days`: since the leaf's validity began, when it was seen.
    """

    version: Code | None = None
    cipher: Code | None = None
    alpn: Code | None = None
    name: HostText | None = None
    chain: list[Certificate] = []
    public: Code | None = None
    site: Code | None = None
    os_store: Code | None = None
    trusted_through: Code = ""
    pinned: bool | None = None
    name_matches: bool | None = None
    expired: bool = False
    not_yet_valid: bool = False
    expires_in_days: float | None = None
    age_days: float | None = None
    client_certificate: Code | None = None  # "required", "requested", "not-requested"; None = could not be seen


class StageRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One stage of one attempt: when, how long, what broke it."""

    stage: Stage
    started_s: float
    duration_s: float
    failure: Failure | None = None
    detail: StageDetail = NOTHING

    def __post_init__(self) -> None:
        # What says nothing is not written: defaults are known by identity.
        if self.detail is not NOTHING and self.detail == NOTHING:
            msgspec.structs.force_setattr(self, "detail", NOTHING)


class Transcript(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What came in a conversation that ended well."""

    received_bytes: int | None = None
    first_bytes: HexBytes | None = None


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One address of one endpoint, through all stages. `tunnel` holds the stages behind a proxy's 200."""

    address: HostText | None = None
    family: Code | None = None  # "ipv4", "ipv6"
    source_address: HostText | None = None
    stages: list[StageRecord] = []
    tls: TlsFacts | None = None
    icmp: Icmp | None = None
    reply: Facts | None = None
    transcript: Transcript | None = None
    untested: Text | None = None  # why this address was not dialled (no route of its family here)

    @property
    def failed(self) -> StageRecord | None:
        return next((record for record in self.stages if record.failure is not None), None)

    @property
    def done(self) -> frozenset[Stage]:
        return frozenset(record.stage for record in self.stages if record.failure is None)

    def stage(self, stage: Stage) -> StageRecord | None:
        return next((record for record in self.stages if record.stage == stage), None)


class Observation(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that was seen of one endpoint."""

    attempts: list[Attempt] = []
    evidence: list[Evidence] = []
    duration_s: float = 0.0
    failure: Failure | None = None  # nothing was dialled: budget, interruption
    error: str | None = None  # the checker itself failed: class and location, no values
