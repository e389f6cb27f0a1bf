"""What one row of the matrix is about: said once in the plan, and the same in the report."""

from typing import Any

import msgspec

from eset_portcheck.model.host import PortNumber
from eset_portcheck.model.privacy import CheckId, Code, HostText, Text
from eset_portcheck.model.profile import Group
from eset_portcheck.model.vocabulary import Direction, Listener, Transport, Trust


class SkipParams(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Why a row was not run, in values: the `condition` that does not hold, what it would have to be (`wanted`) and the
    `option` that says so; the name of a missing `value`; a `protocol` that is not built; `error`: what the checker
    raised."""

    condition: Code = ""
    wanted: Code = ""
    option: Code = ""
    value: Code = ""
    protocol: Code = ""
    why: Text = ""
    error: Text = ""


NO_PARAMS = SkipParams()


class Subject(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The base of a Check (what is to be done about it) and of a Row (what was found). A field added here reaches the
    report by itself.

    `inspection`: what an intercepting authority means for it, "fail" or "warn". `redirects`: host suffixes that a
    redirect may lead to.
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
    skip_params: SkipParams = NO_PARAMS

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("id: empty")
        # What says nothing is not written: defaults are known by identity.
        if self.skip_params == NO_PARAMS and self.skip_params is not NO_PARAMS:
            msgspec.structs.force_setattr(self, "skip_params", NO_PARAMS)


def subject_fields(one: Subject) -> dict[str, Any]:
    """To build another kind of Subject of the same."""
    return {name: getattr(one, name) for name in Subject.__struct_fields__}
