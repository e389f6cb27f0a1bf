"""Openings for the Windows firewall. Allow rules: what the machine's default lets through already, they do not narrow.

Every value stands in single quotes, in which PowerShell expands nothing and a doubled quote is a quote; texts are ASCII, so the typographic quotes that
PowerShell takes for its own cannot occur.
Sources: New-NetFirewallRule (NetSecurity module); about_Quoting_Rules. Never run on Windows, see docs/windows.md.
"""

from collections.abc import Iterable

from eset_portcheck.rules import Needs, Opening
from eset_portcheck.rules.remarks import Say, note, purpose, width

GROUP = "eset-portcheck"
UNDO = f"Remove-NetFirewallRule -Group '{GROUP}'"
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
    here, there = ("Inbound", "-LocalPort") if one.inbound else ("Outbound", "-RemotePort")
    name = f"{GROUP} {one.ids[0] if one.ids else f'dns-{one.transport}'}"
    other = f" -RemoteAddress {','.join(map(quoted, one.addresses))}" if one.addresses else ""
    return (
        f"New-NetFirewallRule -DisplayName {quoted(name, _NAME_CHARACTERS)} -Group '{GROUP}' -Description {quoted(purpose(one, say), _TEXT_CHARACTERS)}"
        f" -Direction {here} -Action Allow -Protocol {one.transport.upper()} {there} {one.port}{other} -Profile Any"
    )


def quoted(text: str, limit: int = _TEXT_CHARACTERS) -> str:
    return "'" + note(text, limit).replace("'", "''") + "'"
