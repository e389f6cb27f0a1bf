"""The public functions: a check, a report from a file, a report judged anew, a report as text. docs/api.md says how to
use them and what is promised.

Nothing here prints, installs a handler of signals, ends the process or asks a question.
"""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from eset_portcheck import requesting
from eset_portcheck.audit import AuditRequest, audit, audit_in_loop
from eset_portcheck.loading.reports import ReportFileError, load_report
from eset_portcheck.model.observation import Observation
from eset_portcheck.model.pins import as_option
from eset_portcheck.model.plan import Check, Options
from eset_portcheck.model.report import Report, Row
from eset_portcheck.model.site import NAMES, SiteError
from eset_portcheck.model.vocabulary import Phase, Verdict
from eset_portcheck.redaction import redacted
from eset_portcheck.rejudging import INTERRUPTED, rejudged
from eset_portcheck.render import render
from eset_portcheck.sessions import Credentials
from eset_portcheck.wrong_use import PortcheckError, WrongUse

__all__ = [
    "Credentials",
    "PortcheckError",
    "Report",
    "ReportFileError",
    "Row",
    "Settings",
    "Verdict",
    "WrongUse",
    "acheck",
    "check",
    "load",
    "rejudge",
    "render",
]

Name = str | PathLike[str]
Progress = Callable[[str], object]
MIN_S, MAX_S = 0.1, 3600.0


class Settings(TypedDict, total=False):
    """All that `check` may be told beside the roles. Names and meaning are those of the command line and of site files;
    None is as good as not given."""

    # the site (docs/site-file.md)
    server: str | None  # host, host:port or [v6]:port
    server_port: int | None
    console_port: int | None
    database: str | None
    database_port: int | None
    database_kind: Literal["mssql", "mysql"] | None
    proxy: str | None
    proxy_port: int | None
    domain_controller: str | None
    realm: str | None
    mdc: str | None
    target: str | Sequence[str] | None
    appliance: bool | None
    platform: Literal["ios", "android"] | None
    product_version: str | None
    bridge_push: bool | None
    offline: bool | None
    webconsole_port: int | None
    beyond_page: bool | None
    connect_to: Mapping[str, str] | None  # "host:port" -> "host:port"; the name is still checked
    site: Name | None  # a file with the same values
    profile: Name | Sequence[Name] | None  # files of profiles of your own
    # the run
    phase: Literal["pre", "post", "auto"] | None
    only: str | Sequence[str] | None  # patterns of check ids
    skip: str | Sequence[str] | None
    family: Literal["ipv4", "ipv6"] | None
    all_addresses: bool | None
    timeout: float | None  # seconds, a stage
    budget: float | None  # seconds, the run
    deep: bool | None
    ca_file: Name | None
    public_ca_file: Name | None  # in place of Mozilla's authorities
    pin: str | Sequence[str] | None  # "sha256:..." of certificates that the site's server must show
    credentials: Credentials | None
    allow_unsigned_logon: bool | None
    no_evidence: bool | None
    strict: bool | None
    exit_zero: bool | None


_FLAGS = ("all_addresses", "deep", "allow_unsigned_logon", "no_evidence", "strict", "exit_zero")
_TRUST = ("ca_file", "public_ca_file", "pin")
_RUN = {"site", "profile", "phase", "only", "skip", "family", "timeout", "budget", "credentials", *_FLAGS, *_TRUST}
_HOSTS = ("server", "database", "database_kind", "proxy", "domain_controller", "realm", "mdc")
_BY_OPTION = (*_HOSTS, "target", "appliance", "platform", "product_version", "offline")


def check(role: str | Sequence[str] = (), *, progress: Progress | None = None, **settings: Unpack[Settings]) -> Report:
    """Probe every path that the role (or roles) of this machine needs. Blocks until the report is there;
    `Settings.budget` bounds the dialling.

    `progress` is called with a check's id when its peer was observed; the first exception that it raises is raised when
    the run has ended. Raises WrongUse before anything is sent; RuntimeError where a loop is running (`acheck`);
    KeyboardInterrupt on Ctrl-C, without a report.
    """
    if _in_loop():
        raise RuntimeError("check() blocks, and a loop is running here: await acheck()")
    request, told = _request(role, dict(settings)), _Told(progress)
    report = audit(request, told.done)
    if report.summary.exit_code == INTERRUPTED:
        raise KeyboardInterrupt
    told.settle()
    return report


async def acheck(
    role: str | Sequence[str] = (), *, progress: Progress | None = None, **settings: Unpack[Settings]
) -> Report:
    """As `check`, in the running loop. Cancelled, it stops sending at once and reports nothing. Raises WrongUse before
    anything is sent."""
    import asyncio

    request, told = await asyncio.to_thread(_request, role, dict(settings)), _Told(progress)
    report = await audit_in_loop(request, told.done)
    told.settle()
    return report


def load(path: Name) -> Report:
    """A report from a file, of any 1.x schema, by whomever: read with limits, its conclusions made anew from its facts.
    `rediagnosis` says what differed. Raises ReportFileError."""
    return redacted(rejudged(load_report(Path(path)).report)).report


def rejudge(report: Report) -> Report:
    """The facts of a report judged by the rules of this version; the same report where they conclude what it holds."""
    return rejudged(report)


class _Told:
    """Calls `progress`, whose faults must not be taken for the network's."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._error: BaseException | None = None

    def done(self, check: Check, _observation: Observation) -> None:
        if self._progress is None or self._error is not None:
            return
        try:
            self._progress(check.id)
        except Exception as error:  # noqa: BLE001  # raised by settle
            self._error = error

    def settle(self) -> None:
        if self._error is not None:
            raise self._error


def _in_loop() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _request(role: str | Sequence[str], settings: dict[str, Any]) -> AuditRequest:
    """Raises WrongUse with every fault found, each with the name of the argument."""
    given = {name: value for name, value in settings.items() if value is not None}
    run = {name: given.pop(name) for name in _RUN & given.keys()}
    faults: list[str] = []
    roles = _texts("role", role, faults)
    only, skip = _texts("only", run.get("only", ()), faults), _texts("skip", run.get("skip", ()), faults)
    files = [Path(one) for one in _texts("profile", run.get("profile", ()), faults)]
    site_file, ca_file, public_file = (
        next(iter(_texts(name, run.get(name, ()), faults)), None) for name in ("site", "ca_file", "public_ca_file")
    )
    pins = requesting.pins_of(_texts("pin", run.get("pin", ()), faults), faults)
    flags = {name: _flag(name, run.get(name, False), faults) for name in _FLAGS}
    timeout_s, budget_s = (
        _seconds(name, run.get(name, usual), faults)
        for name, usual in (("timeout", Options().timeout_s), ("budget", Options().budget_s))
    )
    phase = _choice("phase", run.get("phase", Phase.AUTO.value), [one.value for one in Phase], faults)
    family = _choice("family", run["family"], ["ipv4", "ipv6"], faults) if "family" in run else None
    credentials = run.get("credentials")
    if credentials is not None and not isinstance(credentials, Credentials):
        faults.append("credentials: an object of Credentials is needed")  # its value is not repeated
    if not roles and not files:
        faults.append("role: at least one is needed")
    profiles, used = requesting.load_profiles(roles, files, faults)
    layers = [*requesting.load_site(site_file, faults), ("", requesting.as_meant(_plain(given), profiles))]
    try:
        site = requesting.made_site(layers, ca_file, pins)
    except SiteError as error:
        faults += error.lines
    if faults:
        raise WrongUse(*faults)
    words = {
        "role": roles,
        "profile": files,
        "site": site_file,
        "ca_file": ca_file,
        "public_ca_file": public_file,
        "pin": [as_option(one) for one in pins],
        "no_detect": True,
        "ask_credentials": credentials is not None,
    }
    words |= {"phase": phase, "family": family, "timeout": timeout_s} | flags | _words(given)
    request, _ = requesting.audit_request(
        profiles,
        used,
        site,
        Options(
            timeout_s,
            budget_s,
            (family,) if family else Options().families,
            flags["all_addresses"],
            deep=flags["deep"],
            allow_unsigned_logon=flags["allow_unsigned_logon"],
            evidence=not flags["no_evidence"],
        ),
        phase=phase,
        only=only,
        skip=skip,
        ca_file=ca_file,
        public_file=public_file,
        pins=pins,
        credentials=credentials,
        arguments=requesting.command_words(words),
        strict=flags["strict"],
        exit_zero=flags["exit_zero"],
    )
    return request


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """Site values as a site file would give them."""
    table = given.get("connect_to")
    return given | {"connect_to": dict(table)} if isinstance(table, Mapping) else given


def _words(given: dict[str, Any]) -> dict[str, Any]:
    """Site values as options; what has none of its own goes by --set. [connect_to] has a place in files only."""
    targets = given.get("target", ())
    told = {name: given[name] for name in _BY_OPTION if name in given} | {
        "target": [targets] if isinstance(targets, str) else list(targets)
    }
    others = [name for name in NAMES if name in given and name not in (*_BY_OPTION, "connect_to")]
    others += [name for name in ("appliance", "offline") if given.get(name) is False]
    return told | {
        "set": [
            f"{name}={str(given[name]).lower() if isinstance(given[name], bool) else given[name]}" for name in others
        ]
    }


def _texts(name: str, value: object, faults: list[str]) -> list[str]:
    """One text or path, or several."""
    several = [value] if isinstance(value, (str, PathLike)) else value
    if isinstance(several, (list, tuple, set, frozenset)) and all(isinstance(one, (str, PathLike)) for one in several):
        return [str(fspath(one)) for one in several]
    faults.append(f"{name}: text is needed, not {type(value).__name__}")
    return []


def _flag(name: str, value: object, faults: list[str]) -> bool:
    if not isinstance(value, bool):
        faults.append(f"{name}: True or False is needed, not {type(value).__name__}")
    return value is True


def _seconds(name: str, value: object, faults: list[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not MIN_S <= value <= MAX_S:
        faults.append(f"{name}: {str(value)[:20]!a} is no number of seconds between {MIN_S:g} and {MAX_S:g}")
        return MIN_S
    return float(value)


def _choice(name: str, value: object, words: list[str], faults: list[str]) -> str:
    if value not in words:
        faults.append(f"{name}: {str(value)[:20]!a} is none of {', '.join(words)}")
    return str(value)
