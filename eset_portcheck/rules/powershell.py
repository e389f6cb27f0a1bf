"""Openings for the Windows firewall. Allow rules: what the machine's default lets through already, they do not narrow.

Every value stands in single quotes, in which PowerShell expands nothing and a doubled quote is a quote (texts.shell);
texts are ASCII. Sources: New-NetFirewallRule (NetSecurity module); about_Quoting_Rules. Never run on Windows, see
docs/windows.md.
"""

from collections.abc import Iterable

from eset_portcheck.rules import Needs, Opening
from eset_portcheck.rules.remarks import Say, note, purpose, width
from eset_portcheck.texts import shell

GROUP = "eset-portcheck"
UNDO = shell.powershell("Remove-NetFirewallRule -Group «{group}»", group=GROUP)
_NAME_CHARACTERS = 120
_TEXT_CHARACTERS = 400


def script(needed: Needs, head: Iterable[str], say: Say) -> str:
    """Lines end in CR LF. What an earlier one made goes first."""
    undo = note(say("undo: {command}").format(command=UNDO))
    lines = [*(f"# {line}" for line in head), f"# {undo}", f"{UNDO} -ErrorAction SilentlyContinue"]
    for one in needed.openings:
        lines += [*(f"# {note(line)}" for line in width(one, say)), _rule(one, say)]
    return "\r\n".join(lines) + "\r\n"


def _rule(one: Opening, say: Say) -> str:
    here, there = ("Inbound", "-LocalPort {port}") if one.inbound else ("Outbound", "-RemotePort {port}")
    line = (
        "New-NetFirewallRule -DisplayName «{name}» -Group «{group}» -Description «{purpose}» -Direction {here} "
        "-Action Allow -Protocol {transport} "
    )
    line += there + (" -RemoteAddress {addresses}" if one.addresses else "") + " -Profile Any"
    return shell.powershell(
        line,
        name=note(f"{GROUP} {one.ids[0] if one.ids else f'dns-{one.transport}'}", _NAME_CHARACTERS),
        group=GROUP,
        purpose=note(purpose(one, say), _TEXT_CHARACTERS),
        here=here,
        transport=one.transport.upper(),
        port=one.port,
        addresses=one.addresses,
    )
