"""What a finding or a cause says beside its code: one structure for all reasons, of which each fills its own fields.
The order of the fields is the order in which they are shown.
"""

import msgspec

from eset_portcheck.model.host import PortNumber
from eset_portcheck.model.partial import Partial
from eset_portcheck.model.privacy import (
    CheckId,
    Code,
    DistinguishedName,
    Fingerprint,
    HostText,
    InterfaceName,
    PeerText,
    ProcessName,
    Text,
    Url,
    User,
    Via,
)


class ClockSource(msgspec.Struct, frozen=True):
    """`skew_s`: seconds that the clock of `target` is ahead of this machine's, told in `protocol`."""

    protocol: Code
    target: HostText
    skew_s: int


class Params(Partial, frozen=True, omit_defaults=True, kw_only=True):
    """Sizes are bytes; names that end in _s are seconds. `version`: of ICMP a number, of a service its own word."""

    # what a cause is about; `destination`: behind a proxy
    target: HostText | None = None
    port: PortNumber | None = None
    transport: Code | None = None
    destination: HostText | None = None
    component: Code | None = None
    firewall: Code | None = None
    listener: Code | None = None
    process: ProcessName | None = None
    known: Code | None = None
    user: User | None = None
    # of several addresses: what was wrong with the first that failed, how many did, how many were tried
    family: Code | None = None
    name: HostText | None = None
    address: HostText | None = None
    addresses: list[HostText] | None = None
    listens: list[Code] | None = None
    configured: list[HostText] | None = None
    proxies: list[HostText] | None = None
    reason: Code | None = None
    failed: int | None = None
    tried: int | None = None
    group: CheckId | None = None
    # names: what the operating system says, DNS servers with their answers, what DNS holds
    os: Code | None = None
    servers: list[Text] | None = None
    dns: list[HostText] | None = None
    sources: list[Code] | None = None
    hosts_file: bool | None = None
    os_after_s: float | None = None
    used: Code | None = None
    unanswered: list[Text] | None = None
    # errors of the operating system and of ICMP; distances are hop limits, `hops` routers
    errno: Code | None = None
    type: int | None = None
    netbios_session: Code | None = None
    code: int | None = None
    meaning: Code | None = None
    version: int | PeerText | None = None
    ttl: int | None = None
    refused_ttl: int | None = None
    accepted_ttl: int | None = None
    control_ttl: int | None = None
    hops: int | None = None
    gateway: HostText | None = None
    interface: InterfaceName | None = None
    neighbour: Code | None = None
    hello_bytes: int | None = None
    segment_bytes: int | None = None
    direction: Code | None = None
    interval: list[HostText] | None = None
    walked: bool | None = None
    answers_on: list[int] | None = None
    rule: Text | None = None
    table: Text | None = None
    chain: Text | None = None
    action: Code | None = None
    # what came, and from whom
    service: Code | None = None
    received_bytes: int | None = None
    strangers: int | None = None
    silent_connection: Code | None = None
    alert: int | None = None
    openssl: Code | None = None
    status: int | Code | None = None
    why: Code | None = None
    location: Url | None = None
    server: PeerText | None = None
    content_type: PeerText | None = None
    content: Code | None = None
    via: Via | None = None
    proxy_authenticate: PeerText | None = None
    x_squid_error: PeerText | None = None
    answer: PeerText | None = None
    dialect: Code | None = None
    encryption: bool | Code | None = None
    encryption_types: list[Code] | None = None
    result: int | None = None
    result_name: Code | None = None
    starttls_tried: Code | None = None
    tls_tried: Code | None = None
    refusal: int | None = None
    plugin: PeerText | None = None
    # a certificate: `asked` is the name that it should be for, `through` what of this machine trusts it
    problem: Code | None = None
    asked: HostText | None = None
    subject: DistinguishedName | None = None
    issuer: DistinguishedName | None = None
    sha256: Fingerprint | None = None
    not_before: Code | None = None
    days: float | None = None
    not_after: Code | None = None
    names: list[HostText] | None = None
    through: Code | None = None
    inspector: Code | None = None
    missing_issuer: DistinguishedName | None = None
    self_signed: bool | None = None
    # clocks
    skew_s: int | float | None = None
    accuracy_s: int | None = None
    limit_s: int | None = None
    clocks: list[ClockSource] | None = None
    disagree: bool | None = None
    told_by: HostText | None = None
    date: PeerText | None = None
    # a full client: see sessions/admin_share.py
    guest: bool | None = None
    step: Code | None = None
    package: Code | None = None
    missing: Code | None = None
    install: Code | None = None
    client: Code | None = None
    error: Code | None = None
    tried_on: HostText | None = None
    status_code: int | None = None
    # a path that loses packets
    attempts: int | None = None
    stage: Code | None = None
    repeated_syns: int | None = None
    connect_s: float | None = None
    # one cause on many computers: `tested` of them, `ports` as "tcp-445"
    targets: list[HostText] | None = None
    tested: int | None = None
    ports: list[Code] | None = None


NOTHING = Params()
