"""What one row of the matrix is about: said once in the plan, and the same in the report."""

from typing import Any

import msgspec

from eset_portcheck.model.host import PortNumber
from eset_portcheck.model.privacy import CheckId, Code, HostText, Text, Words
from eset_portcheck.model.profile import Group
from eset_portcheck.model.vocabulary import Direction, Listener, Transport, Trust


class Subject(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The base of a Check (what is to be done about it) and of a Row (what was found). A field added here reaches the
    report by itself.

    `inspection`: what an intercepting authority means for it, "fail" or "warn". `redirects`: host suffixes that a
    redirect may lead to.
    `skip_params`: why it was not run, in values.
    """

    id: CheckId
    role: Code
    direction: Direction
    transport: Transport
    port: PortNumber
    protocol: Code
    target: HostText
    target_key: Code
    via_destination: HostText | None = None
    listener: Listener
    group: Group | None = None
    required: bool
    source: Text
    beyond_page: bool = False
    purpose: Text = ""
    note: Text = ""
    note_as_printed: Text = ""
    page_row: Text = ""
    trust: Trust | None = None
    inspection: Code = "fail"
    redirects: tuple[HostText, ...] = ()
    skip_params: Words = {}

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("id: empty")


def subject_fields(one: Subject) -> dict[str, Any]:
    """To build another kind of Subject of the same."""
    return {name: getattr(one, name) for name in Subject.__struct_fields__}
