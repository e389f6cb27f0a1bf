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
    run_group.add_argument(
        "--only", action="append", default=[], metavar="GLOB", help="only checks whose id matches (repeatable)"
    )
    run_group.add_argument(
        "--skip", action="append", default=[], metavar="GLOB", help="skip checks whose id matches (repeatable)"
    )
    family = run_group.add_mutually_exclusive_group()
    family.add_argument("-4", dest="family", action="store_const", const="ipv4", help="IPv4 only")
    family.add_argument("-6", dest="family", action="store_const", const="ipv6", help="IPv6 only")
    run_group.add_argument(
        "--all-addresses",
        action="store_true",
        help="test every address of a name (default: three each of IPv4 and IPv6)",
    )
    run_group.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT_S,
        metavar="S",
        help="time-out of each stage in seconds (default 4)",
    )
    run_group.add_argument(
        "--budget",
        type=_seconds,
        default=DEFAULT_BUDGET_S,
        metavar="S",
        help="time limit of the whole run in seconds (default 60)",
    )
    run_group.add_argument("--deep", action="store_true", help="test again with full clients (extra `deep`)")
    run_group.add_argument(
        "--credentials-file",
        metavar="FILE",
        help="TOML file with user, password, domain for ADMIN$; only you may read it",
    )
    run_group.add_argument(
        "--ask-credentials", action="store_true", help="ask for user, password, domain on the terminal"
    )
    run_group.add_argument(
        "--allow-unsigned-logon",
        action="store_true",
        help=(
            "also log in to computers with SMB below 2.1 only: an attacker on the path can take over that session or "
            "forge its answers"
        ),
    )
    run_group.add_argument(
        "--no-evidence",
        action="store_true",
        help="send nothing more where a check fails: no traces, no other ports",
    )
    run_group.add_argument("--dry-run", action="store_true", help="list every destination, send nothing")
    add_exit_code(parser)
    output.add_output(parser)
    redacting.add_redaction(parser)
    parser.set_defaults(run=run)


def add_phase(group: Any) -> None:
    group.add_argument(
        "--phase",
        choices=("pre", "post", "auto"),
        default="auto",
        help="pre: before installation of the listening component, post: after",
    )


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
    try:
        request = request_of(arguments, shared.load(arguments), credentials_of(arguments))
        if arguments.dry_run:
            if arguments.output:
                raise shared.WrongUse("-o: --dry-run makes no report")
            return dry_run(request, arguments.lang)
        interrupts.hold()
        private = redacting.Redacting(arguments)
        files = output.Outputs(arguments.output)
    except shared.WrongUse as error:
        return shared.refuse(error)
    try:
        interrupts.at_once()
        report = audited(
            request, quiet=arguments.quiet or arguments.format == "json", form=arguments.format, language=arguments.lang
        )
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


def request_of(
    arguments: argparse.Namespace, asked: shared.Asked, credentials: Any = None, *, this_machine_only: bool = False
) -> Any:
    """Everything decided, nothing sent. Raises WrongUse."""
    from eset_portcheck import requesting
    from eset_portcheck.model.plan import Options

    families = (arguments.family,) if arguments.family else Options().families
    deep, unsigned = arguments.deep, arguments.allow_unsigned_logon
    request, told = requesting.audit_request(
        asked.profiles,
        asked.used,
        asked.site,
        Options(
            arguments.timeout,
            arguments.budget,
            families,
            arguments.all_addresses,
            deep=deep,
            allow_unsigned_logon=unsigned,
            evidence=not arguments.no_evidence,
        ),
        phase=arguments.phase,
        only=arguments.only,
        skip=arguments.skip,
        ca_file=arguments.ca_file,
        public_file=arguments.public_ca_file,
        pins=requesting.pins_of(arguments.pin, []),
        credentials=credentials,
        arguments=requesting.command_words(vars(arguments)),
        detected=asked.detected,
        closed=asked.closed,
        strict=arguments.strict,
        exit_zero=arguments.exit_zero,
        this_machine_only=this_machine_only,
    )
    if not arguments.quiet:
        for line in told:
            streams.tell(f"eset-portcheck: {line}")
    return request


def dry_run(request: Any, language: str = "en") -> int:
    """Every destination, as it would be dialled."""
    from eset_portcheck.model.addresses import host_port
    from eset_portcheck.texts.language import translator

    say = translator(language)
    redirects = request.options.connect_to
    if request.public_file:
        streams.tell(say("Public authorities: from the file of --public-ca-file, not Mozilla's"))
    for check in request.plan.checks:
        if check.endpoint is None:
            untried = check.skip or say("no traffic: this machine only")
            streams.put(f"{check.id:55} -  {untried}")
            continue
        host, port = check.endpoint.proxy or (check.endpoint.host, check.endpoint.port)
        via = f"  CONNECT {check.via_destination}" if check.via_destination else ""
        moved = redirects.get(host_port(host, port))
        redirected = "  " + say("(test override: {address})").format(address=moved) if moved else ""
        streams.put(f"{check.id:55} {check.transport} {host_port(host, port)} {check.protocol}{via}{redirected}")
    _promised(request, say)
    return 0


def _promised(request: Any, say: Any) -> None:
    """What a row that fails may cost on the wire beyond its own connection."""
    from eset_portcheck.model import evidence_limits as limits
    from eset_portcheck.protocols import afterwards

    if not any(check.endpoint is not None for check in request.plan.checks):
        return
    streams.put(say("After silence the whole connection is tried once more."))
    if not request.options.evidence:
        streams.put(say("Where a check fails, nothing more is sent (--no-evidence)."))
        return
    streams.put(
        say(
            "Where a check fails, up to {port} more packets go to the port of each address and up to {others} to its "
            "other ports (--no-evidence: none)."
        ).format(port=limits.PORT, others=limits.OTHERS)
    )
    if any(check.endpoint is not None and afterwards(check.endpoint) for check in request.plan.checks):
        streams.put(
            say(
                "Where it works, a replication port gets one more connection with a large first message (three, if "
                "that is lost), a directory and SQL Server one more for the certificate."
            )
        )


def audited(request: Any, *, quiet: bool, form: str, language: str = "en") -> Any:
    """The report, with progress on a terminal's standard error. While a silent peer is waited for, the renderer is
    loaded."""
    from eset_portcheck.audit import audit

    def meanwhile() -> None:
        if form == "table":
            from eset_portcheck.render import table  # noqa: F401
            from eset_portcheck.texts import load

            load(language)

    if quiet or not sys.stderr.isatty():
        return audit(request, meanwhile=meanwhile)
    import shutil

    from eset_portcheck.render.progress import Progress

    awaited = [check.id for check in request.plan.checks if check.endpoint is not None and check.skip is None]
    with Progress(awaited, width=shutil.get_terminal_size().columns, say=_say(language)) as progress:
        return audit(request, lambda check, _observation: progress.finish(check.id), meanwhile)


def _say(language: str) -> Any:
    """The translator; English needs none, and a run should not wait for one."""
    if language == "en":
        return str
    from eset_portcheck.texts.language import translator

    return translator(language)


def finish(
    report: Any, arguments: argparse.Namespace, files: output.Outputs, private: redacting.Redacting | None = None
) -> int:
    """Write and show; the exit code is the one that stands in the report, --strict and --exit-zero included."""
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
