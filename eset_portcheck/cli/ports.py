"""`ports`: this machine only: who holds the ports that a role listens on, and does its own firewall let others in.
Nothing is sent, nothing is bound."""

import argparse
from typing import Any

from eset_portcheck import interrupts
from eset_portcheck.cli import arguments as shared
from eset_portcheck.cli import check, output, redacting

# options of `check` that say how to dial; here they have their defaults
_NOT_DIALLED: dict[str, Any] = {
    "only": [],
    "skip": [],
    "family": None,
    "all_addresses": False,
    "timeout": check.DEFAULT_TIMEOUT_S,
    "budget": check.DEFAULT_BUDGET_S,
    "deep": False,
    "credentials_file": None,
    "ask_credentials": False,
    "allow_unsigned_logon": False,
    "no_evidence": False,
}


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "ports",
        help="show which programs use a role's ports on this machine",
        description=(
            "Which programs use the ports of a role, and does this machine's firewall allow clients in? Reads this "
            "machine only; sends nothing."
        ),
    )
    shared.add_site(parser)
    check.add_phase(parser.add_argument_group("the run"))
    check.add_exit_code(parser)
    output.add_output(parser)
    redacting.add_redaction(parser)
    parser.set_defaults(run=run, **_NOT_DIALLED)


def run(arguments: argparse.Namespace) -> int:
    from eset_portcheck.audit import audit

    try:
        request = check.request_of(arguments, shared.load(arguments), this_machine_only=True)
        interrupts.hold()
        private = redacting.Redacting(arguments)
        files = output.Outputs(arguments.output)
    except shared.WrongUse as error:
        return shared.refuse(error)
    try:
        interrupts.at_once()
        report = audit(request)
    except BaseException:
        files.close()
        raise
    return check.finish(report, arguments, files, private)
