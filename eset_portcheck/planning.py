"""Profiles and a site make a plan: one check a cell. Pure. Every row exists, also when it will not run, with the
reason.

Source: docs/contract.md#required-proof, #groups, #proxy, #check-ids.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

import msgspec

from eset_portcheck.model.addresses import host_port
from eset_portcheck.model.plan import Check, Endpoint, Plan
from eset_portcheck.model.profile import Profile, Requirement
from eset_portcheck.model.reasons import ReasonCode
from eset_portcheck.model.site import DERIVED, Site
from eset_portcheck.model.subject import NO_PARAMS, SkipParams
from eset_portcheck.model.vocabulary import Direction, Proof, Trust

THIS_HOST = "this-host"
Built = Callable[[str], bool]


def missing(profiles: Iterable[Profile], site: Site, *, of_targets: bool = True) -> list[str]:
    """Why there can be no plan: site values without which a role makes no sense, as lines that name the option; a role
    that two profiles claim.

    `of_targets`: False where nothing is dialled, and so no target is needed.
    """
    profiles = list(profiles)
    counted = Counter(profile.role for profile in profiles)
    lines = [
        f"role {role}: {count} profiles give it, their check ids would be the same"
        for role, count in counted.items()
        if count > 1
    ]
    for profile in profiles if of_targets else ():
        for name, value in profile.values.items():
            if value.required and not site.condition(name):
                lines.append(f"role {profile.role} needs {value.option or name}: {value.meaning}")
    return lines


def plan(
    profiles: list[Profile],
    site: Site,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    built: Built = lambda _: True,
    *,
    here_only: bool = False,
) -> Plan:
    """`here_only`: rows that look at this machine alone; the others are left out, not forgotten."""
    checks = [
        check for profile in profiles for one in profile.requirement for check in _checks(profile, one, site, built)
    ]
    chosen, left_out = list(only), list(skip)
    return Plan(
        roles=[profile.role for profile in profiles],
        checks=[_select(check, chosen, left_out, here_only) for check in checks],
    )


def _checks(profile: Profile, one: Requirement, site: Site, built: Built) -> list[Check]:
    if one.off and not site.beyond_page:
        return []
    values: Iterable[str | None] = getattr(site, one.repeat) or (None,) if one.repeat else (None,)
    return [_check(profile, one, site, value, built) for value in values]


def _check(profile: Profile, one: Requirement, site: Site, value: str | None, built: Built) -> Check:
    target = _target(one, site, value)
    skip, params = _not_run(profile, one, site, target, built)
    number = _port(one.port_value, one.port, site)
    proxy = str(getattr(site, one.via) or "") if one.via else ""
    via_port = _port(one.via_port_value, one.via_port, site)
    at = f"@{value}" if value else ""
    proof = one.proof
    if one.trust is Trust.SITE and proof is Proof.TLS and site.ca_given:
        proof = Proof.PRODUCT
    advisory = bool(one.optional_when) and _holds(one.optional_when, site)
    return Check(
        id=f"{profile.role}.{one.key}{at}.{one.transport}-{one.port}" + (f".{one.variant}" if one.variant else ""),
        role=profile.role,
        target_key=one.key,
        direction=one.direction,
        transport=one.transport,
        port=number,
        protocol=one.protocol,
        target=(proxy or f"<{one.via}>") if one.via else (target or one.target),
        listener=one.listener,
        required=one.required and not one.beyond_page and not one.retired and not advisory,
        required_proof=proof,
        source=one.source,
        purpose=one.purpose,
        page_port=one.port,
        page_row=one.page_row,
        value=value,
        via_destination=host_port(target or one.target, via_port) if one.via else None,
        group=msgspec.structs.replace(one.group, id=f"{one.group.id}{at}") if one.group else None,
        trust=one.trust,
        inspection=one.inspection,
        beyond_page=one.beyond_page,
        advisory=advisory,
        note=one.note or one.retired,
        note_as_printed=one.note_as_printed,
        endpoint=_endpoint(one, site, target, number, proxy, via_port)
        if skip is None and one.direction is Direction.OUTBOUND
        else None,
        redirects=tuple(one.redirects),
        internet=_is_internet(one),
        skip=skip,
        skip_params=params,
    )


def _target(one: Requirement, site: Site, value: str | None) -> str | None:
    if one.repeat:
        return value
    if one.target.startswith("<"):
        return getattr(site, one.target.strip("<>")) or None
    return one.target


def _port(name: str, default: int, site: Site) -> int:
    return int(getattr(site, name) or default) if name else default


def _is_internet(one: Requirement) -> bool:
    return one.direction is Direction.OUTBOUND and not one.target.startswith("<") and one.target != THIS_HOST


def _holds(conditions: dict[str, bool | int | str], site: Site) -> bool:
    return not _broken_condition(conditions, site)


def _broken_condition(conditions: dict[str, bool | int | str], site: Site) -> str:
    """The name of the first condition that does not hold, or nothing; a boolean asks whether the value is given (or
    true)."""
    for name, wanted in conditions.items():
        have = site.condition(name)
        if (bool(have) if isinstance(wanted, bool) else have) != wanted:
            return name
    return ""


def _told(name: str, wanted: bool | int | str, profile: Profile) -> SkipParams:
    """A condition in words of the command line: what is derived is told by the option that it comes from."""
    if name in DERIVED:
        source, word = DERIVED[name]
        told = SkipParams(condition=source, wanted=word if wanted else f"not {word}")
    else:
        given = "given" if wanted is True else "not given" if wanted is False else str(wanted)
        told = SkipParams(condition=name, wanted=given)
    return msgspec.structs.replace(told, option=_option(told.condition, profile))


def _option(name: str, profile: Profile) -> str:
    return profile.values[name].option if name in profile.values else ""


def _not_run(
    profile: Profile, one: Requirement, site: Site, target: str | None, built: Built
) -> tuple[ReasonCode | None, SkipParams]:
    if broken := _broken_condition(one.when, site):
        if one.retired and broken in DERIVED:  # history for this product version; any other condition is told as such
            return "RETIRED", SkipParams(why=one.retired)
        return "CONDITION_FALSE", _told(broken, one.when[broken], profile)
    if one.via and not getattr(site, one.via):
        return "CONDITION_FALSE", _told(one.via, True, profile)
    if target is None:
        name = one.repeat or one.target.strip("<>")
        return "VALUE_MISSING", SkipParams(value=name, option=_option(name, profile) or name)
    if one.direction is Direction.OUTBOUND and not built(one.protocol):
        return "NOT_BUILT", SkipParams(protocol=one.protocol)
    if one.proof is Proof.AUTHORISED and not site.credentials_given:
        return "SMB_NEEDS_CREDENTIALS", NO_PARAMS
    return None, NO_PARAMS


_REPLICATION = "server_port"  # the site value that names the port on which components replicate


def _endpoint(one: Requirement, site: Site, target: str | None, number: int, proxy: str, via_port: int) -> Endpoint:
    host = str(target)
    return Endpoint(
        transport=one.transport,
        host=host,
        port=via_port if one.via else number,
        protocol=one.protocol,
        proxy=(proxy, number) if one.via else None,
        server_name=host,
        path=one.path or None,
        alpn=tuple(one.alpn),
        trust=one.trust,
        realm=site.realm,
        redirects=tuple(one.redirects),
        session=one.variant if one.proof is Proof.AUTHORISED else None,
        uploads=one.protocol == "tls" and _REPLICATION in (one.port_value, one.via_port_value),
    )


def _select(check: Check, only: list[str], skip: list[str], here_only: bool) -> Check:
    """What does not apply stays told as such; what does and was deselected is neither unproven for a missing value nor
    for anything else."""
    chosen = (not only or any(fnmatchcase(check.id, one) for one in only)) and not any(
        fnmatchcase(check.id, one) for one in skip
    )
    chosen = chosen and not (here_only and check.direction is Direction.OUTBOUND)
    if chosen or check.skip in ("CONDITION_FALSE", "RETIRED"):
        return check
    return msgspec.structs.replace(check, skip="NOT_SELECTED", skip_params=NO_PARAMS, endpoint=None)
