"""A profile: what one role needs, as data. Every field of a `[[requirement]]` stands here.

Source of the rows: docs/sources.md#the-ports-page and what each row's `source` names.
"""

from typing import Literal

import msgspec

from eset_portcheck.model.privacy import CheckId
from eset_portcheck.model.vocabulary import Direction, Listener, Proof, Transport, Trust

Scalar = bool | int | str
# Whose profiles are built in.
ROLES = (
    "agent",
    "bridge",
    "deploy-source",
    "deploy-target",
    "webconsole",
    "server",
    "rdsensor",
    "mdc",
    "mobile-device",
)


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Alternatives of one requirement. `chain`: lower rank first; `any`: one is enough."""

    id: CheckId
    policy: Literal["chain", "any"]
    rank: int = 0


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A site value that this profile reads."""

    meaning: str
    option: str = ""
    required: bool = False  # the role makes no sense without it: wrong use, nothing is sent
    default: Scalar | None = None
    example: str = ""


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One endpoint of one row.

    `target`: a host name, "<server>" (a site value), or "this-host". `port`: as on the page; `port_value`: the site
    value that may change it.
    `when`: all must equal the site's values; a boolean asks whether the value is given (or true). `repeat`: the
    repeatable option this row runs over.
    `via`: the site value of a proxy that is dialled instead; `via_port` is the destination port asked of it,
    `via_port_value` its site value.
    """

    key: str
    port: int
    transport: Transport
    protocol: str
    direction: Direction
    target: str
    listener: Listener
    proof: Proof
    purpose: str
    source: str
    page_row: str = ""
    variant: str = ""
    port_value: str = ""
    trust: Trust | None = None
    inspection: Literal["fail", "warn"] = "fail"
    required: bool = True
    optional_when: dict[str, Scalar] = {}  # advisory when these hold (a direct row once a proxy is given)
    when: dict[str, Scalar] = {}
    group: Group | None = None
    repeat: str = ""
    via: str = ""
    via_port: int = 0
    via_port_value: str = ""
    path: str = ""
    alpn: list[str] = []
    redirects: list[str] = []
    beyond_page: bool = False
    off: bool = False  # beyond the page: listed by `show`, run only with --set beyond_page=true
    retired: str = ""  # why it is history; runs only when `when` says so, never required
    note: str = ""
    note_as_printed: str = ""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    role: str
    title: str
    version: str
    source: str
    page_section: str = ""
    runs_on: str = ""  # where to run this role's checks
    values: dict[str, Value] = {}
    requirement: list[Requirement] = []
