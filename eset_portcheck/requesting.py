"""What somebody asks for becomes an AuditRequest: everything decided, nothing sent. The command line and the API both
come through here."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from eset_portcheck import loading, planning, protocols
from eset_portcheck.audit import AuditRequest
from eset_portcheck.model.pins import NoPin, as_option, pin_of
from eset_portcheck.model.plan import Options
from eset_portcheck.model.profile import Profile
from eset_portcheck.model.report import ProfileUsed
from eset_portcheck.model.site import Site, SiteError, host_and_port, site_of
from eset_portcheck.model.vocabulary import Phase
from eset_portcheck.sessions import Credentials
from eset_portcheck.wrong_use import WrongUse

Layers = Sequence[tuple[str, dict[str, Any]]]
_OPTIONS = (
    "server",
    "database",
    "database_kind",
    "proxy",
    "domain_controller",
    "realm",
    "mdc",
    "platform",
    "product_version",
    "site",
    "ca_file",
    "public_ca_file",
)
_FLAGS = ("appliance", "offline", "deep", "no_detect", "allow_unsigned_logon", "no_evidence")
_NO_TEST = ("NOT_SELECTED", "CONDITION_FALSE", "RETIRED")


def load_profiles(
    roles: Iterable[str], files: Iterable[Path], faults: list[str]
) -> tuple[list[Profile], list[ProfileUsed]]:
    """Built-in ones by role, others by file; what is wrong with any of them is added to `faults`."""
    profiles, used = [], []
    wanted: list[str | Path] = [*dict.fromkeys(roles), *files]
    for one in wanted:
        try:
            profile, digest = loading.load_profile_file(one) if isinstance(one, Path) else loading.load_profile(one)
        except loading.ProfileError as error:
            faults += error.lines
        else:
            profiles.append(profile)
            used.append(ProfileUsed(profile.role, profile.version, digest, profile.source))
    return profiles, used


def load_site(file: str | Path | None, faults: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """The layer of a site file; none where there is no file, or it cannot be used."""
    try:
        return [(Path(file).name, loading.load_site(Path(file)))] if file else []
    except loading.ProfileError as error:
        faults += error.lines
        return []


def as_meant(given: dict[str, Any], profiles: Sequence[Profile]) -> dict[str, Any]:
    """The port in `server` belongs to the console where the Web Console is the only role, and no other is given for
    it."""
    if (
        [profile.role for profile in profiles] == ["webconsole"]
        and isinstance(given.get("server"), str)
        and "console_port" not in given
    ):
        try:
            host, port = host_and_port(given["server"], "server")
        except SiteError:  # site_of says so
            return given
        if port is not None:
            return given | {"server": host, "console_port": port}
    return given


def made_site(layers: Layers, ca_file: str | None, pins: Sequence[str] = ()) -> Site:
    """`ca_file`, `pins`: by either of them the servers of the site can prove who they are. Raises SiteError."""
    return msgspec.structs.replace(site_of(*layers, ("", {})), ca_given=bool(ca_file or pins))


def pins_of(given: Iterable[str], faults: list[str]) -> list[str]:
    """Digests, in their order; what is none is added to `faults`."""
    found = []
    for one in given:
        try:
            found.append(pin_of(one))
        except NoPin as error:
            faults.append(f"pin: {one[:80]!a}: {error}")
    return found


def audit_request(
    profiles: list[Profile],
    used: list[ProfileUsed],
    site: Site,
    options: Options,
    *,
    phase: str = "auto",
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    ca_file: str | None = None,
    public_file: str | None = None,
    pins: Sequence[str] = (),
    credentials: Credentials | None = None,
    arguments: Sequence[str] = (),
    detected: Sequence[str] = (),
    closed: Iterable[str] = (),
    strict: bool = False,
    exit_zero: bool = False,
    this_machine_only: bool = False,
) -> tuple[AuditRequest, list[str]]:
    """The request, and lines for whoever reads along. `this_machine_only`: rows that dial are left out, and need no
    values. `closed`: files that would have said more, named where a value is missing. Raises WrongUse."""
    from eset_portcheck.loading import authority_files

    site = msgspec.structs.replace(site, credentials_given=credentials is not None)
    if lacking := planning.missing(profiles, site, of_targets=not this_machine_only):
        raise WrongUse(*lacking, *(f"not readable with these rights: {path}" for path in closed))
    told = authority_files.refuse_unreadable(ca_file, public_file, judges=not this_machine_only)
    plan = planning.plan(profiles, site, only, skip, protocols.known, here_only=this_machine_only)
    if not any(check.skip not in _NO_TEST for check in plan.checks):
        if this_machine_only:
            raise WrongUse(f"role {', '.join(plan.roles)} has no port that listens on this machine")
        raise WrongUse("no check selected: none matches --only and --skip, or no row applies to this site")
    request = AuditRequest(
        plan=plan,
        profiles=used,
        phase=Phase(phase),
        ca_file=ca_file,
        public_file=public_file,
        pins=tuple(pins),
        options=msgspec.structs.replace(options, connect_to=dict(site.connect_to)),
        arguments=arguments,
        command="ports" if this_machine_only else "check",
        detected=detected,
        credentials=credentials,
        strict=strict,
        exit_zero=exit_zero,
    )
    return request, told


def command_words(given: Mapping[str, Any]) -> list[str]:
    """The command line that asks the same, without output options: what `verify` and the first line print. `given`: by
    the options' names with _ for -."""
    line: list[str] = []
    for name in ("role", "profile", "target", "set"):
        line += [part for value in given.get(name) or [] for part in (f"--{name}", _at_home(str(value)))]
    line += [part for pin in given.get("pin") or [] for part in ("--pin", as_option(pin_of(pin)))]
    line += [
        part
        for name in _OPTIONS
        if (value := given.get(name))
        for part in ("--" + name.replace("_", "-"), _at_home(str(value)))
    ]
    line += ["--" + name.replace("_", "-") for name in _FLAGS if given.get(name)]
    line += ["--credentials-file", _at_home(given["credentials_file"])] if given.get("credentials_file") else []
    line += ["--ask-credentials"] if given.get("ask_credentials") else []
    line += ["--all-addresses"] if given.get("all_addresses") else []
    line += [{"ipv4": "-4", "ipv6": "-6"}[given["family"]]] if given.get("family") else []
    line += ["--phase", given["phase"]] if given.get("phase", "auto") != "auto" else []
    line += (
        ["--timeout", f"{given['timeout']:g}"]
        if given.get("timeout", Options().timeout_s) != Options().timeout_s
        else []
    )
    return line


def _at_home(value: str) -> str:
    """A path in the user's own folder as ~/...: it works as well, and the report does not name the user."""
    try:
        home, path = Path.home(), Path(value)
    except RuntimeError:  # no such user
        return value
    is_below = path.is_absolute() and home != Path(home.anchor) and path != home and path.is_relative_to(home)
    return f"~/{path.relative_to(home).as_posix()}" if is_below else value
