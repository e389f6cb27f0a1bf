"""What the rows of a report ask and say, taken from the built-in profiles again: a report from a file could ask for
less than the profile does.

A profile is known by its digest. Of another one (of the site's own, of another version) the file's word is all there
is, and that is told.
"""

from functools import cache
from typing import NamedTuple

import msgspec

from eset_portcheck.loading import ProfileError, load_profile
from eset_portcheck.model.profile import ROLES, Profile, Requirement
from eset_portcheck.model.report import ProofReached, Report, Row
from eset_portcheck.model.vocabulary import Proof, Trust

_TAKEN = (
    "direction",
    "transport",
    "protocol",
    "listener",
    "source",
    "purpose",
    "page_row",
    "trust",
    "inspection",
    "beyond_page",
    "note_as_printed",
)
_NAMELESS = "?"  # a report of no role and no row
_ROLE_CHARACTERS = 40


class Planned(NamedTuple):
    """`unknown`: roles whose profile is not one of this version. `missing`: ids without their value of known rows that
    the report lacks."""

    rows: list[Row]
    unknown: list[str]
    missing: list[str]


def as_planned(report: Report) -> Planned:
    """Rows of known profiles ask what these ask; a row that is in none of them counts for nothing and says nothing."""
    digests = {used.role: used.sha256 for used in report.profiles}
    known = {role: rows for role in digests if role in ROLES and (rows := _rows(role, digests[role])) is not None}
    with_proxy = {row.role for row in report.checks if row.via_destination and row.reason != "CONDITION_FALSE"}
    made, seen = [], set()
    for row in report.checks:
        if row.role not in known:
            made.append(row)
            continue
        name = _name(row)
        seen.add(name)
        made.append(_like(row, known[row.role].get(name), report, with_proxy=row.role in with_proxy))
    named = dict.fromkeys([*digests, *report.run.roles, *(row.role for row in made)])
    missing = [name for rows in known.values() for name, one in rows.items() if name not in seen and not one.off]
    with_rows = {row.role for row in made}
    for role in [one for one in named if one not in known and one not in with_rows] or ([] if named else [_NAMELESS]):
        missing += _asked_today(role)  # a role without a single row: nothing of it is proven, whatever its profile was
    return Planned(made, [role for role in named if role not in known], missing)


def _asked_today(role: str) -> list[str]:
    """Ids of what the built-in profile asks; of a role that is none of ours its name is all there is to say."""
    try:
        profile, _ = _built_in(role) if role in ROLES else (None, "")
    except ProfileError:
        profile = None
    return (
        [name for name, one in _by_name(role, profile).items() if not one.off] if profile else [role[:_ROLE_CHARACTERS]]
    )


@cache
def _built_in(role: str) -> tuple[Profile, str]:
    return load_profile(role)


def _rows(role: str, sha256: str) -> dict[str, Requirement] | None:
    try:
        profile, digest = _built_in(role)
    except ProfileError:
        return None
    if digest != sha256:
        return None
    return _by_name(role, profile)


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


def _like(row: Row, one: Requirement | None, report: Report, *, with_proxy: bool) -> Row:
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
    taken = {field: getattr(one, field) for field in _TAKEN}
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
        note=one.note or one.retired,
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
