"""What the rows of a report ask and say, taken from the built-in profiles again: a report from a file could ask for
less than the profile does.

A built-in role is held against the profile of this version, whatever version made the report: a row that is missing,
or that was not required then, is not proven today. A role of the site's own has no other profile than the file's word;
that is told, and such a report is never ready (docs/decisions/0052).
"""

from functools import cache
from typing import NamedTuple

import msgspec

from eset_portcheck.loading import ProfileError, load_profile
from eset_portcheck.model.profile import ROLES, Profile, Requirement
from eset_portcheck.model.report import ProofReached, Report, Row
from eset_portcheck.model.vocabulary import Proof, Trust

_ASKED = ("direction", "transport", "protocol", "listener", "trust", "inspection")
_SAID = ("source", "purpose", "page_row", "beyond_page", "note_as_printed")
_NAMELESS = "?"  # a report of no role and no row
_ROLE_CHARACTERS = 40


class Planned(NamedTuple):
    """`unknown`: roles that are none of the built-in ones. `missing`: ids without their value of rows of the built-in
    profiles that the report lacks."""

    rows: list[Row]
    unknown: list[str]
    missing: list[str]


def as_planned(report: Report) -> Planned:
    """Rows of built-in roles ask what today's profiles ask. One that these do not have counts for nothing and says
    nothing, unless the report was made from another version of the profile: then it asks what it asked."""
    digests = {used.role: used.sha256 for used in report.profiles}
    named = dict.fromkeys([*digests, *report.run.roles, *(row.role for row in report.checks)])
    asked = {role: _by_name(role, built_in[0]) for role in named if (built_in := _built_in(role)) is not None}
    same = {role for role in asked if (built_in := _built_in(role)) and built_in[1] == digests.get(role)}
    with_proxy = {row.role for row in report.checks if row.via_destination and row.reason != "CONDITION_FALSE"}
    made, seen = [], set()
    for row in report.checks:
        name = _name(row)
        seen.add(name)
        requirement = asked.get(row.role, {}).get(name)
        if requirement is None and row.role not in same:
            made.append(row)
            continue
        said = row.role in same
        made.append(_like(row, requirement, report, said=said, with_proxy=row.role in with_proxy))
    missing = [name for rows in asked.values() for name, one in rows.items() if name not in seen and not one.off]
    with_rows = {row.role for row in made}
    unknown = [role for role in named if role not in asked]
    # Of a role without a single row nothing is proven, whatever its profile was.
    missing += [role[:_ROLE_CHARACTERS] for role in unknown if role not in with_rows] if named else [_NAMELESS]
    return Planned(made, unknown, missing)


@cache
def _built_in(role: str) -> tuple[Profile, str] | None:
    """The profile of this version and its digest; None for a role that is none of ours."""
    if role not in ROLES:
        return None
    try:
        return load_profile(role)
    except ProfileError:
        return None


def _by_name(role: str, profile: Profile) -> dict[str, Requirement]:
    return {
        f"{role}.{one.key}.{one.transport}-{one.port}" + (f".{one.variant}" if one.variant else ""): one
        for one in profile.requirement
    }


def _name(row: Row) -> str:
    """The id without the value of a repeatable option."""
    start, at, rest = row.id.partition("@")
    marks = [rest.rfind(f".{transport}-") for transport in ("tcp", "udp")] if at else []
    return start + rest[max(marks) :] if marks and max(marks) >= 0 else row.id


def _like(row: Row, one: Requirement | None, report: Report, *, said: bool, with_proxy: bool) -> Row:
    """As the requirement asks. `said` False: the texts of another version stay the file's."""
    if one is None:
        return msgspec.structs.replace(
            row, required=False, purpose="", note="", note_as_printed="", source="", page_row=""
        )
    full = row.full_proof or row.proof.required
    proof = one.proof
    if one.trust is Trust.SITE and proof is Proof.TLS and (report.run.ca_given or full is Proof.PRODUCT):
        proof = Proof.PRODUCT
    required = one.required and not one.beyond_page and not one.retired
    if one.optional_when and with_proxy:
        required = required and row.required
    taken = {field: getattr(one, field) for field in (_ASKED + _SAID if said else _ASKED)}
    if not (one.via or one.repeat or one.target.startswith("<")):
        taken["target"] = one.target
    if not one.port_value:
        taken["port"] = one.port
    at = row.id[len(row.role) + 1 + len(one.key) :].rpartition(f".{one.transport}-")[0]
    return msgspec.structs.replace(
        row,
        **taken,
        target_key=one.key,
        required=required,
        proof=ProofReached(row.proof.reached, proof),
        full_proof=proof if row.full_proof is not None else None,
        note=one.note or one.retired if said else row.note,
        redirects=tuple(one.redirects),
        group=msgspec.structs.replace(one.group, id=f"{one.group.id}{at}") if one.group else None,
        reason=row.reason if _may_be(row.reason, one) else "",
    )


def _may_be(reason: str, one: Requirement) -> bool:
    """Was there a way not to run it for this reason?"""
    if reason == "CONDITION_FALSE":
        return bool(one.when or one.via)
    return not (reason == "RETIRED" and not one.retired) and not (
        reason == "SMB_NEEDS_CREDENTIALS" and one.proof is not Proof.AUTHORISED
    )
