"""`demo`: a stand-in site on loopback, checked by the same code as a real one. No packet leaves this machine, no name
is asked for."""

import argparse
from collections.abc import Callable
from typing import Any

from eset_portcheck import interrupts, streams
from eset_portcheck.cli import arguments as shared
from eset_portcheck.cli import check, output

Say = Callable[[str], str]
DEFAULT_ROLE = "agent"
REAL_SITE = {
    "agent": "--server protect.corp.local",
    "bridge": "--server protect.corp.local",
    "webconsole": "--server protect.corp.local",
    "mobile-device": "--mdc mdc.corp.local",
}


class _Help(argparse.Action):
    """-h with the list of faults, which costs its imports only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from eset_portcheck.standins.site import SERVICES, faults

        lines = [f"roles: {', '.join(SERVICES)} (default: {DEFAULT_ROLE})", "", "Faults for --break:"]
        seen = {name: fault.text for role in SERVICES for name, fault in faults(role).items()}
        parser.epilog = "\n".join([*lines, *(f"  {name:15} {text}" for name, text in seen.items())])
        parser.print_help()
        parser.exit()


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "demo",
        help="check a simulated site on this machine",
        description=(
            "Checks a simulated site on loopback: real TLS, MQTT, HTTP and proxy, healthy or with one fault. No "
            "packet leaves this machine."
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    parser.add_argument("-h", "--help", nargs=0, action=_Help, help="show this text and the list of faults, and exit")
    parser.add_argument("--role", default=DEFAULT_ROLE, metavar="ROLE", help="role to show")
    parser.add_argument("--break", dest="broken", metavar="WHAT", help="the fault to show (the list is below)")
    output.add_output(parser)
    parser.set_defaults(run=run, strict=False, exit_zero=False)


def run(arguments: argparse.Namespace) -> int:
    """Exit 0 when the site is healthy, and whatever a real site with this fault would give: 1 for most, 0 where
    fail-over holds."""
    import asyncio

    from eset_portcheck.texts.language import translator

    say = translator(arguments.lang)
    try:
        told = _chosen(arguments.role, arguments.broken, say)
        interrupts.hold()
        files = output.Outputs(arguments.output)
    except shared.WrongUse as error:
        return shared.refuse(error)
    if not arguments.quiet:
        streams.tell(
            say("Simulated site on 127.0.0.1 for role {role}: {fault}.").format(role=arguments.role, fault=told)
        )
    try:
        interrupts.at_once()
        report = asyncio.run(_demonstrate(arguments.role, arguments.broken))
    except BaseException:
        files.close()
        raise
    code = check.finish(report, arguments, files)
    if not arguments.quiet:
        (streams.put if arguments.format == "table" else streams.tell)(_advice(arguments.role, say))
    return streams.settled(code, otherwise=4)


def _chosen(role: str, broken: str | None, say: Say) -> str:
    """What is about to be shown, in words. Raises WrongUse with the words there are."""
    from eset_portcheck.standins.site import SERVICES, faults

    if role not in SERVICES:
        raise shared.WrongUse(f"demo --role {role[:40]!a}: the demo supports {', '.join(SERVICES)}")
    if broken is None:
        return say("all healthy")
    if broken not in faults(role):
        raise shared.WrongUse(f"demo --break {broken[:40]!a}: for role {role} one of {', '.join(faults(role))}")
    return say(faults(role)[broken].text)


async def _demonstrate(role: str, broken: str | None) -> Any:
    """The report on a stand-in site that lives as long as the audit does, in the same loop."""
    import time

    from eset_portcheck import audit
    from eset_portcheck import host as machine
    from eset_portcheck.standins.site import stand_in_site

    async with stand_in_site(role, broken) as site:
        request = _request(site, broken)
        host = machine.look(frozenset())
        started, clock = time.time(), time.perf_counter()
        outcome = await audit.run(request, host)
        lasted_s = time.perf_counter() - clock
    return audit.conclude(request, host, outcome, started, lasted_s)


def _request(site: Any, broken: str | None) -> Any:
    """The request that `check` would make of these site values, confined to the stand-ins."""
    import msgspec

    from eset_portcheck import requesting
    from eset_portcheck.model.plan import Options

    profiles, used = requesting.load_profiles([site.role], [], [])
    values = requesting.made_site([("demo", {**site.values, "connect_to": site.connect_to})], site.ca_file)
    # its authority plays the public ones too
    request, _ = requesting.audit_request(
        profiles, used, values, Options(), ca_file=site.ca_file, public_file=site.ca_file
    )
    return msgspec.structs.replace(
        request,
        plan=msgspec.structs.replace(
            request.plan, checks=[_confined(one, site.connect_to) for one in request.plan.checks]
        ),
        command="demo",
        arguments=["--role", site.role, *(["--break", broken] if broken else [])],
    )


def _confined(one: Any, connect_to: dict[str, str]) -> Any:
    """The check as it is when it leads to a stand-in; else it is left out: what looks at this machine itself, or would
    leave it."""
    import msgspec

    from eset_portcheck.model.addresses import host_port
    from eset_portcheck.model.subject import NO_PARAMS

    if one.skip is not None:
        return one
    host, port = (one.endpoint.proxy or (one.endpoint.host, one.endpoint.port)) if one.endpoint else ("", 0)
    if host_port(host, port) in connect_to:
        return one
    return msgspec.structs.replace(one, skip="NOT_SELECTED", skip_params=NO_PARAMS, endpoint=None)


def _advice(role: str, say: Say) -> str:
    line = f"--role {role} {REAL_SITE[role]}"
    told = say(
        "This was a simulated site: no packet left this machine. `eset-portcheck demo --help` lists the faults it can "
        "show."
    )
    real = say('Real site:  eset-portcheck check {options}    or    make run ARGS="{options}"').format(options=line)
    return f"\n{told}\n{real}"
