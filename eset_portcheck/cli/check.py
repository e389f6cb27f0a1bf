"""`check`: the checks of a role."""

import argparse
import sys
from typing import Any

from eset_portcheck import interrupts, streams
from eset_portcheck.cli import arguments as shared
from eset_portcheck.cli import output, redacting

DEFAULT_TIMEOUT_S = 4.0
DEFAULT_BUDGET_S = 60.0


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "check",
        help="test every network path that a role needs",
        description="Tests every network path that this machine's role needs. Shows what blocks it and who can fix it.",
    )
    shared.add_site(parser)
    run_group = parser.add_argument_group("the run")
    add_phase(run_group)
    run_group.add_argument("--only", action="append", default=[], metavar="GLOB", help="only checks whose id matches (repeatable)")
    run_group.add_argument("--skip", action="append", default=[], metavar="GLOB", help="skip checks whose id matches (repeatable)")
    family = run_group.add_mutually_exclusive_group()
    family.add_argument("-4", dest="family", action="store_const", const="ipv4", help="IPv4 only")
    family.add_argument("-6", dest="family", action="store_const", const="ipv6", help="IPv6 only")
    run_group.add_argument("--all-addresses", action="store_true", help="test every address of a name (default: three each of IPv4 and IPv6)")
    run_group.add_argument("--timeout", type=_seconds, default=DEFAULT_TIMEOUT_S, metavar="S", help="time-out of each stage in seconds (default 4)")
    run_group.add_argument("--budget", type=_seconds, default=DEFAULT_BUDGET_S, metavar="S", help="time limit of the whole run in seconds (default 60)")
    run_group.add_argument("--deep", action="store_true", help="test again with full clients (extra `deep`)")
    run_group.add_argument("--credentials-file", metavar="FILE", help="TOML file with user, password, domain for ADMIN$; only you may read it")
    run_group.add_argument("--ask-credentials", action="store_true", help="ask for user, password, domain on the terminal")
    run_group.add_argument(
        "--allow-unsigned-logon",
        action="store_true",
        help="also log in to computers with SMB below 2.1 only: an attacker on the path can take over that session or forge its answers",
    )
    run_group.add_argument("--dry-run", action="store_true", help="list every destination, send nothing")
    add_exit_code(parser)
    output.add_output(parser)
    redacting.add_redaction(parser)
    parser.set_defaults(run=run)


def add_phase(group: Any) -> None:
    group.add_argument("--phase", choices=("pre", "post", "auto"), default="auto", help="pre: before installation of the listening component, post: after")


def add_exit_code(parser: Any) -> None:
    out = parser.add_argument_group("exit code")
    out.add_argument("--strict", action="store_true", help="exit 1 on warnings and unproven rows too")
    out.add_argument("--exit-zero", action="store_true", help="exit 0 instead of 1 or 3")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 3600 seconds")
    return value


def run(arguments: argparse.Namespace) -> int:
    interrupts.let_raise()  # commands that list this machine end with us
    try:
        profiles, used, site = shared.load(arguments)
        order = order_of(arguments, profiles, used, site, credentials_of(arguments))
        if arguments.dry_run:
            return dry_run(order, arguments.lang)
        interrupts.hold()
        private = redacting.Redacting(arguments)
        files = output.Outputs(arguments.output)
    except shared.WrongUse as error:
        return shared.refuse(error)
    try:
        interrupts.let_raise()
        report = audited(order, quiet=arguments.quiet or arguments.format == "json", form=arguments.format, language=arguments.lang)
    except BaseException:  # nothing to report: what was begun is gone
        files.close()
        raise
    return finish(report, arguments, files, private)


def credentials_of(arguments: argparse.Namespace) -> Any:
    """From a file that only its owner reads, or asked for on a terminal; None when neither was wanted."""
    if arguments.credentials_file:
        from eset_portcheck.cli.secrets import from_file

        return from_file(arguments.credentials_file)
    if arguments.ask_credentials:
        from eset_portcheck.cli.secrets import from_terminal

        try:
            return from_terminal()
        except (EOFError, OSError):
            raise shared.WrongUse("--ask-credentials: no terminal to ask on") from None
    return None


def order_of(
    arguments: argparse.Namespace, profiles: list[Any], used: list[Any], site: Any, credentials: Any = None, *, this_machine_only: bool = False
) -> Any:
    """Everything decided, nothing sent. `this_machine_only`: rows that dial are left out, and need no values. Raises WrongUse."""
    import os

    import msgspec

    from eset_portcheck import planning, protocols
    from eset_portcheck.audit import Order
    from eset_portcheck.cli import authorities
    from eset_portcheck.model.plan import Options
    from eset_portcheck.model.vocabulary import Phase

    site = msgspec.structs.replace(site, credentials_given=credentials is not None)
    lacking = planning.missing(profiles, site, of_targets=not this_machine_only)
    if lacking:
        raise shared.WrongUse(*lacking, *(f"not readable with these rights: {path}" for path in arguments.closed))
    authorities.refuse_unreadable(arguments.ca_file, os.environ.get("SSL_CERT_FILE"), quiet=arguments.quiet, judges=not this_machine_only)
    plan = planning.plan(profiles, site, arguments.only, arguments.skip, protocols.known, here_only=this_machine_only)
    if not any(check.skip not in ("NOT_SELECTED", "CONDITION_FALSE", "RETIRED") for check in plan.checks):
        if this_machine_only:
            raise shared.WrongUse(f"role {', '.join(plan.roles)} has no port that listens on this machine")
        raise shared.WrongUse("no check selected: none matches --only and --skip, or no row applies to this site")
    families = (arguments.family,) if arguments.family else ("ipv6", "ipv4")
    return Order(
        plan=plan,
        profiles=used,
        phase=Phase(arguments.phase),
        ca_file=arguments.ca_file,
        public_file=os.environ.get("SSL_CERT_FILE") or None,
        options=Options(
            arguments.timeout,
            arguments.budget,
            families,
            arguments.all_addresses,
            dict(site.connect_to),
            arguments.deep,
            arguments.allow_unsigned_logon,
        ),
        arguments=again(arguments),
        command="ports" if this_machine_only else "check",
        detected=arguments.detected,
        credentials=credentials,
    )


def again(arguments: argparse.Namespace) -> list[str]:
    """The command line that asks the same, without output options: what `verify` and the first line print."""
    line: list[str] = []
    for name in ("role", "profile", "target", "set"):
        line += [part for value in getattr(arguments, name) or [] for part in (f"--{name}", at_home(value))]
    names = ["server", "database", "database_kind", "proxy", "domain_controller", "realm", "mdc", "platform", "product_version", "site", "ca_file"]
    line += [part for name in names if (value := getattr(arguments, name)) for part in ("--" + name.replace("_", "-"), at_home(str(value)))]
    line += ["--" + name.replace("_", "-") for name in ("appliance", "offline", "deep", "no_detect", "allow_unsigned_logon") if getattr(arguments, name)]
    line += ["--credentials-file", at_home(arguments.credentials_file)] if arguments.credentials_file else []
    line += ["--ask-credentials"] if arguments.ask_credentials else []
    line += ["--all-addresses"] if arguments.all_addresses else []
    line += [{"ipv4": "-4", "ipv6": "-6"}[arguments.family]] if arguments.family else []
    line += ["--phase", arguments.phase] if arguments.phase != "auto" else []
    line += ["--timeout", f"{arguments.timeout:g}"] if arguments.timeout != DEFAULT_TIMEOUT_S else []
    return line


def at_home(value: str) -> str:
    """A path in the user's own folder as ~/...: it works as well, and the report does not name the user."""
    from pathlib import Path

    try:
        home, path = Path.home(), Path(value)
    except RuntimeError:  # no such user
        return value
    is_below = path.is_absolute() and home != Path(home.anchor) and path != home and path.is_relative_to(home)
    return f"~/{path.relative_to(home).as_posix()}" if is_below else value


def dry_run(order: Any, language: str = "en") -> int:
    """Every destination, as it would be dialled."""
    from eset_portcheck.texts.language import translator

    say = translator(language)
    redirects = order.options.connect_to
    for check in order.plan.checks:
        if check.endpoint is None:
            untried = check.skip or say("no traffic: this machine only")
            streams.put(f"{check.id:55} -  {untried}")
            continue
        host, port = check.endpoint.proxy or (check.endpoint.host, check.endpoint.port)
        via = f"  CONNECT {check.via_destination}" if check.via_destination else ""
        moved = redirects.get(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        redirected = "  " + say("(test override: {address})").format(address=moved) if moved else ""
        streams.put(f"{check.id:55} {check.transport} {host}:{port} {check.protocol}{via}{redirected}")
    return 0


def audited(order: Any, *, quiet: bool, form: str, language: str = "en") -> Any:
    """The report, with progress on a terminal's standard error. While a silent peer is waited for, the renderer is loaded."""
    from eset_portcheck.audit import audit

    def meanwhile() -> None:
        if form == "table":
            from eset_portcheck.render import table  # noqa: F401
            from eset_portcheck.texts import load

            load(language)

    if quiet or not sys.stderr.isatty():
        return audit(order, meanwhile=meanwhile)
    import shutil

    from eset_portcheck.render.progress import Progress

    awaited = [check.id for check in order.plan.checks if check.endpoint is not None and check.skip is None]
    with Progress(awaited, width=shutil.get_terminal_size().columns, say=_say(language)) as progress:
        return audit(order, lambda check, _observation: progress.finish(check.id), meanwhile)


def _say(language: str) -> Any:
    """The translator; English needs none, and a run should not wait for one."""
    if language == "en":
        return str
    from eset_portcheck.texts.language import translator

    return translator(language)


def finish(report: Any, arguments: argparse.Namespace, files: output.Outputs, private: redacting.Redacting | None = None) -> int:
    """Write and show; the exit code is the one that stands in the report, --strict and --exit-zero included."""
    report = with_exit_code(report, strict=getattr(arguments, "strict", False), exit_zero=getattr(arguments, "exit_zero", False))
    code: int = report.summary.exit_code
    lost: list[str] = []
    try:
        if private is not None:
            report = private.apply(report)
            try:
                private.close()
            except shared.WrongUse as error:  # the map was writable when it was opened; the report is not lost with it
                lost += error.lines
        files.write(report, arguments.lang, live=True)
    except output.NotWritten as error:
        lost += error.lines
    finally:
        files.close()
    output.lost(lost)
    output.show(report, arguments, files.written, live=True)
    # the contract's order of exit codes
    return streams.settled(code if not lost or code in (1, 130) else 4, otherwise=4)


def with_exit_code(report: Any, *, strict: bool, exit_zero: bool) -> Any:
    import msgspec

    from eset_portcheck import diagnose
    from eset_portcheck.model.report import identified

    summary = diagnose.with_exit_code(report.summary, strict=strict, exit_zero=exit_zero)
    return report if summary == report.summary else identified(msgspec.structs.replace(report, summary=summary))
